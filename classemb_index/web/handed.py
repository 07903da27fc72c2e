"""What a tab is given to answer, and how far its annotator is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from ..labels.schema import EVALUATION
from ..labels.standing import Standing

Purpose: TypeAlias = Literal["training", "evaluation"]


@dataclass(frozen=True)
class Handed:
    """A document that a tab is given to answer.

    Attributes:
        document: its id.
        class_name: the class that asked for it; None for none.
        step: the strategy's step that picked it; "" where it has none.
        strategy: that selected it; "" where it comes again without having been handed out.
        seen: number of the last action that handed it out, answered or skipped it; 0 for none.
        note: what the annotator wrote beside it; "" for nothing.
    """

    document: str
    class_name: str | None
    step: str
    strategy: str
    seen: int
    note: str


@dataclass(frozen=True)
class AnnotatorState:
    """How far an annotator is.

    Attributes:
        answered: documents, in all.
        today: of them.
        ready: documents that wait, those that tabs have too.
        is_choosing: whether the next ones are being chosen.
        why: none could be chosen when that was last tried; "" where some could.
    """

    answered: int
    today: int
    ready: int
    is_choosing: bool
    why: str

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)


def handed_of(
    standing: Standing, annotator: str, purpose: Purpose, again: int = 0
) -> Handed | None:
    """A document as it is given to an annotator; None where it is not to be answered any more.

    Somebody answered or skipped it since; where it was handed out for overlap, the annotator himself
    did. Or the batch that it was in was taken back.

    Args:
        standing: of the document.
        annotator: who is to answer.
        purpose: what for.
        again: the action that took the annotator's answer back; 0 for none.
    """
    is_sample = purpose == "evaluation"
    outs = [
        out
        for out in standing.handed
        if (out.strategy == EVALUATION) == is_sample and (is_sample or out.annotator == annotator)
    ]
    since = max(again, outs[-1].action if outs else 0)
    is_said = any(
        own.action > since and (own.annotator == annotator or not standing.is_shared)
        for own in standing.given
    )
    if is_said or not since:
        return None
    note = standing.notes.get(annotator, "")
    if not outs:
        return Handed(standing.document, None, "", "", standing.last, note)
    out = outs[-1]
    return Handed(standing.document, out.class_name, out.step, out.strategy, standing.last, note)
