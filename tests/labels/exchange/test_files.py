"""Every format: labels and batches go out and come back as they were; what cannot be read is said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import Batch, Pool, Record
from classemb_index.errors import ClassembError
from classemb_index.labels.annotation import Annotation, answers_to
from classemb_index.labels.batches import NO_CLASS
from classemb_index.labels.exchange import FORMATS
from classemb_index.labels.exchange.files import (
    check_out,
    read_filled,
    recognised,
    write_batch,
    write_config,
    write_labels,
)
from classemb_index.labels.imports import examine, import_labels
from classemb_index.labels.store import LabelStore

CLASSES = {"rare": ["cocoa", "x;y", 'a "b" & <c>'], "frequent": ["gold", "[é]"]}
IDS = ("007", "7", "é d", "=1+1", "a,b", "0x7", " 7")
ANSWERS = {"007": ("x;y", "gold"), "7": (), "é d": ('a "b" & <c>', "[é]"), " 7": ("cocoa",)}

every_form = pytest.mark.parametrize(
    ("name", "suffix"), [(name, suffix) for name, row in FORMATS.items() for suffix in row.suffixes]
)


@pytest.fixture
def pool() -> Pool:
    """Seven documents, none of them labelled, with ids that tools and spreadsheets change."""
    records = [Record(id_, f'text of\n"{id_}" <b>', None, None) for id_ in IDS]
    return Pool.from_records(records, classes=CLASSES)


@pytest.fixture
def answered(pool: Pool, tmp_path: Path) -> Annotation:
    store = new_store(tmp_path, "first")
    for document, labels in ANSWERS.items():
        store.record(answers_to(document, labels, pool.classes), annotator="ada")
    return Annotation.of(pool, store)


def new_store(tmp_path: Path, name: str) -> LabelStore:
    (tmp_path / name).mkdir()
    return LabelStore(tmp_path / name)


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClassembError) as error:
        call()
    return str(error.value)


@every_form
def test_labels_go_out_and_come_back_as_they_were(
    name: str, suffix: str, pool: Pool, answered: Annotation, tmp_path: Path
) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels(answered.pool, path, name, annotator="ada")
    assert recognised(path) == name
    assert examine(answered, read_filled(path)).answers == ()
    store = new_store(tmp_path, "second")
    found = import_labels(Annotation.of(pool, store), store, read_filled(path))
    assert (found.rows, found.accepted, found.unclear) == (4, 4, 0)
    back = Annotation.of(pool, store).pool
    assert np.array_equal(back.labels, answered.pool.labels)
    assert np.array_equal(back.known, answered.pool.known)
    assert {id_ for id_, known in zip(back.ids, back.is_known, strict=True) if known} == set(
        ANSWERS
    )


@every_form
def test_a_batch_that_nobody_labelled_says_nothing(
    name: str, suffix: str, pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / f"batch{suffix}"
    write_batch(pool, some_batch(), path, name)
    assert [row for row in read_filled(path, name) if not row.unclear] == []
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def some_batch() -> Batch:
    return Batch(
        np.array([1, 0]),
        np.array([1, NO_CLASS]),
        ("cold start", ""),
        "portfolio",
        np.array([0.5, np.nan], dtype=np.float32),
    )


def written(pool: Pool, tmp_path: Path, name: str) -> list[dict[str, Any]]:
    """The records of a batch of two: asked for by "x;y" with a score, and by no class."""
    path = tmp_path / f"batch{FORMATS[name].suffixes[0]}"
    write_batch(pool, some_batch(), path, name)
    text = path.read_text(encoding="utf-8")
    lines = json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines())
    return list(lines)


def test_a_batch_for_label_studio_predicts_the_class_that_asked(pool: Pool, tmp_path: Path) -> None:
    result = {
        "id": "p1",
        "from_name": "labels",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["x;y"]},
    }
    assert written(pool, tmp_path, "label-studio") == [
        {
            "data": {"text": 'text of\n"7" <b>', "document_id": "7"},
            "predictions": [{"model_version": "portfolio", "score": 0.5, "result": [result]}],
        },
        {"data": {"text": 'text of\n"007" <b>', "document_id": "007"}},
    ]


def test_a_batch_for_argilla_suggests_the_class_that_asked(pool: Pool, tmp_path: Path) -> None:
    first, second = written(pool, tmp_path, "argilla")
    assert first == {
        "id": "7",
        "fields": {"text": 'text of\n"7" <b>'},
        "metadata": {},
        "suggestions": {"labels": {"value": ["x;y"], "score": [0.5], "agent": "portfolio"}},
        "responses": {},
        "vectors": {},
    }
    assert (second["id"], second["suggestions"]) == ("007", {})


def test_a_batch_for_doccano_has_the_same_fields_in_every_line(pool: Pool, tmp_path: Path) -> None:
    why = {"class": "x;y", "step": "cold start", "strategy": "portfolio"}
    assert written(pool, tmp_path, "doccano") == [
        {"text": 'text of\n"7" <b>', "label": [], "document_id": "7", **why},
        {"text": 'text of\n"007" <b>', "label": [], "document_id": "007", **why}
        | {"class": "", "step": ""},
    ]


def test_a_batch_for_prodigy_offers_every_class(pool: Pool, tmp_path: Path) -> None:
    first, second = written(pool, tmp_path, "prodigy")
    assert [option["id"] for option in first["options"]] == list(pool.classes)
    why = {"class": "x;y", "step": "cold start", "score": 0.5, "strategy": "portfolio"}
    assert first["meta"] == {"document_id": "7", **why}
    assert second["meta"] == {"document_id": "007", "strategy": "portfolio"}
    assert "answer" not in first


def test_argilla_is_told_whose_the_responses_are(answered: Annotation, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    assert message_of(lambda: write_labels(answered.pool, path, "argilla")) == (
        "argilla keeps a response only with its user; name the user's id with --annotator"
    )
    assert not path.exists()
    write_labels(answered.pool, path, "argilla", annotator="u1")
    responses = json.loads(path.read_text(encoding="utf-8"))[1]["responses"]
    assert responses == {"labels": [{"value": [], "user_id": "u1", "status": "submitted"}]}


def test_a_file_that_no_format_or_several_claim_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"a": 1, "b": 2}\n', encoding="utf-8")
    assert message_of(lambda: recognised(path)) == (
        f"{path} is of no known format, not table or label-studio or argilla or doccano or prodigy: "
        "its first record has a, b; say it with --format"
    )
    path.write_text('{"id": "7", "text": "t", "labels": ["x"], "meta": {}}\n', encoding="utf-8")
    assert message_of(lambda: recognised(path)) == (
        f"{path} may be table or doccano: its first record has id, text, labels, meta; "
        "say it with --format"
    )
    assert message_of(lambda: list(read_filled(path, "brat"))) == (
        "no format 'brat'; the formats are table, label-studio, argilla, doccano, prodigy"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "{} holds no record; there is nothing to read"),
        ("[]", "{} holds no record; there is nothing to read"),
        (
            '[{"data": {}}, {"da',
            "{} is half-written or no JSON (Unterminated string starting at: line 1 column 17); "
            "export it again",
        ),
        ("[1]", "{}, record 1 is a JSON int, not an object"),
        ("<html>", "{}, line 1 is not JSON (Expecting value: column 1)"),
        ("[" * 100_000, "{} cannot be read as JSON"),
    ],
    ids=["empty", "no element", "cut off", "numbers", "a page", "deep"],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(text, encoding="utf-8")
    assert message_of(lambda: recognised(path)).startswith(said.replace("{}", str(path)))


def test_json_lines_may_have_empty_lines_a_mark_and_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl.gz"
    line = '{"text": "t", "document_id": "7", "label": ["gold"]}'
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf\n" + line.encode() + b"\n\n  \n"))
    (row,) = read_filled(path)
    assert (row.place, row.document, row.labels) == (f"{path}, line 2", "7", ("gold",))


def test_lines_are_read_one_by_one_and_not_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    line = '{"text": "t", "document_id": "7", "label": ["gold"]}\n'
    path.write_text(line + "no JSON\n", encoding="utf-8")
    assert next(read_filled(path)).document == "7"


def test_the_answers_of_one_annotator_are_read_by_his_name(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    lines = [
        {"text": "t", "id": id_, "label": "gold", "answer": "accept", "_annotator_id": who}
        for id_, who in [("7", "ada"), ("7", "bob"), ("007", "ada")]
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert [row.document for row in read_filled(path, by="ada")] == ["7", "007"]
    assert message_of(lambda: list(read_filled(path, by="Bob"))) == (
        "'Bob' answered nothing in the file; who did: ada, bob"
    )


def test_a_name_that_does_not_fit_the_format_is_refused_before_the_work(tmp_path: Path) -> None:
    assert message_of(lambda: check_out(tmp_path / "b.csv", False, "label-studio")) == (
        f"{tmp_path / 'b.csv'} has no known form; label-studio is written to .json"
    )
    there = tmp_path / "config.xml"
    there.write_text("mine")
    check_out(tmp_path / "b.json", False, "label-studio")
    assert message_of(lambda: check_out(tmp_path / "b.json", False, "label-studio", there)) == (
        f"{there} exists; choose another --config, or --force to replace it"
    )
    assert message_of(lambda: check_out(tmp_path / "b.jsonl", True, "prodigy", there)) == (
        "prodigy has no config; those that have one are label-studio, doccano"
    )


def test_a_config_is_written_for_the_classes_of_the_pool(pool: Pool, tmp_path: Path) -> None:
    write_config(pool, tmp_path / "types.json", "doccano")
    found = json.loads((tmp_path / "types.json").read_text(encoding="utf-8"))
    assert [each["text"] for each in found] == [*pool.classes, "-"]
