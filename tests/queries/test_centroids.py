"""Class centroids (Eq. 1) and the least frequent class, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index import class_centroids
from classemb_index.errors import EmptyClassError
from classemb_index.queries.centroids import least_frequent_class

# three documents: the first has class 0, the second both, the third class 1
EMBEDDINGS = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
LABELS = np.array([[1, 0], [1, 1], [0, 1]], dtype=bool)


def test_centroid_is_the_mean_and_a_document_counts_in_each_of_its_classes() -> None:
    centroids = class_centroids(EMBEDDINGS, LABELS)
    np.testing.assert_allclose(centroids, [[0.5, 0.5], [0.3, 0.9]], atol=1e-7)
    assert centroids.dtype == np.float32


def test_centroid_is_not_scaled_to_unit_length() -> None:
    assert np.linalg.norm(class_centroids(EMBEDDINGS, LABELS)[0]) == pytest.approx(0.5**0.5)


def test_centroid_of_one_document_is_that_document() -> None:
    centroids = class_centroids(EMBEDDINGS[2:], np.array([[True]]))
    np.testing.assert_array_equal(centroids, EMBEDDINGS[2:])


def test_a_document_without_a_class_counts_nowhere() -> None:
    labels = LABELS.copy()
    labels[1] = False
    np.testing.assert_allclose(class_centroids(EMBEDDINGS, labels), EMBEDDINGS[[0, 2]], atol=1e-7)


def test_order_of_documents_changes_nothing() -> None:
    order = [2, 0, 1]
    np.testing.assert_allclose(
        class_centroids(EMBEDDINGS[order], LABELS[order]),
        class_centroids(EMBEDDINGS, LABELS),
        atol=1e-7,
    )


@pytest.mark.parametrize(
    ("labels", "positions"),
    [([[1, 0], [1, 0], [0, 0]], [1]), ([[0, 0], [0, 0], [0, 0]], [0, 1])],
)
def test_a_class_without_a_document_has_no_centroid(
    labels: list[list[int]], positions: list[int]
) -> None:
    with pytest.raises(EmptyClassError) as error:
        class_centroids(EMBEDDINGS, np.array(labels, dtype=bool))
    assert str(error.value) == (
        f"the classes at positions {positions} have no labelled document, so they have "
        "no centroid; label at least one document of each, or leave them out"
    )


@pytest.mark.parametrize(
    ("counts", "eligible", "expected"),
    [
        ([3, 1, 2], [1, 1, 1], 1),
        ([3, 1, 2], [1, 0, 1], 2),
        ([2, 1, 1], [1, 1, 1], 1),  # a tie: the lower position
        ([0, 5, 5], [0, 1, 1], 1),
        ([7], [1], 0),
    ],
)
def test_least_frequent_is_the_smallest_eligible_count_and_the_lower_position(
    counts: list[int], eligible: list[int], expected: int
) -> None:
    found = least_frequent_class(np.array(counts), np.array(eligible, dtype=bool))
    assert found == expected
