"""Precision, recall and F1 from a sample of known inclusion probabilities, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..arrays import Mask, Scores

LEVEL = 0.95
GRID = 100  # quantiles that stand for a confidence distribution
NEAR_INTEGER = 1e-9  # a count is not rounded away from a whole number that it is but for rounding


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

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)


def estimate_class(
    labels: Mask,
    decided: Mask,
    probabilities: Scores,
    *,
    size: int,
    predicted: int,
    heaviest: float,
) -> ClassEstimate:
    """Precision, recall and F1 of one class, with 95 % intervals that hold for small samples.

    The model's decisions are known of the whole population, so two counts are unknown: true
    positives among those that it gives the class, and positives among the others, which it misses. The
    share of the first is the ratio of weighted sums (Hajek), the second the sum of the weights
    1 / pi (Horvitz, Thompson, Journal of the American Statistical Association 47, 1952). Both sums
    are unbiased; recall and F1, as ratios, are so for large samples only, and where no missed
    document was drawn recall is estimated as 1.

    Intervals come from confidence distributions of the two counts, as a sample of 200 holds a handful of
    a rare class and normal intervals fail there. The share has the beta distributions of Clopper and
    Pearson for the sample's effective size, (sum w)^2 / sum w (w - 1) (Korn, Graubard, Survey
    Methodology 24, 1998; ours is the factor for a finite population in it). The missed have the gamma
    distributions of Fay and Feuer (Statistics in Medicine 16, 1997), which allow for one more document of
    the heaviest weight, so that they end above 0 where none was seen. Of each, the lower and the
    upper one count half: mid-p (Fay, Kim, Biometrical Journal 59, 2017). Counts are rounded
    outward, and are never fewer or more than what was seen allows. Recall and F1 rise with the one
    count and fall with the other, so their intervals are the quantiles over both distributions,
    taken independently (Fay, Proschan, Brittain, Biometrics 71, 2015).

    Args:
        labels: (m,) of the answered documents of the sample.
        decided: (m,) True where the model gives the class.
        probabilities: (m,) of inclusion.
        size: documents in the population.
        predicted: of them that the model gives the class.
        heaviest: largest weight 1 / pi in the population among the others; 0 where there are none.
    """
    weights = 1 / probabilities
    hits, misses = labels & decided, labels & ~decided
    share = _ratio(float(weights[hits].sum()), float(weights[decided].sum()))
    found = None if share is None and predicted else (share or 0.0) * predicted
    missed = float(weights[misses].sum())
    found_counts = np.clip(
        _rounded(predicted * share_quantiles(share, _effective_size(weights[decided]))),
        np.count_nonzero(hits),
        predicted - np.count_nonzero(decided & ~labels),
    )
    missed_counts = np.clip(
        _rounded(total_quantiles(weights[misses], heaviest)),
        np.count_nonzero(misses),
        size - predicted - np.count_nonzero(~decided & ~labels),
    )
    first, second = found_counts[:, None], missed_counts[None, :]
    total = None if found is None else found + missed
    documents = _interval(total, first + second)
    return ClassEstimate(
        len(labels),
        int(np.count_nonzero(labels)),
        predicted,
        precision=_interval(share, _ratios(found_counts, np.array(predicted))),
        recall=_interval(
            None if found is None else _ratio(found, found + missed),
            _ratios(first, first + second),
        ),
        f1=Interval(0.0, 0.0, 0.0)  # as `f1_scores` has it, also where no document has the class
        if not predicted
        else _interval(
            None if total is None or found is None else 2 * found / (predicted + total),
            _ratios(2 * first, predicted + first + second),
        ),
        documents=documents,
        missed=_interval(missed, missed_counts),
        prevalence=Interval(
            None if total is None else total / size, documents.low / size, documents.high / size
        ),
    )


def mean_f1(classes: Sequence[ClassEstimate]) -> Interval:
    """Macro-F1: the mean over the classes; one without an estimate counts with the middle of its interval.

    The interval takes the distances from each estimate to its ends together as independent
    errors (Zou, Donner, Statistics in Medicine 27, 2008).
    """
    ends = [own.f1 for own in classes]
    middles = [(f.low + f.high) / 2 if f.estimate is None else f.estimate for f in ends]
    q, mean = len(ends), sum(middles) / len(ends)
    below = math.hypot(*(m - f.low for m, f in zip(middles, ends, strict=True))) / q
    above = math.hypot(*(f.high - m for m, f in zip(middles, ends, strict=True))) / q
    return Interval(mean, max(0.0, mean - below), min(1.0, mean + above))


def share_quantiles(share: float | None, size: float) -> Scores:
    """(200,) quantiles of a share's lower confidence distribution, then of its upper one.

    Args:
        share: in the sample; None where it is empty.
        size: of a simple random sample that would be as precise; infinite where all is known.
    """
    from scipy.special import betaincinv

    if share is None:
        return np.repeat([0.0, 1.0], GRID)
    if math.isinf(size):
        return np.full(2 * GRID, share)
    positives, negatives = share * size, size - share * size
    lower = betaincinv(positives, negatives + 1, _points()) if positives > 0 else np.zeros(GRID)
    upper = betaincinv(positives + 1, negatives, _points()) if negatives > 0 else np.ones(GRID)
    return np.concatenate([lower, upper])


def total_quantiles(weights: Scores, heaviest: float) -> Scores:
    """(200,) quantiles of a total's lower confidence distribution, then of its upper one.

    Args:
        weights: of the documents that were seen to count.
        heaviest: weight that another one could have had; 0 where there is no other.
    """
    total, variance = float(weights.sum()), float((weights * (weights - 1)).sum())
    lower = _gamma(total, variance)
    upper = _gamma(total + heaviest, variance + heaviest**2) if heaviest else lower
    return np.concatenate([lower, upper])


def _gamma(mean: float, variance: float) -> Scores:
    """(100,) quantiles of the gamma distribution with this mean and variance."""
    from scipy.special import gammaincinv

    if not mean or not variance:
        return np.full(GRID, mean)
    return np.asarray(gammaincinv(mean**2 / variance, _points()) * (variance / mean))


def _points() -> Scores:
    return (np.arange(GRID) + 0.5) / GRID


def _effective_size(weights: Scores) -> float:
    """How many documents of a simple random sample tell as much; infinite where all were drawn."""
    spread = float((weights * (weights - 1)).sum())
    return float(weights.sum()) ** 2 / spread if spread > NEAR_INTEGER else math.inf


def _rounded(counts: Scores) -> Scores:
    """Lower halves rounded down, upper ones up."""
    lower, upper = np.split(counts, 2)
    return np.concatenate([np.floor(lower + NEAR_INTEGER), np.ceil(upper - NEAR_INTEGER)])


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
