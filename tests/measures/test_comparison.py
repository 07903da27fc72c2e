"""Areas, intervals, paired differences to random, and what they let a reader say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest

from classemb_index import RoundResult, compare_strategies
from classemb_index.measures.curves import Comparison, seed_scores
from classemb_index.measures.statistics import Estimate, estimate, paired
from tests.support.rounds import scored_round

# numbers without a pattern, one a seed
SCATTERED = [0.41, 0.52, 0.37, 0.66, 0.48, 0.59, 0.44, 0.71, 0.50, 0.39]


def rounds(strategy: str, seed: int, curve: Mapping[int, float]) -> list[RoundResult]:
    """One cell: the macro-F1 at each size of the labelled set."""
    return [scored_round(strategy, seed, size, score) for size, score in curve.items()]


def one_size(**scores: Sequence[float]) -> list[RoundResult]:
    """Curves of one size: a score a seed for each strategy, seeds from 0."""
    return [
        result
        for strategy, values in scores.items()
        for seed, value in enumerate(values)
        for result in rounds(strategy, seed, {100: value})
    ]


def by_hand(values: Sequence[float]) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean in plain NumPy, from a seed of its own."""
    rng = np.random.default_rng(99)
    means = rng.choice(values, (40_000, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def close(found: Estimate | None, mean: float, seeds: int) -> bool:
    return found is not None and found.mean == pytest.approx(mean) and found.seeds == seeds


def test_an_estimate_is_the_mean_and_how_many_seeds() -> None:
    assert close(estimate([0.2, 0.4, 0.9]), 0.5, 3)
    assert close(estimate([0.2, 0.4, 0.9, 0.1, 0.4]), 0.4, 5)


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_below_five_seeds_there_is_no_interval(seeds: int) -> None:
    found = estimate(SCATTERED[:seeds])
    assert (found.low, found.high, found.excludes_zero) == (None, None, False)


def test_the_interval_is_a_percentile_bootstrap_of_the_mean() -> None:
    found = estimate(SCATTERED)
    # the ends scatter by about 0.001 over 10,000 resamples
    assert (found.low, found.high) == pytest.approx(by_hand(SCATTERED), abs=0.005)
    assert found.low < found.mean < found.high


def test_the_interval_of_five_seeds_leaves_out_a_fortieth_of_all_resamples_on_each_side() -> None:
    found = estimate(SCATTERED[:5])
    means = np.array([np.mean(resample) for resample in product(SCATTERED[:5], repeat=5)])
    assert len(means) == 3125
    beyond = [(means < found.low - 1e-9).mean(), (means > found.high + 1e-9).mean()]
    up_to = [(means < found.low + 1e-9).mean(), (means > found.high - 1e-9).mean()]
    assert max(beyond) < 0.025 + 0.005 and min(up_to) > 0.025 - 0.005


def test_the_same_values_give_the_same_interval() -> None:
    assert estimate(SCATTERED) == estimate(SCATTERED)


def test_an_interval_is_narrower_with_more_seeds() -> None:
    few, many = estimate(SCATTERED), estimate(SCATTERED * 4)
    assert many.high - many.low < 0.6 * (few.high - few.low)  # a half, by the square root of 4


@pytest.mark.parametrize("value", [0.25, 0.1, 0.0])
@pytest.mark.parametrize("seeds", [5, 7, 20])
def test_equal_values_have_an_interval_without_width(value: float, seeds: int) -> None:
    found = estimate([value] * seeds)
    assert (found.low, found.mean, found.high) == pytest.approx((value,) * 3, abs=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [
        (0.1, 0.2, True),
        (-0.2, -0.1, True),
        (-0.1, 0.2, False),
        (0.0, 0.2, False),
        (-0.2, 0.0, False),
        (None, None, False),
    ],
)
def test_an_interval_excludes_zero_when_it_lies_on_one_side_of_it(
    low: float | None, high: float | None, excludes: bool
) -> None:
    assert Estimate(0.1, low, high, 5).excludes_zero is excludes


@pytest.mark.parametrize(
    ("found", "text", "signed"),
    [
        (Estimate(0.5, 0.25, 0.75, 5), "0.500 [0.250, 0.750]", "+0.500 [+0.250, +0.750]"),
        (Estimate(-0.01, -0.03, 0.01, 9), "-0.010 [-0.030, 0.010]", "-0.010 [-0.030, +0.010]"),
        (Estimate(0.5, None, None, 4), "0.500", "+0.500"),
    ],
)
def test_an_estimate_in_words_has_its_interval_where_there_is_one(
    found: Estimate, text: str, signed: str
) -> None:
    assert (found.text(), found.text("+")) == (text, signed)


def test_area_final_and_their_differences_by_hand() -> None:
    results = [
        *rounds("random", 0, {100: 0.2, 150: 0.4, 250: 0.6}),
        *rounds("random", 1, {100: 0.0, 150: 0.4, 250: 0.4}),
        *rounds("cvirs", 0, {100: 0.2, 150: 0.6, 250: 0.8}),
        *rounds("cvirs", 1, {100: 0.0, 150: 0.2, 250: 0.5}),
    ]
    random, cvirs = compare_strategies(results)
    # trapezoids of width 50 and 100 over 150; random: (15 + 50) and (10 + 40)
    assert close(random.area, (65 + 50) / 2 / 150, 2)
    assert close(random.final, 0.5, 2)
    assert (random.area_difference, random.final_difference, random.verdict) == (None, None, None)
    # cvirs: (20 + 70) and (5 + 35)
    assert close(cvirs.area, (90 + 40) / 2 / 150, 2)
    assert close(cvirs.final, 0.65, 2)
    assert close(cvirs.area_difference, ((90 - 65) + (40 - 50)) / 2 / 150, 2)
    assert close(cvirs.final_difference, (0.2 + 0.1) / 2, 2)
    assert cvirs.verdict is None  # two seeds have no interval


def test_the_area_of_one_size_is_its_score() -> None:
    (random,) = compare_strategies(one_size(random=[0.3, 0.5]))
    assert close(random.area, 0.4, 2) and close(random.final, 0.4, 2)


def test_rounds_may_come_in_any_order() -> None:
    results = [
        *rounds("random", 0, {100: 0.2, 150: 0.4, 250: 0.6}),
        *rounds("random", 1, {100: 0.1, 150: 0.3, 250: 0.4}),
    ]
    shuffled = [results[i] for i in np.random.default_rng(0).permutation(len(results))]
    assert compare_strategies(shuffled) == compare_strategies(results)


def test_differences_are_taken_between_runs_of_the_same_seed() -> None:
    scores = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7]
    _, dal = compare_strategies(one_size(random=scores, dal=[score + 0.05 for score in scores]))
    # the scores scatter, their differences do not
    assert dal.area.high - dal.area.low > 0.3
    assert (dal.area_difference.low, dal.area_difference.high) == pytest.approx((0.05, 0.05))


def test_differences_are_of_the_seeds_that_both_have() -> None:
    results = [
        *rounds("random", 0, {100: 0.5}),
        *rounds("random", 1, {100: 0.1}),
        *rounds("dal", 2, {100: 0.9}),
        *rounds("dal", 1, {100: 0.4}),
    ]
    random, dal = compare_strategies(results)
    assert close(random.area, 0.3, 2)
    assert close(dal.area, 0.65, 2)
    assert close(dal.area_difference, 0.3, 1) and close(dal.final_difference, 0.3, 1)


def test_without_a_common_seed_there_is_no_difference() -> None:
    results = [*rounds("random", 0, {100: 0.5}), *rounds("dal", 1, {100: 0.9})]
    _, dal = compare_strategies(results)
    assert (dal.area_difference, dal.final_difference, dal.verdict) == (None, None, None)


def test_without_random_there_are_no_differences() -> None:
    cvirs, dal = compare_strategies(one_size(cvirs=SCATTERED, dal=[0.9] * 10))
    for found in (cvirs, dal):
        assert found.area.low is not None
        assert (found.area_difference, found.final_difference, found.verdict) == (None, None, None)


def test_a_seed_whose_curve_is_not_complete_is_left_out() -> None:
    results = [
        *rounds("random", 0, {100: 0.2, 150: 0.4}),
        *rounds("random", 1, {100: 0.9}),  # interrupted
        *rounds("dal", 0, {100: 0.2, 150: 0.6}),
        *rounds("dal", 1, {100: 0.9, 150: 0.9}),
    ]
    random, dal = compare_strategies(results)
    assert close(random.area, 0.3, 1) and close(random.final, 0.4, 1)
    assert close(dal.area, (0.4 + 0.9) / 2, 2)
    assert close(dal.area_difference, 0.1, 1) and close(dal.final_difference, 0.2, 1)


def test_a_strategy_without_a_complete_curve_is_left_out() -> None:
    results = [*rounds("random", 0, {100: 0.2, 150: 0.4}), *rounds("dal", 0, {100: 0.9})]
    (random,) = compare_strategies(results)
    assert random.strategy == "random"


def test_while_random_has_no_complete_curve_there_are_no_differences() -> None:
    results = [*rounds("random", 0, {100: 0.2}), *rounds("dal", 0, {100: 0.9, 150: 0.9})]
    (dal,) = compare_strategies(results)
    assert (dal.strategy, dal.area_difference, dal.verdict) == ("dal", None, None)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.1, 0.2, 0.1, 0.3, 0.2], "above random"),
        ([-0.1, -0.2, -0.1, -0.3, -0.2], "below random"),
        ([0.1, -0.2, 0.1, -0.1, 0.1], "undecided"),
        ([0.0, 0.0, 0.0, 0.0, 0.0], "undecided"),
        ([0.1, 0.2, 0.1, 0.3], None),  # four seeds: no interval
    ],
)
def test_the_verdict_is_the_side_of_zero_on_which_the_interval_lies(
    differences: list[float], verdict: str | None
) -> None:
    random = [0.4] * len(differences)
    _, dal = compare_strategies(
        one_size(random=random, dal=[0.4 + difference for difference in differences])
    )
    assert dal.verdict == verdict
    assert close(dal.area_difference, sum(differences) / len(differences), len(differences))


