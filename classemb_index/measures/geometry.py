"""Geometry of the labelled set (Figures 3 to 6): distances to centroids, and two components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, Rows, unit
from ..errors import EmptyClassError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..queries.centroids import centroids_of
from .base import ClassEntry


@dataclass(frozen=True)
class ClassDistance(ClassEntry):
    """Mean cosine distance (1 - cosine similarity) of a class's labelled documents.

    Attributes:
        class_name: the class.
        same: to its own centroid; None where the class has no labelled document.
        other: to each other class's centroid, averaged over these; None where there is none.
    """

    class_name: str
    same: float | None
    other: float | None

    @property
    def margin(self) -> float | None:
        """How much farther the other centroids are; None where one of both is unknown."""
        return None if self.same is None or self.other is None else self.other - self.same


@dataclass(frozen=True)
class Components:
    """Labelled documents and class centroids in their first two principal components.

    Attributes:
        points: (p, 2) float32; a document with several classes is there once for each.
        point_classes: (p,) int64 class of each point.
        centroids: (c, 2) float32.
        centroid_classes: (c,) int64.
        explained_variance: share of the variance, from 0 to 1, of each component.
    """

    points: FloatMatrix
    point_classes: Rows
    centroids: FloatMatrix
    centroid_classes: Rows
    explained_variance: tuple[float, float]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Components:
        """The same from lists of numbers."""
        return cls(
            points=np.array(values["points"], dtype=np.float32).reshape(-1, 2),
            point_classes=np.array(values["point_classes"], dtype=np.int64),
            centroids=np.array(values["centroids"], dtype=np.float32).reshape(-1, 2),
            centroid_classes=np.array(values["centroid_classes"], dtype=np.int64),
            explained_variance=(values["explained_variance"][0], values["explained_variance"][1]),
        )

    def values(self) -> dict[str, Any]:
        """Lists of numbers, which `of` reads back bit for bit."""
        return {name: np.asarray(value).tolist() for name, value in vars(self).items()}


def class_distances(index: EmbeddingIndex, labelled: LabelledSet) -> list[ClassDistance]:
    """Figures 3 and 4: for each class, the mean distance to its own and to other centroids.

    Raises:
        EmptyClassError: no class has a labelled document.
    """
    positions, centroids = _all_centroids(index, labelled)
    # rounding may leave a document a hair nearer than 0 to its own centroid
    distances = np.maximum(1 - index.embeddings(labelled.rows) @ unit(centroids).T, 0)
    distances_of: dict[int, tuple[float, float | None]] = {}
    for place, c in enumerate(positions):
        means = distances[labelled.labels[:, c]].mean(axis=0)
        others = np.delete(means, place)
        distances_of[int(c)] = float(means[place]), float(others.mean()) if others.size else None
    return [
        ClassDistance(name, *distances_of.get(c, (None, None)))
        for c, name in enumerate(index.pool.classes)
    ]


def principal_components(index: EmbeddingIndex, labelled: LabelledSet) -> Components:
    """Figures 5 and 6: PCA with two components, fitted on documents and centroids together.

    Raises:
        EmptyClassError: no class has a labelled document.
    """
    from sklearn.decomposition import PCA

    positions, centroids = _all_centroids(index, labelled)
    embeddings = index.embeddings(labelled.rows)
    with np.errstate(invalid="ignore"):  # documents that are all alike have no variance: 0 / 0
        pca = PCA(n_components=2, svd_solver="full").fit(np.concatenate([embeddings, centroids]))
    places, classes = np.nonzero(labelled.labels)
    first, second = np.nan_to_num(pca.explained_variance_ratio_)
    return Components(
        points=pca.transform(embeddings)[places].astype(np.float32),
        point_classes=classes.astype(np.int64),
        centroids=pca.transform(centroids).astype(np.float32),
        centroid_classes=positions,
        explained_variance=(float(first), float(second)),
    )


def _all_centroids(index: EmbeddingIndex, labelled: LabelledSet) -> tuple[Rows, FloatMatrix]:
    positions = np.flatnonzero(labelled.counts)
    if not positions.size:
        raise EmptyClassError(
            f"none of the {len(labelled)} labelled documents has a class, so there is no centroid; "
            "use a larger labelled set"
        )
    return positions, centroids_of(index, labelled, positions)
