"""What stands on the terminal: bars while work goes on, tables in a narrow one."""

from __future__ import annotations

from importlib import import_module

import pytest
from rich.console import Console
from rich.progress import Progress

from classemb_index.watch import Epoch

progress = import_module("classemb_index.cli.display.progress")


@pytest.fixture
def bars() -> Progress:
    return Progress(console=Console(quiet=True))


def shown(bars: Progress) -> list[tuple[str, float, float | None]]:
    return [(bar.description, bar.completed, bar.total) for bar in bars.tasks]


def test_no_bar_stands_for_a_step_that_never_ran(bars: Progress) -> None:
    progress.BarWatcher(bars, "Surprisal")
    assert shown(bars) == []


def test_a_bar_appears_with_the_first_number_and_moves(bars: Progress) -> None:
    watch = progress.BarWatcher(bars, "Reading [a]")
    watch.progress(0, 9)
    assert shown(bars) == [(r"Reading \[a]", 0, 9)]
    watch.progress(4, 9)
    assert shown(bars) == [(r"Reading \[a]", 4, 9)]


def test_a_stage_is_a_line_and_its_bar_goes_with_the_next(
    bars: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = progress.BarWatcher(bars)
    watch.stage("Building the index")
    assert shown(bars) == []
    watch.progress(2, 2)
    assert shown(bars) == [("Building the index", 2, 2)]
    watch.stage("Writing the report")
    assert shown(bars) == []
    assert capsys.readouterr().err == "Building the index\nWriting the report\n"


def test_rounds_show_strategy_seed_round_epoch_and_macro_f1_so_far(bars: Progress) -> None:
    watch = progress.BarWatcher(bars)
    watch.progress(1, 1)
    watch.rounds(3)
    assert shown(bars) == [("starting", 0, 3)]
    watch.epoch(Epoch("random", 1, 0, 2, 0.25))
    assert shown(bars) == [("random · seed 1 · round 1 · epoch 2 · dev 0.250", 0, 3)]
    watch.round_done("random", 1, 0.5)
    watch.epoch(Epoch("random", 1, 1, 1, None))
    assert shown(bars) == [("random · seed 1 · round 2 · epoch 1 · macro-F1 so far 0.500", 1, 3)]
    watch.epoch(Epoch("random", 2, 0, 1, None))
    assert shown(bars) == [("random · seed 2 · round 1 · epoch 1", 1, 3)]


def test_a_simulation_after_another_starts_without_its_macro_f1(bars: Progress) -> None:
    watch = progress.BarWatcher(bars)
    watch.rounds(1)
    watch.round_done("random", 0, 0.5)
    watch.rounds(2)
    watch.epoch(Epoch("random", 0, 0, 1, None))
    assert shown(bars) == [("random · seed 0 · round 1 · epoch 1", 0, 2)]
