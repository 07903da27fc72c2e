"""`classemb-index analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .choices import METHODS
from .display.console import note, show_json, show_written
from .display.progress import draws_progress
from .display.studies import show_distances, show_methods, show_proximity
from .options import (
    Device,
    Index,
    Json,
    LabelledFile,
    chosen_seeds,
    open_annotated,
    parse_names,
    parse_numbers,
)


def analyze(
    index: Index = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Sizes of the labelled set; default: those of 100,200,500,1500 that fit. "
            "With --methods also 0: no label at all."
        ),
    ] = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, help="Documents looked at.")] = 100,
    seeds: Annotated[
        str | None,
        typer.Option(help="Draws to average: 5 (default) is seeds 0 to 4; 3,7 and 10-14 work too."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="One draw with this seed.")] = None,
    labelled: LabelledFile = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Query methods to compare by how well they find each class, parted by commas: all, "
            f"or some of {METHODS}."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for figures (PNG, SVG), tables (CSV, LaTeX) and JSON."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Count how many of the nearest documents have the class (Tables 2 and 3, Figures 3 to 6).

    With --methods also by other queries than the centroid.
    """
    from classemb_index.measures.analysis import analyze_index
    from classemb_index.pool.files import id_lines
    from classemb_index.reports.tables import save_analysis

    opened, _ = open_annotated(index, device)
    with draws_progress("Comparing query methods") as watch:
        result = analyze_index(
            opened,
            sizes=None if sizes is None else parse_numbers(sizes, "--sizes"),
            seeds=chosen_seeds(seeds, seed),
            labelled_ids=None if labelled is None else list(id_lines(labelled)),
            top_k=top_k,
            methods=None if methods is None else parse_names(methods),
            watch=watch,
        )
    if result.note:
        note(result.note)
    written = [] if out is None else save_analysis(result, out)
    if as_json:
        show_json(result.document())
        return
    show_proximity(result.proximity, top_k)
    if result.distances:
        show_distances(result.distances, result.components.explained_variance, result.figures_on)
    show_methods(result.methods, top_k)
    show_written(written)
    if out is None:
        note("--out DIR writes the figures and tables")
