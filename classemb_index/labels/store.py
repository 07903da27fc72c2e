"""The label store: what people answered, beside the vectors of an index and apart from every build."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import LabelStoreError, RequestError
from . import schema
from .classes import ClassChange, Register
from .file import LabelFile, damaged
from .log import Action, Answer, LabelLog, Note, Pick
from .reading import LogReader, read_register
from .standing import Standing, read_standings

LABELS = "labels.sqlite"  # in the index folder


class LabelStore:
    """An append-only log of answers in a SQLite file, and the state that follows from it.

    The latest answer of a document and class holds, whoever gave it. When a method that
    writes returns, what it wrote survives a crash of the process and of the machine
    (write-ahead log, synchronous FULL). Several processes may write.

    Args:
        folder: the index folder; the file is made by the first answer.
        name: of the file.
    """

    def __init__(self, folder: str | Path, name: str = LABELS) -> None:
        self.path = Path(folder) / name
        self.file = LabelFile(self.path)
        self._log = LogReader(self.file)

    def record(
        self,
        answers: Iterable[Answer],
        *,
        notes: Iterable[Note] = (),
        annotator: str = "",
        origin: str = "",
    ) -> int:
        """Write answers as one action: all of them stand, or none.

        Args:
            answers: in their order; of one document and class the last holds.
            notes: on these documents or others; of one document the last holds.
            annotator: who gave them.
            origin: where they came from.

        Returns:
            The action's number.

        Raises:
            LabelStoreError: the file is no label store, is damaged or gone, or a newer version wrote it.
        """
        by_document = {note.document: note for note in notes}
        given = [(annotator, note) for note in by_document.values()]
        return self.record_each([(annotator, answers)], notes=given, origin=origin)[-1]

    def record_each(
        self,
        answers: Iterable[tuple[str, Iterable[Answer]]],
        *,
        notes: Iterable[tuple[str, Note]] = (),
        origin: str = "",
    ) -> list[int]:
        """Write answers of several people, an action each: all of them stand, or none.

        Args:
            answers: with who gave them, in their order; of one document and class the last
                holds, whoever gave it.
            notes: with who wrote them; one of each person and document.
            origin: where they came from.

        Returns:
            The actions' numbers, in the order in which the people come first.

        Raises:
            LabelStoreError: as for `record`.
        """
        action_of: dict[str, int] = {}

        def action_by(annotator: str) -> int:
            if annotator not in action_of:
                action_of[annotator] = _begin(store, annotator, origin)
            return action_of[annotator]

        with self.file.writing() as store:
            number_of = _Numbers(store)
            for annotator, own in answers:
                action = action_by(annotator)
                store.executemany(
                    "INSERT INTO answers (action, document, class, said) VALUES (?, ?, ?, ?)",
                    ((action, document, number_of[name], said) for document, name, said in own),
                )
            store.executemany(
                "INSERT INTO notes (action, document, text) VALUES (?, ?, ?)",
                ((action_by(annotator), *note) for annotator, note in notes),
            )
        return list(action_of.values())

    def hand_out(
        self,
        picks: Sequence[Pick],
        strategy: str,
        *,
        offered: Sequence[str] = (),
        annotator: str = "",
        origin: str = "",
    ) -> int:
        """Write that these documents were given to somebody, in their order.

        Args:
            picks: the documents.
            strategy: that selected them.
            offered: the classes that they are to be answered for.
            annotator: to whom they were given.
            origin: where they were written to.

        Returns:
            The action's number; to undo it frees them.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self.file.writing() as store:
            number_of = _Numbers(store)
            numbers = json.dumps([number_of[name] for name in offered])
            action = _begin(store, annotator, origin, strategy=strategy, offered=numbers)
            store.executemany(
                "INSERT INTO picks (action, rank, document, class, step) VALUES (?, ?, ?, ?, ?)",
                (
                    (action, rank, document, number_of[name], step)
                    for rank, (document, name, step) in enumerate(picks, start=1)
                ),
            )
        return action

    @contextmanager
    def handing_out(self) -> Iterator[None]:
        """Wait for others who are selecting documents to hand out, and make others wait.

        So no two get the same documents, however long a selection takes.
        """
        from filelock import FileLock

        self.file.check_folder()
        with FileLock(self.path.with_name(".handing-out.lock")):
            yield

    def change_classes(
        self, changes: Sequence[ClassChange], *, annotator: str = "", origin: str = ""
    ) -> int:
        """Write changes of classes as one action; whether they make sense was asked before.

        Returns:
            The action's number; to undo it takes them back.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self.file.writing() as store:
            action, number_of = _begin(store, annotator, origin), _Numbers(store)
            for change, name, value in changes:
                number = number_of.new(name) if change == "add" else number_of[name]
                into = number_of[value] if change == "merge" else None
                store.execute(
                    "INSERT INTO changes (action, change, class, value, target) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (action, change, number, None if into else value, into),
                )
        return action

    def read(self) -> LabelLog:
        """All that stands, as it was at one moment; read again, only what is new is read.

        Raises:
            LabelStoreError: as for `record`.
        """
        return self._log.read()

    def undo(self, last: int = 1, *, annotator: str = "") -> list[Action]:
        """Take out the last actions that stand; what held before them holds again.

        Returns:
            The actions that were taken out, newest first.

        Raises:
            RequestError: fewer actions stand.
            LabelStoreError: as for `record`.
        """
        if not self.path.exists():
            raise RequestError(_too_many(last, 0))
        with self.file.writing() as store:  # so that no other process undoes the same
            standing = [a for a in _actions(store.execute(schema.ACTIONS)) if a.can_be_undone]
            if not 1 <= last <= len(standing):
                raise RequestError(_too_many(last, len(standing)))
            undone = standing[: -last - 1 : -1]
            for action in undone:
                _begin(store, annotator, "undo", undoes=action.number)
        return undone

    def take_back(self, number: int, *, annotator: str | None = None) -> Action:
        """Take out one action of answers or notes, also where others were written after it.

        Args:
            number: of the action.
            annotator: whose it has to be, and who takes it back; None for anybody's.

        Raises:
            RequestError: there is no such action, it is taken back already, it is no answer, or somebody
                else's.
            LabelStoreError: as for `record`.
        """
        if not self.path.exists():
            raise RequestError(_refused(number, [], annotator))
        with self.file.writing() as store:
            found = _actions(store.execute(schema.ACTION, (number,)))
            if refused := _refused(number, found, annotator):
                raise RequestError(refused)
            _begin(store, annotator or "", "undo", undoes=number)
        return found[0]

    def answers_of(self, number: int) -> list[Answer]:
        """What an action answered, also one that was undone.

        Classes have their present names, one that was removed its last.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self.file.reading() as store:
            if store is None:
                return []
            register = read_register(store)
            rows = store.execute(schema.ANSWERS_OF_ACTION, (number,)).fetchall()
        of = {number: register.present(number) or own for number, own in register.classes.items()}
        return [
            Answer(document, None if number is None else of[number].name, said)
            for document, number, said in rows
        ]

    def standing(self, document: str) -> Standing:
        """How one document stands; what is asked is the document's alone, however large the store.

        Raises:
            LabelStoreError: as for `record`.
        """
        return self.standings([document])[document]

    def standings(self, documents: Sequence[str]) -> dict[str, Standing]:
        """How each of some documents stands, at one moment.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self.file.reading() as store:
            if store is None:
                return {document: Standing(document) for document in documents}
            return read_standings(store, documents)

    def register(self) -> Register:
        """The classes that the store knows, after all changes.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self.file.reading() as store:
            return Register.replay([], []) if store is None else read_register(store)

    def last_action(self) -> int:
        """Number of the last action, an undo too; 0 where nothing was written.

        Raises:
            LabelStoreError: as for `record`.
        """
        rows = self.file.rows(schema.LAST_ACTION)
        return int(rows[0][0]) if rows else 0

    def actions(self) -> list[Action]:
        """Everything that was written, first to last.

        Raises:
            LabelStoreError: as for `record`.
        """
        return _actions(self.file.rows(schema.ACTIONS))

    def state(self) -> list[Answer]:
        """The answers that hold, one for each document and class that has one; skips too.

        A class has its present name; answers to one that was merged stand under its last name.

        Raises:
            LabelStoreError: as for `record`.
        """
        log = self.read()
        latest = {(document, number): said for _, document, number, said, _ in log.answers}
        classes = log.register.classes
        return [
            Answer(document, None if number is None else classes[number].name, said)
            for (document, number), said in latest.items()
        ]

    def check(self) -> None:
        """Nothing, when every page of the file is whole.

        Raises:
            LabelStoreError: the file is damaged, or as for `record`.
        """
        for (found,) in self.file.rows("PRAGMA integrity_check(1)"):
            if found != "ok":
                raise LabelStoreError(damaged(self.path, found))


