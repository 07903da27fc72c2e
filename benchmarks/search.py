"""Class queries over 1,000,000 vectors: time against FAISS's own, memory of a build, time to load."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from common import in_turn, median, save

CLASSES = 10
SHARE_EXCLUDED = 0.1


def main() -> None:
    """Build, load and search an index of given vectors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--top-k", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_input(place, options.vectors, options.dim)
        built = in_child(build, place)
        loaded = [in_child(load, place)["seconds"] for _ in range(options.repeats)]
        searched = search(place, options.top_k, options.repeats)
    save(
        "search",
        {
            "settings": vars(options) | {"queries": CLASSES, "share_excluded": SHARE_EXCLUDED},
            "build": built,
            "load": {"seconds": loaded, "median": median(loaded)},
            "search": searched,
        },
    )


def write_input(place: Path, n: int, dim: int) -> None:
    """A pool of n short documents and vectors that gather loosely around ten directions."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((CLASSES, dim), dtype=np.float32)
    vectors = np.lib.format.open_memmap(place / "given.npy", "w+", np.float32, (n, dim))
    with (place / "pool.jsonl").open("w") as file:
        for start in range(0, n, 50_000):
            count = min(50_000, n - start)
            classes = rng.integers(CLASSES, size=count)
            noise = rng.standard_normal((count, dim), dtype=np.float32)
            vectors[start : start + count] = noise + 0.3 * directions[classes]
            for row, c in enumerate(classes, start=start):
                file.write(json.dumps({"id": str(row), "text": f"text {row}", "labels": [f"c{c}"]}))
                file.write("\n")
    vectors.flush()


def build(place: Path) -> dict[str, float]:
    """Seconds, and the most memory beside mapped files that reading and building held."""
    from classemb_index import EmbeddingIndex, Pool
    from classemb_index.pool.files import read_vectors

    peaks: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peaks.append(anonymous_gb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    pool = Pool.read(place / "pool.jsonl")
    read = time.perf_counter()
    vectors = read_vectors(place / "given.npy")
    EmbeddingIndex.build(pool, None, place / "index", embeddings=vectors)
    built = time.perf_counter()
    done.set()
    watcher.join()
    return {
        "seconds_read_pool": round(read - started, 2),
        "seconds_build": round(built - read, 2),
        "peak_gb_beside_mapped_files": round(max(peaks), 3),
        "vectors_gb": round(vectors.nbytes / 1e9, 3),
    }


def load(place: Path) -> dict[str, float]:
    """Seconds to open the index in a new process, imports apart."""
    from classemb_index import EmbeddingIndex

    started = time.perf_counter()
    EmbeddingIndex.open(place / "index").embeddings(np.arange(10))
    return {"seconds": round(time.perf_counter() - started, 4)}


def search(place: Path, k: int, repeats: int) -> dict[str, object]:
    """Seconds of the same query by FAISS as it comes and by our backends; recall of each."""
    import faiss

    from classemb_index import EmbeddingIndex, class_centroids
    from classemb_index.arrays import unit
    from classemb_index.index.backends import open_backend

    index = EmbeddingIndex.open(place / "index")
    rng = np.random.default_rng(1)
    rows = rng.permutation(len(index))
    labelled = np.sort(rows[:1000])
    queries = unit(class_centroids(index.embeddings(labelled), index.pool.labels[labelled]))
    among = np.ones(len(index), dtype=bool)
    among[rows[: int(SHARE_EXCLUDED * len(index))]] = False

    vectors = np.load(index.path_of("vectors.npy"), mmap_mode="r")
    plain = faiss.IndexFlatIP(index.manifest.dim)
    plain.add(np.asarray(vectors))
    batch = faiss.IDSelectorBatch(np.flatnonzero(among))
    bits = np.packbits(among, bitorder="little")
    bitmap = faiss.IDSelectorBitmap(bits)
    default_threshold = faiss.cvar.distance_compute_blas_threshold

    def faiss_with(selector: object) -> np.ndarray:
        faiss.cvar.distance_compute_blas_threshold = default_threshold
        return plain.search(queries, k, params=faiss.SearchParameters(sel=selector))[1]

    flat, exact = open_backend("flat", vectors), open_backend("exact", vectors)
    runs = {
        "FAISS flat, IDSelectorBatch": lambda: faiss_with(batch),
        "FAISS flat, IDSelectorBitmap": lambda: faiss_with(bitmap),
        "ours, flat": lambda: flat.search(queries, k, among).rows,
        "ours, exact": lambda: exact.search(queries, k, among).rows,
    }
    seconds = in_turn(runs, repeats)
    truth = true_neighbours(vectors, queries, k, among)
    medians = {name: median(values) for name, values in seconds.items()}
    reference = medians["FAISS flat, IDSelectorBatch"]
    return {
        "seconds": seconds,
        "median": medians,
        "times_faster_than_IDSelectorBatch": {
            name: round(reference / value, 2) for name, value in medians.items()
        },
        f"recall@{k}": {name: recall(run(), truth) for name, run in runs.items()},
    }


def true_neighbours(
    vectors: np.ndarray, queries: np.ndarray, k: int, among: np.ndarray
) -> list[set[int]]:
    """The k best allowed rows of each query by plain NumPy in double precision."""
    scores = np.concatenate(
        [
            vectors[start : start + 50_000].astype(np.float64) @ queries.T.astype(np.float64)
            for start in range(0, len(vectors), 50_000)
        ]
    )
    scores[~among] = -np.inf
    return [set(np.argpartition(-column, k)[:k].tolist()) for column in scores.T]


def recall(rows: np.ndarray, truth: list[set[int]]) -> float:
    """Share of the true neighbours that were found."""
    found = sum(len(set(own.tolist()) & true) for own, true in zip(rows, truth, strict=True))
    return found / sum(map(len, truth))


def anonymous_gb() -> float:
    """This process's memory that is not a mapped file."""
    status = Path("/proc/self/status").read_text()
    kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
    return kilobytes[0] / 1e6


def in_child(function: object, place: Path) -> dict[str, float]:
    """What the function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (place,))


if __name__ == "__main__":
    main()
