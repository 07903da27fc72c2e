"""Answers of `analyze` and `simulate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from .console import number, out, titled

if TYPE_CHECKING:
    from classemb_index.measures.curves import Comparison, Curve, Summary
    from classemb_index.measures.geometry import ClassDistance
    from classemb_index.measures.methods import MethodScore
    from classemb_index.measures.proximity import ClassProximity
    from classemb_index.measures.statistics import Estimate

METHODS_MARGIN = 41  # of a methods table: the class and what it can have

PERCENT_INTERVAL = "100-100"


def show_proximity(proximity: Sequence[ClassProximity], top_k: int) -> None:
    """A table a size: Table 2 or 3 with its controls beside it."""
    for size in dict.fromkeys(entry.n_labelled for entry in proximity):
        entries = [entry for entry in proximity if entry.n_labelled == size]
        has_paper = any(entry.paper is not None for entry in entries)
        columns = ["in unlabelled", f"nearest {top_k}", "sd", f"farthest {top_k}", "random order"]
        columns += ["lift"] + (["paper"] if has_paper else [])
        draws = max(entry.draws for entry in entries)
        title = f"|L| = {size}: documents with the class among {top_k} (draws: {draws})"
        table = titled(title, left=("class",), right=columns)
        for e in entries:
            cells = [f"{e.in_unlabelled:.0f}", number(e.hits), number(e.hits_sd)]
            cells += [number(e.farthest), number(e.expected), number(e.lift)]
            if has_paper:
                cells.append("-" if e.paper is None else str(e.paper))
            table.add_row(escape(e.class_name), *cells)
        out.print(table, "")


def show_distances(
    distances: Sequence[ClassDistance], explained: tuple[float, float], labelled: str
) -> None:
    """The table behind Figures 3 and 4, and the PCA's explained variance."""
    table = titled(
        f"Cosine distance to class centroids ({labelled})",
        left=("class",),
        right=("same", "other", "margin"),
    )
    for d in distances:
        cells = ["-" if x is None else f"{x:.3f}" for x in (d.same, d.other, d.margin)]
        table.add_row(escape(d.class_name), *cells)
    out.print(table)
    out.print(f"PCA: two components explain {explained[0]:.1%} and {explained[1]:.1%}\n")


def show_methods(scores: Sequence[MethodScore], top_k: int) -> None:
    """Tables a size: precision@k by class and query method; below, the means of the groups."""
    for size in dict.fromkeys(score.n_labelled for score in scores):
        of_size = [score for score in scores if score.n_labelled == size]
        draws = max(score.draws for score in of_size)
        title = f"|L| = {size}: precision@{top_k} of query methods in % (draws: {draws})"
        answering = dict.fromkeys(score.method for score in of_size if score.queried)
        for methods in _in_width(list(answering)):
            headers = [method.replace("-", "-\n") for method in methods]
            table = titled(title, left=("class",), right=("random", "at most", *headers))
            for subject in dict.fromkeys((score.class_name, score.group) for score in of_size):
                own = [score for score in of_size if (score.class_name, score.group) == subject]
                _add_methods(table, own, methods)
            out.print(table, "")
        _show_method_notes(of_size)


def _in_width(methods: Sequence[str]) -> list[list[str]]:
    """The methods in as many tables as the terminal's width asks for."""
    tables: list[list[str]] = [[]]
    whole = left = out.width - METHODS_MARGIN
    for method in methods:
        width = max(len(PERCENT_INTERVAL), *(len(part) + 1 for part in method.split("-"))) + 2
        if width > left and tables[-1]:
            tables.append([])
            left = whole
        tables[-1].append(method)
        left -= width
    return tables


def _add_methods(table: Table, scores: Sequence[MethodScore], methods: Sequence[str]) -> None:
    """A class's row, or a group's: its means, and those that compare what all methods answer."""
    name, group = scores[0].class_name, scores[0].group
    _add_row(table, f"{group}: mean" if group else escape(name or ""), scores, methods)
    is_partial = any(score.is_partial for score in scores)
    if group and is_partial and any(score.common for score in scores):
        _add_row(table, f"{group}: common", [score.in_common() for score in scores], methods)


