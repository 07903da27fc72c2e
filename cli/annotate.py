"""`classemb-index annotate`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import IndexMissingError

from .build import build_demo
from .choices import STRATEGIES
from .display.console import note, show_lines
from .options import Index, chosen_index

if TYPE_CHECKING:
    from classemb_index.web.access import Access


def annotate(
    index: Index = None,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; any but 127.0.0.1 lets other machines in."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes the one of last time, else a free one.")
    ] = 0,
    annotator: Annotated[
        str | None,
        typer.Option(
            help="Name that answers are written under; default: who is logged in, or nobody where "
            "--host lets other machines in."
        ),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(min=1, help="Documents that are chosen together, from all answers before."),
    ] = 20,
    strategy: Annotated[str, typer.Option(help=f"Query strategy: {STRATEGIES}.")] = "portfolio",
    overlap: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of an annotator's documents that another answers too."
        ),
    ] = 0.0,
    practice: Annotated[
        bool | None,
        typer.Option(
            "--practice/--no-practice",
            help="Hide the labels that the source has; default: where it leaves nothing to answer.",
        ),
    ] = None,
) -> None:
    """Open a page to annotate on: a server on this machine, reached by the address that it prints."""
    from classemb_index.web.extra import check_web

    check_web()
    from classemb_index.web.choosing import Choice
    from classemb_index.web.server import serve

    choice = Choice(batch, strategy, overlap)
    choice.check()
    folder = _index_or_demo(index)
    serve(
        folder,
        _told,
        host=host,
        port=port,
        annotator=_name(annotator, host),
        choice=choice,
        is_practice=practice,
    )


def _index_or_demo(index: Path | None) -> Path:
    """The index that is asked for; where none was ever built here, the demo's."""
    try:
        return chosen_index(index)
    except IndexMissingError:
        if index is not None:
            raise
    note("no index yet: the demo pool is embedded first, 2,400 invented safety reports")
    return build_demo()


def _told(access: Access) -> None:
    show_lines([access.address])
    if not access.is_local:
        note(
            f"whoever reaches {access.host} and has this address reads all documents and answers under "
            "any name; nothing is encrypted on the way: use it in a network that you trust, or through "
            "an SSH tunnel"
        )
    note("Ctrl-C stops the server; every answer is written when it is given")


def _name(given: str | None, host: str) -> str:
    """The name of one who says none on the page; with other machines, everybody says one."""
    from classemb_index.web.access import is_loopback

    if given is not None or not is_loopback(host):
        return given or ""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
