"""Balanced: its score by hand, against a slow double loop, and as a strategy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from classemb_index.labels.batches import NO_CLASS
from classemb_index.strategies.selection import select_batch
from classemb_index.strategies.uncertainty import balanced_scores
from tests.support.pools import small_pool

IndexOf = Callable[..., EmbeddingIndex]


def slow_scores(probabilities: list[list[float]], counts: list[int]) -> list[float]:
    """METHODS, section 7: mean uncertainty times the largest w_c P[x, c]."""
    weights = [1 / (1 + n) for n in counts]
    scores = []
    for line in probabilities:
        uncertainty = sum(1 - abs(2 * p - 1) for p in line) / len(line)
        parts = [w / sum(weights) * p for w, p in zip(weights, line, strict=True)]
        scores.append(uncertainty * max(parts))
    return scores


def test_a_score_is_the_mean_uncertainty_times_the_largest_weighted_probability() -> None:
    # counts 0 and 1: weights 2/3 and 1/3; mean uncertainties 1, 0.5, 0 and 0.2
    probabilities = np.array([[0.5, 0.5], [0, 0.5], [1, 0], [0.1, 0.9]])
    found = balanced_scores(probabilities, np.array([0, 1]))
    np.testing.assert_allclose(found, [1 / 3, 1 / 12, 0, 0.2 * 0.3])
    assert found.dtype == np.float64


def test_of_two_documents_as_uncertain_the_one_of_the_rarer_class_is_first() -> None:
    # the first probably has class a, of 9 labelled documents, the second b, of none
    found = balanced_scores(np.array([[0.8, 0.2], [0.2, 0.8]]), np.array([9, 0]))
    np.testing.assert_allclose(found[1] / found[0], 0.8 / 0.2)


@pytest.mark.parametrize("seed", range(10))
def test_balanced_selects_what_the_slow_loop_ranks_first(index_of: IndexOf, seed: int) -> None:
    pool = small_pool(index_of, seed)
    found = select_batch("balanced", pool.state(), 20)
    rows = pool.unlabelled_rows
    scores = dict(
        zip(rows, slow_scores(pool.probabilities[rows].tolist(), pool.counts), strict=True)
    )
    ranked = sorted(rows, key=lambda row: (-scores[row], row))
    assert found.rows.tolist() == ranked[:20]
    np.testing.assert_allclose(found.scores, [scores[row] for row in ranked[:20]], rtol=1e-5)
    assert found.classes.tolist() == [NO_CLASS] * 20
    assert (found.steps, found.note) == (("",) * 20, None)
