"""The contract of every backend, and the one rule that orders their answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ...arrays import FloatMatrix, FloatVector, Mask, Rows

# float32 inner products of unit vectors differ by less than this between libraries
TOLERANCE = 1e-5


class Neighbours(NamedTuple):
    """The k nearest rows of each query.

    Attributes:
        rows: (m, k) int64.
        scores: (m, k) float32 cosine similarity, falling; ties to the lower row.
    """

    rows: Rows
    scores: FloatMatrix


class VectorIndex(Protocol):
    """Searches unit vectors. Input is checked before it comes here (EmbeddingIndex.search)."""

    def search(self, queries: FloatMatrix, k: int, among: Mask | None = None) -> Neighbours:
        """The k rows of greatest cosine similarity to each query.

        Args:
            queries: (m, dim) float32 unit vectors.
            k: at most the number of rows allowed.
            among: (n,) True for rows that may be returned; None allows all.
        """


def rank(vectors: FloatMatrix, query: FloatVector, rows: Rows, k: int) -> tuple[Rows, FloatVector]:
    """The best k of the candidate rows and their scores, in the order of the contract.

    The inner products are taken once more in double precision, so that the
    answer does not depend on the library that found the candidates.
    """
    products = vectors[rows].astype(np.float64) * query.astype(np.float64)
    scores = products.sum(axis=1).astype(np.float32)
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]


def stack(ranked: list[tuple[Rows, FloatVector]]) -> Neighbours:
    """One Neighbours from each query's rows and scores."""
    return Neighbours(np.stack([r for r, _ in ranked]), np.stack([s for _, s in ranked]))
