"""Class centroids (Eq. 1) and the least frequent class (Algorithm 1, line 7)."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, Counts, FloatMatrix, Mask, Rows
from ..errors import EmptyClassError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet


def class_centroids(embeddings: FloatMatrix, labels: BoolMatrix) -> FloatMatrix:
    """Mean embedding of each class's labelled documents (Eq. 1).

    A document with several classes counts once in each of them. The mean is
    plain: it is scaled to unit length at search time, not here.

    Args:
        embeddings: (n_labelled, dim) float32, one row per labelled document.
        labels: (n_labelled, n_classes) bool, in the same row order.

    Returns:
        (n_classes, dim) float32.

    Raises:
        EmptyClassError: a class has no labelled document.
    """
    counts = labels.sum(axis=0)
    if (empty := np.flatnonzero(counts == 0)).size:
        raise EmptyClassError(
            f"the classes at positions {empty.tolist()} have no labelled document, so they have "
            "no centroid; label at least one document of each, or leave them out"
        )
    sums = labels.T.astype(np.float32) @ embeddings
    return np.asarray(sums / counts[:, None], dtype=np.float32)


def least_frequent_class(counts: Counts, eligible: Mask) -> int:
    """The position of the eligible class with the smallest count; ties to the lower position.

    Args:
        counts: (n_classes,) labelled documents of each class.
        eligible: (n_classes,) True for classes that may be chosen; at least one is.
    """
    positions = np.flatnonzero(eligible)
    return int(positions[np.argmin(counts[positions])])


def centroids_of(index: EmbeddingIndex, labelled: LabelledSet, positions: Rows) -> FloatMatrix:
    """(len(positions), dim) float32 centroids of classes that have a labelled document."""
    return class_centroids(index.embeddings(labelled.rows), labelled.labels[:, positions])
