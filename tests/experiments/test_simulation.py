"""The simulation: sizes, what each round sees and selects, its numbers, and going on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from classemb_index import (
    EmbeddingIndex,
    Plan,
    Pool,
    Record,
    RoundResult,
    Schedule,
    StrategyOptions,
    draw_labelled,
    simulate,
)
from classemb_index.errors import ModelError, RequestError
from classemb_index.experiments.simulation import draw_dev
from classemb_index.labels.labelled import labelled_set
from classemb_index.strategies.base import Aid, Selection, SelectionState, Strategy
from classemb_index.strategies.portfolio import PORTFOLIO, Limits, select_portfolio
from classemb_index.strategies.selection import STRATEGIES, oracle_of, select_batch
from classemb_index.watch import SILENT, Epoch, Watcher
from tests.support.errors import refusal
from tests.support.fakes import fake_masked_lm, missing_masked_lm
from tests.support.plans import probe_plan
from tests.support.pools import selection_state, topic_records
from tests.support.rounds import without_seconds
from tests.support.watchers import Recorder

BOTH = ["random", "class-embedding"]
SMALL = Schedule(initial=10, batch=7, budget=30)  # 10, 17, 24, 30


class Notebook:
    """A classifier that learns nothing and writes down what it is given."""

    uses_dev = True

    def __init__(self, classes: int = 3) -> None:
        self.fits: list[dict[str, Any]] = []
        self._classes = classes

    def settings(self) -> Mapping[str, Any]:
        return {"model": "notebook"}

    def fit(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        dev_rows: np.ndarray,
        dev_labels: np.ndarray,
        seed: int,
        on_epoch: Callable[[int, float | None], None] | None = None,
    ) -> int:
        self.fits.append(
            {
                "rows": rows.tolist(),
                "labels": labels.copy(),
                "dev_rows": dev_rows.tolist(),
                "dev_labels": dev_labels.copy(),
                "seed": seed,
            }
        )
        for epoch in (1, 2):
            if on_epoch:
                on_epoch(epoch, epoch / 10)
        return 2

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), self._classes), dtype=np.float32)

    def representations(self, rows: np.ndarray) -> np.ndarray:
        return np.eye(200, dtype=np.float32)[rows]


def planned(
    strategies: Sequence[str] = BOTH,
    seeds: Sequence[int] = (0,),
    schedule: Schedule = SMALL,
    notebook: Notebook | None = None,
    **options: Any,
) -> Plan:
    return probe_plan(strategies, seeds, schedule, classifier=notebook, **options)


def run(
    index: EmbeddingIndex,
    *planned_with: Any,
    finished: Sequence[RoundResult] = (),
    watch: Watcher = SILENT,
    **options: Any,
) -> list[RoundResult]:
    plan = planned(*planned_with, **options)
    return list(simulate(index, plan, finished=finished, watch=watch))


def rows_of(pool: Pool, ids: Sequence[str]) -> list[int]:
    return [pool.row_of[id_] for id_ in ids]


@pytest.mark.parametrize(
    ("schedule", "sizes"),
    [
        (Schedule(), [100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600]),  # the paper's
        (SMALL, [10, 17, 24, 30]),
        (Schedule(initial=10, batch=20, budget=30), [10, 30]),
        (Schedule(initial=10, batch=50, budget=30), [10, 30]),
        (Schedule(initial=30, batch=5, budget=30), [30]),
    ],
)
def test_the_last_round_takes_what_the_budget_leaves(schedule: Schedule, sizes: list[int]) -> None:
    assert schedule.sizes() == sizes


def test_rounds_come_seed_by_seed_and_strategy_by_strategy(toy_index: EmbeddingIndex) -> None:
    results = run(toy_index, seeds=[3, 4])
    assert [(r.seed, r.strategy, r.round, r.n_labelled) for r in results] == [
        (seed, strategy, number, size)
        for seed in (3, 4)
        for strategy in BOTH
        for number, size in enumerate([10, 17, 24, 30])
    ]


def test_each_round_selects_what_is_missing_to_the_next(toy_index: EmbeddingIndex) -> None:
    for result in run(toy_index):
        assert len(result.selected) == {10: 7, 17: 7, 24: 6, 30: 0}[result.n_labelled]


@pytest.mark.parametrize("strategy", BOTH)
def test_selected_ids_are_train_and_never_repeated(
    toy_index: EmbeddingIndex, strategy: str
) -> None:
    pool, schedule = toy_index.pool, Schedule(initial=10, batch=7, budget=72)
    results = run(toy_index, [strategy], [0, 1], schedule)
    for seed in (0, 1):
        selected = [id_ for r in results if r.seed == seed for id_ in r.selected]
        initial = draw_labelled(pool, 10, seed).rows.tolist()
        rows = initial + rows_of(pool, selected)
        assert sorted(rows) == pool.rows("train").tolist()  # all 72, each once


def test_every_strategy_of_a_seed_starts_from_the_same_labelled_set(
    toy_index: EmbeddingIndex,
) -> None:
    notebook = Notebook()
    results = run(toy_index, BOTH, [0, 1], SMALL, notebook)
    first = [
        (result.seed, fit["rows"])
        for result, fit in zip(results, notebook.fits, strict=True)
        if result.round == 0
    ]
    for seed, rows in first:
        assert rows == draw_labelled(toy_index.pool, 10, seed).rows.tolist()
    assert len(first) == 4


def test_all_strategies_of_a_seed_start_from_the_same_labelled_set(
    toy_index: EmbeddingIndex,
) -> None:
    notebook, schedule = Notebook(), Schedule(initial=10, batch=5, budget=15)
    options = StrategyOptions(discriminator_epochs=1)
    results = run(toy_index, list(STRATEGIES), [6], schedule, notebook, options=options)
    assert [result.strategy for result in results[::2]] == list(STRATEGIES)
    starts = {tuple(fit["rows"]) for fit in notebook.fits[::2]}
    assert starts == {tuple(draw_labelled(toy_index.pool, 10, 6).rows.tolist())}


def test_a_strategy_looks_at_the_classifier_that_was_trained_in_its_round(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook, looks = Notebook(), []

    def look(state: SelectionState, batch: int) -> Selection:
        assert state.trained() is notebook
        looks.append((len(notebook.fits), notebook.fits[-1]["rows"]))
        assert state.labelled.rows.tolist() == notebook.fits[-1]["rows"]
        return STRATEGIES["random"].select(state, batch)

    monkeypatch.setitem(STRATEGIES, "looking", Strategy(look, frozenset({Aid.CLASSIFIER})))
    run(toy_index, ["looking"], [0, 1], SMALL, notebook)
    # four fits a seed; after the last of them nothing is selected
    assert [fits for fits, _ in looks] == [1, 2, 3, 5, 6, 7]
    assert [len(rows) for _, rows in looks] == [10, 17, 24] * 2


def test_uncertainty_selects_by_the_probe_of_its_round(toy_index: EmbeddingIndex) -> None:
    pool, embeddings = toy_index.pool, toy_index.embeddings()
    labelled = draw_labelled(pool, 10, 0).rows.tolist()
    for result in run(toy_index, ["max-uncertainty"]):
        rest = [row for row in pool.rows("train").tolist() if row not in labelled]
        scores = np.zeros(len(rest))
        for c in range(3):
            column = pool.labels[labelled, c]
            if column.any() and not column.all():
                head = LogisticRegression(class_weight="balanced", max_iter=1000)
                head.fit(embeddings[labelled], column)
                p = head.predict_proba(embeddings[rest])[:, 1]
                scores = np.maximum(scores, np.minimum(2 * p, 2 - 2 * p))
        best = [rest[i] for i in np.argsort(-scores)[: len(result.selected)]]
        assert sorted(rows_of(pool, result.selected)) == sorted(best)
        labelled = sorted(labelled + best)


def test_surprisal_and_the_discriminators_epochs_reach_the_strategies(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Any, int]] = []

    def note(state: SelectionState, batch: int) -> Selection:
        given.append((state.surprisal, state.options.discriminator_epochs))
        return STRATEGIES["random"].select(state, batch)

    monkeypatch.setitem(STRATEGIES, "noting", Strategy(note, frozenset({Aid.SURPRISAL})))
    monkeypatch.setitem(STRATEGIES, "blind", Strategy(note))
    options = StrategyOptions(discriminator_epochs=7)
    run(toy_index, ["noting", "blind"], masked_lm="tiny", options=options)
    (surprisal,) = {surprisal for surprisal, _ in given[:3]}  # one for all rounds
    assert surprisal.masked_lm.name == "tiny"
    assert given == [(surprisal, 7)] * 3 + [(None, 7)] * 3


def test_alps_asks_the_classifiers_own_model_where_none_is_named(toy_index: EmbeddingIndex) -> None:
    asked: list[tuple[str | None, str, str]] = []

    def noted(name: str | None, model: str, device: str) -> Any:
        asked.append((name, model, device))
        return fake_masked_lm(name, model, device)

    run(toy_index, ["alps", "random"], [0, 1], make_masked_lm=noted)
    assert asked == [(None, "probe", toy_index.device)]


def test_full_is_one_round_on_all_known_documents_that_can_be_selected(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    records = [r._replace(labels=None) if i % 7 == 0 else r for i, r in enumerate(topic_records())]
    index = index_of(records, np.random.default_rng(0).standard_normal((120, 6)))
    notebook, watcher = Notebook(), Recorder()
    results = run(index, [], [0, 1], SMALL, notebook, full=True, watch=watcher)
    known = [i for i in range(120) if i % 7 and i % 5 < 3]  # rows 3 and 4 of five are dev and test
    assert [fit["rows"] for fit in notebook.fits] == [known, known]
    for seed, result in enumerate(results):
        assert (result.strategy, result.seed, result.round) == ("full", seed, 0)
        assert (result.n_labelled, result.selected, result.note) == (len(known), [], None)
        counts = index.pool.labels[known].sum(axis=0).tolist()
        assert list(result.labelled_counts.values()) == counts
    assert notebook.fits[0]["seed"] != notebook.fits[1]["seed"]
    assert [(epoch.strategy, epoch.round, epoch.epoch) for epoch in watcher.epochs[:2]] == [
        ("full", 0, 1),
        ("full", 0, 2),
    ]


def test_full_is_measured_as_the_other_rounds_are(toy_index: EmbeddingIndex) -> None:
    schedule = Schedule(initial=72, batch=1, budget=72)  # the whole train split from the start
    random, full = run(toy_index, ["random"], [3], schedule, full=True)
    assert without_seconds([replace(full, strategy="random")]) == without_seconds([random])


def test_full_stands_beside_strategies_and_is_not_run_again(toy_index: EmbeddingIndex) -> None:
    whole = run(toy_index, ["random"], [0, 1], full=True)
    assert [r.strategy for r in whole] == (["random"] * 4 + ["full"]) * 2
    rest = run(toy_index, ["random"], [0, 1], full=True, finished=whole[:5])
    assert without_seconds(rest) == without_seconds(whole[5:])


def test_a_masked_language_model_that_cannot_be_had_fails_before_any_round(
    toy_index: EmbeddingIndex,
) -> None:
    notebook = Notebook()
    models = {"make_masked_lm": missing_masked_lm, "masked_lm": "my/bert"}
    plan = planned(["random", "alps"], [0], SMALL, notebook, **models)
    message = refusal(ModelError, lambda: next(simulate(toy_index, plan)))
    assert message == "there is no model my/bert"
    assert notebook.fits == []
    assert len(run(toy_index, ["random"], **models)) == 4  # which asks none


@pytest.mark.parametrize(
    ("strategies", "full", "seeds", "rounds"),
    [
        (["random"], False, [0], 4),
        (["random", "dal"], False, [0, 1, 2], 24),
        ([], True, [0, 1], 2),
        (["random"], True, [0, 1], 10),
        (["random", "random"], False, [1, 1], 4),
        (["random"], False, [], 0),
    ],
)
def test_rounds_are_counted_before_they_are_run(
    toy_index: EmbeddingIndex, strategies: list[str], full: bool, seeds: list[int], rounds: int
) -> None:
    assert planned(strategies, seeds, full=full).n_rounds() == rounds
    if "dal" not in strategies:
        assert len(run(toy_index, strategies, seeds, full=full)) == rounds


def test_a_round_is_trained_on_the_initial_set_and_all_that_was_selected_before(
    toy_index: EmbeddingIndex,
) -> None:
    pool, notebook = toy_index.pool, Notebook()
    results = run(toy_index, BOTH, [0], SMALL, notebook)
    for strategy in BOTH:
        rows = set(draw_labelled(pool, 10, 0).rows.tolist())
        for result, fit in zip(results, notebook.fits, strict=True):
            if result.strategy == strategy:
                assert fit["rows"] == sorted(rows)
                np.testing.assert_array_equal(fit["labels"], pool.labels[fit["rows"]])
                counts = pool.labels[sorted(rows)].sum(axis=0).tolist()
                assert list(result.labelled_counts.values()) == counts
                assert result.n_labelled == len(rows)
                rows |= set(rows_of(pool, result.selected))


def test_the_classifiers_seed_is_the_rounds_and_not_the_strategys(
    toy_index: EmbeddingIndex,
) -> None:
    notebook = Notebook()
    results = run(toy_index, BOTH, [0, 1], SMALL, notebook)
    seeds: dict[tuple[int, int], set[int]] = {}
    for result, fit in zip(results, notebook.fits, strict=True):
        seeds.setdefault((result.seed, result.round), set()).add(fit["seed"])
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set.union(*seeds.values())) == 8  # two seeds of four rounds


@pytest.mark.parametrize("dev_size", [None, 0, 6, 24])
def test_dev_is_the_split_or_a_draw_from_it_and_its_size_is_recorded(
    toy_index: EmbeddingIndex, dev_size: int | None
) -> None:
    pool, notebook = toy_index.pool, Notebook()
    schedule = replace(SMALL, dev_size=dev_size)
    results = run(toy_index, ["random"], [0], schedule, notebook)
    size = 24 if dev_size is None else dev_size
    assert {result.n_dev for result in results} == {size}
    (rows,) = {tuple(fit["dev_rows"]) for fit in notebook.fits}  # the same in every round
    assert len(set(rows)) == size and set(rows) <= set(pool.rows("dev").tolist())
    np.testing.assert_array_equal(notebook.fits[0]["dev_labels"], pool.labels[list(rows)])


def test_dev_draws_follow_the_seed(toy_pool: Pool) -> None:
    first, again, other = (draw_dev(toy_pool, 6, seed).tolist() for seed in (0, 0, 1))
    assert first == again != other and first == sorted(first)


def test_a_classifier_that_does_not_look_at_dev_costs_no_dev_label(
    toy_index: EmbeddingIndex,
) -> None:
    assert {result.n_dev for result in run(toy_index)} == {0}


@pytest.mark.parametrize("strategy", BOTH)
def test_numbers_of_every_round_follow_from_what_was_selected(
    toy_index: EmbeddingIndex, strategy: str
) -> None:
    pool, test = toy_index.pool, toy_index.pool.rows("test")
    labelled = draw_labelled(pool, 10, 2).rows.tolist()
    results = run(toy_index, [strategy], [2])
    for result in results:
        predicted = np.zeros((len(test), 3), dtype=bool)
        for c in range(3):
            column = pool.labels[labelled, c]
            if column.any() and not column.all():
                head = LogisticRegression(class_weight="balanced", max_iter=1000)
                head.fit(
                    toy_index.embeddings(np.array(sorted(labelled))),
                    pool.labels[sorted(labelled), c],
                )
                predicted[:, c] = head.predict_proba(toy_index.embeddings(test))[:, 1] > 0.5
            else:
                predicted[:, c] = column.all()
        true = pool.labels[test]
        macro = f1_score(true, predicted, average="macro", zero_division=0)
        micro = f1_score(true, predicted, average="micro", zero_division=0)
        each = f1_score(true, predicted, average=None, zero_division=0)
        assert result.macro_f1 == pytest.approx(macro)
        assert result.micro_f1 == pytest.approx(micro)
        assert result.f1 == pytest.approx(dict(zip(pool.classes, each, strict=True)))
        labelled += rows_of(pool, result.selected)
    assert len({result.macro_f1 for result in results}) > 1


def test_class_embedding_rounds_select_by_algorithm_1_with_the_oracle(
    toy_index: EmbeddingIndex,
) -> None:
    pool = toy_index.pool
    labelled = draw_labelled(pool, 10, 0)
    for result in run(toy_index, ["class-embedding"]):
        if result.selected:
            state = selection_state(toy_index, labelled, 99, oracle_of(pool, labelled))
            rows = select_batch("class-embedding", state, len(result.selected)).rows
            assert rows_of(pool, result.selected) == rows.tolist()
            labelled = labelled_set(pool, np.concatenate([labelled.rows, rows]), "next")


def test_every_strategy_seed_and_round_has_randomness_of_its_own(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []

    def noted(state: SelectionState, batch: int) -> Selection:
        drawn.append(float(state.rng.random()))
        return STRATEGIES["random"].select(state, batch)

    for name in ("first", "second"):
        monkeypatch.setitem(STRATEGIES, name, Strategy(noted))
    run(toy_index, ["first", "second"], [0, 1])
    once = list(drawn)
    assert len(set(once)) == len(once) == 2 * 2 * 3
    run(toy_index, ["first", "second"], [0, 1])
    assert drawn == once + once


def test_a_strategys_rounds_do_not_depend_on_the_others(toy_index: EmbeddingIndex) -> None:
    together = [r for r in run(toy_index, BOTH, [0, 1]) if (r.strategy, r.seed) == ("random", 1)]
    alone = run(toy_index, ["random"], [1])
    assert without_seconds(together) == without_seconds(alone)


def test_a_strategy_or_seed_named_twice_is_run_once(toy_index: EmbeddingIndex) -> None:
    twice = run(toy_index, ["random", "random"], [1, 1])
    assert without_seconds(twice) == without_seconds(run(toy_index, ["random"], [1]))


def test_documents_with_unknown_labels_are_neither_selected_nor_measured_on(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    records = topic_records(200)
    unknown = set(range(0, 200, 7))
    records = [r._replace(labels=None) if i in unknown else r for i, r in enumerate(records)]
    vectors = np.random.default_rng(0).standard_normal((200, 6))
    index = index_of(records, vectors)
    known = int((index.pool.selectable & index.pool.is_known).sum())
    schedule, notebook = Schedule(initial=10, batch=40, budget=known), Notebook()
    measured: list[int] = []
    probabilities = notebook.probabilities

    def noted(rows: np.ndarray) -> np.ndarray:
        measured.extend(rows.tolist())
        return probabilities(rows)

    notebook.probabilities = noted
    results = run(index, BOTH, [0], schedule, notebook)
    selected = {row for result in results for row in rows_of(index.pool, result.selected)}
    assert len(selected) >= known - 10
    looked_at = selected | set(measured) | set(notebook.fits[0]["dev_rows"])
    assert not looked_at & unknown
    assert len(notebook.fits[-1]["rows"]) == known


@pytest.fixture
def with_a_hidden_class(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """Class z belongs to the last train document only, far from all others."""
    records = [
        Record(f"d{i}", f"text {i}", ("a",) if i % 2 else ("b",), "train") for i in range(30)
    ]
    records.append(Record("z", "text z", ("z",), "train"))
    records += [
        Record(f"t{i}", "text", ("a", "b", "z")[i % 3 : i % 3 + 1], "test") for i in range(6)
    ]
    vectors = np.abs(np.random.default_rng(0).standard_normal((37, 4)))
    vectors[30] = [-1, -1, -1, -1]
    return index_of(records, vectors)


def test_a_class_that_could_not_ask_is_named_in_its_round(
    with_a_hidden_class: EmbeddingIndex,
) -> None:
    seed = next(
        s for s in range(20) if 30 not in draw_labelled(with_a_hidden_class.pool, 6, s).rows
    )
    schedule = Schedule(initial=6, batch=5, budget=16)
    results = run(with_a_hidden_class, ["class-embedding"], [seed], schedule)
    assert [r.labelled_counts["z"] for r in results] == [0, 0, 0]
    assert [r.skipped_classes for r in results] == [["z"], ["z"], []]  # the last selects nothing
    assert {r.note for r in results} == {None}


def hidden_seed(index: EmbeddingIndex, labelled: bool) -> int:
    """A seed whose first six documents hold the one of class z, or do not."""
    return next(s for s in range(99) if (30 in draw_labelled(index.pool, 6, s).rows) == labelled)


FOURS = Schedule(initial=6, batch=5, budget=21)  # 6, 11, 16, 21


def test_a_round_says_which_class_asked_for_what_it_selected(
    with_a_hidden_class: EmbeddingIndex,
) -> None:
    index = with_a_hidden_class
    seed = hidden_seed(index, labelled=True)
    for strategy, asked in (("class-embedding", ["z"] * 5), ("random", [None] * 5)):
        results = run(index, [strategy], [seed], FOURS)
        assert [r.picked_for for r in results] == [asked, asked, asked, []]
        assert {tuple(r.steps) for r in results} == {()}


@pytest.fixture
def with_a_lost_class(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """Class z belongs to no train document."""
    letters = ["ab"[i % 2] for i in range(60)] + ["a", "b", "z"]
    records = [
        Record(f"d{i}", f"text {i}", (letter,), "train" if i < 60 else "test")
        for i, letter in enumerate(letters)
    ]
    return index_of(records, np.random.default_rng(0).standard_normal((63, 12)))


ONLY_Z = np.zeros((3, 12), dtype=np.float32)  # class names of which z's is known
ONLY_Z[2, 0] = 1


def test_a_round_says_which_step_of_portfolio_picked_what_it_selected(
    with_a_lost_class: EmbeddingIndex,
) -> None:
    options = StrategyOptions(name_vectors=ONLY_Z)
    first, *_, last = run(with_a_lost_class, ["portfolio"], [0], FOURS, options=options)
    assert first.steps == ["boundary"] * 4 + ["uncertainty"]
    assert set(first.picked_for[:4]) == {"a", "b", "z"} and first.picked_for[4] is not None
    assert (last.picked_for, last.steps) == ([], [])


def test_a_strategy_is_given_all_batches_of_its_own_rounds(
    with_a_hidden_class: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, given = with_a_hidden_class, []

    def note(state: SelectionState, batch: int) -> Selection:
        given.append(list(state.history))
        found = STRATEGIES["random"].select(state, batch)
        classes = np.arange(batch) % 4 - 1  # for no class, a, b, z, and again
        return replace(found, classes=classes, steps=tuple("uvwxy"[:batch]))

    monkeypatch.setitem(STRATEGIES, "noting", Strategy(note))
    results = run(index, ["noting"], [0], FOURS)
    assert [len(history) for history in given] == [0, 1, 2]
    assert [r.picked_for for r in results[:3]] == [[None, "a", "b", "z", None]] * 3
    for batch, result in zip(given[-1], results, strict=False):
        assert batch.rows.tolist() == rows_of(index.pool, result.selected)
        assert batch.classes.tolist() == [-1, 0, 1, 2, -1]
        assert (batch.steps, batch.strategy) == (("u", "v", "w", "x", "y"), "noting")


def test_a_class_of_one_document_starves_the_others_unless_tries_are_counted(
    with_a_hidden_class: EmbeddingIndex,
) -> None:
    index = with_a_hidden_class
    seed = hidden_seed(index, labelled=True)
    starved = run(index, ["class-embedding"], [seed], FOURS)
    assert {c for r in starved for c in r.picked_for} == {"z"}
    results = run(
        index, ["class-embedding"], [seed], FOURS, options=StrategyOptions(count_tries=True)
    )
    counts, tries = dict(results[0].labelled_counts), {"a": 0, "b": 0, "z": 0}
    for result in results:
        for id_, asked in zip(result.selected, result.picked_for, strict=True):
            assert asked == min("abz", key=lambda c: (counts[c] + tries[c], c))
            (own,) = index.pool.labels[index.pool.row_of[id_]].nonzero()[0]
            counts["abz"[own]] += 1
            tries[asked] += "abz"[own] != asked
    assert tries["z"] > 1 and len({c for r in results for c in r.picked_for}) > 1


REMEMBER = {
    "portfolio": ("portfolio", {}),
    "class-embedding": ("class-embedding", {"count_tries": True}),
    "seals": ("seals", {}),
    "seals on portfolio": ("seals", {"base": "portfolio"}),
    "anchoral": ("anchoral", {"no_near_duplicates": 0.9}),
}


@pytest.fixture
def remembering(
    with_a_lost_class: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[RoundResult]]:
    """Runs a case of REMEMBER; a class has few tries, so that two rounds use them up."""
    few_tries = partial(select_portfolio, limits=Limits(most_tries=3))
    monkeypatch.setitem(STRATEGIES, "portfolio", replace(PORTFOLIO, select=few_tries))

    def rounds(case: str, finished: Sequence[RoundResult] = ()) -> list[RoundResult]:
        strategy, chosen = REMEMBER[case]
        options = StrategyOptions(name_vectors=ONLY_Z, **chosen)
        return run(with_a_lost_class, [strategy], [0], FOURS, options=options, finished=finished)

    return rounds


@pytest.mark.parametrize("stop", [1, 2, 3])
@pytest.mark.parametrize("case", REMEMBER)
def test_strategies_that_remember_go_on_as_if_they_had_not_been_interrupted(
    remembering: Callable[..., list[RoundResult]], case: str, stop: int
) -> None:
    whole = remembering(case)
    rest = remembering(case, whole[:stop])
    assert without_seconds(whole[:stop] + rest) == without_seconds(whole)


def test_tries_of_finished_rounds_are_remembered(
    remembering: Callable[..., list[RoundResult]],
) -> None:
    whole = remembering("portfolio")
    asked = [_turns_of_z(result) for result in whole]
    assert asked[0] > 0 and sum(asked) >= 3 and asked[2] == 0
    assert [_turns_of_z(r) for r in remembering("portfolio", whole[:2])] == asked[2:]


def _turns_of_z(result: RoundResult) -> int:
    pairs = zip(result.steps, result.picked_for, strict=True)
    return sum(pair == ("boundary", "z") for pair in pairs)


@pytest.mark.parametrize("case", REMEMBER)
def test_rounds_of_an_earlier_version_are_continued_as_rounds_that_no_class_asked_for(
    remembering: Callable[..., list[RoundResult]], case: str
) -> None:
    whole = remembering(case)
    earlier = [replace(result, picked_for=[], steps=[]) for result in whole[:2]]
    rest = remembering(case, earlier)
    assert [(r.round, r.n_labelled) for r in rest] == [(2, 16), (3, 21)]
    assert rest[0].labelled_counts == whole[2].labelled_counts
    if case == "portfolio":  # nobody knows its tries
        assert _turns_of_z(rest[0]) > _turns_of_z(whole[2])
    elif case in ("seals", "anchoral"):
        assert without_seconds(rest) == without_seconds(whole[2:])
    elif case == "class-embedding":  # nor its misses
        assert rest[0].picked_for != whole[2].picked_for


def test_a_round_without_any_centroid_is_random_and_says_so(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    records = [Record(f"d{i}", "text", (), "train") for i in range(10)]
    records += [Record(f"t{i}", "text", ("a",), "test") for i in range(2)]
    index = index_of(records, np.random.default_rng(0).standard_normal((12, 3)), {"rare": ["a"]})
    results = run(index, ["class-embedding"], schedule=Schedule(initial=2, batch=3, budget=5))
    assert [r.note for r in results] == [
        "no class has a labelled document: the batch is random",
        None,
    ]
    assert [len(r.selected) for r in results] == [3, 0]
    assert results[0].skipped_classes == ["a"]


def test_a_pool_of_one_class_is_measured_on_that_class(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    records = topic_records(100, classes=["a"])
    vectors = np.random.default_rng(0).standard_normal((100, 4))
    vectors[:, 0] += [2 if record.labels else -2 for record in records]
    results = run(index_of(records, vectors))
    assert all(r.f1 == {"a": pytest.approx(r.macro_f1)} for r in results)
    assert results[-1].macro_f1 == pytest.approx(results[-1].micro_f1)
    assert results[-1].macro_f1 > 0.9


@pytest.mark.parametrize("stop", [0, 1, 2, 3, 4, 6, 9, 15, 16])
def test_going_on_after_any_number_of_rounds_gives_the_same_results(
    toy_index: EmbeddingIndex, stop: int
) -> None:
    whole = run(toy_index, BOTH, [0, 1])
    first = list(islice(simulate(toy_index, planned(BOTH, [0, 1])), stop))
    rest = run(toy_index, BOTH, [0, 1], finished=first)
    assert without_seconds(first + rest) == without_seconds(whole)


@pytest.mark.parametrize("stop", [3, 10, 16])
def test_finished_rounds_may_come_in_any_order_and_are_not_trained_again(
    toy_index: EmbeddingIndex, stop: int
) -> None:
    whole = run(toy_index, BOTH, [0, 1])
    finished = [whole[i] for i in np.random.default_rng(0).permutation(stop)]
    rest = run(toy_index, BOTH, [0, 1], finished=finished)
    assert without_seconds(rest) == without_seconds(whole[stop:])


def test_every_epoch_is_told(toy_index: EmbeddingIndex) -> None:
    watcher, schedule = Recorder(), Schedule(initial=10, batch=5, budget=15)
    results = run(toy_index, ["random"], [4], schedule, Notebook(), watch=watcher)
    assert watcher.epochs == [
        Epoch("random", 4, number, epoch, epoch / 10) for number in (0, 1) for epoch in (1, 2)
    ]
    assert [result.epochs for result in results] == [2, 2]


def test_seconds_are_those_of_the_three_steps(toy_index: EmbeddingIndex) -> None:
    for result in run(toy_index):
        assert list(result.seconds) == ["train", "predict", "select"]
        assert all(seconds >= 0 for seconds in result.seconds.values())


def test_a_simulation_leaves_the_pool_as_it_is(toy_index: EmbeddingIndex) -> None:
    labels, vectors = toy_index.pool.labels.copy(), toy_index.embeddings()
    run(toy_index)
    np.testing.assert_array_equal(toy_index.pool.labels, labels)
    np.testing.assert_array_equal(toy_index.embeddings(), vectors)


@pytest.mark.parametrize(
    ("strategies", "schedule", "message"),
    [
        (["entropy"], SMALL, f"no strategy 'entropy'; there are: {', '.join(STRATEGIES)}"),
        (
            BOTH,
            Schedule(initial=10, batch=0, budget=30),
            "initial 10, batch 0 and budget 30 do not fit: "
            "batch is at least 1 and initial is from 1 to budget",
        ),
        (
            BOTH,
            Schedule(initial=40, batch=5, budget=30),
            "initial 40, batch 5 and budget 30 do not fit: "
            "batch is at least 1 and initial is from 1 to budget",
        ),
        (
            BOTH,
            Schedule(initial=10, batch=5, budget=73),
            "a budget of 73 labels, 72 documents of the pool have known labels; lower --budget",
        ),
        (
            BOTH,
            replace(SMALL, dev_size=25),
            "asked for 25 dev documents, there are 24; lower --dev-size",
        ),
    ],
)
def test_a_simulation_that_does_not_fit_the_pool_is_refused(
    toy_pool: Pool, strategies: list[str], schedule: Schedule, message: str
) -> None:
    plan = planned(strategies, schedule=schedule)
    assert refusal(RequestError, lambda: plan.check(toy_pool)) == message


def test_an_option_that_cannot_be_followed_is_refused_before_any_round(toy_pool: Pool) -> None:
    plan = planned(options=StrategyOptions(no_near_duplicates=1.5))
    assert refusal(RequestError, lambda: plan.check(toy_pool)) == (
        "a cosine similarity of 1.5 tells no near-duplicates; --no-near-duplicates takes a number "
        "between 0 and 1, such as 0.95"
    )


def test_a_pool_without_a_test_split_cannot_be_measured_on() -> None:
    pool = Pool.from_records([Record(f"d{i}", "text", ("a",), None) for i in range(9)], name="flat")
    plan = planned(BOTH, schedule=Schedule(initial=2, batch=2, budget=4))
    assert refusal(RequestError, lambda: plan.check(pool)) == (
        "the pool flat has no test split with known labels to measure on; "
        "give its documents a split"
    )


def test_a_pool_without_classes_cannot_be_learnt() -> None:
    records = [Record(f"d{i}", "text", (), ("train", "test")[i % 2]) for i in range(8)]
    pool = Pool.from_records(records, name="bare")
    plan = planned(BOTH, schedule=Schedule(initial=1, batch=1, budget=2))
    assert refusal(RequestError, lambda: plan.check(pool)) == (
        "the pool bare has no classes to learn; add labels to its documents"
    )
