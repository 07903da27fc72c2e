"""Means with bootstrap intervals, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
RESAMPLES = 10_000
FEWEST_SEEDS = 5  # below, the bootstrap knows too few values to speak of an interval


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its bootstrap interval.

    Attributes:
        mean: over seeds.
        low: lower end of the 95 % interval; None below 5 seeds.
        high: upper end; None below 5 seeds.
        seeds: how many.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """True when the whole interval lies on one side of 0."""
        return self.low is not None and self.high is not None and self.low * self.high > 0

    def text(self, sign: str = "") -> str:
        """The mean, and its interval in brackets where there is one, with three digits each.

        Args:
            sign: "+" gives every number a sign, as a difference has.
        """
        mean = f"{self.mean:{sign}.3f}"
        if self.low is None or self.high is None:
            return mean
        return f"{mean} [{self.low:{sign}.3f}, {self.high:{sign}.3f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """Mean of one value a seed, with its 95 % percentile bootstrap interval.

    With few seeds such an interval is somewhat too narrow. The resamples come from a fixed
    seed, so that the same values give the same interval.
    """
    from scipy.stats import bootstrap

    mean = float(np.mean(values))
    if len(values) < FEWEST_SEEDS:
        return Estimate(mean, None, None, len(values))
    found = bootstrap(
        (np.asarray(values, dtype=float),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(mean, float(found.low), float(found.high), len(values))


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate | None:
    """First minus second, seed by seed; None without a seed in common."""
    differences = [first[seed] - second[seed] for seed in first if seed in second]
    return estimate(differences) if differences else None