class _Numbers(dict[str | None, int | None]):
    """The number of each class name, given where it has none; None for no class."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._register = read_register(store)
        super().__init__()
        self.update(self._register.numbers.items())
        self[None] = None
        self._store = store

    def __missing__(self, name: str | None) -> int | None:
        cursor = self._store.execute("INSERT INTO classes (first_name) VALUES (?)", (name,))
        self[name] = cursor.lastrowid
        return cursor.lastrowid

    def new(self, name: str) -> int | None:
        """The number for an added class: its own where it was removed before, else another one."""
        own = self._register.classes.get(self.get(name) or 0)
        if own is not None and own.name != name:
            self.pop(name)  # the name is free again; who had it keeps its number
        return self[name]


def _actions(rows: Iterable[Any]) -> list[Action]:
    return [
        Action(number, at, annotator, origin, strategy, undoes, documents, bool(is_undone))
        for number, at, annotator, origin, strategy, undoes, documents, is_undone in rows
    ]


def _refused(number: int, found: Sequence[Action], annotator: str | None) -> str:
    """Why the action of a number cannot be taken back by this annotator; "" where it can."""
    if not found:
        return f"there is no action {number}; see: labels log"
    action = found[0]
    if not action.is_answer:
        return f"action {number} is no answer; take back the last actions with: labels undo"
    if action.is_undone:
        return f"action {number} is taken back already; see: labels log"
    if annotator is not None and annotator != action.annotator:
        return f"action {number} is {action.annotator!r}'s, not {annotator!r}'s; see: labels log"
    return ""


def _too_many(last: int, standing: int) -> str:
    return f"asked to undo {last} actions, {standing} can be undone; see: labels log"


def _begin(
    store: sqlite3.Connection,
    annotator: str,
    origin: str,
    *,
    strategy: str | None = None,
    offered: str | None = None,
    undoes: int | None = None,
) -> int:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    cursor = store.execute(
        "INSERT INTO actions (at, annotator, origin, strategy, offered, undoes) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (at, annotator, origin, strategy, offered, undoes),
    )
    return int(cursor.lastrowid or 0)
