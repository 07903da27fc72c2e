"""Batches without near-duplicates, for any strategy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows, blocks
from ..index.index import EmbeddingIndex
from .base import Select, Selection, SelectionState

BLOCK = 1 << 14  # documents compared at once


def without_near_duplicates(
    select: Select, state: SelectionState, batch: int, most_alike: float, block: int = BLOCK
) -> Selection:
    """A batch of the strategy in which nothing is nearly a copy of what is labelled or picked.

    The strategy is asked again for what is missing until the batch is full, each time from
    the labelled set alone; no oracle answers inside such a batch. When no more documents are unlike
    the labelled and picked ones, it fills the batch with others, and a note says so.

    Args:
        select: what any strategy selects with.
        state: what it is given.
        batch: documents to select.
        most_alike: highest cosine similarity allowed to a labelled or picked document.
        block: documents that are compared at once.
    """
    index, left = state.index, state.labelled.unlabelled.copy()
    left &= ~_alike(index, left, index.embeddings(state.labelled.rows), most_alike, block)
    parts: list[Selection] = []
    note = None
    while missing := batch - sum(len(part.rows) for part in parts):
        few = not left.any()
        if few:
            note = (
                "too few documents are unlike the labelled and picked ones: others fill the batch"
            )
            left = state.labelled.unlabelled.copy()
            left[np.concatenate([np.zeros(0, dtype=np.int64), *(part.rows for part in parts)])] = (
                False
            )
        # labels of what is kept out are not paid for, so no oracle may give them
        labelled = replace(state.labelled, unlabelled=left)
        given = replace(state, labelled=labelled, oracle=None)
        selection = select(given, min(missing, labelled.n_unlabelled))
        if not few:
            selection = _picks(selection, _unlike(index.embeddings(selection.rows), most_alike))
            left &= ~_alike(index, left, index.embeddings(selection.rows), most_alike, block)
        left[selection.rows] = False
        parts.append(selection)
    return _joined(parts, note)


def _alike(
    index: EmbeddingIndex, among: Mask, others: FloatMatrix, most_alike: float, block: int
) -> Mask:
    """(n,) True for rows of `among` with a higher similarity than allowed to one of `others`."""
    alike = np.zeros(len(among), dtype=bool)
    rows = np.flatnonzero(among)
    for span in blocks(len(rows) if len(others) else 0, block):
        part = rows[span]
        alike[part] = (index.embeddings(part) @ others.T).max(axis=1) > most_alike
    return alike


def _unlike(embeddings: FloatMatrix, most_alike: float) -> Rows:
    """Places of those that are unlike all that are kept before them."""
    similarities = embeddings @ embeddings.T
    kept: list[int] = []
    for place in range(len(embeddings)):
        if similarities[place, kept].max(initial=-1) <= most_alike:
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def _picks(selection: Selection, places: Rows) -> Selection:
    return replace(
        selection,
        rows=selection.rows[places],
        classes=selection.classes[places],
        scores=None if selection.scores is None else selection.scores[places],
        steps=tuple(selection.steps[place] for place in places),
    )


def _joined(parts: list[Selection], note: str | None) -> Selection:
    notes = dict.fromkeys(filter(None, [note, *(part.note for part in parts)]))
    scores = [part.scores for part in parts if part.scores is not None]
    return Selection(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.classes for part in parts]),
        tuple(step for part in parts for step in part.steps),
        scores=np.concatenate(scores),
        skipped=parts[0].skipped,
        note="; ".join(notes) or None,
    )
