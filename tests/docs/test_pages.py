"""What README and docs say is tried: commands, options, Python, files, tables, links, lengths.

Blocks of language `bash` are run, top to bottom, in an empty folder for each page. Blocks of
`console` are shown with a `$`, because they need the real corpora, the hub or hours: of these only
the options are read. A block with a file's name behind its language is written to that file.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from classemb_index.labels.exchange import FORMATS
from classemb_index.pool.recipes import KEYS, parse_recipe
from classemb_index.queries.methods import METHODS
from classemb_index.strategies.selection import STRATEGIES
from tests.support.commands import Outcome
from tests.support.places import minilm_or_skip

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PROSE = [README, *DOCS, ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
MOST_BYTES = 8192  # of the README
MOST_CHARACTERS = 120  # of a line of prose
# the demo index of these tests reads so many documents and tokens of each, to be built in seconds
DOCUMENTS, TOKENS = 1500, 16
LOADED = 'SentenceBertEncoder("minilm")'  # by a page; the tests give it as few tokens
PICTURES = {"docs/simulation.md": ["tour/analysis/pca.png", "tour/run/curves.png"]}


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    file: str
    text: str


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str = "") -> list[Block]:
    """The page's blocks in order, of one language or of all."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*) ?(\S*)\n(.*?)^```$", text, flags=re.M | re.S)
    return [block for block in map(Block._make, found) if language in ("", block.language)]


def commands(block: Block) -> list[list[str]]:
    """The words behind `classemb-index` of every command of a block."""
    prompt = "$ " if block.language == "console" else ""
    lines = block.text.replace("\\\n", " ").splitlines()
    found = [shlex.split(line.removeprefix(prompt), comments=True) for line in lines]
    assert all(line.startswith(prompt) for line in lines), block.text
    return [words[1:] for words in found if words[0] == "classemb-index"]


def all_commands() -> list[list[str]]:
    shells = (b for p in (README, *DOCS) for b in blocks(p) if b.language in ("bash", "console"))
    return [words for block in shells for words in commands(block)]


def prose(page: Path) -> str:
    """The page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def slugs(page: Path) -> list[str]:
    """What a link may name behind #: the headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), flags=re.M)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def first_column(page: Path, header: str) -> list[str]:
    """The first words of the table with this header, without their backquotes."""
    table = prose(page).split(f"{header}\n", 1)[1].split("\n\n", 1)[0]
    rows = (line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[1:])
    return [row.strip("`") for row in rows]


def command_line() -> Any:
    """The group of all commands."""
    import typer

    return typer.main.get_command(import_module("classemb_index.cli.main").commands)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `classemb-index build`, of the first words of its documents."""
    from typer.testing import CliRunner

    minilm_or_skip()
    folder = tmp_path_factory.mktemp("indexes") / "demo"
    fewer = ["--limit", str(DOCUMENTS), "--max-length", str(TOKENS)]
    build = ["build", *fewer, "--out", str(folder)]
    outcome = CliRunner().invoke(import_module("classemb_index.cli.main").commands, build)
    assert outcome.exit_code == 0, outcome.output
    return folder


@pytest.mark.parametrize("page", [p for p in (README, *DOCS) if blocks(p, "bash")], ids=name_of)
def test_a_page_runs_from_top_to_bottom(
    page: Path, demo: Path, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        for words in commands(block) if block.language == "bash" else ():
            if words == ["build"]:
                shutil.copytree(demo, tmp_path / "indexes" / "demo")
                continue
            outcome = cli(*words)
            assert (outcome.code, "Error" in outcome.err) == (0, False), (words, outcome.err)
            assert outcome.out
    for picture in PICTURES.get(name_of(page), []):
        assert (tmp_path / picture).stat().st_size > 10_000


@pytest.mark.parametrize("page", [p for p in (README, *DOCS) if blocks(p, "bash")], ids=name_of)
def test_blocks_that_are_run_hold_nothing_but_commands_of_the_tool(page: Path) -> None:
    for block in blocks(page, "bash"):
        assert len(commands(block)) == len(block.text.replace("\\\n", " ").splitlines())


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_option_of_a_page_exists(words: list[str]) -> None:
    command = command_line()
    while hasattr(command, "commands"):
        command, name, words = command.commands[words[0]], words[0], words[1:]
    context = command.make_context(name, words)
    assert context.params


@pytest.mark.parametrize("page", [p for p in (README, *DOCS) if blocks(p, "python")], ids=name_of)
def test_python_of_a_page_runs_from_top_to_bottom(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    minilm_or_skip()
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        text = block.text.replace(LOADED, f"{LOADED[:-1]}, max_length={TOKENS})")
        exec(compile(text, str(page), "exec"), {})
        assert capsys.readouterr().out


def test_the_library_page_simulates() -> None:
    (first, *_) = blocks(ROOT / "docs" / "library.md", "python")
    assert LOADED in first.text
    assert "simulate(" in first.text and "macro-F1" in first.text


def test_the_recipe_has_every_key_and_is_read_as_it_stands() -> None:
    import tomllib

    (block,) = blocks(ROOT / "docs" / "sources.md", "toml")
    recipe = parse_recipe("topics", block.text)
    assert recipe.reading.splits == {"holdout": "test"} and recipe.sample["train"] == 10000
    table = tomllib.loads(block.text)
    for section in ("pool", "pool.fields", "pool.sample", "pool.cut", "encoder", "index"):
        inner = table
        for part in section.split("."):
            inner = inner[part]
        assert set(inner) == set(KEYS[section]), section


def test_readme_names_every_command() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in command_line().commands if name not in text] == []


def test_the_table_of_strategies_has_every_strategy_and_no_other() -> None:
    named = first_column(ROOT / "docs" / "strategies.md", "| strategy | selects | looks at |")
    assert sorted(named) == sorted(STRATEGIES)


def test_the_table_of_formats_has_every_format_and_no_other() -> None:
    header = "| format | is read from | is written to | config | our id is in |"
    assert first_column(ROOT / "docs" / "annotate.md", header) == list(FORMATS)


def test_the_table_of_query_methods_has_every_method_and_no_other() -> None:
    named = first_column(ROOT / "docs" / "queries.md", "| method | searches by |")
    assert sorted(named) == sorted([*METHODS, "contrastive"])


def test_the_table_of_options_has_no_option_that_select_does_not_know() -> None:
    named = first_column(ROOT / "docs" / "strategies.md", "| option | of | does |")
    options = {option for p in command_line().commands["select"].params for option in p.opts}
    assert {word for cell in named for word in re.findall(r"--[a-z-]+", cell)} <= options


def test_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MOST_BYTES


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_lines_of_prose_fit_a_window(page: Path) -> None:
    lines = prose(page).splitlines()
    long = [line for line in lines if len(line) > MOST_CHARACTERS]
    assert [line for line in long if not line.startswith("|") and "](" not in line] == []


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if link.startswith("https://"):
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in slugs(target), link
