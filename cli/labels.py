"""`classemb-index labels`: import, export, log, undo and status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .choices import NamingCommand
from .display.console import note, show_json, show_lines, show_written
from .display.labels import show_conflicts, show_log, show_status
from .options import Json, open_annotated, open_index

labels = typer.Typer(
    name="labels",
    help="Take in what people answered, and hand it on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OfIndex = Annotated[
    Path | None,
    typer.Option(
        "--index", help="Index folder; left out: $CLASSEMB_INDEX, else the last one under indexes/."
    ),
]


@labels.command("import", cls=NamingCommand)
def import_(
    file: Annotated[Path, typer.Argument(help="A batch that was filled in, as `select` wrote it.")],
    index: OfIndex = None,
    annotator: Annotated[str, typer.Option(help="Who answered.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers that differ replace earlier ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in the labels that somebody wrote into a file."""
    from classemb_index.labels.imports import examine, import_labels
    from classemb_index.labels.store import LabelStore
    from classemb_index.labels.tables import read_filled
    from classemb_index.pool.findings import Findings

    opened, annotation = open_annotated(index)
    told = Findings()
    rows = read_filled(file, annotation.pool.classes, told)
    if dry_run:
        found = examine(annotation, rows, replace=replace, trial=True)
    else:
        store = LabelStore(opened.folder)
        found = import_labels(
            annotation, store, rows, annotator=annotator, origin=str(file), replace=replace
        )
    for sentence in told.sentences(annotation.pool.classes):
        note(sentence)
    if as_json:
        show_json(found.document())
        return
    show_conflicts(found)
    if found.conflicts and not replace:
        note("rows that differ from earlier answers changed nothing; --replace lets them")
    show_lines([found.sentence(dry_run)])


@labels.command(cls=NamingCommand)
def export(
    out: Annotated[Path, typer.Option(help="A .csv, .tsv, .jsonl or .parquet file.")],
    index: OfIndex = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write every document whose labels are known, with its labels."""
    from classemb_index.labels.tables import check_out, write_labels

    check_out(out, force)
    _, annotation = open_annotated(index)
    write_labels(annotation.pool, out)
    show_written([out])


@labels.command(cls=NamingCommand)
def log(index: OfIndex = None, as_json: Json = False) -> None:
    """Show what was answered and handed out, first to last."""
    from classemb_index.labels.store import LabelStore

    actions = LabelStore(open_index(index).folder).actions()
    if as_json:
        show_json({"actions": [vars(action) for action in actions]})
    else:
        show_log(actions)


@labels.command(cls=NamingCommand)
def undo(
    index: OfIndex = None,
    last: Annotated[int, typer.Option(min=1, help="Actions to take back.")] = 1,
) -> None:
    """Take back the last imports or batches; what held before them holds again."""
    from classemb_index.labels.store import LabelStore

    undone = LabelStore(open_index(index).folder).undo(last)
    show_lines([f"undone: {action.number} ({action.documents} documents)" for action in undone])


@labels.command(cls=NamingCommand)
def status(index: OfIndex = None, as_json: Json = False) -> None:
    """Show what is labelled, out and skipped, and the labels of each class."""
    _, annotation = open_annotated(index)
    if as_json:
        show_json(annotation.document())
    else:
        show_status(annotation)
