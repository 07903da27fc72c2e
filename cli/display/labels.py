"""Answers on the terminal: conflicts, the log, and how far the labelling is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from .classes import show_outlooks
from .console import out, show_lines, titled

if TYPE_CHECKING:
    from classemb_index.labels.agreement import Agreement
    from classemb_index.labels.annotation import Annotation
    from classemb_index.labels.imports import Import
    from classemb_index.labels.log import Action
    from classemb_index.measures.gain import Gain
    from classemb_index.measures.status import BatchState, Status

LAST_BATCHES = 5  # that are shown
NO_ESTIMATE = (
    "how many documents of a class are left is estimated from random ones alone: label a batch of "
    "select --strategy random"
)


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
        what = action.origin
        if action.undoes:
            what = f"undo of {action.undoes}"
        elif action.strategy is not None:
            what = f"{action.origin}, handed out by {action.strategy}"
        undone = " (undone)" if action.is_undone else ""
        cells = (str(action.number), action.at, action.annotator, what + undone)
        table.add_row(*map(escape, cells), str(action.documents))
    out.print(table)


def show_status(found: Status) -> None:
    """Documents by state, classes, the last batches, agreement, and whether to stop."""
    annotation = found.annotation
    counts = annotation.document()["documents"]
    held_out = f", {counts['held_out']} held out for evaluation" if counts["held_out"] else ""
    show_lines(
        [
            f"{counts['answered']} documents answered, {counts['handed_out']} handed out and not "
            f"back, {counts['skipped']} skipped{held_out}"
        ]
    )
    show_classes(annotation)
    if found.outlooks and annotation.history:
        show_outlooks(annotation.pool, found.outlooks)
    if not any(outlook.prevalence for outlook in found.outlooks):
        show_lines([NO_ESTIMATE])
    if found.batches:
        _show_batches(found.batches)
    if found.agreement:
        _show_agreement(found.agreement)
    if found.gains:
        _show_gains(found.gains)
    verdict = "stop" if found.stopping.stop else "go on"
    show_lines([f"{verdict}: {found.stopping.why}"])


def _show_gains(gains: Sequence[Gain]) -> None:
    first = gains[0]
    sizes = [f"F1 of {size}" for size in first.sizes]
    table = titled("More labels", ("class",), (*sizes, f"next {first.next_labels}"))
    for own in gains:
        scores = [f"{score:.2f}" for score in own.f1]
        gain = f"+{own.gain:.2f} [{own.low:.2f}, {own.high:.2f}]"
        table.add_row(escape(own.class_name or "mean"), *scores, escape(gain))
    out.print(table)
    show_lines(
        ["  F1 on held-out labelled documents, which a strategy selected: not that of the pool"]
    )


def _show_batches(batches: Sequence[BatchState]) -> None:
    numbers = ("documents", "answered", "skipped", "has its class")
    table = titled("Last batches", ("number", "at", "who", "strategy"), numbers)
    for own in batches[-LAST_BATCHES:]:
        words = (str(own.number), own.at[:16], own.annotator, own.strategy)
        counts = (own.documents, own.answered, own.skipped, f"{own.found} of {own.asked}")
        table.add_row(*map(escape, words), *map(str, counts))
    out.print(table)


def _show_agreement(agreement: Sequence[Agreement]) -> None:
    table = titled("Agreement", ("class",), ("documents", "answers", "agree", "alpha"))
    for own in agreement:
        alpha = "-" if own.alpha is None else f"{own.alpha:.2f}"
        counts = (own.documents, own.cells, own.agreed, alpha)
        table.add_row(escape(own.class_name or "all"), *map(str, counts))
    out.print(table)


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
