"""Progress of long work, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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

from classemb_index.watch import Watcher

from .console import _err

if TYPE_CHECKING:
    from classemb_index.experiments.simulation import Event
    from classemb_index.measures.rounds import RoundResult


@contextmanager
def reading(what: str) -> Iterator[None]:
    """A spinner while something of unknown length is read."""
    with _err.status(f"Reading {escape(what)}"):
        yield


@contextmanager
def documents_progress(verb: str) -> Iterator[BarWatcher]:
    """A bar of documents with rate and time left."""
    with _progress(_Rate()) as progress:
        yield BarWatcher(progress, verb)


@contextmanager
def draws_progress(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first call; gives the function to call with draws done and in all."""
    with _progress() as progress:
        tasks: list[TaskID] = []

        def advance(done: int, total: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(verb, total=total))
            progress.update(tasks[0], completed=done)

        yield advance


class BarWatcher(Watcher):
    """A bar that appears with the first document, so that a step that never runs leaves nothing."""

    def __init__(self, bars: Progress, verb: str) -> None:
        self._bars = bars
        self._verb = verb
        self._task: TaskID | None = None

    def progress(self, done: int, total: int) -> None:
        """See Watcher."""
        if self._task is None:
            self._task = self._bars.add_task(self._verb, total=total)
        self._bars.update(self._task, completed=done)


class RoundsProgress:
    """A bar over all rounds that shows strategy, seed, round, epoch and macro-F1 so far."""

    def __init__(self, progress: Progress, rounds: int) -> None:
        self._progress = progress
        self.task = progress.add_task("starting", total=rounds)
        self._macro_f1: dict[tuple[str, int], float] = {}

    def on_event(self, event: Event) -> None:
        """Shows where the training stands."""
        macro_f1 = self._macro_f1.get((event.strategy, event.seed))
        parts = [
            event.strategy,
            f"seed {event.seed}",
            f"round {event.round + 1}",
            f"epoch {event.epoch}",
        ]
        if event.dev_macro_f1 is not None:
            parts.append(f"dev {event.dev_macro_f1:.3f}")
        if macro_f1 is not None:
            parts.append(f"macro-F1 so far {macro_f1:.3f}")
        self._progress.update(self.task, description=" · ".join(parts))

    def on_result(self, result: RoundResult) -> None:
        """Counts a finished round."""
        self._macro_f1[result.strategy, result.seed] = result.macro_f1
        self._progress.advance(self.task)


@contextmanager
def rounds_progress(rounds: int) -> Iterator[RoundsProgress]:
    """Progress over a simulation of so many rounds in all."""
    with _progress() as progress:
        yield RoundsProgress(progress, rounds)


class ReproductionProgress:
    """A bar a stage of a reproduction, and a line on stderr when a stage begins."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._words = ""
        self._rounds: RoundsProgress | None = None

    def stage(self, words: str) -> None:
        """A new stage begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._words, self._task, self._rounds = words, None, None
        _err.print(escape(words), soft_wrap=True)

    def documents(self, done: int, total: int) -> None:
        """Documents of this stage that are embedded or read."""
        if self._task is None:
            self._task = self._progress.add_task(escape(self._words), total=total)
        self._progress.update(self._task, completed=done)

    def rounds(self, total: int) -> None:
        """A simulation of so many rounds begins."""
        self._rounds = RoundsProgress(self._progress, total)
        self._task = self._rounds.task

    def on_event(self, event: Event) -> None:
        """An epoch is done."""
        if self._rounds is not None:
            self._rounds.on_event(event)

    def on_result(self, result: RoundResult) -> None:
        """A round is done."""
        if self._rounds is not None:
            self._rounds.on_result(result)


@contextmanager
def reproduction_progress() -> Iterator[ReproductionProgress]:
    """Progress over the stages of a reproduction."""
    with _progress() as progress:
        yield ReproductionProgress(progress)


class _Rate(ProgressColumn):
    """Documents a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text("" if not task.speed else f"{task.speed:.0f} documents/s")


def _progress(*columns: ProgressColumn) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        *columns,
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=_err,
        disable=not _err.is_terminal,
    )
