"""Measures of strategies on rare classes, by hand: two seeds, three classes, three sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from classemb_index import RoundResult
from classemb_index.measures.rare import Reach, measure_rare, rare_scores
from classemb_index.measures.statistics import Estimate
from tests.support.rounds import scored_round

CLASSES = ("a", "b", "c")
RARE = ["b", "c"]
SECONDS = {"train": 2.0, "predict": 0.5, "select": 1.0}


def run(
    strategy: str,
    seed: int,
    f1: Mapping[int, Sequence[float]],
    first: Sequence[int] = (9, 9, 9),
    last: Sequence[int] = (9, 9, 9),
    seconds: Mapping[str, float] = SECONDS,
) -> list[RoundResult]:
    """One curve: F1 of a, b and c by size, and documents of each at the start and at the end."""
    rounds = []
    for number, (size, scores) in enumerate(f1.items()):
        counts = first if number == 0 else last
        rounds.append(
            replace(
                scored_round(
                    strategy,
                    seed,
                    size,
                    sum(scores) / len(scores),
                    f1=dict(zip(CLASSES, scores, strict=True)),
                ),
                round=number,
                labelled_counts=dict(zip(CLASSES, counts, strict=True)),
                seconds=dict(seconds),
            )
        )
    return rounds


def flat(strategy: str, seed: int, *scores: float) -> list[RoundResult]:
    """A curve over sizes 100, 150, ... whose classes all have the same F1."""
    return run(strategy, seed, {100 + 50 * i: [score] * 3 for i, score in enumerate(scores)})


# macro-F1 .2 .4 .6 and .1 .2 .3
RANDOM = [
    *run(
        "random",
        0,
        {100: (0.6, 0.0, 0.0), 150: (0.6, 0.3, 0.3), 250: (0.6, 0.6, 0.6)},
        (50, 2, 0),
        (120, 5, 0),
    ),
    *run(
        "random",
        1,
        {100: (0.3, 0.0, 0.0), 150: (0.6, 0.0, 0.0), 250: (0.6, 0.3, 0.0)},
        (60, 0, 1),
        (150, 4, 3),
    ),
]
# macro-F1 .2 .6 .8 and .1 .2 .25
PORTFOLIO = [
    *run(
        "portfolio",
        0,
        {100: (0.6, 0.0, 0.0), 150: (0.6, 0.6, 0.6), 250: (0.9, 0.6, 0.9)},
        (50, 2, 0),
        (90, 30, 12),
        {"train": 1.0, "predict": 0.25, "select": 4.0},
    ),
    *run(
        "portfolio",
        1,
        {100: (0.3, 0.0, 0.0), 150: (0.6, 0.0, 0.0), 250: (0.3, 0.3, 0.15)},
        (60, 0, 1),
        (140, 0, 5),
        {"train": 3.0, "predict": 0.75, "select": 0.0},
    ),
]


def close(found: Estimate, mean: float, seeds: int = 2) -> bool:
    return found.mean == pytest.approx(mean) and found.seeds == seeds


def test_areas_and_final_scores_over_all_and_over_the_rare_classes_by_hand() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    assert (random.strategy, portfolio.strategy) == ("random", "portfolio")
    # trapezoids of width 50 and 100 over 150: macro-F1, then the mean of b and c
    assert close(random.area, ((15 + 50) + (7.5 + 25)) / 2 / 150)
    assert close(portfolio.area, ((20 + 70) + (7.5 + 22.5)) / 2 / 150)
    assert close(random.rare_area, ((7.5 + 45) + (0 + 7.5)) / 2 / 150)
    assert close(portfolio.rare_area, ((15 + 67.5) + (0 + 11.25)) / 2 / 150)
    assert close(random.final, (0.6 + 0.3) / 2) and close(portfolio.final, (0.8 + 0.25) / 2)
    assert close(random.rare_final, (0.6 + 0.15) / 2)
    assert close(portfolio.rare_final, (0.75 + 0.225) / 2)


def test_found_counts_the_labels_of_rare_classes_that_were_added() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    assert close(random.found, ((5 - 2 + 0) + (4 - 0 + 3 - 1)) / 2)
    assert close(portfolio.found, ((30 - 2 + 12) + (0 + 5 - 1)) / 2)


def test_never_seen_counts_the_classes_without_a_labelled_document_at_the_end() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    assert close(random.never_seen, (1 + 0) / 2)  # c with seed 0
    assert close(portfolio.never_seen, (0 + 1) / 2)  # b with seed 1
    # a frequent class that nobody saw counts too
    (only,) = measure_rare(run("dal", 0, {100: (0, 0, 0)}, (0, 3, 0)), RARE)
    assert close(only.never_seen, 2, 1)


def test_seconds_are_the_mean_of_a_round() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    assert random.seconds == SECONDS
    assert portfolio.seconds == {"train": 2.0, "predict": 0.5, "select": 2.0}


def test_differences_are_paired_by_seed_and_have_the_sign_of_who_is_ahead() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    difference = ((90 - 65) + (30 - 32.5)) / 2 / 150
    rare_difference = ((82.5 - 52.5) + (11.25 - 7.5)) / 2 / 150
    assert list(random.differences) == ["portfolio"] and list(portfolio.differences) == ["random"]
    assert close(portfolio.differences["random"], difference)
    assert close(random.differences["portfolio"], -difference)
    assert close(portfolio.rare_differences["random"], rare_difference)
    assert close(random.rare_differences["portfolio"], -rare_difference)


def test_differences_of_five_seeds_have_an_interval_narrower_than_the_scores() -> None:
    scores = [0.1, 0.9, 0.2, 0.8, 0.5]
    results = [r for seed, x in enumerate(scores) for r in flat("random", seed, x)]
    results += [r for seed, x in enumerate(scores) for r in flat("portfolio", seed, x + 0.05)]
    _, portfolio = measure_rare(results, RARE)
    assert portfolio.area.high - portfolio.area.low > 0.3
    found = portfolio.differences["random"]
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))


def test_labels_to_reach_are_the_first_size_at_which_a_baselines_end_is_reached() -> None:
    random, portfolio = measure_rare([*RANDOM, *PORTFOLIO], RARE)
    # seed 0: .6 at 150; with seed 1 .3 is never reached
    assert portfolio.reach == {"random": Reach(150.0, 1, 2)}
    assert random.reach == {}  # no baseline is compared with itself


def test_labels_to_reach_are_the_median_over_the_seeds_that_reach_it() -> None:
    results = [r for seed in range(4) for r in flat("uncertainty", seed, 0.1, 0.2, 0.3, 0.5)]
    results += flat("portfolio", 0, 0.5, 0.1, 0.1, 0.1)  # at 100, whatever comes later
    results += flat("portfolio", 1, 0.1, 0.6, 0.7, 0.8)  # at 150
    results += flat("portfolio", 2, 0.1, 0.2, 0.3, 0.5)  # at 250, where it is equal
    results += flat("portfolio", 3, 0.1, 0.2, 0.3, 0.4)  # never
    _, portfolio = measure_rare(results, RARE)
    assert portfolio.reach == {"uncertainty": Reach(150.0, 3, 4)}
    two = [r for r in results if r.seed in (0, 1)]
    assert measure_rare(two, RARE)[1].reach == {"uncertainty": Reach(125.0, 2, 2)}


def test_what_no_seed_reaches_has_no_labels_to_reach() -> None:
    results = [r for seed in range(3) for r in flat("max-uncertainty", seed, 0.1, 0.9)]
    results += [r for seed in range(3) for r in flat("dal", seed, 0.1, 0.8)]
    _, dal = measure_rare(results, RARE)
    assert dal.reach == {"max-uncertainty": Reach(None, 0, 3)}


def test_all_three_baselines_are_to_be_reached_and_no_other_strategy() -> None:
    results = [
        *flat("random", 0, 0.1, 0.2),
        *flat("uncertainty", 0, 0.1, 0.4),
        *flat("max-uncertainty", 0, 0.1, 0.6),
        *flat("cvirs", 0, 0.5, 0.5),
    ]
    random, uncertainty, most, cvirs = measure_rare(results, RARE)
    assert cvirs.reach == {
        "random": Reach(100.0, 1, 1),
        "uncertainty": Reach(100.0, 1, 1),
        "max-uncertainty": Reach(None, 0, 1),
    }
    assert set(random.reach) == {"uncertainty", "max-uncertainty"}
    assert set(uncertainty.reach) == {"random", "max-uncertainty"}
    assert set(most.reach) == {"random", "uncertainty"}


def test_seeds_are_compared_where_both_have_them() -> None:
    results = [
        *flat("random", 0, 0.1, 0.2),
        *flat("random", 1, 0.1, 0.4),
        *flat("portfolio", 1, 0.4, 0.5),
        *flat("portfolio", 2, 0.9, 0.9),
    ]
    _, portfolio = measure_rare(results, RARE)
    assert close(portfolio.area, (0.45 + 0.9) / 2)
    assert portfolio.reach == {"random": Reach(100.0, 1, 1)}
    assert close(portfolio.differences["random"], 0.45 - 0.25, 1)


def test_without_a_seed_in_common_there_is_nothing_to_compare() -> None:
    _, portfolio = measure_rare([*flat("random", 0, 0.1), *flat("portfolio", 1, 0.4)], RARE)
    assert portfolio.reach == {"random": Reach(None, 0, 0)}
    assert (portfolio.differences, portfolio.rare_differences) == ({}, {})


def test_a_seed_whose_curve_is_not_complete_is_left_out_of_every_measure() -> None:
    cut = run("portfolio", 2, {100: (0, 0, 0)}, (0, 0, 0), (0, 0, 0), {**SECONDS, "train": 99.0})
    assert measure_rare([*RANDOM, *PORTFOLIO, *cut], RARE) == measure_rare(
        [*RANDOM, *PORTFOLIO], RARE
    )


def test_rounds_may_come_in_any_order_and_the_whole_train_split_is_no_strategy() -> None:
    results = [*RANDOM, *PORTFOLIO]
    full = run("full", 0, {5000: (0.9, 0.9, 0.9)})
    assert measure_rare([*full, *results], RARE) == measure_rare(results, RARE)
    turned = measure_rare(results[::-1], RARE)
    assert [measure.strategy for measure in turned] == ["portfolio", "random"]
    assert [m.found for m in turned[::-1]] == [m.found for m in measure_rare(results, RARE)]
    assert turned[0].reach == {"random": Reach(150.0, 1, 2)}


def test_rare_scores_are_the_same_rounds_with_the_mean_f1_of_the_rare_classes() -> None:
    full = run("full", 0, {5000: (0.9, 0.9, 0.9)})
    found = rare_scores([*PORTFOLIO, *full], RARE)
    scores = [0, 0.6, 0.75, 0, 0, 0.225]
    assert [result.macro_f1 for result in found] == pytest.approx(scores)
    assert [replace(result, macro_f1=0) for result in found] == [
        replace(result, macro_f1=0) for result in PORTFOLIO
    ]
    assert PORTFOLIO[1].macro_f1 == pytest.approx(0.6)  # what was given stays
