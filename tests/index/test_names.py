"""Names of classes that come after the build: embedded once, with the index's own encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record, open_annotated
from classemb_index.errors import ModelError
from classemb_index.labels import changes
from classemb_index.queries.annotated import change_classes
from classemb_index.queries.search import query_classes
from tests.support.fakes import HashEncoder


@pytest.fixture
def pool() -> Pool:
    records = [Record(f"d{i}", text, None, None) for i, text in enumerate(["gold", "tin", "sugar"])]
    return Pool.from_records(records, classes={"rare": ["gold", "tin"]})


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> HashEncoder:
    """The encoder that every index of these tests loads."""
    made = HashEncoder()
    monkeypatch.setattr(EmbeddingIndex, "load_encoder", lambda _: made)
    return made


@pytest.fixture
def index(pool: Pool, encoder: HashEncoder, tmp_path: Path) -> EmbeddingIndex:
    return EmbeddingIndex.build(pool, encoder, tmp_path / "index")


def with_classes(index: EmbeddingIndex, names: tuple[str, ...], **texts: str) -> EmbeddingIndex:
    labels = np.zeros((len(index), len(names)), dtype=bool)
    pool = replace(index.pool, classes=names, labels=labels, descriptions=texts)
    return index.with_pool(pool, "other")


def test_names_come_from_the_build_or_are_embedded_once(
    index: EmbeddingIndex, encoder: HashEncoder
) -> None:
    before = encoder.calls
    np.testing.assert_array_equal(index.name_vectors, encoder.encode(["gold", "tin"]))
    for _ in range(2):
        other = with_classes(EmbeddingIndex.open(index.folder), ("tin", "sugar", "gold"), gold="Au")
        vectors = other.name_vectors
        np.testing.assert_array_equal(vectors, HashEncoder().encode(["tin", "sugar", "Au"]))
        np.testing.assert_allclose(other.name_feedback, other.feedback(vectors))
    assert encoder.calls == before + 2  # by this test, and for the two new texts together


def test_with_classes_taken_away_there_are_no_names(index: EmbeddingIndex) -> None:
    assert with_classes(index, ()).name_vectors.shape == (0, 8)


def test_another_encoder_does_not_read_what_the_first_kept(
    pool: Pool, index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert with_classes(index, ("sugar",)).name_vectors.any()
    other = HashEncoder(salt="other")
    monkeypatch.setattr(EmbeddingIndex, "load_encoder", lambda _: other)
    again = EmbeddingIndex.build(pool, other, index.folder)
    found = with_classes(again, ("sugar",)).name_vectors
    np.testing.assert_array_equal(found, other.encode(["sugar"]))


def test_a_class_that_was_added_is_found_by_its_name_at_once(index: EmbeddingIndex) -> None:
    change_classes(index, changes.added(index.pool, "sugar"))
    opened, annotation = open_annotated(index.folder)
    position = opened.pool.class_position("sugar")
    answer = query_classes(opened, [position], annotation.labelled(), k=1, method="label-name")
    assert answer.classes[0].neighbours.rows.tolist() == [2]


def test_a_class_whose_name_cannot_be_embedded_is_not_added(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: EmbeddingIndex) -> HashEncoder:
        raise ModelError("the model cannot be had")

    monkeypatch.setattr(EmbeddingIndex, "load_encoder", fail)
    with pytest.raises(ModelError):
        change_classes(index, changes.added(index.pool, "sugar"))
    assert open_annotated(index.folder)[0].pool.classes == ("gold", "tin")


def test_a_class_of_an_index_without_encoder_has_no_name(
    pool: Pool, index_of: Callable[..., EmbeddingIndex]
) -> None:
    index = index_of(list(pool.records()), np.eye(3), {"rare": ["gold", "tin"]})
    change_classes(index, changes.added(index.pool, "sugar"))
    opened, _ = open_annotated(index.folder)
    assert (opened.pool.classes, opened.name_vectors) == (("gold", "tin", "sugar"), None)
