"""How one document stands: who said what of it, who skipped it, who has it, what is written beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from . import schema
from .log import Said
from .reading import read_register, standing_notes


class Given(NamedTuple):
    """An answer to a document, or a skip.

    Attributes:
        action: its number.
        annotator: who gave it.
        class_name: the class under its present name; None where the document was skipped.
        said: "yes" or "no", or "skip".
    """

    action: int
    annotator: str
    class_name: str | None
    said: Said


class HandedTo(NamedTuple):
    """That it was handed out.

    Attributes:
        action: its number.
        annotator: to whom; "" where nobody was named.
        strategy: that selected it.
        class_name: the class that asked for it, under its present name; None for none.
        step: the strategy's step that picked it; "" where it has none.
    """

    action: int
    annotator: str
    strategy: str
    class_name: str | None
    step: str


@dataclass(frozen=True)
class Standing:
    """What stands in the store of one document, without what was undone and classes that were removed.

    Attributes:
        document: its id.
        given: answers and skips, first to last.
        handed: when it was handed out, first to last.
        notes: each annotator's text, the latest last.
    """

    document: str
    given: tuple[Given, ...] = ()
    handed: tuple[HandedTo, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Number of the last action that answered, skipped or handed it out; 0 for none."""
        numbers = [own.action for own in self.given] + [out.action for out in self.handed]
        return max(numbers, default=0)

    @property
    def is_shared(self) -> bool:
        """Whether two annotators are to answer it, without knowing what the other says."""
        return any(out.strategy == schema.OVERLAP for out in self.handed)

    @property
    def said_by(self) -> dict[str, dict[str, Said]]:
        """By class, what each annotator said last, the latest last: it holds."""
        said: dict[str, dict[str, Said]] = {}
        for own in self.given:
            if own.class_name is not None:
                of_class = said.setdefault(own.class_name, {})
                of_class.pop(own.annotator, None)
                of_class[own.annotator] = own.said
        return said

    @property
    def skipped_by(self) -> tuple[str, ...]:
        """Whose last word on it is a skip."""
        last = {own.annotator: own.said for own in self.given}
        return tuple(annotator for annotator, said in last.items() if said == "skip")

    @property
    def out_to(self) -> tuple[str, ...]:
        """Who was handed it and has not said anything of it since.

        Where nobody was named, it is out until anybody says something.
        """
        return tuple(dict.fromkeys(out.annotator for out in self.handed if not self._is_back(out)))

    def _is_back(self, out: HandedTo) -> bool:
        return any(
            own.action > out.action and out.annotator in ("", own.annotator) for own in self.given
        )


def read_standings(store: sqlite3.Connection, documents: Sequence[str]) -> dict[str, Standing]:
    """How each of some documents stands, by id; what is read is theirs alone, however large the store."""
    among = (json.dumps(documents),)
    name_of = read_register(store).names_now
    given: dict[str, list[Given]] = {document: [] for document in documents}
    handed: dict[str, list[HandedTo]] = {document: [] for document in documents}
    for document, action, who, number, said in store.execute(schema.ANSWERS_TO, among):
        if number is None or number in name_of:
            given[document].append(Given(action, who, name_of.get(number), said))
    for document, action, who, strategy, number, step in store.execute(schema.HANDED_OUT, among):
        handed[document].append(HandedTo(action, who, strategy, name_of.get(number), step))
    notes = standing_notes(store.execute(schema.NOTES_ON, among))
    return {
        document: Standing(
            document, tuple(given[document]), tuple(handed[document]), notes.get(document, {})
        )
        for document in documents
    }