def test_the_verdict_is_the_areas_and_not_the_final_scores() -> None:
    results = []
    for seed in range(5):
        results += rounds("random", seed, {100: 0.2, 200: 0.4})
        results += rounds("dal", seed, {100: 0.6, 200: 0.3})
    _, dal = compare_strategies(results)
    assert close(dal.area_difference, 0.15, 5) and close(dal.final_difference, -0.1, 5)
    assert dal.verdict == "above random"


def test_training_on_the_whole_train_split_is_no_strategy_to_compare() -> None:
    results = one_size(random=[0.3, 0.5], dal=[0.4, 0.6])
    full = [r for seed in (0, 1) for r in rounds("full", seed, {5000: 0.9})]
    assert compare_strategies([*full, *results]) == compare_strategies(results)
    assert compare_strategies(full) == []


def test_strategies_come_in_the_order_in_which_they_first_occur() -> None:
    for names in (["random", "dal", "cvirs"], ["cvirs", "random", "dal"]):
        found = compare_strategies(one_size(**{name: [0.1, 0.2] for name in names}))
        assert [comparison.strategy for comparison in found] == names
    assert compare_strategies([]) == []


def test_over_some_classes_the_mean_of_their_f1_takes_the_place_of_macro_f1() -> None:
    results = [
        scored_round("random", 0, 100, 0.9, f1={"a": 0.1, "b": 0.3, "c": 0.8}),
        scored_round("random", 0, 200, 0.9, f1={"a": 0.3, "b": 0.5, "c": 0.8}),
        scored_round("dal", 0, 100, 0.9, f1={"a": 0.5, "b": 0.3, "c": 0.1}),
        scored_round("dal", 0, 200, 0.9, f1={"a": 0.7, "b": 0.5, "c": 0.1}),
    ]
    random, dal = compare_strategies(results, ["a", "b"])
    assert close(random.area, (0.2 + 0.4) / 2, 1) and close(random.final, 0.4, 1)
    assert close(dal.area, (0.4 + 0.6) / 2, 1) and close(dal.final, 0.6, 1)
    assert close(dal.area_difference, 0.2, 1) and close(dal.final_difference, 0.2, 1)
    assert close(compare_strategies(results)[0].area, 0.9, 1)


