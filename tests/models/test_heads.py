"""Logistic heads that are solved together are those of scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from classemb_index.models.heads import logistic_heads
from tests.support.pools import unit


def test_heads_that_are_solved_together_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    embeddings = unit(rng.standard_normal((200, 16)) + 0.5)
    labels = embeddings @ rng.standard_normal((16, 6)) + rng.normal(0, 0.3, (200, 6)) > 0.4
    used = rng.random((200, 6)) < 0.7
    weights, offsets = logistic_heads(embeddings, labels, used, c=2.0)
    for c in range(6):
        head = LogisticRegression(C=2.0, class_weight="balanced", tol=1e-8, max_iter=5000)
        head.fit(embeddings[used[:, c]].astype(np.float64), labels[used[:, c], c])
        expected = head.decision_function(embeddings)
        np.testing.assert_allclose(embeddings @ weights[c] + offsets[c], expected, atol=5e-3)


def test_cells_that_are_not_used_change_no_head() -> None:
    rng = np.random.default_rng(1)
    embeddings = unit(rng.standard_normal((60, 5)))
    labels, used = rng.random((60, 2)) < 0.4, rng.random((60, 2)) < 0.6
    first = logistic_heads(embeddings, labels, used)
    second = logistic_heads(embeddings, labels ^ ~used, used)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
