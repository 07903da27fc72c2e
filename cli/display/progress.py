"""Progress of long work, on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from classemb_index.watch import Epoch, Watcher

from .console import err, note


@contextmanager
def reading(what: str) -> Iterator[None]:
    """A spinner while something of unknown length is read."""
    with err.status(f"Reading {escape(what)}"):
        yield


class BarWatcher(Watcher):
    """A bar a stage, which appears with the stage's first number and goes with the next stage.

    Args:
        bars: where the bars are drawn.
        words: what the first stage is called.
    """

    def __init__(self, bars: Progress, words: str = "") -> None:
        self._bars = bars
        self._words = words
        self._bar: TaskID | None = None
        self._macro_f1: dict[tuple[str, int], float] = {}

    def stage(self, words: str) -> None:
        """A line on stderr; the bar of the stage before is gone."""
        self._clear()
        self._words = words
        err.print(escape(words), soft_wrap=True)

    def progress(self, done: int, total: int) -> None:
        """The bar over documents, texts or draws."""
        if self._bar is None:
            self._bar = self._bars.add_task(escape(self._words), total=total)
        self._bars.update(self._bar, completed=done, total=total)

    def taken_over(self, taken: int, total: int) -> None:
        """A note of how many documents need no encoding."""
        note(f"{taken} of {total} taken over, {total - taken} encoded")

    def texts_cut(self, cut: int, encoded: int, max_length: int) -> None:
        """A note of how many texts are not read to their end."""
        if cut:
            note(
                f"{cut:,} of {encoded:,} texts are longer than the encoder's {max_length} tokens; the "
                "rest of each is not seen"
            )

    def rounds(self, total: int) -> None:
        """A bar over rounds that shows strategy, seed, round, epoch and macro-F1 so far."""
        self._clear()
        self._bar = self._bars.add_task("starting", total=total)

    def epoch(self, epoch: Epoch) -> None:
        """Shows where the training stands."""
        if self._bar is None:
            return
        macro_f1 = self._macro_f1.get((epoch.strategy, epoch.seed))
        parts = [
            epoch.strategy,
            f"seed {epoch.seed}",
            f"round {epoch.round + 1}",
            f"epoch {epoch.epoch}",
        ]
        if epoch.dev_macro_f1 is not None:
            parts.append(f"dev {epoch.dev_macro_f1:.3f}")
        if macro_f1 is not None:
            parts.append(f"macro-F1 so far {macro_f1:.3f}")
        self._bars.update(self._bar, description=" · ".join(parts))

    def round_done(self, strategy: str, seed: int, macro_f1: float) -> None:
        """Counts a finished round."""
        self._macro_f1[strategy, seed] = macro_f1
        if self._bar is not None:
            self._bars.advance(self._bar)

    def _clear(self) -> None:
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._bar = None
        self._macro_f1 = {}


@contextmanager
def documents_progress(words: str) -> Iterator[Watcher]:
    """A bar over documents with rate and time left."""
    with _bars(_Rate()) as bars:
        yield BarWatcher(bars, words)


@contextmanager
def draws_progress(words: str) -> Iterator[Watcher]:
    """A bar over what has no rate worth showing."""
    with _bars() as bars:
        yield BarWatcher(bars, words)


@contextmanager
def rounds_progress(words: str = "") -> Iterator[Watcher]:
    """Progress over the stages and the rounds of one simulation or of many.

    Args:
        words: what is computed before the first stage or round.
    """
    with _bars() as bars:
        yield BarWatcher(bars, words)


class _Rate(ProgressColumn):
    """Documents a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text("" if not task.speed else f"{task.speed:.0f} documents/s")


def _bars(*columns: ProgressColumn) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        *columns,
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )
