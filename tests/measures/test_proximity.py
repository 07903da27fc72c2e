"""Proximity analysis (Tables 2 and 3) by hand: nearest, farthest, random order, the paper's row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Record, draw_labelled, proximity_analysis
from classemb_index.errors import RequestError
from classemb_index.measures.proximity import ClassProximity
from tests.support.circle import DEGREES, DOCUMENTS, labelled, on_circle
from tests.support.pools import train

IndexOf = Callable[..., EmbeddingIndex]


PAPER = {"table": "Table 2", "proximity": {"2": [1, 7], "5": [0, 2]}}


@pytest.fixture
def circle(index_of: IndexOf) -> EmbeddingIndex:
    return index_of(DOCUMENTS, on_circle(*DEGREES), paper=PAPER)


def of_class(found: list[ClassProximity], name: str) -> ClassProximity:
    (entry,) = [entry for entry in found if entry.class_name == name]
    return entry


def test_one_draw_by_hand(circle: EmbeddingIndex) -> None:
    # d0 and d1 are labelled. Nearest two to 0 degrees: d2, d3, both a; farthest: d6, d7, one a.
    # Nearest two to 90: d4 (b), d5; farthest: d7, which lies 100 degrees off, and d6 or d2 (90, 80)
    found = proximity_analysis(circle, [[labelled(circle, "d0", "d1")]], top_k=2)
    a, b = found
    assert (a.n_labelled, a.class_name, a.draws) == (2, "a", 1)
    assert (a.hits, a.farthest, a.in_unlabelled) == (2, 1, 3)
    assert a.expected == pytest.approx(2 * 3 / 6)
    assert a.lift == pytest.approx(2)
    assert (b.hits, b.farthest, b.in_unlabelled) == (1, 1, 3)  # farthest: d7 and d6, which has b
    assert b.lift == pytest.approx(1)
    assert (a.hits_sd, b.hits_sd) == (None, None)


def test_farthest_are_the_last_of_the_whole_order(circle: EmbeddingIndex) -> None:
    labelled_set = labelled(circle, "d0", "d1")
    for top_k in range(1, 7):
        (a, b) = proximity_analysis(circle, [[labelled_set]], top_k)
        left = np.flatnonzero(labelled_set.unlabelled)
        for entry, axis, c in ((a, 0, 0), (b, 1, 1)):
            order = left[np.argsort(on_circle(*DEGREES)[left, axis], kind="stable")]
            has_class = circle.pool.labels[order, c]
            assert entry.farthest == has_class[:top_k].sum()
            assert entry.hits == has_class[-top_k:].sum()


def test_nearest_and_farthest_are_the_whole_when_all_are_looked_at(circle: EmbeddingIndex) -> None:
    for entry in proximity_analysis(circle, [[labelled(circle, "d0", "d1")]], top_k=6):
        assert entry.hits == entry.farthest == entry.in_unlabelled == entry.expected
        assert entry.lift == pytest.approx(1)


def test_means_and_deviations_are_over_the_draws(circle: EmbeddingIndex) -> None:
    # a is queried from d0 (0 degrees) and then from d7 (190), two nearest each:
    # d2 and d3, 2 hits of 3 among six; d6 and d4, 0 hits of 3
    draws = [labelled(circle, "d0", "d1"), labelled(circle, "d7", "d1")]
    a = of_class(proximity_analysis(circle, [draws], top_k=2), "a")
    assert (a.hits, a.draws, a.n_labelled) == (1, 2, 2)
    assert a.hits_sd == pytest.approx(2**0.5)  # of 2 and 0
    assert a.in_unlabelled == 3
    assert a.lift == pytest.approx(1)


def test_a_draw_without_the_class_counts_in_none_of_its_means(circle: EmbeddingIndex) -> None:
    # without a labelled b document the second draw says nothing about b: it leaves four b, not three
    draws = [labelled(circle, "d0", "d1"), labelled(circle, "d0", "d2")]
    one = of_class(proximity_analysis(circle, [draws[:1]], top_k=2), "b")
    both = of_class(proximity_analysis(circle, [draws], top_k=2), "b")
    assert both == one
    assert (both.draws, both.in_unlabelled) == (1, 3)


def test_a_class_that_no_draw_has_is_reported_without_hits(circle: EmbeddingIndex) -> None:
    b = of_class(proximity_analysis(circle, [[labelled(circle, "d0", "d2")]], top_k=2), "b")
    assert (b.hits, b.hits_sd, b.farthest, b.lift, b.draws) == (None, None, None, None, 0)
    assert b.in_unlabelled == 4
    assert b.expected == pytest.approx(2 * 4 / 6)


def test_a_labelled_set_without_any_class_is_reported_without_hits(circle: EmbeddingIndex) -> None:
    found = proximity_analysis(circle, [[labelled(circle, "d5")]], top_k=2)
    assert [entry.hits for entry in found] == [None, None]


def test_lift_is_unknown_where_nothing_is_expected(index_of: IndexOf) -> None:
    index = index_of([train(0, "a"), train(1, "b"), train(2, "b")], on_circle(0, 10, 20))
    a, _ = proximity_analysis(index, [[labelled(index, "d0")]], top_k=1)
    assert (a.hits, a.expected, a.lift) == (0, 0, None)


def test_the_papers_row_stands_beside_its_sizes_only(circle: EmbeddingIndex) -> None:
    sizes = [[labelled(circle, "d0", "d1")], [labelled(circle, "d0", "d1", "d5")]]
    found = proximity_analysis(circle, sizes, top_k=2)
    assert [(e.n_labelled, e.class_name, e.paper) for e in found] == [
        (2, "a", 1),
        (2, "b", 7),
        (3, "a", None),
        (3, "b", None),
    ]


def test_a_row_of_another_number_of_classes_is_not_shown(index_of: IndexOf) -> None:
    index = index_of(DOCUMENTS, on_circle(*DEGREES), paper={"proximity": {"2": [1, 2, 3]}})
    found = proximity_analysis(index, [[labelled(index, "d0", "d1")]], top_k=2)
    assert [entry.paper for entry in found] == [None, None]


def test_documents_with_unknown_labels_are_left_out(index_of: IndexOf) -> None:
    unknown = [Record(f"u{i}", "text", None, "train") for i in range(5)]
    held_out = [Record("dev", "text", ("a",), "dev"), Record("test", "text", ("a",), "test")]
    index = index_of([*DOCUMENTS, *unknown, *held_out], on_circle(*DEGREES, 1, 2, 3, 4, 5, 1, 2))
    a = of_class(proximity_analysis(index, [[labelled(index, "d0", "d1")]], top_k=2), "a")
    assert (a.hits, a.in_unlabelled, a.expected) == (2, 3, 1)


def test_more_than_there_are_is_refused_with_the_numbers(circle: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        proximity_analysis(circle, [[labelled(circle, "d0", "d1")]], top_k=7)
    assert str(error.value) == (
        "asked for the 7 nearest documents, 6 with known labels are left beside "
        "2 labelled; lower --top-k or --sizes"
    )


@pytest.mark.parametrize("size", [5, 20])
def test_counts_are_those_of_a_slow_loop(toy_index: EmbeddingIndex, size: int) -> None:
    pool, embeddings = toy_index.pool, toy_index.embeddings().astype(float)
    draws = [draw_labelled(pool, size, seed) for seed in range(4)]
    found = proximity_analysis(toy_index, [draws], top_k=12)
    for c, entry in enumerate(found):
        nearest, farthest, expected = [], [], []
        for draw in draws:
            own = [row for row in draw.rows if pool.labels[row, c]]
            if own:
                mean = sum(embeddings[row] for row in own)
                left = np.flatnonzero(draw.unlabelled)
                order = sorted(left, key=lambda row: -embeddings[row] @ mean)
                nearest.append(sum(pool.labels[row, c] for row in order[:12]))
                farthest.append(sum(pool.labels[row, c] for row in order[-12:]))
                expected.append(12 * sum(pool.labels[row, c] for row in left) / len(left))
        assert entry.draws == len(nearest)
        assert entry.hits == pytest.approx(np.mean(nearest))
        assert entry.hits_sd == pytest.approx(np.std(nearest, ddof=1))
        assert entry.farthest == pytest.approx(np.mean(farthest))
        assert entry.expected == pytest.approx(np.mean(expected))
        assert entry.lift == pytest.approx(np.mean(nearest) / np.mean(expected), rel=1e-5)
