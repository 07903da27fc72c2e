"""What an index knows of its classes before a document is labelled."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatMatrix, unit
from ..index.index import EmbeddingIndex
from ..models.named import NamePrior
from .classes import hidden
from .methods import expanded

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
        names = unit(expanded(name_vectors, feedback, index.mean))
        names[~name_vectors.any(axis=1)] = 0
    rows = np.flatnonzero(index.pool.selectable)
    drawn = np.random.default_rng(SEED).permutation(rows)[:BACKGROUND]
    return NamePrior(names, index.mean, index.embeddings(np.sort(drawn)))
