"""What the README says is tried: its commands, its options and its library example."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.commands import Outcome
from tests.support.places import minilm_or_skip

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), flags=re.M | re.S)


def commands(text: str) -> Iterator[list[str]]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("classemb-index "):
            yield shlex.split(line, comments=True)[1:]


def test_readme_tour_runs_from_top_to_bottom(cli: Callable[..., Outcome]) -> None:
    minilm_or_skip()
    tour = list(commands(blocks("bash")[0]))
    assert [words[0] for words in tour[:2]] == ["build", "query"]
    for words in tour:
        outcome = cli(*words)
        assert (outcome.code, "Error" in outcome.err) == (0, False), (words, outcome.err)
        assert outcome.out
    assert Path("tour/analysis/pca.png").stat().st_size > 10_000
    assert Path("tour/run/curves.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "words", [c for block in blocks("bash") for c in commands(block)], ids=" ".join
)
def test_every_option_in_the_readme_exists(words: list[str]) -> None:
    import typer

    group = typer.main.get_command(import_module("classemb_index.cli.main").commands)
    command = group.commands[words[0]]  # type: ignore[attr-defined]
    context = command.make_context(words[0], words[1:])
    assert context.params


def test_readme_library_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    minilm_or_skip()
    monkeypatch.chdir(tmp_path)
    for example in blocks("python"):
        exec(compile(example, "README.md", "exec"), {})
    assert "macro-F1" in capsys.readouterr().out


def test_readme_recipe_has_every_key_and_is_read_as_it_stands() -> None:
    import tomllib

    from classemb_index.pool.recipes import KEYS, parse_recipe

    (text,) = blocks("toml")
    recipe = parse_recipe("readme", text)
    assert recipe.reading.splits == {"holdout": "test"} and recipe.sample["train"] == 10000
    table = tomllib.loads(text)
    for section in ("pool", "pool.fields", "pool.sample", "encoder", "index"):
        inner = table
        for part in section.split("."):
            inner = inner[part]
        assert set(inner) == set(KEYS[section]), section


def test_readme_names_every_command_and_strategy() -> None:
    import typer

    from classemb_index.strategies.selection import STRATEGIES

    text = README.read_text()
    group = typer.main.get_command(import_module("classemb_index.cli.main").commands)
    missing = [name for name in (*group.commands, *STRATEGIES) if name not in text]  # type: ignore[attr-defined]
    assert missing == []
