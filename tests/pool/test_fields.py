"""Fields: what is recognised, what must be named, and what the messages say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classemb_index import ClassembError, Pool
from classemb_index.pool.fields import Fields, found_layout
from classemb_index.pool.findings import Findings
from classemb_index.pool.recipes import find_recipe
from tests.support.errors import refusal
from tests.support.sources import message_of, read, without_place

WriteJsonl = Callable[..., Path]


def csv_file(folder: Path, text: str, name: str = "pool.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def notes_of(path: Path, **named: object) -> tuple[str, ...]:
    return Pool.read(find_recipe(path).read_by(**named)).notes


@pytest.mark.parametrize("name", ["label", "category", "categories", "tags"])
def test_labels_under_another_usual_name_are_read_with_a_note(tmp_path: Path, name: str) -> None:
    path = csv_file(tmp_path, f"id,text,{name}\n1,one,a; b\n")
    assert read(path)[0].labels == ("a", "b")
    assert notes_of(path) == (f"fields by other names: labels from {name!r}",)


def test_labels_are_not_read_where_two_fields_may_hold_them(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,text,label,tags\n1,one,a,b\n")
    assert read(path)[0].labels is None
    assert notes_of(path)[0] == (
        "no labels are read: there is no field 'labels', but 'label' and 'tags'; "
        "name one with --labels-field"
    )
    assert notes_of(path, labels="tags") == ()


def test_the_usual_name_wins_over_the_others(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, "uid,id,title,text,body,label,labels\nu,1,title,one,body,wrong,right\n"
    )
    assert without_place(read(path)) == [("1", "one", ("right",), None)]
    assert notes_of(path) == ()


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("title,abstract", "first\nsecond"),
        ("title,body", "first\nsecond"),
        ("body,title", "second\nfirst"),
        ("content,other", "first"),
        ("other,description", "second"),
        ("title,other", "first"),
    ],
)
def test_a_text_is_joined_from_title_and_body(tmp_path: Path, header: str, text: str) -> None:
    path = csv_file(tmp_path, f"id,{header}\n1,first,second\n")
    assert read(path)[0].text == text


def test_names_count_in_any_case_and_with_space_around_them(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "ID, Text ,LABELS,Split\n1,one,a,dev\n")
    assert without_place(read(path)) == [("1", "one", ("a",), "dev")]


def test_parquet_columns_are_recognised_too(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    row = {"doc_id": 7, " Body ": "one", "Title": "two", "label": 3, "vector": [0.0]}
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert without_place(read(path)) == [("7", "two\none", ("3",), None)]
    assert notes_of(path)[0] == (
        "fields by other names: ids from 'doc_id', texts from 'Title' and 'Body', labels from 'label'"
    )


def test_rows_without_ids_are_numbered_with_a_note(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "text,labels\none,a\n\n,\ntwo,b\n")
    assert [record.id for record in read(path)] == ["1", "2"]
    assert notes_of(path) == (
        "there is no field 'id'; documents are numbered by their rows, from 1",
    )


def test_numbers_of_rows_count_those_that_are_passed_over(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"text": "one"}, {"text": " "}, {"text": "three"}])
    assert list(Pool.read(find_recipe(path).read_by(skip_bad=True)).ids) == ["1", "3"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "id,report,labels",
            "no field 'text'; the file has: id, report, labels; name one with --text-field, or write a "
            "header such as id,text,labels where the first line is none",
        ),
        (
            "id,body,content",
            "no field 'text', but 'body' and 'content'; name one with --text-field",
        ),
        ("doc_id,uid,text", "no field 'id', but 'doc_id' and 'uid'; name one with --id-field"),
    ],
)
def test_fields_that_must_be_named_are_asked_for(tmp_path: Path, header: str, message: str) -> None:
    path = csv_file(tmp_path, f"{header}\n1,one,a\n")
    assert message_of(path) == f"{path}, line 2: {message}"


def test_a_file_without_a_header_is_told_how_to_get_one(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"1,{'long ' * 20},x\n2,two,y\n")
    assert message_of(path) == (
        f"{path}, line 2: no field 'text'; the file has: 1, {('long ' * 20)[:39]}…, x; name one with "
        "--text-field, or write a header such as id,text,labels where the first line is none"
    )


def test_named_fields_are_taken_as_they_are(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,no,text,report,sum,labels,topic\nx,7,t,one,two,a,b\n")
    recipe = find_recipe(path).read_by(id="no", text=("sum", "report"), labels="topic")
    assert without_place(list(recipe.records())) == [("7", "two\none", ("b",), None)]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"id": "no"}, ", line 2: no field 'no' for the ids; the file has: id, text, label"),
        (
            {"text": ("a", "b")},
            ", line 2: no field 'a' or 'b' for the text; the file has: id, text, label",
        ),
        (
            {"labels": "lable"},
            ": no record has the field 'lable' for the labels; the file has: id, text, label; "
            "did you mean 'label'?",
        ),
    ],
)
def test_a_named_field_that_is_not_there_is_refused(
    tmp_path: Path, named: dict[str, object], message: str
) -> None:
    path = csv_file(tmp_path, "id,text,label\n1,one,a\n")
    recipe = find_recipe(path).read_by(**named)
    assert refusal(ClassembError, lambda: list(recipe.records())) == f"{path}{message}"


def test_a_named_field_may_come_late_in_json_lines(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"id": 1, "text": "one"}, {"id": 2, "text": "two", "topic": "a"}])
    records = find_recipe(path).read_by(labels="topic").records()
    assert [record.labels for record in records] == [None, ("a",)]


@pytest.mark.parametrize(
    ("first", "second", "late", "option"),
    [
        ({"id": 1, "tags": "x"}, {"id": 2, "labels": ["a"]}, "labels", "labels"),
        ({}, {"id": 2}, "id", "id"),
    ],
)
def test_a_usual_field_that_comes_late_is_never_passed_over_in_silence(
    write_jsonl: WriteJsonl,
    first: dict[str, object],
    second: dict[str, object],
    late: str,
    option: str,
) -> None:
    path = write_jsonl([{"text": "one", **first}, {"text": "two", **second}])
    assert message_of(path) == (
        f"{path}, line 2: there is {late!r}, which the first record lacks, so it is not read; "
        f"name the field with --{option}-field"
    )


def test_the_labels_of_json_lines_may_come_late(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"id": 1, "text": "one"}, {"id": 2, "text": "two", "labels": ["a"]}])
    assert [record.labels for record in read(path)] == [None, ("a",)]


def test_only_twelve_columns_are_listed() -> None:
    names = [f"c{i}" for i in range(20)]
    message = refusal(
        ClassembError, lambda: found_layout(Fields(), "p.csv, line 2", names, Findings())
    )
    assert f"the file has: {', '.join(names[:12])} and 8 more; " in message


def test_a_file_in_the_form_of_arxiv_is_told_and_can_be_read_otherwise(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,title,abstract,categories\n1,T,one,natural gas; oil\n")
    assert read(path)[0].labels == ("natural", "gas;", "oil")
    assert notes_of(path)[0] == (
        "read as the arXiv metadata snapshot: texts from 'abstract', labels from 'categories' at each "
        "space; in another file name them: --labels-field categories"
    )
    records = find_recipe(path).read_by(labels="categories").records()
    assert without_place(list(records)) == [("1", "T\none", ("natural gas", "oil"), None)]
