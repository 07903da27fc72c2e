"""What a strategy does for rare classes: learning them, finding them, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .curves import seed_scores
from .rounds import RoundResult
from .statistics import Estimate, estimate, paired

BASELINES = ("random", "uncertainty", "max-uncertainty")


@dataclass(frozen=True)
class Reach:
    """Labels that a strategy needs for a baseline's final macro-F1.

    Attributes:
        labels: median over the seeds that reach it; None where none does.
        reached: seeds that reach it within the budget.
        seeds: of both.
    """

    labels: float | None
    reached: int
    seeds: int


@dataclass(frozen=True)
class RareMeasures:
    """One strategy on one pool; estimates are over seeds.

    Attributes:
        strategy: its name.
        area: mean macro-F1 of the learning curve.
        rare_area: the same, over the rare classes alone.
        final: macro-F1 at the budget.
        rare_final: over the rare classes alone.
        found: labels of rare classes among what was selected (a document with two counts twice).
        never_seen: classes of which no document is labelled at the end.
        reach: by baseline, the labels needed for its final macro-F1 with the same seed.
        seconds: mean of one round: "train", "predict" and "select".
        differences: by other strategy, macro-F1 areas of this one minus the other's, paired.
        rare_differences: the same over the rare classes alone.
    """

    strategy: str
    area: Estimate
    rare_area: Estimate
    final: Estimate
    rare_final: Estimate
    found: Estimate
    never_seen: Estimate
    reach: Mapping[str, Reach]
    seconds: Mapping[str, float]
    differences: Mapping[str, Estimate]
    rare_differences: Mapping[str, Estimate]


def measure_rare(results: Sequence[RoundResult], rare: Sequence[str]) -> list[RareMeasures]:
    """The measures of every strategy of a simulation, in their first order.

    Only seeds whose curve reaches the largest size count.

    Args:
        results: the rounds.
        rare: names of the rare classes.
    """
    areas, finals = seed_scores(results)
    rare_areas, rare_finals = seed_scores(results, rare)
    measures = []
    for name in areas:
        runs = [_run(results, name, seed) for seed in areas[name]]
        measures.append(
            RareMeasures(
                strategy=name,
                area=estimate(list(areas[name].values())),
                rare_area=estimate(list(rare_areas[name].values())),
                final=estimate(list(finals[name].values())),
                rare_final=estimate(list(rare_finals[name].values())),
                found=estimate([_found(run, rare) for run in runs]),
                never_seen=estimate([_never_seen(run) for run in runs]),
                reach={
                    base: _reach(runs, finals[base])
                    for base in BASELINES
                    if base in finals and base != name
                },
                seconds={
                    key: float(np.mean([r.seconds[key] for run in runs for r in run]))
                    for key in ("train", "predict", "select")
                },
                differences=_differences(name, areas),
                rare_differences=_differences(name, rare_areas),
            )
        )
    return measures


def rare_scores(results: Sequence[RoundResult], rare: Sequence[str]) -> list[RoundResult]:
    """The same rounds, with macro-F1 over the rare classes alone: for curves of them."""
    return [replace(r, macro_f1=r.macro_f1_of(rare)) for r in results if not r.is_full]


def _run(results: Sequence[RoundResult], strategy: str, seed: int) -> list[RoundResult]:
    own = [r for r in results if (r.strategy, r.seed) == (strategy, seed)]
    return sorted(own, key=lambda r: r.n_labelled)


def _found(run: Sequence[RoundResult], rare: Sequence[str]) -> float:
    first, last = run[0].labelled_counts, run[-1].labelled_counts
    return float(sum(last[name] - first[name] for name in rare))


def _never_seen(run: Sequence[RoundResult]) -> float:
    return float(sum(count == 0 for count in run[-1].labelled_counts.values()))


def _reach(runs: Sequence[Sequence[RoundResult]], finals: Mapping[int, float]) -> Reach:
    compared = [run for run in runs if run[0].seed in finals]
    needed = [
        next((r.n_labelled for r in run if r.macro_f1 >= finals[r.seed]), None) for run in compared
    ]
    labels = [n for n in needed if n is not None]
    return Reach(float(np.median(labels)) if labels else None, len(labels), len(compared))


def _differences(name: str, areas: Mapping[str, Mapping[int, float]]) -> dict[str, Estimate]:
    found = {other: paired(areas[name], areas[other]) for other in areas if other != name}
    return {other: difference for other, difference in found.items() if difference is not None}
