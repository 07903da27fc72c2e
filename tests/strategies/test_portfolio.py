"""Portfolio against a slow loop over its two steps, and each of its rules by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool
from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.labelled import labelled_from_ids
from classemb_index.models.named import NamedHeads, fit_named_heads
from classemb_index.models.probe import ProbeClassifier
from classemb_index.queries.names import name_prior
from classemb_index.strategies.base import Selection
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.portfolio import (
    LIMITS,
    Limits,
    class_shares,
    select_portfolio,
)
from classemb_index.strategies.selection import select_batch
from tests.support.fakes import Given, HashEncoder
from tests.support.pools import SmallPool, apart, dot, selection_state, small_pool, train

IndexOf = Callable[..., EmbeddingIndex]
Pick = tuple[int, int, str, float]  # row, class, step, score

BOUNDARY, REST = "boundary", "uncertainty"


def asked(classes: Sequence[int], step: str = BOUNDARY, row: int = 0) -> Batch:
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
    nearest: int = 200,
    most_tries: int = 30,
    enough: int = 40,
) -> list[Pick]:
    """The two steps, with one look at every document for every question."""
    vectors, counts, names = pool.vectors(), pool.counts, pool.names.tolist()
    left, picks = pool.unlabelled_rows, list[Pick]()
    embeddings, labels = pool.index.embeddings(pool.labelled.rows), pool.labelled.labels
    prior = name_prior(pool.index, pool.names)
    heads = fit_named_heads(embeddings, labels, np.ones_like(labels), prior)

    def admit(x: int) -> bool:
        near = [*pool.labelled_rows, *(row for row, *_ in picks)]
        return x not in near and all(dot(vectors[x], vectors[row]) <= 0.95 for row in near)

    def nearest_to_threshold(c: int) -> list[tuple[int, float]]:
        weights, offset = heads.weights[c].tolist(), float(heads.offsets[c])
        cut = float(heads.cuts[c])
        scored = [(x, -abs(dot(weights, vectors[x]) + offset - cut)) for x in left]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:nearest]

    asking = [c for c in pool.classes if 0 < counts[c] < enough]
    asking += [
        c for c in pool.classes if counts[c] == 0 and any(names[c]) and tries[c] < most_tries
    ]
    total = min(9 * batch // 10, 10 * len(asking))
    # who is declared rare asks first where not all can
    rare = {pool.index.pool.classes.index(name) for name in pool.index.pool.groups.get("rare", ())}
    few = len(asking) > total
    order = {c: (counts[c], 0 if counts[c] else tries[c], few and c not in rare, c) for c in asking}
    asking = sorted(asking, key=lambda c: order[c])[:total]
    shares = shares_by_carrying([counts[c] for c in asking], total)
    for c, share in zip(asking, shares, strict=True):
        for x, score in nearest_to_threshold(c):
            if share and admit(x):
                picks.append((x, c, BOUNDARY, score))
                share -= 1

    def uncertain(x: int) -> list[float]:
        return [1 - abs(2 * float(p) - 1) for p in pool.probabilities[x]]

    ranked = sorted(left, key=lambda x: (-max(uncertain(x)), x))
    for admits in (admit, lambda x: all(x != row for row, *_ in picks)):  # the cap, then none
        for x in ranked:
            if len(picks) < batch and admits(x):
                by_class = uncertain(x)
                picks.append((x, by_class.index(max(by_class)), REST, max(by_class)))
    return picks


class WithHeads(ProbeClassifier):
    """A probe of these heads and probabilities, one line of them a row of the pool."""

    def __init__(self, index: EmbeddingIndex, heads: NamedHeads, probabilities: np.ndarray) -> None:
        super().__init__(index.embeddings())
        self.heads, self._given = heads, probabilities

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return self._given[rows]


def nameless(pool: SmallPool) -> SmallPool:
    return replace(pool, names=np.zeros_like(pool.names))


def selected(
    pool: SmallPool, batch: int, history: Sequence[Batch] = (), limits: Limits = LIMITS
) -> Selection:
    return select_portfolio(replace(pool.state(), history=history), batch, limits)


def asked_at(
    pool: SmallPool, batch: int, at: Sequence[float] | float, history: Sequence[Batch] = ()
) -> Selection:
    """The batch of classes whose heads have these similarities to their names as thresholds."""
    q = len(pool.classes)
    axes = np.eye(q, pool.index.manifest.dim, dtype=np.float32)
    offsets = -np.broadcast_to(np.asarray(at, dtype=np.float32), q)
    heads = NamedHeads(axes, offsets, np.zeros(q, dtype=np.float32), np.ones(q))
    classifier = WithHeads(pool.index, heads, pool.probabilities)
    state = replace(pool.state(), history=history, classifier=classifier)
    return select_portfolio(state, batch)


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
    limits = Limits(nearest=4, most_tries=5, enough=6, block=7, held=11)
    pool = small_pool(index_of, 100 + seed)
    tries = [seed % 7] * len(pool.classes)
    found = selected(pool, 25, [asked([*pool.classes])] * (seed % 7), limits)
    assert_like_the_slow_loop(found, slow_portfolio(pool, 25, tries, 4, 5, 6))


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


def test_classes_ask_for_what_is_nearest_to_their_thresholds(
    by_hand: Callable[..., SmallPool],
) -> None:
    # b, of which nothing is labelled, has two shares of three
    similarities = [[0.1, 0.5], [0.55, 0.2], [0.35, 0.62], [0.1, 0.8], [0.1, 0.71]]
    probabilities = [[0, 0], [0, 0], [0, 0], [0, 0.1], [0, 0]]
    found = asked_at(by_hand(["a"], similarities, probabilities), 4, 0.6)
    assert picks_of(found) == [
        (3, 1, BOUNDARY),
        (1, 1, BOUNDARY),
        (2, 0, BOUNDARY),
        (4, 1, REST),
    ]
    np.testing.assert_allclose(found.scores, [-0.02, -0.1, -0.05, 0.2], atol=1e-6)
    assert (found.skipped, found.note) == ((), None)


def test_a_cut_that_is_not_at_a_half_is_taken_as_it_is(by_hand: Callable[..., SmallPool]) -> None:
    pool = by_hand([""], [[0.1], [0.2], [0.3], [0.4], [0.9]])
    axes = np.eye(1, pool.index.manifest.dim, dtype=np.float32)
    heads = NamedHeads(axes, np.zeros(1), np.array([0.3], np.float32), np.ones(1))
    classifier = WithHeads(pool.index, heads, pool.probabilities)
    found = select_portfolio(replace(pool.state(), classifier=classifier), 2)
    assert picks_of(found)[0] == (3, 0, BOUNDARY)


def test_classes_ask_for_nine_tenths_at_most(by_hand: Callable[..., SmallPool]) -> None:
    similarities = [[0.1 * (i % 7), 0.1 * (i % 5)] for i in range(12)]
    found = asked_at(by_hand([""], similarities, np.full((12, 2), 0.3).tolist()), 10, 0.3)
    assert found.steps == (BOUNDARY,) * 9 + (REST,)
    assert found.classes[:9].tolist() == [0] * 4 + [1] * 5


def test_where_classes_without_positives_are_more_than_the_batch_the_first_ask_once(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = (0.1 * np.random.default_rng(0).random((14, 12))).tolist()
    found = asked_at(by_hand([""], similarities), 10, 0.1)
    assert found.steps == (BOUNDARY,) * 9 + (REST,)
    assert found.classes.tolist() == [*range(9), NO_CLASS]


def test_a_class_asks_for_ten_at_most_and_uncertainty_fills_the_batch(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.01 * i] for i in range(60)]
    probabilities = [[0.008 * i] for i in range(60)]  # all below a half
    found = asked_at(by_hand([""], similarities, probabilities), 50, 0.6)
    assert found.classes.tolist() == [0] * 50
    assert found.steps == (BOUNDARY,) * 10 + (REST,) * 40
    assert found.rows.tolist() == list(range(60, 10, -1))


def test_of_classes_without_a_document_the_one_with_the_fewest_tries_asks_first(
    by_hand: Callable[..., SmallPool],
) -> None:
    pool = by_hand([""], [[0.5, 0.5, 0.5], [0.4, 0.4, 0.4], [0.3, 0.3, 0.3], [0.2, 0.2, 0.2]])
    history = [asked([0, 0, 1]), asked([0])]  # tries: 3, 1, 0
    assert picks_of(asked_at(pool, 4, 0.6, history)) == [
        (1, 2, BOUNDARY),
        (2, 1, BOUNDARY),
        (3, 0, BOUNDARY),
        (4, NO_CLASS, REST),
    ]


@pytest.mark.parametrize(("tries", "asks"), [(0, 9), (29, 9), (30, 0), (39, 0)])
def test_a_class_that_is_not_found_stops_asking_after_thirty_tries(
    by_hand: Callable[..., SmallPool], tries: int, asks: int
) -> None:
    pool = by_hand([""], [[0.05 * i] for i in range(12)])
    found = asked_at(pool, 10, 0.6, [asked([0])] * tries)
    assert found.steps == (BOUNDARY,) * asks + (REST,) * (10 - asks)
    assert found.skipped == (() if asks else (0,))


def test_picks_that_a_class_asked_for_are_tries_and_those_of_uncertainty_are_not(
    by_hand: Callable[..., SmallPool],
) -> None:
    pool = by_hand([""], [[0.05 * i] for i in range(12)])
    nobody = Batch(np.zeros(30, np.int64), np.full(30, NO_CLASS), (BOUNDARY,) * 30)
    found = asked_at(pool, 10, 0.6, [asked([0] * 40, REST), nobody])
    assert found.steps == (BOUNDARY,) * 9 + (REST,)
    # the steps of earlier versions count as well
    for step in ("cold start", "name", ""):
        found = asked_at(pool, 10, 0.6, [asked([0] * 30, step)])
        assert set(found.steps) == {REST}


def test_tries_are_kept_from_round_to_round_until_thirty(index_of: IndexOf) -> None:
    # nothing has class a, which asks for 4 of 5 in each round: 4, 8, ... 28, 32, and then no more
    records = [train(i, "b") for i in range(60)]
    vectors = np.random.default_rng(0).standard_normal((60, 20))
    index = index_of(records, vectors, {"rare": ["a", "b"]})
    names = np.zeros((2, 20), dtype=np.float32)
    names[0, 0] = 1
    ids, history, taken = [f"d{i}" for i in range(40)], [], []
    for _ in range(9):
        labelled = labelled_from_ids(index.pool, ids, "round")
        pool = SmallPool(index, labelled, names, np.full((60, 2), 0.5, dtype=np.float32))
        found = selected(pool, 2, history)
        taken.append(found.steps.count(BOUNDARY))
        history.append(asked([0] * 4))
    assert taken == [1] * 8 + [0]


def test_without_a_name_a_class_asks_once_a_document_of_it_is_labelled(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.9, 0.3, 0], [0.1, 0.1, 0], [0.8, 0.2, 0], [0.7, 0.4, 0]]
    probabilities = [[0.5, 0.5, 0.5], [0, 0, 0], [0, 0, 0], [0.5, 0, 0]]
    pool = by_hand(["b", ""], similarities, probabilities, 0, [[0, 1, 0], [0, -1, 0]])
    found = asked_at(pool, 3, 0.1)
    assert picks_of(found) == [(3, 1, BOUNDARY), (4, 1, BOUNDARY), (2, 0, REST)]
    assert found.skipped == (0, 2)


def test_without_names_boundaries_are_those_of_the_labels_alone(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 2)
    assert pool.counts[2] == 0
    found = selected(nameless(pool), 40)
    assert 2 not in found.classes[np.array(found.steps) == BOUNDARY]
    assert_like_the_slow_loop(found, slow_portfolio(nameless(pool), 40, [0] * 3))


def test_the_heads_of_a_probe_that_knows_names_are_taken_as_they_are(index_of: IndexOf) -> None:
    pool = small_pool(index_of, 2)
    probe = ProbeClassifier(pool.index.embeddings(), name_prior(pool.index, pool.names))
    labelled = pool.labelled
    probe.fit(labelled.rows, labelled.labels, labelled.rows[:0], labelled.labels[:0], 0)
    by_probe = select_portfolio(replace(pool.state(), classifier=probe), 20)
    asking = [pick for pick in picks_of(selected(pool, 20)) if pick[2] == BOUNDARY]
    assert asking == [pick for pick in picks_of(by_probe) if pick[2] == BOUNDARY] != []


def test_near_duplicates_of_labelled_and_picked_documents_are_passed_over(
    by_hand: Callable[..., SmallPool],
) -> None:
    # cosine of d1 to the labelled d0 0.9604, of d2 to it 0.9408, of d3 to d2 0.9528
    similarities = [[0.98, 0], [0.96, 0.2], [0.93, 0.3], [0.92, 0.1]]
    probabilities = [[0.1, 0], [0, 0], [0.4, 0], [0, 0]]
    pool = by_hand(["b"], similarities, probabilities, 1, [[0.98, 0]])
    found = asked_at(pool, 3, [1, 9])
    assert picks_of(found)[-1] == (3, 0, REST)  # all that are left are alike
    assert {row for row, _, step in picks_of(found) if step == BOUNDARY} == {2, 4}
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


@pytest.mark.parametrize(("positives", "asks"), [(1, True), (39, True), (40, False), (41, False)])
def test_forty_positives_are_enough(
    by_hand: Callable[..., SmallPool], positives: int, asks: bool
) -> None:
    pool = by_hand([*["a"] * positives, ""], [[0.1 * i] for i in range(10)])
    found = asked_at(pool, 5, 0.3)
    assert found.steps == ((BOUNDARY,) * 4 + (REST,) if asks else (REST,) * 5)


def test_the_class_with_the_fewest_positives_has_the_first_turn(
    by_hand: Callable[..., SmallPool],
) -> None:
    # counts 3, 1, 1: weights 1/4, 1/2, 1/2; of 9 picks 3.6, 3.6 and 1.8
    pool = by_hand(["a", "a", "a", "b", "c"], (0.2 * np.eye(3)[[0, 1, 2] * 5]).tolist())
    found = asked_at(pool, 10, 0.1)
    assert found.classes[:9].tolist() == [1] * 3 + [2] * 4 + [0] * 2


def test_a_batch_of_one_is_the_most_uncertain(by_hand: Callable[..., SmallPool]) -> None:
    probabilities = [[0.1, 0], [0.4, 0], [0.2, 0]]
    pool = by_hand(["a", ""], [[0.9, 0], [0, 0], [0, 0.9]], probabilities)
    assert picks_of(selected(pool, 1)) == [(3, 0, REST)]


def test_the_rest_is_asked_for_by_the_class_that_is_the_least_certain(
    by_hand: Callable[..., SmallPool],
) -> None:
    probabilities = [[0.5, 0.1], [1, 0.3], [0.9, 0.1], [0, 1]]
    pool = by_hand(["a"] * 40, [[0, 0]] * 4, probabilities, 0)
    found = selected(pool, 4)
    assert picks_of(found) == [(40, 0, REST), (41, 1, REST), (42, 0, REST), (43, NO_CLASS, REST)]
    np.testing.assert_allclose(found.scores, [1, 0.6, 0.2, 0], atol=1e-6)
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
    assert set(found.steps) == {BOUNDARY, REST}


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

    assert first(None) == (1, 0, BOUNDARY)
    assert first(HashEncoder().encode(["oil"])) == (3, 0, BOUNDARY)
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
    found = asked_at(pool, batch, 0.9)
    classes = zip(found.classes, found.steps, strict=True)
    asked = [names[c] for c, step in classes if step == BOUNDARY]
    assert asked == asking


def test_in_a_small_batch_a_rare_class_has_its_turn_before_others_with_as_few_positives(
    by_hand: Callable[..., SmallPool],
) -> None:
    similarities = [[0.9, 0, 0], [0, 0.9, 0], [0, 0, 0.9], [0.5, 0.4, 0.3]]
    pool = by_hand(["a", "b", "c"], similarities, names=3)
    groups = {"frequent": ("a", "b"), "rare": ("c",)}
    index = pool.index
    index.__dict__["pool"] = replace(index.pool, groups=groups)
    assert [c for _, c, step in picks_of(asked_at(pool, 2, 0.9)) if step == BOUNDARY] == [2]
