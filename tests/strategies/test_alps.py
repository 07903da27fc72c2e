"""ALPS's clusters: the document nearest to each centre, and what happens where there are none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.cluster

from classemb_index import EmbeddingIndex, draw_labelled
from classemb_index.strategies.alps import cluster_selection
from classemb_index.strategies.selection import select_batch
from tests.support.fakes import RowSurprisal
from tests.support.pools import selection_state


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def at(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=np.float32)


@pytest.fixture
def centres_given(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """Put centres in here, and k-means finds them."""
    centres: list[list[float]] = []

    class Given:
        def __init__(self, n_clusters: int, **options: object) -> None:
            assert n_clusters == len(centres)

        def fit(self, embeddings: np.ndarray) -> Given:
            self.cluster_centers_ = np.array(centres, dtype=np.float32)
            return self

    monkeypatch.setattr(sklearn.cluster, "KMeans", Given)
    return centres


@pytest.mark.parametrize("seed", range(5))
def test_the_document_nearest_to_the_centre_of_each_cluster_is_picked(seed: int) -> None:
    # three clusters; the middle one of each is its mean
    embeddings = at(
        (0, 0), (0, 1), (0, 2),
        (90, 90), (92, 90), (91, 90),
        (50, -40), (50, -42), (50, -44), (49, -42), (51, -42),
    )  # fmt: skip
    found = cluster_selection(embeddings, 3, generator(seed))
    assert sorted(found.tolist()) == [1, 5, 7]
    assert found.dtype == np.int64


def test_picks_are_the_nearest_to_the_centres_of_scikit_learn() -> None:
    embeddings = generator(4).standard_normal((200, 5)).astype(np.float32)
    seed = int(generator(9).integers(2**31))
    k_means = sklearn.cluster.KMeans(8, n_init=1, random_state=seed).fit(embeddings)
    distances = k_means.transform(embeddings)  # (200, 8)
    found = cluster_selection(embeddings, 8, generator(9))
    assert found.tolist() == distances.argmin(axis=0).tolist()
    assert len(set(found.tolist())) == 8


def test_a_centre_whose_nearest_is_taken_takes_its_next_nearest(
    centres_given: list[list[float]],
) -> None:
    # distances to the centre at 0: 3, 1, 2, 9; to the one at 7: 10, 6, 5, 2
    centres_given += [[0, 0], [0, 0], [7, 0]]
    embeddings = at((-3, 0), (1, 0), (2, 0), (9, 0))
    assert cluster_selection(embeddings, 3, generator()).tolist() == [1, 2, 3]


def test_a_document_that_a_former_centre_took_is_not_taken_again(
    centres_given: list[list[float]],
) -> None:
    centres_given += [[4, 0], [3, 0], [0, 0], [9, 0]]
    embeddings = at((0, 0), (3, 0), (5, 0), (6, 0))
    assert cluster_selection(embeddings, 4, generator()).tolist() == [1, 2, 0, 3]


def test_documents_equally_near_to_a_centre_are_taken_in_the_order_of_their_rows(
    centres_given: list[list[float]],
) -> None:
    centres_given += [[0, 0], [0, 0], [0, 0]]
    embeddings = at((2, 0), (0, 1), (-1, 0), (1, 0))
    assert cluster_selection(embeddings, 3, generator()).tolist() == [1, 2, 3]


def test_equal_documents_are_taken_in_the_order_of_their_rows() -> None:
    # 128 values of which no sum is exact: the rounding must be the same in every row
    rng = generator()
    for n in range(2, 60):
        vector = rng.standard_normal(128).astype(np.float32)
        embeddings = np.tile(vector / np.linalg.norm(vector), (n, 1))
        assert cluster_selection(embeddings, n, rng).tolist() == list(range(n))


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("batch", [1, 5, 12])
def test_embeddings_that_are_all_the_same_give_distinct_positions(value: float, batch: int) -> None:
    embeddings = np.full((12, 4), value, dtype=np.float32)
    assert cluster_selection(embeddings, batch, generator()).tolist() == list(range(batch))


def test_fewer_distinct_documents_than_centres_give_distinct_positions() -> None:
    embeddings = np.repeat(at((0, 0), (5, 5)), 10, axis=0)
    found = cluster_selection(embeddings, 15, generator()).tolist()
    assert len(set(found)) == 15
    assert set(found[:2]) == {0, 10}  # k-means finds the two places first


def test_a_batch_of_all_documents_picks_each_of_them_once() -> None:
    embeddings = generator(1).standard_normal((25, 6)).astype(np.float32)
    found = cluster_selection(embeddings, 25, generator())
    assert sorted(found.tolist()) == list(range(25))


def test_one_centre_is_the_mean() -> None:
    embeddings = at((0, 0), (8, 0), (3, 1), (1, 9))  # mean 3, 2.5
    assert cluster_selection(embeddings, 1, generator()).tolist() == [2]


def test_no_warning_escapes_where_documents_are_equal() -> None:
    embeddings = np.zeros((10, 3), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picks = cluster_selection(embeddings, 4, generator())
    assert len(set(picks.tolist())) == 4


def test_the_seed_moves_the_clusters() -> None:
    embeddings = generator(2).standard_normal((300, 4)).astype(np.float32)
    picks = [cluster_selection(embeddings, 10, generator(seed)).tolist() for seed in (0, 0, 1)]
    assert picks[0] == picks[1]
    assert set(picks[0]) != set(picks[2])


def test_embeddings_are_left_as_they_are() -> None:
    embeddings = generator(2).standard_normal((30, 4)).astype(np.float32)
    before = embeddings.copy()
    cluster_selection(embeddings, 5, generator())
    np.testing.assert_array_equal(embeddings, before)


def test_alps_reads_the_surprisal_of_unlabelled_documents_alone(
    toy_index: EmbeddingIndex,
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    left = np.flatnonzero(labelled.unlabelled)
    # two directions; one document of the second kind is left, and it must be picked
    vectors = np.tile(np.array([1, 0], dtype=np.float32), (len(toy_index), 1))
    vectors[left[17]] = vectors[labelled.rows] = [0, 1]
    surprise = RowSurprisal(vectors)
    found = select_batch("alps", selection_state(toy_index, labelled, 0, surprisal=surprise), 2)
    assert surprise.asked == left.tolist()
    assert set(found.rows.tolist()) == {left[0], left[17]}
    assert np.isnan(found.scores).all() and found.note is None
