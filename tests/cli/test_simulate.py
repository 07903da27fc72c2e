"""`simulate`: the run folder, going on, and the tables of curves, comparisons and classes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from classemb_index import EmbeddingIndex, Plan, Pool, Schedule, run_simulation
from classemb_index.strategies.selection import STRATEGIES
from tests.support.commands import Outcome, json_of
from tests.support.keywords import keyword_index
from tests.support.pictures import leave_pictures_blank
from tests.support.places import shared_or_skip
from tests.support.plans import probe_plan
from tests.support.pools import topic_records, topic_vectors
from tests.support.tiny import write_tiny

Cli = Callable[..., Outcome]

SCHEDULE = ["--seeds", "2", "--initial", "10", "--batch", "10", "--budget", "30"]
SIMULATE = ["simulate", "indexes/toy", "--model", "probe", *SCHEDULE]
SUMMARY_KEYS = {"run", "summary", "curves", "comparisons", "classes", "supported", "full"}


@pytest.fixture
def built(toy_built: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    """indexes/toy, and no picture is drawn."""
    leave_pictures_blank(monkeypatch)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with indexes/toy and a finished run on it, as SIMULATE asks for."""
    folder = tmp_path_factory.mktemp("once")
    pool = Pool.from_records(topic_records(), name="toy")
    index = EmbeddingIndex.build(
        pool, None, folder / "indexes" / "toy", embeddings=topic_vectors(pool)
    )
    plan = probe_plan(
        ["random", "class-embedding"], [0, 1], Schedule(initial=10, batch=10, budget=30)
    )
    list(run_simulation(folder / "run", index, plan, workers=1))
    return folder


@pytest.fixture
def finished(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the finished run, as the folder run; no picture is drawn."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    leave_pictures_blank(monkeypatch)


def rounds_in(folder: Path) -> list[dict[str, Any]]:
    """The rounds of a run folder without their seconds."""
    lines = (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), "seconds": {}} for line in lines]


