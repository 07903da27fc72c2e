"""Random selection: uniform without replacement, the baseline of every comparison."""

from __future__ import annotations

import numpy as np

from .base import NO_CLASS, Selection, SelectionState


def select_random(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents, each equally likely."""
    rows = state.rng.choice(np.flatnonzero(state.labelled.unlabelled), batch, replace=False)
    return Selection(
        rows.astype(np.int64),
        np.full(batch, NO_CLASS, dtype=np.int64),
        np.full(batch, np.nan, dtype=np.float32),
    )
