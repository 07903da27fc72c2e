"""An annotation of 100,000 documents: whole commands, one answer, and what many answers cost to open.

    python benchmarks/annotation.py

writes results/annotation.json.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import in_turn, median, save

from classemb_index import Answer, EmbeddingIndex, LabelStore, Pool, Record, open_annotated

N, DIM, Q, REPEATS = 100_000, 384, 10, 5
BATCH, ANSWERS = 50, 100_000
COMMAND = Path(sys.executable).with_name("classemb-index")
NAMES = [f"class {c}" for c in range(Q)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        index = build(place / "index")
        save(
            "annotation",
            {
                "settings": {"documents": N, "dim": DIM, "classes": Q, "batch": BATCH},
                "repeats": REPEATS,
                "load_average": round(os.getloadavg()[0], 1),  # of other work too
                "whole_commands_s": whole_commands(index, place),
                "one_answer_ms": one_answer(place / "answers"),
                "opening_s": opening(index),
            },
        )


def build(folder: Path) -> EmbeddingIndex:
    """Documents that nobody labelled, with random vectors."""
    records = (Record(f"d{i}", f"document {i} about this and that", None, None) for i in range(N))
    pool = Pool.from_records(records, classes={"rare": NAMES})
    vectors = np.random.default_rng(0).standard_normal((N, DIM), dtype=np.float32)
    return EmbeddingIndex.build(pool, None, folder, embeddings=vectors)


def whole_commands(index: EmbeddingIndex, place: Path) -> dict[str, object]:
    """Seconds of `select --out` and `labels import` of 50 documents as processes, in turn."""
    seconds: dict[str, list[float]] = {"select": [], "import": []}
    for turn in range(REPEATS + 1):  # the first warms up
        batch = place / f"batch{turn}.csv"
        own = [
            run("select", index.folder, "--batch", BATCH, "--out", batch),
            fill(batch, seed=turn) or run("labels", "import", batch, "--index", index.folder),
        ]
        for name, took in zip(seconds, own, strict=True):
            seconds[name].append(took)
    medians = {name: median(own[1:]) for name, own in seconds.items()}
    return {
        "medians": medians,
        "all": {k: [round(s, 3) for s in v[1:]] for k, v in seconds.items()},
    }


def run(*words: object) -> float:
    started = time.perf_counter()
    subprocess.run([COMMAND, *map(str, words)], check=True, capture_output=True)
    return time.perf_counter() - started


def fill(path: Path, seed: int) -> None:
    """Two random classes for each document."""
    rng = np.random.default_rng(seed)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["labels"] = "; ".join(rng.choice(NAMES, 2, replace=False))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def one_answer(folder: Path) -> dict[str, float]:
    """Milliseconds until one answer is in the store, the first of which makes the file."""
    folder.mkdir()
    store, seconds = LabelStore(folder), []
    for number in range(200):
        started = time.perf_counter()
        store.record([Answer(f"d{number}", NAMES[0], "yes")])
        seconds.append(time.perf_counter() - started)
    return {"median": round(1000 * median(seconds[1:]), 2), "first": round(1000 * seconds[0], 2)}


def opening(index: EmbeddingIndex) -> dict[str, float]:
    """Seconds to open an index with its labels, without answers and with 100,000 of them."""
    bare = EmbeddingIndex.build(
        index.pool, None, index.folder.with_name("bare"), embeddings=index.embeddings()
    )
    rng, store = np.random.default_rng(0), LabelStore(index.folder)
    documents = rng.permutation(N)[: ANSWERS // Q]
    store.record(
        Answer(f"d{row}", name, "yes" if rng.random() < 0.1 else "no")
        for row in documents.tolist()
        for name in NAMES
    )
    seconds = in_turn(
        {
            "without": lambda: open_annotated(bare.folder),
            "with_100000": lambda: open_annotated(index.folder),
        },
        REPEATS,
    )
    found = {name: median(own) for name, own in seconds.items()}
    return {**found, "longer": round(found["with_100000"] - found["without"], 4)}


if __name__ == "__main__":
    main()
