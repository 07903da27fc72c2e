"""Classes that a user names: groups, a list, a file of names; one name in whatever Unicode form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from classemb_index import ClassembError, Pool, Record
from classemb_index.pool.classes import FILE_FORMS, checked_classes, read_classes
from tests.support.errors import refusal

NFC, NFD = "caf\u00e9", "cafe\u0301"


def file_of(folder: Path, content: str) -> Path:
    path = folder / "classes"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        ('["cocoa", "gold"]', ("cocoa", "gold")),
        ("cocoa\ngold\n", ("cocoa", "gold")),
        ("\ufeffcocoa\r\n\r\n  crude oil \r\n", ("cocoa", "crude oil")),
        ("[not JSON] is no name\n"[1:], ("not JSON] is no name",)),
        (json.dumps([f" {NFD} "]), (NFC,)),
        (f"{NFD}\n", (NFC,)),
        (json.dumps({"rare": [NFD], "frequent": [" a"]}), {"frequent": ("a",), "rare": (NFC,)}),
    ],
)
def test_a_classes_file_is_groups_a_list_or_a_name_a_line(
    tmp_path: Path, content: str, classes: object
) -> None:
    assert read_classes(file_of(tmp_path, content)) == classes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", f" names no class; {FILE_FORMS}"),
        (" \n\n", f" names no class; {FILE_FORMS}"),
        ("[]", f" names no class; {FILE_FORMS}"),
        (
            '["a"',
            " begins as a JSON list and is none (Expecting ',' delimiter: line 1 column 5 (char 4))",
        ),
        ('["a", 1]', ": a class group is a list of class names"),
        ("a\nb\n a\n", " names a class twice: a"),
        (f"{NFC}\n{NFD}\n", f" names a class twice: {NFC}"),
    ],
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = file_of(tmp_path, content)
    assert refusal(ClassembError, lambda: read_classes(path)) == f"{path}{message}"


def test_a_plain_list_has_no_groups() -> None:
    assert checked_classes(["b", "a"], "x") == ({}, ("b", "a"))
    pool = Pool.from_records([Record("x", "one", ("a",), None)], classes=["b", "a"])
    assert (pool.classes, pool.groups) == (("b", "a"), {})
    assert pool.labels.tolist() == [[False, True]]


@pytest.mark.parametrize("declared", [(), (NFC,), (NFD,)])
def test_two_unicode_forms_of_a_name_are_one_class(
    write_jsonl: Callable[..., Path], declared: tuple[str, ...]
) -> None:
    path = write_jsonl(
        [{"id": i, "text": "t", "labels": [name]} for i, name in enumerate([NFC, NFD, f" {NFC}"])]
    )
    pool = Pool.read(path, classes=declared)
    assert pool.classes == (NFC,) and pool.labels.all() and not pool.notes
    records = [Record("x", "t", (NFD,), None), Record("y", "t", (NFC,), None)]
    assert Pool.from_records(records, classes=declared).labels.tolist() == [[True], [True]]
