"""The logits of two models blended, and the share of the second that unseen documents speak for."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector

SHARES = (0.0, 0.3)  # of the second, that are tried


def blended(first: FloatMatrix, second: FloatMatrix, share: float | FloatVector) -> FloatMatrix:
    """(n, q) float32 logits: this share of the second's, of all classes or of each, the rest the first's.

    Where the first is infinite, as for a class that all or none of the documents have, it stands.
    """
    is_finite = np.isfinite(first)
    one, other = (np.where(is_finite, logits, 0) for logits in (first, second))
    return np.asarray(np.where(is_finite, (1 - share) * one + share * other, first), np.float32)


def best_share(
    first: FloatMatrix, second: FloatMatrix, labels: BoolMatrix, weights: FloatMatrix
) -> float:
    """The share of the second with the least log-loss, of SHARES; of equals the lowest.

    All classes weigh the same; those that the first could not learn, or of which only one side
    counts, are left out.

    Args:
        first: (m, q) logits of documents that the model has not seen; infinite where it could not
            learn a class.
        second: (m, q) of the same documents.
        labels: (m, q).
        weights: (m, q) of the cells in the loss of a class; 0 where a cell does not count.
    """
    counted = (weights > 0) & np.isfinite(first).all(axis=0)
    counted &= (labels & counted).any(axis=0) & (~labels & counted).any(axis=0)
    own = np.where(counted, weights, 0)
    own /= np.maximum(own.sum(axis=0), 1e-12)
    return min(SHARES, key=lambda share: _loss(blended(first, second, share), labels, own))


def _loss(logits: FloatMatrix, labels: BoolMatrix, weights: FloatMatrix) -> float:
    cells = np.logaddexp(0, np.where(labels, -logits, logits), dtype=np.float64)
    return float(np.sum(np.where(weights > 0, cells, 0) * weights))
