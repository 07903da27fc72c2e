"""Calibration and thresholds: compared with scikit-learn, and with numbers to check by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _sigmoid_calibration as sklearn_platt  # its Platt scaling
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score

from classemb_index.models.calibration import (
    FEW,
    best_threshold,
    calibrate,
    platt,
    reliability,
)


def scored(seed: int, m: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, m).astype(np.float32)
    return scores, rng.random(m) < 1 / (1 + np.exp(-(1.5 * scores - 2)))


@pytest.mark.parametrize("seed", range(4))
def test_slope_and_offset_are_those_of_scikit_learns_platt_scaling(seed: int) -> None:
    scores, has_class = scored(seed)
    slope, offset = platt(scores, has_class)
    a, b = sklearn_platt(scores.astype(np.float64), has_class.astype(np.float64))
    assert (slope, offset) == pytest.approx((-a, -b), abs=2e-3)


def test_a_slope_is_never_negative() -> None:
    slope, offset = platt(np.array([3, 2, -1, -2], np.float32), np.array([0, 0, 1, 1], bool))
    assert slope == 0
    assert offset == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_no_threshold_has_a_higher_f1_than_the_best_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, 12, 60).astype(np.float32) / 12  # with ties
    has_class = rng.random(60) < 0.3 + 0.4 * probabilities
    found = f1_score(has_class, probabilities >= best_threshold(probabilities, has_class))
    cuts = [*np.unique(probabilities), *(np.unique(probabilities) + 1e-3), 0.0]
    assert found == max(f1_score(has_class, probabilities >= t, zero_division=0) for t in cuts)


def test_a_classifier_that_tells_no_documents_apart_does_not_decide_for_all_of_them() -> None:
    assert best_threshold(np.full(5, 0.2), np.array([1, 0, 0, 0, 0], bool)) == 0.5


def test_a_threshold_lies_half_way_between_two_probabilities() -> None:
    probabilities = np.array([0.9, 0.7, 0.3, 0.1], dtype=np.float32)
    assert best_threshold(probabilities, np.array([1, 1, 0, 0], bool)) == pytest.approx(0.5)
    # of all positives the lowest is the last document: half way to nothing
    assert best_threshold(probabilities, np.array([1, 1, 1, 1], bool)) == pytest.approx(0.05)


def test_a_class_with_few_positives_borrows_the_slope_and_keeps_its_share() -> None:
    scores, has_class = scored(0)
    rare = np.zeros_like(has_class)
    rare[np.argsort(-scores)[: FEW - 1]] = True
    both, labels = np.stack([scores, scores], axis=1), np.stack([has_class, rare], axis=1)
    found = calibrate(both, labels, np.ones_like(labels))
    assert found.slopes[1] == found.slopes[0]
    mean = found.probabilities(both)[:, 1].mean()
    assert mean == pytest.approx((FEW - 1 + 1) / (200 + 2), rel=1e-3)


def test_a_class_that_is_not_scored_is_decided_at_one_half() -> None:
    labels = np.array([[True], [False], [False]])
    found = calibrate(np.full((3, 1), np.nan, np.float32), labels, np.ones_like(labels))
    assert (found.thresholds[0], found.slopes[0]) == (0.5, 1)
    assert found.probabilities(np.zeros((1, 1), np.float32))[0, 0] == pytest.approx(2 / 5)


def test_unknown_cells_change_nothing() -> None:
    scores, has_class = scored(1)
    labels, known = has_class[:, None], np.ones((200, 1), dtype=bool)
    known[::3] = False
    first = calibrate(scores[:, None], labels, known)
    second = calibrate(scores[:, None], labels ^ ~known, known)
    np.testing.assert_array_equal(first.slopes, second.slopes)
    np.testing.assert_array_equal(first.thresholds, second.thresholds)


def test_a_reliability_table_is_scikit_learns_curve() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(500).astype(np.float32)
    has_class = rng.random(500) < probabilities**2
    table = reliability(probabilities, has_class)
    shares, means = calibration_curve(has_class, probabilities, n_bins=10)
    np.testing.assert_allclose([row.share for row in table], shares)
    np.testing.assert_allclose([row.mean for row in table], means, rtol=1e-5)
    assert sum(row.n for row in table) == 500


def test_empty_bins_are_left_out_and_1_is_in_the_last_one() -> None:
    table = reliability(np.array([0.05, 1.0], np.float32), np.array([False, True]))
    assert [(row.low, row.high, row.n, row.share) for row in table] == [
        (0.0, 0.1, 1, 0.0),
        (0.9, 1.0, 1, 1.0),
    ]
