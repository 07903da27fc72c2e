"""Nested cross-validation of a multi-label classifier: scores in, figures out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..arrays import BoolMatrix, Counts, FloatMatrix, Mask, Rows, blocks
from .calibration import Calibration, calibrate
from .f1 import f1_scores

RESAMPLES = 1000
LEVEL = 0.95
CHUNK = 50  # resamples that are weighed at once

Left = tuple[int, ...]  # the folds that a model was trained without, rising


class Figure(NamedTuple):
    """A share with its 95 % interval.

    Attributes:
        value: from 0 to 1; 0 of nothing.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float


class ClassFigures(NamedTuple):
    """How well one class is decided, cross-validated.

    Attributes:
        precision: of what is decided to have the class.
        recall: of what has it.
        f1: of both.
    """

    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True)
class CrossValidation:
    """What a cross-validation says.

    Attributes:
        calibration: learned from the out-of-fold scores of all documents; for the final model.
        probabilities: (m, q) out of fold, calibrated by the other folds alone; NaN where a class
            cannot be cross-validated.
        decided: (m, q) the same against thresholds of the other folds alone.
        figures: of each class; None where its positives or negatives are in one fold only.
        macro_f1: mean F1 of the classes that have figures; None where no class has.
        micro_f1: over all their decisions together; None where no class has figures.
    """

    calibration: Calibration
    probabilities: FloatMatrix
    decided: BoolMatrix
    figures: tuple[ClassFigures | None, ...]
    macro_f1: float | None
    micro_f1: float | None


def trainings(k: int) -> Iterator[Left]:
    """The folds that each training leaves out: every one, and every two.

    A model without the folds f and g gives inner scores of g where f is tested, and of f where g
    is, so that a nested cross-validation takes k (k + 1) / 2 trainings.
    """
    yield from ((f,) for f in range(k))
    yield from combinations(range(k), 2)


def can_train(labels: BoolMatrix, used: BoolMatrix) -> Mask:
    """(q,) True for classes with both a positive and a negative among the cells that are used."""
    return np.asarray((labels & used).any(axis=0) & (~labels & used).any(axis=0))


def cross_validate(
    scores: Mapping[Left, FloatMatrix],
    labels: BoolMatrix,
    known: BoolMatrix,
    folds: Rows,
    groups: Rows,
    rng: np.random.Generator,
) -> CrossValidation:
    """Figures of decisions whose model, calibration and threshold have not seen the document.

    Args:
        scores: (m, q) of all documents by the model of each of `trainings`; NaN for a class that
            could not be trained.
        labels: (m, q).
        known: (m, q) True for the cells that count.
        folds: (m,) from `stratified_folds`.
        groups: (m,) that are drawn as one by the bootstrap.
        rng: of the bootstrap.
    """
    outer = _out_of_fold(scores, folds)
    probabilities = np.full(labels.shape, np.nan, dtype=np.float32)
    decided = np.zeros(labels.shape, dtype=bool)
    for f in np.unique(folds).tolist():
        inside, tested = folds != f, folds == f
        inner = _out_of_fold(scores, folds, without=f)
        rule = calibrate(inner[inside], labels[inside], known[inside])
        probabilities[tested] = rule.probabilities(outer[tested])
        decided[tested] = rule.decide(probabilities[tested])
    validated = np.asarray(np.isfinite(probabilities).all(axis=0))
    counted = known & validated
    figures = class_figures(decided, labels, counted, groups, rng)
    overall = f1_scores(decided, labels, counted) if validated.any() else None
    return CrossValidation(
        calibrate(outer, labels, known),
        probabilities,
        decided,
        tuple(own if ok else None for own, ok in zip(figures, validated, strict=True)),
        overall and overall.macro,
        overall and overall.micro,
    )


