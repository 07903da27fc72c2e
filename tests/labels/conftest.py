"""An empty label store, and documents of which nothing is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from classemb_index import LabelStore, Pool, Record


@pytest.fixture
def pool() -> Pool:
    """Three unlabelled documents of two rare classes."""
    records = [Record(id_, f"text of {id_}", None, None) for id_ in ("1", "2", "3")]
    return Pool.from_records(records, classes={"rare": ["fire", "fall"]})


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    """A store in which nobody has answered."""
    return LabelStore(tmp_path)
