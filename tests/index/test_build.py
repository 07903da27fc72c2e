"""A build writes each document once, and the file is the same whichever way it came."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.pool import documents
from classemb_index.pool.documents import ROW_GROUP, write_documents

RECORDS = [
    Record("x", "one", ("b", "other", "a"), "train"),
    Record("y", "zwei", (), "dev"),
    Record("z", "three", None, None),
    Record("w", "four", ("a", "a", "c"), "test"),
]

DECLARED = {"frequent": ["b", "a"], "rare": ["c"]}

# what versions 0.1 wrote of RECORDS, whose run folders hold the digest
DIGESTS = {
    "all": "3c601dadeb3f9dd5e6b05e69d3eac73cb2d336931d55ad1a0eb9abc7c12f7ac7",
    "declared": "4593237239bb02dcd0adcad17709bc3707464cc9db0c1bade2da9a83e243d62e",
}

PYARROW = "26.0.1"  # a Parquet file names the version that wrote it


def build(pool: Pool, folder: Path) -> EmbeddingIndex:
    return EmbeddingIndex.build(pool, None, folder, embeddings=np.ones((len(pool), 2), np.float32))


def bytes_of(index: EmbeddingIndex) -> bytes:
    return index.path_of("documents.parquet").read_bytes()


def written(folder: Path, records: Iterable[Record]) -> bytes:
    path = folder / "expected.parquet"
    write_documents(path, records)
    return path.read_bytes()


@pytest.fixture
def writings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of documents each time that a documents file is written."""
    counts: list[int] = []

    def counted(path: Path, records: Iterable[Record]) -> None:
        given = list(records)
        counts.append(len(given))
        write_documents(path, given)

    monkeypatch.setattr(documents, "write_documents", counted)
    monkeypatch.setattr("classemb_index.pool.pool.write_documents", counted)
    return counts


@pytest.mark.parametrize("classes", [None, DECLARED])
def test_each_document_is_written_once_from_records_to_index(
    tmp_path: Path, writings: list[int], classes: Mapping[str, Sequence[str]] | None
) -> None:
    build(Pool.from_records(RECORDS, classes=classes), tmp_path / "four")
    assert writings == [4]


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (None, [("a", "b", "other"), (), None, ("a", "c")]),
        (DECLARED, [("b", "a"), (), None, ("a", "c")]),
    ],
)
def test_labels_stand_in_the_documents_file_in_the_order_of_the_classes(
    tmp_path: Path,
    classes: Mapping[str, Sequence[str]] | None,
    labels: list[tuple[str, ...] | None],
) -> None:
    index = build(Pool.from_records(RECORDS, classes=classes), tmp_path / "four")
    ordered = [record._replace(labels=own) for record, own in zip(RECORDS, labels, strict=True)]
    assert bytes_of(index) == written(tmp_path, ordered)
    assert index.documents_digest == hashlib.sha256(bytes_of(index)).hexdigest()


@pytest.mark.skipif(pa.__version__ != PYARROW, reason=f"the digests are of pyarrow {PYARROW}")
@pytest.mark.parametrize(("name", "classes"), [("all", None), ("declared", DECLARED)])
def test_the_documents_file_has_the_digest_that_run_folders_of_earlier_versions_hold(
    tmp_path: Path, name: str, classes: Mapping[str, Sequence[str]] | None
) -> None:
    index = build(Pool.from_records(RECORDS, classes=classes), tmp_path / "four")
    assert index.documents_digest == DIGESTS[name]


def test_the_documents_file_is_the_same_over_several_row_groups(tmp_path: Path) -> None:
    records = [Record(str(i), f"text {i}", ("a",), None) for i in range(ROW_GROUP + 5)]
    index = build(Pool.from_records(records), tmp_path / "many")
    assert bytes_of(index) == written(tmp_path, records)


def test_the_pool_of_an_index_is_built_again_without_writing_its_documents(
    tmp_path: Path, writings: list[int]
) -> None:
    first = build(Pool.from_records(RECORDS, classes=DECLARED), tmp_path / "first")
    second = build(EmbeddingIndex.open(first.folder).pool, tmp_path / "second")
    assert bytes_of(second) == bytes_of(first)
    assert writings == [4]
    second.path_of("documents.parquet").write_bytes(b"")  # a file of its own
    assert len(first.verify()) == 3


@pytest.mark.parametrize("changed", ["labels", "is_known", "splits", "ids", "classes", "texts"])
def test_a_pool_that_was_changed_is_written_as_it_is(
    tmp_path: Path, writings: list[int], changed: str
) -> None:
    pool = Pool.from_records(RECORDS, classes=DECLARED)
    values = {
        "labels": ~pool.labels & pool.is_known[:, None],
        "is_known": np.array([True, True, True, True]),
        "splits": np.array(["dev", "dev", "", "test"]),
        "ids": ["x", "y", "z", "v"],
        "classes": ("b", "a", "d"),
        "texts": ["one", "two", "three", "four"],
    }
    altered = replace(pool, **{changed: values[changed]})
    index = build(altered, tmp_path / "four")
    assert writings == [4, 4]
    assert bytes_of(index) == written(tmp_path, altered.records())
    assert list(altered.records()) != list(pool.records())
    assert list(index.pool.records()) == list(altered.records())


def test_labels_that_were_changed_in_place_are_written_as_they_are(tmp_path: Path) -> None:
    pool = Pool.from_records(RECORDS, classes=DECLARED)
    pool.labels[1, 2] = True
    assert build(pool, tmp_path / "four").pool.known_labels(1) == ["c"]


def test_a_pool_in_memory_is_written(tmp_path: Path) -> None:
    pool = Pool(
        "p",
        "s",
        ["x", "y"],
        ["one", "two"],
        ("a",),
        np.array([[True], [False]]),
        np.array([True, False]),
        np.array(["", "test"]),
    )
    index = build(pool, tmp_path / "two")
    assert list(index.pool.records()) == [
        Record("x", "one", ("a",), None),
        Record("y", "two", None, "test"),
    ]


def test_an_option_that_a_build_does_not_know_is_refused(tmp_path: Path) -> None:
    pool = Pool.from_records(RECORDS)
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        EmbeddingIndex.build(pool, None, tmp_path / "four", speed=2)
