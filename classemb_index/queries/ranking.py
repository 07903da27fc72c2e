"""Documents ranked by a vector and read page by page."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np

from ..arrays import FloatVector, Mask, Rows, unit
from ..errors import RequestError
from ..index.backends.base import TOLERANCE, rank
from ..index.index import EmbeddingIndex

LEAST = 100  # documents that are put in order at once


class RankedPage(NamedTuple):
    """A part of a ranking.

    Attributes:
        rows: (m,) int64 documents, best first.
        scores: (m,) float32 cosine similarities; None where documents stand in the pool's order.
    """

    rows: Rows
    scores: FloatVector | None


class Ranking:
    """The documents of a mask, the most like a vector first, ties to the lower row.

    All are compared once, so that a later page costs little; at 1,000,000 documents a ranking holds
    8 MB. It stays as it is when labels come in: who labels the first page misses nothing on the
    second. Threads may share it.

    Args:
        index: the documents.
        among: (n,) True for those that are ranked.
        vector: (dim,) of any length but zero; None leaves them in the order of the pool.

    Attributes:
        n: documents in it.

    Raises:
        RequestError: the vector is zero, NaN, or of another dimension.
    """

    def __init__(self, index: EmbeddingIndex, among: Mask, vector: FloatVector | None) -> None:
        self._index, self._vector, self._lock = index, vector, Lock()
        self._rows = np.flatnonzero(among).astype(np.int32)
        self._scores = None if vector is None else index.similarities(vector)[self._rows]
        self._best = RankedPage(np.empty(0, dtype=np.int64), None)
        self.n = len(self._rows)

    def page(self, offset: int, size: int) -> RankedPage:
        """The documents from `offset` on, at most `size`; none beyond the last.

        Raises:
            RequestError: either is negative.
        """
        if offset < 0 or size < 0:
            raise RequestError(
                f"no page of {size} documents begins at {offset}; both are 0 or more"
            )
        end = min(offset + size, self.n)
        with self._lock:
            if len(self._best.rows) < end:
                self._best = self._ordered(min(max(LEAST, 2 * end), self.n))
            rows, scores = self._best
        return RankedPage(rows[offset:end], None if scores is None else scores[offset:end])

    def _ordered(self, k: int) -> RankedPage:
        """The k best, by scores in double precision as a search gives them."""
        if self._vector is None or self._scores is None:
            return RankedPage(self._rows[:k].astype(np.int64), None)
        kth = np.partition(self._scores, self.n - k)[self.n - k]
        near = self._rows[self._scores >= kth - TOLERANCE].astype(np.int64)
        direction = unit(self._vector[None])[0]
        best, scores = rank(self._index.embeddings(near), direction, np.arange(len(near)), k)
        return RankedPage(near[best], scores)
