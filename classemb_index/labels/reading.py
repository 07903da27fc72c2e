"""The log of a label store, read on from where it was read before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from threading import Lock
from typing import Any

from . import schema
from .classes import Register, StoredChange
from .file import LabelFile
from .log import HandedOut, LabelLog, Notes, Pick, StoredAnswer


class LogReader:
    """Reads what stands in a file. Nothing in it ever changes, so only what is new is read again.

    Args:
        file: of the store.
    """

    def __init__(self, file: LabelFile) -> None:
        self._file = file
        self._lock = Lock()
        self._of = 0  # the inode of the file that was read
        self._until = 0  # the number of the last action that was read
        self._answers: list[StoredAnswer] = []
        self._register: Register | None = None
        self._batches: list[HandedOut] = []

    def read(self) -> LabelLog:
        """All that stands, as it is at one moment.

        Raises:
            LabelStoreError: the file is no label store, is damaged, or a newer version wrote it.
        """
        with self._lock:
            return self._read()

    def _read(self) -> LabelLog:
        with self._file.reading() as store:
            if store is None:
                return LabelLog(Register.replay([], []), [], ())
            if self._of != (of := self._file.path.stat().st_ino):  # another file was put there
                self._of, self._until, self._answers, self._register = of, 0, [], None
            (last,) = store.execute(schema.LAST_ACTION).fetchone()
            undone = {number for (number,) in store.execute(schema.UNDONE)}
            register = read_register(store)
            is_same = register == self._register  # batches have the names of the classes
            answers = store.execute(schema.ANSWERS_SINCE, (self._until,)).fetchall()
            batches = store.execute(schema.BATCHES_SINCE, (self._until * is_same,)).fetchall()
            notes = standing_notes(store.execute(schema.NOTES))
        self._answers += answers
        self._batches = [*(self._batches if is_same else []), *_batches(batches, register)]
        self._register, self._until = register, last
        return LabelLog(
            register,
            [answer for answer in self._answers if answer[0] not in undone],
            tuple(batch for batch in self._batches if batch.number not in undone),
            notes,
            last,
        )


def read_register(store: sqlite3.Connection) -> Register:
    """The classes after all changes that stand."""
    changes = (StoredChange(*row) for row in store.execute(schema.CHANGES))
    return Register.replay(store.execute(schema.CLASSES), changes)


def _batches(rows: Iterable[Any], register: Register) -> Iterator[HandedOut]:
    """The batches, with the present names of the classes; of one that was removed, none."""
    name_of = register.names_now
    for (action, at, annotator, strategy, numbers), group in groupby(rows, lambda row: row[:5]):
        offered = dict.fromkeys(map(name_of.get, json.loads(numbers)))
        names = tuple(name for name in offered if name)
        picks = tuple(Pick(document, name_of.get(c), step) for *_, document, c, step in group)
        yield HandedOut(action, at, annotator, strategy, names, picks)


def standing_notes(notes: Iterable[tuple[str, str, str]]) -> Notes:
    """The last note of each annotator on each document; an empty one takes it away."""
    standing: dict[str, dict[str, str]] = {}
    for document, annotator, text in notes:
        own = standing.setdefault(document, {})
        own.pop(annotator, None)
        if text:
            own[annotator] = text
    return {document: own for document, own in standing.items() if own}