def class_figures(
    decided: BoolMatrix,
    labels: BoolMatrix,
    known: BoolMatrix,
    groups: Rows,
    rng: np.random.Generator,
) -> list[ClassFigures]:
    """Precision, recall and F1 of each class, with intervals.

    An interval is as wide as the wider of two: the percentile bootstrap over groups, which knows
    that near-duplicates are right or wrong together, and Wilson's of the share, which knows that 20
    right of 20 is not certainty (F1 is 2J / (1 + J) of the share J that is right among what is
    decided or positive). Both say how the figures would differ with other documents of the same
    kind, not with a model that was trained on others.

    Args:
        decided: (m, q).
        labels: (m, q).
        known: (m, q) True for the cells that count.
        groups: (m,) that are drawn as one.
        rng: of the bootstrap.
    """
    counts = np.stack(
        [
            _by_group(decided & labels & known, groups),
            _by_group(decided & known, groups),
            _by_group(labels & known, groups),
        ]
    )
    total = counts.sum(axis=1)
    values = _shares(total)
    drawn_low, drawn_high = _intervals(counts, rng)
    low, high = _wilson(total)
    ends = np.minimum(low, drawn_low), np.maximum(high, drawn_high)
    found = np.stack([values, *ends], axis=-1)  # (3, q, 3)
    return [
        ClassFigures(*(Figure(*map(float, found[i, c])) for i in range(3)))
        for c in range(labels.shape[1])
    ]


def _out_of_fold(
    scores: Mapping[Left, FloatMatrix], folds: Rows, without: int | None = None
) -> FloatMatrix:
    """(m, q) the scores of each document by the model without its fold, and without another one."""
    found = np.full_like(next(iter(scores.values())), np.nan)
    for g in np.unique(folds).tolist():
        if g != without:
            left = (g,) if without is None else (min(g, without), max(g, without))
            found[folds == g] = scores[left][folds == g]
    return found


def _by_group(cells: BoolMatrix, groups: Rows) -> Counts:
    """(n_groups, q) cells that are True."""
    counts = np.zeros((int(groups.max()) + 1, cells.shape[1]), dtype=np.int64)
    np.add.at(counts, groups, cells)
    return counts


def _shares(counts: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of hits, decided and positives along the first axis; 0 of nothing."""
    hits, decided, positives = counts
    return np.stack(
        [
            hits / np.maximum(decided, 1),
            hits / np.maximum(positives, 1),
            2 * hits / np.maximum(decided + positives, 1),
        ]
    )


def _intervals(counts: Counts, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the percentile bootstrap of `_shares`, each (3, q); groups are drawn with replacement."""
    from threadpoolctl import threadpool_limits

    _, n, q = counts.shape
    flat = counts.transpose(1, 0, 2).reshape(n, -1).astype(np.float32)
    found = np.empty((RESAMPLES, 3, q))
    with threadpool_limits(1):  # see heads.logistic_heads
        for part in blocks(RESAMPLES, CHUNK):
            times = rng.multinomial(n, np.full(n, 1 / n), size=part.stop - part.start)
            drawn = (times.astype(np.float32) @ flat).reshape(-1, 3, q).transpose(1, 0, 2)
            found[part] = _shares(drawn).transpose(1, 0, 2)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(found, [tail, 1 - tail], axis=0)
    return low, high


def _wilson(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Wilson's interval of `_shares`, each (3, q); 0 to 1 of nothing."""
    from scipy.special import ndtri

    hits, decided, positives = counts
    of = np.stack([decided, positives, decided + positives - hits])
    z2 = float(ndtri(0.5 + LEVEL / 2)) ** 2
    share = hits / np.maximum(of, 1)
    middle = (hits + z2 / 2) / (of + z2)
    half = np.sqrt(z2 * (of * share * (1 - share) + z2 / 4)) / (of + z2)
    low, high = np.maximum(middle - half, 0), np.minimum(middle + half, 1)
    for end in (low, high):
        end[2] = 2 * end[2] / (1 + end[2])
    return low, high
