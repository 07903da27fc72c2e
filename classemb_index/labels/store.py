"""The label store: what people answered, beside the vectors of an index and apart from every build."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from ..errors import LabelStoreError, RequestError

LABELS = "labels.sqlite"  # in the index folder
SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0  # to wait for another writer

Said: TypeAlias = Literal["yes", "no", "skip"]

# an answer is never changed or removed: a later one lies over it, an undo takes an action out
TABLES = """
CREATE TABLE classes (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, annotator TEXT NOT NULL,
    origin TEXT NOT NULL, strategy TEXT, undoes INTEGER UNIQUE REFERENCES actions
) STRICT;
CREATE TABLE picks (
    action INTEGER NOT NULL REFERENCES actions, rank INTEGER NOT NULL, document TEXT NOT NULL,
    class INTEGER REFERENCES classes, step TEXT NOT NULL, PRIMARY KEY (action, rank)
) STRICT;
CREATE TABLE answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL REFERENCES actions,
    document TEXT NOT NULL, class INTEGER REFERENCES classes,
    said TEXT NOT NULL CHECK (said IN ('yes', 'no', 'skip')), CHECK ((class IS NULL) = (said = 'skip'))
) STRICT;
CREATE INDEX answers_of_action ON answers (action);
"""
APPEND_ONLY = "".join(
    f"CREATE TRIGGER no_{change}_of_{table} BEFORE {change} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'append only'); END;"
    for table in ("classes", "actions", "picks", "answers")
    for change in ("UPDATE", "DELETE")
)

UNDONE = "SELECT undoes FROM actions WHERE undoes IS NOT NULL"

ANSWERS = f"""
SELECT document, name, said FROM answers LEFT JOIN classes ON classes.number = class
WHERE action NOT IN ({UNDONE}) ORDER BY answers.number
"""

ACTIONS = f"""
SELECT number, at, annotator, origin, undoes,
    (SELECT COUNT(DISTINCT document) FROM answers WHERE action = actions.number)
    + (SELECT COUNT(*) FROM picks WHERE action = actions.number),
    number IN ({UNDONE})
FROM actions ORDER BY number
"""

BATCHES = f"""
SELECT actions.number, at, annotator, strategy, document, name, step FROM actions
JOIN picks ON action = actions.number LEFT JOIN classes ON classes.number = class
WHERE actions.number NOT IN ({UNDONE}) ORDER BY actions.number, rank
"""


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
        picks: in their order.
    """

    number: int
    at: str
    annotator: str
    strategy: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True)
class Action:
    """Answers that were given together, or documents that were handed out together.

    Attributes:
        number: from 1, in the order in which they were given.
        at: when, ISO 8601 in UTC.
        annotator: who; "" where nobody was named.
        origin: where the answers came from, as a file.
        undoes: number of the action that this one takes out, or None.
        documents: that were answered, skipped or handed out.
        is_undone: whether a later action takes this one out.
    """

    number: int
    at: str
    annotator: str
    origin: str
    undoes: int | None
    documents: int
    is_undone: bool

    @property
    def can_be_undone(self) -> bool:
        """Whether it stands and is no undo itself."""
        return self.undoes is None and not self.is_undone


