"""Every picture, from results alone: PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .geometry import ClassDistance, Components

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .results import Curve

# Okabe and Ito's palette, which colour-blind readers can tell apart
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
    "#56B4E9", "#000000", "#8B8B00", "#7F3C8D", "#A0A0A0",
)  # fmt: skip
MARKERS = "osD^v<>Pph*X"


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
