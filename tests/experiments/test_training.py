"""From labels to a model in a folder: what trains it, what it says, and when it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, Record, SavedModel, Training, train
from classemb_index.durable import checksum_of
from classemb_index.errors import (
    ClassembError,
    EncoderMismatchError,
    ModelFolderError,
    RequestError,
    UnknownClassError,
)
from classemb_index.labels.labelled import LabelledSet, labelled_set, nothing_labelled
from classemb_index.models.folder import draft_of
from classemb_index.models.tuned import TunedClassifier
from classemb_index.queries.names import name_prior
from tests.support.fakes import HashEncoder
from tests.support.keywords import keyword_index
from tests.support.places import shared_or_skip
from tests.support.tiny import write_tiny


@pytest.fixture
def labelled(toy_index: EmbeddingIndex) -> LabelledSet:
    return labelled_set(toy_index.pool, toy_index.pool.rows("train"), "the train split")


@pytest.fixture
def model(toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path) -> SavedModel:
    return train(toy_index, labelled, tmp_path / "model")


@pytest.fixture
def tiny(tmp_path: Path) -> Training:
    vocabulary = ["apple", "pear", "the", "council", "shall", "adopt"]
    name = write_tiny(tmp_path / "tiny", vocabulary)
    return Training(model=name, epochs=2, max_length=16, device="cpu", precision="float32")


def change(folder: Path, **facts: Any) -> None:
    """Write other facts into a model's folder, with the checksum of these."""
    path = folder / "classemb.json"
    table = json.loads(path.read_text()) | facts
    path.write_text(json.dumps(table | {"checksum": checksum_of(table)}))


def message_of(kind: type[ClassembError], ask: Callable[[], object]) -> str:
    with pytest.raises(kind) as error:
        ask()
    return str(error.value)


def test_heads_are_scikit_learns_and_probabilities_their_sigmoid(
    toy_index: EmbeddingIndex, labelled: LabelledSet, model: SavedModel
) -> None:
    rows = toy_index.pool.rows("test")
    found = model.probabilities(toy_index, rows)
    assert (found.dtype, found.shape) == (np.float32, (24, 3))
    for c, facts in enumerate(model.facts["classes"]):
        head = LogisticRegression(class_weight="balanced", tol=1e-8, max_iter=5000)
        head.fit(toy_index.embeddings(labelled.rows), labelled.labels[:, c])
        scores = head.decision_function(toy_index.embeddings(rows))
        expected = 1 / (1 + np.exp(-(facts["slope"] * scores + facts["offset"])))
        np.testing.assert_allclose(found[:, c], expected, atol=5e-3)


def test_a_model_is_the_same_when_it_is_opened_again(
    toy_index: EmbeddingIndex, model: SavedModel
) -> None:
    again, rows = SavedModel.open(model.folder), np.arange(120)
    assert again.classes == ("a", "b", "c")
    np.testing.assert_array_equal(again.thresholds, model.thresholds)
    found = again.probabilities(toy_index, rows)
    np.testing.assert_array_equal(found, model.probabilities(toy_index, rows))
    np.testing.assert_array_equal(again.decide(found), found >= again.thresholds)
    np.testing.assert_array_equal(
        again.probabilities_of(embeddings=toy_index.embeddings(rows)), found
    )


def test_it_decides_unseen_documents_better_than_chance(
    toy_index: EmbeddingIndex, model: SavedModel
) -> None:
    rows = toy_index.pool.rows("test")
    is_right = model.decide(model.probabilities(toy_index, rows)) == toy_index.pool.labels[rows]
    assert is_right.mean() > 0.75


def test_the_same_labels_and_seed_give_the_same_bytes(
    toy_index: EmbeddingIndex, labelled: LabelledSet, model: SavedModel, tmp_path: Path
) -> None:
    again = train(toy_index, labelled, tmp_path / "again")
    for name in ("probe.safetensors", "labelled.safetensors"):
        assert (again.folder / name).read_bytes() == (model.folder / name).read_bytes()
    drop = ("created", "checksum")
    assert {k: v for k, v in again.facts.items() if k not in drop} == {
        k: v for k, v in model.facts.items() if k not in drop
    }


