"""The pool: what it keeps of its records, and what it refuses."""

from __future__ import annotations

import gc
import tempfile
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from classemb_index import ClassembError, Pool, Record
from classemb_index.pool.documents import ROW_GROUP, DocumentsFile, write_documents
from classemb_index.pool.pool import read_documents
from tests.support.sources import Text

RECORDS = [
    Record("x", "one", ("b", "a"), "train"),
    Record("y", "two", (), "dev"),
    Record("z", "three", None, None),
    Record("w", "four", ("a",), "test"),
]


def test_without_declared_classes_a_pool_has_all_labels_in_alphabetical_order() -> None:
    pool = Pool.from_records(RECORDS)
    assert pool.classes == ("a", "b")
    assert pool.labels.tolist() == [[True, True], [False, False], [False, False], [True, False]]


def test_declared_classes_keep_their_order_and_other_labels_are_dropped() -> None:
    records = [Record("x", "one", ("b", "other", "a"), None)]
    pool = Pool.from_records(records, classes={"frequent": ["b"], "rare": ["a", "c"]})
    assert pool.classes == ("b", "a", "c")
    assert pool.labels.tolist() == [[True, True, False]]
    assert pool.groups == {"frequent": ("b",), "rare": ("a", "c")}


def test_a_document_without_labels_is_known_and_one_with_null_is_not() -> None:
    pool = Pool.from_records(RECORDS)
    assert pool.is_known.tolist() == [True, True, False, True]


def test_a_label_that_is_named_twice_counts_once() -> None:
    pool = Pool.from_records([Record("x", "one", ("a", "a"), None)])
    assert pool.labels.tolist() == [[True]]


def test_drop_unclassed_drops_the_known_to_have_none_and_keeps_the_unknown() -> None:
    pool = Pool.from_records(RECORDS, classes={"rare": ["b"]}, drop_unclassed=True)
    assert list(pool.ids) == ["x", "z"]


def test_the_limit_counts_documents_that_are_kept() -> None:
    pool = Pool.from_records(RECORDS, classes={"rare": ["a"]}, drop_unclassed=True, limit=2)
    assert list(pool.ids) == ["x", "z"]


def test_the_limit_reads_no_further_than_it_must() -> None:
    def endless() -> Iterator[Record]:
        number = 0
        while True:
            yield Record(f"d{number}", "text", None, None)
            number += 1

    assert len(Pool.from_records(endless(), limit=3)) == 3


def test_only_the_train_split_and_documents_of_no_split_are_selectable() -> None:
    pool = Pool.from_records(RECORDS)
    assert pool.selectable.tolist() == [True, False, True, False]
    assert pool.rows("dev").tolist() == [1]
    assert pool.rows("test").tolist() == [3]


def test_texts_are_given_one_by_one_as_a_slice_and_by_rows_in_the_order_asked_for() -> None:
    pool = Pool.from_records(RECORDS)
    assert pool.text(2) == pool.texts[-2] == "three"
    assert pool.texts[1:3] == ["two", "three"]
    assert pool.texts_of(np.array([3, 0, 3])) == ["four", "one", "four"]
    assert pool.texts_of(range(0)) == []
    with pytest.raises(IndexError):
        pool.texts[4]


def test_texts_are_found_across_row_groups() -> None:
    n = 2 * ROW_GROUP + 3
    pool = Pool.from_records(Record(str(i), f"text {i}", None, None) for i in range(n))
    rows = np.array([n - 1, 0, ROW_GROUP, ROW_GROUP - 1, 2 * ROW_GROUP])
    assert pool.texts_of(rows) == [f"text {row}" for row in rows]


def test_a_pool_in_memory_gives_the_same_texts() -> None:
    pool = Pool(
        "p",
        "s",
        ["x", "y"],
        ["one", "two"],
        ("a",),
        np.ones((2, 1), dtype=bool),
        np.ones(2, dtype=bool),
        np.array(["", ""]),
    )
    assert pool.text(1) == "two"
    assert pool.texts_of(np.array([1, 0])) == ["two", "one"]


def test_no_more_texts_are_held_at_a_time_than_two_row_groups() -> None:
    alive: set[weakref.ref[Text]] = set()
    most = 0

    def records() -> Iterator[Record]:
        nonlocal most
        for number in range(5 * ROW_GROUP):
            text = Text(f"text {number}")
            alive.add(weakref.ref(text, alive.discard))
            most = max(most, len(alive))
            yield Record(str(number), text, None, None)

    assert len(Pool.from_records(records())) == 5 * ROW_GROUP
    assert most <= 2 * ROW_GROUP


