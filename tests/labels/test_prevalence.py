"""Estimated shares: exact intervals, their coverage, and which documents are a random sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import comb

import numpy as np
import pytest

from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.labelled import LabelledSet
from classemb_index.labels.prevalence import (
    DocumentCount,
    estimate_prevalence,
    lower_bound,
    upper_bound,
)


def at_most(k: int, n: int, share: float) -> float:
    """The probability of k or fewer of n, added up term by term."""
    return sum(comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1))


def labelled_of(labels: object, n_unlabelled: int = 0) -> LabelledSet:
    """The first rows labelled so, and `n_unlabelled` others."""
    own = np.asarray(labels, dtype=bool)
    unlabelled = np.arange(len(own) + n_unlabelled) >= len(own)
    return LabelledSet(np.arange(len(own)), own, unlabelled, "by hand")


def batch(rows: Sequence[int] | range, strategy: str | None, c: int = NO_CLASS) -> Batch:
    """A batch of the strategy, all of it picked for one class or for none."""
    classes = np.full(len(rows), c, dtype=np.int64)
    return Batch(np.array(rows, dtype=np.int64), classes, ("",) * len(rows), strategy)


def staircase(n: int) -> np.ndarray:
    """(n, n + 1) labels in which class c has c documents."""
    return np.arange(n)[:, None] < np.arange(n + 1)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 100])
def test_the_bounds_leave_2_5_percent_in_either_tail(n: int) -> None:
    found = estimate_prevalence(labelled_of(staircase(n)), [batch(range(n), "random")])
    assert len(found) == n + 1
    for k, entry in enumerate(found):
        assert (entry.position, entry.positives, entry.sample) == (k, k, n)
        assert entry.share == k / n
        if k == 0:
            assert entry.low == 0
        else:  # k or more, where the share is `low`
            assert 1 - at_most(k - 1, n, entry.low) == pytest.approx(0.025, abs=1e-9)
        if k == n:
            assert entry.high == 1
        else:
            assert at_most(k, n, entry.high) == pytest.approx(0.025, abs=1e-9)


def test_the_bounds_of_none_and_of_all_follow_from_one_term() -> None:
    # (1 - p)^n = tail
    assert upper_bound(0, 29, 0.05) == pytest.approx(1 - 0.05 ** (1 / 29), abs=1e-12)
    assert lower_bound(29, 29, 0.05) == pytest.approx(0.05 ** (1 / 29), abs=1e-12)
    assert (lower_bound(0, 29, 0.05), upper_bound(29, 29, 0.05)) == (0, 1)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.07, 0.3, 0.5])
def test_an_interval_of_a_drawn_sample_holds_the_share_at_least_95_times_in_100(
    share: float,
) -> None:
    n, n_pool, draws = 100, 2000, 20_000
    positives = int(share * n_pool)
    by_count = estimate_prevalence(labelled_of(staircase(n)), [batch(range(n), "random")])
    low, high = (np.array([getattr(e, end) for e in by_count]) for end in ("low", "high"))
    counts = np.random.default_rng(0).hypergeometric(positives, n_pool - positives, n, draws)
    covered = np.mean((low[counts] <= share) & (share <= high[counts]))
    assert covered > 0.945  # sd 0.0015


def test_a_larger_sample_of_the_same_share_is_more_certain() -> None:
    widths = []
    for n in (10, 50, 250):
        labels = np.arange(n)[:, None] < n // 5
        (entry,) = estimate_prevalence(labelled_of(labels), [batch(range(n), "random")])
        assert entry.share == 0.2
        widths.append(entry.high - entry.low)
    assert all(wide > narrow for wide, narrow in pairwise(widths))


def test_a_random_batch_says_how_many_documents_may_be_left() -> None:
    labels = np.zeros((10, 1), dtype=bool)
    labels[:2] = True
    labelled = labelled_of(labels, n_unlabelled=1020)
    (entry,) = estimate_prevalence(labelled, [batch(range(10), "random")])
    # 1020 times 0.2, 0.0252 (25.7) and 0.5561 (567.2)
    assert (entry.sample, entry.positives, entry.share) == (10, 2, 0.2)
    assert (round(entry.low, 4), round(entry.high, 4)) == (0.0252, 0.5561)
    assert entry.documents == DocumentCount(204, 25, 568)
    assert entry.note == "from 10 documents selected at random"


def test_labels_of_the_source_and_of_plain_ids_are_no_sample() -> None:
    labelled = labelled_of(np.ones((5, 2)), n_unlabelled=5)
    assert estimate_prevalence(labelled) == []
    assert estimate_prevalence(labelled, [batch(range(5), None)]) == []


def test_a_class_is_estimated_from_batches_that_are_wholly_known_for_it() -> None:
    # class 1 came after the first batch, in which one document was answered for it
    labels = np.zeros((8, 2), dtype=bool)
    labels[[0, 5], 1] = True
    known = np.ones((8, 2), dtype=bool)
    known[1:5, 1] = False
    labelled = replace(labelled_of(labels, n_unlabelled=12), cells=known)
    history = [batch(range(5), "random"), batch(range(5, 8), "random")]
    first, second = estimate_prevalence(labelled, history)
    assert (first.sample, second.sample, second.positives) == (8, 3, 1)
    assert second.note == "from 3 documents selected at random after the first 5"


def test_documents_of_which_a_class_is_unknown_may_have_it() -> None:
    # 2 of 4 at random have it; of 4 selected since nobody was asked for it; 2 are unlabelled
    labels = np.zeros((8, 1), dtype=bool)
    labels[:2] = True
    known = np.arange(8)[:, None] < 4
    labelled = replace(labelled_of(labels, n_unlabelled=2), cells=known)
    (entry,) = estimate_prevalence(
        labelled, [batch(range(4), "random"), batch(range(4, 8), "portfolio")]
    )
    assert entry.documents.estimate == 3  # half of 2 + 4
    assert entry.documents.high == 6


def test_documents_that_a_strategy_selected_are_no_sample() -> None:
    # 10 of no strategy, 1 with the class; 10 picked for it, all with it
    labels = np.zeros((20, 1), dtype=bool)
    labels[[0, *range(10, 20)]] = True
    labelled = labelled_of(labels, n_unlabelled=90)
    history = [batch(range(10), "random"), batch(range(10, 20), "class-embedding", 0)]
    (entry,) = estimate_prevalence(labelled, history)
    assert (entry.sample, entry.positives, entry.share) == (10, 1, 0.1)
    # 0.1 of the 100 documents outside the sample, less the 10 that were found since
    assert entry.documents.estimate == 0
    assert entry.documents.high == int(100 * entry.high - 10) + 1


@pytest.mark.parametrize("strategy", ["portfolio", "uncertainty", "my-own"])
def test_without_a_random_sample_there_is_no_estimate(strategy: str) -> None:
    labelled = labelled_of(np.ones((5, 2)), n_unlabelled=5)
    assert estimate_prevalence(labelled, [batch(range(5), strategy)]) == []


def test_nothing_labelled_gives_no_estimate() -> None:
    assert estimate_prevalence(labelled_of(np.zeros((0, 3)), n_unlabelled=9)) == []
    empty = labelled_of(np.zeros((0, 3)), n_unlabelled=9)
    assert estimate_prevalence(empty, [batch([], "random")]) == []


@pytest.mark.parametrize(
    ("history", "rows", "note"),
    [
        (
            [batch(range(4), "random"), batch(range(4, 9), "random")],
            range(9),
            "from 9 documents selected at random",
        ),
        # labelled documents of no batch come first, and nobody knows why they were labelled
        (
            [batch(range(4, 9), "random")],
            range(4, 9),
            "from 5 documents selected at random after the first 4",
        ),
        (
            [batch(range(4), None), batch(range(4, 9), "random")],
            range(4, 9),
            "from 5 documents selected at random after the first 4",
        ),
        # the pool is not what it was after another strategy's batch
        (
            [batch(range(4), "random"), batch([4], "portfolio"), batch(range(5, 9), "random")],
            range(4),
            "from 4 documents selected at random",
        ),
        (
            [batch(range(3), "random"), batch([3], "portfolio"), batch(range(4, 9), "random")],
            range(4, 9),
            "from 5 documents selected at random after the first 4",
        ),
    ],
)
def test_the_sample_is_the_largest_group_of_random_batches(
    history: list[Batch], rows: Sequence[int], note: str
) -> None:
    labels = np.eye(9, dtype=bool)  # class c is document c's: its share tells who is in the sample
    found = estimate_prevalence(labelled_of(labels, n_unlabelled=3), history)
    assert [entry.position for entry in found if entry.positives] == list(rows)
    assert {entry.sample for entry in found} == {len(rows)}
    assert {entry.note for entry in found} == {note}


def test_a_random_batch_after_a_search_says_what_the_search_left() -> None:
    # 4 found by a search; then 1 of 10 random documents, with 100 unlabelled
    labels = np.zeros((14, 1), dtype=bool)
    labels[:5] = True
    history = [batch(range(4), "portfolio"), batch(range(4, 14), "random")]
    (entry,) = estimate_prevalence(labelled_of(labels, n_unlabelled=100), history)
    assert (entry.sample, entry.positives, entry.documents.estimate) == (10, 1, 10)


def test_the_interval_holds_what_is_left_after_a_search_at_least_95_times_in_100() -> None:
    # 40 of 1000 have the class; 100 are drawn, then a search finds 10 to 30 of the others
    rng, n, n_pool, positives, draws = np.random.default_rng(0), 100, 1000, 40, 400
    covered = 0
    for _ in range(draws):
        has_class = rng.permutation(np.arange(n_pool) < positives)
        hits = n + np.flatnonzero(has_class[n:])[: rng.integers(10, 31)]
        labels = np.concatenate([has_class[:n], has_class[hits]])[:, None]
        history = [batch(range(n), "random"), batch(range(n, len(labels)), "portfolio", 0)]
        labelled = labelled_of(labels, n_unlabelled=n_pool - len(labels))
        (entry,) = estimate_prevalence(labelled, history)
        left = positives - int(labels.sum())
        covered += entry.documents.low <= left <= entry.documents.high
        assert entry.documents.low <= entry.documents.estimate <= entry.documents.high
    assert covered / draws > 0.92  # 0.95 less three sd
    assert covered / draws < 1


def test_no_more_documents_are_expected_than_are_unlabelled() -> None:
    labels = np.ones((6, 1), dtype=bool)
    labels[3:] = False
    history = [batch(range(3), "random"), batch(range(3, 6), "uncertainty")]
    (entry,) = estimate_prevalence(labelled_of(labels, n_unlabelled=4), history)
    assert (entry.share, entry.high) == (1, 1)
    assert (entry.documents.estimate, entry.documents.high) == (4, 4)
