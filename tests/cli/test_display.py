"""What stands on the terminal: bars while work goes on, tables in a narrow one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.text import Text

from classemb_index import Pool, Record
from classemb_index.labels.prevalence import DocumentCount, Prevalence
from classemb_index.labels.progress import BatchYield, ClassOutlook, ClassProgress
from classemb_index.watch import Epoch

console = import_module("classemb_index.cli.display.console")
classes = import_module("classemb_index.cli.display.classes")
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


LONG = "Export refunds for agricultural products"  # 40 characters
UNBROKEN = "hammer-noise-dust-scaffold-worker-trench"
NAMES = (LONG, UNBROKEN, "citrus", "a\\[b]")


@pytest.fixture
def narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[str]]:
    """Gives the lines that stand on a terminal of 80 columns."""
    monkeypatch.setattr(console.out, "width", 80)
    return lambda: capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("n", [0, 1, 3, 6])
def test_names_of_classes_are_readable_whole_beside_numbers(
    narrow: Callable[[], list[str]], n: int
) -> None:
    headers = ("in unlabelled", "nearest 20", "farthest 20", "random order", "lift", "paper")[:n]
    table = console.titled("Title", left=("class",), right=headers)
    for name in NAMES:
        table.add_row(escape(name), *["12.5"] * n)
    console.out.print(table)
    lines = narrow()
    assert max(map(len, lines)) <= 80
    header = next(i for i, line in enumerate(lines) if line.startswith("class"))
    start = lines[header].index("class")
    width = min(40, 80 - sum(2 + max(map(len, h.split())) for h in headers))
    shown = [line[start : start + width].rstrip() for line in lines[header + 1 :]]
    assert "".join(shown).replace(" ", "") == "".join(NAMES).replace(" ", "")
    assert sum(line.count("12.5") for line in lines) == n * len(NAMES)


def test_names_of_classes_keep_thirty_columns_beside_words(
    narrow: Callable[[], list[str]],
) -> None:
    table = console.titled("Title", right=("rank", "score"), left=("class", "step", "id", "text"))
    text = Text("many words " * 8, no_wrap=True, overflow="ellipsis")
    for name in NAMES:
        table.add_row("1", "0.500", escape(name), "uncertainty", "demo:0001", text)
    console.out.print(table)
    lines = narrow()
    assert max(map(len, lines)) <= 80
    shown = [line[13:43].rstrip() for line in lines[2:]]
    assert shown == [
        "Export refunds for",
        "agricultural products",
        UNBROKEN[:30],
        UNBROKEN[30:],
        "citrus",
        "a\\[b]",
    ]


def outlook(position: int, why: str, shares: bool) -> ClassOutlook:
    batches = (BatchYield(100, 12), BatchYield(50, 3), BatchYield(50, 10))
    progress = ClassProgress(position, 25, batches, 40, 3, 0.18, "search on", why)
    count = DocumentCount(10, 2, 30)
    share = Prevalence(position, 0.125, 0.101, 0.152, 100, 12, count, "from 100 documents")
    return ClassOutlook(position, progress, share if shares else None)


@pytest.mark.parametrize("shares", [False, True])
def test_in_a_narrow_terminal_the_reasons_stand_below_the_classes_each_once(
    narrow: Callable[[], list[str]], shares: bool
) -> None:
    pool = Pool.from_records([Record("x", "text", NAMES, "train")])
    reasons = [("it may pay " * 9).strip(), "few picks", "few picks", "few picks"]
    found = [outlook(c, why, shares) for c, why in enumerate(reasons)]
    classes.show_outlooks(pool, found)
    lines = narrow()
    assert lines[0] == "Classes so far"
    end = lines.index(f"  {pool.classes[0]}: {reasons[0]}")
    assert lines[end + 1] == f"  {', '.join(pool.classes[1:])}: few picks"
    table = lines[1:end]
    assert max(map(len, table)) <= 80
    assert sum("search on" in line for line in table) == 4
    header = next(place for place, line in enumerate(table) if line.startswith("class"))
    shown = "".join(line[:30] for line in table[header + 1 :]).replace(" ", "")
    assert shown == "".join(pool.classes).replace(" ", "")
    assert sum("12.5%" in line for line in table) == (4 if shares else 0)


def test_in_a_wide_terminal_a_reason_stands_beside_its_class(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pool = Pool.from_records([Record("x", "text", NAMES, "train")])
    classes.show_outlooks(pool, [outlook(0, "few picks", False)])
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    row = f"{pool.classes[0]} 12 of 100, 3 of 50, 10 of 50 search on: few picks 25"
    assert row.split() in shown