def cells(line: str) -> list[str]:
    """The columns of a line of a table, which stand two spaces apart."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def interval(found: dict[str, Any] | None, sign: str = "") -> str:
    """How an estimate is shown."""
    if found is None:
        return "-"
    mean, low, high = (
        None if found[key] is None else f"{found[key]:{sign}.3f}" for key in ("mean", "low", "high")
    )
    return f"{mean}" if low is None else f"{mean} [{low}, {high}]"


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
        assert (folder / name).is_file()
    assert (folder / "curves.png").stat().st_size > 10_000
    assert outcome.err == ""


def test_simulate_again_prints_the_same_and_trains_nothing(
    cli: Cli, finished: None, tmp_path: Path
) -> None:
    first = cli(*SIMULATE, "--out", "run")
    written = (tmp_path / "run" / "rounds.jsonl").read_bytes()
    second = cli(*SIMULATE, "--out", "run")
    assert second.out == first.out
    assert (tmp_path / "run" / "rounds.jsonl").read_bytes() == written


def test_simulate_that_was_cut_off_goes_on_to_the_same_table(
    cli: Cli, finished: None, tmp_path: Path
) -> None:
    first = cli(*SIMULATE, "--out", "run")
    rounds = tmp_path / "run" / "rounds.jsonl"
    rounds.write_bytes(rounds.read_bytes()[:3000])
    assert cli(*SIMULATE, "--out", "run").out == first.out


def test_simulate_json_has_the_keys_of_the_contract(cli: Cli, finished: None) -> None:
    found = json_of(cli(*SIMULATE, "--out", "run", "--json"))
    assert set(found) == SUMMARY_KEYS
    assert (found["run"], found["summary"], found["full"]) == ("run", "summary.json", None)
    strategies = ["random", "class-embedding"]
    assert [curve["strategy"] for curve in found["curves"]] == strategies
    for curve in found["curves"]:
        assert curve["n_labelled"] == [10, 20, 30] and curve["seeds"] == [2, 2, 2]
    assert [comparison["strategy"] for comparison in found["comparisons"]] == strategies
    random, other = found["comparisons"]
    assert random["area"].keys() == {"mean", "low", "high", "seeds"}
    assert random["area_difference"] is random["final_difference"] is random["verdict"] is None
    difference = other["area"]["mean"] - random["area"]["mean"]
    assert other["area_difference"]["mean"] == pytest.approx(difference)
    for place, name in enumerate("abc"):
        entry = found["classes"][place]
        assert entry.keys() == {"class", "support", "f1", "f1_sd"}
        assert (entry["class"], list(entry["f1"])) == (name, strategies)


def test_simulate_json_is_what_the_run_folder_keeps(
    cli: Cli, finished: None, tmp_path: Path
) -> None:
    found = json_of(cli(*SIMULATE, "--out", "run", "--json"))
    kept = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    for entry in kept["classes"]:
        entry["class"] = entry.pop("class_name")
    assert {key: value for key, value in found.items() if key not in ("run", "summary")} == kept


def test_simulate_shows_differences_to_random_without_intervals_for_few_seeds(
    cli: Cli, finished: None
) -> None:
    _, other = json_of(cli(*SIMULATE, "--out", "run", "--json"))["comparisons"]
    lines = [cells(line) for line in cli(*SIMULATE, "--out", "run").out.splitlines()]
    area, final = other["area_difference"]["mean"], other["final_difference"]["mean"]
    row = ["class-embedding", "2", f"{other['area']['mean']:.3f}", f"{area:+.3f}", f"{final:+.3f}"]
    assert [*row, "-"] in lines


def test_simulate_shows_intervals_and_a_verdict_from_five_seeds(cli: Cli, built: None) -> None:
    run = ["simulate", "indexes/toy", "--model", "probe", "--seeds", 5, "--initial", 10]
    run += ["--batch", 10, "--budget", 20, "--out", "run"]
    run += ["--strategy", "uncertainty", "--strategy", "random"]
    comparisons = json_of(cli(*run, "--json"))["comparisons"]
    lines = [cells(line) for line in cli(*run).out.splitlines()]
    assert ["strategy", "seeds", "area", "area - random", "final - random", "verdict"] in lines
    for c in comparisons:
        shown = [interval(c["area"])]
        shown += [interval(c[f"{what}_difference"], "+") for what in ("area", "final")]
        assert "[" in shown[0]
        assert [c["strategy"], "5", *shown, c["verdict"] or "-"] in lines
    assert comparisons[0]["verdict"] in ("above random", "below random", "undecided")
    assert comparisons[1]["verdict"] is None


def test_simulate_shows_f1_and_support_of_every_class(cli: Cli, finished: None) -> None:
    classes = json_of(cli(*SIMULATE, "--out", "run", "--json"))["classes"]
    lines = [cells(line) for line in cli(*SIMULATE, "--out", "run").out.splitlines()]
    assert ["class", "support", "random", "class-embedding"] in lines
    for entry in classes:
        f1 = [f"{entry['f1'][name]:.3f}" for name in ("random", "class-embedding")]
        assert [entry["class"], str(entry["support"]), *f1] in lines


def test_simulate_full_alone_trains_once_a_seed_on_the_whole_train_split(
    cli: Cli, built: None, tmp_path: Path
) -> None:
    outcome = cli(*SIMULATE, "--full", "--out", "run")
    assert [(r["strategy"], r["seed"], r["n_labelled"]) for r in rounds_in(tmp_path / "run")] == [
        ("full", 0, 72),
        ("full", 1, 72),
    ]
    found = json_of(cli(*SIMULATE, "--full", "--out", "run", "--json"))
    assert found["curves"] == found["comparisons"] == []
    full = found["full"]
    assert (full["n_labelled"], full["seeds"]) == ([72], [2])
    assert (
        "Trained on the whole train split, 72 documents (seeds: 2): "
        f"macro-F1 {full['macro_f1'][0]:.3f}, micro-F1 {full['micro_f1'][0]:.3f}\n"
    ) in outcome.out
    assert "Macro-F1 on the test split" not in outcome.out
    assert "Area under" not in outcome.out


@pytest.mark.model
def test_simulate_all_strategies_and_full(cli: Cli, built: None, tmp_path: Path) -> None:
    run = ["simulate", "indexes/toy", "--model", "probe", "--seeds", 1, "--initial", 10]
    run += ["--batch", 10, "--budget", 20, "--strategy", "all", "--full", "--out", "run"]
    run += ["--discriminator-epochs", 2]
    tiny = shared_or_skip("models", "bert-tiny-mlm")
    outcome = cli(*run, "--masked-lm", tiny)
    assert (outcome.code, outcome.err) == (0, "")
    strategies = [r["strategy"] for r in rounds_in(tmp_path / "run")]
    assert strategies == [name for name in STRATEGIES for _ in range(2)] + ["full"]
    lines = [cells(line) for line in outcome.out.splitlines()]
    assert ["labelled", *STRATEGIES] in lines
    assert ["class", "support", *STRATEGIES, "full"] in lines
    assert "Trained on the whole train split, 72 documents (seeds: 1)" in outcome.out
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert config["strategies"]["alps"]["masked_lm"] == str(tiny)
    assert config["strategies"]["dal"] == {"discriminator_epochs": 2}
    assert len(list((tmp_path / "indexes" / "toy" / "cache").glob("surprisal-*.npy"))) == 1


@pytest.mark.model
def test_simulate_with_two_workers_finds_what_one_finds(
    cli: Cli, built: None, tmp_path: Path
) -> None:
    tiny = shared_or_skip("models", "bert-tiny-mlm")
    run = [*SIMULATE, "--strategy", "random", "--strategy", "alps", "--masked-lm", tiny]
    one = cli(*run, "--workers", 1, "--out", "one")
    two = cli(*run, "--workers", 2, "--out", "two")
    assert two.out == one.out.replace("wrote one/", "wrote two/")
    assert two.err == ""
    found, expected = (
        sorted(rounds_in(tmp_path / name), key=lambda r: (r["seed"], r["strategy"], r["round"]))
        for name in ("two", "one")
    )
    assert len(found) == 12 and found == expected
    for name in ("summary.json", "config.json"):
        assert (tmp_path / "two" / name).read_text() == (tmp_path / "one" / name).read_text()


@pytest.mark.parametrize(
    ("names", "full", "chosen"),
    [
        (None, False, ["random", "class-embedding"]),
        (None, True, ["full"]),
        (["dal"], True, ["dal", "full"]),
        (["dal", "random", "dal"], False, ["dal", "random"]),
        (["all"], False, list(STRATEGIES)),
        (["dal", "all"], True, ["dal", *(n for n in STRATEGIES if n != "dal"), "full"]),
    ],
)
def test_strategies_are_the_two_of_the_paper_or_those_named_and_full_comes_last(
    names: list[str] | None, full: bool, chosen: list[str]
) -> None:
    choose_strategies = import_module("classemb_index.cli.options").choose_strategies
    plan = Plan(choose_strategies(names, full), seeds=(0,), full=full)
    assert plan.names() == chosen


def test_simulate_runs_a_strategy_named_twice_once(cli: Cli, built: None, tmp_path: Path) -> None:
    cli(*SIMULATE, "--strategy", "random", "--strategy", "random", "--out", "run")
    assert len((tmp_path / "run" / "rounds.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("text", "seeds"), [("2", [0, 1]), ("3,7", [3, 7]), ("3,", [3]), ("4-6", [4, 5, 6])]
)
def test_simulate_takes_a_number_a_list_or_a_range_of_seeds(
    cli: Cli, built: None, tmp_path: Path, text: str, seeds: list[int]
) -> None:
    arguments = ["--initial", 10, "--budget", 10, "--model", "probe", "--strategy", "random"]
    cli("simulate", "indexes/toy", "--seeds", text, *arguments, "--out", "run")
    lines = (tmp_path / "run" / "rounds.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in lines] == seeds


def test_simulate_says_what_the_scores_of_tuned_are_made_of(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_pictures_blank(monkeypatch)
    keyword_index(tmp_path, 64, test=16)
    run = ["simulate", "index", "--strategy", "random", "--seeds", 1, "--workers", 1]
    sizes = ["--initial", 36, "--batch", 8, "--budget", 44]
    tuned = ["--model", "tuned", "--epochs", 1, "--blend", 0.5, "--device", "cpu"]
    outcome = cli(*run, *sizes, *tuned, "--out", "run")
    assert outcome.code == 0, outcome.err
    assert outcome.err.splitlines() == [
        "Note: of the answer at the largest labelled set the trained layers have a share of 0.50 (random) "
        "in the mean over seeds; the rest is the heads'"
    ]
    lines = (tmp_path / "run" / "rounds.jsonl").read_text().splitlines()
    assert [json.loads(line)["share"] for line in lines] == [0.5, 0.5]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["curves"][0]["share"] == [0.5, 0.5]
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["classifier"]["model"], config["classifier"]["blend"]) == ("tuned", 0.5)
    assert cli(*run, *sizes, *tuned, "--out", "run").out == outcome.out


def test_simulate_says_once_that_the_labels_are_few_for_a_bert(
    cli: Cli, toy_built: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_pictures_blank(monkeypatch)
    tiny = write_tiny(tmp_path / "tiny", ["the", "council"])
    run = [*SIMULATE, "--model", tiny, "--epochs", 1, "--dev-size", 4, "--strategy", "random"]
    outcome = cli(*run, "--workers", 1, "--out", "run")
    assert outcome.code == 0, outcome.err
    assert outcome.err.splitlines() == [
        "Note: 30 labelled documents are few for a BERT that is fine-tuned as a whole: from 600 a small "
        "one learned no rare class; --model probe and --model tuned are made for so few"
    ]
