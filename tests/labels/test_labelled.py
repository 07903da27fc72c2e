"""The labelled set: draws, ids, defaults; what may be searched."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from classemb_index import Pool, Record, default_labelled, draw_labelled, labelled_from_ids
from classemb_index.errors import RequestError


def pool_of(labels: Sequence[tuple[str, ...] | None], splits: Sequence[str | None]) -> Pool:
    records = [
        Record(f"d{i}", f"text {i}", own, split)
        for i, (own, split) in enumerate(zip(labels, splits, strict=True))
    ]
    return Pool.from_records(records, name="small")


@pytest.fixture
def mixed() -> Pool:
    """Ten documents: four train, two of no split, two dev, two test; d1 and d4 are unknown."""
    labels = [("a",), None, (), ("a", "b"), None, ("b",), ("a",), ("a",), ("b",), ("b",)]
    splits = ["train"] * 4 + [None] * 2 + ["dev"] * 2 + ["test"] * 2
    return pool_of(labels, splits)


def test_labelled_documents_are_not_unlabelled_and_others_of_train_are(mixed: Pool) -> None:
    found = labelled_from_ids(mixed, ["d3", "d0"], "by hand")
    assert found.rows.tolist() == [0, 3] and found.rows.dtype == np.int64
    assert found.labels.tolist() == [[True, False], [True, True]]
    assert np.flatnonzero(found.unlabelled).tolist() == [1, 2, 4, 5]
    assert found.counts.tolist() == [2, 1]
    assert (len(found), found.n_unlabelled, found.origin) == (2, 4, "by hand")


def test_an_id_given_twice_counts_once(mixed: Pool) -> None:
    assert labelled_from_ids(mixed, ["d0", "d0"], "by hand").rows.tolist() == [0]


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("nobody", "no document 'nobody' in the pool; labelled ids must be the pool's"),
        ("d1", "document 'd1' has no known labels; add them to the source"),
        (
            "d6",
            "document 'd6' is in the dev split, which serves the classifier only; "
            "take labelled ids from the train split",
        ),
        (
            "d9",
            "document 'd9' is in the test split, which serves the classifier only; "
            "take labelled ids from the train split",
        ),
    ],
)
def test_an_id_that_cannot_be_labelled_is_refused(mixed: Pool, id_: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        labelled_from_ids(mixed, ["d0", id_], "by hand")
    assert str(error.value) == message


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_draw_holds_every_smaller_one_of_its_seed(toy_pool: Pool, seed: int) -> None:
    draws = [set(draw_labelled(toy_pool, size, seed).rows.tolist()) for size in (1, 5, 30, 72)]
    assert [len(rows) for rows in draws] == [1, 5, 30, 72]
    assert all(small < large for small, large in pairwise(draws))


def test_a_draw_is_the_same_for_the_same_seed_and_another_for_another(toy_pool: Pool) -> None:
    first, again, other = (draw_labelled(toy_pool, 20, seed) for seed in (0, 0, 1))
    assert first.rows.tolist() == again.rows.tolist() != other.rows.tolist()
    assert first.origin == "20 labelled documents drawn with seed 0"


def test_every_document_is_drawn_about_equally_often(toy_pool: Pool) -> None:
    times = np.zeros(len(toy_pool), dtype=int)
    for seed in range(400):
        times[draw_labelled(toy_pool, 18, seed).rows] += 1
    train = times[toy_pool.splits == "train"]  # 400 * 18 / 72 = 100, sd about 9
    assert train.min() > 60 and train.max() < 140


@pytest.mark.parametrize("seed", range(10))
def test_a_draw_takes_known_selectable_documents_only(mixed: Pool, seed: int) -> None:
    assert draw_labelled(mixed, 4, seed).rows.tolist() == [0, 2, 3, 5]


def test_a_draw_leaves_documents_with_unknown_labels_unlabelled(mixed: Pool) -> None:
    assert draw_labelled(mixed, 4, 0).unlabelled[[1, 4]].all()


@pytest.mark.parametrize("size", [0, 5])
def test_a_draw_of_more_than_there_is_names_both_numbers(mixed: Pool, size: int) -> None:
    with pytest.raises(RequestError) as error:
        draw_labelled(mixed, size, 0)
    assert str(error.value) == (
        f"asked for {size} labelled documents, 4 of the pool have known labels; ask for fewer"
    )


def test_default_is_what_is_known_where_something_is_unknown(mixed: Pool) -> None:
    found = default_labelled(mixed)
    assert found.rows.tolist() == [0, 2, 3, 5]
    assert np.flatnonzero(found.unlabelled).tolist() == [1, 4]
    assert found.origin == "the 4 documents whose labels are known"


def test_unknown_labels_of_dev_and_test_do_not_count_for_the_default() -> None:
    pool = pool_of([("a",), ("a",), None, None], ["train", "train", "dev", "test"])
    found = default_labelled(pool)
    assert found.origin == "1 labelled documents drawn with seed 0"


def test_default_is_a_draw_of_100_where_all_is_known() -> None:
    pool = pool_of([("a",)] * 250, ["train"] * 250)
    found = default_labelled(pool, seed=3)
    assert found.rows.tolist() == draw_labelled(pool, 100, 3).rows.tolist()
    assert (len(found), found.n_unlabelled) == (100, 150)


def test_default_of_a_small_pool_is_half_of_it(toy_pool: Pool) -> None:
    found = default_labelled(toy_pool)
    assert found.rows.tolist() == draw_labelled(toy_pool, 36, 0).rows.tolist()


def test_default_without_a_known_label_is_empty_and_leaves_all_to_be_searched() -> None:
    found = default_labelled(pool_of([None, None, ("a",)], ["train", None, "test"]))
    assert (len(found), found.counts.tolist(), found.labels.shape) == (0, [0], (0, 1))
    assert found.unlabelled.tolist() == [True, True, False]
    assert found.origin == "no labelled document"


def test_labels_of_rows_come_in_the_order_asked(mixed: Pool) -> None:
    found = labelled_from_ids(mixed, ["d5", "d0", "d3"], "by hand")
    asked = found.labels_of(np.array([5, 0, 3, 5]))
    assert asked.tolist() == [[False, True], [True, False], [True, True], [False, True]]
    assert found.labels_of(np.zeros(0, dtype=np.int64)).shape == (0, 2)


@pytest.mark.parametrize("choose", [default_labelled, lambda pool: draw_labelled(pool, 40, 1)])
def test_dev_and_test_are_neither_labelled_nor_unlabelled(toy_pool: Pool, choose: object) -> None:
    found = choose(toy_pool)
    kept_out = np.flatnonzero((toy_pool.splits == "dev") | (toy_pool.splits == "test"))
    assert not np.isin(found.rows, kept_out).any()
    assert not found.unlabelled[kept_out].any()


def test_a_labelled_set_leaves_the_pool_as_it_is(toy_pool: Pool) -> None:
    labels, selectable = toy_pool.labels.copy(), toy_pool.selectable.copy()
    found = draw_labelled(toy_pool, 30, 0)
    found.labels[:] = False
    found.counts[:] = 99
    np.testing.assert_array_equal(toy_pool.labels, labels)
    np.testing.assert_array_equal(toy_pool.selectable, selectable)
