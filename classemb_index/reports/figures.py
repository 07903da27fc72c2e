"""Every picture, from results alone: PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import blocks
from ..measures.geometry import ClassDistance, Components
from ..measures.methods import MethodScore
from ..queries.classes import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..measures.curves import Curve, Summary

# Okabe and Ito's palette, which colour-blind readers can tell apart
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
    "#56B4E9", "#000000", "#8B8B00", "#7F3C8D", "#A0A0A0", "#5D3A1A",
)  # fmt: skip

MARKERS = "osD^v<>Pph*X"
GROUP_TITLES = {"rare": "rare classes", ALL: "all classes"}
CLASSES_A_ROW = 6


def save_curves(
    curves: Sequence[Curve],
    title: str,
    stem: Path,
    *,
    full: Curve | None = None,
    measures: Sequence[str] = ("macro_f1", "micro_f1"),
) -> list[Path]:
    """Figures 1, 2, 7 and 8: macro-F1 and micro-F1 by size of the labelled set.

    Lines are means over seeds, bands one standard deviation.

    Args:
        curves: one a strategy.
        title: above the picture.
        stem: path without suffix; .png and .svg are written.
        full: trained on the whole train split: a dashed line.
        measures: one panel for each.

    Returns:
        The paths written.
    """
    figure = _figure(2.2 + 4.3 * len(measures), 4.2)
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        for place, curve in enumerate(curves):
            mean = np.array(getattr(curve, measure))
            sd = np.array(getattr(curve, f"{measure}_sd"))
            colour = COLOURS[place % len(COLOURS)]
            count = "1 seed" if max(curve.seeds) == 1 else f"{max(curve.seeds)} seeds"
            axes.plot(
                curve.n_labelled,
                mean,
                color=colour,
                marker=MARKERS[place % len(MARKERS)],
                markersize=4,
                label=f"{curve.strategy} ({count})",
            )
            axes.fill_between(curve.n_labelled, mean - sd, mean + sd, color=colour, alpha=0.15)
        if full is not None:
            label = f"whole train split ({full.n_labelled[0]})"
            axes.axhline(getattr(full, measure)[0], color="black", ls="--", lw=1, label=label)
        axes.set_xlabel("labelled documents")
        axes.set_ylabel(measure.replace("_f1", "-F1") + " on the test split")
        axes.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right center")
    figure.suptitle(_plain(title))
    return _save(figure, stem)


def save_run_curves(summary: Summary, name: str, model: str, folder: Path) -> list[Path]:
    """The learning curves of a run folder, as curves.png and curves.svg in it.

    Args:
        summary: of the run.
        name: of its pool.
        model: of its classifier, by name or path.
        folder: the run folder.
    """
    title = f"{name}, {Path(model).name}"
    return save_curves(summary.curves, title, folder / "curves", full=summary.full)


def save_panels(
    panels: Sequence[tuple[str, Sequence[Curve]]], label: str, stem: Path
) -> list[Path]:
    """Macro-F1 by size of the labelled set, a panel a pool, two in a row, one legend for all.

    Lines are means over seeds, bands one standard deviation.

    Args:
        panels: a pool's name and its curves; the same strategies in all.
        label: of the upright axis.
        stem: path without suffix.

    Returns:
        The paths written.
    """
    rows = (len(panels) + 1) // 2
    figure = _figure(9.5, 3.4 * rows + 0.6)
    grid = figure.subplots(rows, 2, squeeze=False, sharex=True).ravel()
    for axes, (name, curves) in zip(grid, panels, strict=False):
        for place, curve in enumerate(curves):
            mean, sd = np.array(curve.macro_f1), np.array(curve.macro_f1_sd)
            style: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)]}
            axes.fill_between(curve.n_labelled, mean - sd, mean + sd, alpha=0.15, lw=0, **style)
            style |= {"marker": MARKERS[place % len(MARKERS)], "markersize": 4}
            axes.plot(curve.n_labelled, mean, label=curve.strategy, **style)
        seeds = max((max(curve.seeds) for curve in curves), default=0)
        axes.set_title(_plain(f"{name} ({seeds} seeds)"), fontsize="medium")
        axes.set_xlabel("labelled documents")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=len(labels), loc="outside lower center")
    return _save(figure, stem)


def save_distances(distances: Sequence[ClassDistance], title: str, stem: Path) -> list[Path]:
    """Figures 3 and 4: mean cosine distance to the own centroid and to the others, a pair a class.

    Args:
        distances: one a class; classes without a labelled document are left empty.
        title: above the picture.
        stem: path without suffix.

    Returns:
        The paths written.
    """
    figure = _figure(max(6, 0.8 * len(distances)), 4.2)
    axes = figure.subplots()
    places = np.arange(len(distances))
    same = [np.nan if d.same is None else d.same for d in distances]
    other = [np.nan if d.other is None else d.other for d in distances]
    axes.bar(places - 0.2, same, 0.4, color=COLOURS[0], label="same class")
    axes.bar(places + 0.2, other, 0.4, color=COLOURS[2], label="other classes (average)")
    names = [d.class_name if d.same is not None else f"{d.class_name} (none)" for d in distances]
    axes.set_xticks(places, [_plain(name) for name in names], rotation=35, ha="right")
    axes.set_ylabel("cosine distance to the class centroid")
    axes.set_title(_plain(title))
    axes.set_ylim(top=1.18 * np.nanmax([same, other]))  # room for the legend
    axes.legend(frameon=False, ncols=2, loc="upper right")
    return _save(figure, stem)


def save_components(
    components: Components, classes: Sequence[str], title: str, stem: Path
) -> list[Path]:
    """Figures 5 and 6: labelled documents and enlarged centroids in two principal components.

    Args:
        components: of `principal_components`.
        classes: names by position.
        title: above the picture.
        stem: path without suffix.

    Returns:
        The paths written.
    """
    figure = _figure(8.5, 5.5)
    axes = figure.subplots()
    for place, c in enumerate(components.centroid_classes):
        style: dict[str, Any] = {
            "color": COLOURS[place % len(COLOURS)],
            "marker": MARKERS[place % len(MARKERS)],
        }
        points = components.points[components.point_classes == c]
        axes.scatter(points[:, 0], points[:, 1], s=22, alpha=0.6, label=_plain(classes[c]), **style)
        x, y = components.centroids[place]
        axes.scatter(x, y, s=240, edgecolors="black", **style)
    first, second = components.explained_variance
    axes.set_xlabel(f"component 1 ({first:.1%} of the variance)")
    axes.set_ylabel(f"component 2 ({second:.1%} of the variance)")
    axes.set_title(_plain(title))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    return _save(figure, stem)


def save_methods(scores: Sequence[MethodScore], top_k: int, title: str, stem: Path) -> list[Path]:
    """Precision@k by size of the labelled set, a line a query method: rare classes, all classes.

    Where methods differ in the classes that they have a query for, a second row compares them by
    those that all of them have one for, at each size.

    Args:
        scores: of `method_analysis`; of the groups, "rare" and "all" are drawn.
        top_k: of precision@k.
        title: above the picture.
        stem: path without suffix.

    Returns:
        The paths written.
    """
    groups = [group for group in GROUP_TITLES if any(e.group == group for e in scores)]
    drawn = [entry for entry in scores if entry.group in groups]
    sizes = sorted({entry.n_labelled for entry in drawn})
    rows = [(drawn, "", "-")]
    if any(entry.is_partial for entry in drawn):
        rows.append(
            ([entry.in_common() for entry in drawn], ", where every method has a query", "none")
        )
    figure = _figure(2.8 + max(3.4, 1.4 * len(sizes)) * len(groups), 1.0 + 3.6 * len(rows))
    panels = figure.subplots(len(rows), len(groups), squeeze=False, sharey="row")
    for (entries, where, line), row in zip(rows, panels, strict=True):
        for axes, group in zip(row, groups, strict=True):
            own = [entry for entry in entries if entry.group == group]
            _draw_methods(axes, [[e for e in own if e.n_labelled == size] for size in sizes], line)
            axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            axes.set_title(GROUP_TITLES[group] + where, fontsize="medium")
        row[0].set_ylabel(f"precision@{top_k}")
    for axes in panels[-1]:
        axes.set_xlabel("labelled documents")
    _method_legend(figure, drawn)
    figure.suptitle(_plain(f"{title}: how well each query method finds a class"))
    return _save(figure, stem)


def save_class_methods(
    scores: Sequence[MethodScore], top_k: int, title: str, stem: Path
) -> list[Path]:
    """Precision@k of every class, query methods side by side, at one size of the labelled set.

    Args:
        scores: of `method_analysis`, of one size; groups are left out.
        top_k: of precision@k.
        title: above the picture.
        stem: path without suffix.

    Returns:
        The paths written.
    """
    entries = [entry for entry in scores if entry.class_name is not None]
    names = list(dict.fromkeys(entry.class_name or "" for entry in entries))
    n_rows = -(-len(names) // CLASSES_A_ROW)
    width = -(-len(names) // n_rows)
    rows = [names[part] for part in blocks(len(names), width)]
    figure = _figure(3.0 + 1.7 * width, 1.0 + 2.8 * len(rows))
    panels = figure.subplots(len(rows), 1, squeeze=False, sharey=True)[:, 0]
    for axes, row in zip(panels, rows, strict=True):
        columns = [[e for e in entries if e.class_name == name] for name in row]
        _draw_methods(axes, columns, "none")
        axes.set_xticks(range(len(row)), [_plain(fill(name, 20)) for name in row])
        for place in range(1, width):
            axes.axvline(place - 0.5, color="0.85", lw=0.8)
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylabel(f"precision@{top_k}")
    _method_legend(figure, entries)
    size = f"{entries[0].n_labelled} labelled documents"
    figure.suptitle(_plain(f"{title}: how well each query method finds a class, {size}"))
    return _save(figure, stem)


def _draw_methods(axes: Axes, columns: Sequence[Sequence[MethodScore]], line: str) -> None:
    """Draw a column of scores at each of the places 0, 1, ..., its methods side by side."""
    methods = list(dict.fromkeys(entry.method for column in columns for entry in column))
    for place, column in enumerate(columns):
        fullest = max(column, key=lambda entry: entry.queried)
        if fullest.group is not None and any(entry.is_partial for entry in column):
            continue  # means over different classes have no limit in common
        for limit, style in ((fullest.prevalence, ":"), (fullest.ceiling, "--")):
            axes.hlines(limit, place - 0.4, place + 0.4, color="black", ls=style, lw=1)
    for turn, method in enumerate(methods):
        shift = 0.7 * ((turn + 0.5) / len(methods) - 0.5)
        marks = [
            (place + shift, entry, entry.precision)
            for place, column in enumerate(columns)
            for entry in column
            if entry.method == method and entry.precision is not None
        ]
        x = [place for place, _, _ in marks]
        y = [precision.mean for _, _, precision in marks]
        colour, marker = COLOURS[turn % len(COLOURS)], MARKERS[turn % len(MARKERS)]
        axes.plot(x, y, color=colour, ls=line, lw=1, alpha=0.6)
        for at, _, precision in marks:
            if precision.low is not None and precision.high is not None:
                axes.vlines(at, precision.low, precision.high, color=colour, lw=1.5)
        faces = ["white" if e.is_partial else colour for _, e, _ in marks]
        axes.scatter(x, y, s=24, marker=marker, facecolors=faces, edgecolors=colour, zorder=3)
    axes.axhline(0, color="0.85", lw=0.8, zorder=0)  # so that the scale begins at 0
    axes.grid(axis="y", alpha=0.3)


def _method_legend(figure: Figure, entries: Sequence[MethodScore]) -> None:
    """The methods, the limits, and what bars and open markers stand for where there are any."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLOURS[turn % len(COLOURS)], ls="none", label=method, ms=5.5,
               marker=MARKERS[turn % len(MARKERS)])
        for turn, method in enumerate(dict.fromkeys(entry.method for entry in entries))
    ]  # fmt: skip
    handles.append(Line2D([], [], color="black", ls="--", lw=1, label="perfect order"))
    handles.append(Line2D([], [], color="black", ls=":", lw=1, label="random order"))
    if any(e.precision is not None and e.precision.low is not None for e in entries):
        words = "95 % interval over draws"
        handles.append(Line2D([], [], color="grey", ls="none", marker="|", ms=10, label=words))
    if any(entry.is_partial for entry in entries):
        words = "open: some classes or draws\nhad no query with it"
        style: dict[str, Any] = {"color": "grey", "ls": "none", "marker": "o"}
        handles.append(Line2D([], [], markerfacecolor="white", label=words, **style))
    figure.legend(handles=handles, frameon=False, loc="outside right upper", fontsize="small")


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain(name: str) -> str:
    """The name as it is written: matplotlib reads what stands between two $ as mathematics."""
    return name.replace("$", r"\$")


def _save(figure: Figure, stem: Path) -> list[Path]:
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg")]
    for path in paths:
        figure.savefig(path, dpi=150)
    return paths
