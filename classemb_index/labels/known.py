"""What is known of each document and class: the source's labels, and what people said after them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..arrays import Mask
from ..pool.pool import Pool
from .classes import LabelClass, Register
from .log import StoredAnswer


class KnownCells:
    """The cells of a pool, changed by answers and merges as they come.

    There is a column for every class of the source and of the store. Which of them the pool has in
    the end, and under which names, the register says.

    Args:
        pool: as its source has it.
        register: the classes after all changes.
    """

    def __init__(self, pool: Pool, register: Register) -> None:
        self._source, self._register = pool, register
        self._column_of: dict[int, int] = {}  # by number of the class
        self._classes: list[LabelClass] = []  # column by column
        doubled = []  # columns of the source that stand for one class, with its first
        for column, name in enumerate(pool.classes):
            number = register.source_number(name)
            own = LabelClass(name, name) if number is None else register.classes[number]
            self._classes.append(own)
            if number is not None and self._column_of.setdefault(number, column) != column:
                doubled.append((column, self._column_of[number]))
        self._doubled = {column for column, _ in doubled}
        for number, own in register.classes.items():
            if number not in self._column_of:
                self._column_of[number] = len(self._classes)
                self._classes.append(own)
        shape, q = (len(pool), len(self._classes)), len(pool.classes)
        self._labels, self._known = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        self._labels[:, :q], self._known[:, :q] = pool.labels, pool.known
        for column, first in doubled:
            self._labels[:, first] |= self._labels[:, column]
        self._answers: set[tuple[int, int]] = set()  # rows and columns
        self._is_skipped = np.zeros(len(pool), dtype=bool)

    def answer(self, answers: Iterable[StoredAnswer]) -> None:
        """Take in answers; the last to a document and class holds. Those to unknown documents wait."""
        said_of: dict[tuple[int, int], bool] = {}
        row_of = self._source.row_of
        for _, document, number, said, _ in answers:
            if (row := row_of.get(document)) is None:
                continue
            if number is None:
                self._is_skipped[row] = True
            else:
                said_of[row, self._column_of[number]] = said == "yes"
        if said_of:
            rows, columns = np.array(list(said_of), dtype=np.int64).T
            self._labels[rows, columns] = list(said_of.values())
            self._known[rows, columns] = True
            self._answers |= said_of.keys()

    def merge(self, gone: int, into: int) -> None:
        """Count what is known of one class for another: yes to either is yes, no to both is no."""
        old, new = self._column_of[gone], self._column_of[into]
        self._labels[:, new] |= self._labels[:, old]
        self._known[:, new] &= self._known[:, old]
        self._known[:, new] |= self._labels[:, new]
        self._answers |= {(row, new) for row, column in self._answers if column == old}

    @cached_property
    def pool(self) -> Pool:
        """The pool with these cells and with the classes as they are now."""
        source, present = self._source, self._present
        classes = [self._classes[column] for column in present]
        names, is_described = (
            tuple(own.name for own in classes),
            any(c.description for c in classes),
        )
        if names == source.classes and not is_described and not self.answered.any():
            return source
        labels, known = self._labels, self._known
        if present != list(range(len(self._classes))):
            labels, known = labels[:, present], known[:, present]
        is_known = source.is_known | self.answered
        return replace(
            source,
            classes=names,
            labels=labels,
            cells=None if np.all(known, axis=1)[is_known].all() else known,
            is_known=is_known,
            groups=self._groups(),
            former_names=self._former_names(),
            descriptions={own.name: own.description for own in classes if own.description},
        )

    @cached_property
    def answered(self) -> Mask:
        """(n,) True for documents that somebody answered for a class that the pool has."""
        present, answered = set(self._present), np.zeros(len(self._source), dtype=bool)
        answered[[row for row, column in self._answers if column in present]] = True
        return answered

    @property
    def skipped(self) -> Mask:
        """(n,) True for documents that somebody skipped and nobody answered."""
        return self._is_skipped & ~self.answered

    def digest(self) -> str:
        """sha256 of the classes and cells of the pool; "" where they are the source's."""
        pool = self.pool
        if pool is self._source:
            return ""
        digest = hashlib.sha256(json.dumps([pool.classes, dict(pool.descriptions)]).encode())
        for matrix in (pool.labels, pool.known):
            digest.update(np.packbits(matrix).tobytes())
        return digest.hexdigest()

    @cached_property
    def _present(self) -> list[int]:
        """Columns of the classes that the pool has: the source's, then those that were added."""
        q = len(self._source.classes)
        return [
            column
            for column, own in enumerate(self._classes)
            if own.merged_into is None
            and not own.is_removed
            and column not in self._doubled
            and (column < q or own.is_added)
        ]

    def _groups(self) -> dict[str, tuple[str, ...]]:
        """The source's groups under the present names, with the added classes of a group."""
        source = self._source
        group_of = {name: group for group, names in source.groups.items() for name in names}
        groups: dict[str, list[str]] = {group: [] for group in source.groups}
        for column in self._present:
            own = self._classes[column]
            name = source.classes[column] if column < len(source.classes) else ""
            if group := own.group or group_of.get(name):
                groups.setdefault(group, []).append(own.name)
        return {group: tuple(names) for group, names in groups.items() if names}

    def _former_names(self) -> dict[str, str]:
        """Names that a class had, or that a class merged into it has, to its present name."""
        names = {self._classes[column].name for column in self._present}
        former = {
            name: own.name
            for name, number in self._register.numbers.items()
            if (own := self._register.present(number)) is not None
        }
        return {old: new for old, new in former.items() if old not in names and new in names}
