"""Whether the intervals of `evaluate` hold what they say, and what the sample saves.

    python benchmarks/evaluation.py eurlex-rare=INDEX arxiv-rare=INDEX reuters=INDEX eurlex-other=INDEX

A probe is trained on 300 documents that portfolio selected and the truth answered. From the rest
500 samples of 200 are drawn, each is estimated, and compared with the truth. Simple random samples
of growing size tell how many labels give intervals of the same width.
Writes results/evaluation.json; pools that are there and not named stay.
"""

from __future__ import annotations

import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS

from classemb_index import BatchRequest, EmbeddingIndex, next_batch
from classemb_index.experiments.training import train
from classemb_index.labels.labelled import LabelledSet, labelled_set, nothing_labelled
from classemb_index.measures.estimates import estimate_class, mean_f1
from classemb_index.measures.sample import draw, inclusion_probabilities

FILE = RESULTS / "evaluation.json"
LABELS, BATCH, SIZE, SAMPLES = 300, 50, 200, 500
RANDOM_SIZES, RANDOM_SAMPLES = (100, 200, 400, 800, 1600, 3200), 60
MEASURES = ("precision", "recall", "f1", "documents", "missed")
OF_BIAS = "mean bias", "of its size", "of RMSE", "biases beyond 3 standard errors"
OF_MEASURE = ("least and mean coverage", "classes below 0.92", "above 0.98", *OF_BIAS)
OF_CLASS = "documents, width of F1's interval, random labels / ours; null without a model"
NOMINAL = (0.92, 0.98)  # coverage that is taken for 95 %: 500 samples tell it to about 0.01


def main() -> None:
    pools = dict(word.split("=", 1) for word in sys.argv[1:])
    with ProcessPoolExecutor(2) as workers:
        new = dict(zip(pools, workers.map(study, pools.values()), strict=True))
    found = (json.loads(FILE.read_text())["pools"] if FILE.exists() else {}) | new
    document = {
        "settings": {
            "labels": LABELS,
            "sample": SIZE,
            "samples": SAMPLES,
            "random_samples": RANDOM_SAMPLES,
            "encoder": "minilm, 128 tokens",
            "of a measure, over the classes": OF_MEASURE,
            "of plain, recall and F1 as ratios of the counts": OF_BIAS,
            "of a class, as the recipe has them": OF_CLASS,
        },
        "pools": found,
    }
    text = json.dumps(document, separators=(",", ":"))
    FILE.write_text(text + "\n")
    print(text)


