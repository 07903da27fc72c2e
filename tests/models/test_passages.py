"""Long texts cut into passages: nothing is lost, nothing is cut off, edges are sentences."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index import SentenceBertEncoder
from classemb_index.models.passages import cut_text
from tests.support.tiny import write_tiny

WORDS = ["apple", "pear", "the", "##s", "漢", "字", ".", "。"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SentenceBertEncoder:
    """A model that reads 10 tokens, two of which are its own."""
    name = write_tiny(tmp_path_factory.mktemp("passages") / "tiny", WORDS, "BertModel")
    return SentenceBertEncoder(name, device="cpu", precision="float32", max_length=10)


def passages(encoder: SentenceBertEncoder, text: str, **options: int) -> list[str]:
    return [text[start:end] for start, end in cut_text(encoder, text, **options).spans.tolist()]


def test_a_short_text_is_one_passage_as_it_is(tiny: SentenceBertEncoder) -> None:
    text = "  the apples.\n"
    assert passages(tiny, text) == [text] and cut_text(tiny, text).is_whole


def test_an_empty_text_is_one_passage(tiny: SentenceBertEncoder) -> None:
    assert passages(tiny, "") == [""] and cut_text(tiny, "").is_whole


def test_a_passage_ends_with_a_sentence(tiny: SentenceBertEncoder) -> None:
    text = "the apple pear apple pear. the pear the apple. apple the pear"
    # 8 tokens fit; the first sentence has 6, the second 5
    assert passages(tiny, text) == [
        "the apple pear apple pear.",
        "the pear the apple. apple the pear",
    ]


def test_without_a_sentence_passages_end_with_words_and_overlap_by_a_quarter(
    tiny: SentenceBertEncoder,
) -> None:
    words = [f"{'pear' if i % 3 else 'apple'}s" for i in range(9)]  # two tokens each
    assert passages(tiny, " ".join(words)) == [
        " ".join(words[0:4]),
        " ".join(words[3:7]),
        " ".join(words[6:9]),
    ]


def test_chinese_sentences_end_without_a_space(tiny: SentenceBertEncoder) -> None:
    assert passages(tiny, "漢字漢字漢。字漢字漢字") == ["漢字漢字漢。", "字漢字漢字"]


def test_every_word_stands_in_a_passage_and_every_passage_is_read_to_its_end(
    tiny: SentenceBertEncoder,
) -> None:
    rng = np.random.default_rng(0)
    text = " ".join(rng.choice(["apple", "pears", "the.", "漢字", "x" * 120, "\n"], 100))
    cut = cut_text(tiny, text)
    assert cut.is_whole and tiny.count_cut(passages(tiny, text)) == 0
    is_there = np.zeros(len(text), dtype=bool)
    for start, end in cut.spans.tolist():
        is_there[start:end] = True
    assert not "".join(c for c, there in zip(text, is_there, strict=True) if not there).strip()
    assert (np.diff(cut.spans, axis=0) > 0).all()


def test_of_a_very_long_text_the_first_passages_are_looked_at(tiny: SentenceBertEncoder) -> None:
    cut = cut_text(tiny, "apple " * 1000, most=3)
    assert len(cut.spans) == 3 and not cut.is_whole
    # passages of 8 words that share 2
    assert cut.spans[:, 0].tolist() == [0, 6 * 6, 12 * 6]


def test_a_line_without_an_end_is_bounded(tiny: SentenceBertEncoder) -> None:
    cut = cut_text(tiny, "x" * 1_000_000)
    assert len(cut.spans) == 1 and not cut.is_whole
