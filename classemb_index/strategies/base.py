"""What every query strategy is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, TypeAlias

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows, Scores
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.batches import NO_CLASS, Batch
from ..labels.labelled import LabelledSet
from ..labels.progress import ClassOutlook
from ..models.contracts import Surprisal, TrainedClassifier
from ..pool.pool import Pool
from ..queries.classes import hidden
from .options import StrategyOptions

Oracle: TypeAlias = Callable[[int], Mask]  # row -> (q,) True for its classes


class Aid(Enum):
    """What a strategy may look at beside the index and the labelled set."""

    CLASSIFIER = auto()
    SURPRISAL = auto()
    BASE = auto()  # another strategy, which selects from its candidates


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
        base: selects from the candidates of a strategy that has a base strategy; else None.
        options: what the user chose.
        history: the batches that were labelled so far, first to last, where they are known.
    """

    index: EmbeddingIndex
    labelled: LabelledSet
    rng: np.random.Generator
    oracle: Oracle | None = None
    classifier: TrainedClassifier | None = None
    surprisal: Surprisal | None = None
    base: Select | None = None
    options: StrategyOptions = StrategyOptions()
    history: Sequence[Batch] = ()

    @property
    def unlabelled_rows(self) -> Rows:
        """(n_u,) int64, rising."""
        return np.flatnonzero(self.labelled.unlabelled)

    def name_vectors(self) -> FloatMatrix:
        """(q, dim) float32 unit embeddings of the class names, zero for a class without one."""
        if (vectors := self.options.on(self.index).name_vectors) is not None:
            return vectors
        return hidden(self.index)

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
class Selection(Batch):
    """A batch that was selected, with what a reader should know of it.

    Attributes:
        rows: (b,) int64, distinct and unlabelled.
        classes: (b,) int64 position of the class that asked for each, or NO_CLASS.
        steps: (b,) the strategy's step that made each pick; "" where it has none.
        strategy: its name.
        scores: (b,) float32 what the strategy ranked by (for a class that asked,
            cosine similarity to it), or NaN.
        skipped: positions of classes that could not ask.
        note: such as a fallback to random.
    """

    skipped: tuple[int, ...] = ()
    note: str | None = None

    def document(
        self, pool: Pool, seed: int, outlooks: Sequence[ClassOutlook] = ()
    ) -> dict[str, Any]:
        """The JSON document of `select`, with the outlook of each class where it is given."""
        return {
            "strategy": self.strategy,
            "batch": len(self.rows),
            "seed": seed,
            "selected": self.picks(pool),
            "skipped_classes": [pool.classes[c] for c in self.skipped],
            "note": self.note,
            "classes": [
                {"class": pool.classes[outlook.position], **outlook.document()}
                for outlook in outlooks
            ],
        }


Select: TypeAlias = Callable[[SelectionState, int], Selection]


@dataclass(frozen=True)
class Strategy:
    """A query strategy, and what others need to know of it.

    Attributes:
        select: as many unlabelled documents as it is asked for.
        looks_at: what its state must have.
        options: names of the StrategyOptions that its picks depend on, beside those that
            concern every strategy.
        keeps_apart: it keeps near-duplicates out of a batch itself.
        version: of how it selects; runs of another one are not continued.
    """

    select: Select
    looks_at: frozenset[Aid] = frozenset()
    options: tuple[str, ...] = ()
    keeps_apart: bool = False
    version: int = 1


def for_no_class(rows: Rows, scores: Scores | None = None, note: str | None = None) -> Selection:
    """The selection of these rows, in this order, that no class asked for."""
    given = np.full(len(rows), np.nan) if scores is None else scores
    return Selection(
        rows.astype(np.int64),
        np.full(len(rows), NO_CLASS, dtype=np.int64),
        ("",) * len(rows),
        scores=given.astype(np.float32),
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


RANDOM = Strategy(at_random)


def select_from(state: SelectionState, candidates: Rows, batch: int) -> Selection:
    """What the base strategy selects when only these unlabelled rows are there.

    Where the candidates are fewer than the batch, it selects from all unlabelled documents,
    and a note says so.
    """
    assert state.base is not None  # whoever asks by a strategy's name hands it in
    if len(candidates) < batch:
        found = state.base(state, batch)
        few = f"only {len(candidates)} candidates: {state.options.base} looked at the whole pool"
        return replace(found, note=few if found.note is None else f"{few}; {found.note}")
    among = np.zeros_like(state.labelled.unlabelled)
    among[candidates] = True
    return state.base(replace(state, labelled=replace(state.labelled, unlabelled=among)), batch)
