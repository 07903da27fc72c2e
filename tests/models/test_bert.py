"""The BERT classifier on the small BERT beside the checkout: what it learns, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classemb_index import BertClassifier, Pool, Record, Training
from classemb_index.errors import ModelError
from tests.support.places import shared_or_skip

pytestmark = pytest.mark.model

FILLER = [
    "the",
    "council",
    "of",
    "the",
    "union",
    "shall",
    "adopt",
    "this",
    "regulation",
    "on",
    "import",
    "and",
    "export",
]
NO_ROWS = np.zeros(0, dtype=np.int64)
TRAIN, DEV, TEST = np.arange(0, 96), np.arange(96, 128), np.arange(128, 192)


@pytest.fixture(scope="module")
def settings() -> Training:
    return Training(
        model=str(shared_or_skip("models", "bert-tiny-mlm")),
        epochs=3,
        learning_rate=1e-3,
        max_length=32,
        device="cpu",
        precision="float32",
    )


@pytest.fixture(scope="module")
def keywords() -> Pool:
    """192 documents of 3 to 40 words; class apple has the word apple in it, class pear pear."""
    rng = np.random.default_rng(0)
    records = []
    for i in range(192):
        labels = tuple(name for name in ("apple", "pear") if rng.random() < 0.5)
        words = [*labels, *rng.choice(FILLER, int(rng.integers(3, 41)))]
        first = rng.permutation(words[:12]).tolist()  # a keyword stands where it is read
        records.append(Record(f"d{i}", " ".join(first + words[12:]), labels, "train"))
    return Pool.from_records(records)


def fit(classifier: BertClassifier, pool: Pool, seed: int = 0, dev: np.ndarray = DEV) -> int:
    return classifier.fit(TRAIN, pool.labels[TRAIN], dev, pool.labels[dev], seed)


def macro_f1(classifier: BertClassifier, pool: Pool, rows: np.ndarray) -> float:
    predicted = classifier.probabilities(rows) > 0.5
    return float(f1_score(pool.labels[rows], predicted, average="macro", zero_division=0))


@pytest.fixture(scope="module")
def learnt(settings: Training, keywords: Pool) -> BertClassifier:
    classifier = BertClassifier(keywords, settings)
    fit(classifier, keywords)
    return classifier


def test_a_task_of_keywords_is_learnt(learnt: BertClassifier, keywords: Pool) -> None:
    # a class of half the documents has F1 2/3 at most where nothing is learnt
    assert macro_f1(learnt, keywords, TEST) > 0.9


def test_probabilities_are_a_row_for_each_row_and_a_column_for_each_class(
    learnt: BertClassifier,
) -> None:
    probabilities = learnt.probabilities(TEST)
    assert probabilities.shape == (64, 2) and probabilities.dtype == np.float32
    assert probabilities.min() >= 0 and probabilities.max() <= 1


def test_order_of_probabilities_follows_the_rows_and_not_the_lengths(
    learnt: BertClassifier,
) -> None:
    shuffled = np.random.default_rng(1).permutation(TEST)
    found = learnt.probabilities(shuffled)
    one_by_one = np.concatenate([learnt.probabilities(shuffled[i : i + 1]) for i in range(64)])
    np.testing.assert_allclose(found, one_by_one, atol=1e-4)
    # rows in another order would be seen
    assert np.abs(found - np.roll(found, 1, axis=0)).max() > 0.1


def outputs_one_by_one(
    classifier: BertClassifier, pool: Pool, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The model's own logits and pooled output, a text at a time, so without any padding."""
    import torch
    from transformers import AutoTokenizer

    settings, model = classifier.settings(), classifier._model
    tokenizer = AutoTokenizer.from_pretrained(settings["model"], local_files_only=True)
    logits, pooled = [], []
    for row in rows.tolist():
        tokens = tokenizer(
            pool.text(row), truncation=True, max_length=settings["max_length"], return_tensors="pt"
        )
        with torch.no_grad():
            logits.append(model(**tokens).logits[0].numpy())
            pooled.append(model.base_model(**tokens).pooler_output[0].numpy())
    return np.array(logits), np.array(pooled)


# long and short in turn, and more than are read at once
MIXED = np.random.default_rng(2).permutation(192)[:100]


def test_probabilities_are_the_sigmoid_of_the_models_own_logits(
    learnt: BertClassifier, keywords: Pool
) -> None:
    logits, _ = outputs_one_by_one(learnt, keywords, MIXED)
    np.testing.assert_allclose(learnt.probabilities(MIXED), 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_representations_are_the_models_own_pooled_output(
    learnt: BertClassifier, keywords: Pool
) -> None:
    found = learnt.representations(MIXED)
    _, pooled = outputs_one_by_one(learnt, keywords, MIXED)
    assert found.shape == (100, pooled.shape[1]) and found.dtype == np.float32
    np.testing.assert_allclose(found, pooled, atol=1e-5)
    # rows in another order would be seen
    assert np.abs(found - np.roll(found, 1, axis=0)).max() > 0.1


def test_the_output_layer_computes_in_float32_at_any_precision(
    settings: Training, keywords: Pool
) -> None:
    classifier = BertClassifier(keywords, replace(settings, epochs=1, precision="bfloat16"))
    fit(classifier, keywords, dev=NO_ROWS)
    output = classifier._model.classifier
    weights, offsets = (x.detach().numpy() for x in (output.weight, output.bias))
    logits = classifier.representations(TEST) @ weights.T + offsets
    found = classifier.probabilities(TEST)
    # bfloat16 would be off by up to 1/256 of a logit
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=1e-6)
    assert found.dtype == np.float32