def test_comparisons_with_random_do_not_depend_on_the_other_strategies() -> None:
    alone = compare_strategies(one_size(random=SCATTERED, dal=SCATTERED[::-1]))
    beside = compare_strategies(one_size(random=SCATTERED, cvirs=[0.5] * 10, dal=SCATTERED[::-1]))
    assert [c for c in beside if c.strategy != "cvirs"] == alone
    assert all(isinstance(c, Comparison) for c in beside)


def test_seed_scores_are_each_seeds_area_and_final_score() -> None:
    results = [
        *rounds("dal", 7, {100: 0.2, 150: 0.6, 250: 0.8}),
        *rounds("dal", 3, {100: 0.0, 150: 0.2, 250: 0.5}),
        *rounds("random", 3, {100: 0.2, 150: 0.4, 250: 0.6}),
        *rounds("random", 4, {100: 0.9, 150: 0.9}),  # interrupted
        *rounds("cvirs", 3, {100: 0.9}),  # interrupted, and its only seed
        *rounds("full", 0, {5000: 0.9}),
    ]
    areas, finals = seed_scores(results)
    assert list(areas) == list(finals) == ["dal", "random"]
    assert list(areas["dal"]) == list(finals["dal"]) == [3, 7]
    # trapezoids of width 50 and 100 over 150
    assert areas["dal"] == pytest.approx({3: (5 + 35) / 150, 7: (20 + 70) / 150})
    assert areas["random"] == pytest.approx({3: (15 + 50) / 150})
    assert finals == {"dal": {3: 0.5, 7: 0.8}, "random": {3: 0.6}}


