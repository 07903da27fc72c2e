"""Estimates against what is known: closed forms, all documents, and the truth of simulated pools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta

from classemb_index.measures.estimates import ClassEstimate, Interval, estimate_class, mean_f1
from classemb_index.measures.sample import draw, inclusion_probabilities
from classemb_index.models.f1 import f1_scores


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def of_counts(
    hits: int, wrong: int, misses: int, others: int, *, size: int, predicted: int
) -> ClassEstimate:
    """The estimate from a simple random sample with so many documents of each kind."""
    kinds = [(True, True)] * hits + [(False, True)] * wrong
    kinds += [(True, False)] * misses + [(False, False)] * others
    labels, decided = np.array(kinds).T
    chance = len(kinds) / size
    chances = np.full(len(kinds), chance)
    return estimate_class(
        labels, decided, chances, size=size, predicted=predicted, heaviest=1 / chance
    )


def mid_p(positives: float, size: float) -> tuple[float, float]:
    """The interval whose ends have 2.5 % beyond them, half of what is seen counted on each side."""
    one, other = beta(positives, size - positives + 1), beta(positives + 1, size - positives)
    found = [
        brentq(lambda x, p=p: (one.cdf(x) + other.cdf(x)) / 2 - p, 1e-9, 1 - 1e-9)
        for p in (0.025, 0.975)
    ]
    return found[0], found[1]


def test_estimates_of_a_simple_random_sample_are_those_of_its_counts() -> None:
    found = of_counts(12, 4, 3, 81, size=10_000, predicted=1500)
    assert found.precision.estimate == pytest.approx(12 / 16)
    assert found.missed.estimate == pytest.approx(300)
    assert found.documents.estimate == pytest.approx(1125 + 300)
    assert found.recall.estimate == pytest.approx(1125 / 1425)
    assert found.f1.estimate == pytest.approx(2 * 1125 / (1500 + 1425))
    assert found.prevalence.estimate == pytest.approx(0.1425)
    assert (found.n, found.positives, found.predicted) == (100, 15, 1500)


def test_precision_of_a_simple_random_sample_has_the_exact_mid_p_interval() -> None:
    found = of_counts(12, 4, 3, 81, size=100_000, predicted=50_000)
    effective = 16 / (1 - 100 / 100_000)  # the finite population
    assert ends(found.precision) == pytest.approx(mid_p(12 / 16 * effective, effective), abs=4e-3)


def test_where_no_missed_document_was_seen_there_may_be_three_by_the_rate() -> None:
    found = of_counts(20, 0, 0, 180, size=10_000, predicted=900)
    assert found.missed.estimate == 0 and found.recall.estimate == 1
    assert found.missed.low == 0
    assert found.missed.high == pytest.approx(50 * np.log(20), rel=0.03)  # exp(-x / 50) / 2 = 0.025
    assert found.recall.low == pytest.approx(900 / (900 + 50 * np.log(20)), rel=0.03)


def test_what_was_seen_bounds_every_count() -> None:
    found = of_counts(1, 1, 0, 2, size=6, predicted=3)
    assert ends(found.precision) == pytest.approx((1 / 3, 2 / 3))
    assert found.missed.high <= 1
    assert found.documents.low >= 1 and found.documents.high <= 3


def test_all_documents_together_leave_nothing_open() -> None:
    rng = np.random.default_rng(0)
    labels, decided = rng.random((2, 50)) < 0.4
    predicted = int(decided.sum())
    found = estimate_class(labels, decided, np.ones(50), size=50, predicted=predicted, heaviest=1.0)
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
        labels, np.ones(4, dtype=bool), np.full(4, 0.1), size=40, predicted=40, heaviest=0.0
    )
    assert found.missed == Interval(0, 0, 0) and found.recall == Interval(1, 1, 1)


def test_macro_f1_adds_the_distances_to_the_ends_as_independent_errors() -> None:
    def one(*f1: float | None) -> ClassEstimate:
        nothing = Interval(None, 0, 1)
        found = Interval(*f1)  # type: ignore[arg-type]
        return ClassEstimate(9, 1, 5, nothing, nothing, found, nothing, nothing, nothing)

    found = mean_f1([one(0.5, 0.2, 0.6), one(0.9, 0.5, 0.96)])
    assert found.estimate == pytest.approx(0.7)
    assert ends(found) == pytest.approx((0.7 - 0.25, 0.7 + np.hypot(0.1, 0.06) / 2))
    assert mean_f1([one(0.5, 0.2, 0.6), one(None, 0.2, 0.8)]).estimate == pytest.approx(0.5)


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
                labels[own], decided[own], chances[own], size=5, predicted=3, heaviest=4.0
            )
            missed += probability * (found.missed.estimate or 0)
    assert missed == pytest.approx(1)


def coverage(found: Sequence[Interval], truth: float) -> float:
    return float(np.mean([own.low <= truth <= own.high for own in found]))


@pytest.mark.parametrize("share", [0.3, 0.02])
def test_intervals_of_a_simulated_pool_hold_the_truth_as_often_as_they_say(share: float) -> None:
    rng = np.random.default_rng(3)
    labels = rng.random(3000) < share
    scores = (labels + 0.5 * rng.standard_normal(3000)).astype(np.float32)
    decided = scores >= 1
    chances = inclusion_probabilities(scores[:, None], decided[:, None], 100)
    found = [
        estimate_class(
            labels[rows],
            decided[rows],
            chances[rows],
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
