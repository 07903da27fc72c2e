"""The contract of every strategy, what a strategy cannot do without, random selection, the oracle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from classemb_index import (
    BatchRequest,
    EmbeddingIndex,
    Plan,
    Pool,
    ProbeClassifier,
    Record,
    draw_labelled,
    next_batch,
    simulate,
)
from classemb_index.errors import RequestError
from classemb_index.experiments.reproduce import REPRODUCED
from classemb_index.labels.batches import NO_CLASS
from classemb_index.labels.labelled import LabelledSet, labelled_from_ids, labelled_set
from classemb_index.strategies.base import Aid, Oracle, SelectionState
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.selection import (
    OF_EVERY_STRATEGY,
    STRATEGIES,
    aids_of,
    check_options,
    oracle_of,
    select_batch,
    settings_of,
)
from tests.support.fakes import RowSurprisal
from tests.support.pools import (
    TOY_GROUPS,
    looking_at,
    selection_state,
    topic_records,
    topic_vectors,
    train,
    unit,
)

IndexOf = Callable[..., EmbeddingIndex]


@dataclass(frozen=True)
class Case:
    """A strategy, what is chosen of it, and whether its classes have names."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    named: bool = False

    @property
    def has_steps(self) -> bool:
        return "portfolio" in (self.name, self.options.get("base"))


CASES = {
    **{name: Case(name) for name in STRATEGIES},
    "class-embedding that counts tries": Case("class-embedding", {"count_tries": True}),
    "portfolio with names": Case("portfolio", {}, named=True),
    "anchoral on class-embedding": Case("anchoral", {"base": "class-embedding"}),
    "seals on portfolio with names": Case("seals", {"base": "portfolio"}, named=True),
    **{
        f"{name} without near-duplicates": Case(name, {"no_near_duplicates": 0.8}, named=True)
        for name in ("class-embedding", "uncertainty", "portfolio", "anchoral", "seals")
    },
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_strategy = pytest.mark.parametrize("name", STRATEGIES)
with_and_without_oracle = pytest.mark.parametrize(
    "asks", [True, False], ids=["oracle", "no-oracle"]
)

NO_ROWS = np.zeros(0, dtype=np.int64)


def surprisal_of(index: EmbeddingIndex) -> RowSurprisal:
    """Unit vectors that follow from the row alone."""
    vectors = np.random.default_rng(7).exponential(size=(len(index), 6))
    return RowSurprisal(unit(vectors.astype(np.float32)))


def names_of(index: EmbeddingIndex) -> np.ndarray:
    """Unit vectors in place of embedded class names."""
    shape = len(index.pool.classes), index.manifest.dim
    return unit(np.random.default_rng(3).standard_normal(shape).astype(np.float32))


@cache  # most tests draw the same documents
def probe_of(index: EmbeddingIndex, rows: tuple[int, ...]) -> ProbeClassifier:
    """A probe trained on these rows; it is the same for every seed."""
    probe, labels = ProbeClassifier(index.embeddings()), index.pool.labels
    probe.fit(np.array(rows, dtype=np.int64), labels[list(rows)], NO_ROWS, labels[NO_ROWS], 0)
    return probe


def state_of(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    seed: int,
    oracle: Oracle | None = None,
    case: Case | None = None,
) -> SelectionState:
    """All that any strategy looks at: a probe trained on the labelled set, and a surprisal."""
    chosen = case.options if case else {}
    names = names_of(index) if case and case.named else None
    return selection_state(
        index,
        labelled,
        seed,
        oracle,
        classifier=probe_of(index, tuple(labelled.rows.tolist())),
        surprisal=surprisal_of(index),
        options=StrategyOptions(discriminator_epochs=5, name_vectors=names, **chosen),
    )


def oracle_if(asks: bool, pool: Pool, labelled: LabelledSet) -> Oracle | None:
    return oracle_of(pool, labelled) if asks else None


@pytest.fixture(scope="module")
def toy_index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """The toy index once for all tests here, none of which writes into it."""
    pool = Pool.from_records(topic_records(), name="toy", classes=TOY_GROUPS)
    folder = tmp_path_factory.mktemp("indexes") / "toy"
    return EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool))


