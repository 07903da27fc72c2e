"""How far an annotation has come: labels, batches, what is left, agreement, and when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..index.index import EmbeddingIndex
from ..labels.agreement import Agreement, agreements
from ..labels.annotation import Annotation
from ..labels.log import HandedOut
from ..labels.progress import ClassOutlook, class_outlooks
from .gain import Gain, likely_gains
from .stability import Stopping, judge_stopping


@dataclass(frozen=True)
class BatchState:
    """A batch that was handed out.

    Attributes:
        number: of its action.
        at: when, ISO 8601 in UTC.
        annotator: to whom.
        strategy: that selected it.
        documents: in it.
        answered: of them.
        skipped: of them.
        asked: documents that were answered for the class that asked for them.
        found: of them that have it.
    """

    number: int
    at: str
    annotator: str
    strategy: str
    documents: int
    answered: int
    skipped: int
    asked: int
    found: int


@dataclass(frozen=True)
class Status:
    """How far an annotation has come.

    Attributes:
        annotation: the pool and what is known of it.
        outlooks: of every class: its last batches, whether to search on, its share of the pool.
        batches: that were handed out, first to last.
        agreement: over all classes, then of each; empty where nobody answered after another.
        stopping: whether to stop.
        gains: what the next labels are likely to gain; empty where it was not asked for.
    """

    annotation: Annotation
    outlooks: Sequence[ClassOutlook]
    batches: Sequence[BatchState]
    agreement: Sequence[Agreement]
    stopping: Stopping
    gains: Sequence[Gain] = ()

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        known = self.annotation.document()
        classes = zip(known["classes"], self.outlooks, strict=True)
        return {
            "documents": known["documents"],
            "classes": [own | outlook.document() for own, outlook in classes],
            "batches": [asdict(batch) for batch in self.batches],
            "agreement": [own.document() for own in self.agreement],
            "stopping": self.stopping.document(),
            "gains": [own.document() for own in self.gains],
        }


def annotation_status(
    index: EmbeddingIndex, annotation: Annotation, *, with_gains: bool = False
) -> Status:
    """How far the annotation of an index has come.

    Args:
        index: over the annotation's pool.
        annotation: what is known of its documents.
        with_gains: also learn from subsets of the labels, which takes seconds.
    """
    pool, labelled, history = annotation.pool, annotation.labelled(), annotation.history
    outlooks = class_outlooks(pool, labelled, history, range(len(pool.classes)))
    progress = [outlook.progress for outlook in outlooks]
    return Status(
        annotation,
        outlooks,
        [_batch_state(annotation, handed) for handed in annotation.handed_out],
        agreements(annotation.said_by),
        judge_stopping(index, labelled, history, progress),
        likely_gains(index, labelled) if with_gains else (),
    )


def _batch_state(annotation: Annotation, handed: HandedOut) -> BatchState:
    pool, q = annotation.pool, len(annotation.pool.classes)
    there = [pick for pick in handed.picks if pick.document in pool.row_of]
    rows = np.array([pool.row_of[pick.document] for pick in there], dtype=np.int64)
    position_of = {name: position for position, name in enumerate(pool.classes)}
    asking = np.array([position_of.get(pick.class_name or "", q) for pick in there], dtype=np.int64)
    rows_of, asked = rows[asking < q], asking[asking < q]
    is_told = pool.known[rows_of, asked]
    return BatchState(
        handed.number,
        handed.at,
        handed.annotator,
        handed.strategy,
        documents=len(handed.picks),
        answered=int(pool.is_known[rows].sum()),
        skipped=int(annotation.skipped[rows].sum()),
        asked=int(is_told.sum()),
        found=int(pool.labels[rows_of, asked][is_told].sum()),
    )
