"""What is known of each document and class: the source's labels, and what people said after them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np

from ..arrays import Mask
from ..pool.pool import Pool
from .classes import LabelClass, Register
from .log import StoredAnswer

SKIP = UNKNOWN = -1  # the column of a skip, the row of a document that the pool lacks


class KnownCells:
    """The cells of a pool, changed by answers and merges as they come.

    There is a column for every class of the source and of the store. Which of them the pool has in
    the end, and under which names, the register says.

    Args:
        pool: as its source has it.
        register: the classes after all changes.
    """

    def __init__(self, pool: Pool, register: Register) -> None:
        self.source, self._register = pool, register
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
        self._is_answered = np.zeros(shape, dtype=bool)
        self._is_skipped = np.zeros(len(pool), dtype=bool)

    def copy(self) -> KnownCells:
        """The same cells, to go on with while these stay as they are."""
        other = copy(self)
        vars(other).pop("pool", None)
        vars(other).pop("answered", None)
        for name in ("_labels", "_known", "_is_answered", "_is_skipped"):
            vars(other)[name] = vars(self)[name].copy()
        return other

    def answer(self, answers: Sequence[StoredAnswer]) -> None:
        """Take in answers; the last to a document and class holds. Those to unknown documents wait."""
        if not answers:
            return
        _, documents, numbers, said, _ = zip(*answers, strict=True)
        row_of, column_of, n = self.source.row_of, self._column_of, len(answers)
        rows = np.fromiter((row_of.get(document, UNKNOWN) for document in documents), np.int64, n)
        columns = np.fromiter((column_of.get(number or 0, SKIP) for number in numbers), np.int64, n)
        is_yes = np.fromiter(map("yes".__eq__, said), bool, n)
        self._is_skipped[rows[(rows != UNKNOWN) & (columns == SKIP)]] = True
        told = (rows != UNKNOWN) & (columns != SKIP)
        cells = rows[told], columns[told]
        self._labels[cells] = is_yes[told]  # of a cell that comes twice, NumPy keeps the last
        self._known[cells] = True
        self._is_answered[cells] = True

    def merge(self, gone: int, into: int) -> None:
        """Count what is known of one class for another: yes to either is yes, no to both is no."""
        old, new = self._column_of[gone], self._column_of[into]
        self._labels[:, new] |= self._labels[:, old]
        self._known[:, new] &= self._known[:, old]
        self._known[:, new] |= self._labels[:, new]
        self._is_answered[:, new] |= self._is_answered[:, old]

    @cached_property
    def pool(self) -> Pool:
        """The pool with these cells and with the classes as they are now."""
        source, present = self.source, self._present
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
        return source.with_labels(
            classes=names,
            labels=labels,
            cells=None if known[is_known].all() else known,
            is_known=is_known,
            groups=self._groups(),
            former_names=self._former_names(),
            descriptions={own.name: own.description for own in classes if own.description},
        )

    @cached_property
    def answered(self) -> Mask:
        """(n,) True for documents that somebody answered for a class that the pool has."""
        answered = np.zeros(len(self.source), dtype=bool)
        for column in self._present:
            answered |= self._is_answered[:, column]
        return answered

    @property
    def skipped(self) -> Mask:
        """(n,) True for documents that somebody skipped and nobody answered."""
        return self._is_skipped & ~self.answered

    def digest(self) -> str:
        """sha256 of the classes and cells of the pool; "" where they are the source's, and not hidden."""
        pool = self.pool
        if pool is self.source and not pool.is_practice:
            return ""
        digest = hashlib.sha256(json.dumps([pool.classes, dict(pool.descriptions)]).encode())
        for matrix in (pool.labels, pool.known):
            digest.update(np.packbits(matrix).tobytes())
        return digest.hexdigest()

    @cached_property
    def _present(self) -> list[int]:
        """Columns of the classes that the pool has: the source's, then those that were added."""
        q = len(self.source.classes)
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
        source = self.source
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
        name_of = self._register.names_now
        former = {old: name_of.get(number) for old, number in self._register.numbers.items()}
        return {old: new for old, new in former.items() if old not in names and new in names}
