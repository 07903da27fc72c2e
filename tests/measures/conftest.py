"""Indexes that the tests of measures share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from tests.support.circle import DEGREES, DOCUMENTS, GROUPS, on_circle


@pytest.fixture
def circle(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """Eight documents on a circle; class a is frequent and b is rare."""
    return index_of(DOCUMENTS, on_circle(*DEGREES), GROUPS)


@pytest.fixture
def named(toy_index: EmbeddingIndex) -> EmbeddingIndex:
    """The toy index with an embedding of each class's name, which lies near its documents."""
    pool, embeddings = toy_index.pool, toy_index.embeddings()
    noise = 0.3 * np.random.default_rng(3).standard_normal((3, embeddings.shape[1]))
    names = np.stack([embeddings[pool.labels[:, c]].mean(axis=0) for c in range(3)]) + noise
    toy_index.name_vectors = names.astype(np.float32)
    return toy_index