def test_ids_and_texts_of_any_script_come_back_as_they_were() -> None:
    records = [
        Record("číslo/1 ", "Größe\n\t«ё» 漢字 👩‍🔬\u2028\x00end", ("naïve; [x]",), None),
        Record("2", "e\u0301 is not \u00e9", (), None),
    ]
    pool = Pool.from_records(records)
    assert [(i, t) for i, t in zip(pool.ids, pool.texts, strict=True)] == [r[:2] for r in records]
    assert pool.classes == ("naïve; [x]",)


def test_documents_written_and_read_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "documents.parquet"
    write_documents(path, RECORDS)
    pool = read_documents(DocumentsFile(path), name="p", source="s", classes=(), groups={})
    assert list(pool.ids) == ["x", "y", "z", "w"]
    assert list(pool.texts) == ["one", "two", "three", "four"]
    assert pool.splits.tolist() == ["train", "dev", "", "test"]
    assert pool.is_known.tolist() == [True, True, False, True]


def test_the_temporary_file_of_texts_lives_as_long_as_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    texts = Pool.from_records(RECORDS).texts
    gc.collect()
    assert texts[0] == "one"
    del texts
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_by_records_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ClassembError):
        Pool.from_records([*RECORDS, RECORDS[0]])
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            {"frequent": ["a"], "rare": ["b", "a"]},
            "the argument classes names a class twice: a",
        ),
        ({"rare": "ab"}, "the argument classes: a class group is a list of class names"),
    ],
)
def test_classes_that_are_no_groups_of_names_are_refused(
    classes: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ClassembError) as error:
        Pool.from_records(RECORDS, classes=classes)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "records has no document to index; check the file, or its classes"),
        (
            [Record("x", "one", None, None), Record("x", "two", None, None)],
            "the id 'x' occurs twice; ids must be unique",
        ),
        (
            [
                Record("x", "one", None, None, "a.jsonl, line 1"),
                Record("x", "two", None, None, "a.jsonl, line 2"),
            ],
            "a.jsonl, line 2: the id 'x' occurs twice; ids must be unique",
        ),
    ],
)
def test_records_that_are_no_pool_are_refused(records: list[Record], message: str) -> None:
    with pytest.raises(ClassembError) as error:
        Pool.from_records(records)
    assert str(error.value) == message


def test_an_id_is_taken_even_by_a_document_that_is_dropped() -> None:
    records = [Record("x", "one", (), None), Record("x", "two", ("a",), None)]
    with pytest.raises(ClassembError, match="the id 'x' occurs twice"):
        Pool.from_records(records, classes={"rare": ["a"]}, drop_unclassed=True)


def test_an_unknown_class_is_answered_with_the_choices() -> None:
    pool = Pool.from_records(RECORDS)
    assert pool.class_position("b") == 1
    with pytest.raises(ClassembError) as error:
        pool.class_position("gamng")
    assert str(error.value) == "no class 'gamng'; the pool has: a, b"


def test_a_pool_without_classes_says_that_it_has_none() -> None:
    pool = Pool.from_records([Record("x", "one", None, None)])
    assert pool.labels.shape == (1, 0)
    with pytest.raises(ClassembError) as error:
        pool.class_position("a")
    assert str(error.value) == "no class 'a'; the pool has: none"


def test_labelled_rows_are_rising_and_each_once() -> None:
    records = [Record(name, "text", (), None) for name in "abc"]
    rows = Pool.from_records(records).labelled_rows(["c", "a", "c"])
    assert rows.tolist() == [0, 2]
    assert rows.dtype == np.int64


def test_known_rows_of_a_split_are_those_whose_labels_are_known() -> None:
    labels = [("a",), None, (), None, ("a",)]
    splits = ["test", "test", "test", "dev", "dev"]
    pool = Pool.from_records(
        [Record(f"d{i}", "text", labels[i], splits[i]) for i in range(5)], name="five"
    )
    assert pool.known_rows("test").tolist() == [0, 2]
    assert pool.known_rows("dev").tolist() == [4]
    assert pool.known_rows("train").tolist() == []


def test_threads_that_read_at_once_get_the_texts_that_they_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classemb_index.pool.documents.ROW_GROUP", 4)
    records = [Record(f"d{i}", f"text {i}", None, None) for i in range(64)]
    write_documents(tmp_path / "documents.parquet", records)
    file = DocumentsFile(tmp_path / "documents.parquet")

    def read(start: int) -> bool:
        rows = [(start + 7 * turn) % 64 for turn in range(200)]
        return all(file[row] == f"text {row}" for row in rows)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(16)))
