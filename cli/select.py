"""`classemb-index select`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display import note, show_json, show_selection, show_written
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


def select(
    index: Index = None,
    strategy: Annotated[
        str, typer.Option(help="random or class-embedding (Algorithm 1).")
    ] = "class-embedding",
    batch: Annotated[int, typer.Option(min=1, help="Documents to select.")] = 50,
    labelled: Labelled = None,
    labelled_size: LabelledSize = None,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle", help="Let known labels answer after each pick, as in a simulation."
        ),
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the batch with its texts, as JSONL.")
    ] = None,
) -> None:
    """Select the next batch of documents to label."""
    from classemb_index.json_forms import picks_json, select_json, write_picks
    from classemb_index.strategies import oracle_of, select_batch, selection_state

    opened = open_index(index, device)
    chosen = choose_labelled(opened.pool, labelled, labelled_size, seed)
    answer = oracle_of(opened.pool, chosen) if oracle else None
    selection = select_batch(strategy, selection_state(opened, chosen, seed, answer), batch)
    if selection.note:
        note(selection.note)
    elif selection.skipped:
        names = ", ".join(opened.pool.classes[c] for c in selection.skipped)
        note(f"no labelled document, so no centroid: {names}")
    if out is not None:
        write_picks(opened.pool, selection, out)
    if as_json:
        show_json(select_json(opened.pool, selection, strategy, seed))
    elif out is not None:
        show_written([out])
    else:
        show_selection(opened.pool, selection, picks_json(opened.pool, selection))
