"""What batches that were labelled say of their classes: tries and misses, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from classemb_index import Pool
from classemb_index.labels.batches import (
    NO_CLASS,
    Batch,
    misses_by_class,
    picks_by_class,
)
from classemb_index.labels.labelled import LabelledSet, labelled_set
from tests.support.pools import train


def batch(rows: Sequence[int], classes: Sequence[int], steps: Sequence[str] | None = None) -> Batch:
    return Batch(
        np.array(rows, dtype=np.int64),
        np.array(classes, dtype=np.int64),
        tuple(steps or [""] * len(rows)),
    )


@pytest.fixture
def labelled() -> LabelledSet:
    """Rows 1 to 5 of six: a, b, a and b, none, c."""
    letters = ["c", "a", "b", "ab", "", "c"]
    pool = Pool.from_records([train(i, *classes) for i, classes in enumerate(letters)], name="six")
    return labelled_set(pool, np.arange(1, 6), "by hand")


def test_what_no_class_asked_for_is_not_missed(labelled: LabelledSet) -> None:
    # the last class is c, which row 4 has not: NO_CLASS is not the last class
    nobody = batch([5, 4], [NO_CLASS, NO_CLASS])
    assert misses_by_class([nobody], labelled).tolist() == [0, 0, 0]


def test_a_pick_whose_answer_is_unknown_is_not_missed(labelled: LabelledSet) -> None:
    known = np.ones_like(labelled.labels)
    known[3, 0] = False  # row 4
    partly = replace(labelled, cells=known)
    assert misses_by_class([batch([4, 2], [0, 0])], partly).tolist() == [1, 0, 0]


def test_misses_are_the_picks_without_the_class_that_asked_of_all_batches(
    labelled: LabelledSet,
) -> None:
    # a misses rows 4 and 2, and 5 later, c misses row 1; b finds row 3
    history = [batch([4, 2], [0, 0]), batch([3, 1], [1, 2]), batch([5], [0])]
    assert misses_by_class(history, labelled).tolist() == [3, 0, 1]
    assert misses_by_class([], labelled).tolist() == [0, 0, 0]


def test_picks_of_all_steps_but_one_are_counted_for_the_classes_that_asked() -> None:
    history = [
        batch([0, 1, 2, 3], [1, 1, 0, NO_CLASS], ["name", "boundary", "name", "name"]),
        batch([4, 5], [1, 2], ["name", "uncertainty"]),
        batch([], []),
        batch([6], [0]),
    ]
    assert picks_by_class(history, 4, but="boundary").tolist() == [2, 2, 1, 0]
    assert picks_by_class(history, 4, but="name").tolist() == [1, 1, 1, 0]
    assert picks_by_class(history, 4, but="uncertainty").tolist() == [2, 3, 0, 0]
    assert picks_by_class([], 2, but="name").tolist() == [0, 0]
