"""The labelled set: which documents' labels a method may see; all others are hidden from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolMatrix, Counts, Mask, Rows
from ..errors import RequestError
from ..pool.pool import Pool

DEFAULT_SIZE = 100


@dataclass(frozen=True)
class LabelledSet:
    """Documents whose labels may be seen, and those that may be searched or selected.

    Attributes:
        rows: (m,) int64, rising.
        labels: (m, q) bool, row for row; False where it is unknown whether a document has a class.
        unlabelled: (n,) True for selectable documents that are not labelled.
        origin: how it was chosen, in words.
        cells: (m, q) True where it is known whether the document has the class; None where all are.
    """

    rows: Rows
    labels: BoolMatrix
    unlabelled: Mask
    origin: str
    cells: BoolMatrix | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def known(self) -> BoolMatrix:
        """(m, q) True where it is known whether the document has the class."""
        if self.cells is None:
            return np.broadcast_to(np.True_, self.labels.shape)
        return self.cells

    @property
    def counts(self) -> Counts:
        """(q,) labelled documents of each class."""
        return np.asarray(self.labels.sum(axis=0), dtype=np.int64)

    def labels_of(self, rows: Rows) -> BoolMatrix:
        """(len(rows), q) labels of these rows, all of which are labelled."""
        return np.asarray(self.labels[np.searchsorted(self.rows, rows)])

    def known_of(self, rows: Rows) -> BoolMatrix:
        """(len(rows), q) `known` of these rows, all of which are labelled."""
        return np.asarray(self.known[np.searchsorted(self.rows, rows)])

    def searched_for(self, position: int) -> Mask:
        """(n,) True for documents to search for a class: the unlabelled, and labelled ones of which
        it is unknown whether they have it.
        """
        if self.cells is None or (is_known := self.cells[:, position]).all():
            return self.unlabelled
        searched = self.unlabelled.copy()
        searched[self.rows[~is_known]] = True
        return searched

    def without(self, held_out: Mask) -> LabelledSet:
        """The same with fewer documents to search and select from: none that is True in the mask."""
        return replace(self, unlabelled=self.unlabelled & ~held_out)

    @property
    def n_unlabelled(self) -> int:
        """How many documents may be searched or selected."""
        return int(np.count_nonzero(self.unlabelled))


def labelled_set(pool: Pool, rows: Rows, origin: str) -> LabelledSet:
    """The labelled set of these rows; every other selectable document is unlabelled."""
    rows = np.sort(rows)
    unlabelled = pool.selectable.copy()
    unlabelled[rows] = False
    cells = None if pool.is_complete[rows].all() else pool.known[rows]
    return LabelledSet(rows, pool.labels[rows], unlabelled, origin, cells)


def nothing_labelled(pool: Pool) -> LabelledSet:
    """The empty labelled set: classes can be asked for by their names alone."""
    return labelled_set(pool, np.zeros(0, dtype=np.int64), "no labelled document")


def draw_labelled(pool: Pool, size: int, seed: int, among: Mask | None = None) -> LabelledSet:
    """A random labelled set of `size` documents.

    Draws of one seed are nested: a larger one holds every smaller one.

    Args:
        pool: the documents; only selectable ones with known labels are drawn.
        size: how many.
        seed: of the draw.
        among: (n,) True for those that may be drawn; None for all.

    Raises:
        RequestError: fewer than `size` documents can be drawn.
    """
    candidates = np.flatnonzero(pool.answerable if among is None else pool.answerable & among)
    if not 1 <= size <= len(candidates):
        raise RequestError(
            f"asked for {size} labelled documents, {len(candidates)} of the pool have known labels; "
            "ask for fewer"
        )
    order = np.random.default_rng(seed).permutation(candidates)
    return labelled_set(pool, order[:size], f"{size} labelled documents drawn with seed {seed}")


def labelled_from_ids(pool: Pool, ids: Iterable[str], origin: str) -> LabelledSet:
    """The labelled set of these ids.

    Raises:
        RequestError: an id is unknown, not selectable, or has no known labels.
    """
    return labelled_set(pool, pool.labelled_rows(ids), origin)


def default_labelled(pool: Pool, seed: int = 0) -> LabelledSet:
    """All selectable documents of which something is known; where all is known, a draw of 100.

    Where nothing is known the set is empty: classes can be asked for by their names.

    Args:
        pool: the documents.
        seed: of the draw.
    """
    known = np.flatnonzero(pool.selectable & pool.is_known)
    if not known.size:
        return nothing_labelled(pool)
    if np.count_nonzero(pool.answerable) < np.count_nonzero(pool.selectable):
        return labelled_set(pool, known, f"the {len(known)} documents whose labels are known")
    return draw_labelled(pool, min(DEFAULT_SIZE, max(1, len(known) // 2)), seed)
