"""A trained model and its predictions on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from .console import out, show_lines, titled

if TYPE_CHECKING:
    from classemb_index.experiments.prediction import Predicted
    from classemb_index.models.saved import SavedModel


def show_model(model: SavedModel) -> None:
    """A row for each class: its labels, how well it is decided, and from which probability on."""
    facts = model.facts
    validation = facts["cross_validation"]
    numbers = ("positives", "negatives", "precision", "recall", "F1", "95 %", "threshold")
    table = titled(f"{validation['folds']}-fold cross-validation", ("class",), numbers)
    for row in facts["classes"]:
        table.add_row(
            escape(row["class"]),
            str(row["positives"]),
            str(row["negatives"]),
            *(_value(row[key]) for key in ("precision", "recall", "f1")),
            _interval(row["f1"]),
            f"{row['threshold']:.2f}",
        )
    out.print(table)
    if validation["macro_f1"] is not None:
        show_lines(
            [
                f"macro-F1 {validation['macro_f1']:.3f}, micro-F1 {validation['micro_f1']:.3f}, of the "
                "labelled documents: they were not drawn at random, so the pool's differ"
            ]
        )


def show_predicted(model: SavedModel, found: Predicted) -> None:
    """How many documents are decided to have each class."""
    table = titled(f"Decided by {model.folder}", ("class",), ("documents",))
    for name, n in found.decided.items():
        table.add_row(escape(name), f"{n:,}")
    out.print(table)
    lines = [f"{found.written:,} of {found.documents:,} documents written"]
    if found.unfamiliar is not None:
        lines.append(f"{found.unfamiliar:,} resemble nothing that was labelled")
    show_lines(lines)


def _value(figure: Mapping[str, Any] | None) -> str:
    return "-" if figure is None else f"{figure['value']:.3f}"


def _interval(figure: Mapping[str, Any] | None) -> str:
    return "-" if figure is None else f"{figure['low']:.2f} to {figure['high']:.2f}"
