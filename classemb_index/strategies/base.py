"""What every query strategy is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from ..arrays import FloatMatrix, FloatVector, Mask, Rows, Scores
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.batches import NO_CLASS, Batch
from ..labels.labelled import LabelledSet
from ..models.contracts import Surprisal, TrainedClassifier

MOST_EPOCHS = 500  # of a discriminator of DAL

Oracle: TypeAlias = Callable[[int], Mask]  # row -> (q,) True for its classes


@dataclass(frozen=True)
class StrategyOptions:
    """What a user may choose of a strategy; each concerns some of them only.

    Attributes:
        base: the strategy that selects from the sub-pool of "anchoral" or "seals".
        count_tries: in "class-embedding" a pick counts for the class that asked for it,
            whatever its labels turn out to be.
        no_near_duplicates: documents with a higher cosine similarity to a labelled or
            picked one are kept out of the batch; None allows them ("portfolio" takes 0.95).
        discriminator_epochs: that "dal" trains a discriminator for, at most.
        names: (q, dim) float32 embeddings of class names or descriptions, zero for a
            class without one; None takes the index's own.
    """

    base: str = "uncertainty"
    count_tries: bool = False
    no_near_duplicates: float | None = None
    discriminator_epochs: int = MOST_EPOCHS
    names: FloatMatrix | None = None


@dataclass(frozen=True)
class SelectionState:
    """Everything that a strategy may look at.

    Attributes:
        index: the pool and its embeddings.
        labelled: the labelled and the unlabelled set.
        rng: the only source of randomness.
        oracle: answers with a picked document's labels at once; None in a real
            annotation batch, where labels come back later.
        classifier: trained on the labelled set; None where none was.
        surprisal: of a pre-trained masked language model; None where none was named.
        options: what the user chose.
        history: the batches that were labelled so far, first to last, where they are known.
        near: rows near to a labelled document, which "seals" looks up once each and keeps here.
    """

    index: EmbeddingIndex
    labelled: LabelledSet
    rng: np.random.Generator
    oracle: Oracle | None = None
    classifier: TrainedClassifier | None = None
    surprisal: Surprisal | None = None
    options: StrategyOptions = field(default_factory=StrategyOptions)
    history: Sequence[Batch] = ()
    near: dict[int, Rows] = field(default_factory=dict)

    @property
    def unlabelled_rows(self) -> Rows:
        """(n_u,) int64, rising."""
        return np.flatnonzero(self.labelled.unlabelled)

    def class_names(self) -> FloatMatrix:
        """(q, dim) float32 unit embeddings of the class names, zero for a class without one."""
        names = self.index.class_names if self.options.names is None else self.options.names
        if names is None:
            return np.zeros((len(self.index.pool.classes), self.index.manifest.dim), np.float32)
        return names

    def trained(self) -> TrainedClassifier:
        """The classifier.

        Raises:
            RequestError: there is none.
        """
        if self.classifier is None:
            raise RequestError(
                "this strategy looks at a trained classifier and none was given; "
                "train one on the labelled set and pass it as `classifier`"
            )
        return self.classifier


@dataclass(frozen=True)
class Selection:
    """A batch, in the order it was picked.

    Attributes:
        rows: (batch,) int64, distinct and unlabelled.
        classes: (batch,) int64 position of the class that asked for each, or NO_CLASS.
        scores: (batch,) float32 what the strategy ranked by (for a class that asked,
            cosine similarity to it), or NaN.
        skipped: positions of classes that could not ask.
        note: what a reader should know, such as a fallback to random.
        steps: (batch,) the step that made each pick; empty for strategies of one step.
    """

    rows: Rows
    classes: Rows
    scores: FloatVector
    skipped: tuple[int, ...] = ()
    note: str | None = None
    steps: tuple[str, ...] = ()


Strategy: TypeAlias = Callable[[SelectionState, int], Selection]


def for_no_class(rows: Rows, scores: Scores | None = None, note: str | None = None) -> Selection:
    """The selection of these rows, in this order, that no class asked for."""
    given = np.full(len(rows), np.nan) if scores is None else scores
    return Selection(
        rows.astype(np.int64),
        np.full(len(rows), NO_CLASS, dtype=np.int64),
        given.astype(np.float32),
        note=note,
    )


def highest(state: SelectionState, scores: Scores, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest scores, ties to the lower row.

    Scores that are all the same say nothing: then the batch is random, and a note says so.

    Args:
        state: what is selected from.
        scores: (n_u,) one an unlabelled row, in their order.
        batch: how many.
    """
    rows = state.unlabelled_rows
    if len(rows) > 1 and np.ptp(scores) == 0:
        return at_random(state, batch, "every document has the same score: the batch is random")
    best = np.argsort(-scores, kind="stable")[:batch]
    return for_no_class(rows[best], scores[best])


def at_random(state: SelectionState, batch: int, note: str | None = None) -> Selection:
    """`batch` unlabelled documents, each equally likely."""
    return for_no_class(state.rng.choice(state.unlabelled_rows, batch, replace=False), note=note)


def select_random(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents, each equally likely."""
    return at_random(state, batch)


def select_from(state: SelectionState, candidates: Rows, batch: int) -> Selection:
    """What the base strategy selects when only these unlabelled rows are there.

    Where the candidates are fewer than the batch, it selects from all unlabelled documents,
    and a note says so.
    """
    from .selection import STRATEGIES

    base = STRATEGIES[state.options.base]
    if len(candidates) < batch:
        found = base(state, batch)
        few = f"only {len(candidates)} candidates: {state.options.base} looked at the whole pool"
        return replace(found, note=few if found.note is None else f"{few}; {found.note}")
    among = np.zeros_like(state.labelled.unlabelled)
    among[candidates] = True
    return base(replace(state, labelled=replace(state.labelled, unlabelled=among)), batch)
