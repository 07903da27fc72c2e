"""How good a model is, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from .console import out, show_lines, titled

if TYPE_CHECKING:
    from classemb_index.measures.estimates import Interval
    from classemb_index.measures.evaluation import Evaluation

MEASURES = ("precision", "recall", "F1", "documents", "missed")


def show_evaluation(found: Evaluation) -> None:
    """A row for each class, with 95 % intervals, and macro-F1 below."""
    n, population = found.answered, found.sample.population
    title = f"Of {population} documents that nobody labelled, by {n} of them"
    table = titled(title, ("class",), ("predicted", *MEASURES, "positives\nseen"))
    for name, own in zip(found.sample.names, found.classes, strict=True):
        shares = [interval.text() for interval in (own.precision, own.recall, own.f1)]
        counts = [_count(interval) for interval in (own.documents, own.missed)]
        table.add_row(
            escape(name), str(own.predicted), *map(escape, shares + counts), str(own.positives)
        )
    out.print(table)
    show_lines([f"macro-F1 {found.macro_f1.text()}; 95 % intervals in brackets, each for itself"])


def _count(interval: Interval) -> str:
    """A number of documents and its interval."""
    estimate = "-" if interval.estimate is None else f"{interval.estimate:.0f}"
    return f"{estimate} [{interval.low:.0f}, {interval.high:.0f}]"
