"""The tuned classifier on a tiny encoder: what it learns, when it is the heads, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classemb_index import (
    EmbeddingIndex,
    ProbeClassifier,
    Training,
)
from classemb_index.errors import ClassembError, RequestError
from classemb_index.models.contracts import Blends
from classemb_index.models.tuned import TunedClassifier
from classemb_index.queries.names import name_prior
from tests.support.keywords import keyword_index

NO_ROWS = np.zeros(0, dtype=np.int64)
TRAIN, TEST = np.arange(0, 64), np.arange(64, 128)
TUNED = Training(
    model="tuned", epochs=8, learning_rate=1e-2, device="cpu", precision="float32", blend=1
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    return keyword_index(tmp_path_factory.mktemp("tuned"))


def fitted(
    index: EmbeddingIndex, training: Training = TUNED, rows: np.ndarray = TRAIN, seed: int = 0
) -> TunedClassifier:
    classifier, labels = TunedClassifier(index, training), index.pool.labels
    classifier.fit(rows, labels[rows], NO_ROWS, labels[NO_ROWS], seed)
    return classifier


def probe(index: EmbeddingIndex, rows: np.ndarray = TRAIN) -> ProbeClassifier:
    classifier, labels = ProbeClassifier(index.embeddings()), index.pool.labels
    classifier.fit(rows, labels[rows], NO_ROWS, labels[NO_ROWS], 0)
    return classifier


def same_as_heads(classifier: TunedClassifier, heads: ProbeClassifier) -> None:
    """All classes at once are solved to about three digits, the probe's one by one."""
    found, expected = classifier.probabilities(TEST), heads.probabilities(TEST)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def log_loss(index: EmbeddingIndex, probabilities: np.ndarray, rows: np.ndarray) -> float:
    said = np.where(index.pool.labels[rows], probabilities, 1 - probabilities)
    return float(-np.log(said).mean())


@pytest.fixture(scope="module")
def learnt(index: EmbeddingIndex) -> TunedClassifier:
    return fitted(index)


def test_it_learns_what_the_heads_cannot_tell(
    index: EmbeddingIndex, learnt: TunedClassifier
) -> None:
    found, of_heads = learnt.probabilities(TEST), probe(index).probabilities(TEST)
    assert found.dtype == np.float32 and found.shape == (64, 2)
    assert log_loss(index, found, TEST) < 0.9 * log_loss(index, of_heads, TEST)


def test_untrained_layers_say_what_the_heads_say(index: EmbeddingIndex) -> None:
    still = fitted(index, replace(TUNED, epochs=1, learning_rate=1e-12))
    expected = probe(index).probabilities(TEST)
    np.testing.assert_allclose(still.probabilities(TEST), expected, atol=1e-3)


def test_at_blend_0_it_is_the_heads(index: EmbeddingIndex) -> None:
    classifier, expected = fitted(index, replace(TUNED, blend=0)), probe(index)
    same_as_heads(classifier, expected)
    np.testing.assert_array_equal(classifier.representations(TEST), index.embeddings(TEST))
    assert classifier.share == 0


def test_a_blend_lies_between_in_logits(index: EmbeddingIndex, learnt: TunedClassifier) -> None:
    heads, half = fitted(index, replace(TUNED, blend=0)), fitted(index, replace(TUNED, blend=0.5))
    expected = (heads.logits(TEST) + learnt.logits(TEST)) / 2
    np.testing.assert_allclose(half.logits(TEST), expected, atol=1e-4)


def test_probabilities_follow_the_rows_whatever_stands_beside_them(
    index: EmbeddingIndex, learnt: TunedClassifier
) -> None:
    shuffled = np.random.default_rng(1).permutation(TEST)
    found = learnt.probabilities(shuffled)
    one_by_one = np.concatenate([learnt.probabilities(shuffled[i : i + 1]) for i in range(64)])
    np.testing.assert_allclose(found, one_by_one, atol=1e-5)
    assert np.abs(found - np.roll(found, 1, axis=0)).max() > 0.1


def test_the_same_seed_gives_the_same_and_another_another(
    index: EmbeddingIndex, learnt: TunedClassifier
) -> None:
    found = learnt.probabilities(TEST)
    np.testing.assert_array_equal(fitted(index).probabilities(TEST), found)
    assert np.abs(fitted(index, seed=1).probabilities(TEST) - found).max() > 1e-4


def test_fitting_again_forgets_what_was_learnt(index: EmbeddingIndex) -> None:
    classifier, labels = fitted(index, rows=TEST), index.pool.labels
    classifier.fit(TRAIN, labels[TRAIN], NO_ROWS, labels[NO_ROWS], 0)
    np.testing.assert_array_equal(classifier.probabilities(TEST), fitted(index).probabilities(TEST))


def test_representations_are_tuned_embeddings_of_unit_length(
    index: EmbeddingIndex, learnt: TunedClassifier
) -> None:
    found = learnt.representations(TEST)
    assert found.dtype == np.float32 and found.shape == (64, 8)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(found - index.embeddings(TEST)).max() > 0.01


@pytest.mark.parametrize("blend", [None, 1.0])
def test_unknown_cells_train_nothing(index: EmbeddingIndex, blend: float | None) -> None:
    labels = index.pool.labels[TRAIN].copy()
    known = np.ones_like(labels)
    known[::3, 1] = False
    answers = []
    for unknown in (False, True):
        labels[~known] = unknown
        classifier = TunedClassifier(index, replace(TUNED, blend=blend, epochs=2))
        classifier.fit(TRAIN, labels, NO_ROWS, labels[NO_ROWS], 0, known=known)
        answers.append(classifier.probabilities(TEST))
    np.testing.assert_array_equal(answers[0], answers[1])


