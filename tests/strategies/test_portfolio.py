"""Portfolio against a slow loop over its three steps, and each of its rules by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, Pool
from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.labelled import labelled_from_ids
from classemb_index.strategies.base import Selection
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.portfolio import (
    LIMITS,
    Limits,
    class_shares,
    select_portfolio,
    weighted_uncertainty,
)
from classemb_index.strategies.selection import select_batch
from tests.support.fakes import Given, HashEncoder
from tests.support.pools import SmallPool, apart, dot, selection_state, small_pool, train

IndexOf = Callable[..., EmbeddingIndex]
Pick = tuple[int, int, str, float]  # row, class, step, score

COLD_START, NAME, BOUNDARY, REST = "cold start", "name", "boundary", "uncertainty"


def asked(classes: Sequence[int], step: str = COLD_START, row: int = 0) -> Batch:
    """A labelled batch of one document again and again, which these classes asked for."""
    n = len(classes)
    return Batch(np.full(n, row), np.array(classes, dtype=np.int64), (step,) * n, "portfolio")


def shares_by_carrying(counts: Sequence[int], total: int) -> list[int]:
    """Exact shares of 1 / (1 + n_c); what is left of one is carried to the next."""
    weights = [Fraction(1, 1 + n) for n in counts]
    carried, shares = Fraction(0), []
    for weight in weights:
        carried += total * weight / sum(weights)
        shares.append(min(10, math.floor(carried)))
        carried -= shares[-1]
    return shares


def slow_portfolio(
    pool: SmallPool,
    batch: int,
    tries: Sequence[int],
    nearest_name: int = 300,
    nearest_turn: int = 200,
    most_tries: int = 30,
    enough: int = 40,
) -> list[Pick]:
    """METHODS, section 7: the three steps, with one look at every document for every question."""
    vectors, counts, names = pool.vectors(), pool.counts, pool.names.tolist()
    left, labels = pool.unlabelled_rows, pool.index.pool.labels
    picks: list[Pick] = []

    def admit(x: int) -> bool:
        near = [*pool.labelled_rows, *(row for row, *_ in picks)]
        return x not in near and all(dot(vectors[x], vectors[row]) <= 0.95 for row in near)

    def nearest_to_name(c: int, k: int) -> list[tuple[int, float]]:
        scored = [(x, dot(names[c], vectors[x])) for x in left]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]

    def nearest_to_boundary(c: int, k: int) -> list[tuple[int, float]]:
        head = LogisticRegression(class_weight="balanced", max_iter=1000)
        head.fit(pool.index.embeddings(pool.labelled.rows), labels[pool.labelled.rows, c])
        weights, offset = head.coef_[0].tolist(), float(head.intercept_[0])
        scored = [(x, -abs(dot(weights, vectors[x]) + offset)) for x in left]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]

    most = 9 * batch // 10
    missing = [c for c in pool.classes if counts[c] == 0 and tries[c] < most_tries]
    missing = [c for c in missing if any(names[c])]
    # who is declared rare asks first where not all can
    rare = {pool.index.pool.classes.index(name) for name in pool.index.pool.groups.get("rare", ())}
    for c in sorted(missing, key=lambda c: (tries[c], len(missing) > most and c not in rare, c)):
        wanted = max(1, min(10, most // len(missing)))
        for x, score in nearest_to_name(c, nearest_name):
            if wanted and len(picks) < most and admit(x):
                picks.append((x, c, COLD_START, score))
                wanted -= 1

    turning = [c for c in pool.classes if 0 < counts[c] < enough]
    total = min(most, batch - len(picks), 10 * len(turning))
    few = len(turning) > total
    turning.sort(key=lambda c: (counts[c], few and c not in rare))
    turning = turning[:total]
    shares = shares_by_carrying([counts[c] for c in turning], total)
    for c, share in zip(turning, shares, strict=True):
        queues = [(NAME, nearest_to_name(c, nearest_turn))] if any(names[c]) else []
        if counts[c] < len(pool.labelled):
            queues.append((BOUNDARY, nearest_to_boundary(c, nearest_turn)))
        while share and any(admit(x) for _, queue in queues for x, _ in queue):
            step, queue = queues[0]
            queues = [*queues[1:], queues[0]]  # the other list's turn
            while queue:
                x, score = queue.pop(0)
                if admit(x):
                    picks.append((x, c, step, score))
                    share -= 1
                    break

    def parts(x: int) -> list[float]:
        certain = [abs(2 * float(p) - 1) for p in pool.probabilities[x]]
        return [(1 - certain[c]) / math.sqrt(1 + counts[c]) for c in pool.classes]

    ranked = sorted(left, key=lambda x: (-sum(parts(x)), x))
    for admits in (admit, lambda x: all(x != row for row, *_ in picks)):  # the cap, then none
        for x in ranked:
            if len(picks) < batch and admits(x):
                score = parts(x)
                picks.append((x, score.index(max(score)), REST, sum(score)))
    return picks


def nameless(pool: SmallPool) -> SmallPool:
    return replace(pool, names=np.zeros_like(pool.names))


def selected(
    pool: SmallPool, batch: int, history: Sequence[Batch] = (), limits: Limits = LIMITS
) -> Selection:
    return select_portfolio(replace(pool.state(), history=history), batch, limits)


def picks_of(found: Selection) -> list[tuple[int, int, str]]:
    return list(zip(found.rows.tolist(), found.classes.tolist(), found.steps, strict=True))


def assert_like_the_slow_loop(found: Selection, expected: Sequence[Pick]) -> None:
    assert picks_of(found) == [pick[:3] for pick in expected]
    np.testing.assert_allclose(found.scores, [pick[3] for pick in expected], atol=1e-5)


@pytest.mark.parametrize("seed", range(30))
def test_portfolio_selects_what_the_slow_loop_selects(index_of: IndexOf, seed: int) -> None:
    pool = small_pool(index_of, seed)
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(1, min(50, len(pool.unlabelled_rows))))
    tries = rng.integers(0, 40, len(pool.classes)) if seed % 4 < 2 else np.zeros(5, dtype=int)
    history = [asked([c]) for c, times in enumerate(tries.tolist()) for _ in range(times)]
    found = selected(pool, batch, history)
    assert_like_the_slow_loop(found, slow_portfolio(pool, batch, tries.tolist()))


@pytest.mark.parametrize("seed", range(20))
def test_portfolio_selects_what_the_slow_loop_selects_with_limits_that_are_reached(
    index_of: IndexOf, seed: int
) -> None:
    limits = Limits(nearest_name=6, nearest_turn=4, most_tries=5, enough=6, block=7, held=11)
    pool = small_pool(index_of, 100 + seed)
    tries = [seed % 7] * len(pool.classes)
    found = selected(pool, 25, [asked([*pool.classes])] * (seed % 7), limits)
    assert_like_the_slow_loop(found, slow_portfolio(pool, 25, tries, 6, 4, 5, 6))


@pytest.fixture
def by_hand(index_of: IndexOf) -> Callable[..., SmallPool]:
    """A pool in which a document's first coordinates are its similarities to the class names.

    Documents are unlike one another, save in these coordinates. Class names are the first axes;
    the first documents are labelled, with these labels, and lie on axes of their own.
    """

    def build(
        labelled: Sequence[str],
        similarities: Sequence[Sequence[float]],
        probabilities: Sequence[Sequence[float]] | None = None,
        names: int | None = None,
        of_labelled: Sequence[Sequence[float]] | None = None,
    ) -> SmallPool:
        q, n = len(similarities[0]), len(labelled) + len(similarities)
        first = of_labelled or [[0.0] * q] * len(labelled)
        records = [train(i, *letters) for i, letters in enumerate(labelled)]
        records += [train(i) for i in range(len(labelled), n)]
        classes = [chr(ord("a") + c) for c in range(q)]
        index = index_of(records, apart([*first, *similarities]), {"rare": classes})
        axes = np.eye(q, q + n, dtype=np.float32)
        axes[q if names is None else names :] = 0
        own = labelled_from_ids(index.pool, [f"d{i}" for i in range(len(labelled))], "by hand")
        default = [[0.0] * q] * len(similarities)
        given = [[0.0] * q] * len(labelled) + list(probabilities or default)
        return SmallPool(index, own, axes, np.array(given, dtype=np.float32))

    return build


def test_a_class_without_a_positive_asks_by_its_name(by_hand: Callable[..., SmallPool]) -> None:
    # one document is labelled with a, so that a has no boundary; b asks for 4 of 5
    similarities = [[0, 0.5], [0, 0.9], [0, 0.6], [0, 0.8], [0, 0.7]]
    pool = by_hand(["a"], similarities, [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0.5]], names=2)
    pool.names[0] = 0
    found = selected(pool, 5)
    assert picks_of(found) == [
        (2, 1, COLD_START),
        (4, 1, COLD_START),
        (5, 1, COLD_START),
        (3, 1, COLD_START),
        (1, NO_CLASS, REST),  # it is certain of every class
    ]
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.7, 0.6, 0], atol=1e-6)
    assert (found.skipped, found.note) == ((), None)


def test_the_cold_start_takes_at_most_nine_tenths_and_an_equal_part_for_each_class(
    by_hand: Callable[..., SmallPool],
) -> None:
    # 9 of 10 for two classes: 4 each
    similarities = [[0.1 * (i % 7), 0.1 * (i % 5)] for i in range(12)]
    found = selected(by_hand([""], similarities, np.full((12, 2), 0.3).tolist()), 10)
    assert found.steps == (COLD_START,) * 8 + (REST,) * 2
    assert found.classes[:8].tolist() == [0] * 4 + [1] * 4


def test_where_classes_without_positives_are_more_than_the_batch_the_first_ask_once(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = (0.1 * np.random.default_rng(0).random((14, 12))).tolist()
    found = selected(by_hand([""], similarities), 10)
    assert found.steps == (COLD_START,) * 9 + (REST,)
    assert found.classes.tolist() == [*range(9), NO_CLASS]


def test_a_class_asks_for_ten_at_most_in_the_cold_start(by_hand: Callable[..., SmallPool]) -> None:
    found = selected(by_hand([""], [[0.01 * i] for i in range(30)]), 20)
    assert found.steps == (COLD_START,) * 10 + (REST,) * 10
    assert found.rows[:10].tolist() == list(range(30, 20, -1))


def test_the_class_with_the_fewest_tries_asks_first(by_hand: Callable[..., SmallPool]) -> None:
    pool = by_hand([""], [[0.5, 0.5, 0.5], [0.4, 0.4, 0.4], [0.3, 0.3, 0.3], [0.2, 0.2, 0.2]])
    history = [asked([0, 0, 1]), asked([0])]  # tries: 3, 1, 0
    found = selected(pool, 4, history)
    assert picks_of(found) == [
        (1, 2, COLD_START),
        (2, 1, COLD_START),
        (3, 0, COLD_START),
        (4, NO_CLASS, REST),
    ]


@pytest.mark.parametrize(("tries", "asks"), [(0, 9), (29, 9), (30, 0), (39, 0)])
def test_a_class_that_is_not_found_stops_asking_after_thirty_tries(
    by_hand: Callable[..., SmallPool], tries: int, asks: int
) -> None:
    pool = by_hand([""], [[0.05 * i] for i in range(12)])
    found = selected(pool, 10, [asked([0])] * tries)
    assert found.steps == (COLD_START,) * asks + (REST,) * (10 - asks)


def test_only_picks_of_the_cold_start_are_tries(by_hand: Callable[..., SmallPool]) -> None:
    pool = by_hand([""], [[0.05 * i] for i in range(12)])
    steps = [NAME, BOUNDARY, REST, "", "name"]
    others = [asked([0] * 10, step) for step in steps]
    nobody = Batch(np.zeros(30, np.int64), np.full(30, NO_CLASS), (COLD_START,) * 30)
    found = selected(pool, 10, [*others, nobody])
    assert found.steps == (COLD_START,) * 9 + (REST,)


def test_tries_are_kept_from_round_to_round_until_thirty(index_of: IndexOf) -> None:
    # nothing has class a, which asks for 4 of 5 in each round: 4, 8, ... 28, 32, and then no more
    records = [train(i, "b") for i in range(60)]
    vectors = np.random.default_rng(0).standard_normal((60, 20))
    index = index_of(records, vectors, {"rare": ["a", "b"]})
    names = np.zeros((2, 20), dtype=np.float32)
    names[0, 0] = 1
    ids, history, taken = ["d0"], [], []
    for _ in range(9):
        labelled = labelled_from_ids(index.pool, ids, "round")
        pool = SmallPool(index, labelled, names, np.full((60, 2), 0.5, dtype=np.float32))
        found = selected(pool, 5, history)
        taken.append(found.steps.count(COLD_START))
        history.append(Batch(found.rows, found.classes, found.steps, "portfolio"))
        ids += [index.pool.ids[row] for row in found.rows]
    assert taken == [4] * 8 + [0]


def test_turns_alternate_between_the_name_and_the_boundary(
    by_hand: Callable[..., SmallPool],
) -> None:
    # the name is the first axis; labelled at 1 and -1 of the second, a's boundary is where it is 0
    found = selected(
        by_hand(
            ["a", ""],
            [[0.1, 0.05], [0.9, 0.3], [0.8, 0.4], [0, 0.1], [0.2, 0.5]],
            names=1,
            of_labelled=[[0, 1], [0, -1]],
        ),
        5,
    )
    assert picks_of(found) == [
        (3, 0, NAME),
        (2, 0, BOUNDARY),
        (4, 0, NAME),
        (5, 0, BOUNDARY),
        (6, NO_CLASS, REST),
    ]
    np.testing.assert_allclose(found.scores[[0, 2]], [0.9, 0.8], atol=1e-6)
    # the distances to the boundary are as 0.05 to 0.1
    assert found.scores[3] / found.scores[1] == pytest.approx(2, rel=1e-3)
    assert found.scores[1] < 0


def test_a_list_without_further_documents_leaves_its_turns_to_the_other(
    by_hand: Callable[..., SmallPool],
) -> None:
    # nearest to the name are d2, d3 and d4, and these are near-duplicates of one another
    similarities = [[0.99, 0.05], [0.98, 0.06], [0.97, 0.07], [0, 0.01], [0, 0.02], [0, 0.03]]
    pool = by_hand(["a", ""], similarities, names=1, of_labelled=[[0, 1], [0, -1]])
    assert picks_of(selected(pool, 5, limits=Limits(nearest_turn=3)))[:4] == [
        (2, 0, NAME),
        (5, 0, BOUNDARY),
        (6, 0, BOUNDARY),
        (7, 0, BOUNDARY),
    ]


def test_without_names_only_boundaries_and_uncertainty_ask_and_silent_classes_are_named(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.9, 0.3, 0], [0.1, 0.1, 0], [0.8, 0.2, 0], [0.7, 0.4, 0]]
    probabilities = [[0.5, 0.5, 0.5], [0, 0, 0], [0, 0, 0], [0.5, 0, 0]]
    pool = by_hand(["b", ""], similarities, probabilities, 0, [[0, 1, 0], [0, -1, 0]])
    found = selected(pool, 3)
    assert picks_of(found) == [(3, 1, BOUNDARY), (4, 1, BOUNDARY), (2, 0, REST)]
    assert found.skipped == (0, 2)


def test_without_names_no_class_asks_by_name_in_random_pools(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 2)
    assert pool.counts[2] == 0
    found = selected(nameless(pool), 40)
    assert set(found.steps) == {BOUNDARY, REST}
    assert set(selected(pool, 40).steps) == {COLD_START, NAME, BOUNDARY, REST}
    assert_like_the_slow_loop(found, slow_portfolio(nameless(pool), 40, [0] * 3))


def test_a_class_that_every_labelled_document_has_asks_by_name_alone(
    by_hand: Callable[..., SmallPool],
) -> None:
    pool = by_hand(["a", "a"], [[0.1], [0.5], [0.3], [0.4], [0.2]])
    assert picks_of(selected(pool, 3))[:2] == [(3, 0, NAME), (5, 0, NAME)]
    assert set(selected(nameless(pool), 3).steps) == {REST}


def test_near_duplicates_of_labelled_and_picked_documents_are_passed_over(
    by_hand: Callable[..., SmallPool],
) -> None:
    # cosine of d1 to the labelled d0 0.9604, of d2 to it 0.9408, of d3 to d2 0.9528
    similarities = [[0.98, 0], [0.96, 0.2], [0.93, 0.3], [0.92, 0.1]]
    probabilities = [[0.1, 0], [0, 0], [0.4, 0], [0, 0]]
    pool = by_hand(["b"], similarities, probabilities, 1, [[0.98, 0]])
    found = selected(pool, 3)
    assert picks_of(found) == [
        (2, 0, COLD_START),
        (4, 0, COLD_START),
        (3, 0, REST),  # all that are left are alike
    ]
    assert found.note == (
        "too few documents are unlike the labelled and picked ones: others fill the batch"
    )


def test_the_cap_is_lifted_for_the_most_uncertain_when_too_few_are_left(
    by_hand: Callable[..., SmallPool],
) -> None:
    # d1, d2 and d3 are near-duplicates of the labelled d0; d4 is not
    similarities = [[0.98], [0.97], [0.99], [0]]
    probabilities = [[0.5], [0.3], [0.4], [0.1]]
    pool = by_hand([""], similarities, probabilities, 0, [[1]])
    found = selected(pool, 3)
    assert picks_of(found) == [(4, 0, REST), (1, 0, REST), (3, 0, REST)]
    np.testing.assert_allclose(found.scores, [0.2, 1, 0.8], atol=1e-6)
    assert found.note == (
        "too few documents are unlike the labelled and picked ones: others fill the batch"
    )


@pytest.mark.parametrize(
    ("counts", "total", "shares"),
    [
        ([1, 3], 6, [4, 2]),  # weights 1/2 and 1/4
        ([1, 1, 1], 4, [1, 1, 2]),  # 4/3 each: a third is carried, and two thirds
        ([2, 2, 2], 3, [1, 1, 1]),  # three times a third of three
        ([1, 1, 1, 1], 2, [0, 1, 0, 1]),
        ([1, 9], 12, [10, 2]),  # weights 1/2 and 1/10
        ([1, 9], 18, [10, 8]),  # 15 and 3: what is above 10 goes to the next
        ([1, 9], 20, [10, 10]),
        ([5], 1, [1]),
        ([5], 10, [10]),
        ([1, 39], 1, [0, 1]),  # 20/21, and then 21/21
    ],
)
def test_shares_are_carried_to_the_next_class(
    counts: list[int], total: int, shares: list[int]
) -> None:
    assert class_shares(np.array(counts), total).tolist() == shares


@pytest.mark.parametrize("seed", range(50))
def test_shares_are_those_of_exact_fractions_and_leave_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.sort(rng.integers(1, 40, rng.integers(1, 30)))
    total = int(rng.integers(1, 10 * len(counts) + 1))
    found = class_shares(counts, total).tolist()
    assert found == shares_by_carrying(counts.tolist(), total)
    assert sum(found) == total


def test_a_class_has_ten_turns_at_most_and_uncertainty_fills_the_batch(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.01 * i] for i in range(60)]
    probabilities = [[0.008 * i] for i in range(60)]  # all below a half
    found = selected(by_hand(["a", ""], similarities, probabilities), 50)
    assert found.classes.tolist() == [0] * 50
    assert found.steps == (NAME, BOUNDARY) * 5 + (REST,) * 40
    left = [row for row in range(61, 1, -1) if row not in found.rows[:10].tolist()]
    assert found.rows[10:].tolist() == left[:40]


@pytest.mark.parametrize(("positives", "asks"), [(1, True), (39, True), (40, False), (41, False)])
def test_forty_positives_are_enough(
    by_hand: Callable[..., SmallPool], positives: int, asks: bool
) -> None:
    pool = by_hand([*["a"] * positives, ""], [[0.1 * i] for i in range(10)])
    found = selected(pool, 5)
    assert found.steps == ((NAME, BOUNDARY) * 2 + (REST,) if asks else (REST,) * 5)


def test_the_class_with_the_fewest_positives_has_the_first_turn(
    by_hand: Callable[..., SmallPool],
) -> None:
    # counts 3, 1, 1: weights 1/4, 1/2, 1/2; of 9 picks 3.6, 3.6 and 1.8
    pool = by_hand(["a", "a", "a", "b", "c"], (0.2 * np.eye(3)[[0, 1, 2] * 5]).tolist())
    found = selected(pool, 10)
    assert found.classes[:9].tolist() == [1] * 3 + [2] * 4 + [0] * 2


def test_a_batch_of_one_is_the_most_uncertain(by_hand: Callable[..., SmallPool]) -> None:
    probabilities = [[0.1, 0], [0.4, 0], [0.2, 0]]
    pool = by_hand(["a", ""], [[0.9, 0], [0, 0], [0, 0.9]], probabilities)
    assert picks_of(selected(pool, 1)) == [(3, 0, REST)]


def test_uncertainty_weighs_a_class_by_its_labelled_documents() -> None:
    # counts 0 and 3: weights 1 and 1/2
    found = weighted_uncertainty(np.array([[0.5, 0.25], [0.1, 0.5], [1, 0]]), np.array([0, 3]))
    np.testing.assert_allclose(found, [[1, 0.25], [0.2, 0.5], [0, 0]])


def test_the_rest_is_asked_for_by_the_class_of_the_largest_part(
    by_hand: Callable[..., SmallPool],
) -> None:
    # weights 1/2 and 1 (counts 3 and 0): d3 0.5 + 0.2, d4 0 + 0.6, d5 0.1 + 0.2, d6 nothing
    probabilities = [[0.5, 0.1], [1, 0.3], [0.9, 0.1], [0, 1]]
    pool = by_hand(["a"] * 3, [[0, 0]] * 4, probabilities, 0)
    found = selected(pool, 4)
    assert picks_of(found) == [(3, 0, REST), (4, 1, REST), (5, 1, REST), (6, NO_CLASS, REST)]
    np.testing.assert_allclose(found.scores, [0.7, 0.6, 0.3, 0], atol=1e-6)
    assert found.note is None


def test_the_same_uncertainty_everywhere_makes_the_rest_random(
    by_hand: Callable[..., SmallPool],
) -> None:
    pool = by_hand([""], [[0.0]] * 40, [[0.5]] * 40, 0)

    def rows(seed: int) -> list[int]:
        found = select_batch("portfolio", pool.state(seed), 10)
        assert found.note == (
            "every document has the same uncertainty: the rest of the batch is random"
        )
        return found.rows.tolist()

    assert rows(0) == rows(0) != rows(1)


def test_the_oracle_is_never_asked(index_of: IndexOf) -> None:
    def oracle(row: int) -> np.ndarray:
        raise AssertionError(f"labels of row {row} were asked for inside the batch")

    pool = small_pool(index_of, 2)
    found = select_batch("portfolio", pool.state(0, oracle), 40)
    assert picks_of(found) == picks_of(selected(pool, 40))
    assert set(found.steps) == {COLD_START, NAME, BOUNDARY, REST}


def test_class_names_are_the_indexs_own_unless_others_are_given(tmp_path: Path) -> None:
    # the encoder embeds equal texts alike, so that d1 is nearest to the class "wine", d3 to "oil"
    records = [train(i)._replace(text=text) for i, text in enumerate(["x", "wine", "y", "oil"])]
    pool = Pool.from_records(records, name="texts", classes={"rare": ["wine"]})
    index = EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "texts")
    labelled = labelled_from_ids(pool, ["d0"], "by hand")

    def first(names: np.ndarray | None) -> tuple[int, int, str]:
        options = StrategyOptions(name_vectors=names)
        classifier = Given([[0], [0], [0.5], [0]])
        state = selection_state(index, labelled, 0, classifier=classifier, options=options)
        return picks_of(select_batch("portfolio", state, 2))[0]

    assert first(None) == (1, 0, COLD_START)
    assert first(HashEncoder().encode(["oil"])) == (3, 0, COLD_START)
    assert first(np.zeros((1, 8), dtype=np.float32)) == (2, 0, REST)


@pytest.mark.parametrize(
    ("batch", "asking"),
    [
        (3, ["rare 1", "rare 2"]),  # nine tenths of 3 are two picks
        (4, ["rare 1", "rare 2", "common 1"]),
        (5, ["common 1", "common 2", "rare 1", "rare 2"]),  # every class can ask
    ],
)
def test_in_a_small_batch_classes_that_are_declared_rare_ask_first(
    index_of: IndexOf, batch: int, asking: list[str]
) -> None:
    names = ["common 1", "common 2", "rare 1", "rare 2"]
    index = index_of(
        [train(i) for i in range(9)],
        apart([[0] * 4, *(0.9 * np.eye(4)), *(0.8 * np.eye(4))]),
        {"frequent": names[:2], "rare": names[2:]},
    )
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    axes = np.eye(4, index.manifest.dim, dtype=np.float32)
    pool = SmallPool(index, labelled, axes, np.full((9, 4), 0.5))
    found = selected(pool, batch)
    asked = [
        names[c] for c, step in zip(found.classes, found.steps, strict=True) if step == COLD_START
    ]
    assert asked == asking


def test_in_a_small_batch_a_rare_class_has_its_turn_before_others_with_as_few_positives(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.9, 0, 0], [0, 0.9, 0], [0, 0, 0.9], [0.5, 0.4, 0.3]]
    pool = by_hand(["a", "b", "c"], similarities, names=3)
    groups = {"frequent": ("a", "b"), "rare": ("c",)}
    index = pool.index
    index.__dict__["pool"] = replace(index.pool, groups=groups)
    assert [c for _, c, step in picks_of(selected(pool, 2)) if step == NAME] == [2]
