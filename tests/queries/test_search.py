"""Class queries by hand: few documents, two classes, two dimensions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record, draw_labelled, query_classes
from classemb_index.errors import (
    EmptyClassError,
    EncoderMismatchError,
    RequestError,
    UnknownClassError,
)
from classemb_index.labels.labelled import labelled_from_ids
from classemb_index.queries.build import build_queries
from classemb_index.queries.classes import resolve_classes
from classemb_index.queries.methods import METHODS
from classemb_index.queries.search import like_document, like_text
from tests.support.circle import labelled
from tests.support.fakes import HashEncoder, KnownEncoder
from tests.support.pools import topic_records, topic_vectors

IndexOf = Callable[..., EmbeddingIndex]


def record(id_: str, labels: tuple[str, ...] | None, split: str | None = "train") -> Record:
    return Record(id_, f"text of {id_}", labels, split)


@pytest.fixture
def three(index_of: IndexOf) -> EmbeddingIndex:
    """x has class a and lies on the first axis, y has b and lies on the second, z between."""
    records = [record("x", ("a",)), record("y", ("b",)), record("z", ("a",))]
    return index_of(records, [[1, 0], [0, 1], [0.6, 0.8]])


def test_neighbours_of_three_documents_by_hand(three: EmbeddingIndex) -> None:
    found = query_classes(three, [0], labelled(three, "x"), k=2)
    (answer,) = found.classes
    assert (found.k, found.method, answer.position, answer.n_labelled) == (2, "centroid", 0, 1)
    assert answer.neighbours.rows.tolist() == [2, 1]  # z, then y
    np.testing.assert_allclose(answer.neighbours.scores, [0.6, 0.0], atol=1e-7)
    assert answer.has_class == (True, False)


def test_query_is_the_scaled_mean_of_the_classs_documents(three: EmbeddingIndex) -> None:
    # the mean of x and z is (0.8, 0.4), its direction (2, 1) / sqrt 5
    (answer,) = query_classes(three, [0], labelled(three, "x", "z"), k=1).classes
    assert answer.neighbours.rows.tolist() == [1]
    np.testing.assert_allclose(answer.neighbours.scores, [1 / 5**0.5], atol=1e-7)


def test_classes_answer_in_the_order_asked(three: EmbeddingIndex) -> None:
    both = query_classes(three, [1, 0], labelled(three, "x", "y"), k=1)
    assert [answer.position for answer in both.classes] == [1, 0]
    assert [answer.neighbours.rows.tolist() for answer in both.classes] == [[2], [2]]
    np.testing.assert_allclose(both.classes[0].neighbours.scores, [0.8], atol=1e-7)
    np.testing.assert_allclose(both.classes[1].neighbours.scores, [0.6], atol=1e-7)


def test_a_class_without_a_labelled_document_is_reported_and_the_others_answer(
    three: EmbeddingIndex,
) -> None:
    first, second = query_classes(three, [0, 1], labelled(three, "x"), k=1).classes
    assert first.neighbours.rows.tolist() == [2]
    assert (second.position, second.n_labelled, second.neighbours) == (1, 0, None)
    assert second.has_class == ()


def test_no_class_with_a_labelled_document_is_an_error(three: EmbeddingIndex) -> None:
    with pytest.raises(EmptyClassError) as error:
        query_classes(three, [1], labelled(three, "x", "z"), k=1)
    assert str(error.value) == (
        "no labelled document of b among 2 (by hand), so there is nothing that centroid could "
        "search by; label one, or use a larger --labelled-size"
    )


def test_an_index_with_class_names_advises_to_search_by_them(tmp_path: Path) -> None:
    pool = Pool.from_records([record("x", ("a",)), record("y", ("b",)), record("z", ())])
    index = EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "named")
    with pytest.raises(EmptyClassError) as error:
        query_classes(index, [1], labelled(index, "x"), k=1, method="rocchio")
    assert str(error.value) == (
        "no labelled document of b among 1 (by hand), so there is nothing that rocchio could "
        "search by; label one, use a larger --labelled-size, or --method label-name"
    )


def test_no_class_with_a_name_is_an_error_where_names_are_asked_for(three: EmbeddingIndex) -> None:
    with pytest.raises(EmptyClassError) as error:
        query_classes(three, [1, 0], labelled(three, "x"), k=1, method="label-name")
    assert str(error.value) == (
        "the index holds no embedding of the names of b, a; build it again with its encoder"
    )


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_a_class_with_neither_positive_nor_name_is_reported_whatever_the_method(
    index_of: IndexOf, method: str
) -> None:
    records = [record("x", ("a",)), record("w", ()), record("y", ("b",)), record("z", ())]
    index = index_of(records, [[1, 0], [0, 1], [0.8, 0.6], [0.6, 0.8]])
    names = np.array([[1, 0], [0, 0]], dtype=np.float32)
    first, second = query_classes(
        index, [0, 1], labelled(index, "x", "w"), k=2, method=method, name_vectors=names
    ).classes
    assert first.neighbours.rows.tolist() == [2, 3]
    assert (second.n_labelled, second.neighbours, second.has_class) == (0, None, ())


@pytest.mark.parametrize("method", ["centroid", "rocchio", "margin"])
def test_a_class_whose_documents_cancel_out_has_no_query(index_of: IndexOf, method: str) -> None:
    # the two documents of a are opposite, so are the two without it
    records = [record("east", ("a",)), record("west", ("a",)), record("north", ("b",))]
    records += [record("south", ()), record("z", ())]
    index = index_of(records, [[1, 0], [-1, 0], [0, 1], [0, -1], [0.6, 0.8]])
    chosen = labelled(index, "east", "west", "north", "south")
    first, second = query_classes(index, [0, 1], chosen, k=1, method=method).classes
    assert (first.n_labelled, first.neighbours) == (2, None)
    assert second.neighbours.rows.tolist() == [4]


def test_a_class_that_lies_where_the_pool_does_has_no_centred_query(index_of: IndexOf) -> None:
    records = [record("x", ("a", "b")), record("y", ("a",)), record("v", ()), record("w", ())]
    index = index_of(records, [[1, 0], [0, 1], [1, 0], [0, 1]])
    first, second = query_classes(
        index, [0, 1], labelled(index, "x", "y"), k=1, method="centred"
    ).classes
    assert first.neighbours is None
    assert second.neighbours.rows.tolist() == [2]


def test_a_probe_that_cannot_tell_positives_from_negatives_has_no_query(
    index_of: IndexOf,
) -> None:
    # a: one of two equal documents; b: x against z
    records = [record("x", ("a", "b")), record("y", ("b",)), record("z", ("a",)), record("w", ())]
    index = index_of(records, [[1, 0], [1, 0], [0, 1], [0.8, 0.6]])
    (alike,) = build_queries(index, [0], labelled(index, "x", "y"), "probe")
    assert (len(alike.evidence.positives), len(alike.evidence.negatives)) == (1, 1)
    assert not len(alike.vectors)
    (apart,) = build_queries(index, [1], labelled(index, "x", "z"), "probe")
    assert len(apart.vectors)


def test_more_neighbours_than_unlabelled_documents_are_refused(three: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        query_classes(three, [0], labelled(three, "x"), k=3)
    assert str(error.value) == (
        "asked for 3 neighbours, 2 documents are left to search; lower --top-k"
    )


def test_an_unknown_method_is_refused_with_the_choices(three: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        query_classes(three, [0], labelled(three, "x"), k=1, method="nearest")
    assert str(error.value) == (
        "no query method 'nearest'; there are: auto, centroid, centred, rocchio, probe, margin, "
        "label-name, mixed, multi-centroid, expanded-name, expanded-mixed"
    )


def test_dev_and_test_documents_are_never_neighbours(index_of: IndexOf) -> None:
    records = [
        record("x", ("a",)),
        record("dev", ("a",), "dev"),
        record("test", ("a",), "test"),
        record("none", ("a",), None),
        record("train", ("a",)),
    ]
    index = index_of(records, [[1, 0], [1, 0], [1, 0], [0.8, 0.6], [0.6, 0.8]])
    (answer,) = query_classes(index, [0], labelled(index, "x"), k=2).classes
    assert answer.neighbours.rows.tolist() == [3, 4]


def test_a_neighbour_with_unknown_labels_has_no_mark(index_of: IndexOf) -> None:
    records = [record("x", ("a",)), record("unknown", None), record("empty", ())]
    index = index_of(records, [[1, 0], [0.8, 0.6], [0.6, 0.8]])
    (answer,) = query_classes(index, [0], labelled(index, "x"), k=2).classes
    assert answer.has_class == (None, False)


@pytest.mark.parametrize("method", METHODS)
def test_ties_go_to_the_lower_row(index_of: IndexOf, method: str) -> None:
    records = [record("x", ("a",)), record("w", ())] + [record(f"copy{i}", ()) for i in range(5)]
    index = index_of(records, [[1, 0], [0, -1]] + [[0.6, 0.8]] * 5)
    names = np.array([[1, 0]], dtype=np.float32)
    (answer,) = query_classes(
        index, [0], labelled(index, "x", "w"), k=3, method=method, name_vectors=names
    ).classes
    assert answer.neighbours.rows.tolist() == [2, 3, 4]


def test_equal_margins_go_to_the_lower_row_whatever_was_retrieved_first(
    index_of: IndexOf,
) -> None:
    # both margins are 1.4; rocchio prefers the document of the higher row, 1.25 to 1.2
    records = [record("x", ("a",)), record("w", ()), record("lower", ()), record("higher", ())]
    index = index_of(records, [[1, 0], [0, 1], [0.6, -0.8], [0.8, -0.6]])
    for method, rows in (("rocchio", [3, 2]), ("margin", [2, 3])):
        (answer,) = query_classes(index, [0], labelled(index, "x", "w"), k=2, method=method).classes
        assert answer.neighbours.rows.tolist() == rows
    np.testing.assert_allclose(answer.neighbours.scores, [1.4, 1.4], atol=1e-6)


def test_a_class_of_several_topics_is_near_to_whatever_is_near_to_one_of_them(
    index_of: IndexOf,
) -> None:
    # two topics, east and west; their mean points north, where nothing of the class is
    records = [record("east", ("a",)), record("west", ("a",))]
    records += [record(id_, ()) for id_ in ("north", "by-west", "by-east", "in-the-east")]
    index = index_of(records, [[1, 0], [-1, 0.1], [0, 1], [-0.8, 0.6], [0.8, 0.6], [0.96, 0.28]])
    chosen = labelled(index, "east", "west")
    (by_mean,) = query_classes(index, [0], chosen, k=1).classes
    assert by_mean.neighbours.rows.tolist() == [2]
    (by_topics,) = query_classes(index, [0], chosen, k=4, method="multi-centroid").classes
    # each row once, with the better of its two scores: the west is tilted to the north a little
    assert by_topics.neighbours.rows.tolist() == [5, 3, 4, 2]
    west = (0.8 + 0.06) / 1.01**0.5
    np.testing.assert_allclose(
        by_topics.neighbours.scores, [0.96, west, 0.8, 0.1 / 1.01**0.5], atol=1e-6
    )


def test_equal_scores_from_two_topics_go_to_the_lower_row(index_of: IndexOf) -> None:
    records = [record("north", ("a",)), record("east", ("a",))]
    records += [record(f"d{i}", ()) for i in range(4)]
    index = index_of(records, [[0, 1], [1, 0], [0.8, 0.6], [0.6, 0.8], [0.6, 0.8], [0.8, 0.6]])
    (answer,) = query_classes(
        index, [0], labelled(index, "north", "east"), k=3, method="multi-centroid"
    ).classes
    assert answer.neighbours.rows.tolist() == [2, 3, 4]
    np.testing.assert_allclose(answer.neighbours.scores, [0.8, 0.8, 0.8], atol=1e-6)


def test_names_that_are_given_take_the_place_of_the_indexs_own(tmp_path: Path) -> None:
    pool = Pool.from_records([record("x", ("a",)), record("y", ("b",)), record("z", ())])
    vectors = np.array([[1, 0], [0, 1], [0.8, 0.6]], dtype=np.float32)
    encoder = KnownEncoder(pool.texts, vectors)
    index = EmbeddingIndex.build(pool, encoder, tmp_path / "index", embeddings=vectors)
    none = labelled_from_ids(pool, [], "none")
    names = np.array([[0, 1], [0, 0]], dtype=np.float32)
    first, second = query_classes(
        index, [0, 1], none, k=3, method="label-name", name_vectors=names
    ).classes
    assert first.neighbours.rows.tolist() == [1, 2, 0]
    assert second.neighbours is None  # a row of zeros is no name, though the index has one
    own = query_classes(index, [0, 1], none, k=3, method="label-name").classes
    expected = HashEncoder(dim=2).encode(["a", "b"]) @ vectors.T
    for answer, scores in zip(own, expected, strict=True):
        assert answer.neighbours.rows.tolist() == np.argsort(-scores).tolist()


def test_a_given_name_is_expanded_by_the_three_documents_nearest_to_it(index_of: IndexOf) -> None:
    # three documents stand at each of two angles; nearest to the name are those at 60 degrees
    angles = np.radians([60] * 3 + [180] * 3)
    records = [record(f"d{i}", ("a",) if i == 0 else ()) for i in range(6)]
    index = index_of(records, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    (query,) = build_queries(
        index,
        [0],
        labelled_from_ids(index.pool, [], "none"),
        "expanded-name",
        np.array([[1, 0]], dtype=np.float32),
    )
    # beyond the mean of the pool they point to (cos 60 + 1, sin 60), at 30 degrees
    np.testing.assert_allclose(query.vectors, [[0.7 + 0.3 * 0.75**0.5, 0.15]], atol=1e-6)


def test_documents_like_another_are_nearest_to_it_without_itself(three: EmbeddingIndex) -> None:
    found = like_document(three, "z", 2)
    assert found.rows.tolist() == [1, 0]
    np.testing.assert_allclose(found.scores, [0.8, 0.6], atol=1e-6)


def test_documents_like_one_of_the_test_split_are_of_the_train_split(index_of: IndexOf) -> None:
    splits = ["train", "test", "test", "dev", None]
    records = [record(f"d{i}", None, split) for i, split in enumerate(splits)]
    index = index_of(records, [[1, 0], [0.8, 0.6], [0.8, 0.6], [0.8, 0.6], [0, 1]])
    assert like_document(index, "d1", 2).rows.tolist() == [0, 4]


def test_documents_like_one_that_is_not_there_are_refused(three: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        like_document(three, "v", 1)
    assert str(error.value) == "no document 'v' in the pool; --like takes an id of the pool"


def test_more_documents_like_another_than_there_are_others_are_refused(
    three: EmbeddingIndex,
) -> None:
    with pytest.raises(RequestError) as error:
        like_document(three, "x", 3)
    assert str(error.value) == (
        "asked for 3 neighbours, 2 documents are left to search; lower --top-k"
    )


@pytest.fixture
def encoded(tmp_path: Path) -> EmbeddingIndex:
    """Four documents embedded with a hash encoder; one is of the test split."""
    records = [record("x", ("a",)), record("y", ()), record("t", (), "test"), record("z", ())]
    return EmbeddingIndex.build(Pool.from_records(records), HashEncoder(), tmp_path / "encoded")


def test_documents_like_a_text_are_nearest_to_its_embedding(encoded: EmbeddingIndex) -> None:
    found = like_text(encoded, "text of z", HashEncoder(), 3)
    texts = HashEncoder().encode(["text of x", "text of y", "text of z"])
    by_row = dict(zip([0, 1, 3], (texts @ texts[2]).tolist(), strict=True))
    assert found.rows.tolist() == sorted(by_row, key=lambda row: -by_row[row])
    assert found.rows[0] == 3
    np.testing.assert_allclose(found.scores, sorted(by_row.values(), reverse=True), atol=1e-6)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(encoded: EmbeddingIndex, text: str) -> None:
    with pytest.raises(RequestError) as error:
        like_text(encoded, text, HashEncoder(), 1)
    assert str(error.value) == ("the text to search by is empty; say what the documents are about")


def test_a_text_is_not_compared_by_another_encoder(encoded: EmbeddingIndex) -> None:
    with pytest.raises(EncoderMismatchError) as error:
        like_text(encoded, "text of z", HashEncoder(salt="tuned"), 1)
    assert str(error.value) == (
        f"the index in {encoded.folder} was embedded with 'hash' (max length 16), not with 'hash' "
        "(max length 16) as it is here; use that encoder, or build again"
    )


@pytest.mark.parametrize("seed", range(5))
def test_hidden_labels_change_marks_and_never_neighbours(
    index_of: IndexOf, toy_pool: Pool, seed: int
) -> None:
    pool, vectors = toy_pool, topic_vectors(toy_pool)
    seen = draw_labelled(pool, 20, seed)
    hidden = np.setdiff1d(np.arange(len(pool)), seen.rows)
    source = np.arange(len(pool))
    source[hidden] = np.random.default_rng(seed).permutation(hidden)
    records = [
        Record(
            pool.ids[row],
            pool.text(row),
            tuple(pool.classes[c] for c in np.flatnonzero(pool.labels[source[row]])),
            str(pool.splits[row]),
        )
        for row in range(len(pool))
    ]
    permuted = index_of(records, vectors, pool.groups)
    index = index_of(topic_records(), vectors, pool.groups)
    before = query_classes(index, [0, 1, 2], seen, k=10).classes
    after = query_classes(permuted, [0, 1, 2], draw_labelled(permuted.pool, 20, seed)).classes
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.neighbours.rows, two.neighbours.rows)
        np.testing.assert_array_equal(one.neighbours.scores, two.neighbours.scores)
        truth = permuted.pool.labels[two.neighbours.rows, two.position]
        assert two.has_class == tuple(truth.tolist())
    assert [one.has_class for one in before] != [two.has_class for two in after]


def test_all_declared_classes_are_asked_for_in_one_search(
    toy_index: EmbeddingIndex, search_sizes: list[tuple[int, int]]
) -> None:
    query_classes(toy_index, [0, 1, 2], draw_labelled(toy_index.pool, 30, 0), k=5)
    assert [n for n, _ in search_sizes] == [3]


COUNTS = np.array([5, 2, 9, 2])


@pytest.fixture
def four_classes() -> Pool:
    return Pool.from_records([record("x", ("a", "b", "c", "d"))])


@pytest.fixture
def grouped() -> Pool:
    groups = {"frequent": ["a", "b"], "rare": ["c", "d"]}
    return Pool.from_records([record("x", ("a",))], classes=groups)


@pytest.mark.parametrize(
    ("words", "positions"),
    [
        (["rare"], [2, 3]),
        (["frequent"], [0, 1]),
        (["all"], [0, 1, 2, 3]),
        (["d", "a"], [3, 0]),
        (["d", "rare", "all"], [3, 2, 0, 1]),  # each class once
    ],
)
def test_declared_groups_are_taken_without_a_note(
    grouped: Pool, words: list[str], positions: list[int]
) -> None:
    assert resolve_classes(grouped, words, COUNTS) == (positions, None)


@pytest.mark.parametrize(
    ("word", "positions", "which"),
    [
        ("rare", [1, 3], "fewest labelled documents, b, d"),
        ("frequent", [0, 2], "most labelled documents, a, c"),
    ],
)
def test_an_undeclared_group_is_half_of_the_classes_and_a_note_says_so(
    four_classes: Pool, word: str, positions: list[int], which: str
) -> None:
    assert resolve_classes(four_classes, [word], COUNTS) == (
        positions,
        f"no {word} group is declared: taken are the classes with the {which}",
    )


def test_equal_counts_make_the_lower_positions_rare(four_classes: Pool) -> None:
    positions, _ = resolve_classes(four_classes, ["rare"], np.array([1, 1, 1, 1]))
    assert positions == [0, 1]


def test_of_three_classes_one_is_rare(four_classes: Pool) -> None:
    pool = Pool.from_records([record("x", ("a", "b", "c"))])
    assert resolve_classes(pool, ["rare"], np.array([4, 1, 1]))[0] == [1]
    assert resolve_classes(pool, ["frequent"], np.array([4, 1, 1]))[0] == [0, 2]


def test_both_undeclared_groups_have_a_note_each(four_classes: Pool) -> None:
    positions, note = resolve_classes(four_classes, ["rare", "frequent"], COUNTS)
    assert positions == [1, 3, 0, 2]
    assert "no rare group" in note and "no frequent group" in note


def test_the_only_class_is_both_rare_and_frequent() -> None:
    pool = Pool.from_records([record("x", ("a",))])
    assert resolve_classes(pool, ["rare"], np.array([1]))[0] == [0]
    assert resolve_classes(pool, ["frequent"], np.array([1]))[0] == [0]


def test_a_class_that_is_called_rare_is_that_class() -> None:
    pool = Pool.from_records([record("x", ("common", "rare"))])
    assert resolve_classes(pool, ["rare"], np.array([1, 1])) == ([1], None)


def test_an_unknown_class_is_refused_with_the_choices(grouped: Pool) -> None:
    with pytest.raises(UnknownClassError) as error:
        resolve_classes(grouped, ["a", "e"], COUNTS)
    assert str(error.value) == "no class 'e'; the pool has: a, b, c, d"


def test_a_pool_without_classes_cannot_be_asked_for_all(index_of: IndexOf) -> None:
    index = index_of([record("x", ()), record("y", ())], [[1, 0], [0, 1]])
    with pytest.raises(RequestError) as error:
        resolve_classes(index.pool, ["all"], np.zeros(0, dtype=np.int64))
    assert str(error.value) == (
        "the pool has no classes to query; name some with: classemb-index classes add NAME"
    )
