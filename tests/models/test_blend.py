"""Blended logits, and the share that unseen documents speak for."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index.models.blend import best_share, blended
from classemb_index.models.heads import balanced_weights

LABELS = np.array([[1], [1], [0], [0], [0], [0]], dtype=bool)
KNOWN = np.ones((6, 1), dtype=bool)
EVEN = balanced_weights(LABELS, KNOWN)
SIGNS = np.where(LABELS, 1, -1).astype(np.float32)


def test_a_blend_is_the_weighted_mean_of_the_logits() -> None:
    first, second = np.array([[1.0, -2.0]], np.float32), np.array([[3.0, 2.0]], np.float32)
    found = blended(first, second, 0.25)
    np.testing.assert_allclose(found, [[1.5, -1.0]])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(blended(first, second, 0), first)
    np.testing.assert_array_equal(blended(first, second, 1), second)


@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_what_the_first_is_sure_of_stands_at_any_share(share: float) -> None:
    first, second = np.array([[-np.inf, np.inf]], np.float32), np.array([[3.0, 2.0]], np.float32)
    np.testing.assert_array_equal(blended(first, second, share), first)


def test_a_second_that_is_right_where_the_first_is_not_takes_its_share() -> None:
    assert best_share(-SIGNS, 3 * SIGNS, LABELS, EVEN) == 0.3


def test_a_second_that_is_wrong_where_the_first_is_right_takes_nothing() -> None:
    assert best_share(SIGNS, -SIGNS, LABELS, EVEN) == 0


def test_a_second_that_says_the_same_takes_nothing() -> None:
    assert best_share(SIGNS, SIGNS, LABELS, EVEN) == 0


def test_cells_weigh_as_they_weigh_in_the_loss() -> None:
    # one of two positives becomes surer by as much as one of four negatives becomes less sure
    second = SIGNS.copy()
    second[0], second[2] = 3, 1
    assert best_share(SIGNS, second, LABELS, EVEN) == 0.3
    second[0], second[2] = -1, -3
    assert best_share(SIGNS, second, LABELS, EVEN) == 0
    heavy = np.where(LABELS, np.float32(1), np.float32(9))
    assert best_share(SIGNS, second, LABELS, heavy) == 0.3


def test_cells_without_weight_count_nothing() -> None:
    weights, second = EVEN.copy(), 3 * SIGNS
    weights[5], second[5] = 0, 1000  # would be all that counts
    labels = LABELS.copy()
    assert best_share(SIGNS, second, labels, weights) == 0.3
    labels[5] = True
    assert best_share(SIGNS, second, labels, weights) == 0.3


def test_classes_weigh_the_same_however_heavy_their_cells_are() -> None:
    labels, first = np.tile(LABELS, 2), np.tile(SIGNS, 2)
    second = np.concatenate([3 * SIGNS, 0.9 * SIGNS], axis=1)
    for heavy in (1, 1000):
        weights = np.tile(EVEN, 2) * np.array([1, heavy], dtype=np.float32)
        assert best_share(first, second, labels, weights) == 0.3


def test_a_class_that_was_not_learnt_counts_nothing() -> None:
    labels, first = np.tile(LABELS, 2), np.tile(SIGNS, 2)
    second = np.concatenate([3 * SIGNS, -1000 * SIGNS], axis=1)
    assert best_share(first, second, labels, np.tile(EVEN, 2)) == 0
    first[0, 1] = -np.inf
    assert best_share(first, second, labels, np.tile(EVEN, 2)) == 0.3


def test_where_nothing_can_be_compared_the_first_answers() -> None:
    nobody = np.full((6, 1), -np.inf, dtype=np.float32)
    assert best_share(nobody, SIGNS, LABELS, EVEN) == 0
    assert best_share(SIGNS, SIGNS, LABELS, 0 * EVEN) == 0
