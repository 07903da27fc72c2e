"""The sample for measurement: each document has exactly its chance, and rare classes get theirs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from classemb_index.measures.sample import (
    draw,
    inclusion_probabilities,
    information,
    proportional,
    systematic,
)

CHANCES = np.array([0.5, 0.3, 0.9, 0.7, 0.6])  # 3 documents


def every_sample(chances: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """All samples of a list, each with its probability: between two breaks all starts give one."""
    breaks = np.unique(np.concatenate([[0, 1], np.cumsum(chances) % 1]).round(12))
    return [
        (float(high - low), systematic(chances, float(low + high) / 2))
        for low, high in pairwise(breaks)
    ]


def test_each_document_is_drawn_with_exactly_its_probability() -> None:
    drawn = np.zeros(len(CHANCES))
    for probability, sample in every_sample(CHANCES):
        assert len(sample) == len(set(sample.tolist())) == 3
        drawn[sample] += probability
    np.testing.assert_allclose(drawn, CHANCES)


def test_weighted_sums_over_all_samples_have_the_true_total_as_their_mean() -> None:
    has_class = np.array([1, 0, 0, 1, 1])
    mean = sum(p * np.sum(has_class[s] / CHANCES[s]) for p, s in every_sample(CHANCES))
    assert mean == pytest.approx(3)


def test_a_draw_has_as_many_distinct_documents_as_its_probabilities_sum_to() -> None:
    rng = np.random.default_rng(0)
    chances = proportional(rng.random(500) ** 4 + 1e-3, 80)
    counts = np.zeros(500)
    for seed in range(2000):
        rows = draw(chances, np.random.default_rng(seed))
        assert len(np.unique(rows)) == len(rows) == 80
        counts[rows] += 1
    error = np.sqrt(chances * (1 - chances) / 2000)
    assert (np.abs(counts / 2000 - chances) <= 5 * error + 1e-9).all()


def test_a_draw_is_in_random_order_and_the_same_for_one_seed() -> None:
    chances = np.full(40, 0.5)
    first, again = (draw(chances, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not (np.diff(first) > 0).all()


def test_what_would_be_more_than_certain_is_certain_and_the_rest_is_in_proportion() -> None:
    np.testing.assert_allclose(proportional(np.array([10.0, 1, 1, 2]), 3), [1, 0.5, 0.5, 1])
    np.testing.assert_allclose(proportional(np.array([1.0, 2, 3]), 3), [1, 1, 1])


def test_beyond_the_threshold_information_falls_as_one_by_the_rank() -> None:
    scores = np.linspace(1, 0, 200, dtype=np.float32)[:, None]
    told = information(scores, np.arange(200)[:, None] < 20)
    assert np.ptp(told[:20]) == 0 and told[0] > told[20]
    np.testing.assert_allclose(told[39] / told[159], 160 / 40)


def test_a_document_that_tells_of_a_rare_class_tells_more_than_one_of_a_frequent_class() -> None:
    scores = np.zeros((1000, 2), dtype=np.float32)
    scores[:400, 0], scores[990:, 1] = 0.9, 0.9
    chances = inclusion_probabilities(scores, scores > 0.5, 60)
    assert chances[990:].min() > 10 * chances[:400].max()
    assert chances.sum() == pytest.approx(60) and chances.max() <= 1
    assert chances.min() >= 0.5 * 60 / 1000 * 0.99  # the part that is spread evenly


def test_without_a_class_every_document_has_the_same_probability() -> None:
    nothing = np.zeros((8, 0), dtype=np.float32)
    np.testing.assert_allclose(inclusion_probabilities(nothing, nothing > 0, 2), 0.25)


def test_a_sample_of_all_documents_is_certain() -> None:
    scores = np.random.default_rng(0).random((30, 2)).astype(np.float32)
    np.testing.assert_array_equal(inclusion_probabilities(scores, scores > 0.5, 30), 1)
