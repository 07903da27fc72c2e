"""Distances by hand in two dimensions, and principal components against NumPy's SVD."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import (
    EmbeddingIndex,
    class_centroids,
    class_distances,
    draw_labelled,
    principal_components,
)
from classemb_index.errors import EmptyClassError
from classemb_index.labels.labelled import labelled_from_ids
from classemb_index.measures.geometry import ClassDistance
from tests.support.pools import train

IndexOf = Callable[..., EmbeddingIndex]


@pytest.fixture
def corner(index_of: IndexOf) -> EmbeddingIndex:
    """Class a on both axes, so its centroid points between them; class b on the second axis."""
    records = [train(0, "a"), train(1, "a", "b"), train(2, "c"), train(3)]
    return index_of(records, [[1, 0], [0, 1], [-1, 0], [0.6, 0.8]])


def test_distances_to_own_and_other_centroid_by_hand(corner: EmbeddingIndex) -> None:
    a, b, c = class_distances(corner, labelled_from_ids(corner.pool, ["d0", "d1"], "by hand"))
    # a's centroid lies at 45 degrees: cosine 1 / sqrt 2 to both documents
    assert a.same == pytest.approx(1 - 2**-0.5, abs=1e-6)
    assert a.other == pytest.approx(0.5, abs=1e-6)  # 1 from (1, 0) to b's centroid, 0 from (0, 1)
    assert b.same == pytest.approx(0, abs=1e-6)
    assert b.other == pytest.approx(1 - 2**-0.5, abs=1e-6)
    assert c == ClassDistance("c", None, None)


def test_other_is_the_mean_over_the_other_centroids(corner: EmbeddingIndex) -> None:
    a, b, c = class_distances(corner, labelled_from_ids(corner.pool, ["d0", "d1", "d2"], "by hand"))
    # to c's centroid (-1, 0): 2 from (1, 0) and 1 from (0, 1)
    assert a.other == pytest.approx((0.5 + 1.5) / 2, abs=1e-6)
    assert b.other == pytest.approx((1 - 2**-0.5 + 1) / 2, abs=1e-6)
    assert c.same == pytest.approx(0, abs=1e-6)
    assert c.other == pytest.approx((1 + 2**-0.5 + 1) / 2, abs=1e-6)


def test_the_only_class_has_no_other(corner: EmbeddingIndex) -> None:
    a, b, c = class_distances(corner, labelled_from_ids(corner.pool, ["d0"], "by hand"))
    assert a.same == pytest.approx(0, abs=1e-6) and a.other is None
    assert (b.same, c.same) == (None, None)


@pytest.mark.parametrize("measure", [class_distances, principal_components])
def test_a_labelled_set_without_a_class_has_no_geometry(
    corner: EmbeddingIndex, measure: Callable[..., object]
) -> None:
    with pytest.raises(EmptyClassError) as error:
        measure(corner, labelled_from_ids(corner.pool, ["d3"], "by hand"))
    assert str(error.value) == (
        "none of the 1 labelled documents has a class, so there is no centroid; "
        "use a larger labelled set"
    )


def test_components_are_those_of_the_singular_vectors(toy_index: EmbeddingIndex) -> None:
    pool, labelled = toy_index.pool, draw_labelled(toy_index.pool, 30, 0)
    found = principal_components(toy_index, labelled)
    embeddings = toy_index.embeddings(labelled.rows).astype(float)
    centroids = class_centroids(embeddings, labelled.labels).astype(float)
    together = np.concatenate([embeddings, centroids])
    middle = together.mean(axis=0)
    _, singular, axes = np.linalg.svd(together - middle, full_matrices=False)
    variance = singular**2 / (singular**2).sum()
    assert found.explained_variance == pytest.approx(tuple(variance[:2]), rel=1e-4)
    projected = (centroids - middle) @ axes[:2].T
    signs = np.sign(projected[0] * found.centroids[0])  # an axis may point either way
    np.testing.assert_allclose(found.centroids, projected * signs, atol=1e-4)
    places, classes = np.nonzero(labelled.labels)
    np.testing.assert_allclose(
        found.points, ((embeddings - middle) @ axes[:2].T * signs)[places], atol=1e-4
    )
    np.testing.assert_array_equal(found.point_classes, classes)
    assert found.centroid_classes.tolist() == list(range(len(pool.classes)))


def test_a_document_is_drawn_once_for_each_of_its_classes(corner: EmbeddingIndex) -> None:
    labelled = labelled_from_ids(corner.pool, ["d0", "d1", "d3"], "by hand")
    found = principal_components(corner, labelled)
    assert found.point_classes.tolist() == [0, 0, 1]  # d0 a, d1 a, d1 b; d3 has none
    np.testing.assert_array_equal(found.points[1], found.points[2])
    assert found.points.shape == (3, 2) and found.points.dtype == np.float32


def test_a_class_without_a_document_has_no_centroid_in_the_picture(corner: EmbeddingIndex) -> None:
    labelled = labelled_from_ids(corner.pool, ["d0", "d2"], "by hand")
    found = principal_components(corner, labelled)
    assert found.centroid_classes.tolist() == [0, 2]
    assert found.centroids.shape == (2, 2)


def test_the_centroid_of_one_document_lies_on_it(corner: EmbeddingIndex) -> None:
    found = principal_components(corner, labelled_from_ids(corner.pool, ["d0", "d2"], "by hand"))
    np.testing.assert_allclose(found.centroids, found.points, atol=1e-6)


def test_two_dimensions_are_explained_in_full(corner: EmbeddingIndex) -> None:
    found = principal_components(
        corner, labelled_from_ids(corner.pool, ["d0", "d1", "d2"], "by hand")
    )
    assert sum(found.explained_variance) == pytest.approx(1, abs=1e-6)


def test_documents_that_are_all_alike_have_no_variance(index_of: IndexOf) -> None:
    index = index_of([train(0, "a"), train(1, "a"), train(2)], [[1, 0], [1, 0], [0, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = principal_components(index, labelled_from_ids(index.pool, ["d0", "d1"], "alike"))
    assert found.explained_variance == (0.0, 0.0)
    np.testing.assert_allclose(found.points, 0, atol=1e-6)
