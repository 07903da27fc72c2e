"""Answers on the terminal: conflicts, the log, and how far the labelling is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from .console import out, show_lines, titled

if TYPE_CHECKING:
    from classemb_index.labels.annotation import Annotation
    from classemb_index.labels.imports import Import
    from classemb_index.labels.store import Action


def show_conflicts(found: Import) -> None:
    """A row for each answer that differs from what is known, or from somebody else's."""
    if not found.conflicts:
        return
    table = titled("Answers that differ", ("row", "id", "class", "was", "now"))
    for conflict in found.conflicts:
        was, now = conflict.was, conflict.now
        if conflict.against is not None:
            was, now = f"{was} ({conflict.against})", f"{now} ({conflict.who})"
        cells = (conflict.row, conflict.document, conflict.class_name, was, now)
        table.add_row(*map(escape, cells))
    out.print(table)


def show_log(actions: Sequence[Action]) -> None:
    """A row for each action, the oldest first."""
    if not actions:
        show_lines(["nothing was answered or handed out yet"])
        return
    table = titled("What was done", ("number", "at", "who", "what"), ("documents",))
    for action in actions:
        what = f"undo of {action.undoes}" if action.undoes else action.origin
        undone = " (undone)" if action.is_undone else ""
        cells = (str(action.number), action.at, action.annotator, what + undone)
        table.add_row(*map(escape, cells), str(action.documents))
    out.print(table)


def show_status(annotation: Annotation) -> None:
    """Documents by state, and a row for each class."""
    counts = annotation.document()["documents"]
    show_lines(
        [
            f"{counts['answered']} documents answered, {counts['handed_out']} handed out and not "
            f"back, {counts['skipped']} skipped"
        ]
    )
    show_classes(annotation)


def show_classes(annotation: Annotation) -> None:
    """A row for each class; a column for descriptions where one has any."""
    rows = annotation.document()["classes"]
    if not rows:
        show_lines(["no classes yet; name some with: classemb-index classes add NAME"])
        return
    table = titled("Classes", ("class", "group"), ("yes", "no", "unknown"))
    if has_texts := any(row["description"] for row in rows):
        table.add_column("description")
    for row in rows:
        cells = [escape(row["class"]), row["group"] or ""]
        cells += [str(row[key]) for key in ("yes", "no", "unknown")]
        table.add_row(*cells, *([escape(row["description"] or "")] if has_texts else []))
    out.print(table)
