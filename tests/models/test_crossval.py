"""Nested cross-validation: figures as scikit-learn counts them, and nothing leaks from a fold."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from classemb_index.models.calibration import calibrate
from classemb_index.models.crossval import (
    class_figures,
    cross_validate,
    trainings,
)

K = 4


def drawn(seed: int) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Scores of every training, labels, known cells and folds of 80 documents and 3 classes."""
    rng = np.random.default_rng(seed)
    labels, known = rng.random((80, 3)) < 0.4, rng.random((80, 3)) < 0.9
    folds = np.arange(80) % K
    scores = {
        left: (2 * labels - 1 + rng.normal(0, 1.5, (80, 3))).astype(np.float32)
        for left in trainings(K)
    }
    return scores, labels, known, folds


def checked(seed: int, **changed: np.ndarray):
    scores, labels, known, folds = drawn(seed)
    given = {"labels": labels, "known": known, **changed}
    groups, rng = np.arange(80), np.random.default_rng(0)
    return cross_validate(scores, given["labels"], given["known"], folds, groups, rng)


def test_trainings_leave_out_every_fold_and_every_two() -> None:
    assert list(trainings(3)) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_a_fold_is_decided_by_a_rule_of_models_that_have_not_seen_it(seed: int) -> None:
    scores, labels, known, folds = drawn(seed)
    found = checked(seed)
    for f in range(K):
        rows = [i for i in range(80) if folds[i] != f]
        inner = np.array([scores[tuple(sorted((f, int(folds[i]))))][i] for i in rows])
        rule = calibrate(inner, labels[rows], known[rows])
        outer = scores[(f,)][folds == f]
        np.testing.assert_array_equal(found.probabilities[folds == f], rule.probabilities(outer))
        np.testing.assert_array_equal(
            found.decided[folds == f], rule.probabilities(outer) >= rule.thresholds
        )


def test_labels_of_a_fold_change_no_decision_in_it() -> None:
    _, labels, _, folds = drawn(0)
    other = labels.copy()
    other[folds == 2] ^= True
    np.testing.assert_array_equal(
        checked(0).decided[folds == 2], checked(0, labels=other).decided[folds == 2]
    )


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_scikit_learns_over_known_cells(seed: int) -> None:
    _, labels, known, _ = drawn(seed)
    found = checked(seed)
    for c in range(3):
        own = known[:, c]
        expected = precision_recall_fscore_support(
            labels[own, c], found.decided[own, c], average="binary", zero_division=0
        )[:3]
        figures = found.figures[c]
        assert [figure.value for figure in figures] == pytest.approx(expected)
        assert all(figure.low <= figure.value <= figure.high for figure in figures)


def test_a_class_whose_positives_are_in_one_fold_has_no_figures() -> None:
    scores, labels, known, folds = drawn(0)
    labels[:, 2] = folds == 1
    for left in [(1,), *(pair for pair in combinations(range(K), 2) if 1 in pair)]:
        scores[left][:, 2] = np.nan
    groups, rng = np.arange(80), np.random.default_rng(0)
    found = cross_validate(scores, labels, known, folds, groups, rng)
    assert found.figures[2] is None and found.figures[0] is not None
    mean = np.mean([found.figures[c].f1.value for c in range(2)])
    assert found.macro_f1 == pytest.approx(mean)


def test_all_right_of_few_is_no_certainty() -> None:
    labels = np.zeros((40, 1), dtype=bool)
    labels[:4] = True
    (found,) = class_figures(
        labels, labels, np.ones_like(labels), np.arange(40), np.random.default_rng(0)
    )
    low = binomtest(4, 4).proportion_ci(0.95, method="wilson").low
    assert found.recall == pytest.approx((1, low, 1))
    assert found.precision == found.recall
    assert found.f1 == pytest.approx((1, 2 * low / (1 + low), 1))


def test_nothing_decided_says_nothing_of_precision() -> None:
    labels = np.eye(10, 1, dtype=bool)
    (found,) = class_figures(
        np.zeros_like(labels),
        labels,
        np.ones_like(labels),
        np.arange(10),
        np.random.default_rng(0),
    )
    assert found.precision == (0, 0, 1)


def test_an_interval_is_wider_where_documents_come_in_groups() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.random((40, 1)) < 0.5, 10, axis=0)
    decided = labels ^ np.repeat(rng.random((40, 1)) < 0.2, 10, axis=0)
    known = np.ones_like(labels)
    alone, grouped = (
        class_figures(decided, labels, known, groups, np.random.default_rng(0))[0].f1
        for groups in (np.arange(400), np.repeat(np.arange(40), 10))
    )
    assert alone.value == grouped.value
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
