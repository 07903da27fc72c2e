"""The pool as a map: scikit-learn's components, which documents are on it, and where it stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.decomposition import PCA

from classemb_index import EmbeddingIndex, Record
from classemb_index.measures import projection
from classemb_index.measures.projection import project

NOBODY = np.zeros(0, dtype=np.int64)


def test_it_is_scikit_learns_pca_of_the_random_documents(toy_index: EmbeddingIndex) -> None:
    rows = np.flatnonzero(toy_index.pool.selectable)  # fewer than 2,000: all are drawn
    found = project(toy_index, NOBODY)
    np.testing.assert_array_equal(found.rows, rows)
    pca = PCA(n_components=2, svd_solver="full").fit(toy_index.embeddings(rows))
    expected = pca.transform(toy_index.embeddings(rows))
    largest = np.abs(pca.components_).argmax(axis=1)
    expected *= np.sign(pca.components_[[0, 1], largest])
    np.testing.assert_allclose(found.points, expected, atol=1e-5)
    assert found.explained_variance == pytest.approx(pca.explained_variance_ratio_, abs=1e-6)


def test_labelled_documents_are_on_it_and_move_nothing(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "SAMPLE", 20)
    alone = project(toy_index, NOBODY, seed=1)
    also = np.array([0, 3, 119])  # the last is in the test split
    found = project(toy_index, also, seed=1)
    assert set(found.rows.tolist()) == set(alone.rows.tolist()) | {0, 3, 119}
    is_random = np.isin(found.rows, alone.rows)
    np.testing.assert_array_equal(found.points[is_random], alone.points)
    assert found.explained_variance == alone.explained_variance


def test_of_more_labelled_documents_than_there_is_room_for_a_part_is_drawn(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "SAMPLE", 20)
    monkeypatch.setattr(projection, "MOST", 30)
    found = project(toy_index, np.arange(120))
    assert len(found.rows) == len(set(found.rows.tolist())) == 30
    np.testing.assert_array_equal(found.rows, project(toy_index, np.arange(120)).rows)


def test_documents_that_are_all_alike_lie_at_one_place(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    records = [Record(f"d{i}", f"text {i}", None, None) for i in range(3)]
    found = project(index_of(records, [[1, 0, 0]] * 3), NOBODY)
    np.testing.assert_array_equal(found.points, np.zeros((3, 2)))
    assert found.explained_variance == (0, 0)
