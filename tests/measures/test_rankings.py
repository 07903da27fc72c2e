"""Rankings by hand: all documents in the order of a query, and what an order is worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from classemb_index import EmbeddingIndex, Pool, draw_labelled, query_classes
from classemb_index.errors import EmptyClassError
from classemb_index.measures.methods import COMPARED
from classemb_index.measures.rankings import MEASURES, class_rankings, ranking_measures
from classemb_index.queries.build import build_queries
from classemb_index.queries.methods import margins
from tests.support.circle import labelled
from tests.support.pools import topic_records, topic_vectors, train

IndexOf = Callable[..., EmbeddingIndex]


def test_measures_of_a_ranking_by_hand() -> None:
    # three of six have the class, at ranks 1, 3 and 6
    found = ranking_measures(np.array([True, False, True, False, False, True]), 2)
    assert found == pytest.approx([1 / 2, 1 / 3, (1 + 2 / 3 + 3 / 6) / 3, (1 / 2) / (3 / 6)])


def test_a_ranking_without_the_class_has_precision_alone() -> None:
    precision, *others = ranking_measures(np.zeros(4, dtype=bool), 2)
    assert precision == 0 and np.isnan(others).all()


@pytest.mark.parametrize("seed", range(10))
def test_average_precision_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    has_class = rng.random(200) < 0.1
    found = ranking_measures(has_class, 10)[MEASURES.index("average_precision")]
    assert found == pytest.approx(average_precision_score(has_class, -np.arange(200)))


def test_all_documents_are_ranked_by_their_highest_similarity(circle: EmbeddingIndex) -> None:
    seen = labelled(circle, "d0", "d1")
    a, b = build_queries(circle, [0, 1], seen, "centroid")
    rankings = list(class_rankings(circle, [a, b], seen.unlabelled, 1))
    # from 0 degrees: 10, 20, 40, 80, 190, 180; from 90 degrees: 80, 40, 20, 10, 180, 190
    assert [rows.tolist() for rows in rankings] == [[2, 3, 5, 4, 7, 6], [4, 5, 3, 2, 6, 7]]
    both = labelled(circle, "d2", "d6")
    many = build_queries(circle, [1], labelled(circle, "d1", "d6"), "multi-centroid")
    # from 90 or 180 degrees: 190 and 80 both lie 10 off, 40 50, 20 70, 10 80, 0 90
    (rows,) = class_rankings(circle, many, both.unlabelled, 1)
    assert rows.tolist()[0] == 1  # d1 is one of the two centroids itself
    assert set(rows.tolist()[1:3]) == {4, 7} and rows.tolist()[3:] == [5, 3, 0]


@pytest.mark.parametrize("method", COMPARED)
@pytest.mark.parametrize(("size", "seed"), [(1, 3), (10, 0), (10, 1), (40, 0)])
def test_the_first_k_are_what_a_query_answers(
    named: EmbeddingIndex, method: str, size: int, seed: int
) -> None:
    seen = draw_labelled(named.pool, size, seed)
    asked = [q for q in build_queries(named, range(3), seen, method) if len(q.vectors)]
    rankings = dict(
        zip(
            [q.position for q in asked],
            class_rankings(named, asked, seen.unlabelled, 9),
            strict=True,
        )
    )
    if not asked:
        with pytest.raises(EmptyClassError):
            query_classes(named, range(3), seen, k=9, method=method)
        return
    answers = query_classes(named, range(3), seen, k=9, method=method).classes
    assert {a.position for a in answers if a.neighbours is not None} == set(rankings)
    for position, rows in rankings.items():
        assert rows[:9].tolist() == answers[position].neighbours.rows.tolist()
        assert sorted(rows.tolist()) == np.flatnonzero(seen.unlabelled).tolist()


def test_margin_ranks_the_retrieved_again_and_the_rest_follow_as_retrieved(tmp_path: Path) -> None:
    pool = Pool.from_records(topic_records(2000))  # of which 1,200 are train
    index = EmbeddingIndex.build(pool, None, tmp_path / "large", embeddings=topic_vectors(pool))
    seen = draw_labelled(pool, 20, 0)
    (margin,) = build_queries(index, [0], seen, "margin")
    (rocchio,) = build_queries(index, [0], seen, "rocchio")
    (retrieved,) = class_rankings(index, [rocchio], seen.unlabelled, 5)
    (rows,) = class_rankings(index, [margin], seen.unlabelled, 5)
    head = np.sort(retrieved[:1000])
    best = np.argsort(-margins(margin.evidence, index.embeddings(head)), kind="stable")
    assert rows[:1000].tolist() == head[best].tolist() != retrieved[:1000].tolist()
    assert rows[1000:].tolist() == retrieved[1000:].tolist() and len(rows) == 1180
    answers = query_classes(index, [0], seen, k=5, method="margin").classes
    assert rows[:5].tolist() == answers[0].neighbours.rows.tolist()


def test_ties_go_to_the_lower_row_beyond_what_is_searched_for(index_of: IndexOf) -> None:
    index = index_of([train(i, "a") for i in range(1200)], [[1, 0]] + [[0.6, 0.8]] * 1199)
    seen = labelled(index, "d0")
    queries = build_queries(index, [0], seen, "centroid")
    (rows,) = class_rankings(index, queries, seen.unlabelled, 2, block=7)
    assert rows.tolist() == list(range(1, 1200))
