"""The terminal: lines, JSON and tables on stdout, notes on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.measure import measure_renderables
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from classemb_index.pool.pool import Pool

SNIPPET = 90

PIPE_WIDTH = 240

NARROW = 100  # characters of a terminal

NAMES = ("class", "labels")  # columns of class names

WORDS = ("search", "last batches", "text")  # columns that give way before them

NAME_WIDTH = 30  # that a column of class names keeps where it is filled and numbers leave it

LEAST_WIDTH = 8  # that it keeps whatever stands beside it

GAP = 2  # between columns

err = Console(stderr=True, highlight=False, emoji=False)

out = Console(highlight=False, emoji=False)
if not out.is_terminal:
    out = Console(highlight=False, emoji=False, width=PIPE_WIDTH)


def note(message: str) -> None:
    """A line on stderr."""
    err.print(f"[dim]Note:[/dim] {escape(message)}", soft_wrap=True)


def show_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def show_lines(lines: Sequence[str]) -> None:
    """Plain lines on stdout."""
    for line in lines:
        out.print(escape(line), soft_wrap=True)


def show_written(paths: Sequence[Path]) -> None:
    """The files that a command wrote."""
    show_lines([f"wrote {path}" for path in paths])


def titled(
    title: str, left: Sequence[str] = (), right: Sequence[str] = (), *, header: bool = True
) -> Table:
    """An empty table, its title printed already: above a narrow table it would wrap."""
    out.print(f"[bold]{escape(title)}[/bold]")
    table = _NamesTable(show_header=header, box=None, pad_edge=False)
    numbers_first = right and right[0] in ("rank", "labelled")
    for name in (*right, *left) if numbers_first else (*left, *right):
        is_number = name in right
        table.add_column(
            name.replace(" ", "\n") if is_number and is_narrow() else name,
            justify="right" if is_number else "left",
            # in a narrow terminal words give way, numbers and ids do not
            no_wrap=header and name not in (*NAMES, *WORDS),
            overflow="fold",
        )
    return table


def is_narrow() -> bool:
    """Whether the terminal has no room for sentences beside names and numbers."""
    return out.width < NARROW


def snippet(pool: Pool, row: int) -> Text:
    text = " ".join(pool.text(row).split())
    cut = text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…"
    return Text(cut, no_wrap=True, overflow="ellipsis")


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


class _NamesTable(Table):
    """A table whose class names do not shrink away: they take their room before other words."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        sizes = {
            place: measure_renderables(console, options, [column.header, *column.cells])
            for place, column in enumerate(self.columns)
        }
        for place, column in enumerate(self.columns):
            if column.header in NAMES:
                own = sizes.pop(place)
                left = most = options.max_width - GAP * len(sizes)
                for other, size in sizes.items():
                    left -= size.maximum
                    most -= size.maximum if self.columns[other].no_wrap else size.minimum
                if own.maximum > left:
                    column.width = min(own.maximum, max(NAME_WIDTH, left), max(LEAST_WIDTH, most))
                break
        yield from super().__rich_console__(console, options)
