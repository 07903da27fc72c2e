"""A long text cut into passages, each of which an encoder reads to its end."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..arrays import Mask, Rows
from .encoder import SentenceBertEncoder

MOST = 64  # passages of a text
OVERLAP = 4  # one part in so many of a passage may stand in the next one too
LONGEST = 16  # characters a token that are looked at: a word of more is rare
SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")


@dataclass(frozen=True)
class Cut:
    """Where the passages of a text stand.

    Attributes:
        spans: (p, 2) int64, first and past-last character of each, in their order; what is between
            two of them is white space.
        is_whole: whether they reach the text's end.
    """

    spans: Rows
    is_whole: bool


def cut_text(encoder: SentenceBertEncoder, text: str, most: int = MOST) -> Cut:
    """The passages of a text that the encoder reads to their end; one where it is short enough.

    A passage ends with the last sentence that ends in its second half, and the next one begins
    there. Where none does it ends with a word, and the last quarter of it, from the first sentence or
    word that begins there, is in the next one too, so that what stands at such an edge is read with what is
    around it.

    Args:
        encoder: says how long a passage may be.
        text: of any length; what is beyond `most` passages is not looked at.
        most: passages.
    """
    tokenizer, own = encoder.model.tokenizer, encoder.model.tokenizer.num_special_tokens_to_add()
    with encoder.lock:
        own += len(tokenizer(encoder.prompt, add_special_tokens=False)["input_ids"])
        room = max(1, encoder.max_length - own)
        looked_at = text[: most * room * LONGEST]
        given = tokenizer(
            looked_at,
            add_special_tokens=False,
            return_offsets_mapping=True,
            truncation=False,
            verbose=False,
        )
    offsets = np.array(given["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    if len(offsets) <= room:
        return Cut(np.array([[0, len(looked_at)]]), len(looked_at) == len(text))
    words = np.array([-1 if number is None else number for number in given.word_ids(0)])
    begins_word = np.diff(words, prepend=-2) != 0
    spans, is_whole = _windows(offsets, begins_word, _sentences(looked_at, offsets), room, most)
    return Cut(spans, is_whole and len(looked_at) == len(text))


def _sentences(text: str, offsets: Rows) -> Mask:
    """(t,) True for the first token of each sentence."""
    ends = [match.end() for match in SENTENCE.finditer(text)]
    begins = np.zeros(len(offsets), dtype=bool)
    first = np.searchsorted(offsets[:, 0], [0, *ends])
    begins[first[first < len(offsets)]] = True
    return begins


def _windows(
    offsets: Rows, begins_word: Mask, begins_sentence: Mask, room: int, most: int
) -> tuple[Rows, bool]:
    """Spans of at most `room` tokens, and whether the last one reaches the end."""
    spans: list[tuple[int, int]] = []
    start, stop, n = 0, 0, len(offsets)
    while stop < n and len(spans) < most:
        first, stop = start, min(start + room, n)
        ends = range(start + room // 2 + 1, stop + 1)  # of the token after the passage
        start = stop
        if stop < n and not begins_sentence[ends.start : ends.stop].any():
            stop = _last(begins_word, ends)
            start = _first(begins_sentence, begins_word, range(stop - room // OVERLAP, stop))
        elif stop < n:
            start = stop = _last(begins_sentence, ends)
        spans.append((int(offsets[first, 0]), int(offsets[stop - 1, 1])))
    return np.array(spans, dtype=np.int64), stop == n


def _last(begins: Mask, places: range) -> int:
    """The last of the places where something begins; where nothing does, the last."""
    found = np.flatnonzero(begins[places.start : places.stop])
    return places.start + int(found[-1]) if found.size else places.stop - 1


def _first(begins_sentence: Mask, begins_word: Mask, places: range) -> int:
    """The first of the places where a sentence begins, or else a word; else the one after them."""
    for begins in (begins_sentence, begins_word):
        found = np.flatnonzero(begins[places.start : places.stop])
        if found.size:
            return places.start + int(found[0])
    return places.stop
