"""Uncertainty: documents whose classes are, in the mean, closest to the decision threshold."""

from __future__ import annotations

import numpy as np

from ..types import FloatMatrix, Scores
from .base import Selection, SelectionState, highest


def select_uncertainty(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest mean uncertainty."""
    scores = class_uncertainty(state.trained().probabilities(state.unlabelled_rows)).mean(axis=1)
    return highest(state, scores, batch)


def class_uncertainty(probabilities: FloatMatrix) -> Scores:
    """1 - |2p - 1| of every document and class: 1 at probability 0.5, 0 at 0 and 1.

    Args:
        probabilities: (n_u, q).

    Returns:
        (n_u, q) float64.
    """
    return 1 - np.abs(2 * probabilities.astype(np.float64) - 1)
