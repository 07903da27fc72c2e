"""Every query method, and a batch of portfolio, over 1,000,000 given vectors."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from common import in_turn, median, save

from classemb_index import (
    EmbeddingIndex,
    Pool,
    ProbeClassifier,
    Record,
    draw_labelled,
    query_classes,
)
from classemb_index.arrays import blocks, unit
from classemb_index.queries.methods import METHODS
from classemb_index.queries.names import name_prior
from classemb_index.strategies.base import SelectionState
from classemb_index.strategies.selection import select_batch

CLASSES = 10
SHARES = np.geomspace(0.2, 0.001, CLASSES)  # of the documents
CHUNK = 50_000


class Directions:
    """In place of a sentence encoder: "c3" is embedded as the direction of class 3, "7" as given row 7."""

    name = fingerprint = "directions"
    max_length = 1
    precision = "float32"

    def __init__(self, directions: np.ndarray, vectors: np.ndarray) -> None:
        self._directions, self._vectors = unit(directions), vectors
        self.dim = directions.shape[1]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dim)."""
        if texts[0].startswith("c"):
            return self._directions[[int(text[1:]) for text in texts]]
        return unit(self._vectors[[int(text) for text in texts]])


def main() -> None:
    """Measure the methods, in turn, on one index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--top-k", type=int, default=100)
    parser.add_argument("--labelled", type=int, default=600)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = build(Path(folder), options.vectors, options.dim)
        labelled = draw_labelled(index.pool, options.labelled, 0)
        runs: dict[str, Callable[[], object]] = {
            method: partial(
                query_classes, index, range(CLASSES), labelled, k=options.top_k, method=method
            )
            for method in METHODS
        }
        probe = ProbeClassifier(index.embeddings(), name_prior(index))
        nothing = np.zeros(0, dtype=np.int64)
        probe.fit(labelled.rows, labelled.labels, nothing, index.pool.labels[nothing], 0)
        unlabelled = np.flatnonzero(labelled.unlabelled)
        runs["probabilities of the probe"] = lambda: probe.probabilities(unlabelled)
        runs["a batch of portfolio, with them"] = lambda: select_batch(
            "portfolio",
            SelectionState(index, labelled, np.random.default_rng(0), classifier=probe),
            options.batch,
        )
        seconds = in_turn(runs, options.repeats)
    medians = {name: median(values) for name, values in seconds.items()}
    alone = medians["a batch of portfolio, with them"] - medians["probabilities of the probe"]
    save(
        "class_queries",
        {
            "settings": vars(options) | {"classes": CLASSES},
            "median seconds": medians,
            "times a centroid query": {
                method: round(medians[method] / medians["centroid"], 2) for method in METHODS
            },
            "portfolio beside the classifier's prediction": round(alone, 2),
            "seconds": seconds,
        },
    )


def build(place: Path, n: int, dim: int) -> EmbeddingIndex:
    """An index of n vectors that gather around the directions of their classes."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((CLASSES, dim), dtype=np.float32)
    labels = rng.random((n, CLASSES)) < SHARES
    vectors = np.lib.format.open_memmap(place / "given.npy", "w+", np.float32, (n, dim))
    for part in blocks(n, CHUNK):
        noise = rng.standard_normal((part.stop - part.start, dim), dtype=np.float32)
        vectors[part] = noise + labels[part] @ directions
    records = (
        Record(str(row), str(row), tuple(f"c{c}" for c in np.flatnonzero(has)), None)
        for row, has in enumerate(labels)
    )
    pool = Pool.from_records(records, classes={"rare": [f"c{c}" for c in range(CLASSES)]})
    encoder = Directions(directions, vectors)
    return EmbeddingIndex.build(pool, encoder, place / "index", embeddings=vectors)


if __name__ == "__main__":
    main()