def _add_row(
    table: Table, name: str, scores: Sequence[MethodScore], methods: Sequence[str]
) -> None:
    fullest = max(scores, key=lambda score: score.queried)
    limits = _percent(fullest.prevalence), _percent(fullest.ceiling)
    table.add_row(name, *limits, *(_precision(s) for s in scores if s.method in methods))


def _show_method_notes(scores: Sequence[MethodScore]) -> None:
    silent = [score.method for score in scores if score.group == "all" and not score.queried]
    if silent:
        out.print(f"No class has a query with {', '.join(silent)}.")
    groups = [score for score in scores if score.group and score.precision]
    if any(score.precision and score.precision.low is not None for score in groups):
        out.print("Below a mean stands its 95 % interval over draws.")
    if any(score.is_partial for score in scores):
        out.print("* over the classes and draws that have a query with this method, not all.")
        out.print("common: over those that have a query with each of the methods above.")
    out.print()


def _precision(score: MethodScore) -> str:
    found = score.precision
    mark = "*" if score.queried < score.asked else ""
    if found is None or score.group:
        return _percent_interval(found, mark)
    return _percent(found.mean) + mark


def _percent_interval(found: Estimate | None, mark: str = "") -> str:
    """A mean, and below it its interval where there is one."""
    if found is None:
        return "-"
    mean = _percent(found.mean) + mark
    if found.low is None or found.high is None:
        return mean
    return f"{mean}\n{_percent(found.low)}-{_percent(found.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if share < 0.0995 else 0}f}"


def show_summary(summary: Summary) -> None:
    """Learning curves, comparisons with random, F1 a class."""
    if summary.curves:
        _show_curves(summary.curves)
        _show_comparisons(summary.comparisons)
    if summary.full is not None:
        full = summary.full
        out.print(
            f"Trained on the whole train split, {full.n_labelled[0]} documents "
            f"(seeds: {full.seeds[0]}): macro-F1 {full.macro_f1[0]:.3f}, "
            f"micro-F1 {full.micro_f1[0]:.3f}\n"
        )
    names = list(dict.fromkeys(name for entry in summary.classes for name in entry.f1))
    table = titled(
        "F1 on the test split at the largest labelled set",
        left=("class",),
        right=("support", *names),
    )
    for entry in summary.classes:
        cells = [f"{entry.f1[name]:.3f}" for name in names]
        table.add_row(escape(entry.class_name), str(entry.support), *cells)
    out.print(table, "")


def _show_curves(curves: Sequence[Curve]) -> None:
    sizes = sorted({size for curve in curves for size in curve.n_labelled})
    table = titled(
        "Macro-F1 on the test split (mean ± sd over seeds)",
        right=("labelled", *(curve.strategy for curve in curves)),
    )
    for size in sizes:
        cells = []
        for curve in curves:
            place = curve.n_labelled.index(size) if size in curve.n_labelled else None
            cells.append(
                "-"
                if place is None
                else f"{curve.macro_f1[place]:.3f} ± {curve.macro_f1_sd[place]:.3f}"
            )
        table.add_row(str(size), *cells)
    out.print(table, "")


def _show_comparisons(comparisons: Sequence[Comparison]) -> None:
    table = titled(
        "Area under the macro-F1 curve [95 % bootstrap interval over seeds], paired with random",
        left=("strategy",),
        right=("seeds", "area", "area - random", "final - random", "verdict"),
    )
    for c in comparisons:
        differences = [_interval(c.area_difference, "+"), _interval(c.final_difference, "+")]
        table.add_row(
            c.strategy, str(c.area.seeds), _interval(c.area), *differences, c.verdict or "-"
        )
    out.print(table, "")


def _interval(found: Estimate | None, sign: str = "") -> str:
    return "-" if found is None else escape(found.text(sign))
