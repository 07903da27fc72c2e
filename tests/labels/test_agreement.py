"""Agreement of annotators: Krippendorff's alpha by another formula, and what is counted."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from classemb_index.labels.agreement import agreements, alpha


def slow_alpha(cells: list[list[bool]]) -> float:
    """From the matrix of coincidences, pair by pair."""
    coincidences = np.zeros((2, 2))
    for said in cells:
        for one, other in permutations(said, 2):
            coincidences[int(one), int(other)] += 1 / (len(said) - 1)
    n_of, n = coincidences.sum(axis=1), coincidences.sum()
    by_chance = 2 * n_of[0] * n_of[1] / (n - 1)
    return 1 - 2 * coincidences[0, 1] / by_chance


def test_alpha_is_that_of_the_textbook_example() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), A: two observers, ten units
    meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    cells = [[bool(a), bool(b)] for a, b in zip(meg, owen, strict=True)]
    assert alpha(cells) == pytest.approx(0.095, abs=5e-4)


@pytest.mark.parametrize("seed", range(10))
def test_alpha_of_any_number_of_annotators_is_that_of_their_coincidences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = [(rng.random(int(rng.integers(2, 6))) < 0.4).tolist() for _ in range(30)]
    assert alpha(cells) == pytest.approx(slow_alpha(cells))


def test_where_all_answers_are_the_same_there_is_no_alpha() -> None:
    assert alpha([[True, True], [True, True, True]]) is None


def test_cells_that_one_annotator_answered_count_for_nothing() -> None:
    said_by = {
        ("d0", "a"): {"ada": True, "bob": True},
        ("d0", "b"): {"ada": True, "bob": False},
        ("d1", "a"): {"ada": False},
        ("d2", "a"): {"ada": False, "bob": False},
    }
    every, a, b = agreements(said_by)
    assert (every.class_name, every.documents, every.cells, every.agreed) == (None, 2, 3, 2)
    assert (a.class_name, a.cells, a.agreed, a.alpha) == ("a", 2, 2, 1.0)
    assert (b.class_name, b.cells, b.agreed, b.alpha) == ("b", 1, 0, 0.0)


def test_one_annotator_agrees_with_nobody() -> None:
    assert agreements({("d0", "a"): {"ada": True}}) == []
