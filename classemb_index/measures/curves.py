"""Learning curves, the areas under them, and what a difference to random selection is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RunError
from ..pool.pool import Pool
from .base import ClassEntry
from .rounds import SUMMARY, RoundResult
from .statistics import Estimate, estimate, paired

BASELINE = "random"
FEWEST_DOCUMENTS = 10  # of a class in the test split, below which its F1 is a matter of luck


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


@dataclass(frozen=True)
class Curve:
    """One strategy's learning curve.

    Attributes:
        strategy: the query strategy's name.
        n_labelled: sizes of the labelled set, rising.
        seeds: how many seeds have reached each size.
        macro_f1: mean over these seeds at each size.
        macro_f1_sd: standard deviation over seeds; 0 for one seed.
        micro_f1: as macro_f1.
        micro_f1_sd: as macro_f1_sd.
        area: mean of the macro-F1 curve, from 0 to 1, by the trapezoid rule.
        share: of "tuned", mean share of the trained layers in the answer at each size; None for
            another classifier.
    """

    strategy: str
    n_labelled: list[int]
    seeds: list[int]
    macro_f1: list[float]
    macro_f1_sd: list[float]
    micro_f1: list[float]
    micro_f1_sd: list[float]
    area: float
    share: list[float] | None = None


@dataclass(frozen=True)
class ClassScore(ClassEntry):
    """One class's F1 on the test split at the end of each strategy's curve.

    Attributes:
        class_name: its name.
        support: test documents that have it.
        f1: mean over seeds, by strategy ("full" is the whole train split).
        f1_sd: standard deviation over seeds; 0 for one seed.
    """

    class_name: str
    support: int
    f1: dict[str, float]
    f1_sd: dict[str, float]


@dataclass(frozen=True)
class Summary:
    """What a run found.

    Attributes:
        curves: one a strategy.
        comparisons: areas and final scores with intervals, and differences to random.
        classes: F1 a class.
        supported: as comparisons, with macro-F1 over the classes of at least 10 test
            documents; empty where that is all of them or none.
        full: one point, trained on the whole train split (Table 1); None where not run.
    """

    curves: list[Curve]
    comparisons: list[Comparison]
    classes: list[ClassScore]
    supported: list[Comparison] = field(default_factory=list)
    full: Curve | None = None

    def document(self) -> dict[str, Any]:
        """The JSON document of `simulate`: curves, comparisons, F1 a class."""
        return {**asdict(self), "classes": [entry.document() for entry in self.classes]}


def learning_curves(results: Sequence[RoundResult]) -> list[Curve]:
    """Mean and spread over seeds of every strategy, in the order in which they first occur.

    "full", where it was run, is a curve of one point.
    """
    curves = []
    for strategy in dict.fromkeys(result.strategy for result in results):
        own = [result for result in results if result.strategy == strategy]
        sizes = sorted({result.n_labelled for result in own})
        macro = [[r.macro_f1 for r in own if r.n_labelled == size] for size in sizes]
        micro = [[r.micro_f1 for r in own if r.n_labelled == size] for size in sizes]
        means = [float(np.mean(values)) for values in macro]
        shares = [
            [r.share for r in own if r.n_labelled == size and r.share is not None] for size in sizes
        ]
        curves.append(
            Curve(
                strategy=strategy,
                n_labelled=sizes,
                seeds=[len(values) for values in macro],
                macro_f1=means,
                macro_f1_sd=[_sd(values) for values in macro],
                micro_f1=[float(np.mean(values)) for values in micro],
                micro_f1_sd=[_sd(values) for values in micro],
                area=_area(sizes, means),
                share=[float(np.mean(values)) for values in shares] if all(shares) else None,
            )
        )
    return curves


def shares_words(curves: Sequence[Curve]) -> str | None:
    """What the scores of "tuned" are made of, as a sentence; None for another classifier."""
    shares = [f"{curve.share[-1]:.2f} ({curve.strategy})" for curve in curves if curve.share]
    if not shares:
        return None
    return (
        "of the answer at the largest labelled set the trained layers have a share of "
        f"{', '.join(shares)} in the mean over seeds; the rest is the heads'"
    )


def summarise(results: Sequence[RoundResult], support: Mapping[str, int]) -> Summary:
    """Curves, comparisons and F1 a class.

    Args:
        results: the rounds of a run.
        support: test documents of each class.
    """
    curves = learning_curves(results)
    full = {result.strategy for result in results if result.is_full}
    last = {curve.strategy: curve.n_labelled[-1] for curve in curves}
    ends = [result for result in results if result.n_labelled == last[result.strategy]]
    classes = []
    for name, documents in support.items():
        f1 = {s: [r.f1[name] for r in ends if r.strategy == s] for s in last}
        means = {strategy: float(np.mean(values)) for strategy, values in f1.items()}
        spreads = {strategy: _sd(values) for strategy, values in f1.items()}
        classes.append(ClassScore(name, documents, means, spreads))
    supported = [name for name, documents in support.items() if documents >= FEWEST_DOCUMENTS]
    return Summary(
        curves=[curve for curve in curves if curve.strategy not in full],
        comparisons=compare_strategies(results),
        classes=classes,
        supported=compare_strategies(results, supported)
        if 0 < len(supported) < len(support)
        else [],
        full=next((curve for curve in curves if curve.strategy in full), None),
    )


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
        if not result.is_full:
            curve = scores.setdefault(result.strategy, {}).setdefault(result.seed, {})
            score = result.macro_f1 if classes is None else result.macro_f1_of(classes)
            curve[result.n_labelled] = score
    sizes = sorted(
        {size for seeds in scores.values() for curve in seeds.values() for size in curve}
    )
    areas: dict[str, dict[int, float]] = {}
    finals: dict[str, dict[int, float]] = {}
    for strategy, seeds in scores.items():
        whole = {seed: curve for seed, curve in seeds.items() if sorted(curve) == sizes}
        if not whole:
            continue
        areas[strategy] = {
            seed: _area(sizes, [curve[size] for size in sizes])
            for seed, curve in sorted(whole.items())
        }
        finals[strategy] = {seed: curve[sizes[-1]] for seed, curve in sorted(whole.items())}
    return areas, finals


def support_of(pool: Pool) -> dict[str, int]:
    """Test documents with known labels of each class, by name."""
    counts = pool.labels[pool.known_rows("test")].sum(axis=0)
    return dict(zip(pool.classes, counts.tolist(), strict=True))


def read_summary(folder: Path) -> Summary:
    """The summary in a run folder.

    Raises:
        RunError: there is none, or it cannot be read.
    """
    path = folder / SUMMARY
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Summary(
            curves=[Curve(**curve) for curve in values["curves"]],
            comparisons=[_read_comparison(entry) for entry in values["comparisons"]],
            classes=[ClassScore(**entry) for entry in values["classes"]],
            supported=[_read_comparison(entry) for entry in values["supported"]],
            full=None if values["full"] is None else Curve(**values["full"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise RunError(f"{path} is missing or cannot be read; run simulate again") from cause


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


def _area(sizes: Sequence[int], scores: Sequence[float]) -> float:
    """Mean of a curve by the trapezoid rule; that of one point is its score."""
    width = sizes[-1] - sizes[0]
    return float(np.trapezoid(scores, sizes)) / width if width else scores[0]


def _read_comparison(entry: Mapping[str, Any]) -> Comparison:
    values: dict[str, Any] = {
        key: Estimate(**value) if isinstance(value, dict) else value for key, value in entry.items()
    }
    return Comparison(**values)


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
