"""The logits of two models blended, and the share of the second that unseen documents speak for."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix
from .heads import balanced_weights

SHARES = (0.0, 0.3)  # of the second, that are tried


def blended(first: FloatMatrix, second: FloatMatrix, share: float) -> FloatMatrix:
    """(n, q) float32 logits: this share of the second's, the rest of the first's.

    Where the first is infinite, as for a class that all or none of the documents have, it stands.
    """
    is_finite = np.isfinite(first)
    one, other = (np.where(is_finite, logits, 0) for logits in (first, second))
    return np.asarray(np.where(is_finite, (1 - share) * one + share * other, first), np.float32)


def best_share(
    first: FloatMatrix, second: FloatMatrix, labels: BoolMatrix, known: BoolMatrix
) -> float:
    """The share of the second with the least log-loss, of SHARES; of equals the lowest.

    In the log-loss both sides of a class weigh the same, and so do all classes.

    Args:
        first: (m, q) logits of documents that the model has not seen; infinite where it could not
            learn a class.
        second: (m, q) of the same documents.
        labels: (m, q).
        known: (m, q) True for the cells that count.
    """
    used = known & np.isfinite(first).all(axis=0)
    used &= (labels & used).any(axis=0) & (~labels & used).any(axis=0)
    weights = balanced_weights(labels, used) / np.maximum(used.sum(axis=0), 1)
    return min(SHARES, key=lambda share: _loss(blended(first, second, share), labels, weights))


def _loss(logits: FloatMatrix, labels: BoolMatrix, weights: FloatMatrix) -> float:
    cells = np.logaddexp(0, np.where(labels, -logits, logits), dtype=np.float64)
    return float(np.sum(np.where(weights > 0, cells, 0) * weights))
