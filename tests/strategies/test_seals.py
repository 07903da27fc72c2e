"""SEALS: its candidates against a slow loop, each document looked up once, and any base strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Plan, ProbeClassifier, Schedule, draw_labelled, simulate
from classemb_index.labels.labelled import labelled_from_ids, labelled_set
from classemb_index.models.contracts import PROBE, Training
from classemb_index.strategies.base import Aid
from classemb_index.strategies.seals import seals_candidates, select_seals
from classemb_index.strategies.selection import STRATEGIES, select_batch
from tests.support.pools import (
    SmallPool,
    apart,
    dot,
    looking_at,
    on_base,
    selection_state,
    small_pool,
    train,
)

PROBE_TRAINING = Training(model=PROBE)
IndexOf = Callable[..., EmbeddingIndex]


def slow_candidates(pool: SmallPool, neighbours: int) -> list[int]:
    """METHODS, section 7: the union of what is nearest to each labelled document, of U."""
    vectors = pool.vectors()
    selectable = np.flatnonzero(pool.index.pool.selectable).tolist()
    found: set[int] = set()
    for row in pool.labelled_rows:
        others = [x for x in selectable if x != row]
        ranked = sorted(others, key=lambda x: (-dot(vectors[row], vectors[x]), x))
        found.update(ranked[:neighbours])
    return sorted(found & set(pool.unlabelled_rows))


@pytest.mark.parametrize("neighbours", [1, 3, 6, 100])
@pytest.mark.parametrize("seed", range(8))
def test_candidates_are_those_of_the_slow_loop(
    index_of: IndexOf, seed: int, neighbours: int
) -> None:
    pool = small_pool(index_of, seed)
    expected = slow_candidates(pool, neighbours)
    assert seals_candidates(pool.state(), neighbours).tolist() == expected
    assert len(expected) < len(pool.unlabelled_rows) or neighbours == 100


def test_a_hundred_neighbours_are_looked_at(index_of: IndexOf) -> None:
    rng = np.random.default_rng(0)
    index = index_of([train(i, "a") for i in range(150)], rng.standard_normal((150, 4)))
    labelled = labelled_from_ids(index.pool, ["d7"], "by hand")
    pool = SmallPool(index, labelled, np.zeros((1, 4)), rng.random((150, 1)))
    found = seals_candidates(pool.state()).tolist()
    assert len(found) == 100 and found == slow_candidates(pool, 100)


@pytest.mark.parametrize("base", sorted(set(STRATEGIES) - set(looking_at(Aid.BASE))))
@pytest.mark.parametrize("seed", [1, 2])
def test_any_base_strategy_selects_as_if_only_the_candidates_were_there(
    index_of: IndexOf, base: str, seed: int
) -> None:
    pool = small_pool(index_of, seed)
    candidates = slow_candidates(pool, 4)
    assert 12 < len(candidates) < len(pool.unlabelled_rows)
    found = select_seals(on_base(pool.state(base=base)), 12, neighbours=4)
    among = np.isin(np.arange(len(pool.index)), candidates)
    alone = replace(pool, labelled=replace(pool.labelled, unlabelled=among))
    expected = select_batch(base, alone.state(), 12)
    assert found.rows.tolist() == expected.rows.tolist()
    assert set(found.rows.tolist()) <= set(candidates)
    assert found.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.steps, found.skipped) == (expected.steps, expected.skipped)
    assert found.note is expected.note is None


def test_the_document_that_is_nearest_to_a_labelled_one_is_asked_for(index_of: IndexOf) -> None:
    # d1 and d2 are near the labelled d0, d3 and d4, however uncertain, are not
    vectors = apart([[1], [0.9], [0.8], [0.1], [0]])
    index = index_of([train(0, "a"), *(train(i) for i in range(1, 5))], vectors)
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    probabilities = np.array([[0], [0.1], [0.2], [0.5], [0.4]])
    pool = SmallPool(index, labelled, np.zeros((1, 6)), probabilities)
    assert select_seals(on_base(pool.state()), 2, neighbours=2).rows.tolist() == [2, 1]
    few = select_seals(on_base(pool.state()), 3, neighbours=2)
    assert few.rows.tolist() == [3, 4, 2]
    assert few.note == "only 2 candidates: uncertainty looked at the whole pool"


def test_the_notes_of_the_base_strategy_are_kept(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 1)
    certain = replace(pool, probabilities=np.zeros_like(pool.probabilities))
    nothing = labelled_set(pool.index.pool, np.zeros(0, dtype=np.int64), "nothing")
    assert select_batch("seals", replace(certain, labelled=nothing).state(), 5).note == (
        "only 0 candidates: uncertainty looked at the whole pool; "
        "every document has the same score: the batch is random"
    )
    assert select_batch("seals", certain.state(), 5).note == (
        "every document has the same score: the batch is random"
    )


def test_each_labelled_document_is_looked_up_once_over_the_rounds_of_a_simulation(
    toy_index: EmbeddingIndex, looked_up: list[list[float]]
) -> None:
    pool, schedule = toy_index.pool, Schedule(initial=10, batch=7, budget=45)
    results = list(simulate(toy_index, Plan(("seals",), (3,), schedule, PROBE_TRAINING)))
    rows = draw_labelled(pool, 10, 3).rows.tolist()
    for result in results[:-2]:  # what the last selecting round chose is never looked up
        rows += [pool.row_of[id_] for id_ in result.selected]
    assert len(rows) == 38 and len(looked_up) == 38
    assert sorted(looked_up) == sorted(toy_index.embeddings()[rows].tolist())


def test_another_seed_of_a_simulation_looks_up_its_own_documents(
    toy_index: EmbeddingIndex, looked_up: list[list[float]]
) -> None:
    schedule = Schedule(10, 7, 17)
    list(simulate(toy_index, Plan(("seals",), (0, 1), schedule, PROBE_TRAINING)))
    drawn = [draw_labelled(toy_index.pool, 10, seed).rows.tolist() for seed in (0, 1)]
    assert len(looked_up) == len({*drawn[0], *drawn[1]}) > 10  # what both drew is looked up once


def test_what_was_looked_up_is_kept_as_long_as_the_index_is_open(
    toy_index: EmbeddingIndex, looked_up: list[list[float]]
) -> None:
    probe = ProbeClassifier(toy_index.embeddings())
    labelled = draw_labelled(toy_index.pool, 10, 0)
    probe.fit(labelled.rows, labelled.labels, labelled.rows[:0], labelled.labels[:0], 0)
    state = selection_state(toy_index, labelled, 0, classifier=probe)
    first, again = (select_batch("seals", state, 5) for _ in range(2))
    assert len(looked_up) == 10
    assert first.rows.tolist() == again.rows.tolist()
    grown = replace(state, labelled=draw_labelled(toy_index.pool, 14, 0))  # holds the ten
    kept = select_batch("seals", grown, 5)
    assert len(looked_up) == 10 + 4
    reopened = EmbeddingIndex.open(toy_index.folder)
    fresh = select_batch("seals", replace(grown, index=reopened), 5)
    assert len(looked_up) == 10 + 4 + 14
    assert kept.rows.tolist() == fresh.rows.tolist()