@dataclass(frozen=True)
class Rest:
    """What a model says of the documents that it was not trained on, and what is true.

    Attributes:
        scores: (n, q).
        decided: (n, q).
        labels: (n, q).
    """

    scores: np.ndarray
    decided: np.ndarray
    labels: np.ndarray

    def truth(self) -> np.ndarray:
        """(q, 5) of MEASURES; NaN where one is undefined."""
        hits = (self.labels & self.decided).sum(axis=0).astype(float)
        given, positives = self.decided.sum(axis=0), self.labels.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = hits / given, hits / positives, 2 * hits / (given + positives)
        f1 = np.where(given == 0, 0.0, ratios[2])
        return np.stack([*ratios[:2], f1, positives, positives - hits], axis=1)

    def estimates(self, chances: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(q, 5, 3) estimates and ends from one sample, and (3,) of macro-F1."""
        rows = draw(chances, np.random.default_rng(seed))
        classes = [
            estimate_class(
                self.labels[rows, c],
                own[rows],
                chances[rows],
                scores=self.scores[rows, c],
                size=len(own),
                predicted=int(own.sum()),
                heaviest=float((1 / chances[~own]).max()) if not own.all() else 0.0,
            )
            for c, own in enumerate(self.decided.T)
        ]
        found = [[_ends(getattr(own, name)) for name in MEASURES] for own in classes]
        return np.array(found, dtype=float), np.array(_ends(mean_f1(classes)), dtype=float)


def study(folder: str) -> dict[str, Any]:
    """Bias, coverage and the labels that are saved, of one pool."""
    index = EmbeddingIndex.open(folder)
    classes, rest = trained(index)
    chances = inclusion_probabilities(rest.scores, rest.decided, SIZE)
    drawn = [rest.estimates(chances, seed) for seed in range(SAMPLES)]
    found, macro = (np.stack(part) for part in zip(*drawn, strict=True))
    truth, n = rest.truth(), len(rest.labels)
    widths = _widths(found)[:, MEASURES.index("f1")]
    by_size = {}
    for size in (s for s in RANDOM_SIZES if s < n):
        equal = np.full(n, size / n)
        equally = np.stack([rest.estimates(equal, seed)[0] for seed in range(RANDOM_SAMPLES)])
        by_size[size] = _widths(equally)[:, MEASURES.index("f1")]
    by_size[n] = np.zeros(len(widths))
    ratios = [
        round(_labels_for(width, c, by_size) / SIZE, 1) if width else None  # never given: F1 is 0
        for c, width in enumerate(widths)
    ]
    told = zip(truth[:, 3], widths, ratios, strict=True)
    own = {
        name: [int(documents), round(float(width), 2), ratio]
        for name, (documents, width, ratio) in zip(classes, told, strict=True)
    }
    true_macro = float(truth[:, 2].mean())
    return {
        "population": n,
        "macro_f1": {
            "true": round(true_macro, 3),
            "bias": round(float(macro[:, 0].mean()) - true_macro, 3),
            "coverage": round(_coverage(macro, np.array(true_macro)).item(), 3),
            "width": round(float(np.median(macro[:, 2] - macro[:, 1])), 3),
        },
        **{name: _measure(found[:, :, m], truth[:, m]) for m, name in enumerate(MEASURES)},
        "plain": [_bias(own, truth[:, m]) for m, own in enumerate(_plain(found, rest), start=1)],
        "classes": [own.get(name) for name in index.pool.classes],
    }


def trained(index: EmbeddingIndex) -> tuple[tuple[str, ...], Rest]:
    """A probe on documents that portfolio selected, and the rest of the pool."""
    pool = index.pool
    labelled: LabelledSet = nothing_labelled(pool)
    history: list[Any] = []
    while len(labelled) < LABELS:
        request = BatchRequest("portfolio", BATCH, seed=len(history))
        history.append(next_batch(index, labelled, request, history=history))
        rows = np.concatenate([batch.rows for batch in history])
        labelled = labelled_set(pool, rows, "selected by portfolio")
    with tempfile.TemporaryDirectory() as place:
        model = train(index, labelled, Path(place) / "model")
        rows = np.flatnonzero(labelled.unlabelled)
        scores = model.probabilities(index, rows)
    positions = [pool.classes.index(name) for name in model.classes]
    rest = Rest(scores, np.asarray(scores >= model.thresholds), pool.labels[rows][:, positions])
    return model.classes, rest


def _ends(interval: Any) -> tuple[float, float, float]:
    estimate = np.nan if interval.estimate is None else interval.estimate
    return estimate, interval.low, interval.high


def _widths(found: np.ndarray) -> np.ndarray:
    """Median width of the intervals, over samples."""
    return np.asarray(np.median(found[..., 2] - found[..., 1], axis=0))


def _coverage(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the samples whose interval holds the truth."""
    inside = (found[..., 1] <= truth + 1e-9) & (truth - 1e-9 <= found[..., 2])
    return np.asarray(np.where(np.isnan(truth), np.nan, inside.mean(axis=0)))


def _measure(found: np.ndarray, truth: np.ndarray) -> list[Any]:
    """OF_MEASURE."""
    coverage, (low, high) = _coverage(found, truth), NOMINAL
    return [
        [_short(f(coverage)) for f in (np.nanmin, np.nanmean)],
        int(np.sum(coverage < low)),
        int(np.sum(coverage > high)),
        *_bias(found[..., 0], truth),
    ]


def _bias(estimates: np.ndarray, truth: np.ndarray) -> list[Any]:
    """OF_BIAS; a class counts that has a truth and estimates."""
    told = ~np.isnan(truth) & (np.isfinite(estimates).sum(axis=0) > 1)
    errors = estimates[:, told] - truth[told]
    bias = np.nanmean(errors, axis=0)
    error = np.nanstd(errors, axis=0) / np.sqrt(np.isfinite(errors).sum(axis=0))
    z = np.abs(bias)[error > 0] / error[error > 0]
    rmse = np.sqrt(np.nanmean(errors**2, axis=0))
    return [*(_short(own.mean()) for own in (bias, np.abs(bias), rmse)), int(np.sum(z > 3))]


def _plain(found: np.ndarray, rest: Rest) -> tuple[np.ndarray, np.ndarray]:
    """(samples, q) recall and F1 as ratios of the estimated counts, as if these were known."""
    documents, missed = (found[..., MEASURES.index(name), 0] for name in ("documents", "missed"))
    given = rest.decided.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = (
            (documents - missed) / documents,
            2 * (documents - missed) / (given + documents),
        )
    return recall, np.where(given == 0, 0.0, f1)


def _short(value: Any) -> float:
    """With three digits, a count with one, and without any where it is whole."""
    rounded = round(float(value), 3 if abs(value) < 1 else 1)
    return int(rounded) if rounded.is_integer() else rounded


def _labels_for(width: float, c: int, by_size: dict[int, np.ndarray]) -> float:
    """The size of a simple random sample whose intervals are as narrow, between those that were drawn.

    Below the smallest one that was drawn it is the smallest.
    """
    sizes = sorted(by_size)
    for small, large in pairwise(sizes):
        wide, narrow = by_size[small][c], by_size[large][c]
        if wide <= width:
            return small
        if narrow <= width:
            share = (wide - width) / (wide - narrow)
            return float(np.exp((1 - share) * np.log(small) + share * np.log(large)))
    return sizes[-1]


if __name__ == "__main__":
    main()
