"""`classemb-index classes`: the classes of an index, and how they change while people annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import NamingCommand
from .display.console import show_json, show_lines
from .display.labels import show_classes
from .labels import OfIndex
from .options import Json, open_annotated

if TYPE_CHECKING:
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.labels.classes import ClassChange

classes = typer.Typer(
    name="classes",
    help="List the classes, add one, rename, merge, remove and describe them.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The class.")]
By = Annotated[str, typer.Option("--annotator", help="Who changes it, for the log.")]


@classes.callback()
def default(context: typer.Context) -> None:
    """List the classes, add one, rename, merge, remove and describe them."""
    if context.invoked_subcommand is None:
        list_()


@classes.command("list", cls=NamingCommand)
def list_(index: OfIndex = None, as_json: Json = False) -> None:
    """Show each class with its group, its labels and the text that is embedded for it."""
    _, annotation = open_annotated(index)
    if as_json:
        show_json({"classes": annotation.document()["classes"]})
    else:
        show_classes(annotation)


@classes.command(cls=NamingCommand)
def add(
    name: Name,
    describe: Annotated[
        str | None, typer.Option(help="What it is about; embedded in place of the name.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="rare or frequent.")] = None,
    index: OfIndex = None,
    annotator: By = "",
) -> None:
    """Add a class; of every document it is unknown whether it has it."""
    from classemb_index.labels.changes import added

    opened, annotation = open_annotated(index)
    _change(opened, added(annotation.pool, name, group=group, description=describe), annotator)


@classes.command(cls=NamingCommand)
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="Its new name.")],
    index: OfIndex = None,
    annotator: By = "",
) -> None:
    """Rename a class; it keeps its labels and its batches, and its old name is still understood."""
    from classemb_index.labels.changes import renamed

    opened, annotation = open_annotated(index)
    _change(opened, renamed(annotation.pool, name, new_name), annotator)


@classes.command(cls=NamingCommand)
def merge(
    name: Name,
    into: Annotated[
        str, typer.Argument(metavar="INTO", help="The class that it becomes a part of.")
    ],
    index: OfIndex = None,
    annotator: By = "",
) -> None:
    """Make a class a part of another: yes to either is yes, no to both is no."""
    from classemb_index.labels.changes import merged

    opened, annotation = open_annotated(index)
    _change(opened, merged(annotation.pool, name, into), annotator)


@classes.command(cls=NamingCommand)
def remove(name: Name, index: OfIndex = None, annotator: By = "") -> None:
    """Remove a class; its labels stay in the log, and `classes add` brings them back."""
    from classemb_index.labels.changes import removed

    opened, annotation = open_annotated(index)
    _change(opened, removed(annotation.pool, name), annotator)


@classes.command(cls=NamingCommand)
def describe(
    name: Name,
    text: Annotated[str, typer.Argument(help="What the class is about.")],
    index: OfIndex = None,
    annotator: By = "",
) -> None:
    """Say what a class is about; it is searched for by that text in place of its name."""
    from classemb_index.labels.changes import described

    opened, annotation = open_annotated(index)
    _change(opened, described(annotation.pool, name, text), annotator)


def _change(index: EmbeddingIndex, changes: list[ClassChange], annotator: str) -> None:
    from classemb_index.queries.annotated import change_classes

    change_classes(index, changes, annotator=annotator)
    _, annotation = open_annotated(index.folder)
    show_lines([f"classes: {', '.join(annotation.pool.classes) or 'none'}"])
