"""Rankings by states of documents, read page by page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import Annotation, Answer, EmbeddingIndex, LabelStore, Record
from classemb_index.errors import RequestError
from classemb_index.labels.log import Pick
from classemb_index.queries.ranking import Ranking
from classemb_index.queries.states import STATES, counted_states, documents_in
from tests.support.circle import on_circle
from tests.support.errors import refusal

IndexOf = Callable[..., EmbeddingIndex]

DEGREES = (0, 90, 10, 20, 80, 40, 10, 5)
RECORDS = [Record(f"d{i}", f"text {i}", None, "test" if i == 7 else None) for i in range(8)]


@pytest.fixture
def index(index_of: IndexOf) -> EmbeddingIndex:
    """Eight documents on a circle of which nothing is known; the last is of the test split."""
    return index_of(RECORDS, on_circle(*DEGREES), {"frequent": ["a"], "rare": ["b"]})


def annotated(index: EmbeddingIndex) -> Annotation:
    """d0 is a and not b, d1 is b, d2 skipped, d3 out, d4 held out for measurement."""
    store = LabelStore(index.folder)
    store.record([Answer("d0", "a", "yes"), Answer("d0", "b", "no")])
    store.record([Answer("d1", "b", "yes"), Answer("d2", None, "skip")])
    store.hand_out([Pick("d3", "a", "boundary"), Pick("d0", "a", "boundary")], "portfolio")
    store.hand_out([Pick("d4", None, "")], "evaluation")
    return Annotation.of(index.pool, store)


EXPECTED = {  # of no class, of a, of b
    "unanswered": ([3, 5, 6], [1, 3, 5, 6], [3, 5, 6]),
    "all": ([0, 1, 2, 3, 5, 6],) * 3,
    "answered": ([0, 1], [0], [0, 1]),
    "yes": (None, [0], [1]),
    "no": (None, [], [0]),
    "skipped": ([2],) * 3,
    "out": ([3],) * 3,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("position", [None, 0, 1])
def test_documents_in_a_state_are_those_counted_by_hand(
    index: EmbeddingIndex, state: str, position: int | None
) -> None:
    expected = EXPECTED[state][0 if position is None else 1 + position]
    annotation = annotated(index)
    if expected is None:
        return
    assert np.flatnonzero(documents_in(annotation, state, position)).tolist() == expected
    assert counted_states(annotation, position)[state] == len(expected)


def test_states_of_a_class_need_one(index: EmbeddingIndex) -> None:
    annotation = annotated(index)
    assert refusal(RequestError, lambda: documents_in(annotation, "yes")) == (
        "'yes' is said of a class; name one"
    )
    assert list(counted_states(annotation)) == ["unanswered", "all", "answered", "skipped", "out"]
    assert refusal(RequestError, lambda: documents_in(annotation, "maybe")) == (
        "no state 'maybe'; there are: unanswered, all, answered, yes, no, skipped, out"
    )


def test_pages_follow_one_another_and_end(index: EmbeddingIndex) -> None:
    among = np.array([True] * 7 + [False])
    ranking = Ranking(index, among, on_circle(0)[0])
    # d2 and d6 lie in one place: the lower row comes first
    whole = [0, 2, 6, 3, 5, 4, 1]
    assert ranking.n == 7
    assert ranking.page(0, 3).rows.tolist() == whole[:3]
    assert ranking.page(3, 3).rows.tolist() == whole[3:6]
    assert ranking.page(6, 3).rows.tolist() == whole[6:]
    assert ranking.page(7, 3).rows.tolist() == ranking.page(99, 3).rows.tolist() == []
    scores = ranking.page(0, 7).scores
    assert scores is not None
    np.testing.assert_allclose(scores, np.cos(np.radians([0, 10, 10, 20, 40, 80, 90])), atol=1e-6)


def test_without_a_vector_documents_stand_in_the_order_of_the_pool(index: EmbeddingIndex) -> None:
    ranking = Ranking(index, np.array([False, True] * 4), None)
    assert ranking.page(1, 2).rows.tolist() == [3, 5] and ranking.page(1, 2).scores is None


def test_a_ranking_of_no_document_is_empty(index: EmbeddingIndex) -> None:
    ranking = Ranking(index, np.zeros(8, dtype=bool), on_circle(0)[0])
    assert ranking.n == 0 and ranking.page(0, 5).rows.tolist() == []


def test_pages_have_no_negative_size(index: EmbeddingIndex) -> None:
    ranking = Ranking(index, np.ones(8, dtype=bool), None)
    assert refusal(RequestError, lambda: ranking.page(-1, 5)) == (
        "no page of 5 documents begins at -1; both are 0 or more"
    )


@pytest.mark.parametrize("backend", ["flat", "exact"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_ranking_is_what_a_search_finds(
    index_of: IndexOf, backend: str, dtype: type[np.floating]
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((500, 6)).round(0)  # coarse, so that many scores tie
    vectors[:, 0] += 0.5
    records = [Record(f"d{i}", f"text {i}", None, None) for i in range(500)]
    index = index_of(records, vectors.astype(dtype), backend=backend)
    among, query = rng.random(500) < 0.7, rng.standard_normal(6).astype(np.float32)
    n = int(among.sum())
    expected = index.search(query[None], n, among=among)
    ranking = Ranking(index, among, query)
    pages = [ranking.page(start, 90) for start in range(0, n, 90)]
    assert np.concatenate([page.rows for page in pages]).tolist() == expected.rows[0].tolist()
    scores = np.concatenate([page.scores for page in pages if page.scores is not None])
    assert scores.tolist() == expected.scores[0].tolist()


def test_similarities_are_cosines_and_need_a_direction(index: EmbeddingIndex) -> None:
    found = index.similarities(3 * on_circle(60)[0])
    np.testing.assert_allclose(found, np.cos(np.radians(60 - np.array(DEGREES))), atol=1e-6)
    assert refusal(RequestError, lambda: index.similarities(np.zeros(2, np.float32))) == (
        "a query vector is zero or not finite, so it has no direction"
    )
    assert refusal(RequestError, lambda: index.similarities(np.ones(3, np.float32))) == (
        "queries have shape (1, 3), the index needs (m, 2)"
    )
