"""Batches that were labelled one after the other: which class asked for which document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .labelled import LabelledSet
from .types import Counts, Mask, Rows

NO_CLASS = -1  # a pick that was made for no class


@dataclass(frozen=True)
class Batch:
    """Documents that were selected and labelled together, in the order they were picked.

    Attributes:
        rows: (b,) int64.
        classes: (b,) int64 position of the class that asked for each, or NO_CLASS.
        steps: (b,) the strategy's step that picked each; "" where it has none.
        strategy: that selected it; None where nobody knows.
    """

    rows: Rows
    classes: Rows
    steps: tuple[str, ...]
    strategy: str | None = None


def picks_by_class(history: Sequence[Batch], q: int, step: str) -> Counts:
    """(q,) how many documents of these batches the step picked for each class."""
    counts = np.zeros(q, dtype=np.int64)
    for batch in history:
        asked = (np.array(batch.steps, dtype=object) == step) & (batch.classes != NO_CLASS)
        np.add.at(counts, batch.classes[asked], 1)
    return counts


def misses_by_class(history: Sequence[Batch], labelled: LabelledSet) -> Counts:
    """(q,) how many documents were picked for each class and turned out not to have it."""
    misses = np.zeros(labelled.labels.shape[1], dtype=np.int64)
    for batch in history:
        asked = batch.classes != NO_CLASS
        has_class = has_asking_class(batch, labelled)
        np.add.at(misses, batch.classes[asked & ~has_class], 1)
    return misses


def has_asking_class(batch: Batch, labelled: LabelledSet) -> Mask:
    """(b,) True for documents that have the class that asked for them."""
    labels = labelled.labels_of(batch.rows)
    return np.asarray(
        labels[np.arange(len(batch.rows)), batch.classes] & (batch.classes != NO_CLASS)
    )
