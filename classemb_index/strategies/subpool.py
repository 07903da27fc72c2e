"""Sub-pools: a base strategy that looks at a few candidates in place of the whole pool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..types import Rows
from .base import Selection, SelectionState


def select_from(state: SelectionState, candidates: Rows, batch: int) -> Selection:
    """What the base strategy selects when only these unlabelled rows are there.

    Where the candidates are fewer than the batch, it selects from all unlabelled documents,
    and a note says so.
    """
    from . import STRATEGIES  # the table that holds the base strategy holds this one's caller too

    base = STRATEGIES[state.options.base]
    if len(candidates) < batch:
        found = base(state, batch)
        few = f"only {len(candidates)} candidates: {state.options.base} looked at the whole pool"
        return replace(found, note=few if found.note is None else f"{few}; {found.note}")
    among = np.zeros_like(state.labelled.unlabelled)
    among[candidates] = True
    return base(replace(state, labelled=replace(state.labelled, unlabelled=among)), batch)
