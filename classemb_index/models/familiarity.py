"""Which documents resemble nothing that a model was trained on."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatMatrix, Mask, blocks

PERCENTILE = 1  # of the labelled documents are as far from all others
MOST_KEPT = 2000  # labelled documents that are compared with
BLOCK = 8192  # documents that are compared at once
AT_ONCE = 128  # labelled documents that they are compared with at once
FEWEST = 20  # labelled documents from which a percentile says anything


def kept_for_comparison(embeddings: FloatMatrix, rng: np.random.Generator) -> FloatMatrix:
    """(at most 2000, dim) float16 of the labelled documents, drawn at random where there are more."""
    rows = np.arange(len(embeddings))
    if len(rows) > MOST_KEPT:
        rows = np.sort(rng.choice(len(rows), MOST_KEPT, replace=False))
    return np.asarray(embeddings[rows], dtype=np.float16)


def familiarity_limit(labelled: FloatMatrix) -> float | None:
    """The cosine to the nearest labelled document below which a document resembles nothing labelled.

    The 1st percentile of what the labelled documents have to their nearest other one; None below
    20 of them, where that says nothing.

    Args:
        labelled: (m, dim) of unit length.
    """
    vectors = labelled.astype(np.float32)
    if len(vectors) < FEWEST:
        return None
    nearest = np.empty(len(vectors), dtype=np.float32)
    for part in blocks(len(vectors), BLOCK):
        cosines = vectors[part] @ vectors.T
        own = np.arange(part.start, part.stop)
        cosines[own - part.start, own] = -1
        nearest[part] = cosines.max(axis=1)
    return float(np.percentile(nearest, PERCENTILE))


def unfamiliar(embeddings: FloatMatrix, labelled: FloatMatrix, limit: float | None) -> Mask:
    """(n,) True for documents whose nearest labelled one is below the limit; without one, for none.

    Args:
        embeddings: (n, dim) of unit length.
        labelled: (m, dim) from `kept_for_comparison`.
        limit: from `familiarity_limit`.
    """
    found = np.zeros(len(embeddings), dtype=bool)
    if limit is None:
        return found
    vectors = np.ascontiguousarray(labelled.T, dtype=np.float32)
    for part in blocks(len(embeddings), BLOCK):
        rows, given = np.arange(part.start, part.stop), embeddings[part]
        nearest = np.full(len(rows), -1, dtype=np.float32)
        for some in blocks(len(labelled), AT_ONCE):
            np.maximum(nearest, (given @ vectors[:, some]).max(axis=1), out=nearest)
            is_left = nearest < limit
            if 2 * np.count_nonzero(is_left) < len(rows):  # the others need no further look
                rows, given, nearest = rows[is_left], given[is_left], nearest[is_left]
        found[rows[nearest < limit]] = True
    return found
