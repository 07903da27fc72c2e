"""A build with nothing new over 100,000 documents, against copying the files of its index."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import median, save

from classemb_index import EmbeddingIndex, Pool
from classemb_index.arrays import unit
from classemb_index.pool.files import read_vectors

WORDS = 60  # of a document
CLASSES = 10
COPIES = ("copy, in the page cache", "copy, on disk")


class Drawn:
    """In place of a sentence encoder: vectors drawn at random, made in no time."""

    name = fingerprint = "drawn"
    max_length = 1
    precision = "float32"

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._rng = np.random.default_rng(0)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dim)."""
        return unit(self._rng.standard_normal((len(texts), self.dim), dtype=np.float32))


def main() -> None:
    """Build each index once, then again and again, with a copy of its files in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_input(place, options.documents, options.dim)
        seconds = measure(place, options.dim, options.repeats)
        size = sum(path.stat().st_size for path in (place / "given").iterdir())
    medians = {name: median(values) for name, values in seconds.items()}
    save(
        "rebuild",
        {
            "settings": vars(options) | {"words": WORDS, "index_mb": round(size / 1e6, 1)},
            "median": medians,
            "times a copy": {
                name: {copied: round(medians[name] / medians[copied], 2) for copied in COPIES}
                for name in ("build, given vectors", "build, encoder")
            },
            "seconds": {name: [round(x, 3) for x in values] for name, values in seconds.items()},
        },
    )


def write_input(place: Path, n: int, dim: int) -> None:
    """A pool of n documents of random words, and given vectors."""
    rng = np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(place / "given.npy", "w+", np.float32, (n, dim))
    vectors[:] = rng.standard_normal((n, dim), dtype=np.float32)
    vectors.flush()
    with (place / "pool.jsonl").open("w") as file:
        for row, words in enumerate(rng.integers(5000, size=(n, WORDS))):
            text = " ".join(f"w{word}" for word in words)
            record = {"id": str(row), "text": text, "labels": [f"c{row % CLASSES}"]}
            file.write(json.dumps(record) + "\n")


def measure(place: Path, dim: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of each build with nothing new and of each copy; the pool of the first is read already."""
    pool, encoder = Pool.read(place / "pool.jsonl"), Drawn(dim)
    command = [sys.executable, "-m", "classemb_index.cli", "build", "pool.jsonl"]
    command += ["--embeddings", "given.npy", "--out", "given"]

    def build_given() -> None:
        vectors = read_vectors(place / "given.npy")
        EmbeddingIndex.build(pool, None, place / "given", embeddings=vectors)

    def copy(*, durable: bool = False) -> None:
        shutil.copytree(place / "given", place / "copy")
        for path in (place / "copy").iterdir() if durable else ():
            with path.open("rb") as file:
                os.fsync(file.fileno())

    runs = {
        "build, given vectors": build_given,
        "build, encoder": lambda: EmbeddingIndex.build(pool, encoder, place / "encoded"),
        "copy, in the page cache": copy,
        "copy, on disk": lambda: copy(durable=True),
        "whole process, given vectors": lambda: subprocess.run(
            command, cwd=place, check=True, capture_output=True
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, once in runs.items():
            shutil.rmtree(place / "copy", ignore_errors=True)
            started = time.perf_counter()
            once()
            seconds[name].append(time.perf_counter() - started)
    return {name: values[1:] for name, values in seconds.items()}  # the first is the warm-up


if __name__ == "__main__":
    main()
