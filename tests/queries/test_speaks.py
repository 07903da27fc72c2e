"""Why a document is shown: passages by what a class says of them, and the words that speak for it."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, SentenceBertEncoder
from classemb_index.labels.labelled import labelled_set, nothing_labelled
from classemb_index.models.passages import Cut
from classemb_index.models.tokens import ReadText, TokenMeaning, read_texts
from classemb_index.queries.search import query_classes
from classemb_index.queries.speaks import Why, class_directions, token_shares, why
from tests.support.keywords import keyword_index

AXIS = np.array([1, 0], dtype=np.float32)
NOWHERE = np.zeros(2, dtype=np.float32)


@pytest.fixture(scope="module")
def keywords(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """Documents of up to 13 words in which class apple is the word apple."""
    return keyword_index(tmp_path_factory.mktemp("speaks"))


@pytest.fixture(scope="module")
def encoder(keywords: EmbeddingIndex) -> SentenceBertEncoder:
    return keywords.load_encoder(precision="float32")


@pytest.fixture(scope="module")
def apple(keywords: EmbeddingIndex) -> np.ndarray:
    """The direction of the class apple, by all labels."""
    labelled = labelled_set(keywords.pool, np.arange(len(keywords)), "all of them")
    return class_directions(keywords, labelled)[0]


def marked(text: str, found: Why, passage: int = 0) -> list[str]:
    return [text[word.start : word.end] for word in found.passages[passage].words]


def read_of(shares: list[float], words: list[str], meaning: TokenMeaning = "shares") -> ReadText:
    """A text of these words, a token each, whose shares along AXIS are these."""
    text, tokens = " ".join(words), np.array([[share, 0] for share in shares], dtype=np.float32)
    starts = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
    spans = np.stack([starts, starts + [len(word) for word in words]], axis=1)
    return ReadText(text, tokens.sum(axis=0), tokens, meaning, spans, np.arange(len(words)))


def words_marked(
    monkeypatch: pytest.MonkeyPatch, encoder: SentenceBertEncoder, read: ReadText
) -> list[str]:
    """The words that are marked in one passage which is read so."""
    whole = Cut(np.array([[0, len(read.text)]]), True)
    monkeypatch.setattr("classemb_index.queries.speaks.cut_text", lambda encoder, text: whole)
    monkeypatch.setattr("classemb_index.queries.speaks.read_texts", lambda encoder, texts: [read])
    return marked(read.text, why(encoder, read.text, AXIS, NOWHERE))


def test_shares_sum_to_the_score_of_the_document_less_the_mean(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder, apple: np.ndarray
) -> None:
    rows = np.arange(20)
    scores = (keywords.embeddings(rows) - keywords.embeddings().mean(axis=0)) @ apple
    for text, score, read in zip(
        keywords.pool.texts_of(rows),
        scores,
        read_texts(encoder, keywords.pool.texts_of(rows)),
        strict=True,
    ):
        assert token_shares(read, apple, keywords.mean).sum() == pytest.approx(score, abs=1e-5)
        assert why(encoder, text, apple, keywords.mean).passages[0].score == pytest.approx(
            score, abs=1e-5
        )


def test_the_class_s_word_is_marked(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder, apple: np.ndarray
) -> None:
    text = "the council shall adopt apple this on import"
    found = why(encoder, text, apple, keywords.mean)
    assert found.meaning == "shares" and found.is_whole
    assert marked(text, found) == ["apple"]


def test_the_passage_that_speaks_most_for_the_class_comes_first(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder, apple: np.ndarray
) -> None:
    text = (
        f"{'the council shall adopt this on import. ' * 5}apple on export. {'on import the. ' * 9}"
    )
    found = why(encoder, text, apple, keywords.mean)
    assert len(found.passages) > 3
    best = found.passages[0]
    assert "apple" in text[best.start : best.end] and marked(text, found) == ["apple"]
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    alone = encoder.encode([text[best.start : best.end]])[0]
    assert best.score == pytest.approx(float((alone - keywords.mean) @ apple), abs=1e-5)


def test_no_word_speaks_where_the_text_does_not(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder, apple: np.ndarray
) -> None:
    found = why(encoder, "apple", -apple, keywords.mean)
    assert found.passages[0].score < 0 and found.passages[0].words == ()


def test_a_text_cut_off_says_so(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder, apple: np.ndarray
) -> None:
    found = why(encoder, "pear " * 3000, apple, keywords.mean)
    assert len(found.passages) == 64 and not found.is_whole


def test_a_word_is_judged_by_the_mean_of_its_places(
    monkeypatch: pytest.MonkeyPatch, encoder: SentenceBertEncoder
) -> None:
    # "of" beside the noun has as much as the noun, and nothing elsewhere
    words = ["hoist", "of", "a", "of", "b", "of", "c", "Hoist"]
    read = read_of([0.3, 0.3, 0, 0, 0, 0, 0, 0.3], words)
    assert words_marked(monkeypatch, encoder, read) == ["hoist", "Hoist"]


def test_trifles_are_not_marked(
    monkeypatch: pytest.MonkeyPatch, encoder: SentenceBertEncoder
) -> None:
    trifles = read_of([0.1, 0.01, 0.0], ["a", "b", "c"])
    assert words_marked(monkeypatch, encoder, trifles) == []  # 3 tokens like a: 0.3, below 0.5
    more = read_of([0.2, 0.01, 0.0], ["a", "b", "c"])
    assert words_marked(monkeypatch, encoder, more) == ["a"]


def test_a_single_word_is_marked_and_at_most_twelve_are(
    monkeypatch: pytest.MonkeyPatch, encoder: SentenceBertEncoder
) -> None:
    assert words_marked(monkeypatch, encoder, read_of([0.9], ["a"])) == ["a"]
    many = read_of([0.5 - i / 1000 for i in range(20)] + [0.0] * 100, [f"w{i}" for i in range(120)])
    assert words_marked(monkeypatch, encoder, many) == [f"w{i}" for i in range(12)]


def test_of_similarities_the_highest_are_marked_and_of_no_meaning_none(
    monkeypatch: pytest.MonkeyPatch, encoder: SentenceBertEncoder
) -> None:
    shares, words = [0.4, 0.1, 0.1, 0.1], ["a", "b", "c", "d"]
    alike = read_of(shares, words, "similarity")
    assert words_marked(monkeypatch, encoder, alike) == ["a"]
    assert words_marked(monkeypatch, encoder, read_of(shares, words, "none")) == []


@pytest.mark.parametrize("n_labelled", [0, 30])
def test_directions_are_what_auto_searches_by(keywords: EmbeddingIndex, n_labelled: int) -> None:
    labelled = labelled_set(keywords.pool, np.arange(n_labelled), "the first")
    directions = class_directions(keywords, labelled)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)
    found = query_classes(keywords, [0, 1], labelled, k=10, method="auto")
    for answer, direction in zip(found.classes, directions, strict=True):
        near = keywords.search(direction[None], 10, among=labelled.unlabelled)
        assert answer.neighbours is not None
        assert near.rows[0].tolist() == answer.neighbours.rows.tolist()


def test_a_class_of_which_nothing_is_known_has_no_direction(toy_index: EmbeddingIndex) -> None:
    directions = class_directions(toy_index, nothing_labelled(toy_index.pool))
    assert directions.shape == (3, toy_index.manifest.dim) and not directions.any()


def test_a_document_of_the_pool_is_read_as_it_was_embedded(
    keywords: EmbeddingIndex, encoder: SentenceBertEncoder
) -> None:
    texts = keywords.pool.texts_of(np.arange(5))
    for read, embedding in zip(read_texts(encoder, texts), keywords.embeddings(), strict=False):
        np.testing.assert_allclose(read.embedding, embedding, atol=1e-5)
