"""`classemb-index labels`: import, export, log, undo and status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .choices import FORMATS, NamingCommand
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

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Also write what a project in the tool is set up with."),
]


@labels.command("import", cls=NamingCommand)
def import_(
    file: Annotated[
        Path, typer.Argument(help="A batch that was filled in, or what an annotation tool exports.")
    ],
    index: OfIndex = None,
    format_: Annotated[
        str, typer.Option("--format", help=f"auto, or the format of the file: {FORMATS}.")
    ] = "auto",
    annotator: Annotated[str, typer.Option(help="Who answered, where the file does not say.")] = "",
    by: Annotated[str, typer.Option(help="Only the answers of this annotator in the file.")] = "",
    empty_is_none: Annotated[
        bool,
        typer.Option(
            "--empty-is-none",
            help="doccano: an empty list of labels means none of the classes; else it is no answer.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers that differ replace earlier ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in the labels that somebody wrote into a file, or that an annotation tool exports."""
    from classemb_index.labels.exchange.files import AUTO, read_filled, recognised
    from classemb_index.labels.imports import examine, import_labels
    from classemb_index.labels.store import LabelStore
    from classemb_index.pool.findings import Findings

    opened, annotation = open_annotated(index)
    if format_ == AUTO:
        format_ = recognised(file)
        if format_ != "table":
            note(f"{file} is read as {format_}")
    classes, told = annotation.pool.classes, Findings()
    rows = read_filled(
        file, format_, by=by, empty_is_none=empty_is_none, classes=classes, told=told
    )
    if dry_run:
        found = examine(annotation, rows, replace=replace, trial=True)
    else:
        store = LabelStore(opened.folder)
        found = import_labels(
            annotation, store, rows, annotator=annotator, origin=str(file), replace=replace
        )
    for sentence in told.sentences(classes):
        note(sentence)
    if as_json:
        show_json(found.document())
        return
    show_conflicts(found)
    if found.conflicts and not replace:
        note("rows that differ from earlier answers changed nothing; --replace lets them")
        if any(conflict.against is not None for conflict in found.conflicts):
            note("nor did rows of annotators who contradict each other; --by takes one of them")
    show_lines([found.sentence(dry_run)])


@labels.command(cls=NamingCommand)
def export(
    out: Annotated[
        Path,
        typer.Option(help="The file: .csv, .tsv, .jsonl or .parquet, or as its format has it."),
    ],
    index: OfIndex = None,
    format_: Annotated[
        str, typer.Option("--format", help=f"Format of the file: {FORMATS}.")
    ] = "table",
    annotator: Annotated[
        str, typer.Option(help="Who gave the labels; in Argilla, the user's id.")
    ] = "",
    config: Config = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write every document whose labels are known, with its labels."""
    from classemb_index.labels.exchange.files import check_out, write_config, write_labels

    check_out(out, force, format_, config)
    _, annotation = open_annotated(index)
    left_out = write_labels(annotation.pool, out, format_, annotator)
    if left_out:
        note(
            f"{left_out} documents that are known for a part of the classes were left out, as {format_} "
            "cannot say so; --format table keeps them"
        )
    if config is not None:
        write_config(annotation.pool, config, format_)
    show_written([out] if config is None else [out, config])


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
