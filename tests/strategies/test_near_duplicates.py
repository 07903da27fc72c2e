"""Batches without near-duplicates: what is kept out, of any strategy, and what fills a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from classemb_index.labels.batches import NO_CLASS
from classemb_index.labels.labelled import labelled_from_ids, labelled_set
from classemb_index.strategies.base import Selection
from classemb_index.strategies.near_duplicates import without_near_duplicates
from classemb_index.strategies.portfolio import select_portfolio
from classemb_index.strategies.selection import STRATEGIES, oracle_of, select_batch
from tests.support.pools import SmallPool, apart, dot, small_pool, train

IndexOf = Callable[..., EmbeddingIndex]

TOO_FEW = "too few documents are unlike the labelled and picked ones: others fill the batch"


def most_alike(pool: SmallPool, rows: Sequence[int]) -> float:
    """The largest cosine of two of these documents, or of one of them and a labelled one."""
    vectors = pool.vectors()
    return max(
        dot(vectors[row], vectors[other])
        for place, row in enumerate(rows)
        for other in [*rows[:place], *pool.labelled_rows]
    )


def greedy(
    pool: SmallPool, ranked: Sequence[int], batch: int, limit: float
) -> tuple[list[int], bool]:
    """The first of a ranking that are unlike all before them; True where others had to fill."""
    picked: list[int] = []
    for row in ranked:
        if len(picked) < batch and most_alike(pool, [*picked, row]) <= limit:
            picked.append(row)
    missing = batch - len(picked)
    return picked + [row for row in ranked if row not in picked][:missing], missing > 0


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("asks", [True, False], ids=["oracle", "no-oracle"])
def test_no_pick_is_a_near_duplicate_of_another_or_of_a_labelled_document(
    index_of: IndexOf, name: str, asks: bool
) -> None:
    pool = small_pool(index_of, 13)
    oracle = oracle_of(pool.index.pool, pool.labelled) if asks else None
    allowed = select_batch(name, pool.state(0, oracle), 20)
    assert most_alike(pool, allowed.rows.tolist()) > 0.9
    found = select_batch(name, pool.state(0, oracle, no_near_duplicates=0.9), 20)
    assert most_alike(pool, found.rows.tolist()) <= 0.9
    assert found.note is None
    assert len(set(found.rows.tolist())) == 20
    assert (any(found.steps), found.skipped) == (any(allowed.steps), allowed.skipped)


@pytest.mark.parametrize("limit", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("name", ["uncertainty", "max-uncertainty"])
@pytest.mark.parametrize("seed", range(4))
def test_a_ranking_is_walked_down_past_near_duplicates(
    index_of: IndexOf, seed: int, name: str, limit: float
) -> None:
    pool = small_pool(index_of, seed)
    rows, probabilities = pool.unlabelled_rows, pool.probabilities.tolist()
    uncertainties = [[1 - abs(2 * p - 1) for p in probabilities[row]] for row in rows]
    scores = {
        "uncertainty": [sum(line) / len(line) for line in uncertainties],
        "max-uncertainty": [max(line) for line in uncertainties],
    }[name]
    score = dict(zip(rows, scores, strict=True))
    ranked = sorted(rows, key=lambda row: (-score[row], row))
    expected, filled = greedy(pool, ranked, 25, limit)
    found = select_batch(name, pool.state(no_near_duplicates=limit), 25)
    assert found.rows.tolist() == expected
    # what is compared at once changes nothing
    select = STRATEGIES[name].select
    in_blocks = without_near_duplicates(select, pool.state(), 25, limit, block=7)
    assert in_blocks.rows.tolist() == expected
    np.testing.assert_allclose(found.scores, [score[row] for row in expected], rtol=1e-5)
    assert found.classes.tolist() == [NO_CLASS] * 25
    assert found.note == (TOO_FEW if filled else None)


@pytest.fixture
def three_pairs(index_of: IndexOf) -> SmallPool:
    """The labelled d0 and its near-duplicate d1, and d2 and d3, d4 and d5 that are nearly equal.

    The cosines within the pairs are 0.9025, 0.81 and 0.64; the lower row is less certain.
    """
    places = [[x if axis == i // 2 else 0 for axis in range(3)] for i, x in enumerate(PLACES)]
    index = index_of([train(0), *(train(i, "a") for i in range(1, 6))], apart(places))
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    probabilities = np.array([[0.5], [0.48], [0.4], [0.35], [0.3], [0.2]], dtype=np.float32)
    return SmallPool(index, labelled, np.zeros((1, 9), dtype=np.float32), probabilities)


PLACES = [0.95, 0.95, 0.9, 0.9, 0.8, 0.8]


@pytest.mark.parametrize(
    ("limit", "batch", "rows", "note"),
    [
        (0.95, 3, [1, 2, 3], None),
        (0.9, 3, [2, 3, 4], None),
        (0.8, 2, [2, 4], None),
        (0.8, 3, [2, 4, 5], None),  # 0.64 is not above 0.8
        (0.6, 2, [2, 4], None),
        (0.6, 4, [2, 4, 1, 3], TOO_FEW),
        (0.6, 5, [2, 4, 1, 3, 5], TOO_FEW),
    ],
)
def test_the_copies_of_picked_and_labelled_documents_fill_a_batch_last(
    three_pairs: SmallPool, limit: float, batch: int, rows: list[int], note: str | None
) -> None:
    found = select_batch("uncertainty", three_pairs.state(no_near_duplicates=limit), batch)
    assert (found.rows.tolist(), found.note) == (rows, note)


@pytest.mark.parametrize(("limit", "rows"), [(0.97, [1, 2, 3]), (0.9, [2, 3, 4]), (0.6, [2, 4])])
def test_portfolio_takes_this_cosine_in_place_of_its_own(
    three_pairs: SmallPool, limit: float, rows: list[int]
) -> None:
    found = select_batch("portfolio", three_pairs.state(no_near_duplicates=limit), len(rows))
    assert (found.rows.tolist(), found.note) == (rows, None)


def test_portfolio_keeps_out_what_is_above_its_own_cosine(index_of: IndexOf) -> None:
    index = index_of([train(i, "a") for i in range(4)], apart([[1], [0.96], [0.94], [0]]))
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    probabilities = np.array([[0], [0.5], [0.4], [0.3]], dtype=np.float32)
    pool = SmallPool(index, labelled, np.zeros((1, 5), dtype=np.float32), probabilities)
    assert select_batch("portfolio", pool.state(), 2).rows.tolist() == [2, 3]
    allowing = pool.state(no_near_duplicates=0.97)
    assert select_batch("portfolio", allowing, 2).rows.tolist() == [1, 2]


def test_without_a_labelled_document_only_picks_are_compared(three_pairs: SmallPool) -> None:
    nothing = labelled_set(three_pairs.index.pool, np.zeros(0, dtype=np.int64), "nothing")
    pool = replace(three_pairs, labelled=nothing)
    found = select_batch("uncertainty", pool.state(no_near_duplicates=0.6), 3)
    assert found.rows.tolist() == [0, 2, 4]


def test_every_pick_keeps_its_own_class_score_and_step(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 13)
    vectors = pool.vectors()

    def centroid_scores(found: Selection) -> list[float]:
        scores = []
        for row, c in zip(found.rows.tolist(), found.classes.tolist(), strict=True):
            members = [r for r in pool.labelled_rows if pool.index.pool.labels[r, c]]
            sums = [sum(column) for column in zip(*(vectors[r] for r in members), strict=True)]
            scores.append(dot(sums, vectors[row]) / dot(sums, sums) ** 0.5)
        return scores

    found = select_batch("class-embedding", pool.state(no_near_duplicates=0.9), 20)
    np.testing.assert_allclose(found.scores, centroid_scores(found), atol=1e-5)
    assert len(set(found.classes.tolist())) > 1


def test_notes_of_the_strategy_stand_once_beside_the_batchs_own(three_pairs: SmallPool) -> None:
    certain = replace(three_pairs, probabilities=np.zeros((6, 1), dtype=np.float32))
    found = select_batch("uncertainty", certain.state(no_near_duplicates=0.6), 4)
    assert sorted(found.rows[:2] // 2) == [1, 2]  # one of each pair, then the others
    assert found.note == f"{TOO_FEW}; every document has the same score: the batch is random"


def test_no_oracle_answers_inside_a_batch_without_near_duplicates(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 13)
    answer, asked = oracle_of(pool.index.pool, pool.labelled), []

    def noted(row: int) -> np.ndarray:
        asked.append(row)
        return answer(row)

    state = pool.state(0, noted, no_near_duplicates=0.9)
    found = select_batch("class-embedding", state, 20)
    assert len(found.rows) == 20 and asked == []
    select_batch("class-embedding", pool.state(0, noted), 20)
    assert len(asked) == 20  # it does answer where near-duplicates are allowed


def test_portfolio_fills_a_batch_in_its_own_way(index_of: IndexOf) -> None:
    state = small_pool(index_of, 1).state
    own = select_portfolio(state(no_near_duplicates=0.6), 20)
    found = select_batch("portfolio", state(no_near_duplicates=0.6), 20)
    assert own.note == TOO_FEW
    assert (found.rows.tolist(), found.steps) == (own.rows.tolist(), own.steps)
