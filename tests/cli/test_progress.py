"""Bars of long work: there while the work goes on, and not where it never begins."""

from __future__ import annotations

import re
from importlib import import_module
from io import StringIO

import pytest
from rich.console import Console

display = import_module("classemb_index.cli.display.progress")

CONTROL = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|\r")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What a terminal of 80 columns was sent."""
    sent = StringIO()
    console = Console(file=sent, force_terminal=True, width=80)
    monkeypatch.setattr(display, "err", console)
    return sent


def test_a_bar_shows_how_many_documents_are_done(terminal: StringIO) -> None:
    with display.documents_progress("Embedding") as watch:
        watch.progress(0, 24)
        watch.progress(24, 24)
    assert "Embedding" in terminal.getvalue()
    assert "24/24" in terminal.getvalue()


def test_a_step_that_never_runs_leaves_nothing_on_the_terminal(terminal: StringIO) -> None:
    with display.documents_progress("Surprisal") as watch:
        watch.round_done("random", 0, 0.5)  # of which it shows nothing
    assert CONTROL.sub("", terminal.getvalue()) == ""


def test_a_note_says_how_many_documents_were_taken_over(
    terminal: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    with display.documents_progress("Embedding") as watch:
        watch.taken_over(440, 500)
    said = terminal.getvalue() + capsys.readouterr().err
    assert "440 of 500 taken over, 60 encoded" in said


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (
            6,
            "Note: 6 of 1,006 texts are longer than the encoder's 256 tokens; the rest of each is ",
        ),
        (0, ""),
    ],
)
def test_a_note_says_how_many_texts_are_cut(
    terminal: StringIO, capsys: pytest.CaptureFixture[str], cut: int, said: str
) -> None:
    with display.documents_progress("Embedding") as watch:
        watch.texts_cut(cut, 1006, 256)
    lines = CONTROL.sub("", terminal.getvalue() + capsys.readouterr().err)
    assert (said in lines) if said else ("texts" not in lines)
