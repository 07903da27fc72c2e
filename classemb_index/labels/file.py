"""The SQLite file of a label store: made whole, opened, brought to the present schema, kept open."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import LabelStoreError
from . import schema

BUSY_SECONDS = 30.0  # to wait for another writer


class LabelFile:
    """A file of the label store's schema, made by the first who writes.

    What a transaction wrote survives a crash of the process and of the machine when it has ended
    (write-ahead log, synchronous FULL). A file of an earlier schema is read as it is, and gets the
    present one with the first thing that is written.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open_beside: sqlite3.Connection | None = None
        self._was_there = False

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """What a query gives; nothing where there is no file yet.

        Raises:
            LabelStoreError: the file is no label store, is damaged or gone, or a newer version wrote it.
        """
        with self.reading() as store:
            return [] if store is None else store.execute(query, parameters).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The open file as it is at one moment; None where there is none yet."""
        if not self._is_there():
            yield None
            return
        with self._open() as store:
            store.execute("BEGIN")
            if self._known_version(store) < 2:
                store.execute(schema.NO_NOTES)
            yield store

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The open file in one transaction, made where there is none."""
        if not self._is_there():
            self._make()
            self._was_there = True
        with self._open() as store:
            self._stay_open()
            store.execute("PRAGMA synchronous = FULL")
            store.execute("PRAGMA foreign_keys = ON")
            store.execute("BEGIN IMMEDIATE")
            _upgrade(store, since=self._known_version(store) or 1)  # 0: nobody made it a store
            yield store
            store.execute("COMMIT")

    def check_folder(self) -> None:
        """Nothing, when the folder is there; a lock in it would else make it anew.

        Raises:
            LabelStoreError: it is not.
        """
        if not self.path.parent.is_dir():
            raise LabelStoreError(
                f"the folder {self.path.parent} is gone, so nothing can be written; put it back"
            )

    def _is_there(self) -> bool:
        """Whether there is a file yet.

        Raises:
            LabelStoreError: there was one; an empty one in its place would hide that answers are lost.
        """
        if self.path.exists():
            self._was_there = True
        elif self._was_there:
            raise LabelStoreError(
                f"{self.path} is gone, with the answers in it; put it or a copy back in its place"
            )
        return self._was_there

    def _stay_open(self) -> None:
        """Keep one connection for as long as this object lives, beside the one that is used.

        Whoever closes the last one carries the log over into the file, which takes several times as
        long as an answer.
        """
        if self._open_beside is None:
            beside = sqlite3.connect(self.path, check_same_thread=False)
            weakref.finalize(self, beside.close)
            beside.execute("PRAGMA user_version").fetchone()  # before, nothing is opened
            self._open_beside = beside

    def _make(self) -> None:
        """Put an empty store in its place, whole: SQLite does not wait for who turns WAL on."""
        from filelock import FileLock

        self.check_folder()
        partial = self.path.with_name(f".{self.path.name}.partial")
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            if self.path.exists():  # another process made it meanwhile
                return
            partial.unlink(missing_ok=True)
            with self._told(), closing(sqlite3.connect(partial, isolation_level=None)) as store:
                store.execute("PRAGMA journal_mode = WAL")
                store.execute("BEGIN")
                _upgrade(store, since=0)
                store.execute("COMMIT")
            partial.rename(self.path)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with (
            self._told(),
            closing(
                sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as store,
        ):
            yield store

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite complains of, as an error of the store."""
        try:
            yield
        except sqlite3.OperationalError as cause:  # a full disk, or another who writes for long
            raise LabelStoreError(
                f"{self.path} cannot be used: {cause}; nothing was written, try again once that is mended"
            ) from cause
        except sqlite3.DatabaseError as cause:
            raise LabelStoreError(damaged(self.path, str(cause))) from cause

    def _known_version(self, store: sqlite3.Connection) -> int:
        """The schema of the file.

        Raises:
            LabelStoreError: a newer version of the tool made it.
        """
        version = int(store.execute("PRAGMA user_version").fetchone()[0])
        if version > schema.VERSION:
            raise LabelStoreError(
                f"{self.path} has schema {version}, this version reads up to "
                f"{schema.VERSION}; upgrade classemb-index"
            )
        return version


def damaged(path: Path, what: str) -> str:
    """What to do with a file that is damaged."""
    return (
        f"{path} is damaged: {what}; put a copy of it in its place, or recover it with: "
        f"sqlite3 {path.name} .recover"
    )


def _upgrade(store: sqlite3.Connection, since: int) -> None:
    """Make the present schema of that of a version, in the transaction that is open."""
    for step in schema.STEPS[since:]:
        for statement in step:
            store.execute(statement)
    if since < schema.VERSION:
        store.execute(f"PRAGMA user_version = {schema.VERSION}")
