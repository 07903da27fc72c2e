"""Files as tools and people write them: separators, encodings, blank lines, faulty records."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classemb_index import ClassembError, Pool
from classemb_index.pool.recipes import find_recipe
from tests.support.errors import refusal
from tests.support.sources import message_of, read, without_place

WriteJsonl = Callable[..., Path]
ROWS = [("1", "one, two", "a"), ("2", "Grüße", "b")]
GIVEN = [(id_, text, (label,), None) for id_, text, label in ROWS]


def table(delimiter: str) -> str:
    lines = [("id", "text", "labels"), *ROWS]
    return "".join(delimiter.join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)


@pytest.mark.parametrize(
    ("suffix", "delimiter", "note"),
    [
        (".csv", ",", None),
        (".csv", ";", "';'"),
        (".CSV", "\t", "tabs"),
        (".csv", "|", "'|'"),
        (".tsv", "\t", None),
        (".TSV", ",", "','"),
    ],
)
def test_the_separator_of_columns_is_seen_and_said(
    tmp_path: Path, suffix: str, delimiter: str, note: str | None
) -> None:
    path = tmp_path / f"pool{suffix}"
    path.write_text(table(delimiter), encoding="utf-8", newline="")
    assert without_place(read(path)) == GIVEN
    assert Pool.read(path).notes == (
        () if note is None else (f"the columns of {path} are separated by {note}",)
    )


def test_a_header_of_one_column_is_not_parted(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("text\none; two\n")
    assert read(path)[0].text == "one; two"


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("id,text,text \n1,one,two\n")
    assert message_of(path) == (
        f"{path}, line 1: the header names 'text' twice; rename one of the columns"
    )


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".CSV.GZ"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_utf_16_are_told_apart_by_their_marks(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    path = tmp_path / f"pool{suffix}"
    content = table(",").encode(encoding)
    path.write_bytes(gzip.compress(content) if suffix.lower().endswith(".gz") else content)
    assert without_place(read(path)) == GIVEN
    assert find_recipe(path).name == "pool"


@pytest.mark.parametrize(("encoding", "likely"), [("cp1252", "cp1252"), ("utf-16-le", "utf-16")])
def test_another_encoding_is_named_with_its_line_and_can_be_given(
    tmp_path: Path, encoding: str, likely: str
) -> None:
    path = tmp_path / "pool.csv"
    path.write_bytes(table(",").encode(encoding))
    if encoding == "cp1252":
        assert message_of(path) == (
            f"{path}, line 3 is not UTF-8, it is likely {likely}; save the file as UTF-8, or build "
            f"with --encoding {likely}"
        )
    records = find_recipe(path).read_by(encoding=encoding).records()
    assert without_place(list(records)) == GIVEN


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("latin-7b", "there is no encoding 'latin-7b'; try utf-8, cp1252 or utf-16"),
        ("rot13", "there is no encoding 'rot13'; try utf-8, cp1252 or utf-16"),
        ("ascii", "{path} is not ascii; leave --encoding out, or name another"),
        ("utf-16", "{path} is not utf-16; leave --encoding out, or name another"),
    ],
)
def test_a_wrong_encoding_is_refused(tmp_path: Path, encoding: str, message: str) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(table(","), encoding="utf-8", newline="")
    recipe = find_recipe(path).read_by(encoding=encoding)
    found = refusal(ClassembError, lambda: list(recipe.records()))
    assert found == message.format(path=path)


def test_blank_lines_are_passed_over_and_counted_in_the_places(tmp_path: Path) -> None:
    lines = tmp_path / "pool.jsonl"
    lines.write_text('{"id": 1, "text": "one"}\n\n  \n{"id": 2, "text": "two"}\n\n\n')
    assert [record.place for record in read(lines)] == [f"{lines}, line 1", f"{lines}, line 4"]
    cells = tmp_path / "pool.csv"
    cells.write_text("\n,,\nid,text,labels\n,,\n1,one,\n , ,\n,,,,\n2,two,\n,,\n")
    assert [record.place for record in read(cells)] == [f"{cells}, line 5", f"{cells}, line 8"]


def test_hidden_files_of_a_folder_are_not_read(write_jsonl: WriteJsonl, tmp_path: Path) -> None:
    write_jsonl([{"id": 1, "text": "one"}], "A.JSONL")
    (tmp_path / "._A.JSONL").write_bytes(b"\0\x05\x16\x07")
    (tmp_path / ".b.jsonl").write_text("none")
    assert [record.id for record in read(tmp_path)] == ["1"]


def test_hidden_files_of_eurlex57k_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "EURLEX57K.json").write_text('{"693": {"label": "citrus fruit"}}')
    act = {"celex_id": "3", "header": "Act", "main_body": [], "concepts": ["693", "1", "2", "1"]}
    (tmp_path / "train" / "3.json").write_text(json.dumps(act))
    shutil.copy(tmp_path / "EURLEX57K.json", tmp_path / "train" / "._3.json")
    assert [record.id for record in read(tmp_path)] == ["celex:3"]
    assert (
        Pool.read(tmp_path).notes[0] == "2 labels without a name in the label table: '1' 2, '2' 1"
    )


FAULTY = [
    '{"id": 1, "text": "one", "labels": ["a"]}',
    '{"id": 2, "text": " ", "labels": ["a"]}',
    '{"id": 3, "text": null}',
    "no JSON",
    "[1]",
    '{"text": "four"}',
    '{"id": 5.0, "text": "five"}',
    '{"id": NaN, "text": "six"}',
    '{"id": 7, "text": "seven", "labels": [0, 1, 0]}',
    '{"id": 8, "text": "eight", "split": "eval"}',
    '{"id": 9, "text": "\\ud83d"}',
    '{"id": 1, "text": "one again"}',
    '{"id": 11, "text": 3}',
    '{"id": {}, "text": "twelve"}',
    '{"id": 13, "text": "thirteen", "labels": ["b"]}',
]


def test_faulty_records_are_passed_over_where_asked_and_counted_by_reason(
    write_jsonl: WriteJsonl,
) -> None:
    path = write_jsonl(FAULTY)
    pool = Pool.read(find_recipe(path).read_by(skip_bad=True))
    assert list(pool.ids) == ["1", "13"]
    assert pool.notes == (
        "13 records passed over: no text 2, no JSON object 2, no id 2, an id that is no text 2, "
        "labels that cannot be read 1, a split that is not known 1, half a character 1, "
        "a repeated id 1, a text that is none 1; "
        f"the first: {path}, line 2: no text in 'text'",
    )


@pytest.mark.parametrize("line", FAULTY[1:-1])
def test_each_faulty_record_is_refused_with_its_line_where_not(
    write_jsonl: WriteJsonl, line: str
) -> None:
    path = write_jsonl([FAULTY[0], line])
    assert refusal(ClassembError, lambda: Pool.read(path)).startswith(f"{path}, line 2")


def test_faulty_rows_of_csv_are_passed_over_too(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text('id,text\n1,one\n2\n3,a,b\n4,"four"x\n5,five\n')
    pool = Pool.read(find_recipe(path).read_by(skip_bad=True))
    assert list(pool.ids) == ["1", "5"]
    assert pool.notes[0] == (
        "3 records passed over: not as many cells as the header 2, no row of CSV 1; "
        f"the first: {path}, line 3 has not as many cells as the header"
    )


@pytest.mark.parametrize("indent", [None, 1])
def test_a_json_list_of_objects_is_refused_with_the_way_out(
    tmp_path: Path, indent: int | None
) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps([{"id": 1, "text": "one"}], indent=indent))
    assert message_of(path) == (
        f"{path} is one JSON list; write its objects one a line, without the brackets"
    )


def test_a_float_id_is_refused_with_its_cause(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    pq.write_table(pa.table({"id": [1.0, None], "text": ["one", "two"]}), path)
    assert message_of(path) == (
        f"{path}, row 0: the id is 1.0, not a whole number or text; a table program writes 1 as 1.0 "
        "where another cell of the column is empty: save the ids as text"
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"id": ["1"], "text": ["one"], "labels": [[{"name": "a"}]]},
        {"id": ["1"], "text": ["one"], "labels": [{"a": 1}]},
        {"id": ["1"], "text": ["one"], "labels": [[[1]]]},
        {"id": ["1"], "text": [["one"]]},
        {"id": [["1"]], "text": ["one"]},
        {"id": pa.array([b"1"]), "text": pa.array([b"\xff"])},
        {"id": pa.array([1], pa.date32()), "text": pa.array([2**62], pa.timestamp("us"))},
        {"id": pa.array([], pa.string())},
    ],
)
def test_odd_parquet_files_are_refused_in_one_sentence(
    tmp_path: Path, columns: dict[str, object]
) -> None:
    path = tmp_path / "pool.parquet"
    pq.write_table(pa.table(columns), path)
    assert refusal(ClassembError, lambda: Pool.read(path)).startswith(str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100,
        b"\xff\xfe\0",
        b"\xff\xfe" + b"\xd8" * 9,
        b'{"id": 1, "text": ' + b"[" * 100_000,
        b'{"id": 1' + b"0" * 5000 + b', "text": "a"}',
        b'"' * 101,
        b"id;text\n1;\0",
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet", ".jsonl.gz"])
def test_bytes_that_are_no_such_file_are_refused_in_one_sentence(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    path = tmp_path / f"pool{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    if suffix in (".csv", ".tsv") and content.endswith(b";\0"):
        assert Pool.read(path).texts[0] == "\0"  # a character like any other
        return
    message = refusal(ClassembError, lambda: Pool.read(path))
    assert str(path) in message and "\n" not in message


def test_a_cell_may_be_huge_and_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    text = "\0x\u2028" * 100_000
    path.write_text(f'id,text\n1,"{text}"\n', encoding="utf-8", newline="")
    assert read(path)[0].text == text
