"""`classemb-index report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display.console import show_written
from .display.progress import reading


def report(
    folders: Annotated[
        list[Path], typer.Argument(help="Index, run and model folders, in any order.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.md and figures.")],
) -> None:
    """Write the paper's tables and figures, ours beside the paper's numbers, as one page."""
    from classemb_index.reports.corpus import read_corpora
    from classemb_index.reports.paper import write_report

    with reading("the indexes and runs"):
        corpora = read_corpora(folders)
    show_written(write_report(corpora, out))
