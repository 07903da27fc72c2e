"""Label cells: every form of every file gives the same names, and what is no name is told."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classemb_index import ClassembError
from classemb_index.labels.exchange.files import read_filled
from classemb_index.pool.cells import LabelCells
from classemb_index.pool.findings import Findings
from tests.support.errors import refusal
from tests.support.sources import read

NFC, NFD = "caf\u00e9", "cafe\u0301"
TWO = ("cocoa", "coffee")


def cell(value: object, classes: Sequence[str] = (), found: Findings | None = None) -> object:
    return LabelCells(classes, found=found).read("p.csv, line 2", value)


def why_not(value: object) -> str:
    return refusal(ClassembError, lambda: cell(value))


def write(folder: Path, suffix: str, value: object) -> Path:
    """A file of one document with this in its cell of labels."""
    path, row = folder / f"one{suffix}", {"id": "1", "text": "one", "labels": value}
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    elif suffix == ".jsonl":
        path.write_text(json.dumps(row))
    else:
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, row, delimiter="\t" if suffix == ".tsv" else ",")
            table.writeheader()
            table.writerow(row)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("value", "names"),
    [
        (json.dumps(TWO), TWO),
        (repr(list(TWO)), TWO),
        ("['cocoa']", ("cocoa",)),
        ("""["it's", 'a "b"', 'c\\'d']""", None),
        ("cocoa; coffee", TWO),
        (" coffee;;cocoa ; coffee ", ("coffee", "cocoa")),
        (NFD, (NFC,)),
        (json.dumps([f" {NFD} "]), (NFC,)),
        ("[1, 20]", ("1", "20")),
        ("7", ("7",)),
        ("[]", ()),
        ("-", ()),
        ('["-"]', ()),
        ("", None),
        ("  ", None),
        (" ; ", None),
    ],
)
def test_a_text_means_the_same_in_every_kind_of_file_and_in_a_filled_batch(
    tmp_path: Path, suffix: str, value: str, names: tuple[str, ...] | None
) -> None:
    if value.startswith('["it'):
        names = ("it's", 'a "b"', "c'd")
    path = write(tmp_path, suffix, value)
    assert read(path)[0].labels == names
    assert [row.labels for row in read_filled(path)] == ([] if names is None else [names])


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_list_is_stripped_and_normalised_as_a_text_is(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, [NFD, " x", "x ", NFC])
    assert read(path)[0].labels == (NFC, "x")
    assert unicodedata.normalize("NFD", NFC) == NFD != NFC


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "none", "NA", "null", "N/A", " nan "])
def test_words_for_unknown_are_unknown_and_counted_as_they_were_written(word: str) -> None:
    found = Findings()
    assert cell(word, found=found) is None
    assert cell([word], found=found) is None
    assert cell(["cocoa", word], found=found) == ("cocoa",)
    assert found.missing == {word.strip(): 3}


def test_a_nan_of_floats_is_unknown_and_counted() -> None:
    found = Findings()
    assert cell(float("nan"), found=found) is None
    assert cell([float("nan")], found=found) is None
    assert found.missing == {"nan": 2}


@pytest.mark.parametrize("name", ["NA", "none", "nan"])
def test_a_word_for_unknown_that_is_a_class_is_that_class(name: str) -> None:
    found = Findings()
    assert cell(name, ["a", name], found) == (name,)
    assert cell(f"a; {name}", ["a", name], found) == ("a", name)
    assert not found.missing


def test_a_word_for_unknown_may_be_another_name_of_a_label() -> None:
    assert LabelCells(rename={"NA": "Namibia"}).read("", "NA") == ("Namibia",)


@pytest.mark.parametrize("separator", "#|,/")
def test_another_separator_parts_known_names_only(separator: str) -> None:
    found = Findings()
    known = f"cocoa {separator} coffee"
    assert cell(known, TWO, found) == TWO
    assert cell([known], TWO, found) == TWO
    assert found.separators == {separator: known}
    assert cell(known) == (known,)
    assert cell(f"cocoa{separator}tea", TWO) == (f"cocoa{separator}tea",)
    assert cell(known, (*TWO, known)) == (known,)


def test_a_semicolon_parts_whatever_is_known() -> None:
    assert cell("cocoa; tea", TWO) == ("cocoa", "tea")


@pytest.mark.parametrize(
    "value", ["[0, 1, 0]", [0, 1, 0], [1, 1], "0;1;0", [0.0, 1.0], [True, False]]
)
def test_zeros_and_ones_by_position_are_refused(value: object) -> None:
    assert why_not(value).endswith(
        "are zeros and ones by position; write the names of the classes that are one"
    )


def test_numbers_that_are_no_positions_are_names() -> None:
    assert cell([1, 20]) == ("1", "20")
    assert cell([0, 1]) == ("0", "1")
    assert cell(0) == ("0",)


@pytest.mark.parametrize("value", ["[cocoa]", "['cocoa' 'coffee']", "[0 1 0]", "[" * 100_000 + "]"])
def test_a_text_that_looks_like_a_list_and_is_none_is_refused(value: str) -> None:
    start = repr(value)[:59]
    assert why_not(value).startswith(f"p.csv, line 2: the labels {start}")
    assert why_not(value).endswith('look like a list and are none; write ["a", "b"], or a; b')


def test_a_class_in_brackets_is_a_class() -> None:
    assert cell("[cocoa]", ["[cocoa]"]) == ("[cocoa]",)


@pytest.mark.parametrize(
    "value", [True, {"a": 1}, ["a", None], [["a"]], [{"name": "a"}], '["a", ["b"]]', b"a"]
)
def test_what_is_no_name_is_refused(value: object) -> None:
    assert why_not(value) == (
        "p.csv, line 2: labels must be a list of names, or null where they are unknown"
    )


def test_a_float_is_no_name() -> None:
    assert why_not(1.0) == (
        "p.csv, line 2: a label is 1.0, not a whole number or a name; a table program writes 1 as 1.0 "
        "where another cell of the column is empty: save the labels as text"
    )


def test_none_of_them_beside_a_name_is_refused() -> None:
    assert why_not("cocoa; -") == (
        "p.csv, line 2: '-' means none of the classes and stands beside 'cocoa'; "
        "leave one of them out"
    )
