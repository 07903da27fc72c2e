"""Label Studio: exports as JSON and JSON-MIN, tasks to import, and the labeling config.

The form: https://labelstud.io/guide/task_format, https://labelstud.io/guide/export (JSON-MIN) and
https://labelstud.io/guide/predictions; how JSON-MIN is made: `label_studio_sdk.converter` in
https://github.com/HumanSignal/label-studio-sdk, checked with 2.1.2. JSON-MIN overwrites a field
`id` of the data with the number of the task, so our ids travel as `document_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ...errors import SourceError
from .base import (
    DOCUMENT_ID,
    OWN_IDS,
    QUESTION,
    Filled,
    Format,
    Returned,
    Sheet,
    mapping,
    names,
    objects,
    own_id,
    records,
    write_array,
)

TEXT = "text"
BESIDE = {"textarea", "rating", "number", "datetime"}  # controls that may stand beside choices
MIN_KEYS = {"annotation_id", "annotator"}  # by which JSON-MIN is known
MIN_CHOICES = (QUESTION, "label", "choices", "choice", "sentiment")  # names of a control of choices
MIN_OTHERS = {"id", "created_at", "updated_at", "lead_time", "agreement"} | MIN_KEYS


def read_label_studio(file: Returned) -> Iterator[Filled]:
    """What each annotation of each task says; drafts and predictions are no answers.

    Submitted without a choice means none of the classes, `was_cancelled` that it was skipped.

    Raises:
        SourceError: the file cannot be read, a task has no id of ours, or an annotation holds
            something else than choices.
    """
    for place, record in records(file.path):
        if record.keys() >= MIN_KEYS:
            yield from _of_minimal(place, record)
        else:
            yield from _of_task(place, record)


def write_label_studio(sheet: Sheet, path: Path) -> None:
    """Write tasks: labels as annotations, the class that asked for a document as a prediction."""
    write_array([_task(row) for row in sheet.rows], path)


def labeling_config(classes: Sequence[str]) -> str:
    """The labeling config of a project, XML: choices of any number for a text."""
    choices = "".join(f"    <Choice value={quoteattr(name)}/>\n" for name in classes)
    return (
        f'<View>\n  <Text name="{TEXT}" value="${TEXT}"/>\n'
        f'  <Choices name="{QUESTION}" toName="{TEXT}" choice="multiple">\n{choices}  </Choices>\n'
        "</View>\n"
    )


def _of_task(place: str, task: Mapping[str, Any]) -> Iterator[Filled]:
    document = own_id(place, task.get("data"))
    annotations = task.get("annotations", task.get("completions"))
    for annotation in objects(place, "annotations", annotations):
        who = _who(annotation.get("completed_by"))
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            yield Filled(place, document, None, who)
        else:
            results = objects(place, "result", annotation.get("result"))
            yield Filled(place, document, _choices(place, results), who)


def _choices(place: str, results: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The choices of an annotation, those of several controls together."""
    kinds = {str(result.get("type")) for result in results}
    if others := sorted(kinds - BESIDE - {"choices"}):
        raise SourceError(
            f"{place}: the annotation holds {', '.join(others)}; only choices are labels of documents"
        )
    values = [
        mapping(place, "value", result.get("value")).get("choices")
        for result in results
        if result.get("type") == "choices"
    ]
    return tuple(dict.fromkeys(name for value in values for name in names(place, value)))


def _of_minimal(place: str, record: Mapping[str, Any]) -> Iterator[Filled]:
    """JSON-MIN: an annotation a record, without those that were skipped."""
    if record["annotation_id"] is None:
        return
    ids = [field for field in OWN_IDS if field != "id"]  # which is the number of the task
    document = own_id(place, record, fields=ids)
    yield Filled(place, document, _minimal_choices(place, record), _who(record["annotator"]))


def _minimal_choices(place: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    """One choice is a string, several are an object, and none leaves no trace."""
    several = [v["choices"] for v in record.values() if isinstance(v, dict) and "choices" in v]
    if several:
        return names(place, several[0])
    for control in MIN_CHOICES:
        if isinstance(record.get(control), str | list):
            return names(place, record[control])
    if record.keys() - MIN_OTHERS == {TEXT, DOCUMENT_ID}:
        return ()  # a task that we wrote, and no control left anything
    raise SourceError(
        f"{place}: no choices under {', '.join(MIN_CHOICES)}; JSON-MIN does not say whether none was "
        "chosen or the control has another name, so export JSON"
    )


def _who(completed_by: object) -> str:
    """The mail address of a user where it is there, else his number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return "" if completed_by is None else str(completed_by)


def _task(row: Mapping[str, Any]) -> dict[str, Any]:
    task: dict[str, Any] = {"data": {TEXT: row["text"], DOCUMENT_ID: row["id"]}}
    if row["labels"] is not None:
        found = _result(f"a{row['rank']}", row["labels"])
        task["annotations"] = [{"result": found if row["labels"] else []}]
    if (asked := row.get("class")) is not None:
        prediction = {
            "model_version": row["strategy"],
            "score": row["score"],
            "result": _result(f"p{row['rank']}", [asked]),
        }
        task["predictions"] = [{k: v for k, v in prediction.items() if v is not None}]
    return task


def _result(id_: str, choices: Sequence[str]) -> list[dict[str, Any]]:
    value = {"choices": list(choices)}
    return [{"id": id_, "from_name": QUESTION, "to_name": TEXT, "type": "choices", "value": value}]


def _is_task(record: Mapping[str, Any]) -> bool:
    has_data = isinstance(record.get("data"), dict)
    return record.keys() >= MIN_KEYS or (
        has_data and bool({"annotations", "completions", "predictions"} & record.keys())
    )


LABEL_STUDIO = Format(
    "JSON, JSON-MIN",
    (".json",),
    _is_task,
    read_label_studio,
    write_label_studio,
    labeling_config,
)
