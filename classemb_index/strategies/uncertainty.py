"""Uncertainty: documents whose classes are close to the decision threshold, in three readings."""

from __future__ import annotations

import numpy as np

from ..arrays import Counts, FloatMatrix, Scores
from .base import Aid, Selection, SelectionState, Strategy, highest


def select_uncertainty(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest mean uncertainty."""
    scores = class_uncertainty(state.trained().probabilities(state.unlabelled_rows)).mean(axis=1)
    return highest(state, scores, batch)


UNCERTAINTY = Strategy(select_uncertainty, frozenset({Aid.CLASSIFIER}))


def select_max_uncertainty(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest uncertainty in any class."""
    scores = class_uncertainty(state.trained().probabilities(state.unlabelled_rows)).max(axis=1)
    return highest(state, scores, batch)


MAX_UNCERTAINTY = Strategy(select_max_uncertainty, frozenset({Aid.CLASSIFIER}))


def select_balanced(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest balanced score."""
    probabilities = state.trained().probabilities(state.unlabelled_rows)
    return highest(state, balanced_scores(probabilities, state.labelled.counts), batch)


BALANCED = Strategy(select_balanced, frozenset({Aid.CLASSIFIER}))


def class_uncertainty(probabilities: FloatMatrix) -> Scores:
    """1 - |2p - 1| of every document and class: 1 at probability 0.5, 0 at 0 and 1.

    Args:
        probabilities: (n_u, q).

    Returns:
        (n_u, q) float64.
    """
    return 1 - np.abs(2 * probabilities.astype(np.float64) - 1)


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
