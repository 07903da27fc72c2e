"""What stands in a label store: answers, batches that were handed out, actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from .classes import Register

Said: TypeAlias = Literal["yes", "no", "skip"]


class Answer(NamedTuple):
    """What somebody said of a document.

    Attributes:
        document: its id.
        class_name: the class; None where the document was skipped.
        said: "yes" or "no", or "skip" of the document.
    """

    document: str
    class_name: str | None
    said: Said


class Note(NamedTuple):
    """What somebody wrote beside a document, in free text.

    Attributes:
        document: its id.
        text: of the note; an empty one takes the annotator's earlier note away.
    """

    document: str
    text: str


Notes: TypeAlias = Mapping[str, Mapping[str, str]]  # by document, each annotator's text


class Pick(NamedTuple):
    """A document that was handed out.

    Attributes:
        document: its id.
        class_name: the class that asked for it; None for none.
        step: the strategy's step that picked it; "" where it has none.
    """

    document: str
    class_name: str | None
    step: str


@dataclass(frozen=True)
class HandedOut:
    """A batch that was given to somebody.

    Attributes:
        number: of its action.
        at: when, ISO 8601 in UTC.
        annotator: to whom; "" where nobody was named.
        strategy: that selected it.
        offered: the classes that its documents were to be answered for, by their present names.
        picks: in their order.
    """

    number: int
    at: str
    annotator: str
    strategy: str
    offered: tuple[str, ...]
    picks: tuple[Pick, ...]


class StoredAnswer(NamedTuple):
    """An answer as the log has it: the class by number, which no renaming changes."""

    action: int
    document: str
    number: int | None
    said: Said
    annotator: str


@dataclass(frozen=True)
class LabelLog:
    """What stands in a store, without what was undone.

    Attributes:
        register: the classes after all changes.
        answers: first to last.
        batches: that were handed out, first to last.
        notes: the last one of each annotator on each document, the latest last.
        last: number of the last action that was written, an undo too; 0 for none.
    """

    register: Register
    answers: Sequence[StoredAnswer]
    batches: tuple[HandedOut, ...]
    notes: Notes = field(default_factory=dict)
    last: int = 0

    def goes_on(self, before: LabelLog) -> bool:
        """Whether it is an earlier log and answers after it: the same classes, nothing undone."""
        n = len(before.answers)
        return self.register == before.register and self.answers[:n] == before.answers


@dataclass(frozen=True)
class Action:
    """Answers and notes that were given together, or documents that were handed out together.

    Attributes:
        number: from 1, in the order in which they were given.
        at: when, ISO 8601 in UTC.
        annotator: who; "" where nobody was named.
        origin: where the answers came from, or where the batch went, as a file.
        strategy: that selected a batch; None where nothing was handed out.
        undoes: number of the action that this one takes out, or None.
        documents: that were answered, skipped, noted or handed out.
        is_undone: whether a later action takes this one out.
    """

    number: int
    at: str
    annotator: str
    origin: str
    strategy: str | None
    undoes: int | None
    documents: int
    is_undone: bool

    @property
    def can_be_undone(self) -> bool:
        """Whether it stands and is no undo itself."""
        return self.undoes is None and not self.is_undone

    @property
    def is_answer(self) -> bool:
        """Whether it says something of documents, and handed none out."""
        return self.strategy is None and self.documents > 0
