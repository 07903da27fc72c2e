"""next_batch: what a strategy looks at is made for it, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from classemb_index import (
    Batch,
    BatchRequest,
    EmbeddingIndex,
    Pool,
    ProbeClassifier,
    StrategyOptions,
    Training,
    draw_labelled,
    labelled_from_ids,
    next_batch,
)
from classemb_index.errors import ModelError, RequestError, UnknownClassError
from classemb_index.models.named import fit_named_heads
from classemb_index.queries.names import name_prior
from classemb_index.strategies.base import Aid
from classemb_index.strategies.selection import STRATEGIES, oracle_of, select_batch
from tests.support.fakes import HashEncoder
from tests.support.pools import looking_at, selection_state, topic_records

WITHOUT_SURPRISAL = sorted(set(STRATEGIES) - set(looking_at(Aid.SURPRISAL)))


@pytest.fixture
def named(tmp_path: Path) -> EmbeddingIndex:
    """The toy pool embedded with an encoder, so that its classes have names."""
    classes = {"frequent": ["a", "b"], "rare": ["c"]}
    pool = Pool.from_records(topic_records(), name="toy", classes=classes)
    return EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "named", "exact")


@pytest.mark.parametrize("name", WITHOUT_SURPRISAL)
def test_the_batch_is_that_of_the_strategy_with_a_probe_of_the_labelled_set(
    toy_index: EmbeddingIndex, name: str
) -> None:
    pool = toy_index.pool
    labelled = draw_labelled(pool, 20, 0)
    options = StrategyOptions(discriminator_epochs=3)
    found = next_batch(toy_index, labelled, BatchRequest(name, 9, options, seed=4))
    probe = ProbeClassifier(toy_index.embeddings())
    nothing = labelled.rows[:0]
    probe.fit(labelled.rows, labelled.labels, nothing, pool.labels[nothing], 4)
    state = selection_state(toy_index, labelled, 4, classifier=probe, options=options)
    expected = select_batch(name, state, 9)
    assert found.rows.tolist() == expected.rows.tolist()
    assert found.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.steps, found.note, found.strategy) == (expected.steps, expected.note, name)


def test_the_classifier_is_trained_with_the_seed_of_the_request(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    fit = ProbeClassifier.fit

    def noted(self: ProbeClassifier, *arguments: Any, **known: Any) -> int:
        seeds.append(arguments[-1])
        return fit(self, *arguments, **known)

    monkeypatch.setattr(ProbeClassifier, "fit", noted)
    next_batch(toy_index, draw_labelled(toy_index.pool, 20, 0), BatchRequest("cvirs", 5, seed=4))
    assert seeds == [4]


def test_portfolio_and_fifty_documents_are_asked_for_where_nothing_is_said() -> None:
    request = BatchRequest()
    assert (request.strategy, request.size, request.training.model) == ("portfolio", 50, "probe")


def test_oracle_and_history_reach_the_strategy(toy_index: EmbeddingIndex) -> None:
    pool = toy_index.pool
    labelled = draw_labelled(pool, 20, 0)
    options = StrategyOptions(count_tries=True)
    request = BatchRequest("class-embedding", 12, options)
    tries = labelled.rows[~labelled.labels[:, 2]]
    history = (Batch(tries, np.full(len(tries), 2), ("",) * len(tries)),)
    oracle = oracle_of(pool, labelled)
    for given in ({}, {"history": history}, {"oracle": oracle}):
        found = next_batch(toy_index, labelled, request, **given)
        state = selection_state(toy_index, labelled, 0, options=options)
        expected = select_batch("class-embedding", replace(state, **given), 12)
        assert found.rows.tolist() == expected.rows.tolist()
        if not given:
            without = found.rows.tolist()
        else:
            assert found.rows.tolist() != without


def test_classes_are_searched_by_names_by_descriptions_or_by_nothing(
    named: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = labelled_from_ids(named.pool, ["d1"], "by hand")
    monkeypatch.setattr(EmbeddingIndex, "load_encoder", lambda _: HashEncoder())

    def first(**chosen: object) -> str | None:
        request = replace(BatchRequest(size=10), **chosen)
        found = next_batch(named, labelled, request)
        position = named.pool.class_position("c")
        asked = [
            id_
            for id_, c, step in zip(found.ids(named.pool), found.classes, found.steps, strict=True)
            if c == position and step == "boundary"
        ]
        return asked[0] if asked else None

    def nearest(text: str) -> str:
        c, names = named.pool.class_position("c"), named.name_vectors.copy()
        names[c] = HashEncoder().encode([text])[0]
        own = named.embeddings(labelled.rows), labelled.labels, labelled.known
        heads = fit_named_heads(*own, name_prior(named, names))
        shares = expit(named.embeddings() @ heads.weights[c] + heads.offsets[c])
        distances = np.abs(logit(shares) - heads.cuts[c])
        distances[~labelled.unlabelled] = np.inf
        return str(named.pool.ids[int(np.argmin(distances))])

    assert not labelled.counts[named.pool.class_position("c")]
    assert first() == nearest("c")
    assert first(descriptions={"c": "about coffee"}) == nearest("about coffee") != nearest("c")
    assert first(hide_names=True) is None


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (
            BatchRequest("portfolo"),
            RequestError,
            "no strategy 'portfolo'; there are: random, class-embedding, cvirs, dal, alps, uncertainty, "
            "max-uncertainty, portfolio, anchoral, seals, balanced",
        ),
        (
            BatchRequest("cvirs", 60, training=Training(model="./none")),
            RequestError,
            "asked for 60 documents, 52 are left in the unlabelled set; lower --batch",
        ),
        (
            BatchRequest("cvirs", 5, training=Training(model="./none")),
            ModelError,
            "there is no folder ./none to load a model from",
        ),
        (
            BatchRequest("alps", 5, training=Training(model="./none")),
            ModelError,
            "there is no folder ./none to load a model from",
        ),
        (
            BatchRequest("alps", 5, training=Training(model="./none"), masked_lm="./absent"),
            ModelError,
            "there is no folder ./absent to load a model from",
        ),
        (
            BatchRequest(
                "cvirs", 5, StrategyOptions(no_near_duplicates=1.0), Training(model="./none")
            ),
            RequestError,
            "a cosine similarity of 1.0 tells no near-duplicates; --no-near-duplicates takes a "
            "number between 0 and 1, such as 0.95",
        ),
        (
            BatchRequest("random", 5, descriptions={"d": "about dams"}),
            UnknownClassError,
            "no class 'd'; the pool has: a, b, c",
        ),
        (
            BatchRequest("random", 5, descriptions={"a": "about air"}, hide_names=True),
            RequestError,
            "--no-names hides what --describe says; leave one of them out",
        ),
        (
            BatchRequest("random", 5, StrategyOptions(base="seals")),
            RequestError,
            "'seals' cannot be a base strategy; there are: random, class-embedding, cvirs, dal, alps, "
            "uncertainty, max-uncertainty, portfolio, balanced",
        ),
    ],
    ids=[
        "strategy",
        "size",
        "model",
        "own-lm",
        "masked-lm",
        "similarity",
        "class",
        "names",
        "base",
    ],
)
def test_what_cannot_be_done_is_refused(
    toy_index: EmbeddingIndex, request_: BatchRequest, error: type[Exception], message: str
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    with pytest.raises(error) as found:
        next_batch(toy_index, labelled, request_)
    assert str(found.value) == message


def test_a_batch_is_written_and_read_as_it_was_picked(
    toy_index: EmbeddingIndex, read_back: Callable[[Batch], Batch]
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    found = next_batch(toy_index, labelled, BatchRequest(size=12))
    again = read_back(found)
    assert again.rows.tolist() == found.rows.tolist()
    assert again.classes.tolist() == found.classes.tolist()
    assert (again.steps, again.strategy) == (found.steps, "portfolio")


@pytest.fixture
def read_back(toy_index: EmbeddingIndex, tmp_path: Path) -> Callable[[Batch], Batch]:
    from classemb_index.labels.batches import read_batches
    from classemb_index.labels.exchange.files import write_batch

    def written(batch: Batch) -> Batch:
        write_batch(toy_index.pool, batch, tmp_path / "batch.jsonl")
        return read_batches(toy_index.pool, [tmp_path / "batch.jsonl"])[1][0]

    return written
