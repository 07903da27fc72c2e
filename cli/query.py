"""`classemb-index query`."""

from __future__ import annotations

from typing import Annotated

import typer

from .display import note, show_json, show_neighbours
from .options import (
    Device,
    Index,
    Json,
    Labelled,
    LabelledSize,
    Seed,
    choose_labelled,
    open_index,
)


def query(
    class_names: Annotated[
        list[str],
        typer.Option("--class", help="A class name, or rare, frequent or all; may be repeated."),
    ],
    index: Index = None,
    top_k: Annotated[
        int, typer.Option("--top-k", "-k", min=1, help="Neighbours of each class.")
    ] = 10,
    method: Annotated[str, typer.Option(help="centroid: the class centroid (Eq. 1).")] = "centroid",
    labelled: Labelled = None,
    labelled_size: LabelledSize = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Show the unlabelled documents closest to a class centroid."""
    from classemb_index.class_queries import query_classes, resolve_classes
    from classemb_index.json_forms import query_json

    opened = open_index(index, device)
    chosen = choose_labelled(opened.pool, labelled, labelled_size, seed)
    classes, remark = resolve_classes(opened.pool, class_names, chosen.counts)
    if remark:
        note(remark)
    result = query_classes(opened, classes, chosen, k=top_k, method=method)
    if as_json:
        show_json(query_json(opened.pool, result))
    else:
        show_neighbours(opened.pool, result)
