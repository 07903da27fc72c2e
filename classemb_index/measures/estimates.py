"""Precision, recall and F1 from a sample of known inclusion probabilities, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..arrays import Mask, Scores
from .confidence import effective_size, share_quantiles, total_quantiles
from .ratios import Counts, one_more

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval.

    Attributes:
        estimate: None where the sample says nothing of it.
        low: lower end.
        high: upper end.
    """

    estimate: float | None
    low: float
    high: float

    def text(self) -> str:
        """The estimate and its interval in brackets, with two digits each."""
        estimate = "-" if self.estimate is None else f"{self.estimate:.2f}"
        return f"{estimate} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class ClassEstimate:
    """What a sample says of one class in the population that it was drawn from.

    Attributes:
        n: documents of the sample that were answered.
        positives: of them that have the class.
        predicted: documents of the population that the model gives the class; a count.
        precision: of the model.
        recall: of the model.
        f1: of the model.
        documents: of the population that have the class.
        missed: of them that the model does not give it.
        prevalence: share of the population that has the class.
        f1_errors: (n,) how much each document adds to the error of F1; their squares sum to its
            variance, of two classes their products to the covariance.
    """

    n: int
    positives: int
    predicted: int
    precision: Interval
    recall: Interval
    f1: Interval
    documents: Interval
    missed: Interval
    prevalence: Interval
    f1_errors: Scores

    def document(self) -> dict[str, Any]:
        """It as JSON, without the errors of single documents."""
        return {name: value for name, value in asdict(self).items() if name != "f1_errors"}


def estimate_class(
    labels: Mask,
    decided: Mask,
    probabilities: Scores,
    *,
    scores: Scores,
    size: int,
    predicted: int,
    heaviest: float,
) -> ClassEstimate:
    """Precision, recall and F1 of one class, with 95 % intervals that hold for small samples.

    The model's decisions are known of the whole population, so two counts are unknown: true
    positives among those that it gives the class, and positives among the others, which it misses. The
    share of the first is the ratio of weighted sums (Hajek), the second the sum of the weights
    1 / pi (Horvitz, Thompson, Journal of the American Statistical Association 47, 1952). Both sums
    are unbiased. Recall and F1 are curved in both, and are corrected for it (`Counts`).

    Intervals come from confidence distributions of the two counts, as a sample of 200 holds a handful of
    a rare class and normal intervals fail there. Counts are whole, and are never fewer or more than
    what was seen allows. Recall and F1 rise with the one count and fall with the other, so their
    intervals are the quantiles over both distributions, taken independently (Fay, Proschan,
    Brittain, Biometrics 71, 2015).

    Args:
        labels: (m,) of the answered documents of the sample.
        decided: (m,) True where the model gives the class.
        probabilities: (m,) of inclusion.
        scores: (m,) probabilities of the class that the model gives.
        size: documents in the population.
        predicted: of them that the model gives the class.
        heaviest: largest weight 1 / pi in the population among the others; 0 where there are none.
    """
    weights = 1 / probabilities
    hits, misses = labels & decided, labels & ~decided
    share = _ratio(float(weights[hits].sum()), float(weights[decided].sum()))
    n_effective = effective_size(weights[decided])
    counts = Counts.estimated(
        predicted,
        share,
        n_effective,
        weights[misses],
        one_more(weights[~decided], scores[~decided]),
    )
    found_counts = np.clip(
        np.rint(predicted * share_quantiles(share, n_effective)),
        np.count_nonzero(hits),
        predicted - np.count_nonzero(decided & ~labels),
    )
    missed_counts = np.clip(
        np.rint(total_quantiles(weights[misses], heaviest)),
        np.count_nonzero(misses),
        size - predicted - np.count_nonzero(~decided & ~labels),
    )
    first, second = found_counts[:, None], missed_counts[None, :]
    documents = _interval(counts.found + counts.missed if counts else None, first + second)
    return ClassEstimate(
        len(labels),
        int(np.count_nonzero(labels)),
        predicted,
        precision=_interval(share, _ratios(found_counts, np.array(predicted))),
        recall=_interval(counts.recall() if counts else None, _ratios(first, first + second)),
        f1=_interval(
            counts.f1() if counts else None, _ratios(2 * first, predicted + first + second)
        )
        if predicted
        else Interval(0.0, 0.0, 0.0),  # as `f1_scores` has it, also where no document has the class
        documents=documents,
        missed=_interval(float(weights[misses].sum()), missed_counts),
        prevalence=Interval(
            None if documents.estimate is None else documents.estimate / size,
            documents.low / size,
            documents.high / size,
        ),
        f1_errors=_f1_errors(labels, decided, weights, counts),
    )


def mean_f1(classes: Sequence[ClassEstimate]) -> Interval:
    """Macro-F1: the mean over the classes; one without an estimate counts with the middle of its interval.

    The interval takes the distances from each estimate to its ends together as independent errors
    (Zou, Donner, Statistics in Medicine 27, 2008), and wider by as much as the classes' errors
    are not: a document is drawn, or not, for all of them.
    """
    ends = [own.f1 for own in classes]
    middles = [(f.low + f.high) / 2 if f.estimate is None else f.estimate for f in ends]
    q, mean = len(ends), sum(middles) / len(ends)
    errors = np.array([own.f1_errors for own in classes])
    alone = float((errors**2).sum())
    wider = math.sqrt(float((errors.sum(axis=0) ** 2).sum()) / alone) if alone else 1.0
    below = math.hypot(*(m - f.low for m, f in zip(middles, ends, strict=True))) * wider / q
    above = math.hypot(*(f.high - m for m, f in zip(middles, ends, strict=True))) * wider / q
    return Interval(mean, max(0.0, mean - below), min(1.0, mean + above))


def _f1_errors(labels: Mask, decided: Mask, weights: Scores, counts: Counts | None) -> Scores:
    """(m,) errors of single documents, to first order (Saerndal, Swensson, Wretman, 1992, chapter 5)."""
    if counts is None or not counts.predicted:
        return np.zeros(len(labels))
    predicted, found, missed = counts.predicted, counts.found, counts.missed
    whole = predicted + found + missed
    by_found = 2 * (predicted + missed) / whole**2 * predicted / float(weights[decided].sum())
    by_missed = -2 * found / whole**2
    rise = np.where(decided, by_found * (labels - found / predicted), by_missed * labels)
    return np.asarray(np.sqrt(weights * (weights - 1)) * rise)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _ratios(part: Scores, whole: Scores) -> Scores:
    """Part by whole; NaN where there is no whole."""
    parts, wholes = np.broadcast_arrays(part, whole)
    ratios = np.full(parts.shape, np.nan)
    np.divide(parts, wholes, out=ratios, where=wholes > 0)
    return ratios


def _interval(estimate: float | None, values: Scores) -> Interval:
    """The estimate between the quantiles of these values; from 0 to 1 where none is defined."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return Interval(estimate, 0.0, 1.0)
    tail = (1 - LEVEL) / 2
    ends = np.quantile(defined, [tail, 1 - tail], method="hazen")  # values stand for equal shares
    low, high = (float(end) for end in ends)
    if estimate is None:
        return Interval(None, low, high)
    return Interval(estimate, min(low, estimate), max(high, estimate))
