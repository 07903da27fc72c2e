"""AnchorAL: its sub-pool against a slow loop, its anchors, its shares and any base strategy."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from classemb_index.labels.labelled import labelled_from_ids, labelled_set
from classemb_index.strategies.anchoral import anchoral_subpool
from classemb_index.strategies.base import Aid, select_from
from classemb_index.strategies.selection import STRATEGIES, select_batch
from tests.support.pools import SmallPool, apart, dot, looking_at, on_base, small_pool, train

IndexOf = Callable[..., EmbeddingIndex]


def slow_subpool(pool: SmallPool, neighbours: int, size: int) -> list[int]:
    """METHODS, section 7, every positive an anchor: a share a class, then the best of all."""
    vectors, labels = pool.vectors(), pool.index.pool.labels
    found: dict[int, dict[int, list[float]]] = {}
    for c in pool.classes:
        similarities = defaultdict(list)
        for anchor in (row for row in pool.labelled_rows if labels[row, c]):
            scored = [(dot(vectors[anchor], vectors[x]), x) for x in pool.unlabelled_rows]
            for score, x in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:neighbours]:
                similarities[x].append(score)
        if similarities:
            found[c] = similarities
    shares = {c: Fraction(1, pool.counts[c]) for c in found}
    chosen: set[int] = set()
    for c, similarities in found.items():
        chosen |= set(best(similarities, math.floor(size * shares[c] / sum(shares.values()))))
    together = defaultdict(list)
    for similarities in found.values():
        for x, scores in similarities.items():
            if x not in chosen:
                together[x] += scores
    return sorted(chosen | set(best(together, size - len(chosen))))


def best(similarities: dict[int, list[float]], count: int) -> list[int]:
    """The documents of the largest mean similarity to the anchors that returned them."""
    means = {x: sum(scores) / len(scores) for x, scores in similarities.items()}
    return sorted(means, key=lambda x: (-means[x], x))[:count]


@pytest.mark.parametrize(("neighbours", "size"), [(2, 9), (5, 20), (50, 15), (50, 40), (9, 500)])
@pytest.mark.parametrize("seed", range(8))
def test_the_sub_pool_is_that_of_the_slow_loop(
    index_of: IndexOf,
    seed: int,
    neighbours: int,
    size: int,
) -> None:
    pool = small_pool(index_of, seed)
    expected = slow_subpool(pool, neighbours, size)
    assert anchoral_subpool(pool.state(), 30, neighbours, size).tolist() == expected
    assert 0 < len(expected) <= size


def test_fifty_neighbours_of_an_anchor_are_candidates(index_of: IndexOf) -> None:
    rng = np.random.default_rng(0)
    index = index_of([train(i, "a") for i in range(90)], rng.standard_normal((90, 4)))
    labelled = labelled_from_ids(index.pool, ["d7"], "by hand")
    pool = SmallPool(index, labelled, np.zeros((1, 4)), rng.random((90, 1)))
    found = anchoral_subpool(pool.state()).tolist()
    assert len(found) == 50 and found == slow_subpool(pool, 50, 500)


@pytest.mark.parametrize("base", sorted(set(STRATEGIES) - set(looking_at(Aid.BASE))))
@pytest.mark.parametrize("seed", [1, 2])
def test_any_base_strategy_selects_as_if_only_the_sub_pool_were_there(
    index_of: IndexOf, base: str, seed: int
) -> None:
    pool = small_pool(index_of, seed)
    subpool = slow_subpool(pool, 5, 20)
    assert len(subpool) == 20
    state = on_base(pool.state(base=base))
    found = select_from(state, anchoral_subpool(state, 30, 5, 20), 12)
    among = np.isin(np.arange(len(pool.index)), subpool)
    alone = replace(pool, labelled=replace(pool.labelled, unlabelled=among))
    expected = select_batch(base, alone.state(), 12)
    assert found.rows.tolist() == expected.rows.tolist()
    assert set(found.rows.tolist()) <= set(subpool)
    assert found.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.steps, found.skipped) == (expected.steps, expected.skipped)
    assert found.note is expected.note is None


def two_groups(index_of: IndexOf, labelled: Sequence[str]) -> SmallPool:
    """Ten documents near class a, then ten near b, each less than the one before it.

    Labelled documents with a lie on a's axis, those with b alone on b's.
    """
    places = [[1, 0] if "a" in letters else [0, 1] for letters in labelled]
    steps = [0.9 - 0.05 * i for i in range(10)]
    vectors = apart([*places, *([step, 0] for step in steps), *([0, step] for step in steps)])
    records = [train(i, *letters) for i, letters in enumerate(labelled)]
    records += [train(i) for i in range(len(labelled), len(vectors))]
    index = index_of(records, vectors, {"rare": ["a", "b"]})
    own = labelled_from_ids(index.pool, [f"d{i}" for i in range(len(labelled))], "by hand")
    return SmallPool(index, own, np.zeros((2, vectors.shape[1])), np.full((len(vectors), 2), 0.5))


@pytest.mark.parametrize(
    ("labelled", "size", "of_a", "of_b"),
    [
        (["a", "b"], 8, 4, 4),
        (["a", "b", "b", "b"], 8, 6, 2),  # 1 to 1/3
        (["a", "b", "b", "b", "b"], 10, 8, 2),
        # 1 to 1/2 of 8 is 5.3 and 2.7: the one left over is b's, which two anchors are near
        (["a", "b", "b"], 8, 5, 3),
        (["a"], 7, 7, 0),
    ],
)
def test_a_class_fills_a_share_in_inverse_proportion_to_its_labelled_documents(
    index_of: IndexOf,
    labelled: list[str],
    size: int,
    of_a: int,
    of_b: int,
) -> None:
    first = len(labelled)
    expected = [*range(first, first + of_a), *range(first + 10, first + 10 + of_b)]
    state = two_groups(index_of, labelled).state()
    assert anchoral_subpool(state, size=size).tolist() == expected


def test_a_document_with_two_classes_is_an_anchor_of_both(
    index_of: IndexOf, looked_up: list[list[float]]
) -> None:
    pool = two_groups(index_of, ["ab", "b", "a"])
    select_batch("anchoral", pool.state(), 5)
    vectors = pool.index.embeddings()
    assert looked_up == vectors[[0, 2, 0, 1]].tolist()  # d0 and d2 of a, d0 and d1 of b


def test_a_class_has_ten_anchors_at_most(index_of: IndexOf, looked_up: list[list[float]]) -> None:
    rng = np.random.default_rng(0)
    records = [train(i, "b", "a") if i < 4 else train(i, "a") for i in range(60)]
    index = index_of(records, rng.standard_normal((60, 4)))
    labelled = labelled_set(index.pool, np.arange(25), "the first")
    pool = SmallPool(index, labelled, np.zeros((2, 4)), rng.random((60, 2)))

    def asked(seed: int) -> list[list[float]]:
        looked_up.clear()
        anchoral_subpool(pool.state(seed))
        return list(looked_up)

    rows = {tuple(vector): row for row, vector in enumerate(index.embeddings().tolist())}
    found = [rows[tuple(vector)] for vector in asked(0)]
    assert len(found) == 14 and len(set(found[:10])) == 10
    assert set(found[:10]) <= set(range(25)) and found[10:] == [0, 1, 2, 3]
    assert asked(0) == asked(0) != asked(1)


def test_anchors_lie_in_every_group_of_a_class(
    index_of: IndexOf, looked_up: list[list[float]]
) -> None:
    # 19 documents lie at one place and one at another: k-means++ never draws one place twice
    vectors = np.eye(3)[[0] * 19 + [1] + [2] * 10]
    index = index_of([train(i, "a") for i in range(30)], vectors)
    labelled = labelled_set(index.pool, np.arange(20), "the first")
    pool = SmallPool(index, labelled, np.zeros((1, 3)), np.zeros((30, 1)))
    for seed in range(5):
        looked_up.clear()
        anchoral_subpool(pool.state(seed), 2, 5)
        assert sorted(looked_up) == [[0, 1, 0], [1, 0, 0]]


def test_without_a_positive_the_base_looks_at_the_whole_pool_and_a_note_says_so(
    index_of: IndexOf,
) -> None:
    pool = small_pool(index_of, 1)
    unlabelled = pool.index.pool.selectable & ~pool.index.pool.labels.any(axis=1)
    none = labelled_set(pool.index.pool, np.flatnonzero(unlabelled)[:4], "of no class")
    alone = replace(pool, labelled=none)
    for base in ("uncertainty", "portfolio"):
        found = select_batch("anchoral", alone.state(base=base), 10)
        expected = select_batch(base, alone.state(), 10)
        assert found.rows.tolist() == expected.rows.tolist()
        assert found.steps == expected.steps
        assert found.note == f"only 0 candidates: {base} looked at the whole pool"


def test_where_candidates_are_fewer_than_the_batch_the_base_looks_at_the_whole_pool(
    index_of: IndexOf,
) -> None:
    pool = two_groups(index_of, ["a", "b"])
    state = on_base(replace(pool, probabilities=np.zeros_like(pool.probabilities)).state())
    subpool = anchoral_subpool(state, size=6)
    assert select_from(state, subpool, 6).note == (
        "every document has the same score: the batch is random"
    )
    assert select_from(state, subpool, 7).note == (
        "only 6 candidates: uncertainty looked at the whole pool; "
        "every document has the same score: the batch is random"
    )
