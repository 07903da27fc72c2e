"""`report` and `reproduce`: what they write, say and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.commands import Outcome
from tests.support.pages import Page
from tests.support.paper import TINY, use_small_models, write_recipe
from tests.support.pictures import leave_pictures_blank
from tests.support.places import RECIPES

Cli = Callable[..., Outcome]

SCHEDULE = ["--seeds", 2, "--initial", 10, "--batch", 10, "--budget", 20]


@pytest.fixture
def toy_run(cli: Cli, toy_built: Outcome) -> str:
    """A run folder of the toy pool, which is too small to be analyzed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        leave_pictures_blank(monkeypatch)
        outcome = cli("simulate", "indexes/toy", "--model", "probe", *SCHEDULE, "--out", "run")
    assert outcome.code == 0, outcome.err
    return "run"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """toy.toml in the working directory, small models, two strategies, and no picture is drawn."""
    leave_pictures_blank(monkeypatch)
    write_recipe(tmp_path)
    use_small_models(monkeypatch, replace(TINY, strategies=("random", "class-embedding")))


def error_of(outcome: Outcome) -> str:
    """The one line on stderr beside notes and stages."""
    errors = [line for line in outcome.err.splitlines() if line.startswith("Error: ")]
    assert (outcome.code, outcome.out, len(errors)) == (1, "", 1), outcome.err
    assert outcome.err.endswith(errors[0] + "\n")
    return errors[0].removeprefix("Error: ")


def test_report_names_the_page_and_the_markdown(cli: Cli, toy_run: str, tmp_path: Path) -> None:
    outcome = cli("report", toy_run, "--out", "found/report")
    assert outcome == Outcome(
        0, "wrote found/report/report.html\nwrote found/report/report.md\n", ""
    )
    page = Page((tmp_path / "found" / "report" / "report.html").read_text(encoding="utf-8"))
    assert page.headings[0] == (1, "classemb-index: toy")
    assert len(page.pictures) == 2
    names = sorted(path.name for path in (tmp_path / "found" / "report").iterdir())
    assert names == ["figures", "report.html", "report.md"]


def test_report_of_an_index_and_its_run_takes_them_in_any_order(
    cli: Cli, tmp_path: Path, small: None
) -> None:
    reproduced = cli("reproduce", "toy.toml", "--out", "x", "--workers", 1)
    assert reproduced.code == 0, reproduced.err
    assert cli("report", "x/probe", "x/index", "--out", "again").code == 0
    index_first = (tmp_path / "x" / "report" / "report.md").read_text(encoding="utf-8")
    run_first = (tmp_path / "again" / "report.md").read_text(encoding="utf-8")
    assert index_first.replace("\n\n**Scale:** tiny, for a test.", "") == run_first


def test_report_of_a_folder_of_something_else_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert error_of(cli("report", "notes", "--out", "found")) == (
        "notes is no index (build), run folder (simulate) or model (train); name folders of these"
    )
    assert not (tmp_path / "found").exists()


def test_report_of_a_run_that_is_not_finished_is_refused(
    cli: Cli, toy_run: str, tmp_path: Path
) -> None:
    (tmp_path / "run" / "summary.json").unlink()
    assert error_of(cli("report", "run", "--out", "found")) == (
        "run/summary.json is missing or cannot be read; run simulate again"
    )


def test_report_of_two_indexes_of_the_same_documents_is_refused(
    cli: Cli, toy_built: Outcome
) -> None:
    options = ["--embeddings", "vectors.npy", "--classes", "classes.json", "--out", "twin"]
    assert cli("build", "toy.jsonl", *options).code == 0
    assert error_of(cli("report", "indexes/toy", "twin", "--out", "found")) == (
        "indexes/toy and twin are indexes of the same documents; name one of them"
    )


