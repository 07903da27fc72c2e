"""Prodigy: answers to choice and binary tasks as `db-out` writes them, and choice tasks.

The form: https://prodi.gy/docs/api-interfaces#choice and #classification; the recipes
`textcat.manual` and `textcat.teach` in https://github.com/explosion/prodigy-recipes, with answers
in its `example-datasets`. Prodigy gives no ids of its own and keeps fields that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ...pool.cells import NONE_OF_THEM
from .base import (
    DOCUMENT_ID,
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
    write_lines,
)

ANSWERS = ("accept", "reject", "ignore")


def read_prodigy(file: Returned) -> Iterator[Filled]:
    """What each task says; one without an answer says nothing.

    A choice task that is accepted answers its options: yes for those that were chosen, no for the
    others. A binary task answers its one label: accept is yes, reject is no. An ignored task, and a
    choice task that is rejected, is skipped.

    Raises:
        SourceError: the file cannot be read, or a task has no id of ours, no label and no options,
            or another answer.
    """
    for place, task in records(file.path):
        document = own_id(place, task, mapping(place, "meta", task.get("meta")))
        if (answer := task.get("answer")) is None:
            continue
        if answer not in ANSWERS:
            raise SourceError(
                f"{place}: the answer is {answer!r}; it is one of {', '.join(ANSWERS)}"
            )
        who = str(task.get("_annotator_id") or task.get("_session_id") or "")
        labels, asked = _said(place, task, answer)
        yield Filled(place, document, labels, who, asked)


def write_prodigy(sheet: Sheet, path: Path) -> None:
    """Write choice tasks for the view `choice`, the labelled ones accepted."""
    write_lines([_task(row, sheet) for row in sheet.rows], path)


def _said(
    place: str, task: Mapping[str, Any], answer: str
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The labels and the classes that were asked for."""
    if answer == "ignore":
        return None, None
    if task.get("options") is not None:
        name_of = _option_names(place, task["options"])
        chosen = names(place, _chosen(place, name_of, task.get("accept") or []))
        asked = tuple(name for name in name_of.values() if name != NONE_OF_THEM)
        return (chosen, asked) if answer == "accept" else (None, None)
    if not isinstance(label := task.get("label"), str):
        raise SourceError(f"{place}: no 'label' and no 'options'; nobody knows what was asked")
    return ((label,) if answer == "accept" else ()), (label,)


def _option_names(place: str, options: object) -> dict[str | int, str]:
    """What each option stands for: its id, or its text where the ids are numbers."""
    name_of: dict[str | int, str] = {}
    for option in objects(place, "options", options):
        if not isinstance(key := option.get("id"), str | int):
            raise SourceError(f"{place}: an option has the id {key!r}; it is a name or a number")
        name_of[key] = key if isinstance(key, str) else str(option.get("text"))
    return name_of


def _chosen(place: str, name_of: Mapping[str | int, str], accepted: object) -> list[str]:
    """The options that were chosen, by their names."""
    if not isinstance(accepted, list) or not all(
        isinstance(key, str | int) and key in name_of for key in accepted
    ):
        there = ", ".join(name_of.values())
        raise SourceError(f"{place}: 'accept' is {accepted!r}; the options are {there}")
    return [name_of[key] for key in accepted]


def _task(row: Mapping[str, Any], sheet: Sheet) -> dict[str, Any]:
    """One task; its options are the classes, but those that are unknown of a labelled document."""
    asked = [name for name in sheet.classes if name not in row.get("unknown", ())]
    options, annotator = [{"id": name, "text": name} for name in asked], sheet.annotator
    meta = {DOCUMENT_ID: row["id"], **asked_for(row)}
    task = {"text": row["text"], "meta": meta, "options": options}
    if row["labels"] is None:
        return task
    return {
        **task,
        "accept": list(row["labels"]),
        "answer": "accept",
        **({"_annotator_id": annotator, "_session_id": annotator} if annotator else {}),
    }


def _is_task(record: Mapping[str, Any]) -> bool:
    is_asked = bool({"label", "options"} & record.keys())
    return (
        "text" in record and is_asked and (record.get("answer") in ANSWERS or "options" in record)
    )


PRODIGY = Format(
    "JSON Lines of db-out", (".jsonl",), _is_task, read_prodigy, write_prodigy, keeps_unknown=True
)