def test_seed_scores_over_some_classes_are_of_the_mean_of_their_f1() -> None:
    results = [
        scored_round("dal", 0, 100, 0.9, f1={"a": 0.1, "b": 0.3, "c": 0.8}),
        scored_round("dal", 0, 200, 0.9, f1={"a": 0.3, "b": 0.5, "c": 0.8}),
    ]
    areas, finals = seed_scores(results, ["a", "b"])
    assert areas["dal"] == pytest.approx({0: 0.3}) and finals["dal"] == pytest.approx({0: 0.4})
    assert seed_scores(results)[0]["dal"] == pytest.approx({0: 0.9})


def test_paired_is_the_first_minus_the_second_over_the_seeds_in_common() -> None:
    found = paired({1: 0.5, 2: 0.9, 3: 0.4}, {3: 0.1, 0: 0.7, 1: 0.4})
    assert close(found, ((0.5 - 0.4) + (0.4 - 0.1)) / 2, 2)
    assert paired({1: 0.5}, {2: 0.5}) is None
    assert paired({}, {}) is None


def test_paired_differences_of_five_seeds_have_an_interval() -> None:
    first = dict(enumerate(SCATTERED[:5]))
    second = {seed: score - 0.25 for seed, score in first.items()}
    found = paired(first, second)
    assert (found.low, found.mean, found.high) == pytest.approx((0.25,) * 3)
