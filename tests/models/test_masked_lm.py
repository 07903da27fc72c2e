"""Surprisal embeddings: against transformers' own loss, and as they are kept beside an index."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classemb_index import BatchRequest, next_batch
from classemb_index.errors import ModelError
from classemb_index.index.index import EmbeddingIndex
from classemb_index.index.kept import PoolSurprisal
from classemb_index.labels.labelled import draw_labelled
from classemb_index.models.classifier import load_masked_lm
from classemb_index.models.masked_lm import (
    MaskedLanguageModel,
    surprisal_embeddings,
)
from classemb_index.strategies.selection import select_batch
from tests.support.places import shared_or_skip
from tests.support.pools import selection_state
from tests.support.tiny import write_tiny
from tests.support.watchers import Recorder

WORDS = ["the", "council", "adopts", "a", "rule", "on", "sugar", "and", "fruit"]
TEXTS = [
    "Council Regulation on imports of citrus fruit from third countries",
    "export refunds for sugar",
    "A quantum gas near its critical temperature shows large fluctuations.\n\nSecond paragraph.",
    "Größe, naïveté, 漢字",
    "The committee shall deliver its opinion on the draft within a limit of two months. " * 12,
    *(
        f"Document {i} concerns {topic} and the market."
        for i, topic in enumerate(["oil", "wine"] * 6)
    ),
]


def loss_of(name: str, text: str, sampled: np.ndarray) -> float:
    """Transformers' own masked-LM loss of one text, labels -100 where it is not sampled."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(name)(
        text, truncation=True, max_length=128, return_tensors="pt"
    )
    labels = torch.full_like(tokens["input_ids"], -100)
    labels[0, sampled] = tokens["input_ids"][0, sampled]
    model = AutoModelForMaskedLM.from_pretrained(name).eval()
    with torch.no_grad():
        return float(model(**tokens, labels=labels).loss)


def lengths_of(name: str, texts: Sequence[str]) -> list[int]:
    """Tokens of each text, special ones among them, uncut."""
    from transformers import AutoTokenizer

    return [len(ids) for ids in AutoTokenizer.from_pretrained(name)(list(texts))["input_ids"]]


@pytest.fixture(scope="module")
def bert() -> str:
    """The name of the small BERT beside the checkout."""
    return str(shared_or_skip("models", "bert-tiny-mlm"))


@pytest.fixture(scope="module")
def masked_lm(bert: str) -> MaskedLanguageModel:
    return MaskedLanguageModel(bert, device="cpu", precision="float32", batch_size=4)


