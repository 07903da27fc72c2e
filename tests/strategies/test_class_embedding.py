"""Class-embedding selection against a slow loop over the lines of Algorithm 1, and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, draw_labelled
from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.labelled import LabelledSet, labelled_from_ids, labelled_set
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.selection import oracle_of, select_batch
from tests.support.pools import selection_state, topic_records, train

IndexOf = Callable[..., EmbeddingIndex]
Pick = tuple[int, int, float]  # row, class, score

with_and_without_oracle = pytest.mark.parametrize(
    "asks", [True, False], ids=["oracle", "no-oracle"]
)


def algorithm_1(
    embeddings: np.ndarray,
    labels: np.ndarray,
    labelled_rows: Sequence[int],
    unlabelled_rows: Sequence[int],
    batch: int,
    asks: bool,
    misses: Sequence[int] | None = None,
) -> list[Pick]:
    """METHODS, section 2, line by line: one look at all of U for every pick.

    With `misses` tries are counted: each class's picks so far that turned out not to have it.
    """
    vectors = [[float(x) for x in embedding] for embedding in embeddings]
    known = [labels[row].tolist() for row in labelled_rows]
    tries = list(misses or [0] * labels.shape[1])
    directions = {}
    for c in range(labels.shape[1]):
        members = [vectors[row] for row in labelled_rows if labels[row, c]]
        if members:
            mean = [sum(column) / len(members) for column in zip(*members, strict=True)]
            length = math.sqrt(sum(x * x for x in mean))
            directions[c] = [x / length for x in mean]
    left = sorted(unlabelled_rows)
    picks = []
    for _ in range(batch):
        counts = {c: tries[c] + sum(answer[c] for answer in known) for c in directions}
        rarest = min(sorted(directions), key=lambda c: counts[c])
        similarity = {
            row: sum(x * y for x, y in zip(vectors[row], directions[rarest], strict=True))
            for row in left
        }
        closest = max(left, key=lambda row: similarity[row])  # max keeps the first, lowest row
        picks.append((closest, rarest, similarity[closest]))
        left.remove(closest)
        alone = [c == rarest for c in range(labels.shape[1])]
        known.append(labels[closest].tolist() if asks else alone)
        if misses is not None and asks and not labels[closest, rarest]:
            tries[rarest] += 1
    return picks


def assert_selects_like_algorithm_1(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    batch: int,
    asks: bool,
    history: Sequence[Batch] = (),
    misses: Sequence[int] | None = None,
) -> None:
    oracle = oracle_of(index.pool, labelled) if asks else None
    options = StrategyOptions(count_tries=misses is not None)
    state = selection_state(index, labelled, 0, oracle, options=options, history=history)
    found = select_batch("class-embedding", state, batch)
    expected = algorithm_1(
        index.embeddings(),
        index.pool.labels,
        labelled.rows.tolist(),
        np.flatnonzero(labelled.unlabelled).tolist(),
        batch,
        asks,
        misses,
    )
    assert found.rows.tolist() == [row for row, _, _ in expected]
    assert found.classes.tolist() == [c for _, c, _ in expected]
    np.testing.assert_allclose(found.scores, [s for _, _, s in expected], atol=1e-6)
    assert found.skipped == tuple(np.flatnonzero(labelled.counts == 0).tolist())
    assert found.note is None


@with_and_without_oracle
@pytest.mark.parametrize("batch", [1, 5, 30, 52])
def test_algorithm_1_selects_what_the_slow_loop_selects(
    toy_index: EmbeddingIndex, asks: bool, batch: int
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 3)
    assert_selects_like_algorithm_1(toy_index, labelled, batch, asks)


@with_and_without_oracle
@pytest.mark.parametrize("seed", range(30))
def test_algorithm_1_selects_what_the_slow_loop_selects_on_random_pools(
    index_of: IndexOf, asks: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(10, 40)), "abcde"[: int(rng.integers(1, 6))]
    records = topic_records(n, seed, classes=classes)
    train_rows = np.array([row for row in range(n) if records[row].split == "train"])
    chosen = rng.choice(train_rows, len(train_rows) // 4 + 1, replace=False)
    vectors = rng.standard_normal((n, 5))
    if seed % 2:  # many documents are duplicates of one another
        vectors = vectors[rng.integers(0, n // 4, n)]
        # but no labelled ones: halfway between two of them, rounding would settle a tie
        vectors[chosen] = rng.standard_normal((len(chosen), 5))
    index = index_of(records, vectors, {"rare": list(classes)})
    labelled = labelled_set(index.pool, chosen, "drawn")
    batch = int(rng.integers(1, labelled.n_unlabelled + 1))
    assert labelled.counts.any()
    assert_selects_like_algorithm_1(index, labelled, batch, asks)
    asked = rng.integers(-1, len(classes), len(chosen))  # -1 where no class did
    before = [Batch(chosen, asked, ("",) * len(chosen))]
    assert_selects_like_algorithm_1(index, labelled, batch, asks, before)  # nothing is counted
    misses = [
        sum(c == k and not index.pool.labels[row, c] for row, k in zip(chosen, asked, strict=True))
        for c in range(len(classes))
    ]
    assert_selects_like_algorithm_1(index, labelled, batch, asks, before, misses)


@pytest.fixture
def by_hand(index_of: IndexOf) -> tuple[EmbeddingIndex, LabelledSet]:
    """Class a is labelled twice (d0, d1), b once (d2); d3 to d6 are left, b's closest first.

    The document closest to b, d3, has class a too.
    """
    records = [
        train(0, "a"),
        train(1, "a"),
        train(2, "b"),
        train(3, "a", "b"),
        train(4, "b"),
        train(5, "a"),
        train(6, "a"),
    ]
    angles = np.radians([0, 0, 90, 80, 70, 40, 30])
    index = index_of(records, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return index, labelled_from_ids(index.pool, ["d0", "d1", "d2"], "by hand")


def test_with_oracle_a_pick_counts_for_all_of_its_classes(
    by_hand: tuple[EmbeddingIndex, LabelledSet],
) -> None:
    # counts (a, b): 2 1, b takes d3 (a and b): 3 2, b takes d4: 3 3, the tie is a's: d6
    index, labelled = by_hand
    state = selection_state(index, labelled, 0, oracle_of(index.pool, labelled))
    found = select_batch("class-embedding", state, 3)
    assert found.rows.tolist() == [3, 4, 6]
    assert found.classes.tolist() == [1, 1, 0]
    degrees = np.radians([10, 20, 30])
    np.testing.assert_allclose(found.scores, np.cos(degrees), atol=1e-6)


def test_without_oracle_a_pick_counts_for_the_class_that_asked(
    by_hand: tuple[EmbeddingIndex, LabelledSet],
) -> None:
    # counts (a, b): 2 1, b takes d3: 2 2, the tie is a's: d6: 3 2, b takes d4
    index, labelled = by_hand
    found = select_batch("class-embedding", selection_state(index, labelled, 0), 3)
    assert found.rows.tolist() == [3, 6, 4]
    assert found.classes.tolist() == [1, 0, 1]


def test_with_oracle_a_class_starves_the_others_while_its_picks_do_not_have_it(
    index_of: IndexOf,
) -> None:
    records = [train(0, "a"), train(1, "a"), train(2, "b")] + [train(i, "a") for i in range(3, 9)]
    angles = np.radians([0, 0, 90, 60, 50, 40, 30, 20, 10])
    index = index_of(records, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    labelled = labelled_from_ids(index.pool, ["d0", "d1", "d2"], "by hand")
    state = selection_state(index, labelled, 0, oracle_of(index.pool, labelled))
    found = select_batch("class-embedding", state, 5)
    assert found.classes.tolist() == [1] * 5
    assert found.rows.tolist() == [3, 4, 5, 6, 7]


@pytest.fixture
def starving(index_of: IndexOf) -> EmbeddingIndex:
    """Classes a and b have three documents each and c one, d0 to d6; d7 to d26 have none."""
    records = [train(i, letter) for i, letter in enumerate("aaabbbc")]
    records += [train(i) for i in range(7, 27)]
    return index_of(records, np.random.default_rng(0).standard_normal((27, 3)))


def classes_picked(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    asks: bool,
    count_tries: bool,
    history: Sequence[Batch] = (),
) -> tuple[np.ndarray, list[int]]:
    """Rows of a batch of six, and the classes that asked for them."""
    oracle = oracle_of(index.pool, labelled) if asks else None
    options = StrategyOptions(count_tries=count_tries)
    state = selection_state(index, labelled, 0, oracle, options=options, history=history)
    found = select_batch("class-embedding", state, 6)
    return found.rows, found.classes.tolist()


def test_a_class_that_is_not_found_takes_every_pick_unless_tries_are_counted(
    starving: EmbeddingIndex,
) -> None:
    # counts (a, b, c): 3 3 1, and no pick has any of them; the third try makes c equal
    labelled = labelled_from_ids(starving.pool, [f"d{i}" for i in range(7)], "by hand")
    assert classes_picked(starving, labelled, True, False)[1] == [2, 2, 2, 2, 2, 2]
    assert classes_picked(starving, labelled, True, True)[1] == [2, 2, 0, 1, 2, 0]
    for count_tries in (False, True):  # without oracle a pick counts for the class that asked
        assert classes_picked(starving, labelled, False, count_tries)[1] == [2, 2, 0, 1, 2, 0]


@with_and_without_oracle
def test_misses_of_earlier_batches_count_where_tries_are_counted(
    starving: EmbeddingIndex, asks: bool
) -> None:
    ids = [f"d{i}" for i in range(7)]
    first, asked = classes_picked(
        starving, labelled_from_ids(starving.pool, ids, "by hand"), asks, True
    )
    labelled = labelled_from_ids(starving.pool, ids + [f"d{row}" for row in first], "two batches")
    history = [Batch(first, np.array(asked), ("",) * 6)]
    # with the misses the counts are a 3 + 2, b 3 + 1 and c 1 + 3
    assert classes_picked(starving, labelled, asks, True, history)[1] == [1, 2, 0, 1, 2, 0]
    assert classes_picked(starving, labelled, asks, True)[1] == [2, 2, 0, 1, 2, 0]
    starves = [2] * 6 if asks else [2, 2, 0, 1, 2, 0]
    assert classes_picked(starving, labelled, asks, False, history)[1] == starves


def test_a_pick_that_has_the_class_that_asked_counts_once(
    by_hand: tuple[EmbeddingIndex, LabelledSet],
) -> None:
    # as without counting tries: b takes d3 (a and b) and d4, then the tie is a's
    index, labelled = by_hand
    options = StrategyOptions(count_tries=True)
    state = selection_state(index, labelled, 0, oracle_of(index.pool, labelled), options=options)
    assert select_batch("class-embedding", state, 3).rows.tolist() == [3, 4, 6]


def test_a_class_without_a_centroid_is_skipped_whatever_its_tries(
    starving: EmbeddingIndex,
) -> None:
    labelled = labelled_from_ids(starving.pool, [f"d{i}" for i in range(6)], "without c")
    history = [Batch(np.array([0, 1]), np.array([2, 2]), ("", ""))]
    assert classes_picked(starving, labelled, True, True, history)[1] == [0, 1, 0, 1, 0, 1]


def test_a_document_closest_to_two_classes_is_picked_once(index_of: IndexOf) -> None:
    records = [train(0, "a"), train(1, "b"), train(2, "a"), train(3, "b")]
    index = index_of(records, [[1, 0], [1, 0], [1, 0], [0, 1]])
    labelled = labelled_from_ids(index.pool, ["d0", "d1"], "by hand")
    found = select_batch("class-embedding", selection_state(index, labelled, 0), 2)
    assert found.rows.tolist() == [2, 3]
    assert found.classes.tolist() == [0, 1]


def test_a_class_without_a_centroid_is_skipped_and_named(index_of: IndexOf) -> None:
    records = [train(0, "b"), train(1, "a"), train(2, "c"), train(3, "b")]
    index = index_of(records, [[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]])
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    found = select_batch("class-embedding", selection_state(index, labelled, 0), 2)
    assert found.classes.tolist() == [1, 1]
    assert (found.skipped, found.note) == ((0, 2), None)


def test_without_any_centroid_the_batch_is_random_and_a_note_says_so(index_of: IndexOf) -> None:
    records = [train(0)] + [train(i, "ab"[i % 2]) for i in range(1, 10)]
    index = index_of(records, np.random.default_rng(0).standard_normal((10, 3)))
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    found = select_batch("class-embedding", selection_state(index, labelled, 4), 5)
    random = select_batch("random", selection_state(index, labelled, 4), 5)
    assert found.rows.tolist() == random.rows.tolist()
    assert found.classes.tolist() == [NO_CLASS] * 5
    assert found.skipped == (0, 1)
    assert found.note == "no class has a labelled document: the batch is random"


@with_and_without_oracle
def test_a_batch_of_algorithm_1_is_one_search(
    toy_index: EmbeddingIndex, search_sizes: list[tuple[int, int]], asks: bool
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    state = selection_state(
        toy_index, labelled, 0, oracle_of(toy_index.pool, labelled) if asks else None
    )
    select_batch("class-embedding", state, 30)
    assert [n for n, _ in search_sizes] == [3]


def test_algorithm_1_uses_no_randomness(toy_index: EmbeddingIndex) -> None:
    state = selection_state(toy_index, draw_labelled(toy_index.pool, 20, 0), 0)
    before = state.rng.bit_generator.state
    select_batch("class-embedding", state, 10)
    assert state.rng.bit_generator.state == before


def test_algorithm_1_asks_the_oracle_once_for_every_pick_and_for_nothing_else(
    toy_index: EmbeddingIndex,
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    answer, asked = oracle_of(toy_index.pool, labelled), []

    def noted(row: int) -> np.ndarray:
        asked.append(row)
        return answer(row)

    state = replace(selection_state(toy_index, labelled, 0), oracle=noted)
    assert select_batch("class-embedding", state, 10).rows.tolist() == asked
