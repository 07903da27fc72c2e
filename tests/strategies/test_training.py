"""Which classifier a name stands for, and what it is trained on for a selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import (
    BertClassifier,
    EmbeddingIndex,
    Pool,
    ProbeClassifier,
    Record,
    Training,
    draw_labelled,
)
from classemb_index.errors import ModelError, RequestError
from classemb_index.labels.labelled import labelled_set
from classemb_index.strategies.selection import classifier_for, train_classifier
from tests.support.places import shared_or_skip
from tests.support.pools import topic_records, topic_vectors

PROBE = Training(model="probe")
NO_ROWS = np.zeros(0, dtype=np.int64)


@pytest.fixture
def bert() -> Training:
    """The small BERT beside the checkout, trained for a moment."""
    return Training(
        model=str(shared_or_skip("models", "bert-tiny-mlm")),
        epochs=2,
        learning_rate=1e-3,
        max_length=16,
        device="cpu",
        precision="float32",
    )


def test_the_model_named_probe_is_the_probe(toy_index: EmbeddingIndex) -> None:
    assert isinstance(classifier_for(toy_index, PROBE), ProbeClassifier)


@pytest.mark.model
def test_any_other_model_is_a_bert_with_these_settings(
    toy_index: EmbeddingIndex, bert: Training
) -> None:
    classifier = classifier_for(toy_index, bert)
    assert isinstance(classifier, BertClassifier)
    assert bert.of_bert().items() <= classifier.settings().items()


def test_what_a_bert_takes_has_its_defaults_and_nothing_of_tuned() -> None:
    assert Training("m").of_bert() == {
        "model": "m",
        "epochs": 15,
        "batch_size": 16,
        "learning_rate": 5e-5,
        "patience": 3,
        "max_length": 512,
        "device": "auto",
        "precision": "auto",
    }
    asked = Training("m", epochs=2, learning_rate=0.5, max_length=7, layers=3, blend=1).of_bert()
    assert (asked["epochs"], asked["learning_rate"], asked["max_length"]) == (2, 0.5, 7)
    assert asked.keys() == Training("m").of_bert().keys()


def test_a_model_that_cannot_be_had_is_refused(toy_index: EmbeddingIndex) -> None:
    settings = Training(model="./no-such-model", device="cpu")
    labelled = draw_labelled(toy_index.pool, 20, 0)
    for call in (
        lambda: classifier_for(toy_index, settings),
        lambda: train_classifier(toy_index, labelled, settings, 0),
    ):
        with pytest.raises(ModelError) as error:
            call()
        assert str(error.value) == "there is no folder ./no-such-model to load a model from"


def test_a_probe_is_trained_on_the_labelled_set(toy_index: EmbeddingIndex) -> None:
    labelled, asked = draw_labelled(toy_index.pool, 20, 0), np.arange(120)
    found = train_classifier(toy_index, labelled, PROBE, 0).probabilities(asked)
    probe = ProbeClassifier(toy_index.embeddings())
    none = np.zeros((0, 3), dtype=bool)
    probe.fit(labelled.rows, toy_index.pool.labels[labelled.rows], NO_ROWS, none, 0)
    np.testing.assert_array_equal(found, probe.probabilities(asked))
    assert np.ptp(found) > 0.5


def test_a_probe_of_an_empty_labelled_set_knows_no_class(toy_index: EmbeddingIndex) -> None:
    labelled = labelled_set(toy_index.pool, NO_ROWS, "nothing")
    found = train_classifier(toy_index, labelled, PROBE, 0)
    assert found.probabilities(np.arange(120)).tolist() == [[0, 0, 0]] * 120


def test_a_bert_of_an_empty_labelled_set_is_refused(toy_index: EmbeddingIndex) -> None:
    labelled = labelled_set(toy_index.pool, NO_ROWS, "nothing")
    with pytest.raises(RequestError) as error:
        train_classifier(toy_index, labelled, Training(model="./no-such-model"), 0)
    assert str(error.value) == (
        "no document is labelled, so './no-such-model' has nothing to be trained on; "
        "label some, or select with --strategy random"
    )


def test_training_is_given_labelled_rows_known_dev_rows_and_the_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [r._replace(labels=None) if i % 7 == 0 else r for i, r in enumerate(topic_records())]
    pool = Pool.from_records(records, name="toy")
    vectors = topic_vectors(pool)
    index = EmbeddingIndex.build(pool, None, tmp_path / "toy", embeddings=vectors)
    given: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        ProbeClassifier, "fit", lambda self, *arguments, **_: given.append(arguments)
    )
    labelled = draw_labelled(pool, 20, 0)
    train_classifier(index, labelled, PROBE, 5)
    ((rows, labels, dev_rows, dev_labels, seed),) = given
    assert (rows.tolist(), seed) == (labelled.rows.tolist(), 5)
    np.testing.assert_array_equal(labels, pool.labels[labelled.rows])
    assert dev_rows.tolist() == [i for i in range(120) if i % 5 == 3 and i % 7]
    np.testing.assert_array_equal(dev_labels, pool.labels[dev_rows])


@pytest.mark.model
def test_a_bert_is_trained_with_the_dev_split_and_the_seed(
    toy_index: EmbeddingIndex, bert: Training
) -> None:
    pool, asked = toy_index.pool, np.arange(120)
    labelled, dev = draw_labelled(pool, 20, 0), pool.rows("dev")
    expected = BertClassifier(pool, bert)
    expected.fit(labelled.rows, labelled.labels, dev, pool.labels[dev], seed=4)
    found, other = (train_classifier(toy_index, labelled, bert, seed) for seed in (4, 5))
    np.testing.assert_allclose(found.probabilities(asked), expected.probabilities(asked), atol=1e-5)
    assert np.abs(found.probabilities(asked) - other.probabilities(asked)).max() > 1e-3


def test_a_pool_without_classes_is_refused(index_of: Callable[..., EmbeddingIndex]) -> None:
    records = [Record(f"d{i}", "text", (), "train") for i in range(4)]
    index = index_of(records, np.eye(4))
    labelled = draw_labelled(index.pool, 2, 0)
    with pytest.raises(RequestError) as error:
        train_classifier(index, labelled, Training(model="probe"), 0)
    assert str(error.value) == (
        "the pool small has no classes to learn; name some with: classemb-index classes add NAME, or "
        "select with --strategy random"
    )