@pytest.mark.model
def test_mean_surprisal_of_a_text_is_the_loss_of_transformers(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    found = masked_lm.surprisal(TEXTS)
    assert found.shape == (len(TEXTS), 128) and found.dtype == np.float32
    compared = 0
    for text, line in zip(TEXTS, found, strict=True):
        sampled = np.flatnonzero(line)
        if len(sampled):
            compared += 1
            assert line[sampled].mean() == pytest.approx(loss_of(bert, text, sampled), rel=1e-4)
    assert compared > 10


@pytest.mark.model
def test_surprisal_stands_at_the_token_that_it_belongs_to(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    (line,) = masked_lm.surprisal([TEXTS[0]], share=1)
    for t in range(1, 7):
        assert line[t] == pytest.approx(loss_of(bert, TEXTS[0], np.array([t])), rel=1e-4)


@pytest.mark.model
def test_special_tokens_and_padding_are_never_sampled_and_all_others_can_be(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    found = masked_lm.surprisal([*TEXTS, ""], share=1)
    for line, length in zip(found, lengths_of(bert, [*TEXTS, ""]), strict=True):
        last = min(length, 128) - 1  # [CLS] is first, [SEP] last
        assert np.flatnonzero(line).tolist() == list(range(1, last))


@pytest.mark.model
def test_about_fifteen_of_a_hundred_tokens_are_sampled(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    texts = [f"Article {i}. {TEXTS[4]}" for i in range(80)]
    tokens = sum(min(length, 128) - 2 for length in lengths_of(bert, texts))
    assert tokens == 80 * 126
    # 10,080 draws: the share's sd is 0.0036
    assert np.count_nonzero(masked_lm.surprisal(texts)) / tokens == pytest.approx(0.15, abs=0.015)


@pytest.mark.model
def test_surprisal_does_not_hang_on_the_order_of_texts_nor_on_the_batch(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    found = masked_lm.surprisal(TEXTS)
    backwards = masked_lm.surprisal(TEXTS[::-1])[::-1]
    alone = np.concatenate([masked_lm.surprisal([text]) for text in TEXTS])
    at_once = MaskedLanguageModel(bert, device="cpu", precision="float32", batch_size=64)
    for other in (backwards, alone, at_once.surprisal(TEXTS)):
        np.testing.assert_array_equal(other != 0, found != 0)
        np.testing.assert_allclose(other, found, rtol=1e-3, atol=1e-5)


@pytest.mark.model
def test_equal_texts_have_equal_surprisal_and_another_seed_samples_other_tokens(
    masked_lm: MaskedLanguageModel,
) -> None:
    first, _, same = masked_lm.surprisal([TEXTS[4], TEXTS[0], TEXTS[4]])
    np.testing.assert_allclose(first, same, rtol=1e-4)
    other = masked_lm.surprisal([TEXTS[4]], seed=1)[0]
    assert (first != 0).tolist() != (other != 0).tolist()


@pytest.mark.model
def test_texts_of_equal_length_are_sampled_at_places_of_their_own(
    masked_lm: MaskedLanguageModel,
) -> None:
    found = masked_lm.surprisal([f"{word} " * 100 for word in ("sugar", "fruit", "wine")]) != 0
    assert len({tuple(line) for line in found.tolist()}) == 3


@pytest.mark.model
def test_a_text_is_cut_at_128_tokens(masked_lm: MaskedLanguageModel) -> None:
    first, same, other = masked_lm.surprisal(
        ["word " * 126, "word " * 126 + "and more", "word " * 125 + "and more"], share=1
    )
    np.testing.assert_allclose(first, same, rtol=1e-4)
    assert abs(first[126] - other[126]) > 1e-2


@pytest.mark.model
def test_surprisal_embeddings_are_the_surprisal_scaled_to_length_one(
    masked_lm: MaskedLanguageModel,
) -> None:
    found = surprisal_embeddings(TEXTS, masked_lm)
    raw = masked_lm.surprisal(TEXTS)
    lengths = np.sqrt((raw.astype(np.float64) ** 2).sum(axis=1))
    has_sample = lengths > 0
    assert found.dtype == np.float32 and has_sample.sum() > 10
    np.testing.assert_allclose(np.linalg.norm(found[has_sample], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(
        found[has_sample], raw[has_sample] / lengths[has_sample, None], rtol=1e-5
    )


@pytest.mark.model
def test_bfloat16_samples_the_same_tokens_and_finds_about_their_surprisal(
    bert: str, masked_lm: MaskedLanguageModel
) -> None:
    half = MaskedLanguageModel(bert, device="cpu", precision="bfloat16")
    exact, found = masked_lm.surprisal(TEXTS), half.surprisal(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found != 0, exact != 0)
    assert np.abs(found - exact).max() < 0.3  # nats; a surprisal is about 4


@pytest.mark.model
def test_alps_selects_by_the_surprisal_of_a_model(
    toy_index: EmbeddingIndex, masked_lm: MaskedLanguageModel
) -> None:
    labelled = draw_labelled(toy_index.pool, 20, 0)
    kept = PoolSurprisal(toy_index, masked_lm)
    first, second = (
        select_batch("alps", selection_state(toy_index, labelled, 0, surprisal=kept), 10)
        for _ in range(2)
    )
    assert first.rows.tolist() == second.rows.tolist()
    assert labelled.unlabelled[first.rows].all() and len(set(first.rows.tolist())) == 10


@pytest.mark.parametrize(
    "architecture", ["BertForMaskedLM", "RobertaForMaskedLM", "DistilBertForMaskedLM"]
)
def test_a_masked_lm_head_of_any_form_gives_the_loss_of_transformers(
    tmp_path: Path, architecture: str
) -> None:
    name = write_tiny(tmp_path / "tiny", WORDS, architecture)
    text = "the council adopts a rule on sugar and the rule on fruit " * 3
    (line,) = MaskedLanguageModel(name, device="cpu", precision="float32").surprisal([text])
    sampled = np.flatnonzero(line)
    assert len(sampled) > 1
    assert line[sampled].mean() == pytest.approx(loss_of(name, text, sampled), rel=1e-4)


def test_a_text_without_an_ordinary_token_has_no_surprisal_and_the_zero_embedding(
    tmp_path: Path,
) -> None:
    tiny = MaskedLanguageModel(write_tiny(tmp_path / "tiny", WORDS), device="cpu")
    texts = ["", "   ", "the council adopts a rule " * 10]
    found = surprisal_embeddings(texts, tiny)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:2], 0)
    assert np.linalg.norm(found[2]) == pytest.approx(1)


def test_how_far_the_surprisal_is_is_told_when_a_batch_is_asked_for(
    toy_index: EmbeddingIndex, tmp_path: Path
) -> None:
    request = BatchRequest("alps", 2, masked_lm=write_tiny(tmp_path / "tiny", WORDS))
    told = Recorder()
    next_batch(toy_index, draw_labelled(toy_index.pool, 20, 0), request, watch=told)
    assert told.counts[-1] == (72, 72)


def test_no_texts_have_no_surprisal(tmp_path: Path) -> None:
    tiny = MaskedLanguageModel(write_tiny(tmp_path / "tiny", WORDS), device="cpu")
    assert tiny.surprisal([]).shape == (0, 128)
    assert surprisal_embeddings([], tiny).shape == (0, 128)


@pytest.mark.parametrize("architecture", ["BertModel", "BertForSequenceClassification"])
def test_a_model_without_a_masked_lm_head_is_refused(tmp_path: Path, architecture: str) -> None:
    name = write_tiny(tmp_path / "tiny", WORDS, architecture)
    for asked, model in ((name, "probe"), (None, name)):
        with pytest.raises(ModelError) as error:
            load_masked_lm(asked, model, "cpu")
        assert str(error.value) == (
            f"the model {name!r} has no masked-LM head, so it has no surprisal; alps needs a masked "
            "language model such as bert-base-uncased: --masked-lm NAME|PATH"
        )


def test_a_model_that_cannot_be_had_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        MaskedLanguageModel(str(tmp_path), device="cpu")  # a folder without a model
    reason = str(error.value.__cause__).partition("\n")[0].rstrip(".")
    assert str(error.value) == (
        f"the model {str(tmp_path)!r} can be had neither from the cache nor from the hub ({reason}); "
        "alps needs a masked language model: --masked-lm NAME|PATH"
    )


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        load_masked_lm(f"{tmp_path}/absent", "probe", "cpu")
    assert str(error.value) == f"there is no folder {tmp_path}/absent to load a model from"


@pytest.mark.parametrize(
    ("name", "model", "chosen"),
    [
        (None, "probe", "bert-base-uncased"),
        (None, "minilm", "bert-base-uncased"),
        (None, "bert-base-uncased", "bert-base-uncased"),
        (None, "./models/own", "./models/own"),
        ("distilbert-base-uncased", "probe", "distilbert-base-uncased"),
        ("distilbert-base-uncased", "./models/own", "distilbert-base-uncased"),
    ],
)
def test_the_named_model_is_the_masked_lm_or_the_classifiers_own_or_the_papers(
    monkeypatch: pytest.MonkeyPatch, name: str | None, model: str, chosen: str
) -> None:
    def loaded(name: str, *, device: str) -> tuple[str, str]:
        return name, device

    monkeypatch.setattr("classemb_index.models.classifier.MaskedLanguageModel", loaded)
    assert load_masked_lm(name, model, "cpu") == (chosen, "cpu")


def test_the_fingerprint_hangs_on_weights_and_words_and_not_on_name_nor_use(
    tmp_path: Path,
) -> None:
    def fingerprint(folder: Path, use: bool = False) -> str:
        tiny = MaskedLanguageModel(str(folder), device="cpu", batch_size=3)
        if use:
            tiny.surprisal(["the council", "adopts a rule on sugar"])
        return tiny.fingerprint

    from transformers import AutoModelForMaskedLM

    own = Path(write_tiny(tmp_path / "own", WORDS))
    shutil.copytree(own, tmp_path / "copy")
    assert fingerprint(tmp_path / "copy", use=True) == fingerprint(own)

    model = AutoModelForMaskedLM.from_pretrained(own)
    model.cls.predictions.bias.data[3] += 1e-3
    shutil.copytree(own, tmp_path / "moved")
    model.save_pretrained(tmp_path / "moved")
    assert fingerprint(tmp_path / "moved") != fingerprint(own)

    shutil.copytree(own, tmp_path / "renamed")
    words = tmp_path / "renamed" / "tokenizer.json"
    words.write_text(words.read_text().replace('"sugar"', '"olive"'))
    assert fingerprint(tmp_path / "renamed") != fingerprint(own)
