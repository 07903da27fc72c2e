"""`classemb-index next` and `status`: one turn of the annotation, and how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display.console import note
from .labels import Taking, WithGain, take_in
from .labels import status as status_of
from .options import Index, Json, as_many, chosen_index, open_annotated, with_options
from .select import HandOut, alone, selected, show_batch


@with_options(given=HandOut())
def next_(
    index: Index = None,
    filled: Annotated[
        Path | None,
        typer.Option("--import", help="Take in this filled batch first, as `labels import` does."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Documents to select.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of any random choice.")] = 0,
    as_json: Json = False,
    *,
    given: HandOut,
) -> None:
    """Learn from all labels so far, and hand out the next batch by portfolio.

    Its documents are out from now on, whether the batch is written or shown.
    """
    from classemb_index.strategies.selection import BatchRequest

    given.check()
    folder = chosen_index(index)
    with alone(folder):
        if filled is not None:
            note(take_in(folder, filled, Taking(annotator=given.annotator)).sentence(False))
        opened, annotation = open_annotated(folder)
        labelled, history = (
            annotation.labelled(again=given.again, age=given.age),
            annotation.history,
        )
        request = BatchRequest("portfolio", as_many(batch, labelled.n_unlabelled), seed=seed)
        selection = selected(opened, labelled, request, history)
        given.write(opened, selection)
        given.hand_out(opened, selection)
    show_batch(opened, selection, labelled, history, given, seed=seed, as_json=as_json)


def status(index: Index = None, gain: WithGain = False, as_json: Json = False) -> None:
    """Show how far the annotation is: labels, batches, what is left, agreement, and when to stop."""
    status_of(index, gain, as_json)
