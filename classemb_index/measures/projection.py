"""The pool as a map: documents in the first two principal components of a random part of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatMatrix, Rows
from ..index.index import EmbeddingIndex

SAMPLE = 2000  # random documents, by which the components are found
MOST = 3000  # documents on the map


@dataclass(frozen=True)
class Projection:
    """Documents of a pool in two principal components.

    Attributes:
        rows: (p,) int64, rising.
        points: (p, 2) float32.
        explained_variance: share of the random part's variance, from 0 to 1, of each component.
    """

    rows: Rows
    points: FloatMatrix
    explained_variance: tuple[float, float]


def project(index: EmbeddingIndex, also: Rows, *, seed: int = 0) -> Projection:
    """At most 2,000 random documents, and these, at most 3,000 in all.

    The components are those of the random documents alone, so the map stays where it is while
    labels come. Each is turned so that its largest weight is positive.

    Args:
        index: the pool and its embeddings.
        also: rows that shall be on the map, as the labelled ones; of more than there is room for,
            a random part.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    selectable = np.flatnonzero(index.pool.selectable)
    drawn = rng.choice(selectable, min(SAMPLE, len(selectable)), replace=False)
    others = np.setdiff1d(also, drawn)
    room = MOST - len(drawn)
    if len(others) > room:
        others = rng.choice(others, room, replace=False)
    sample = index.embeddings(np.sort(drawn)).astype(np.float64)
    mean = sample.mean(axis=0)
    # the covariance is dim x dim, whatever the sample; its last eigenvectors have most variance
    values, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False, bias=True))
    axes = vectors[:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    rows = np.union1d(drawn, others)
    points = (index.embeddings(rows) - mean) @ axes
    total = values.sum()
    first, second = values[:-3:-1] / total if total > 0 else (0.0, 0.0)
    return Projection(rows, points.astype(np.float32), (float(first), float(second)))
