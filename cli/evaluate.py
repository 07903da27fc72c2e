"""`classemb-index evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError

from .choices import FORMATS
from .display.console import note, show_json, show_lines, show_written
from .display.evaluation import show_evaluation
from .labels import Taking, take_in
from .options import Device, Index, Json, chosen_index, open_annotated
from .select import HandOut, alone

if TYPE_CHECKING:
    from classemb_index.models.saved import SavedModel


def evaluate(
    index: Index = None,
    model: Annotated[Path, typer.Option(help="Folder written by `train`.")] = Path("model"),
    out: Annotated[
        Path | None,
        typer.Option(
            help="Draw a sample and write it, to be filled in: .csv, .tsv, .jsonl, .parquet, or as "
            "--format has it."
        ),
    ] = None,
    size: Annotated[int, typer.Option(min=1, help="With --out: documents to draw.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="With --out: of the draw.")] = 0,
    filled: Annotated[
        Path | None,
        typer.Option("--import", help="Take in the filled sample first, as `labels import` does."),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing", help="Take the answered documents as a random part of the sample."
        ),
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", help=f"Format of --out: {FORMATS}.")
    ] = "table",
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    annotator: Annotated[str, typer.Option(help="Who gets the sample, or answered it.")] = "",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure a model on documents that nobody labelled: draw a sample, label it, run it again."""
    from classemb_index.models.saved import SavedModel

    folder, opened = chosen_index(index), SavedModel.open(model, device=device)
    if out is None:
        if filled is not None:
            _take_in(folder, filled, annotator)
        _measure(folder, opened, allow_missing, as_json)
    elif filled is not None or allow_missing or as_json:
        raise RequestError(
            "--out draws a sample, --import, --allow-missing and --json measure by one that is labelled; "
            "run it twice"
        )
    else:
        given = HandOut(out=out, format=format_, force=force, annotator=annotator)
        _draw(folder, opened, given, size, seed)


def _draw(folder: Path, model: SavedModel, given: HandOut, size: int, seed: int) -> None:
    """Hand out a sample; its design is kept first."""
    from classemb_index.measures.evaluation import draw_sample

    given.check()
    with alone(folder):
        index, annotation = open_annotated(folder)
        design, batch = draw_sample(index, annotation, model, size, seed=seed)
        kept = design.save(index.folder)
        given.write(index, batch)
        given.hand_out(index, batch)
    show_written([kept] if given.out is None else [given.out, kept])
    show_lines(
        [
            f"{size} of {design.population} documents that nobody labelled; they are held out from now "
            "on: nothing learns from them"
        ]
    )


def _take_in(folder: Path, filled: Path, annotator: str) -> None:
    """Import a filled sample; a note says how much is new."""
    from classemb_index.labels.exchange.files import read_filled
    from classemb_index.measures.evaluation import check_of_sample

    _, annotation = open_annotated(folder)
    rows = read_filled(filled, classes=annotation.pool.classes)
    check_of_sample(annotation, ((row.place, row.document) for row in rows))
    note(take_in(folder, filled, Taking(annotator=annotator)).sentence(False))


def _measure(folder: Path, model: SavedModel, allow_missing: bool, as_json: bool) -> None:
    """Show what the sample says, and write it into the model's folder."""
    from classemb_index.measures.evaluation import evaluate

    found = evaluate(*open_annotated(folder), model, allow_missing=allow_missing)
    path = found.save(model)
    if found.missing:
        note(
            f"{found.missing} documents of the sample are not answered; the others are taken as a random "
            "part of it, which they are not where the hard ones were left out"
        )
    if as_json:
        show_json(found.document())
    else:
        show_evaluation(found)
        show_written([path])
