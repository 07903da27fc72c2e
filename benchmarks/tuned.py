"""What `--model tuned` gains over its heads, by how the labels were chosen and how many they are.

    python benchmarks/tuned.py eurlex-rare=INDEX arxiv-rare=INDEX

For five seeds random and portfolio start from the same 50 random documents and add 50 a round, the
oracle answering. On the first 100, 300 and 600 of these labels the probe and `tuned` are trained and
measured on the same 1,000 documents of the test split. Writes results/tuned.json. Each finished cell
is a line of tuned-cells.jsonl in the folder where this runs; what stands there is not run again, and
without an index the file is written from what stands there.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from functools import cache
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
from common import save

from classemb_index import EmbeddingIndex, Plan, Schedule, Training, draw_labelled, simulate
from classemb_index.measures.statistics import estimate
from classemb_index.models.contracts import PROBE, THRESHOLD, TUNED
from classemb_index.models.f1 import f1_scores
from classemb_index.strategies.selection import classifier_for

CELLS = Path("tuned-cells.jsonl")
SEEDS, SIZES, TEST = range(5), (100, 300, 600), 1000
SETS = ("portfolio", "random")
START = 50  # random labels that both begin with, and labels a round
TUNING = Training(model=TUNED, device="cpu")
OF_ROW = (
    "corpus, set, labels, seeds; macro-F1 and rare F1 of the heads, of tuned; mean difference in macro-F1 "
    "and its 95 % bootstrap interval over seeds; seeds in which the heads alone answer; CPU seconds to "
    "train"
)
Key = tuple[str, str, int, int]  # corpus, set, labels, seed


def main() -> None:
    corpora = [Corpus(*word.split("=", 1)) for word in sys.argv[1:]]
    lines = CELLS.read_text().splitlines() if CELLS.exists() else []
    cells = {tuple(cell["key"]): cell for cell in map(json.loads, lines)}
    for size, seed, corpus, chosen in product(SIZES, SEEDS, corpora, SETS):
        key = (corpus.name, chosen, size, seed)
        if key not in cells:
            cells[key] = corpus.cell(key)
            with CELLS.open("a") as file:
                file.write(json.dumps(cells[key]) + "\n")
            print(cells[key], flush=True)
    rows = [
        row(key, [cells[own] for own in group])
        for key, group in groupby(sorted(cells), lambda own: own[:3])
    ]
    training = next(iter(cells.values()))["settings"]
    settings = {"training": training, "test": TEST, "a row": OF_ROW}
    save("tuned", {"settings": settings, "rows": rows})


class Corpus:
    """An index with its two classifiers and the test documents."""

    def __init__(self, name: str, folder: str) -> None:
        self.name, self._index = name, EmbeddingIndex.open(folder, device="cpu")
        test = self._index.pool.known_rows("test")
        self._test = np.sort(np.random.default_rng(0).permutation(test)[:TEST])
        self._kinds = [classifier_for(self._index, own) for own in (Training(PROBE), TUNING)]
        self._labels_of = cache(self._picked)

    def cell(self, key: Key) -> dict[str, Any]:
        """Scores of both classifiers on the labels of a key."""
        _, chosen, size, seed = key
        pool, rows = self._index.pool, self._labels_of(chosen, seed)[:size]
        found: dict[str, Any] = {"key": key}
        for kind in self._kinds:
            started = time.process_time()
            kind.fit(rows, pool.labels[rows], rows[:0], pool.labels[:0], seed)
            found["seconds"] = time.process_time() - started
            f1 = f1_scores(kind.probabilities(self._test) > THRESHOLD, pool.labels[self._test])
            rare = [f1.per_class[pool.class_position(c)] for c in pool.groups["rare"]]
            found["settings"] = {k: v for k, v in kind.settings().items() if k != "names"}
            found[found["settings"]["model"]] = [f1.macro, float(np.mean(rare))]
        return found | {"share": kind.share}

    def _picked(self, strategy: str, seed: int) -> np.ndarray:
        """(600,) rows in the order in which they were labelled."""
        plan = Plan((strategy,), (seed,), Schedule(START, START, SIZES[-1]), Training(model=PROBE))
        place = {id_: row for row, id_ in enumerate(self._index.pool.ids)}
        picked = [place[id_] for one in simulate(self._index, plan) for id_ in one.selected]
        return np.concatenate([draw_labelled(self._index.pool, START, seed).rows, picked])


def row(key: Sequence[Any], cells: list[dict[str, Any]]) -> list[Any]:
    """As OF_ROW says."""
    heads, tuned = (np.array([cell[kind] for cell in cells]) for kind in (PROBE, TUNED))
    gain = estimate((tuned - heads)[:, 0].tolist())
    means = [*heads.mean(axis=0), *tuned.mean(axis=0), gain.mean, gain.low, gain.high]
    alone = sum(cell["share"] == 0 for cell in cells)
    seconds = round(float(np.mean([cell["seconds"] for cell in cells])))
    rounded = [None if x is None else round(float(x), 3) for x in means]
    return [*key, len(cells), *rounded, alone, seconds]


if __name__ == "__main__":
    main()
