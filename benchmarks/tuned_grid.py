"""What strategies gain with `--model tuned`, beside the same grid with its heads alone.

    python benchmarks/tuned_grid.py eurlex-rare=FOLDER arxiv-rare=FOLDER

A folder holds run folders of `classemb-index simulate` (random, class-embedding, max-uncertainty,
portfolio; --initial 100 --batch 100 --budget 600), of one seed each or of several, with `--model tuned`
and with `--model probe`. Writes results/tuned_grid.json.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import save

from classemb_index.measures.rounds import read_rounds
from classemb_index.measures.statistics import estimate
from classemb_index.pool.recipes import find_recipe

MODELS, AGAINST = ("tuned", "probe"), "random"
SIZES = (100, 200, 300, 400, 500, 600)
AREA = "mean"  # over the sizes from 200 on
OF_ROW = (
    "corpus, model, strategy, labels (or the mean over 200 to 600), seeds; macro-F1, rare F1; "
    "difference in macro-F1 to random with its 95 % bootstrap interval over seeds (none below 5)"
)
Scores = dict[tuple[str, str, int, int], tuple[float, float]]  # model, strategy, labels, seed


def main() -> None:
    rows = []
    for word in sys.argv[1:]:
        corpus, _, folder = word.partition("=")
        classes = find_recipe(corpus).classes
        assert isinstance(classes, dict)
        scores = read(sorted(Path(folder).glob("*/config.json")), classes["rare"])
        for model in MODELS:
            rows += of_model(corpus, model, scores)
    save("tuned_grid", {"a row": OF_ROW, "rows": rows})


def read(configs: Iterable[Path], rare: Sequence[str]) -> Scores:
    """Macro-F1 and the rare classes' F1 of every round."""
    scores: Scores = {}
    for path in configs:
        config = json.loads(path.read_text())
        model = config["classifier"]["model"]
        for own in read_rounds(path.parent):
            key = model, own.strategy, own.n_labelled, own.seed
            scores[key] = own.macro_f1, own.macro_f1_of(rare)
    return scores


def of_model(corpus: str, model: str, scores: Scores) -> list[list[Any]]:
    """Rows of each strategy at each size, and of the mean over sizes; seeds that all strategies have."""
    curves = defaultdict[int, dict[str, np.ndarray]](dict)  # by seed and strategy (sizes, 2)
    for strategy, seed in {(key[1], key[3]) for key in scores if key[0] == model}:
        keys = [(model, strategy, size, seed) for size in SIZES]
        if all(key in scores for key in keys):
            curves[seed][strategy] = np.array([scores[key] for key in keys])
    most = max(map(len, curves.values()), default=0)
    whole = [own for own in curves.values() if len(own) == most]
    rows = []
    for strategy in sorted(whole[0]) if whole else ():
        values = np.stack([own[strategy] for own in whole])
        gains = values[..., 0] - np.stack([own[AGAINST] for own in whole])[..., 0]
        for place, size in enumerate(SIZES):
            rows.append(_row([corpus, model, strategy, size], values[:, place], gains[:, place]))
        rows.append(
            _row(
                [corpus, model, strategy, AREA],
                values[:, 1:].mean(axis=1),
                gains[:, 1:].mean(axis=1),
            )
        )
    return rows


def _row(key: list[Any], values: np.ndarray, gains: np.ndarray) -> list[Any]:
    found = estimate(gains.tolist())
    figures = [*values.mean(axis=0).tolist(), found.mean, found.low, found.high]
    return [*key, len(values), *(None if x is None else round(x, 3) for x in figures)]


if __name__ == "__main__":
    main()
