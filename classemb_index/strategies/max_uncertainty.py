"""Max-uncertainty: documents with one class that is closest to the decision threshold."""

from __future__ import annotations

from .base import Selection, SelectionState, highest
from .uncertainty import class_uncertainty


def select_max_uncertainty(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest uncertainty in any class."""
    scores = class_uncertainty(state.trained().probabilities(state.unlabelled_rows)).max(axis=1)
    return highest(state, scores, batch)
