"""The heads that fine-tuning starts from: named ones, or plain ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector
from .crossval import can_train
from .heads import balanced_weights, logistic_heads
from .named import NamePrior, fit_named_heads


class Start(NamedTuple):
    """Heads, and the loss that they are the best of.

    Attributes:
        weights: (q, dim) float32.
        offsets: (q,) float32, infinite where a class cannot be learned: all or none have it.
        cuts: (q,) float32 logits above which a document has a class.
        is_balanced: both sides of a class weigh the same in the loss.
    """

    weights: FloatMatrix
    offsets: FloatVector
    cuts: FloatVector
    is_balanced: bool

    def cell_weights(self, labels: BoolMatrix, known: BoolMatrix) -> FloatMatrix:
        """(m, q) weights of the cells in the loss; 0 where one is unknown or a class is not learned."""
        used = known & np.isfinite(self.offsets)
        return balanced_weights(labels, used) if self.is_balanced else used.astype(np.float32)


Heads = Callable[[FloatMatrix, BoolMatrix, BoolMatrix], Start]  # of embeddings, labels, known cells


def heads_of(prior: NamePrior | None) -> Heads:
    """What fits the heads of the probe with this prior; without a name they are plain."""
    if prior is None or not prior.names.any():
        return plain_start
    return lambda embeddings, labels, known: named_start(embeddings, labels, known, prior)


def plain_start(embeddings: FloatMatrix, labels: BoolMatrix, known: BoolMatrix) -> Start:
    """Balanced logistic heads; the arguments are (m, dim), (m, q) and (m, q)."""
    q, able = labels.shape[1], can_train(labels, known)
    weights = np.zeros((q, embeddings.shape[1]), dtype=np.float32)
    has_all = (labels & known).any(axis=0) & ~able
    offsets = np.where(has_all, np.inf, -np.inf).astype(np.float32)
    if able.any():
        weights[able], offsets[able] = logistic_heads(embeddings, labels[:, able], known[:, able])
    return Start(weights, offsets, np.zeros(q, dtype=np.float32), is_balanced=True)


def named_start(
    embeddings: FloatMatrix, labels: BoolMatrix, known: BoolMatrix, prior: NamePrior
) -> Start:
    """Named heads, which decide where the expected F1 is best; the arguments are as for `plain_start`."""
    found = fit_named_heads(embeddings, labels, known, prior)
    return Start(found.weights, found.offsets, found.cuts, is_balanced=False)
