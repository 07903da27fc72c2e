"""Areas under learning curves, and what a difference to random selection is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .simulation import FULL, RoundResult

BASELINE = "random"
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


@dataclass(frozen=True)
class Comparison:
    """One strategy's macro-F1, and its paired differences to random selection.

    Attributes:
        strategy: the query strategy's name.
        area: mean macro-F1 of the learning curve, by the trapezoid rule.
        final: macro-F1 at the budget.
        area_difference: to random, seed by seed; None for random itself or without it.
        final_difference: as area_difference.
        verdict: "above random", "below random" or "undecided", by the interval of
            area_difference; None without one.
    """

    strategy: str
    area: Estimate
    final: Estimate
    area_difference: Estimate | None = None
    final_difference: Estimate | None = None
    verdict: str | None = None


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


def compare_strategies(
    results: Sequence[RoundResult], classes: Sequence[str] | None = None
) -> list[Comparison]:
    """Every strategy's area and final score, and its differences to random, in their first order.

    Only seeds whose curve reaches the largest size count, and differences are taken
    between runs of the same seed, which start from the same labelled set.

    Args:
        results: the rounds of a simulation; rounds on the whole train split are left out.
        classes: names of those whose F1 is averaged; None takes the macro-F1 over all.
    """
    areas, finals = seed_scores(results, classes)
    return [_comparison(name, areas, finals) for name in areas]


def seed_scores(
    results: Sequence[RoundResult], classes: Sequence[str] | None = None
) -> tuple[dict[str, dict[int, float]], dict[str, dict[int, float]]]:
    """The area and the final score of every strategy and seed: {strategy: {seed: score}}, twice.

    Only seeds whose curve reaches the largest size count; a strategy without one is left out.
    The arguments are those of `compare_strategies`.
    """
    scores: dict[str, dict[int, dict[int, float]]] = {}
    for result in results:
        if result.strategy != FULL:
            curve = scores.setdefault(result.strategy, {}).setdefault(result.seed, {})
            curve[result.n_labelled] = (
                result.macro_f1
                if classes is None
                else float(np.mean([result.f1[name] for name in classes]))
            )
    sizes = sorted(
        {size for seeds in scores.values() for curve in seeds.values() for size in curve}
    )
    areas: dict[str, dict[int, float]] = {}
    finals: dict[str, dict[int, float]] = {}
    for strategy, seeds in scores.items():
        whole = {seed: curve for seed, curve in seeds.items() if sorted(curve) == sizes}
        if not whole:
            continue
        areas[strategy] = {seed: _area(curve) for seed, curve in sorted(whole.items())}
        finals[strategy] = {seed: curve[sizes[-1]] for seed, curve in sorted(whole.items())}
    return areas, finals


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate | None:
    """First minus second, seed by seed; None without a seed in common."""
    differences = [first[seed] - second[seed] for seed in first if seed in second]
    return estimate(differences) if differences else None


def _comparison(
    strategy: str,
    areas: Mapping[str, Mapping[int, float]],
    finals: Mapping[str, Mapping[int, float]],
) -> Comparison:
    area = estimate(list(areas[strategy].values()))
    final = estimate(list(finals[strategy].values()))
    if strategy == BASELINE or BASELINE not in areas:
        return Comparison(strategy, area, final)
    by_area = paired(areas[strategy], areas[BASELINE])
    by_final = paired(finals[strategy], finals[BASELINE])
    if by_area is None:
        return Comparison(strategy, area, final)
    verdict = None
    if by_area.low is not None:
        side = "above random" if by_area.mean > 0 else "below random"
        verdict = side if by_area.excludes_zero else "undecided"
    return Comparison(strategy, area, final, by_area, by_final, verdict)


def _area(curve: Mapping[int, float]) -> float:
    sizes = sorted(curve)
    if len(sizes) == 1:
        return curve[sizes[0]]
    values = [curve[size] for size in sizes]
    return float(np.trapezoid(values, sizes)) / (sizes[-1] - sizes[0])
