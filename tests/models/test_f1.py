"""Macro-F1 and micro-F1 by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classemb_index.models.f1 import f1_scores


def matrix(*rows: str) -> np.ndarray:
    """A bool matrix from rows of 1 and 0."""
    return np.array([[cell == "1" for cell in row] for row in rows])


def test_three_documents_and_two_classes_by_hand() -> None:
    # class 0: one hit, one miss, no false alarm: 2/3; class 1: one hit, one false alarm: 2/3
    scores = f1_scores(predicted=matrix("11", "01", "00"), true=matrix("11", "00", "10"))
    assert scores.per_class.tolist() == pytest.approx([2 / 3, 2 / 3])
    assert scores.macro == pytest.approx(2 / 3)
    assert scores.micro == pytest.approx(2 / 3)  # 2 hits of 3 predicted and 3 true


def test_macro_counts_every_class_alike_and_micro_every_decision() -> None:
    # class 0: 4 of 4 right; class 1: its one document missed
    scores = f1_scores(
        predicted=matrix("10", "10", "10", "10", "00"), true=matrix("10", "10", "10", "10", "01")
    )
    assert scores.per_class.tolist() == [1, 0]
    assert scores.macro == 0.5
    assert scores.micro == pytest.approx(8 / 9)


def test_a_class_with_no_predicted_and_no_true_document_counts_as_zero() -> None:
    scores = f1_scores(predicted=matrix("10", "10"), true=matrix("10", "10"))
    assert scores.per_class.tolist() == [1, 0]
    assert scores.macro == 0.5
    assert scores.micro == 1


def test_nothing_predicted_and_nothing_true_is_zero() -> None:
    scores = f1_scores(matrix("00", "00"), matrix("00", "00"))
    assert (scores.macro, scores.micro, scores.per_class.tolist()) == (0, 0, [0, 0])


def test_all_right_is_one() -> None:
    true = matrix("10", "01", "11")
    scores = f1_scores(true, true)
    assert (scores.macro, scores.micro, scores.per_class.tolist()) == (1, 1, [1, 1])


def test_one_class_has_the_f1_of_its_documents_and_not_of_the_others() -> None:
    # one hit, one false alarm, no miss: 2/3; the two rejected documents count nowhere
    scores = f1_scores(matrix("1", "1", "0", "0"), matrix("1", "0", "0", "0"))
    assert scores.per_class.tolist() == pytest.approx([2 / 3])
    assert scores.macro == scores.micro == pytest.approx(2 / 3)


def test_one_document_is_enough() -> None:
    scores = f1_scores(matrix("110"), matrix("101"))
    assert scores.per_class.tolist() == [1, 0, 0]
    assert scores.macro == pytest.approx(1 / 3)
    assert scores.micro == pytest.approx(1 / 2)


@pytest.mark.parametrize("seed", range(10))
def test_scores_are_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 40)), int(rng.integers(2, 8))
    share = rng.random(shape[1]) ** 2  # some classes are empty
    predicted, true = rng.random(shape) < share, rng.random(shape) < share
    scores = f1_scores(predicted, true)
    named = {"zero_division": 0}
    assert scores.macro == pytest.approx(f1_score(true, predicted, average="macro", **named))
    assert scores.micro == pytest.approx(f1_score(true, predicted, average="micro", **named))
    expected = f1_score(true, predicted, average=None, **named)
    np.testing.assert_allclose(scores.per_class, expected, atol=1e-6)


def test_scores_are_python_floats_that_json_can_hold() -> None:
    scores = f1_scores(matrix("10"), matrix("10"))
    assert type(scores.macro) is float and type(scores.micro) is float
    assert scores.per_class.dtype == np.float32


@pytest.mark.parametrize("seed", range(5))
def test_decisions_on_unknown_cells_count_for_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, true, known = (rng.random((30, 4)) < share for share in (0.4, 0.4, 0.6))
    known[:, 3] = False  # of the last class nothing is known
    scores = f1_scores(predicted, true, known)
    named = {"zero_division": 0}
    expected = [
        f1_score(true[own, c], predicted[own, c], **named) for c, own in enumerate(known.T[:3])
    ]
    np.testing.assert_allclose(scores.per_class[:3], expected, atol=1e-6)
    assert np.isnan(scores.per_class[3])
    assert scores.macro == pytest.approx(np.mean(expected))
    assert scores.micro == pytest.approx(f1_score(true[known], predicted[known], **named))


def test_nothing_known_is_a_score_of_zero() -> None:
    scores = f1_scores(matrix("11"), matrix("11"), matrix("00"))
    assert (scores.macro, scores.micro) == (0, 0)
