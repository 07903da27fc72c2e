"""Class queries: the unlabelled documents nearest to a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .backends import Neighbours
from .centroids import class_centroids
from .errors import EmptyClassError, RequestError
from .index import EmbeddingIndex
from .labelled import LabelledSet
from .pool import GROUPS, Pool
from .types import Counts, FloatMatrix, Rows

METHODS = ("centroid",)


@dataclass(frozen=True)
class ClassNeighbours:
    """One class's answer.

    Attributes:
        position: the class's position.
        n_labelled: its labelled documents.
        neighbours: rows (k,) and scores (k,), nearest first; None without a query.
        has_class: (k,) True or False where a neighbour's labels are known, else None.
        in_unlabelled: documents of the unlabelled set that are known to have the class.
        expected: documents with the class among as many of random order as have known labels.
    """

    position: int
    n_labelled: int
    neighbours: Neighbours | None
    has_class: tuple[bool | None, ...] = ()
    in_unlabelled: int = 0
    expected: float = 0.0


@dataclass(frozen=True)
class ClassQueryResult:
    """The answers of a query for several classes, with what it was asked."""

    k: int
    method: str
    labelled: LabelledSet
    classes: tuple[ClassNeighbours, ...]


def query_classes(
    index: EmbeddingIndex,
    classes: Sequence[int],
    labelled: LabelledSet,
    *,
    k: int = 10,
    method: str = "centroid",
) -> ClassQueryResult:
    """The k unlabelled documents nearest to each class, in one batched search.

    Labels of unlabelled documents score the answer where they are known and are
    never used to find it. A class without a labelled document has no query and is
    reported as such.

    Args:
        index: the pool and its embeddings.
        classes: positions of classes.
        labelled: the documents whose labels may be seen.
        k: neighbours of each class.
        method: "centroid" (Eq. 1).

    Raises:
        EmptyClassError: no class has a labelled document.
        RequestError: k is above the number of unlabelled documents.
    """
    if method not in METHODS:
        raise RequestError(f"no query method {method!r}; there are: {', '.join(METHODS)}")
    pool, counts = index.pool, labelled.counts
    answered = np.array([c for c in classes if counts[c]], dtype=np.int64)
    if not answered.size:
        names = ", ".join(pool.classes[c] for c in classes)
        raise EmptyClassError(
            f"no labelled document of {names} among {len(labelled)} ({labelled.origin}), so there is "
            "no centroid to query with; label one, or use a larger --labelled-size"
        )
    centroids = centroids_of(index, labelled, answered)
    found = index.search(centroids, k, among=labelled.unlabelled)
    by_class = {int(c): Neighbours(found.rows[i], found.scores[i]) for i, c in enumerate(answered)}
    return ClassQueryResult(
        k,
        method,
        labelled,
        tuple(_answer(pool, c, labelled, by_class.get(c)) for c in classes),
    )


def centroids_of(index: EmbeddingIndex, labelled: LabelledSet, classes: Rows) -> FloatMatrix:
    """(len(classes), dim) float32 centroids of classes that have a labelled document."""
    return class_centroids(index.embeddings(labelled.rows), labelled.labels[:, classes])


def resolve_classes(
    pool: Pool, selectors: Sequence[str], counts: Counts
) -> tuple[list[int], str | None]:
    """The class positions that names and the words rare, frequent and all stand for.

    Args:
        pool: has the classes and, perhaps, declared groups.
        selectors: class names, "rare", "frequent" or "all"; each class is kept once.
        counts: (q,) labelled documents; where no groups are declared, the half of
            the classes with the fewest is "rare" and the others are "frequent".

    Returns:
        The positions, and a note where a group was not declared.

    Raises:
        UnknownClassError: no class of that name.
        RequestError: the pool has no classes.
    """
    positions: list[int] = []
    notes = []
    for selector in selectors:
        if selector == "all":
            positions += range(len(pool.classes))
        elif selector not in GROUPS or selector in pool.classes:
            positions.append(pool.class_position(selector))
        elif pool.groups.get(selector):
            positions += [pool.class_position(name) for name in pool.groups[selector]]
        else:
            order = np.argsort(counts, kind="stable")
            half = max(1, len(order) // 2)
            # of a single class both halves are that class
            chosen = order[:half] if selector == "rare" else order[min(half, len(order) - 1) :]
            amount = "fewest" if selector == "rare" else "most"
            names = ", ".join(pool.classes[c] for c in sorted(chosen))
            positions += sorted(int(c) for c in chosen)
            notes.append(
                f"no {selector} group is declared: taken are the classes with the {amount} "
                f"labelled documents, {names}"
            )
    if not positions:
        raise RequestError(
            "the pool has no classes to query; add labels to its documents and build the index again"
        )
    return list(dict.fromkeys(positions)), "; ".join(dict.fromkeys(notes)) or None


def _answer(
    pool: Pool, position: int, labelled: LabelledSet, neighbours: Neighbours | None
) -> ClassNeighbours:
    n_labelled = int(labelled.counts[position])
    if neighbours is None:
        return ClassNeighbours(position, n_labelled, None)
    has_class = tuple(
        bool(pool.labels[row, position]) if pool.is_known[row] else None for row in neighbours.rows
    )
    among = labelled.unlabelled & pool.is_known
    in_unlabelled = int(np.count_nonzero(pool.labels[among, position]))
    n_known = sum(mark is not None for mark in has_class)
    expected = n_known * in_unlabelled / max(1, int(np.count_nonzero(among)))
    return ClassNeighbours(position, n_labelled, neighbours, has_class, in_unlabelled, expected)
