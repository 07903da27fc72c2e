"""Texts as an encoder reads them: shares that sum to the embedding, and words in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classemb_index import SentenceBertEncoder
from classemb_index.models.tokens import NO_WORD, ReadText, read_texts
from tests.support.places import minilm_or_skip
from tests.support.tiny import write_tiny

WORDS = ["apple", "pear", "the", "##s", "größe", "漢", "字", "مر", "##حبا", ",", "."]


@pytest.fixture
def tiny(tmp_path: Path) -> SentenceBertEncoder:
    """A model of a few words that averages its tokens and reads 12 of them."""
    name = write_tiny(tmp_path / "tiny", WORDS, "BertModel")
    return SentenceBertEncoder(name, device="cpu", precision="float32", max_length=12)


def words_of(read: ReadText) -> list[str]:
    return [read.text[start:end] for start, end in read.words.tolist()]


def test_shares_of_tokens_sum_to_the_embedding_that_the_encoder_gives(
    tiny: SentenceBertEncoder,
) -> None:
    texts = ["the apples, the pear", "pear", "apple " * 30, "unknown words only"]
    for text, read in zip(texts, read_texts(tiny, texts), strict=True):
        assert read.meaning == "shares"
        np.testing.assert_allclose(read.tokens.sum(axis=0), tiny.encode([text])[0], atol=1e-5)


def test_a_token_s_share_is_its_output_over_tokens_and_the_length_of_the_mean(
    tiny: SentenceBertEncoder,
) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = (
        AutoTokenizer.from_pretrained(tiny.name),
        AutoModel.from_pretrained(tiny.name),
    )
    with torch.no_grad():
        given = tokenizer("the apples", return_tensors="pt")
        outputs = model(**given).last_hidden_state[0].numpy()
    assert len(outputs) == 5  # [CLS] the apple ##s [SEP]
    by_hand = outputs / (5 * np.linalg.norm(outputs.mean(axis=0)))
    np.testing.assert_allclose(read_texts(tiny, ["the apples"])[0].tokens, by_hand, atol=1e-6)


def test_what_a_text_gives_hangs_on_no_other_text(tiny: SentenceBertEncoder) -> None:
    alone = read_texts(tiny, ["the pear"])[0]
    beside = read_texts(tiny, ["the pear", "the apples, the pear, the apples"])[0]
    np.testing.assert_allclose(alone.tokens, beside.tokens, atol=1e-6)
    assert alone.words.tolist() == beside.words.tolist()


def test_tokens_of_a_word_are_one_word_and_punctuation_is_none(tiny: SentenceBertEncoder) -> None:
    (read,) = read_texts(tiny, ["  the apples, pear."])
    assert words_of(read) == ["the", "apples", "pear"]
    # [CLS] the apple ##s , pear . [SEP]
    assert read.word_of.tolist() == [NO_WORD, 0, 1, 1, NO_WORD, 2, NO_WORD, NO_WORD]
    summed = read.by_word(np.arange(8, dtype=np.float32))
    assert summed.tolist() == [1, 2 + 3, 5]


def test_words_are_found_in_any_script(tiny: SentenceBertEncoder) -> None:
    (read,) = read_texts(tiny, ["Größe 漢字 👩‍👩‍👧 مرحبا"])
    assert words_of(read) == ["Größe", "漢", "字", "مرحبا"]


def test_what_is_beyond_the_window_is_no_word(tiny: SentenceBertEncoder) -> None:
    (read,) = read_texts(tiny, ["apple " * 30])
    assert len(read.tokens) == 12 and len(read.words) == 10


def test_an_encoder_that_takes_its_first_token_has_similarities(tiny: SentenceBertEncoder) -> None:
    from sentence_transformers.sentence_transformer.modules import Pooling

    tiny.model[1] = Pooling(8, pooling_mode="cls")
    (read,) = read_texts(tiny, ["the apples"])
    assert read.meaning == "similarity"
    np.testing.assert_allclose(np.linalg.norm(read.tokens, axis=1), 1, atol=1e-6)
    assert read.by_word(np.array([9, 1, 2, 4, 9], np.float32)).tolist() == [1, 3]


def test_of_an_encoder_whose_outputs_have_another_length_nothing_can_be_said(
    tiny: SentenceBertEncoder,
) -> None:
    from sentence_transformers.sentence_transformer.modules import Dense

    tiny.model.append(Dense(8, 4))
    (read,) = read_texts(tiny, ["the apples"])
    assert read.meaning == "none" and read.tokens.shape == (5, 4) and read.embedding.shape == (4,)


def test_no_text_gives_nothing(tiny: SentenceBertEncoder) -> None:
    assert read_texts(tiny, []) == []


def test_an_empty_text_has_no_word(tiny: SentenceBertEncoder) -> None:
    (read,) = read_texts(tiny, [""])
    assert read.words.shape == (0, 2) and read.by_word(np.zeros(2, np.float32)).tolist() == []


@pytest.mark.model
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_minilm_has_shares_in_either_precision(precision: str) -> None:
    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", precision=precision)
    text = "Die Größe des Schiffes, 漢字 und مرحبا: worn-out hoist ropes."
    (read,) = read_texts(encoder, [text])
    assert read.meaning == "shares"
    np.testing.assert_allclose(read.tokens.sum(axis=0), encoder.encode([text])[0], atol=5e-3)
    assert words_of(read)[:4] == ["Die", "Größe", "des", "Schiffes"]
    assert "مرحبا" in words_of(read) and words_of(read)[-4:] == ["worn", "out", "hoist", "ropes"]
