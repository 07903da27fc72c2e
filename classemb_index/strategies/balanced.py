"""Balanced: uncertain documents that probably have a class that is rare among the labelled."""

from __future__ import annotations

import numpy as np

from ..types import Counts, FloatMatrix, Scores
from .base import Selection, SelectionState, highest
from .uncertainty import class_uncertainty


def select_balanced(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest balanced score."""
    probabilities = state.trained().probabilities(state.unlabelled_rows)
    return highest(state, balanced_scores(probabilities, state.labelled.counts), batch)


def balanced_scores(probabilities: FloatMatrix, counts: Counts) -> Scores:
    """Mean uncertainty times the largest weighted probability (Fairstein et al., LAW 2024).

    A class weighs in inverse proportion to its labelled documents, 1 / (1 + n_c).

    Args:
        probabilities: (n_u, q).
        counts: (q,) labelled documents of each class.

    Returns:
        (n_u,) float64.
    """
    weights = 1 / (1 + counts)
    weights = weights / weights.sum()
    return np.asarray(
        class_uncertainty(probabilities).mean(axis=1) * (probabilities * weights).max(axis=1)
    )