def test_report_where_nothing_can_be_written_is_refused(
    cli: Cli, toy_run: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    assert error_of(cli("report", "run", "--out", "file")).startswith("file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["run"], "missing option '--out'"), (["--out", "x"], "missing argument 'folders")],
)
def test_report_needs_folders_and_a_place(cli: Cli, arguments: list[str], words: str) -> None:
    outcome = cli("report", *arguments)
    assert outcome.code == 2 and words in outcome.err.lower()


def test_reproduce_writes_to_a_folder_of_corpus_and_scale_and_says_so(
    cli: Cli, tmp_path: Path, small: None
) -> None:
    outcome = cli("reproduce", "toy.toml", "--workers", 1, "--device", "cpu")
    assert outcome.code == 0, outcome.err
    folder = "reproductions/toy-small"
    assert outcome.out == f"wrote {folder}/report/report.html\nwrote {folder}/report/report.md\n"
    assert outcome.err.splitlines() == [
        f"Note: scale small; everything is written to {folder}",
        "Loading the models",
        "Building the index",
        "Surprisal of the pool",
        "toy, probe: random, class-embedding",
        "toy, probe: full",
        "Writing the report",
    ]
    page = Page((tmp_path / folder / "report" / "report.html").read_text(encoding="utf-8"))
    assert page.paragraphs[1] == "Scale: tiny, for a test."
    lines = (tmp_path / folder / "probe" / "rounds.jsonl").read_text().splitlines()
    assert len(lines) == 2 * 2 * 2 + 1  # strategies, seeds, rounds; and the whole train split


def test_reproduce_takes_source_models_and_place(cli: Cli, tmp_path: Path, small: None) -> None:
    (tmp_path / "toy.jsonl").rename(tmp_path / "local.jsonl")
    options = ["--source", "local.jsonl", "--model", "my_bert", "--masked-lm", "lm"]
    outcome = cli("reproduce", "toy.toml", *options, "--out", "here", "--workers", 1)
    assert outcome.code == 0, outcome.err
    found = json.loads((tmp_path / "here" / "reproduction.json").read_text())
    assert (found["masked_lm"], found["corpus"]) == ("lm", "toy")
    page = Page((tmp_path / "here" / "report" / "report.html").read_text(encoding="utf-8"))
    assert page.paragraphs[1] == ("Scale: tiny, for a test. But the BERT is my_bert. ALPS asks lm.")
    assert not (tmp_path / "reproductions").exists()


def test_reproduce_of_an_unknown_corpus_names_the_recipes(cli: Cli, tmp_path: Path) -> None:
    assert error_of(cli("reproduce", "nope")) == (
        f"there is no recipe, file or folder 'nope'; recipes: {RECIPES}"
    )
    assert list(tmp_path.iterdir()) == []


def test_reproduce_at_an_unknown_scale_names_the_scales(cli: Cli, tmp_path: Path) -> None:
    assert error_of(cli("reproduce", "eurlex", "--scale", "huge")) == (
        "no scale 'huge'; there are small, paper"
    )
    assert list(tmp_path.iterdir()) == []


def test_reproduce_without_its_model_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    found = error_of(cli("reproduce", "demo", "--masked-lm", "./absent"))
    assert found == "there is no folder ./absent to load a model from"
    assert list(tmp_path.iterdir()) == []


def test_reproduce_into_a_folder_of_something_else_is_refused(
    cli: Cli, tmp_path: Path, small: None
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert error_of(cli("reproduce", "toy.toml", "--out", "mine")) == (
        "mine is there and is no reproduction; choose another --out"
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("report", ["folders", "--out", "index, run and model folders"]),
        (
            "reproduce",
            ["corpus", "--scale", "--source", "--model", "--masked-lm", "--workers", "--out"],
        ),
    ],
)
def test_help_names_arguments_and_options(cli: Cli, command: str, words: list[str]) -> None:
    outcome = cli(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    text = " ".join(outcome.out.lower().split())
    assert [word for word in words if word not in text] == []
    assert command in cli("--help").out