def test_unknown_cells_train_nothing(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    cells = np.ones(labelled.labels.shape, dtype=bool)
    cells[::3, 1] = False
    first = replace(labelled, cells=cells)
    second = replace(labelled, cells=cells, labels=labelled.labels | ~cells)
    models = [train(toy_index, own, tmp_path / name) for own, name in ((first, "1"), (second, "2"))]
    rows = np.arange(120)
    found = [model.probabilities(toy_index, rows) for model in models]
    np.testing.assert_array_equal(found[0], found[1])
    b = models[0].facts["classes"][1]
    assert b["positives"] + b["negatives"] == cells[:, 1].sum()


def test_a_class_that_cannot_be_learned_is_left_out_and_said_so(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    labels = labelled.labels.copy()
    labels[:, 0], labels[:, 2] = True, False
    found = train(toy_index, replace(labelled, labels=labels), tmp_path / "model")
    assert found.classes == ("b",)
    assert found.facts["labels"]["left_out"] == {"a": "no negative", "c": "no positive"}
    assert "a: no negative; c: no positive labelled" in (found.folder / "README.md").read_text()


def test_one_positive_trains_a_class_without_figures(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    labels = labelled.labels.copy()
    labels[1:, 2] = False
    labels[0, 2] = True
    found = train(toy_index, replace(labelled, labels=labels), tmp_path / "model")
    facts = found.facts["classes"][2]
    assert (facts["positives"], facts["f1"], facts["threshold"]) == (1, None, 0.5)
    assert found.facts["classes"][0]["f1"] is not None
    assert np.isfinite(found.probabilities(toy_index, np.arange(120))).all()


def test_near_duplicates_do_not_make_a_class_look_learned(
    index_of: Callable[..., EmbeddingIndex], tmp_path: Path
) -> None:
    """Labels by chance, each document twice: only what is in both folds can be told."""
    rng = np.random.default_rng(0)
    once, has_class = rng.standard_normal((60, 64)), rng.random(60) < 0.5
    records = [
        Record(f"d{i}", "text", ("x",) if has_class[i // 2] else (), None) for i in range(120)
    ]
    index = index_of(records, np.repeat(once, 2, axis=0))
    rows = np.arange(120)
    found = train(index, labelled_set(index.pool, rows, "all"), tmp_path / "model")
    assert found.facts["cross_validation"]["groups"] == 60
    assert found.facts["classes"][0]["precision"]["value"] < 0.7


@pytest.mark.parametrize("is_bert", [False, True])
def test_copies_of_one_document_train_a_model_without_figures(
    is_bert: bool, index_of: Callable[..., EmbeddingIndex], tiny: Training, tmp_path: Path
) -> None:
    records = [Record(f"d{i}", "apple", ("x",) if i < 3 else (), None) for i in range(6)]
    index = index_of(records, np.ones((6, 4)))
    everything = labelled_set(index.pool, np.arange(6), "all")
    found = train(index, everything, tmp_path / "model", tiny if is_bert else None)
    assert found.facts["cross_validation"] == {
        "folds": 1,
        "groups": 1,
        "near_duplicate": 0.95,
        "macro_f1": None,
        "micro_f1": None,
    }
    assert np.isfinite(found.probabilities(index, np.arange(6))).all()


def test_nothing_labelled_is_nothing_to_train_on(toy_index: EmbeddingIndex, tmp_path: Path) -> None:
    def ask() -> None:
        train(toy_index, nothing_labelled(toy_index.pool), tmp_path / "model")

    assert message_of(RequestError, ask) == (
        "nothing is labelled, so there is nothing to train on; hand out a batch with: classemb-index "
        "next --out batch.csv"
    )
    assert list(tmp_path.glob("*model*")) == []


def test_classes_with_one_side_alone_are_nothing_to_tell_apart(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    one_sided = replace(labelled, labels=np.zeros_like(labelled.labels))
    said = message_of(RequestError, lambda: train(toy_index, one_sided, tmp_path / "model"))
    assert said == (
        "no class has both a labelled document that has it and one that has not, so there is nothing "
        "to tell apart (a: no positive; b: no positive; c: no positive); label more"
    )


def test_a_model_that_is_there_is_replaced_with_force_alone(
    toy_index: EmbeddingIndex, labelled: LabelledSet, model: SavedModel
) -> None:
    said = message_of(ModelFolderError, lambda: train(toy_index, labelled, model.folder))
    assert said == f"{model.folder} exists; choose another --out, or --force to replace it"
    again = train(toy_index, labelled, model.folder, seed=1, force=True)
    assert again.facts["seed"] == 1
    assert [path.name for path in model.folder.parent.glob("*model*")] == ["model"]


def test_a_folder_of_something_else_is_never_replaced(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")

    def ask() -> None:
        train(toy_index, labelled, tmp_path / "notes", force=True)

    assert message_of(ModelFolderError, ask) == (
        f"{tmp_path / 'notes'} is there and is no model; choose another --out"
    )
    assert (tmp_path / "notes" / "mine.txt").read_text() == "mine"


def test_a_training_that_fails_leaves_nothing(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path, monkeypatch: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("classemb_index.experiments.training.write_card", full)
    with pytest.raises(OSError):
        train(toy_index, labelled, tmp_path / "model")
    assert list(tmp_path.glob("*model*")) == []


def test_a_model_that_was_moved_away_by_a_stopped_replacement_comes_back(
    toy_index: EmbeddingIndex, labelled: LabelledSet, model: SavedModel
) -> None:
    folder = model.folder
    folder.rename(folder.with_name(".model.old"))
    with pytest.raises(RequestError), draft_of(folder, "any"):
        raise RequestError("stopped again")
    assert SavedModel.open(folder).facts == model.facts
    assert [path.name for path in folder.parent.glob("*model*")] == ["model"]


def test_two_processes_do_not_train_one_model(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    with FileLock(tmp_path / ".model.lock"):
        said = message_of(ModelFolderError, lambda: train(toy_index, labelled, tmp_path / "model"))
    assert said == (
        f"another process is training {tmp_path / 'model'}; wait for it, or choose another --out"
    )


def test_a_damaged_model_is_refused(model: SavedModel) -> None:
    path = model.folder / "probe.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert message_of(ModelFolderError, lambda: SavedModel.open(model.folder)) == (
        f"the model in {model.folder} is damaged: the checksum of probe.safetensors is not the one that "
        "was written; train it again"
    )


def test_a_changed_threshold_is_damage(model: SavedModel) -> None:
    path = model.folder / "classemb.json"
    path.write_text(path.read_text().replace('"threshold": 0.', '"threshold": 0.9', 1))
    assert message_of(ModelFolderError, lambda: SavedModel.open(model.folder)) == (
        f"the model in {model.folder} is damaged: classemb.json does not have the checksum that stands "
        "in it; train it again"
    )


def test_a_model_of_a_newer_version_is_refused(model: SavedModel) -> None:
    change(model.folder, format_version=2)
    assert message_of(ModelFolderError, lambda: SavedModel.open(model.folder)) == (
        f"the model in {model.folder} has format 2, this version reads up to 1; upgrade classemb-index, "
        "or train again"
    )


def test_a_model_of_another_normalisation_is_refused(model: SavedModel) -> None:
    change(model.folder, normalisation="none")
    assert message_of(ModelFolderError, lambda: SavedModel.open(model.folder)) == (
        f"the model in {model.folder} reads embeddings of normalisation 'none', and those of this version "
        "are of 'unit' length; train it again"
    )


def test_a_folder_without_a_model_says_how_to_train_one(tmp_path: Path) -> None:
    assert message_of(ModelFolderError, lambda: SavedModel.open(tmp_path)) == (
        f"there is no model in {tmp_path}; train one with: classemb-index train --out {tmp_path}"
    )


def test_an_index_of_another_encoder_is_refused(
    toy_index: EmbeddingIndex, labelled: LabelledSet, tmp_path: Path
) -> None:
    pool = toy_index.pool
    one, other = (
        EmbeddingIndex.build(pool, HashEncoder(salt=salt), tmp_path / f"index{salt}")
        for salt in ("", "other")
    )
    model = train(one, labelled, tmp_path / "model")
    assert message_of(EncoderMismatchError, lambda: model.probabilities(other, np.arange(3))) == (
        f"the model in {tmp_path / 'model'} reads embeddings of 'hash', and the index has those of 'hash' "
        "or of another version or length of it; use an index of the same encoder, or train on this one"
    )


def test_other_given_vectors_are_refused(
    toy_index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    other = EmbeddingIndex.build(
        toy_index.pool, None, tmp_path / "other", embeddings=-toy_index.embeddings()
    )
    with pytest.raises(EncoderMismatchError, match="no known encoder"):
        model.probabilities(other, np.arange(3))


def test_embeddings_of_another_length_are_refused(model: SavedModel) -> None:
    said = message_of(
        RequestError, lambda: model.probabilities_of(embeddings=np.ones((2, 8), np.float32))
    )
    assert said == (
        "embeddings are not of unit length, and the model was trained on such; scale them"
    )


def test_texts_need_an_encoder(model: SavedModel) -> None:
    said = message_of(RequestError, lambda: model.probabilities_of(texts=["one"]))
    assert said.startswith(f"the model in {model.folder} was trained on vectors that came without")


def test_classes_that_the_pool_has_no_longer_are_named(model: SavedModel) -> None:
    model.check_classes(["c", "a", "b", "d"])
    assert message_of(UnknownClassError, lambda: model.check_classes(["a"])) == (
        f"the model in {model.folder} knows classes that the pool has not: b, c; the pool's classes have "
        "changed, so train again"
    )


@pytest.fixture
def words(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """36 documents; class apple has the word apple in it, class pear pear."""
    rng = np.random.default_rng(0)
    records = []
    for i in range(36):
        labels = tuple(name for name in ("apple", "pear") if rng.random() < 0.5)
        text = " ".join([*labels, *rng.choice(["the", "council", "shall", "adopt"], 4)])
        records.append(Record(f"d{i}", text, labels, None))
    return index_of(records, rng.standard_normal((36, 16)))


def test_the_folds_of_a_bert_are_kept_and_go_on(
    words: EmbeddingIndex, tiny: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classemb_index import BertClassifier

    fit, fitted = BertClassifier.fit, []

    def stopped(self: BertClassifier, *given: Any, **named: Any) -> int:
        if len(fitted) == 3:
            raise KeyboardInterrupt
        fitted.append(len(given[0]))
        return fit(self, *given, **named)

    everything = labelled_set(words.pool, np.arange(36), "all")
    whole = train(words, everything, tmp_path / "whole", tiny)
    monkeypatch.setattr(BertClassifier, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(words, everything, tmp_path / "model", tiny)
    assert [path.name for path in tmp_path.glob("*model*")] == [".model.partial"]
    fitted.clear()
    monkeypatch.setattr(BertClassifier, "fit", lambda *a, **k: fitted.append(1) or fit(*a, **k))
    found = train(words, everything, tmp_path / "model", tiny)
    assert len(fitted) == 4  # of six folds and pairs three were done; and one on all labels
    assert found.facts["classes"] == whole.facts["classes"]
    assert not (tmp_path / ".model.partial").exists()


def test_a_bert_that_is_stopped_in_its_first_fold_leaves_nothing(
    words: EmbeddingIndex, tiny: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classemb_index import BertClassifier

    def stopped(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(BertClassifier, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(words, labelled_set(words.pool, np.arange(36), "all"), tmp_path / "model", tiny)
    assert list(tmp_path.glob("*model*")) == []


@pytest.mark.model
def test_a_bert_is_loaded_by_a_pipeline_with_its_class_names(
    words: EmbeddingIndex, tmp_path: Path
) -> None:
    from transformers import pipeline

    name = str(shared_or_skip("models", "bert-tiny-mlm"))
    training = Training(
        name, epochs=3, learning_rate=1e-3, max_length=16, device="cpu", precision="float32"
    )
    everything = labelled_set(words.pool, np.arange(36), "all")
    model = train(words, everything, tmp_path / "model", training)
    texts = words.pool.texts_of(np.arange(5))
    classify = pipeline("text-classification", model=str(model.folder), top_k=None, device="cpu")
    expected = model.probabilities(words, np.arange(5))
    for said, row in zip(classify(texts, truncation=True, max_length=16), expected, strict=True):
        scores = {one["label"]: one["score"] for one in said}
        assert scores == pytest.approx(
            dict(zip(("apple", "pear"), row.tolist(), strict=True)), abs=1e-5
        )
    assert classify.model.config.problem_type == "multi_label_classification"
    np.testing.assert_allclose(model.probabilities_of(texts=texts), expected, atol=1e-6)


@pytest.fixture(scope="module")
def keywords(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    return keyword_index(tmp_path_factory.mktemp("keywords"), 96)


TUNED = Training(model="tuned", epochs=2, learning_rate=1e-2, device="cpu", precision="float32")


def train_tuned(index: EmbeddingIndex, folder: Path, blend: float | None) -> SavedModel:
    everything = labelled_set(index.pool, np.arange(96), "all")
    return train(index, everything, folder, replace(TUNED, blend=blend))


@pytest.mark.parametrize("blend", [0.5, 1.0])
def test_a_tuned_model_says_of_a_text_what_it_says_of_the_document(
    keywords: EmbeddingIndex, tmp_path: Path, blend: float
) -> None:
    model, rows = train_tuned(keywords, tmp_path / "model", blend), np.arange(96)
    assert model.facts["kind"] == "tuned" and model.facts["cross_validation"]["folds"] == 3
    assert model.reads_texts and model.reads_embeddings
    found = model.probabilities(keywords, rows)
    again = SavedModel.open(model.folder)
    texts = keywords.pool.texts_of(rows)
    np.testing.assert_allclose(again.probabilities_of(texts=texts), found, atol=2e-2)
    np.testing.assert_array_equal(again.probabilities(keywords, rows), found)
    assert np.abs(found - np.roll(found, 1, axis=0)).max() > 0.1


def test_a_tuned_models_probabilities_are_its_classifiers_calibrated(
    keywords: EmbeddingIndex, tmp_path: Path
) -> None:
    model, rows = train_tuned(keywords, tmp_path / "model", 0.5), np.arange(96)
    classifier = TunedClassifier(keywords, replace(TUNED, blend=0.5), name_prior(keywords))
    labels = keywords.pool.labels
    classifier.fit(rows, labels, rows[:0], labels[:0], 0)
    slopes, offsets = (
        np.array([facts[key] for facts in model.facts["classes"]]) for key in ("slope", "offset")
    )
    expected = 1 / (1 + np.exp(-(classifier.logits(rows) * slopes + offsets)))
    # the folder does not say the precision, which is the machine's
    np.testing.assert_allclose(model.probabilities(keywords, rows), expected, atol=5e-3)


def test_a_tuned_model_without_a_share_is_a_probe(keywords: EmbeddingIndex, tmp_path: Path) -> None:
    model, rows = train_tuned(keywords, tmp_path / "model", 0.0), np.arange(96)
    assert not model.reads_texts
    assert not (model.folder / "tuned.safetensors").exists()
    found = model.probabilities_of(embeddings=keywords.embeddings(rows))
    np.testing.assert_array_equal(model.probabilities(keywords, rows), found)
    assert "were not clearly better" in (model.folder / "README.md").read_text()


def test_a_tuned_model_says_what_its_scores_are_made_of(
    keywords: EmbeddingIndex, tmp_path: Path
) -> None:
    model = train_tuned(keywords, tmp_path / "model", 0.25)
    training = model.facts["training"]
    assert (training["blend"], training["share"], training["layers"]) == (0.25, 0.25, 1)
    assert training["max_length"] == 16
    assert (
        "(75% of the logit from logistic heads on sentence embeddings that start from the class names, "
        "25% from the encoder's top 1 trained on from them, but the heads alone for a class with fewer "
        "than 10 positives or negatives)"
    ) in (model.folder / "README.md").read_text()


def test_a_tuned_model_asks_for_texts_beside_embeddings(
    keywords: EmbeddingIndex, tmp_path: Path
) -> None:
    model = train_tuned(keywords, tmp_path / "model", 1.0)
    embeddings = keywords.embeddings(np.arange(2))
    assert message_of(RequestError, lambda: model.probabilities_of(embeddings=embeddings)) == (
        f"the model in {model.folder} reads texts, beside embeddings"
    )


def test_a_tuned_model_refuses_an_index_of_another_encoder(
    keywords: EmbeddingIndex, toy_index: EmbeddingIndex, tmp_path: Path
) -> None:
    model = train_tuned(keywords, tmp_path / "model", 1.0)
    with pytest.raises(EncoderMismatchError):
        model.probabilities(toy_index, np.arange(2))
