"""Tables 2 and 3 and the distances of Figures 3 and 4 as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from .geometry import ClassDistance
from .proximity import ClassProximity

LATEX_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def save_tables(
    proximity: Sequence[ClassProximity], distances: Sequence[ClassDistance], folder: Path
) -> list[Path]:
    """Write proximity.csv, proximity.tex and distances.csv; returns their paths."""
    texts = {
        "proximity.csv": proximity_csv(proximity),
        "proximity.tex": proximity_latex(proximity),
        "distances.csv": _csv(ClassDistance, [asdict(entry) for entry in distances]),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def proximity_csv(proximity: Sequence[ClassProximity]) -> str:
    """One line for each size and class, with every column; empty cells where nothing is known."""
    return _csv(ClassProximity, [asdict(entry) for entry in proximity])


def proximity_latex(proximity: Sequence[ClassProximity]) -> str:
    """The paper's form: a column a class, and for each size nearest, farthest, random, paper."""
    sizes = list(dict.fromkeys(entry.n_labelled for entry in proximity))
    names = list(dict.fromkeys(entry.class_name for entry in proximity))
    lines = [
        rf"\begin{{tabular}}{{rl{'r' * len(names)}}}",
        r"\toprule",
        " & ".join(["$|L|$", "", *(name.translate(LATEX_ESCAPES) for name in names)]) + r" \\",
    ]
    for size in sizes:
        entries = [entry for entry in proximity if entry.n_labelled == size]
        rows: dict[str, Sequence[float | None]] = {
            "nearest": [entry.hits for entry in entries],
            "farthest": [entry.farthest for entry in entries],
            "random order": [entry.expected for entry in entries],
            "paper": [entry.paper for entry in entries],
        }
        lines.append(r"\midrule")
        first = str(size)
        for label, values in rows.items():
            if any(value is not None for value in values):
                cells = ["--" if value is None else f"{value:.1f}" for value in values]
                lines.append(" & ".join([first, label, *cells]) + r" \\")
                first = ""
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _csv(kind: type, rows: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    names = [field.name for field in fields(kind)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
