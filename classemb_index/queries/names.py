"""What an index knows of its classes before a document is labelled, and with its labels."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatMatrix, FloatVector, unit
from ..errors import RequestError
from ..index.draft import FEEDBACK, embed_class_names
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.contracts import Encoder
from ..models.named import NamedHeads, NamePrior, fit_named_heads
from .classes import hidden
from .methods import expanded
from .ranking import Ranking

BACKGROUND = 8192  # documents that stand for the pool
SEED = 0  # of their draw


def name_prior(index: EmbeddingIndex, name_vectors: FloatMatrix | None = None) -> NamePrior:
    """The prior of named heads: expanded names, the pool's mean, and random documents of it.

    Args:
        index: the pool and its embeddings.
        name_vectors: (q, dim) embeddings of names or descriptions, zero for a class without one;
            None takes the index's class names, or no names where it has none.
    """
    if name_vectors is None:
        name_vectors, feedback = index.name_vectors, index.name_feedback
    else:
        feedback = index.feedback(name_vectors)
    if name_vectors is None or feedback is None:
        names = hidden(index)
    else:
        names = _directions(index, name_vectors, feedback)
    rows = np.flatnonzero(index.pool.selectable)
    drawn = np.random.default_rng(SEED).permutation(rows)[:BACKGROUND]
    return NamePrior(names, index.mean, index.embeddings(np.sort(drawn)))


def described_direction(index: EmbeddingIndex, encoder: Encoder, text: str) -> FloatVector:
    """(dim,) float32 unit vector that a class of this name or description is searched by before labels.

    Args:
        index: the pool and its embeddings.
        encoder: the index's own.
        text: any but an empty one.

    Raises:
        RequestError: the text is empty.
        EncoderMismatchError: the encoder is another one.
    """
    if not text.strip():
        raise RequestError("the description is empty; say what the class is about")
    index.check_encoder(encoder)
    vectors = embed_class_names([text.strip()], encoder)
    # the same as index.feedback, which costs several times as much for one text
    near = Ranking(index, index.pool.selectable, vectors[0]).page(0, FEEDBACK).rows
    feedback = index.embeddings(near).mean(axis=0, dtype=np.float32)[None]
    return np.asarray(_directions(index, vectors, feedback)[0])


def class_heads(index: EmbeddingIndex, labelled: LabelledSet, prior: NamePrior) -> NamedHeads:
    """The named heads of all classes: how much a name counts is learned from all of them together."""
    embeddings = index.embeddings(labelled.rows)
    return fit_named_heads(embeddings, labelled.labels, labelled.known, prior)


def _directions(
    index: EmbeddingIndex, name_vectors: FloatMatrix, feedback: FloatMatrix
) -> FloatMatrix:
    """(q, dim) float32 expanded names of unit length; zero for a class without a name."""
    names = unit(expanded(name_vectors, feedback, index.mean))
    names[~name_vectors.any(axis=1)] = 0
    return names
