"""Tables 2 and 3, the distances of Figures 3 and 4, and the query methods as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from ..measures.analysis import FIGURES_SIZE, Analysis
from ..measures.geometry import ClassDistance
from ..measures.methods import CommonScore, MethodScore
from ..measures.proximity import ClassProximity
from ..measures.rankings import MEASURES
from .figures import save_class_methods, save_components, save_distances, save_methods

LATEX_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)

# fields of an Estimate and what they add to the name of its column
ESTIMATE = {"mean": "", "low": "_low", "high": "_high", "seeds": "_draws"}


def save_analysis(analysis: Analysis, folder: Path) -> list[Path]:
    """Write figures (PNG, SVG), tables (CSV, LaTeX) and analysis.json; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "analysis.json"
    text = json.dumps(analysis.document(), indent=1, ensure_ascii=False) + "\n"
    document.write_text(text, encoding="utf-8")
    paths = [document]
    if analysis.distances:
        title = f"{analysis.name}, {analysis.figures_on}"
        paths += save_tables(analysis.proximity, analysis.distances, folder)
        paths += save_distances(analysis.distances, title, folder / "distances")
        paths += save_components(analysis.components, analysis.classes, title, folder / "pca")
    if analysis.methods:
        paths += save_methods_table(analysis.methods, folder)
        paths += save_methods(analysis.methods, analysis.top_k, analysis.name, folder / "methods")
        paths += save_class_methods(
            _of_nearest_size(analysis.methods),
            analysis.top_k,
            analysis.name,
            folder / "methods-classes",
        )
    return paths


def save_tables(
    proximity: Sequence[ClassProximity], distances: Sequence[ClassDistance], folder: Path
) -> list[Path]:
    """Write proximity.csv, proximity.tex and distances.csv; returns their paths."""
    texts = {
        "proximity.csv": proximity_csv(proximity),
        "proximity.tex": proximity_latex(proximity),
        "distances.csv": _csv(_names(ClassDistance), [asdict(entry) for entry in distances]),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def save_methods_table(methods: Sequence[MethodScore], folder: Path) -> list[Path]:
    """Write methods.csv; returns its path."""
    path = folder / "methods.csv"
    path.write_text(methods_csv(methods), encoding="utf-8")
    return [path]


def proximity_csv(proximity: Sequence[ClassProximity]) -> str:
    """One line for each size and class, with every column; empty cells where nothing is known."""
    return _csv(_names(ClassProximity), [asdict(entry) for entry in proximity])


def methods_csv(methods: Sequence[MethodScore]) -> str:
    """One line for each size, class or group, and method; empty cells where nothing is known.

    A measure has four columns: its mean, the ends of its interval and its draws. What "auto"
    chose is written as in "mixed 3, probe 2".
    """
    rows = [_method_row(entry) for entry in methods]
    return _csv(list(rows[0]) if rows else [], rows)


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


def _method_row(entry: MethodScore) -> dict[str, object]:
    row = asdict(entry)
    common = row.pop("common") or dict.fromkeys(_names(CommonScore))
    estimates = {name: row.pop(name) for name in MEASURES}
    row |= _cells(estimates)
    row |= {f"common_{key}": common[key] for key in ("pairs", "prevalence", "ceiling")}
    return {**row, **_cells({"common_precision": common["precision"]})}


def _cells(estimates: Mapping[str, dict[str, object] | None]) -> dict[str, object]:
    """The columns of each estimate; empty for None."""
    return {
        f"{name}{part}": None if found is None else found[key]
        for name, found in estimates.items()
        for key, part in ESTIMATE.items()
    }


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def _csv(names: Sequence[str], rows: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _of_nearest_size(methods: Sequence[MethodScore]) -> list[MethodScore]:
    """The scores at the size that is closest to the paper's 100; 0 only where it is the only one."""
    sizes = list(dict.fromkeys(entry.n_labelled for entry in methods))
    drawn = [size for size in sizes if size] or sizes
    nearest = min(drawn, key=lambda size: abs(size - FIGURES_SIZE))
    return [entry for entry in methods if entry.n_labelled == nearest]
