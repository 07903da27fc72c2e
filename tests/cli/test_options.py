"""Options that come from the fields of dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

options = import_module("classemb_index.cli.options")


@dataclass(frozen=True)
class Chosen:
    """Fields with help are options, others are not."""

    name: str = field(default="x", metadata={"help": "A name."})
    how_many: int = field(default=3, metadata={"help": "A number.", "min": 2})
    share: float | None = field(default=None, metadata={"help": "A share.", "metavar": "SHARE"})
    is_so: bool = field(default=False, metadata={"help": "A switch."})
    hidden: object = None


@pytest.fixture
def app() -> tuple[typer.Typer, list[Any]]:
    """A command that takes two such objects, and what it was given."""
    app, given = typer.Typer(), []

    @app.command()
    @options.with_options(chosen=Chosen(name="y", hidden="kept"))
    def command(first: int = 1, *, chosen: Chosen, last: int = 2) -> None:
        """A command."""
        given.append((first, chosen, last))

    return app, given


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (1, Chosen("y", hidden="kept"), 2)),
        (["--name", "z", "--last", "5"], (1, Chosen("z", hidden="kept"), 5)),
        (
            ["--how-many", "2", "--share", "0.5", "--is-so"],
            (1, Chosen("y", 2, 0.5, True, "kept"), 2),
        ),
    ],
)
def test_a_command_is_given_the_object_that_its_options_make(
    app: tuple[typer.Typer, list[Any]], arguments: list[str], expected: tuple[Any, ...]
) -> None:
    outcome = CliRunner().invoke(app[0], arguments)
    assert outcome.exit_code == 0, outcome.output
    assert app[1] == [expected]


@pytest.mark.parametrize(
    "arguments", [["--how-many", "1"], ["--hidden", "x"], ["--no-is-so"], ["--share", "much"]]
)
def test_what_a_field_does_not_take_is_a_usage_error(
    app: tuple[typer.Typer, list[Any]], arguments: list[str]
) -> None:
    assert CliRunner().invoke(app[0], arguments).exit_code == 2
    assert app[1] == []


def test_the_help_is_the_fields_in_the_place_of_the_parameter(
    app: tuple[typer.Typer, list[Any]],
) -> None:
    shown = CliRunner().invoke(app[0], ["--help"]).output
    places = [shown.index(word) for word in ("--first", "--name", "--how-many", "--last")]
    assert places == sorted(places)
    for words in ("A name.", "A number.", "SHARE", "A switch."):
        assert words in shown
    assert "hidden" not in shown
