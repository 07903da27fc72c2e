"""Random selection: uniform without replacement, the baseline of every comparison."""

from __future__ import annotations

from .base import Selection, SelectionState, at_random


def select_random(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents, each equally likely."""
    return at_random(state, batch)
