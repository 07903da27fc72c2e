"""Why a document is shown for a class: its best passage, and the words that speak for the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..arrays import FloatMatrix, FloatVector, blocks, unit
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.encoder import SentenceBertEncoder
from ..models.named import NamePrior
from ..models.passages import cut_text
from ..models.tokens import ReadText, TokenMeaning, read_texts
from .names import class_heads, name_prior

BATCH = 16  # passages that are read together
MOST_WORDS = 12  # distinct ones that are marked in a passage
LEAST_SCORE = 0.5  # that a text would have, all of whose tokens had the share of a marked word


class SpeakingWord(NamedTuple):
    """A word that speaks for a class.

    Attributes:
        start: its first character in the document's text.
        end: the one past its last.
        share: what it adds to the passage's score, or how like the class it is, see `Why.meaning`.
    """

    start: int
    end: int
    share: float


@dataclass(frozen=True)
class Passage:
    """A part of a text that the encoder reads to its end.

    Attributes:
        start: its first character in the document's text.
        end: the one past its last.
        score: inner product of the class's direction with its embedding less the pool's mean.
        words: that speak for the class, in their order; none where no word does.
    """

    start: int
    end: int
    score: float
    words: tuple[SpeakingWord, ...]


@dataclass(frozen=True)
class Why:
    """Why a document is shown for a class.

    Attributes:
        meaning: "shares": the shares of all tokens of a passage sum to its score; "similarity": the
            encoder is none of which that can be said, and a word's share is the cosine similarity of its
            tokens to the class; "none": nothing can be said of words.
        passages: best first; of a document that is read whole there is one.
        is_whole: whether they reach the text's end; what is beyond was not looked at.
    """

    meaning: TokenMeaning
    passages: tuple[Passage, ...]
    is_whole: bool


def class_directions(
    index: EmbeddingIndex, labelled: LabelledSet, prior: NamePrior | None = None
) -> FloatMatrix:
    """(q, dim) float32 unit vectors that the classes are searched by: the weights of their named heads.

    That is a class's name before it has labels, and what its labels make of it then. A class of which
    nothing is known, and no name can be embedded, is a row of zeros.
    """
    prior = prior or name_prior(index)
    weights = class_heads(index, labelled, prior).weights
    is_known = prior.names.any(axis=1) | (labelled.counts > 0)
    return unit(np.where(is_known[:, None], weights, np.float32(0)))


def why(encoder: SentenceBertEncoder, text: str, direction: FloatVector, mean: FloatVector) -> Why:
    """The passages of a text, the one that a class speaks most for first, and in each such words.

    Scores are taken relative to the pool's mean, as the class's head takes embeddings: the mean is taken
    from all tokens of a passage alike, so that what every document of the pool says, as the formulas
    of a law, comes out at about zero or below it. The derivation stands in docs/queries.md.

    Args:
        encoder: the index's own.
        text: of a document.
        direction: (dim,) float32 of unit length, of the class.
        mean: (dim,) float32 of the pool.
    """
    cut = cut_text(encoder, text)
    read: list[ReadText] = []
    for part in blocks(len(cut.spans), BATCH):
        read += read_texts(encoder, [text[start:end] for start, end in cut.spans[part].tolist()])
    passages = [
        _passage(own, int(start), direction, mean)
        for own, start in zip(read, cut.spans[:, 0], strict=True)
    ]
    best = sorted(passages, key=lambda passage: (-passage.score, passage.start))
    return Why(read[0].meaning, tuple(best), cut.is_whole)


def token_shares(read: ReadText, direction: FloatVector, mean: FloatVector) -> FloatVector:
    """(t,) float32 share of each token in the score of a text.

    Of "shares" they sum to direction . (embedding - mean), from which each of the T tokens bears
    a T-th of the mean; of "similarity" they are cosine similarities.
    """
    of_mean = float(mean @ direction) / max(1, len(read.tokens))
    shares = read.tokens @ direction
    return shares - np.float32(of_mean) if read.meaning == "shares" else shares


def _passage(read: ReadText, start: int, direction: FloatVector, mean: FloatVector) -> Passage:
    score = float(direction @ (read.embedding - mean))
    shares = read.by_word(token_shares(read, direction, mean))
    marked = _marked(read, shares) if score > 0 else []
    words = tuple(
        SpeakingWord(start + int(read.words[w, 0]), start + int(read.words[w, 1]), float(shares[w]))
        for w in marked
    )
    return Passage(start, start + len(read.text), score, words)


def _marked(read: ReadText, shares: FloatVector) -> list[int]:
    """The words that speak for a class, far above the others of the passage, in all their places.

    A word is judged by the mean of its places: an "of" beside the right noun takes a share of its
    meaning, the twenty others do not. It is marked where that mean is above the mean of all words by
    their standard deviation and is no trifle; of more than 12 such words the best.
    """
    if read.meaning == "none" or not len(shares):
        return []
    places: dict[str, list[int]] = {}
    for w, (start, end) in enumerate(read.words.tolist()):
        places.setdefault(read.text[start:end].casefold(), []).append(w)
    every = list(places.values())
    means = np.array([shares[own].mean() for own in every])
    least = float(shares.mean() + shares.std()) if len(every) > 1 else 0.0
    if read.meaning == "shares":
        least = max(least, LEAST_SCORE / len(read.tokens))
    best = np.argsort(-means, kind="stable")[:MOST_WORDS]
    return sorted(w for i in best if means[i] > max(least, 0) for w in every[i] if shares[w] > 0)