@every_case
@with_and_without_oracle
@pytest.mark.parametrize("batch", [1, 7, 52])
def test_a_batch_is_distinct_unlabelled_rows(
    toy_index: EmbeddingIndex, case: Case, asks: bool, batch: int
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    answer = oracle_if(asks, toy_index.pool, labelled)
    found = select_batch(case.name, state_of(toy_index, labelled, 0, answer, case), batch)
    assert len(found.rows) == len(found.classes) == len(found.scores) == batch
    assert found.rows.dtype == found.classes.dtype == np.int64
    assert found.scores.dtype == np.float32
    assert len(set(found.rows.tolist())) == batch
    assert labelled.unlabelled[found.rows].all()
    assert len(found.steps) == batch and all(found.steps) == case.has_steps
    assert set(found.classes.tolist()) <= {NO_CLASS, 0, 1, 2}


@every_case
@with_and_without_oracle
def test_the_same_seed_selects_the_same_rows(
    toy_index: EmbeddingIndex, case: Case, asks: bool
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    answer = oracle_if(asks, toy_index.pool, labelled)
    first, second = (
        select_batch(case.name, state_of(toy_index, labelled, 5, answer, case), 10)
        for _ in range(2)
    )
    assert first.rows.tolist() == second.rows.tolist()
    assert first.classes.tolist() == second.classes.tolist()
    assert first.steps == second.steps


@every_case
@with_and_without_oracle
def test_selection_leaves_pool_and_labelled_set_as_they_are(
    toy_index: EmbeddingIndex, case: Case, asks: bool
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    answer = oracle_if(asks, toy_index.pool, labelled)
    watched = (
        toy_index.pool.labels,
        toy_index.pool.selectable,
        labelled.rows,
        labelled.labels,
        labelled.unlabelled,
    )
    before = [array.copy() for array in watched] + [toy_index.embeddings()]
    select_batch(case.name, state_of(toy_index, labelled, 0, answer, case), 10)
    for array, kept in zip((*watched, toy_index.embeddings()), before, strict=True):
        np.testing.assert_array_equal(array, kept)


@every_case
def test_hidden_labels_do_not_move_a_selection_without_oracle(
    toy_index: EmbeddingIndex, case: Case
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    before = select_batch(case.name, state_of(toy_index, labelled, 0, case=case), 10)
    hidden = np.flatnonzero(labelled.unlabelled)
    toy_index.pool.labels[hidden] = ~toy_index.pool.labels[hidden]
    after = select_batch(case.name, state_of(toy_index, labelled, 0, case=case), 10)
    assert before.rows.tolist() == after.rows.tolist()


@every_case
@with_and_without_oracle
def test_the_last_document_left_is_selected(
    toy_index: EmbeddingIndex, case: Case, asks: bool
) -> None:
    pool = toy_index.pool
    rows = np.flatnonzero(pool.selectable)
    labelled = labelled_set(pool, np.delete(rows, 11), "all but one")
    answer = oracle_if(asks, pool, labelled)
    found = select_batch(case.name, state_of(toy_index, labelled, 0, answer, case), 1)
    assert found.rows.tolist() == [rows[11]]


@every_case
@with_and_without_oracle
def test_a_pool_of_one_class_is_selected_from(index_of: IndexOf, case: Case, asks: bool) -> None:
    records = [train(i, *(["a"] if i % 3 else [])) for i in range(12)]
    index = index_of(records, np.random.default_rng(0).standard_normal((12, 4)))
    labelled = labelled_from_ids(index.pool, ["d0", "d1"], "by hand")
    answer = oracle_if(asks, index.pool, labelled)
    found = select_batch(case.name, state_of(index, labelled, 0, answer, case), 10)
    assert sorted(found.rows.tolist()) == list(range(2, 12))


@every_case
@with_and_without_oracle
def test_a_class_without_a_labelled_document_stops_no_strategy(
    index_of: IndexOf, case: Case, asks: bool
) -> None:
    records = [train(i, "a" if i % 2 else "b") for i in range(10)]
    index = index_of(records, np.random.default_rng(0).standard_normal((10, 4)))
    labelled = labelled_from_ids(index.pool, ["d1", "d3"], "by hand")
    answer = oracle_if(asks, index.pool, labelled)
    found = select_batch(case.name, state_of(index, labelled, 0, answer, case), 8)
    assert sorted(found.rows.tolist()) == [0, 2, 4, 5, 6, 7, 8, 9]


@every_case
def test_a_labelled_set_without_any_class_stops_no_strategy(index_of: IndexOf, case: Case) -> None:
    index = index_of([train(0), train(1, "a"), train(2, "a")], np.eye(3))
    labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
    found = select_batch(case.name, state_of(index, labelled, 0, case=case), 2)
    assert sorted(found.rows.tolist()) == [1, 2]


@every_case
def test_dev_and_test_documents_are_never_selected(toy_index: EmbeddingIndex, case: Case) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    found = select_batch(case.name, state_of(toy_index, labelled, 0, case=case), 52)
    assert set(toy_index.pool.splits[found.rows]) == {"train"}


@every_strategy
@pytest.mark.parametrize("batch", [0, 53])
def test_a_batch_above_what_is_left_is_refused_with_both_numbers(
    toy_index: EmbeddingIndex, name: str, batch: int
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    with pytest.raises(RequestError) as error:
        select_batch(name, state_of(toy_index, labelled, 0), batch)
    assert str(error.value) == (
        f"asked for {batch} documents, 52 are left in the unlabelled set; lower --batch"
    )


@every_case
def test_a_labelled_set_of_no_document_stops_no_strategy(
    toy_index: EmbeddingIndex, case: Case
) -> None:
    labelled = labelled_set(toy_index.pool, NO_ROWS, "nothing")
    found = select_batch(case.name, state_of(toy_index, labelled, 0, case=case), 10)
    assert len(set(found.rows.tolist())) == 10
    assert toy_index.pool.selectable[found.rows].all()


@pytest.mark.parametrize("name", looking_at(Aid.CLASSIFIER))
def test_a_strategy_that_looks_at_a_classifier_is_refused_without_one(
    toy_index: EmbeddingIndex, name: str
) -> None:
    state = state_of(toy_index, draw_labelled(toy_index.pool, 20, 0), 0)
    with pytest.raises(RequestError) as error:
        select_batch(name, replace(state, classifier=None), 5)
    assert str(error.value) == (
        "this strategy looks at a trained classifier and none was given; "
        "train one on the labelled set and pass it as `classifier`"
    )


@pytest.mark.parametrize("name", looking_at(Aid.SURPRISAL))
def test_a_strategy_that_looks_at_surprisal_is_refused_without_it(
    toy_index: EmbeddingIndex, name: str
) -> None:
    state = state_of(toy_index, draw_labelled(toy_index.pool, 20, 0), 0)
    with pytest.raises(RequestError) as error:
        select_batch(name, replace(state, surprisal=None), 5)
    assert str(error.value) == (
        "the strategy 'alps' needs a masked language model; name one with --masked-lm NAME|PATH"
    )


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - set(looking_at(*Aid))))
def test_the_other_strategies_select_without_classifier_and_surprisal(
    toy_index: EmbeddingIndex, name: str
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    full = select_batch(name, state_of(toy_index, labelled, 0), 10)
    bare = select_batch(name, selection_state(toy_index, labelled, 0), 10)
    assert bare.rows.tolist() == full.rows.tolist()


@pytest.mark.parametrize("name", looking_at(Aid.BASE))
def test_a_strategy_with_a_base_needs_what_its_base_needs(
    toy_index: EmbeddingIndex, name: str
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)

    def missing(base: str) -> str:
        state = selection_state(toy_index, labelled, 0, options=StrategyOptions(base=base))
        with pytest.raises(RequestError) as error:
            select_batch(name, state, 5)
        return str(error.value)

    assert missing("max-uncertainty") == (
        "this strategy looks at a trained classifier and none was given; "
        "train one on the labelled set and pass it as `classifier`"
    )
    assert missing("alps") == (
        "the strategy 'alps' needs a masked language model; name one with --masked-lm NAME|PATH"
    )
    bare = selection_state(toy_index, labelled, 0, options=StrategyOptions(base="random"))
    assert len(select_batch(name, bare, 5).rows) == 5


@pytest.mark.parametrize(
    ("names", "base", "found"),
    [
        (["random"], "dal", set()),
        (["seals"], "dal", {Aid.BASE, Aid.CLASSIFIER}),
        (["cvirs", "anchoral"], "alps", {Aid.CLASSIFIER, Aid.BASE, Aid.SURPRISAL}),
        (["class-embedding", "alps"], "dal", {Aid.SURPRISAL}),
        ([], "alps", set()),
    ],
)
def test_strategies_look_at_what_their_rows_say_and_the_base_strategys_row_where_they_have_one(
    names: list[str], base: str, found: set[Aid]
) -> None:
    assert aids_of(names, StrategyOptions(base=base)) == found


@pytest.mark.parametrize(
    ("name", "chosen", "found"),
    [
        ("random", {}, {}),
        ("random", {"count_tries": True, "base": "dal"}, {}),
        ("random", {"no_near_duplicates": 0.9}, {"no_near_duplicates": 0.9}),
        ("class-embedding", {}, {}),
        ("class-embedding", {"count_tries": True}, {"count_tries": True}),
        ("dal", {"discriminator_epochs": 7}, {"discriminator_epochs": 7}),
        ("seals", {"base": "uncertainty"}, {"base": "uncertainty"}),
        (
            "anchoral",
            {"base": "dal", "discriminator_epochs": 7},
            {"base": "dal", "discriminator_epochs": 7},
        ),
        (
            "seals",
            {"base": "class-embedding", "count_tries": True},
            {"base": "class-embedding", "count_tries": True},
        ),
        ("portfolio", {}, {"version": 2}),
    ],
)
def test_settings_are_the_options_that_the_rows_name(
    name: str, chosen: dict[str, Any], found: dict[str, Any]
) -> None:
    assert settings_of(name, StrategyOptions(**chosen)) == found


def test_settings_know_the_names_by_their_sha256_and_a_masked_language_model_by_its_own() -> None:
    vectors = np.array([[1, 0], [0, 1]], dtype=np.float32)
    digest = hashlib.sha256(b"\0\0\x80?\0\0\0\0\0\0\0\0\0\0\x80?").hexdigest()
    options = StrategyOptions(base="portfolio", name_vectors=vectors)
    assert settings_of("portfolio", options) == {"names": digest, "version": 2}
    expected = {"base": "portfolio", "names": digest, "version": 2}
    assert settings_of("seals", options) == expected
    model = SimpleNamespace(name="lm", fingerprint="f00d")
    for name in ("alps", "anchoral"):
        found = settings_of(name, StrategyOptions(base="alps"), model)
        assert found.items() >= {"masked_lm": "lm", "fingerprint": "f00d"}.items()
    assert settings_of("cvirs", StrategyOptions(), model) == {}


@pytest.mark.parametrize("option", [option.name for option in fields(StrategyOptions)])
def test_every_option_concerns_every_strategy_or_one_whose_row_names_it(option: str) -> None:
    owners = [name for name, row in STRATEGIES.items() if option in row.options]
    assert bool(owners) != (option in OF_EVERY_STRATEGY)


def test_a_row_names_options_that_there_are() -> None:
    known = {option.name for option in fields(StrategyOptions)}
    assert {name for row in STRATEGIES.values() for name in row.options} <= known


def test_the_papers_strategies_and_the_baselines_of_the_field_are_reproduced() -> None:
    assert REPRODUCED == (
        "random",
        "class-embedding",
        "cvirs",
        "dal",
        "alps",
        "uncertainty",
        "max-uncertainty",
    )


BASES = (
    "random, class-embedding, cvirs, dal, alps, uncertainty, max-uncertainty, portfolio, balanced"
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": "entropy"}, f"no strategy 'entropy'; there are: {', '.join(STRATEGIES)}"),
        ({"base": "seals"}, f"'seals' cannot be a base strategy; there are: {BASES}"),
        ({"base": "anchoral"}, f"'anchoral' cannot be a base strategy; there are: {BASES}"),
        *(
            (
                {"no_near_duplicates": limit},
                f"a cosine similarity of {limit} tells no near-duplicates; --no-near-duplicates takes "
                "a number between 0 and 1, such as 0.95",
            )
            for limit in (0, -0.5, 1, 1.01, 95, float("nan"))
        ),
    ],
)
def test_options_that_cannot_be_followed_are_refused_by_every_door(
    toy_index: EmbeddingIndex, options: dict[str, Any], message: str
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    wrong = StrategyOptions(**options)
    doors: list[Callable[[], object]] = [
        lambda: check_options(wrong),
        lambda: select_batch("random", selection_state(toy_index, labelled, 0, options=wrong), 5),
        lambda: next(simulate(toy_index, Plan(("random",), (0,), options=wrong))),
        lambda: next_batch(toy_index, labelled, BatchRequest(size=5, options=wrong)),
    ]
    for door in doors:
        with pytest.raises(RequestError) as error:
            door()
        assert str(error.value) == message


@pytest.mark.parametrize("limit", [1e-9, 0.5, 0.999])
def test_a_cosine_between_zero_and_one_tells_near_duplicates(limit: float) -> None:
    check_options(StrategyOptions(no_near_duplicates=limit))


@pytest.mark.parametrize("name", ["cvirs", "uncertainty", "max-uncertainty", "balanced"])
def test_scores_that_are_all_the_same_give_a_random_batch_and_a_note(
    toy_index: EmbeddingIndex, name: str
) -> None:
    pool = toy_index.pool
    without_class = np.flatnonzero(pool.selectable & ~pool.labels.any(axis=1))
    labelled = labelled_set(pool, without_class, "none of the classes")
    state = state_of(toy_index, labelled, 3)  # its probe gives every class probability 0
    found = select_batch(name, state, 10)
    random = select_batch("random", selection_state(toy_index, labelled, 3), 10)
    assert found.rows.tolist() == random.rows.tolist()
    assert np.isnan(found.scores).all()
    assert found.note == "every document has the same score: the batch is random"


@pytest.mark.parametrize("name", ["cvirs", "uncertainty", "max-uncertainty", "balanced"])
def test_scores_that_differ_are_given_with_the_rows_and_fall(
    toy_index: EmbeddingIndex, name: str
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    found = select_batch(name, state_of(toy_index, labelled, 0), 10)
    assert found.classes.tolist() == [NO_CLASS] * 10
    assert (np.diff(found.scores) <= 0).all() and found.scores[0] > found.scores[-1]
    assert found.note is None


def test_an_unknown_strategy_is_refused_with_the_choices(toy_index: EmbeddingIndex) -> None:
    state = selection_state(toy_index, draw_labelled(toy_index.pool, 20, 0), 0)
    with pytest.raises(RequestError) as error:
        select_batch("entropy", state, 5)
    assert str(error.value) == f"no strategy 'entropy'; there are: {', '.join(STRATEGIES)}"


def test_random_selects_every_unlabelled_document_about_equally_often(
    toy_index: EmbeddingIndex,
) -> None:
    labelled = draw_labelled(toy_index.pool, 22, 0)
    times = np.zeros(len(toy_index), dtype=int)
    for seed in range(500):
        times[select_batch("random", selection_state(toy_index, labelled, seed), 10).rows] += 1
    drawn = times[labelled.unlabelled]  # 500 * 10 / 50 = 100, sd about 9
    assert drawn.min() > 60 and drawn.max() < 140
    assert times.sum() == drawn.sum()


def test_random_asks_for_no_class_and_has_no_scores(toy_index: EmbeddingIndex) -> None:
    state = selection_state(toy_index, draw_labelled(toy_index.pool, 20, 0), 0)
    found = select_batch("random", state, 5)
    assert found.classes.tolist() == [NO_CLASS] * 5
    assert np.isnan(found.scores).all()
    assert (found.skipped, found.note) == ((), None)


def test_there_is_no_oracle_where_an_unlabelled_documents_labels_are_unknown() -> None:
    records = [train(0, "a"), train(1, "a"), Record("u", "text", None, "train")]
    pool = Pool.from_records(records)
    with pytest.raises(RequestError) as error:
        oracle_of(pool, labelled_from_ids(pool, ["d0"], "by hand"))
    assert str(error.value) == (
        "the labels of 1 unlabelled documents are unknown, so there is no oracle; "
        "leave out --oracle"
    )


def test_the_oracle_answers_with_all_classes_of_a_row(toy_index: EmbeddingIndex) -> None:
    pool = toy_index.pool
    answer = oracle_of(pool, draw_labelled(pool, 20, 0))
    for row in range(10):
        np.testing.assert_array_equal(answer(row), pool.labels[row])
