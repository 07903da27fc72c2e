"""Measures of a multi-label classifier."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import BoolMatrix, FloatVector


class F1(NamedTuple):
    """F1 scores, each from 0 to 1.

    Attributes:
        macro: mean over the classes of which anything is known; 0 where there is none.
        micro: over all decisions together.
        per_class: (q,) float32; NaN for a class of which nothing is known.
    """

    macro: float
    micro: float
    per_class: FloatVector


def f1_scores(predicted: BoolMatrix, true: BoolMatrix, known: BoolMatrix | None = None) -> F1:
    """Macro-F1, micro-F1 and the F1 of every class.

    A class with no predicted and no true document counts as zero in the macro mean.

    Args:
        predicted: (n, q) bool.
        true: (n, q) bool.
        known: (n, q) True for the decisions that count, as the truth is known; None takes all.
    """
    if known is not None:
        predicted, true = predicted & known, true & known
    hits = np.count_nonzero(predicted & true, axis=0)
    named = np.count_nonzero(predicted, axis=0) + np.count_nonzero(true, axis=0)
    per_class = 2 * hits / np.maximum(named, 1)  # no predicted and no true document: 0 / 1
    micro = 2 * hits.sum() / max(named.sum(), 1)
    is_known = np.ones(len(hits), dtype=bool) if known is None else known.any(axis=0)
    macro = float(np.mean(per_class[is_known])) if is_known.any() else 0.0
    per_class[~is_known] = np.nan
    return F1(macro, float(micro), np.asarray(per_class, dtype=np.float32))
