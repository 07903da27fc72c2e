"""Eight documents on a circle, whose order from any class can be read off."""

from __future__ import annotations

import numpy as np

from classemb_index import EmbeddingIndex
from classemb_index.labels.labelled import LabelledSet, labelled_from_ids
from tests.support.pools import train

DOCUMENTS = [
    train(0, "a"),  # at 0 degrees
    train(1, "b"),  # 90
    train(2, "a"),  # 10
    train(3, "a", "b"),  # 20
    train(4, "b"),  # 80
    train(5),  # 40
    train(6, "b"),  # 180
    train(7, "a"),  # 190
]
DEGREES = (0, 90, 10, 20, 80, 40, 180, 190)
GROUPS = {"frequent": ["a"], "rare": ["b"]}


def on_circle(*degrees: float) -> np.ndarray:
    """(len(degrees), 2) float32 unit vectors."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def labelled(index: EmbeddingIndex, *ids: str) -> LabelledSet:
    """These documents as the labelled set."""
    return labelled_from_ids(index.pool, ids, "by hand")
