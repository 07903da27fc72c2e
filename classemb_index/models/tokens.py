"""Texts as an encoder reads them: what each token adds to a text's embedding, and which word it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatMatrix, FloatVector, Rows, unit
from .devices import autocast
from .encoder import SentenceBertEncoder

NO_WORD = -1  # of tokens that an encoder adds, and of punctuation
ROUNDING = 0.02  # of a unit embedding: bfloat16 keeps three digits
TokenMeaning: TypeAlias = Literal["shares", "similarity", "none"]


@dataclass(frozen=True)
class ReadText:
    """One text, read.

    Attributes:
        text: as it was given; what is beyond the encoder's window was not read.
        embedding: (dim,) float32 of unit length.
        tokens: (t, dim) float32, one for each token that was read. They are "shares": parts of which
            the embedding is the sum; or, of an encoder that does not average its tokens, each
            token's own output at unit length, for "similarity". Of one whose outputs have
            another length than its embeddings there is "none".
        meaning: which of these.
        words: (w, 2) int64, where each word begins and ends in the text, in characters.
        word_of: (t,) int64 position of the word that a token is of, or NO_WORD.
    """

    text: str
    embedding: FloatVector
    tokens: FloatMatrix
    meaning: TokenMeaning
    words: Rows
    word_of: Rows

    def by_word(self, of_tokens: FloatVector) -> FloatVector:
        """(w,) float32: shares of a word's tokens summed, their similarities averaged."""
        is_of_word = self.word_of != NO_WORD
        places, n = self.word_of[is_of_word], len(self.words)
        sums = np.bincount(places, weights=of_tokens[is_of_word], minlength=n)
        tokens = np.bincount(places, minlength=n) if self.meaning == "similarity" else 1
        return np.asarray(sums / tokens, dtype=np.float32)


def read_texts(encoder: SentenceBertEncoder, texts: Sequence[str]) -> list[ReadText]:
    """Each of the texts as the encoder reads it.

    An encoder that averages the outputs h_1 to h_T of its tokens and scales the mean to unit length
    has the embedding e = mean h / |mean h| = sum_t h_t / (T |mean h|). So w.e of any vector w is exactly
    the sum over tokens of w.h_t / (T |mean h|), each token's share, tokens that the encoder adds (as
    [CLS]) among them. Whether an encoder is of this kind is seen from the sum. As each h_t is computed
    in sight of the whole text, a share is that of a word in its place, not of the word alone.

    Args:
        encoder: a text's first `max_length` tokens are read, after the prompt that it begins with.
        texts: each is padded to the longest.
    """
    import torch

    if not texts:
        return []
    model, device, prompt = encoder.model, encoder.device, encoder.prompt
    with encoder.lock, torch.inference_mode(), autocast(encoder.precision, device):
        given = model.tokenizer(
            [prompt + text for text in texts],
            truncation=True,
            max_length=encoder.max_length,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = given.pop("offset_mapping").numpy() - len(prompt)
        found = model(dict(given.to(device)))
    outputs = found["token_embeddings"].float().cpu().numpy()
    embeddings = unit(found["sentence_embedding"].float().cpu().numpy())
    read: NDArray[np.bool_] = given["attention_mask"].cpu().numpy().astype(bool)
    return [
        _read(
            text, embeddings[i], outputs[i][read[i]], offsets[i][read[i]], _words_of(given, i, read)
        )
        for i, text in enumerate(texts)
    ]


def _words_of(given: Any, i: int, read: NDArray[np.bool_]) -> list[int | None]:
    numbers: list[int | None] = given.word_ids(i)
    return [number for number, is_read in zip(numbers, read[i], strict=True) if is_read]


def _read(
    text: str,
    embedding: FloatVector,
    outputs: FloatMatrix,
    offsets: Rows,
    numbers: Sequence[int | None],
) -> ReadText:
    """One text of a batch: `numbers` are the tokenizer's own words."""
    words: list[tuple[int, int]] = []
    word_of = np.full(len(outputs), NO_WORD, dtype=np.int64)
    spans: dict[int, list[int]] = {}
    for token, (number, (start, end)) in enumerate(zip(numbers, offsets.tolist(), strict=True)):
        if number is not None and 0 <= start < end:
            spans.setdefault(number, []).append(token)
    for tokens in spans.values():
        start, end = int(offsets[tokens[0], 0]), int(offsets[tokens[-1], 1])
        word = text[start:end]
        if any(map(str.isalnum, word)):
            word_of[tokens] = len(words)
            words.append((end - len(word.lstrip()), start + len(word.rstrip())))
    vectors, meaning = _meaning(embedding, outputs)
    spans_of_words = np.array(words, dtype=np.int64).reshape(-1, 2)
    return ReadText(text, embedding, vectors, meaning, spans_of_words, word_of)


def _meaning(embedding: FloatVector, outputs: FloatMatrix) -> tuple[FloatMatrix, TokenMeaning]:
    """What the outputs of the tokens are to the embedding."""
    if outputs.shape[1] != len(embedding):
        return np.zeros((len(outputs), len(embedding)), dtype=np.float32), "none"
    length = float(np.linalg.norm(outputs.mean(axis=0)))
    if length:
        shares = outputs / np.float32(len(outputs) * length)
        if np.linalg.norm(shares.sum(axis=0) - embedding) < ROUNDING:
            return shares, "shares"
    return unit(outputs), "similarity"
