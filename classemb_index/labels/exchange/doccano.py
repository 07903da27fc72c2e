"""doccano: exports of text classification and of intent detection, lines to import, label types.

The form: `backend/data_export/pipeline` and `backend/data_import/pipeline` in
https://github.com/doccano/doccano. Fields beside text and label are kept as metadata and written
back, in older versions below `meta`; a field `id` that nobody gave is doccano's own number
(https://github.com/doccano/doccano/issues/169), so our ids travel as `document_id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ...pool.cells import NONE_OF_THEM
from .base import (
    DOCUMENT_ID,
    OWN_IDS,
    Filled,
    Format,
    Returned,
    Sheet,
    id_text,
    mapping,
    names,
    own_id,
    records,
    write_lines,
)

LABELS = ("label", "cats", "labels")  # of text classification, intent detection, early versions
MARKS = {"Comments", "annotation_approver", "meta", "username"}  # that doccano writes beside them


def read_doccano(file: Returned) -> Iterator[Filled]:
    """What each line says. An empty list may be a document that nobody has looked at: unclear.

    A file has one user's labels, or all users' together, and does not say whose.

    Raises:
        SourceError: the file cannot be read, or a line has no id or no labels by name.
    """
    for place, record in records(file.path):
        found = next((record[key] for key in LABELS if key in record), None)
        if found is None:
            raise SourceError(
                f"{place}: no {', '.join(map(repr, LABELS))}; export JSONL with the labels' names"
            )
        labels, is_empty = names(place, found), not found
        document, text = _document(place, record)
        who = str(record.get("username") or "")
        yield Filled(place, document, labels, who, text=text, unclear=is_empty)


def write_doccano(sheet: Sheet, path: Path) -> None:
    """Write lines; "-" is the label of documents with none of the classes."""
    write_lines([_line(row) for row in sheet.rows], path)


def label_types(classes: Sequence[str]) -> str:
    """The label types of a project, JSON, with "-" for none of the classes."""
    found = [{"text": name} for name in (*classes, NONE_OF_THEM)]
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _document(place: str, record: Mapping[str, Any]) -> tuple[str, str | None]:
    """The id, and the text where the id may be doccano's own number."""
    meta = mapping(place, "meta", record.get("meta"))
    outside = {key: value for key, value in record.items() if key != "id"}
    if any(key in holder for holder in (outside, meta) for key in OWN_IDS):
        return own_id(place, outside, meta), None
    return id_text(place, record.get("id")), str(record.get("text"))


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata are strings on every line: doccano makes a table of them, with NaN in its gaps."""
    labels = [NONE_OF_THEM] if row["labels"] == [] else row["labels"] or []
    why = {key: row[key] or "" for key in ("class", "step", "strategy") if key in row}
    return {"text": row["text"], "label": labels, DOCUMENT_ID: row["id"], **why}


def _is_line(record: Mapping[str, Any]) -> bool:
    has_names = any(isinstance(record.get(key), list) for key in ("label", "cats"))
    is_marked = isinstance(record.get("labels"), list) and bool(MARKS & record.keys())
    return "text" in record and "answer" not in record and (has_names or is_marked)


DOCCANO = Format("JSON Lines", (".jsonl",), _is_line, read_doccano, write_doccano, label_types)
