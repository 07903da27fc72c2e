"""What a sample leaves open of two counts, as confidence distributions: of a share, and of a total."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Scores

GRID = 100  # quantiles that stand for one distribution
NEAR_ZERO = 1e-9  # a variance that is 0 but for rounding


def share_quantiles(share: float | None, size: float) -> Scores:
    """(200,) quantiles of a share's confidence distribution, each standing for as much.

    Half are of the lower and half of the upper beta distribution of Clopper and Pearson: mid-p.

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
    """(200,) quantiles of a total's confidence distribution, each standing for as much.

    Half are of the lower and half of the upper gamma distribution of Fay and Feuer (Statistics in
    Medicine 16, 1997): mid-p (Fay, Kim, Biometrical Journal 59, 2017). The upper one allows for one more
    document of the heaviest weight, so that it ends above 0 where none was seen.

    Args:
        weights: of the documents that were seen to count.
        heaviest: weight that another one could have had; 0 where there is no other.
    """
    total, variance = float(weights.sum()), float((weights * (weights - 1)).sum())
    lower = _gamma(total, variance)
    upper = _gamma(total + heaviest, variance + heaviest**2) if heaviest else lower
    return np.concatenate([lower, upper])


def effective_size(weights: Scores) -> float:
    """How many documents of a simple random sample tell as much; infinite where all were drawn.

    (sum w)^2 / sum w (w - 1): of Korn and Graubard (Survey Methodology 24, 1998), with the
    factor for a finite population in it.
    """
    spread = float((weights * (weights - 1)).sum())
    return float(weights.sum()) ** 2 / spread if spread > NEAR_ZERO else math.inf


def _gamma(mean: float, variance: float) -> Scores:
    """(100,) quantiles of the gamma distribution with this mean and variance."""
    from scipy.special import gammaincinv

    if not mean or not variance:
        return np.full(GRID, mean)
    return np.asarray(gammaincinv(mean**2 / variance, _points()) * (variance / mean))


def _points() -> Scores:
    return (np.arange(GRID) + 0.5) / GRID
