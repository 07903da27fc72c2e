"""`classemb-index labels`: import, export, log, undo and status."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .choices import FORMATS, NamingCommand
from .display.console import note, show_json, show_lines, show_written
from .display.labels import show_conflicts, show_log, show_status
from .options import Json, open_annotated, open_index, with_options

if TYPE_CHECKING:
    from classemb_index.labels.imports import Import

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


@dataclass(frozen=True)
class Taking:
    """How a file of answers is taken in.

    Attributes:
        format: a name of the table of formats, or "auto".
        annotator: who answered, where the file does not say.
        by: whose answers are taken; "" for everybody's.
        empty_is_none: an empty list of doccano is an answer.
        replace: answers that differ replace earlier ones.
    """

    format: str = field(
        default="auto", metadata={"help": f"auto, or the format of the file: {FORMATS}."}
    )
    annotator: str = field(
        default="", metadata={"help": "Who answered, where the file does not say."}
    )
    by: str = field(
        default="", metadata={"help": "Only the answers of this annotator in the file."}
    )
    empty_is_none: bool = field(
        default=False,
        metadata={
            "help": "doccano: an empty list of labels means none of the classes; else it is no answer."
        },
    )
    replace: bool = field(
        default=False, metadata={"help": "Let answers that differ replace earlier ones."}
    )


WithGain = Annotated[
    bool,
    typer.Option("--gain", help="Also what the next 50 labels are likely to gain; takes seconds."),
]


@labels.command("import", cls=NamingCommand)
@with_options(taking=Taking())
def import_(
    file: Annotated[Path, typer.Argument(help="A batch that was filled in, as `select` wrote it.")],
    index: OfIndex = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    as_json: Json = False,
    *,
    taking: Taking,
) -> None:
    """Take in the labels that somebody wrote into a file, or that an annotation tool exports."""
    found = take_in(index, file, taking, dry_run=dry_run, is_shown=not as_json)
    if as_json:
        show_json(found.document())
    else:
        show_lines([found.sentence(dry_run)])


def take_in(
    index: Path | None, file: Path, taking: Taking, *, dry_run: bool = False, is_shown: bool = False
) -> Import:
    """What a file of answers changed, or would change; notes say what is odd about it."""
    from classemb_index.labels.exchange.files import AUTO, read_filled, recognised
    from classemb_index.labels.imports import examine, import_labels
    from classemb_index.labels.store import LabelStore
    from classemb_index.pool.findings import Findings

    opened, annotation = open_annotated(index)
    form = recognised(file) if taking.format == AUTO else taking.format
    if taking.format == AUTO and form != "table":
        note(f"{file} is read as {form}")
    classes, told = annotation.pool.classes, Findings()
    rows = read_filled(
        file, form, by=taking.by, empty_is_none=taking.empty_is_none, classes=classes, told=told
    )
    who, replace = taking.annotator, taking.replace
    if dry_run:
        found = examine(annotation, rows, annotator=who, replace=replace, trial=True)
    else:
        store = LabelStore(opened.folder)
        found = import_labels(
            annotation, store, rows, annotator=who, origin=str(file), replace=replace
        )
    for sentence in told.sentences(classes):
        note(sentence)
    if is_shown:
        show_conflicts(found)
    if found.conflicts and not replace:
        note("rows that differ from earlier answers changed nothing; --replace lets them")
        if any(conflict.against is not None for conflict in found.conflicts):
            note("nor did rows of annotators who contradict each other; --by takes one of them")
    return found


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
    notes = annotation.log.notes
    left_out = write_labels(annotation.pool, out, format_, annotator, notes)
    if left_out.documents:
        note(
            f"{left_out.documents} documents that are known for a part of the classes were left out, as "
            f"{format_} cannot say so; --format table keeps them"
        )
    if left_out.notes:
        note(
            f"the notes on {left_out.notes} documents are not in the file: it has known documents only, "
            "and notes only with --format table"
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
    action: Annotated[
        int | None,
        typer.Option(
            min=1, help="Take back these answers instead, by their number in `labels log`."
        ),
    ] = None,
) -> None:
    """Take back the last imports or batches; what held before them holds again."""
    from classemb_index.labels.store import LabelStore

    store = LabelStore(open_index(index).folder)
    undone = store.undo(last) if action is None else [store.take_back(action)]
    show_lines([f"undone: {action.number} ({action.documents} documents)" for action in undone])


@labels.command(cls=NamingCommand)
def status(index: OfIndex = None, gain: WithGain = False, as_json: Json = False) -> None:
    """Show how far the annotation is: labels, batches, what is left, agreement, and when to stop."""
    from classemb_index.measures.status import annotation_status

    opened, annotation = open_annotated(index)
    found = annotation_status(opened, annotation, with_gains=gain)
    if as_json:
        show_json(found.document())
    else:
        show_status(found)
