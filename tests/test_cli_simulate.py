"""`simulate`: the run folder, going on, and the table of curves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Outcome, json_of

Cli = Callable[..., Outcome]

SCHEDULE = ["--seeds", "2", "--initial", "10", "--batch", "10", "--budget", "30"]
SIMULATE = ["simulate", "indexes/toy", "--model", "probe", *SCHEDULE]


def test_simulate_runs_both_strategies_into_a_folder_of_its_own(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    outcome = cli(*SIMULATE)
    assert outcome.code == 0
    folder = tmp_path / "runs" / "toy-probe"
    assert len((folder / "rounds.jsonl").read_text().splitlines()) == 12
    assert "Macro-F1 on the test split (mean ± sd over seeds)" in outcome.out
    sizes = [line.split()[0] for line in outcome.out.splitlines() if "±" in line][1:]
    assert sizes == ["10", "20", "30"]
    for name in ("summary.json", "curves.png", "curves.svg"):
        assert f"wrote runs/toy-probe/{name}" in outcome.out
    assert outcome.err == ""


def test_simulate_again_prints_the_same_and_trains_nothing(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    first = cli(*SIMULATE, "--out", "run")
    written = (tmp_path / "run" / "rounds.jsonl").read_bytes()
    second = cli(*SIMULATE, "--out", "run")
    assert second.out == first.out
    assert (tmp_path / "run" / "rounds.jsonl").read_bytes() == written


def test_simulate_that_was_cut_off_goes_on_to_the_same_table(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    first = cli(*SIMULATE, "--out", "run")
    rounds = tmp_path / "run" / "rounds.jsonl"
    rounds.write_bytes(rounds.read_bytes()[:3000])
    assert cli(*SIMULATE, "--out", "run").out == first.out


def test_simulate_json_has_a_curve_a_strategy(cli: Cli, toy_built: Outcome) -> None:
    found = json_of(cli(*SIMULATE, "--out", "run", "--json"))
    assert (found["run"], found["summary"]) == ("run", "summary.json")
    assert [curve["strategy"] for curve in found["curves"]] == ["random", "class-embedding"]
    for curve in found["curves"]:
        assert curve["n_labelled"] == [10, 20, 30] and curve["seeds"] == [2, 2, 2]


def test_simulate_runs_a_strategy_named_twice_once(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    cli(*SIMULATE, "--strategy", "random", "--strategy", "random", "--out", "run")
    assert len((tmp_path / "run" / "rounds.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("text", "seeds"), [("2", [0, 1]), ("3,7", [3, 7]), ("3,", [3]), ("4-6", [4, 5, 6])]
)
def test_simulate_takes_a_number_a_list_or_a_range_of_seeds(
    cli: Cli, toy_built: Outcome, tmp_path: Path, text: str, seeds: list[int]
) -> None:
    arguments = ["--initial", 10, "--budget", 10, "--model", "probe", "--strategy", "random"]
    cli("simulate", "indexes/toy", "--seeds", text, *arguments, "--out", "run")
    lines = (tmp_path / "run" / "rounds.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in lines] == seeds
