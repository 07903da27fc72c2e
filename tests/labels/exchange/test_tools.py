"""Exports of the tools, written by hand in the tools' own forms, and what each of them says."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from classemb_index.errors import SourceError
from classemb_index.labels.exchange import FORMATS
from classemb_index.labels.exchange.base import Filled
from classemb_index.labels.exchange.files import read_filled, recognised

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "exchange"
ADA, BOB = (f"9e4b41a8-4a55-4c57-a1b7-1d6ef3c2a00{n}" for n in (1, 2))

# document, labels (None: skipped), who; in the file's order
SAID: dict[str, list[tuple[str, tuple[str, ...] | None, str]]] = {
    "label_studio.json": [
        ("007", ("fire",), "ada@example.org"),
        ("007", ("fire",), "2"),
        ("7", None, "2"),
        ("é d", (), "2"),
        ("5", ("fall", "fire"), "1"),
    ],
    "label_studio_min.json": [
        ("007", ("fire",), "1"),
        ("7", ("fire", "fall"), "2"),
        ("é d", (), "1"),
    ],
    "argilla_nested.json": [("007", ("fire",), ADA), ("007", ("fire", "fall"), BOB)],
    "argilla_flat.jsonl": [("007", ("fire",), "u1"), ("7", None, "u2"), ("5", (), "u1")],
    "argilla_server.json": [("007", ("fire",), "u1"), ("007", None, "u2")],
    "argilla_v1.jsonl": [("007", ("fire",), "ada"), ("é d", None, ""), ("5", (), "ada")],
    "doccano.jsonl": [
        ("007", ("fire",), ""),
        ("7", (), ""),
        ("5", ("fall", "fire"), ""),
        ("=1+1", ("fall",), ""),
    ],
    "prodigy.jsonl": [
        ("007", (), "news-ada"),
        ("007", ("fall",), "news-ada"),
        ("7", ("fall",), "news-bob"),
        ("é d", ("fire",), ""),
        ("=1+1", None, ""),
        ("5", None, ""),
    ],
}


def write(tmp_path: Path, record: object) -> Path:
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return path


def read(tmp_path: Path, tool: str, record: object) -> list[Filled]:
    return list(read_filled(write(tmp_path, record), tool))


def refusal(tmp_path: Path, tool: str, record: object) -> str:
    with pytest.raises(SourceError) as error:
        read(tmp_path, tool, record)
    return str(error.value).removeprefix(f"{tmp_path / 'export.jsonl'}, line 1: ")


@pytest.mark.parametrize("name", SAID)
def test_an_export_of_the_tool_says_what_its_annotators_said(name: str) -> None:
    found = [row for row in read_filled(FIXTURES / name) if not row.unclear]
    assert [(row.document, row.labels, row.who) for row in found] == SAID[name]


@pytest.mark.parametrize("name", SAID)
def test_an_export_is_recognised_by_its_content(name: str) -> None:
    tool = name.partition(".")[0].removesuffix("_min").replace("_", "-")
    assert recognised(FIXTURES / name) == ("argilla" if tool.startswith("argilla") else tool)


def test_a_binary_task_of_prodigy_answers_its_one_class() -> None:
    asked = [row.asked for row in read_filled(FIXTURES / "prodigy.jsonl")]
    assert asked == [("fire",), ("fall",), ("fire", "fall"), ("fire", "fall"), None, None]


def test_an_empty_list_of_doccano_is_an_answer_only_where_it_is_said_to_be_one() -> None:
    path = FIXTURES / "doccano.jsonl"
    assert [row.document for row in read_filled(path) if row.unclear] == ["é d"]
    taken = {row.document: row for row in read_filled(path, empty_is_none=True)}
    assert (taken["é d"].labels, taken["é d"].unclear) == ((), False)


def test_a_response_that_may_be_a_draft_is_unclear() -> None:
    unclear = [row for row in read_filled(FIXTURES / "argilla_nested.json") if row.unclear]
    assert [(row.document, row.labels) for row in unclear] == [("é d", ("fall",))]
    path = FIXTURES / "argilla_nested.json"
    assert [row for row in read_filled(path, empty_is_none=True) if row.unclear] == unclear


def test_only_an_id_that_may_be_the_tools_own_number_brings_its_text() -> None:
    texts = {row.document: row.text for row in read_filled(FIXTURES / "doccano.jsonl")}
    assert {name: text for name, text in texts.items() if text} == {"=1+1": "text of =1+1"}


def test_a_task_of_label_studio_is_never_known_by_its_number(tmp_path: Path) -> None:
    task = {"id": 7, "data": {"text": "t"}, "annotations": [{"result": []}]}
    minimal = {"id": 7, "text": "t", "annotator": 1, "annotation_id": 3, "labels": "fire"}
    assert refusal(tmp_path, "label-studio", task) == (
        "no 'document_id' and no 'external_id' and no 'id'; without the pool's id nobody knows which "
        "document it is, so give the tool documents that `--format` wrote"
    )
    assert refusal(tmp_path, "label-studio", minimal).startswith(
        "no 'document_id' and no 'external_id'; "
    )


def test_json_min_without_a_known_control_is_no_answer_of_none(tmp_path: Path) -> None:
    minimal = {"document_id": "7", "text": "t", "annotator": 1, "annotation_id": 3}
    assert read(tmp_path, "label-studio", minimal)[0].labels == ()
    assert refusal(tmp_path, "label-studio", {**minimal, "topics": "fire"}) == (
        "no choices under labels, label, choices, choice, sentiment; JSON-MIN does not say whether "
        "none was chosen or the control has another name, so export JSON"
    )


@pytest.mark.parametrize("tool", ["label-studio", "argilla", "doccano", "prodigy"])
def test_a_record_without_an_id_of_ours_is_refused_whatever_it_says(
    tmp_path: Path, tool: str
) -> None:
    record = {"text": "t", "data": {"text": "t"}, "responses": {}, "label": ["fire"]}
    assert re.search(
        "no '(document_|external_|)id'|the id is None", refusal(tmp_path, tool, record)
    )


def test_spans_are_no_labels_of_a_document(tmp_path: Path) -> None:
    span = {"type": "labels", "value": {"start": 0, "end": 3, "labels": ["fire"]}}
    task = {"data": {"id": "7"}, "annotations": [{"result": [span]}]}
    assert refusal(tmp_path, "label-studio", task) == (
        "the annotation holds labels; only choices are labels of documents"
    )
    doccano = {"document_id": "7", "text": "t", "label": [[0, 3, "fire"]]}
    assert refusal(tmp_path, "doccano", doccano) == (
        "the labels are [[0, 3, 'fire']]; they are class names in a list"
    )


def test_argilla_reads_the_question_named_labels_or_the_only_one(tmp_path: Path) -> None:
    def record(**questions: str) -> dict[str, Any]:
        answers = {name: [{"value": v, "user_id": "u"}] for name, v in questions.items()}
        return {"id": "7", "fields": {}, "responses": answers}

    assert read(tmp_path, "argilla", record(topic="fire"))[0].labels == ("fire",)
    assert read(tmp_path, "argilla", record(topic="x", labels="fire"))[0].labels == ("fire",)
    assert refusal(tmp_path, "argilla", record(topic="fire", tone="calm")) == (
        "questions tone, topic; that for the classes is called 'labels', or is the only one"
    )


def test_an_accepted_option_is_one_of_the_options(tmp_path: Path) -> None:
    options = [{"id": "fire", "text": "fire"}]
    task = {"text": "t", "id": "7", "options": options, "accept": ["smoke"], "answer": "accept"}
    assert refusal(tmp_path, "prodigy", task) == "'accept' is ['smoke']; the options are fire"
    assert refusal(tmp_path, "prodigy", {**task, "answer": "yes"}) == (
        "the answer is 'yes'; it is one of accept, reject, ignore"
    )


def test_the_labeling_config_names_every_class_as_it_is() -> None:
    classes = ('a "b" & <c>', "x;y", "é")
    config = FORMATS["label-studio"].config
    assert config is not None
    view = ET.fromstring(config(classes))
    assert [choice.get("value") for choice in view.iter("Choice")] == list(classes)
    (choices,) = view.iter("Choices")
    (text,) = view.iter("Text")
    assert (choices.get("name"), choices.get("toName"), choices.get("choice")) == (
        "labels",
        text.get("name"),
        "multiple",
    )
    assert text.get("value") == "$text"


def test_the_label_types_of_doccano_have_one_for_none_of_the_classes() -> None:
    config = FORMATS["doccano"].config
    assert config is not None
    assert json.loads(config(("fire",))) == [{"text": "fire"}, {"text": "-"}]


def nodes(value: Any) -> list[Callable[[object], None]]:
    """A setter for each place in a JSON value."""
    found: list[Callable[[object], None]] = []
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        found.append(lambda new, key=key: value.__setitem__(key, new))
        found += nodes(value[key])
    return found


@pytest.mark.parametrize("junk", [None, 3.5, "x", [], {"x": 1}, [[]], [{}]], ids=str)
@pytest.mark.parametrize("name", SAID)
def test_a_record_that_is_damaged_anywhere_is_read_or_refused_in_words(
    name: str, junk: object, tmp_path: Path
) -> None:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    lines = text.splitlines() if name.endswith("l") else map(json.dumps, json.loads(text))
    tool = recognised(FIXTURES / name)
    for line in filter(str.strip, lines):
        for place in range(len(nodes(json.loads(line)))):
            record = json.loads(line)
            nodes(record)[place](junk)
            with suppress(SourceError):
                found = read(tmp_path, tool, record)
                assert all(isinstance(row.document, str) for row in found)