@pytest.mark.parametrize("blend", [None, 0.5, 1.0])
def test_a_class_that_none_or_all_have_is_said_of_none_or_all(
    index: EmbeddingIndex, blend: float | None
) -> None:
    labels = index.pool.labels[TRAIN].copy()
    labels = np.concatenate([labels, labels], axis=1)
    labels[:, 1], labels[:, 2] = False, True
    classifier = TunedClassifier(index, replace(TUNED, blend=blend, epochs=1))
    classifier.fit(TRAIN, labels, NO_ROWS, labels[NO_ROWS], 0)
    found = classifier.probabilities(TEST)
    assert (found[:, 1] == 0).all() and (found[:, 2] == 1).all()
    assert found[:, [0, 3]].min() > 0 and found[:, [0, 3]].max() < 1


@pytest.mark.parametrize("blend", [None, 1.0])
def test_of_nothing_and_of_one_document_it_says_what_the_heads_say(
    index: EmbeddingIndex, blend: float | None
) -> None:
    for rows in (NO_ROWS, TRAIN[:1]):
        classifier = fitted(index, replace(TUNED, blend=blend), rows)
        expected = probe(index, rows).probabilities(TEST)
        np.testing.assert_array_equal(classifier.probabilities(TEST), expected)


def test_cross_validation_gives_layers_that_help_a_share(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = "classemb_index.models.tuned.near_duplicate_groups"  # a tiny encoder finds all alike
    monkeypatch.setattr(alone, lambda embeddings: np.arange(len(embeddings)))
    assert fitted(index, replace(TUNED, blend=None), np.arange(128)).share == 0.3


def test_cross_validation_falls_back_to_the_heads_where_training_does_harm(
    index: EmbeddingIndex,
) -> None:
    wild = fitted(index, replace(TUNED, blend=None, learning_rate=10, epochs=1))
    assert wild.share == 0
    same_as_heads(wild, probe(index))


def test_named_heads_are_started_from_and_decide_where_the_probes_do(
    index: EmbeddingIndex,
) -> None:
    prior = name_prior(index)
    named, labels = ProbeClassifier(index.embeddings(), prior), index.pool.labels
    named.fit(TRAIN, labels[TRAIN], NO_ROWS, labels[NO_ROWS], 0)
    assert named.heads is not None
    expected = named.probabilities(TEST)
    for changes in ({"blend": 0}, {"epochs": 1, "learning_rate": 1e-12}):
        classifier = TunedClassifier(index, replace(TUNED, **changes), prior)
        classifier.fit(TRAIN, labels[TRAIN], NO_ROWS, labels[NO_ROWS], 0)
        np.testing.assert_allclose(classifier.probabilities(TEST), expected, atol=0.02)
    assert classifier.settings()["names"] == prior.digest


def test_a_class_of_few_documents_is_left_to_its_head(index: EmbeddingIndex) -> None:
    labels = index.pool.labels[TRAIN].copy()
    labels[np.flatnonzero(labels[:, 1])[9:], 1] = False  # nine are left
    few, enough = labels.copy(), labels.copy()
    enough[np.flatnonzero(~labels[:, 1])[0], 1] = True
    classifier, heads = TunedClassifier(index, TUNED), ProbeClassifier(index.embeddings())
    gaps = []
    for own in (few, enough):
        classifier.fit(TRAIN, own, NO_ROWS, own[NO_ROWS], 0)
        heads.fit(TRAIN, own, NO_ROWS, own[NO_ROWS], 0)
        gaps.append(np.abs(classifier.probabilities(TEST) - heads.probabilities(TEST)).max(axis=0))
    assert gaps[0][1] < 2e-3 < 0.05 < gaps[1][1]
    assert gaps[0][0] > 0.05


def test_its_activations_lie_in_the_cache_of_the_index(index: EmbeddingIndex) -> None:
    fitted(index)
    assert list(index.cache.glob("activations-*.bin"))


def test_settings_say_what_was_asked_and_what_is_the_default(index: EmbeddingIndex) -> None:
    assert TunedClassifier(index, Training(model="tuned", device="cpu")).settings() == {
        "model": "tuned",
        "epochs": 3,
        "learning_rate": 1e-3,
        "max_length": 16,  # the encoder's own, which is below 128
        "batch_size": 16,
        "layers": 1,
        "blend_folds": 2,
        "device": "cpu",
        "precision": index.load_encoder().precision,
    }
    assert TunedClassifier(index, TUNED).settings()["blend"] == 1
    assert isinstance(TunedClassifier(index, TUNED), Blends)


def message_of(ask: Callable[[], object]) -> str:
    with pytest.raises(ClassembError) as error:
        ask()
    return str(error.value)


def test_a_blend_that_is_no_share_is_refused(index: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        TunedClassifier(index, replace(TUNED, blend=1.5))
    assert str(error.value) == "a blend of 1.5 is no share; give one from 0 to 1"


def test_an_index_without_an_encoder_is_refused(toy_index: EmbeddingIndex, tmp_path: Path) -> None:
    assert message_of(lambda: TunedClassifier(toy_index)) == (
        f"the index in {toy_index.folder} has no encoder, its vectors were given, so no text can be "
        "compared with them; build it again with --encoder beside --embeddings"
    )
