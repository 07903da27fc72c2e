"""What every query strategy is given and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..index import EmbeddingIndex
from ..labelled import LabelledSet
from ..types import FloatVector, Mask, Rows

NO_CLASS = -1  # a pick that was made for no class

Oracle: TypeAlias = Callable[[int], Mask]  # row -> (q,) True for its classes


@dataclass(frozen=True)
class SelectionState:
    """Everything that a strategy may look at.

    Attributes:
        index: the pool and its embeddings.
        labelled: the labelled and the unlabelled set.
        rng: the only source of randomness.
        oracle: answers with a picked document's labels at once; None in a real
            annotation batch, where labels come back later.
    """

    index: EmbeddingIndex
    labelled: LabelledSet
    rng: np.random.Generator
    oracle: Oracle | None = None


@dataclass(frozen=True)
class Selection:
    """A batch, in the order it was picked.

    Attributes:
        rows: (batch,) int64, distinct and unlabelled.
        classes: (batch,) int64 position of the class that asked for each, or NO_CLASS.
        scores: (batch,) float32 cosine similarity to that class, or NaN.
        skipped: positions of classes that could not ask.
        note: what a reader should know, such as a fallback to random.
    """

    rows: Rows
    classes: Rows
    scores: FloatVector
    skipped: tuple[int, ...] = ()
    note: str | None = None


Strategy: TypeAlias = Callable[[SelectionState, int], Selection]
