"""Argilla: records of version 2 (nested, flat, by user) and of version 1, and records to import.

The form of version 2: https://docs.argilla.io/latest/how_to_guides/import_export/ and `records/_io`
in https://github.com/argilla-io/argilla; of version 1: `TextClassificationRecord` there
(`client/models.py` of the releases 1.x). `to_json` leaves out the status of a response, so that a
draft or a discarded one may read as an answer; `to_datasets` has it. Checked with argilla 2.8.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import RequestError, SourceError
from .base import (
    QUESTION,
    Filled,
    Format,
    Returned,
    Sheet,
    asked_for,
    mapping,
    names,
    objects,
    own_id,
    records,
    write_array,
)

IDS = ("external_id", "id")  # of which the server gives both, and "id" is its own
FLAT = ".responses"  # the end of a column of `to_datasets`
AGENT = "classemb-index"


class Response(NamedTuple):
    """What a user answered to a question; a status of None is not known."""

    question: str
    value: object
    user: object
    status: object


def read_argilla(file: Returned) -> Iterator[Filled]:
    """What each user's response to each record says: submitted ones answer, discarded ones skip.

    Of several questions the one named "labels" is read. A draft is no answer. A response whose
    status is not there is unclear in a pending record, and counts as submitted in any other. In
    version 1 a validated annotation answers.

    Raises:
        SourceError: the file cannot be read, or a record has no id, several questions and none
            of them "labels", or an answer that is no class name.
    """
    for place, record in records(file.path):
        document = own_id(place, record, fields=IDS)
        if "annotation" in record:
            yield from _of_version_1(place, document, record)
            continue
        for answer in _to_question(place, list(_responses(place, record))):
            who = "" if answer.user in (None, "None") else str(answer.user)
            if answer.status == "discarded":
                yield Filled(place, document, None, who)
            elif answer.status in (None, "submitted") and answer.value is not None:
                labels = names(place, answer.value)
                unclear = answer.status is None and record.get("status") == "pending"
                yield Filled(place, document, labels, who, unclear=unclear)


def write_argilla(sheet: Sheet, path: Path) -> None:
    """Write records as `records.from_json` reads them: labels as responses, the class that asked
    for a document as a suggestion.

    Raises:
        RequestError: there are labels and nobody gave them; Argilla takes responses of a user only.
    """
    if not sheet.annotator and any(row["labels"] is not None for row in sheet.rows):
        raise RequestError(
            "argilla keeps a response only with its user; name the user's id with --annotator"
        )
    write_array([_record(row, sheet.annotator) for row in sheet.rows], path)


def _responses(place: str, record: Mapping[str, Any]) -> Iterator[Response]:
    found = record.get("responses")
    if isinstance(found, dict):  # by question: `to_json`
        for question, answers in found.items():
            for a in objects(place, question, answers):
                yield Response(question, a.get("value"), a.get("user_id"), a.get("status"))
    else:  # by user: the server, and feedback records of 1.x
        for a in objects(place, "responses", found):
            values = mapping(place, "values", a.get("values")) or {"": None}
            for question, value in values.items():
                said = mapping(place, question, value).get("value")
                yield Response(question, said, a.get("user_id"), a.get("status"))
    for column in record:  # `to_datasets`
        if column.endswith(FLAT) and record[column] is not None:
            yield from _flat_responses(place, record, column)


def _flat_responses(place: str, record: Mapping[str, Any], column: str) -> Iterator[Response]:
    cells = [record.get(name) for name in (column, f"{column}.users", f"{column}.status")]
    lists = [cell for cell in cells if isinstance(cell, list)]
    if len(lists) < len(cells) or len({len(cell) for cell in lists}) > 1:
        raise SourceError(
            f"{place}: {column!r} and its users and status are no lists of one length; export them "
            "with to_datasets"
        )
    for value, user, status in zip(*lists, strict=True):
        yield Response(column.removesuffix(FLAT), value, user, status)


def _to_question(place: str, responses: Sequence[Response]) -> list[Response]:
    """The responses to the question that asks for classes; a discarded record may answer none."""
    questions = {response.question for response in responses} - {""}
    if len(questions) > 1 and QUESTION not in questions:
        raise SourceError(
            f"{place}: questions {', '.join(sorted(questions))}; that for the classes is called "
            f"{QUESTION!r}, or is the only one"
        )
    wanted = {QUESTION} if QUESTION in questions else questions
    return [response for response in responses if response.question in wanted | {""}]


def _of_version_1(place: str, document: str, record: Mapping[str, Any]) -> Iterator[Filled]:
    status, annotation = record.get("status"), record["annotation"]
    who = str(record.get("annotation_agent") or "")
    if status == "Discarded":
        yield Filled(place, document, None, who)
    elif annotation is not None and status in (None, "Validated"):
        yield Filled(place, document, names(place, annotation), who)


def _record(row: Mapping[str, Any], user: str) -> dict[str, Any]:
    asked = asked_for(row)
    suggestion = {
        "value": [asked.get("class")],
        "score": [asked["score"]] if "score" in asked else None,
        "agent": asked.get("strategy", AGENT),
    }
    response = {"value": row["labels"], "user_id": user, "status": "submitted"}
    return {
        "id": row["id"],
        "fields": {"text": row["text"]},
        "metadata": {},
        "suggestions": {QUESTION: suggestion} if "class" in asked else {},
        "responses": {} if row["labels"] is None else {QUESTION: [response]},
        "vectors": {},
    }


def _is_record(record: Mapping[str, Any]) -> bool:
    is_nested = isinstance(record.get("fields"), dict) and "responses" in record
    is_flat = any(key.endswith(FLAT) for key in record)
    is_old = "annotation" in record and bool({"annotation_agent", "inputs"} & record.keys())
    return is_nested or is_flat or is_old


ARGILLA = Format("records as JSON, JSON Lines", (".json",), _is_record, read_argilla, write_argilla)
