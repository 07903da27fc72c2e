"""Estimates against what is known: closed forms, all documents, and the truth of simulated pools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import beta, binom

from classemb_index.measures.estimates import (
    ClassEstimate,
    Interval,
    estimate_class,
    mean_f1,
)
from classemb_index.measures.ratios import UNSEEN, one_more
from classemb_index.measures.sample import draw, inclusion_probabilities
from classemb_index.models.f1 import f1_scores


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def of_counts(
    hits: int,
    wrong: int,
    misses: int,
    others: int,
    *,
    size: int,
    predicted: int,
    score: float = 0.0,
) -> ClassEstimate:
    """The estimate from a simple random sample with so many documents of each kind.

    The model gives all of them one probability.
    """
    kinds = [(True, True)] * hits + [(False, True)] * wrong
    kinds += [(True, False)] * misses + [(False, False)] * others
    labels, decided = np.array(kinds).T
    chance = len(kinds) / size
    chances = np.full(len(kinds), chance)
    return estimate_class(
        labels,
        decided,
        chances,
        scores=np.full(len(kinds), score),
        size=size,
        predicted=predicted,
        heaviest=1 / chance,
    )


def test_estimates_of_a_simple_random_sample_are_those_of_its_counts() -> None:
    found = of_counts(12, 4, 3, 81, size=10_000, predicted=1500)
    assert found.precision.estimate == pytest.approx(12 / 16)
    assert found.missed.estimate == pytest.approx(300)
    assert found.documents.estimate == pytest.approx(1125 + 300)
    spread = (
        12 * 4 / 16**2 * 1500**2 / (16 / 0.99 - 1)
    )  # of the found, and 3 * 100 * 99 of the missed
    for known, estimate in ((0, found.recall.estimate), (1500, (found.f1.estimate or 0) / 2)):
        others = known + 300 + 3 * 100 * 99 / (1425 + known)
        whole = 1125 + others
        assert estimate == pytest.approx(1125 / whole + others * spread / whole**3)
    assert found.prevalence.estimate == pytest.approx(0.1425)
    assert (found.n, found.positives, found.predicted) == (100, 15, 1500)


def mid_p(positives: float, size: float) -> tuple[float, float]:
    """The interval whose ends have 2.5 % beyond them, half of what is seen counted on each side."""
    one, other = beta(positives, size - positives + 1), beta(positives + 1, size - positives)
    found = [
        brentq(lambda x, p=p: (one.cdf(x) + other.cdf(x)) / 2 - p, 1e-9, 1 - 1e-9)
        for p in (0.025, 0.975)
    ]
    return found[0], found[1]


def test_precision_of_a_simple_random_sample_has_the_exact_mid_p_interval() -> None:
    found = of_counts(12, 4, 3, 81, size=100_000, predicted=50_000)
    effective = 16 / (1 - 100 / 100_000)  # the finite population
    assert ends(found.precision) == pytest.approx(mid_p(12 / 16 * effective, effective), abs=4e-3)


@pytest.mark.parametrize("right", [True, False])
def test_precision_may_be_1_where_all_were_right_and_0_where_none_was(right: bool) -> None:
    counts = (16, 0) if right else (0, 16)
    low, high = ends(of_counts(*counts, 3, 81, size=100_000, predicted=50_000).precision)
    open_end, closed_end = (low, high) if right else (1 - high, 1 - low)
    assert closed_end == 1
    n = 16 / (1 - 100 / 100_000)
    assert open_end == pytest.approx(0.05 ** (1 / n), abs=4e-3)  # open_end^n / 2 = 0.025


def test_where_no_missed_document_was_seen_there_may_be_three_by_the_rate() -> None:
    found = of_counts(20, 0, 0, 180, size=10_000, predicted=900, score=0.02)
    assert found.missed.estimate == 0 and found.missed.low == 0
    assert found.missed.high == pytest.approx(50 * np.log(20), rel=0.03)  # exp(-x / 50) / 2 = 0.025
    assert found.recall.low == pytest.approx(900 / (900 + 50 * np.log(20)), rel=0.03)
    for known, estimate in ((0, found.recall.estimate), (900, (found.f1.estimate or 0) / 2)):
        more = UNSEEN * 49**2 / (900 + known + UNSEEN * 49)
        assert estimate == pytest.approx(900 / (900 + known + more))


def test_one_more_missed_document_stands_for_those_that_the_model_expects() -> None:
    weights, scores = np.array([10.0, 10.0, 1.0]), np.array([0.5, 0.1, 0.9])
    assert one_more(weights, scores) == pytest.approx(9 * 0.6 / 1.5)
    assert one_more(weights, scores / 3) == pytest.approx(9 * 0.2)  # not one was to be drawn
    assert one_more(np.ones(3), scores) == 0  # nothing was left
    assert one_more(np.array([]), np.array([])) == 0


def test_the_mean_over_what_may_be_drawn_of_the_given_is_near_the_true_f1_and_recall() -> None:
    n, precision, missed = 6, 0.7, 400  # all that are missed are drawn, of the given 6 of 300
    chances = binom(n, precision).pmf(np.arange(n + 1))
    size, predicted = 100_000, 300
    mean, plain = np.zeros(2), np.zeros(2)
    for k, chance in enumerate(chances):
        labels = np.array([True] * k + [False] * (n - k) + [True] * missed)
        decided = np.arange(n + missed) < n
        found = estimate_class(
            labels,
            decided,
            np.where(decided, n / predicted, 1.0),
            scores=np.zeros(n + missed),
            size=size,
            predicted=predicted,
            heaviest=1.0,
        )
        hits = predicted * k / n
        mean += chance * np.array([found.recall.estimate, found.f1.estimate])
        plain += chance * np.array([hits / (hits + missed), 2 * hits / (predicted + hits + missed)])
    hits = predicted * precision
    truth = np.array([hits / (hits + missed), 2 * hits / (predicted + hits + missed)])
    assert (np.abs(mean - truth) < np.abs(plain - truth) / 3).all()
    assert (plain < truth).all()


@pytest.mark.parametrize("missed", [100, 200, 300])
def test_the_mean_over_what_may_be_drawn_of_the_missed_is_nearer_to_the_true_recall(
    missed: int,
) -> None:
    size, hits, chance = 20_000, 100, 0.01  # the given are all drawn, of the others one in 100
    others = round((size - hits) * chance)
    decided = np.arange(hits + others) < hits
    truth = hits / (hits + missed)
    mean, plain = np.zeros(2), np.zeros(2)  # error and its square
    for k in range(12):
        labels = np.arange(hits + others) < hits + k
        found = estimate_class(
            labels,
            decided,
            np.where(decided, 1.0, chance),
            scores=np.full(hits + others, missed / (size - hits)),
            size=size,
            predicted=hits,
            heaviest=1 / chance,
        )
        probability = binom(missed, chance).pmf(k)
        for errors, recall in ((mean, found.recall.estimate), (plain, hits / (hits + k / chance))):
            error = (recall or 0) - truth
            errors += probability * np.array([error, error**2])
    assert abs(mean[0]) < plain[0] / 3
    assert mean[1] < plain[1]


def test_what_was_seen_bounds_every_count() -> None:
    found = of_counts(1, 1, 0, 2, size=6, predicted=3, score=0.3)
    assert ends(found.precision) == pytest.approx((1 / 3, 2 / 3))
    assert found.missed.high <= 1
    assert found.documents.low >= 1 and found.documents.high <= 3


def test_all_documents_together_leave_nothing_open() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(50)
    labels, decided = rng.random(50) < 0.4, scores > 0.6
    found = estimate_class(
        labels,
        decided,
        np.ones(50),
        scores=scores,
        size=50,
        predicted=int(decided.sum()),
        heaviest=1.0,
    )
    f1 = f1_scores(decided[:, None], labels[:, None]).per_class[0]
    truth = {
        "precision": labels[decided].mean(),
        "recall": decided[labels].mean(),
        "f1": f1,
        "documents": labels.sum(),
        "prevalence": labels.mean(),
    }
    for name, value in truth.items():
        own = getattr(found, name)
        assert own.estimate == pytest.approx(value) and ends(own) == pytest.approx((value, value))


def test_a_class_that_is_never_given_has_an_f1_of_0_and_no_precision() -> None:
    found = of_counts(0, 0, 2, 48, size=500, predicted=0)
    assert found.precision == Interval(None, 0, 1)
    assert (found.recall, found.f1) == (Interval(0, 0, 0), Interval(0, 0, 0))
    assert found.documents.estimate == pytest.approx(20)
    assert of_counts(0, 0, 0, 50, size=500, predicted=0).recall.estimate is None


def test_where_no_given_document_was_drawn_nothing_is_known_of_precision() -> None:
    found = of_counts(0, 0, 1, 49, size=500, predicted=9)
    assert found.precision == Interval(None, 0, 1)
    assert found.f1.estimate is None and found.documents.estimate is None
    assert found.missed.estimate == pytest.approx(10)


def test_a_class_that_is_given_to_all_misses_none() -> None:
    labels = np.array([True, False, False, False])
    found = estimate_class(
        labels,
        np.ones(4, dtype=bool),
        np.full(4, 0.1),
        scores=np.full(4, 0.9),
        size=40,
        predicted=40,
        heaviest=0.0,
    )
    assert found.missed == Interval(0, 0, 0) and found.recall == Interval(1, 1, 1)


def of_f1(f1: tuple[float | None, float, float], errors: list[float]) -> ClassEstimate:
    nothing, found = Interval(None, 0, 1), Interval(*f1)
    unknown = (nothing, nothing, found, nothing, nothing, nothing)
    return ClassEstimate(9, 1, 5, *unknown, f1_errors=np.array(errors))


def test_macro_f1_adds_the_distances_to_the_ends_of_classes_that_share_no_document() -> None:
    one, other = of_f1((0.5, 0.2, 0.6), [0.1, 0]), of_f1((0.9, 0.5, 0.96), [0, 0.2])
    found = mean_f1([one, other])
    assert found.estimate == pytest.approx(0.7)
    assert ends(found) == pytest.approx((0.7 - 0.25, 0.7 + np.hypot(0.1, 0.06) / 2))
    unknown = of_f1((None, 0.2, 0.8), [0, 0])
    assert mean_f1([one, unknown]).estimate == pytest.approx(0.5)


def test_macro_f1_of_a_class_that_stands_there_twice_is_as_open_as_its_f1() -> None:
    one = of_counts(12, 4, 3, 81, size=10_000, predicted=1500)
    twice = mean_f1([one, one])
    assert (twice.estimate, *ends(twice)) == pytest.approx((one.f1.estimate, *ends(one.f1)))


def test_errors_of_single_documents_are_the_changes_of_f1() -> None:
    labels = np.array([True, False, True, False, True])
    decided = np.array([True, True, False, False, True])
    weights = np.array([4.0, 2.0, 5.0, 9.0, 3.0])

    def f1(weights: np.ndarray) -> float:
        share = weights[labels & decided].sum() / weights[decided].sum()
        return float(2 * 20 * share / (20 + 20 * share + weights[labels & ~decided].sum()))

    found = estimate_class(
        labels,
        decided,
        1 / weights,
        scores=np.zeros(5),
        size=60,
        predicted=20,
        heaviest=9.0,
    )
    step = 1e-6
    slopes = [(f1(weights + step * np.eye(5)[i]) - f1(weights)) / step for i in range(5)]
    expected = np.sqrt(weights * (weights - 1)) * slopes
    np.testing.assert_allclose(found.f1_errors, expected, atol=1e-5)


def test_totals_are_unbiased_over_every_sample_of_a_small_design() -> None:
    chances = np.array([0.5, 0.5, 1.0, 0.25, 0.75])  # Poisson: every subset can be drawn
    labels = np.array([True, False, True, True, False])
    decided = np.array([True, True, True, False, False])
    missed = 0.0
    for kept in itertools.product([False, True], repeat=5):
        own = np.array(kept)
        probability = np.prod(np.where(own, chances, 1 - chances))
        if probability:
            found = estimate_class(
                labels[own],
                decided[own],
                chances[own],
                scores=np.full(own.sum(), 0.4),
                size=5,
                predicted=3,
                heaviest=4.0,
            )
            missed += probability * (found.missed.estimate or 0)
    assert missed == pytest.approx(1)


def coverage(found: Sequence[Interval], truth: float) -> float:
    return float(np.mean([own.low <= truth <= own.high for own in found]))


@pytest.mark.parametrize("share", [0.3, 0.02])
def test_intervals_of_a_simulated_pool_hold_the_truth_as_often_as_they_say(share: float) -> None:
    rng = np.random.default_rng(3)
    labels = rng.random(3000) < share
    scores = expit(8 * (labels + 0.5 * rng.standard_normal(3000) - 1)).astype(np.float32)
    decided = scores >= 0.5
    chances = inclusion_probabilities(scores[:, None], decided[:, None], 100)
    found = [
        estimate_class(
            labels[rows],
            decided[rows],
            chances[rows],
            scores=scores[rows],
            size=3000,
            predicted=int(decided.sum()),
            heaviest=float((1 / chances[~decided]).max()),
        )
        for rows in (draw(chances, np.random.default_rng(seed)) for seed in range(300))
    ]
    hits = labels & decided
    precision, recall = hits.sum() / decided.sum(), hits.sum() / labels.sum()
    f1 = 2 * hits.sum() / (decided.sum() + labels.sum())
    for name, truth in (("precision", precision), ("recall", recall), ("f1", f1)):
        assert coverage([getattr(own, name) for own in found], truth) >= 0.92, name
    totals = [own.documents.estimate or 0 for own in found]
    error = np.std(totals) / np.sqrt(300)
    assert abs(np.mean(totals) - labels.sum()) < 3 * error
