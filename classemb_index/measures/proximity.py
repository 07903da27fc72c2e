"""Proximity analysis (Tables 2 and 3): how many of the nearest documents have the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatVector, Mask, Rows
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..queries.centroids import centroids_of
from .base import ClassEntry


@dataclass(frozen=True)
class ClassProximity(ClassEntry):
    """One class at one size of the labelled set; means over the draws in which it had a centroid.

    Attributes:
        n_labelled: size of the labelled set.
        class_name: the class.
        hits: documents with the class among the top_k nearest; None when no draw had
            a labelled document of it.
        hits_sd: standard deviation of `hits` over the draws; None below two.
        farthest: the same count among the top_k farthest.
        in_unlabelled: documents with the class in the unlabelled set; over all draws
            when no draw had a centroid.
        expected: hits of a random order, top_k * prevalence.
        lift: hits / expected; None where nothing is expected.
        draws: draws in which the class had a centroid.
        paper: the published count, where the recipe has one for this size.
    """

    n_labelled: int
    class_name: str
    hits: float | None
    hits_sd: float | None
    farthest: float | None
    in_unlabelled: float
    expected: float
    lift: float | None
    draws: int
    paper: int | None


def proximity_analysis(
    index: EmbeddingIndex, draws: Sequence[Sequence[LabelledSet]], top_k: int = 100
) -> list[ClassProximity]:
    """The rows of Table 2 or 3, with what the paper lacks.

    Beside each count stand the class's count in the unlabelled set, the count
    expected from random order, the lift, and the same count for the documents
    farthest from the centroid.

    Args:
        index: the pool and its embeddings; documents with unknown labels are left out.
        draws: for each size, the labelled sets drawn (a seed each).
        top_k: documents looked at for each class.

    Returns:
        One entry for each size and class, in that order.

    Raises:
        RequestError: top_k is above the number of unlabelled documents.
    """
    classes = index.pool.classes
    return [
        entry
        for labelled_sets in draws
        for entry in _summarised(
            classes,
            len(labelled_sets[0]),
            [_counted(index, labelled, top_k) for labelled in labelled_sets],
            index.published.counts(len(labelled_sets[0]), len(classes)),
        )
    ]


def candidates(index: EmbeddingIndex, labelled: LabelledSet, top_k: int) -> Mask:
    """(n,) True for the unlabelled documents whose labels are known, top_k of them at least.

    Raises:
        RequestError: top_k is above their number.
    """
    among = labelled.unlabelled & index.pool.is_complete
    if top_k > (left := int(np.count_nonzero(among))):
        raise RequestError(
            f"asked for the {top_k} nearest documents, {left} with known labels are left beside "
            f"{len(labelled)} labelled; lower --top-k or --sizes"
        )
    return among


@dataclass(frozen=True)
class _Counts:
    """Counts of one draw, (q,) each; NaN where the class has no centroid."""

    nearest: FloatVector
    farthest: FloatVector
    in_unlabelled: FloatVector
    expected: FloatVector


def _counted(index: EmbeddingIndex, labelled: LabelledSet, top_k: int) -> _Counts:
    pool = index.pool
    among = candidates(index, labelled, top_k)
    left = int(np.count_nonzero(among))
    in_unlabelled = pool.labels[among].sum(axis=0).astype(np.float32)
    nearest = np.full(len(pool.classes), np.nan, dtype=np.float32)
    farthest = nearest.copy()
    positions = np.flatnonzero(labelled.counts)
    if positions.size:
        centroids = centroids_of(index, labelled, positions)
        # the farthest from a centroid are the nearest to its negative
        near = index.search(np.concatenate([centroids, -centroids]), top_k, among=among)
        nearest[positions] = _hits(index, near.rows[: len(positions)], positions)
        farthest[positions] = _hits(index, near.rows[len(positions) :], positions)
    return _Counts(nearest, farthest, in_unlabelled, top_k * in_unlabelled / left)


def _hits(index: EmbeddingIndex, rows: Rows, positions: Rows) -> FloatVector:
    has_class = index.pool.labels[rows, positions[:, None]]
    return np.asarray(has_class.sum(axis=1), dtype=np.float32)


def _summarised(
    classes: Sequence[str],
    size: int,
    draws: Sequence[_Counts],
    published: Sequence[int] | None,
) -> list[ClassProximity]:
    nearest = np.stack([draw.nearest for draw in draws], dtype=np.float64)
    farthest = np.stack([draw.farthest for draw in draws], dtype=np.float64)
    in_unlabelled = np.stack([draw.in_unlabelled for draw in draws], dtype=np.float64)
    random_order = np.stack([draw.expected for draw in draws], dtype=np.float64)
    entries = []
    for c, name in enumerate(classes):
        drawn = np.flatnonzero(~np.isnan(nearest[:, c]))
        # draws with a centroid leave fewer documents of the class: compare hits with these alone
        counted = drawn if drawn.size else np.arange(len(draws))
        expected = float(random_order[counted, c].mean())
        hits = float(nearest[drawn, c].mean()) if drawn.size else None
        entries.append(
            ClassProximity(
                n_labelled=size,
                class_name=name,
                hits=hits,
                hits_sd=float(nearest[drawn, c].std(ddof=1)) if drawn.size > 1 else None,
                farthest=float(farthest[drawn, c].mean()) if drawn.size else None,
                in_unlabelled=float(in_unlabelled[counted, c].mean()),
                expected=expected,
                lift=hits / expected if hits is not None and expected else None,
                draws=int(drawn.size),
                paper=published[c] if published else None,
            )
        )
    return entries
