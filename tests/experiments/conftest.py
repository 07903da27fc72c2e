"""An index to simulate on, and a place to reproduce in."""

from __future__ import annotations

from pathlib import Path

import pytest

from classemb_index import EmbeddingIndex, Pool
from tests.support.pictures import leave_pictures_blank
from tests.support.pools import topic_records, topic_vectors


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """The toy index, one for all tests of a file."""
    pool = Pool.from_records(topic_records(), name="toy")
    folder = tmp_path_factory.mktemp("index") / "toy"
    return EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool))


@pytest.fixture
def small(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reproduction of the file's `place` will be written, without its pictures."""
    monkeypatch.chdir(place)
    leave_pictures_blank(monkeypatch)
    return tmp_path / "out"