class LabelStore:
    """An append-only log of answers in a SQLite file, and the state that follows from it.

    The latest answer of a document and class holds, whoever gave it. When a method that
    writes returns, what it wrote survives a crash of the process and of the machine
    (write-ahead log, synchronous FULL). Several processes may write.

    Args:
        folder: the index folder; the file is made by the first answer.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / LABELS

    def record(self, answers: Iterable[Answer], *, annotator: str = "", origin: str = "") -> int:
        """Write answers as one action: all of them stand, or none.

        Args:
            answers: in their order; of one document and class the last holds.
            annotator: who gave them.
            origin: where they came from.

        Returns:
            The action's number.

        Raises:
            LabelStoreError: the file is no label store, is damaged, or a newer version wrote it.
        """
        with self._writing() as store:
            action = _begin(store, annotator, origin)
            number_of = _Numbers(store)
            store.executemany(
                "INSERT INTO answers (action, document, class, said) VALUES (?, ?, ?, ?)",
                ((action, document, number_of[name], said) for document, name, said in answers),
            )
        return action

    def hand_out(
        self, picks: Sequence[Pick], strategy: str, *, annotator: str = "", origin: str = ""
    ) -> int:
        """Write that these documents were given to somebody, in their order.

        Returns:
            The action's number; to undo it frees them.

        Raises:
            LabelStoreError: as for `record`.
        """
        with self._writing() as store:
            action = _begin(store, annotator, origin, strategy=strategy)
            number_of = _Numbers(store)
            store.executemany(
                "INSERT INTO picks (action, rank, document, class, step) VALUES (?, ?, ?, ?, ?)",
                (
                    (action, rank, document, number_of[name], step)
                    for rank, (document, name, step) in enumerate(picks, start=1)
                ),
            )
        return action

    def batches(self) -> list[HandedOut]:
        """The batches that were handed out, first to last, without those that were undone.

        Raises:
            LabelStoreError: as for `record`.
        """
        rows = self._rows(BATCHES)
        return [
            HandedOut(number, at, annotator, strategy, tuple(Pick(*row[4:]) for row in group))
            for (number, at, annotator, strategy), group in groupby(rows, key=lambda row: row[:4])
        ]

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
        with self._writing() as store:  # so that no other process undoes the same
            standing = [a for a in _actions(store.execute(ACTIONS)) if a.can_be_undone]
            if not 1 <= last <= len(standing):
                raise RequestError(_too_many(last, len(standing)))
            undone = standing[: -last - 1 : -1]
            for action in undone:
                _begin(store, annotator, "undo", undoes=action.number)
        return undone

    def actions(self) -> list[Action]:
        """Everything that was written, first to last.

        Raises:
            LabelStoreError: as for `record`.
        """
        return _actions(self._rows(ACTIONS))

    def state(self) -> list[Answer]:
        """The answers that hold, one for each document and class that has one; skips too.

        Raises:
            LabelStoreError: as for `record`.
        """
        latest = {(document, name): said for document, name, said in self._rows(ANSWERS)}
        return [Answer(document, name, said) for (document, name), said in latest.items()]

    def check(self) -> None:
        """Nothing, when every page of the file is whole.

        Raises:
            LabelStoreError: the file is damaged, or as for `record`.
        """
        for (found,) in self._rows("PRAGMA integrity_check(1)"):
            if found != "ok":
                raise LabelStoreError(_damaged(self.path, found))

    def _rows(self, query: str) -> list[Any]:
        """What a query gives; nothing where nobody has answered yet."""
        if not self.path.exists():
            return []
        with self._open() as store:
            return store.execute(query).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The open file in one transaction, made where there is none."""
        if not self.path.exists():
            self._make()
        with self._open() as store:
            store.execute("BEGIN IMMEDIATE")
            yield store
            store.execute("COMMIT")

    def _make(self) -> None:
        """Put an empty store in its place, whole: SQLite does not wait for who turns WAL on."""
        from filelock import FileLock

        partial = self.path.with_name(f".{LABELS}.partial")
        with FileLock(self.path.with_name(f".{LABELS}.lock")):
            if self.path.exists():  # another process made it meanwhile
                return
            partial.unlink(missing_ok=True)
            with closing(sqlite3.connect(partial)) as store:
                store.executescript(
                    f"PRAGMA journal_mode = WAL; {TABLES} {APPEND_ONLY} "
                    f"PRAGMA user_version = {SCHEMA_VERSION};"
                )
            partial.rename(self.path)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as store:
                store.execute("PRAGMA synchronous = FULL")
                store.execute("PRAGMA foreign_keys = ON")
                version = store.execute("PRAGMA user_version").fetchone()[0]
                if version > SCHEMA_VERSION:
                    raise LabelStoreError(
                        f"{self.path} has schema {version}, this version reads up to "
                        f"{SCHEMA_VERSION}; upgrade classemb-index"
                    )
                yield store
        except sqlite3.OperationalError as cause:
            raise LabelStoreError(f"{self.path} cannot be used: {cause}") from cause
        except sqlite3.DatabaseError as cause:
            raise LabelStoreError(_damaged(self.path, str(cause))) from cause


class _Numbers(dict[str | None, int | None]):
    """The number of each class name, given where it has none; None for no class."""

    def __init__(self, store: sqlite3.Connection) -> None:
        super().__init__(store.execute("SELECT name, number FROM classes"))
        self[None] = None
        self._store = store

    def __missing__(self, name: str | None) -> int | None:
        cursor = self._store.execute("INSERT INTO classes (name) VALUES (?)", (name,))
        self[name] = cursor.lastrowid
        return cursor.lastrowid


def _actions(rows: Iterable[Any]) -> list[Action]:
    return [
        Action(number, at, annotator, origin, undoes, documents, bool(is_undone))
        for number, at, annotator, origin, undoes, documents, is_undone in rows
    ]


def _too_many(last: int, standing: int) -> str:
    return f"asked to undo {last} actions, {standing} can be undone; see: labels log"


def _begin(
    store: sqlite3.Connection,
    annotator: str,
    origin: str,
    *,
    strategy: str | None = None,
    undoes: int | None = None,
) -> int:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    cursor = store.execute(
        "INSERT INTO actions (at, annotator, origin, strategy, undoes) VALUES (?, ?, ?, ?, ?)",
        (at, annotator, origin, strategy, undoes),
    )
    return int(cursor.lastrowid or 0)


def _damaged(path: Path, what: str) -> str:
    return (
        f"{path} is damaged: {what}; put a copy of it in its place, or recover it with: "
        f"sqlite3 {path.name} .recover"
    )