def test_as_many_classes_as_the_model_is_wide_have_an_output_layer_of_their_own(
    settings: Training,
) -> None:
    names = [f"c{i:03d}" for i in range(128)]  # the width of the small BERT
    records = [Record(f"d{i}", "text", (names[i],), "train") for i in range(128)]
    pool = Pool.from_records(records)
    classifier, rows = BertClassifier(pool, replace(settings, epochs=1)), np.arange(4)
    classifier.fit(rows, pool.labels[rows], NO_ROWS, pool.labels[NO_ROWS], seed=0)
    logits, pooled = outputs_one_by_one(classifier, pool, rows)
    assert logits.shape == pooled.shape == (4, 128)
    np.testing.assert_allclose(classifier.representations(rows), pooled, atol=1e-5)
    np.testing.assert_allclose(classifier.probabilities(rows), 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_a_row_that_is_asked_for_twice_is_answered_twice(learnt: BertClassifier) -> None:
    twice = learnt.representations(np.array([7, 3, 7]))
    np.testing.assert_allclose(twice[0], twice[2], atol=1e-6)
    np.testing.assert_allclose(twice[1], learnt.representations(np.array([3]))[0], atol=1e-5)


def test_no_rows_have_no_probabilities_and_no_representations(learnt: BertClassifier) -> None:
    width = learnt.representations(np.array([0])).shape[1]
    assert learnt.probabilities(NO_ROWS).shape == (0, 2)
    assert learnt.representations(NO_ROWS).shape == (0, width)


def test_a_text_is_tokenised_once(settings: Training, keywords: Pool) -> None:
    classifier = BertClassifier(keywords, replace(settings, epochs=1))
    tokenizer, texts = classifier._tokenizer, []

    class Counting:
        def __call__(self, given: list[str], **options: Any) -> Any:
            texts.extend(given)
            return tokenizer(given, **options)

        def __getattr__(self, name: str) -> Any:
            return getattr(tokenizer, name)

    classifier._tokenizer = Counting()
    fit(classifier, keywords)
    assert len(texts) == len(TRAIN) + len(DEV)
    fit(classifier, keywords, seed=1)
    classifier.probabilities(TEST)
    classifier.representations(np.concatenate([TEST, DEV]))
    assert sorted(texts) == sorted(keywords.texts_of(np.arange(192)))


def test_the_same_seed_gives_the_same_whatever_was_trained_before(
    settings: Training, keywords: Pool
) -> None:
    first, second = (BertClassifier(keywords, replace(settings, epochs=1)) for _ in range(2))
    found = []
    for classifier, seed in ((first, 1), (first, 0), (first, 1), (second, 1)):
        fit(classifier, keywords, seed)
        found.append(classifier.probabilities(TEST))
    np.testing.assert_allclose(found[2], found[0], atol=1e-6)
    np.testing.assert_allclose(found[3], found[0], atol=1e-6)
    assert np.abs(found[1] - found[0]).max() > 1e-3  # another seed, another classifier


def test_early_stopping_keeps_the_epoch_that_was_best_on_dev(
    settings: Training, keywords: Pool
) -> None:
    # labels that are noise: dev macro-F1 goes up and down and cannot rise for 30 epochs
    noise = np.random.default_rng(3).random((len(keywords), 2)) < 0.5
    classifier = BertClassifier(keywords, replace(settings, epochs=30, patience=2))
    told: list[tuple[int, float]] = []
    epochs = classifier.fit(
        TRAIN,
        noise[TRAIN],
        DEV,
        noise[DEV],
        seed=0,
        on_epoch=lambda epoch, score: told.append((epoch, score)),
    )
    scores = [score for _, score in told]
    assert [epoch for epoch, _ in told] == list(range(1, epochs + 1))
    assert epochs < 30
    best = int(np.argmax(scores))
    assert epochs == best + 1 + 2  # the best epoch and as many as the patience
    assert scores[-1] < scores[best]
    predicted = classifier.probabilities(DEV) > 0.5
    again = f1_score(noise[DEV], predicted, average="macro", zero_division=0)
    assert again == pytest.approx(scores[best])


def test_patience_does_not_count_while_dev_macro_f1_is_zero(
    settings: Training, keywords: Pool
) -> None:
    classifier = BertClassifier(keywords, replace(settings, epochs=2, patience=1))
    nothing = np.zeros((len(DEV), 2), dtype=bool)
    assert classifier.fit(TRAIN, keywords.labels[TRAIN], DEV, nothing, seed=0) == 2


def test_without_dev_rows_all_epochs_are_run(settings: Training, keywords: Pool) -> None:
    classifier = BertClassifier(keywords, replace(settings, epochs=2, patience=1))
    told: list[tuple[int, float | None]] = []
    epochs = classifier.fit(
        TRAIN,
        keywords.labels[TRAIN],
        NO_ROWS,
        keywords.labels[NO_ROWS],
        seed=0,
        on_epoch=lambda epoch, score: told.append((epoch, score)),
    )
    assert epochs == 2
    assert told == [(1, None), (2, None)]


def test_training_and_predicting_print_nothing(
    settings: Training, keywords: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = BertClassifier(keywords, replace(settings, epochs=1))
    fit(classifier, keywords)
    classifier.probabilities(TEST)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Error" not in err and "%|" not in err  # no progress bar of the trainer's own


def test_training_leaves_no_file_behind(
    settings: Training, keywords: Pool, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fit(BertClassifier(keywords, replace(settings, epochs=1)), keywords)
    assert list(tmp_path.iterdir()) == []


def test_one_class_is_learnt_too(settings: Training) -> None:
    rng = np.random.default_rng(0)
    records = []
    for i in range(96):
        labels = ("apple",) if i % 2 else ()
        records.append(
            Record(f"d{i}", " ".join([*labels, *rng.choice(FILLER, 5)]), labels, "train")
        )
    pool = Pool.from_records(records)
    classifier = BertClassifier(pool, settings)
    rows, dev = np.arange(64), np.arange(64, 80)
    classifier.fit(rows, pool.labels[rows], dev, pool.labels[dev], seed=0)
    predicted = classifier.probabilities(np.arange(80, 96)) > 0.5
    assert predicted.shape == (16, 1)
    assert (predicted[:, 0] == pool.labels[80:, 0]).mean() > 0.9


def test_texts_are_cut_at_the_maximum_length(settings: Training) -> None:
    words = " ".join(["union"] * 40)
    pool = Pool.from_records(
        [Record("x", words, ("a",), "train"), Record("y", words + " apple pear", (), "train")]
    )
    classifier = BertClassifier(pool, replace(settings, epochs=1))
    rows = np.arange(2)
    classifier.fit(rows, pool.labels, NO_ROWS, pool.labels[NO_ROWS], seed=0)
    first, second = classifier.probabilities(rows)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_settings_are_resolved_and_ready_for_json(learnt: BertClassifier) -> None:
    settings = dict(learnt.settings())
    assert settings.pop("model").endswith("bert-tiny-mlm")
    assert settings == {
        "epochs": 3,
        "batch_size": 16,
        "decay": "linear",
        "threshold": 0.5,
        "warm_up": 0.1,
        "learning_rate": 1e-3,
        "patience": 3,
        "max_length": 32,
        "device": "cpu",
        "precision": "float32",
    }


def test_its_training_looks_at_dev(learnt: BertClassifier) -> None:
    assert learnt.uses_dev


def test_a_model_that_cannot_be_had_fails_before_the_first_round(keywords: Pool) -> None:
    with pytest.raises(ModelError) as error:
        BertClassifier(keywords, Training(model="./no-such-model", device="cpu"))
    assert str(error.value) == "there is no folder ./no-such-model to load a model from"


@pytest.mark.gpu
def test_on_cuda_a_task_of_keywords_is_learnt(settings: Training, keywords: Pool) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    classifier = BertClassifier(keywords, replace(settings, device="cuda", precision="auto"))
    fit(classifier, keywords)
    assert macro_f1(classifier, keywords, TEST) > 0.9


def test_cells_that_are_unknown_train_nothing_and_stop_nothing(
    settings: Training, keywords: Pool
) -> None:
    rng, classifier = np.random.default_rng(0), BertClassifier(keywords, settings)
    known, dev_known = (rng.random((len(rows), 2)) < 0.7 for rows in (TRAIN, DEV))
    found = []
    for wrong in (False, True):  # whatever stands in an unknown cell
        labels, dev = keywords.labels[TRAIN].copy(), keywords.labels[DEV].copy()
        labels[~known], dev[~dev_known] = wrong, wrong
        classifier.fit(TRAIN, labels, DEV, dev, 0, known=known, dev_known=dev_known)
        found.append(classifier.probabilities(TEST))
    np.testing.assert_array_equal(*found)
    assert f1_score(keywords.labels[TEST], found[0] > 0.5, average="macro") > 0.7


def test_where_every_cell_is_known_the_loss_is_the_models_own(
    settings: Training, keywords: Pool
) -> None:
    classifier, found = BertClassifier(keywords, settings), []
    for known in (None, np.ones((len(TRAIN), 2), dtype=bool)):
        classifier.fit(
            TRAIN, keywords.labels[TRAIN], NO_ROWS, keywords.labels[NO_ROWS], 0, known=known
        )
        found.append(classifier.probabilities(TEST))
    np.testing.assert_allclose(*found, atol=1e-4)
