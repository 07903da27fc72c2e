"""The run folder: what is in it, going on after an interruption, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from classemb_index import (
    EmbeddingIndex,
    Plan,
    Pool,
    ProbeClassifier,
    Record,
    RoundResult,
    Schedule,
    StrategyOptions,
    run_simulation,
    simulate,
)
from classemb_index.errors import ModelError, RequestError, RunError
from classemb_index.experiments.simulation import Simulator
from classemb_index.measures.curves import learning_curves, read_summary, summarise, support_of
from classemb_index.measures.rounds import read_rounds
from classemb_index.strategies.selection import STRATEGIES
from classemb_index.watch import SILENT, Watcher
from tests.support.errors import refusal
from tests.support.fakes import missing_masked_lm
from tests.support.plans import probe_plan
from tests.support.rounds import scored_round, without_seconds
from tests.support.watchers import Recorder

BOTH = ["random", "class-embedding"]
SMALL = Schedule(initial=10, batch=10, budget=30)  # three rounds


class Counting(ProbeClassifier):
    """A probe that counts how often it is trained."""

    fits = 0

    def fit(self, *arguments: Any, **named: Any) -> int:
        self.fits += 1
        return super().fit(*arguments, **named)


def planned(
    strategies: Sequence[str] = BOTH,
    seeds: Sequence[int] = (0, 1),
    schedule: Schedule = SMALL,
    **options: Any,
) -> Plan:
    return probe_plan(strategies, seeds, schedule, **options)


def run(
    folder: Path,
    index: EmbeddingIndex,
    *planned_with: Any,
    workers: int | None = 1,
    watch: Watcher = SILENT,
    **options: Any,
) -> list[RoundResult]:
    plan = planned(*planned_with, **options)
    return list(run_simulation(folder, index, plan, workers=workers, watch=watch))


def stopped_after(
    rounds: int, folder: Path, index: EmbeddingIndex, plan: Plan, watch: Watcher = SILENT
) -> None:
    """A run of the plan that is left after so many rounds."""
    started = run_simulation(folder, index, plan, workers=1, watch=watch)
    list(islice(started, rounds))
    started.close()


def refused(folder: Path, index: EmbeddingIndex, *planned_with: Any, **options: Any) -> str:
    return refusal(RunError, lambda: run(folder, index, *planned_with, **options))


@pytest.fixture(scope="module")
def whole(index: EmbeddingIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run: 2 strategies, 2 seeds, 3 rounds."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    run(folder, index)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run will be."""
    return tmp_path / "runs" / "toy"


@pytest.fixture
def finished(whole: Path, folder: Path) -> Path:
    """The same place, with a copy of the uninterrupted run."""
    shutil.copytree(whole, folder)
    return folder


# the keys of the contract; more may be added
ROUND_KEYS = {
    "strategy",
    "seed",
    "round",
    "n_labelled",
    "macro_f1",
    "micro_f1",
    "f1",
    "labelled_counts",
    "selected",
    "seconds",
}


def test_a_run_folder_holds_settings_rounds_and_summary(finished: Path) -> None:
    names = {path.name for path in finished.iterdir() if not path.name.startswith(".")}
    assert names == {"config.json", "rounds.jsonl", "summary.json"}


def test_a_line_of_the_rounds_has_the_keys_of_the_contract(finished: Path) -> None:
    results = read_rounds(finished)
    lines = (finished / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(results) == 12
    for line, result in zip(lines, results, strict=True):
        found = json.loads(line)
        assert set(found) >= ROUND_KEYS
        assert list(found["f1"]) == list(found["labelled_counts"]) == ["a", "b", "c"]
        assert set(found["seconds"]) == {"train", "predict", "select"}
        assert found == asdict(result)


def test_rounds_are_those_of_the_simulation_itself(index: EmbeddingIndex, whole: Path) -> None:
    assert without_seconds(read_rounds(whole)) == without_seconds(simulate(index, planned()))


def test_rounds_read_back_are_those_that_were_given(index: EmbeddingIndex, folder: Path) -> None:
    assert run(folder, index, ["random"], [0]) == read_rounds(folder)


def test_config_says_what_the_results_depend_on(index: EmbeddingIndex, finished: Path) -> None:
    config = json.loads((finished / "config.json").read_text(encoding="utf-8"))
    assert config["classifier"] == {"model": "probe", "c": 1.0, "class_weight": "balanced"}
    assert config["schedule"] == {"initial": 10, "batch": 10, "budget": 30, "dev_size": None}
    assert config["index"]["n"] == 120
    manifest = json.loads((index.folder / "manifest.json").read_text(encoding="utf-8"))
    assert config["index"]["vectors"] == manifest["files"]["vectors.npy"]["sha256"]
    assert config["versions"]["numpy"] == np.__version__
    assert config["strategies"] == {"random": {}, "class-embedding": {}}


def test_a_round_is_on_disk_before_the_next_one_is_trained(
    index: EmbeddingIndex, folder: Path
) -> None:
    started = run_simulation(folder, index, planned(BOTH, [0]), workers=1)
    for number, _ in enumerate(started, start=1):
        assert len(read_rounds(folder)) == number


@pytest.mark.parametrize("rounds", [0, 1, 4, 11])
def test_a_run_that_was_stopped_goes_on_to_the_same_rounds(
    index: EmbeddingIndex, whole: Path, folder: Path, rounds: int
) -> None:
    stopped_after(rounds, folder, index, planned())
    assert not (folder / "summary.json").exists()
    classifier = Counting(index.embeddings())
    again = run(folder, index, classifier=classifier)
    assert classifier.fits == 12 - rounds
    assert without_seconds(again) == without_seconds(read_rounds(whole))
    assert read_rounds(folder) == again
    assert (folder / "summary.json").read_text() == (whole / "summary.json").read_text()


@pytest.mark.parametrize(
    ("complete", "share"), [(0, 0.5), (1, 0.0), (1, 0.5), (5, 0.999), (11, 0.5)]
)
def test_a_line_that_was_cut_in_the_middle_is_run_again(
    index: EmbeddingIndex, finished: Path, complete: int, share: float
) -> None:
    whole = read_rounds(finished)
    lines = (finished / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    cut = lines[complete][: int(len(lines[complete]) * share)]
    (finished / "rounds.jsonl").write_bytes(b"".join(lines[:complete]) + cut)
    (finished / "summary.json").unlink()
    assert len(read_rounds(finished)) == complete
    again = run(finished, index)
    assert without_seconds(again) == without_seconds(whole)
    assert read_rounds(finished) == again
    kept = (finished / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    assert kept[:complete] == lines[:complete]


@pytest.fixture
def accented(toy_pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    """The toy index with ids and classes beyond ASCII."""
    records = [
        Record(
            f"é{i}",
            "text",
            tuple(f"größe {name}" for name in np.array(toy_pool.classes)[toy_pool.labels[i]]),
            str(toy_pool.splits[i]),
        )
        for i in range(len(toy_pool))
    ]
    vectors = np.random.default_rng(0).standard_normal((120, 6)).astype(np.float32)
    return EmbeddingIndex.build(
        Pool.from_records(records), None, tmp_path / "é", embeddings=vectors
    )


def test_a_line_that_was_cut_in_the_middle_of_a_letter_is_run_again(
    accented: EmbeddingIndex, folder: Path
) -> None:
    whole = run(folder, accented)
    written = (folder / "rounds.jsonl").read_bytes()
    place = written.rindex("é".encode()) + 1  # between the two bytes of é
    (folder / "rounds.jsonl").write_bytes(written[:place])
    assert without_seconds(run(folder, accented)) == without_seconds(whole)


def test_a_finished_run_is_read_and_not_trained_again(
    index: EmbeddingIndex, finished: Path
) -> None:
    first = read_rounds(finished)
    written = (finished / "rounds.jsonl").read_bytes()
    classifier = Counting(index.embeddings())
    assert run(finished, index, classifier=classifier) == first
    assert classifier.fits == 0
    assert (finished / "rounds.jsonl").read_bytes() == written


def test_strategies_and_seeds_may_be_added_later(index: EmbeddingIndex, folder: Path) -> None:
    first = run(folder, index, ["random"], [0])
    classifier = Counting(index.embeddings())
    both = run(folder, index, BOTH, [0, 1], classifier=classifier)
    assert classifier.fits == 9
    assert both[:3] == first
    expected = simulate(index, planned(BOTH, [0, 1]))
    order = sorted(both, key=lambda r: (r.seed, BOTH.index(r.strategy), r.round))
    assert without_seconds(order) == without_seconds(expected)
    assert [curve.seeds for curve in read_summary(folder).curves] == [[2, 2, 2], [2, 2, 2]]


def test_every_strategy_and_full_may_be_added_later(index: EmbeddingIndex, folder: Path) -> None:
    first = run(folder, index, ["random"], [0])
    options = StrategyOptions(discriminator_epochs=2)
    results = run(
        folder, index, list(STRATEGIES), [0], full=True, masked_lm="tiny", options=options
    )
    names = [*STRATEGIES, "full"]
    assert results[:3] == first
    assert [r.strategy for r in results] == [n for n in STRATEGIES for _ in range(3)] + ["full"]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["strategies"] == {
        **{name: {} for name in names},
        "dal": {"discriminator_epochs": 2},
        "portfolio": {"version": 2},
        "alps": {"masked_lm": "tiny", "fingerprint": "fake tiny"},
        "anchoral": {"base": "uncertainty"},
        "seals": {"base": "uncertainty"},
    }
    summary = read_summary(folder)
    assert [curve.strategy for curve in summary.curves] == list(STRATEGIES)
    assert [comparison.strategy for comparison in summary.comparisons] == list(STRATEGIES)
    assert summary.full is not None and summary.full.n_labelled == [72]
    assert list(summary.classes[0].f1) == names


def test_what_a_strategy_depends_on_matters_only_where_it_is_run(
    index: EmbeddingIndex, folder: Path
) -> None:
    run(folder, index, ["random", "dal"], [0], options=StrategyOptions(discriminator_epochs=2))
    again = run(folder, index, ["random"], [0], options=StrategyOptions(discriminator_epochs=3))
    assert {result.strategy for result in again} == {"random"}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["strategies"] == {"random": {}, "dal": {"discriminator_epochs": 2}}


def test_asking_for_fewer_gives_these_and_keeps_the_others_in_the_summary(
    index: EmbeddingIndex, finished: Path
) -> None:
    fewer = run(finished, index, ["class-embedding"], [1])
    assert [(r.strategy, r.seed, r.round) for r in fewer] == [
        ("class-embedding", 1, number) for number in range(3)
    ]
    assert [curve.strategy for curve in read_summary(finished).curves] == BOTH


OTHER = (
    "the run in {} was started with other settings: {}; "
    "give the same ones to continue it, or choose another --out"
)


@pytest.mark.parametrize(
    ("schedule", "changes"),
    [
        (replace(SMALL, batch=5), "schedule.batch 10 there, 5 now"),
        (
            replace(SMALL, initial=5, budget=40),
            "schedule.initial 10 there, 5 now; schedule.budget 30 there, 40 now",
        ),
        (replace(SMALL, dev_size=3), "schedule.dev_size None there, 3 now"),
    ],
)
def test_another_schedule_is_refused(
    index: EmbeddingIndex, finished: Path, schedule: Schedule, changes: str
) -> None:
    before = (finished / "rounds.jsonl").read_bytes()
    assert refused(finished, index, schedule=schedule) == OTHER.format(finished, changes)
    assert (finished / "rounds.jsonl").read_bytes() == before


def test_another_classifier_is_refused(index: EmbeddingIndex, finished: Path) -> None:
    message = refused(finished, index, classifier=ProbeClassifier(index.embeddings(), c=2.0))
    assert message == OTHER.format(finished, "classifier.c 1.0 there, 2.0 now")


def test_another_number_of_a_discriminators_epochs_is_refused(
    index: EmbeddingIndex, folder: Path
) -> None:
    run(folder, index, ["random", "dal"], [0], options=StrategyOptions(discriminator_epochs=2))
    before = (folder / "config.json").read_bytes()
    three = StrategyOptions(discriminator_epochs=3)
    assert refused(folder, index, ["dal"], options=three) == OTHER.format(
        folder, "strategies.dal.discriminator_epochs 2 there, 3 now"
    )
    assert (folder / "config.json").read_bytes() == before


def test_another_masked_language_model_is_refused_with_both_names(
    index: EmbeddingIndex, folder: Path
) -> None:
    run(folder, index, ["alps"], [0], masked_lm="tiny")
    before = (folder / "config.json").read_bytes()
    assert refused(folder, index, ["random", "alps"], masked_lm="base") == OTHER.format(
        folder,
        "strategies.alps.masked_lm tiny there, base now; "
        "strategies.alps.fingerprint fake tiny there, fake base now",
    )
    assert (folder / "config.json").read_bytes() == before


def test_a_run_of_portfolio_whose_config_says_that_there_are_no_names_goes_on(
    index: EmbeddingIndex, folder: Path
) -> None:
    plan = planned(["portfolio"], [0])
    stopped_after(1, folder, index, plan)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["strategies"]["portfolio"] = {
        "names": None,
        "version": 2,
    }  # as earlier versions wrote it
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert len(list(run_simulation(folder, index, plan, workers=1))) == 3


@pytest.mark.parametrize("is_there", [True, False], ids=["there", "now"])
@pytest.mark.parametrize(
    ("strategy", "both", "one", "key"),
    [
        ("class-embedding", {}, {"count_tries": True}, "count_tries"),
        ("random", {}, {"no_near_duplicates": 0.9}, "no_near_duplicates"),
        ("portfolio", {}, {"name_vectors": np.zeros((3, 8), np.float32)}, "names"),
        ("seals", {"base": "class-embedding"}, {"count_tries": True}, "count_tries"),
        ("seals", {"base": "portfolio"}, {"name_vectors": np.zeros((3, 8), np.float32)}, "names"),
    ],
)
def test_an_option_that_only_one_of_two_runs_has_is_another_setting(
    index: EmbeddingIndex,
    folder: Path,
    strategy: str,
    both: dict[str, Any],
    one: dict[str, Any],
    key: str,
    is_there: bool,
) -> None:
    without = planned([strategy], [0], options=StrategyOptions(**both))
    with_it = planned([strategy], [0], options=StrategyOptions(**both, **one))
    value = Simulator(index, with_it).config()["strategies"][strategy][key]
    there, now = (with_it, without) if is_there else (without, with_it)
    stopped_after(1, folder, index, there)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    message = refusal(RunError, lambda: list(run_simulation(folder, index, now, workers=1)))
    values = f"{value} there, None now" if is_there else f"None there, {value} now"
    assert message == OTHER.format(folder, f"strategies.{strategy}.{key} {values}")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_setting_that_is_no_object_there_is_another_one(
    index: EmbeddingIndex, finished: Path
) -> None:
    path = finished / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | {"schedule": None}))
    settings = f"schedule None there, {config['schedule']} now"
    assert refused(finished, index) == OTHER.format(finished, settings)


def test_another_index_is_refused(accented: EmbeddingIndex, finished: Path) -> None:
    message = refused(finished, accented)
    assert "index.vectors" in message and "index.documents" in message
    assert message.startswith(f"the run in {finished} was started with other settings: index.name ")


def test_other_versions_are_no_other_run(index: EmbeddingIndex, finished: Path) -> None:
    config = json.loads((finished / "config.json").read_text(encoding="utf-8"))
    config["versions"]["numpy"] = "1.0"
    (finished / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert len(run(finished, index)) == 12


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(
    index: EmbeddingIndex, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("years of work")
    assert refused(folder, index) == (
        f"{folder} is there and is no run folder; choose another --out"
    )
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_taken(index: EmbeddingIndex, folder: Path) -> None:
    folder.mkdir(parents=True)
    assert len(run(folder, index)) == 12


@pytest.mark.parametrize("text", ["{", "[]", '"config"'])
def test_a_config_that_is_none_is_refused(index: EmbeddingIndex, finished: Path, text: str) -> None:
    (finished / "config.json").write_text(text)
    message = f"{finished / 'config.json'} cannot be read; choose another --out"
    assert refused(finished, index) == message


@pytest.mark.parametrize("line", ["no json", "[]", "3", '{"strategy": "random"}'])
def test_a_line_that_is_no_round_is_refused_with_its_number(
    index: EmbeddingIndex, finished: Path, line: str
) -> None:
    lines = (finished / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    lines[2] = line
    (finished / "rounds.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert refused(finished, index) == (
        f"{finished / 'rounds.jsonl'}, line 3 is no round of a simulation; choose another --out"
    )


def test_a_folder_that_another_process_writes_is_refused_and_left_alone(
    index: EmbeddingIndex, finished: Path
) -> None:
    with (finished / "rounds.jsonl").open("a") as file:
        file.write('{"strategy": "rand')  # the other process is writing a line
    before = (finished / "rounds.jsonl").read_bytes()
    with FileLock(finished / ".lock"):
        assert refused(finished, index) == (
            f"another process is writing the run folder {finished}; "
            "wait for it, or choose another --out"
        )
    assert (finished / "rounds.jsonl").read_bytes() == before


def test_a_simulation_that_does_not_fit_the_pool_leaves_no_folder(
    index: EmbeddingIndex, folder: Path
) -> None:
    with pytest.raises(RequestError):
        run(folder, index, schedule=replace(SMALL, budget=999))
    assert not folder.exists()


def test_a_masked_language_model_that_cannot_be_had_leaves_no_folder(
    index: EmbeddingIndex, folder: Path
) -> None:
    models = {"make_masked_lm": missing_masked_lm, "masked_lm": "my/bert"}
    message = refusal(ModelError, lambda: run(folder, index, ["random", "alps"], **models))
    assert message == "there is no model my/bert"
    assert not folder.exists()


def test_a_run_of_all_kinds_of_strategies_that_was_stopped_and_cut_goes_on_to_the_same_rounds(
    index: EmbeddingIndex, tmp_path: Path
) -> None:
    names = ["random", "max-uncertainty", "dal", "cvirs", "alps"]
    options = StrategyOptions(discriminator_epochs=2)
    plan = planned(names, [5], full=True, masked_lm="tiny", options=options)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    list(run_simulation(whole, index, plan, workers=1))
    stopped_after(8, stopped, index, plan)  # into the rounds of dal
    rounds = stopped / "rounds.jsonl"
    rounds.write_bytes(rounds.read_bytes()[:-20])
    assert len(read_rounds(stopped)) == 7
    list(run_simulation(stopped, index, plan, workers=1))
    found, expected = (
        [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
        for folder in (stopped, whole)
    )
    assert len(found) == 16
    for entry in (*found, *expected):
        assert set(entry.pop("seconds")) == {"train", "predict", "select"}
    assert found == expected
    for name in ("summary.json", "config.json"):
        assert (stopped / name).read_text() == (whole / name).read_text()


def test_a_run_folder_of_an_earlier_version_is_read_and_continued(
    index: EmbeddingIndex, tmp_path: Path
) -> None:
    names = ["random", "class-embedding"]
    whole, earlier = tmp_path / "whole", tmp_path / "earlier"
    expected = run(whole, index, names, [0])
    shutil.copytree(whole, earlier)
    lines = [json.loads(line) for line in (whole / "rounds.jsonl").read_text().splitlines()]
    for line in lines:
        assert len(line.pop("picked_for")) == len(line["selected"]) and line.pop("steps") == []
    text = "".join(json.dumps(line) + "\n" for line in lines[:4])
    (earlier / "rounds.jsonl").write_text(text)
    found = read_rounds(earlier)
    assert found == [replace(result, picked_for=[], steps=[]) for result in expected[:4]]
    results = run(earlier, index, names, [0])
    assert results[:4] == found
    assert without_seconds(results[4:]) == without_seconds(expected[4:])
    assert (earlier / "summary.json").read_text() == (whole / "summary.json").read_text()


@pytest.mark.parametrize(
    ("finished", "left"),
    [
        ({}, [("random", 0), ("full", 0), ("random", 3), ("full", 3)]),
        ({("random", 0): 3, ("full", 0): 1}, [("random", 3), ("full", 3)]),
        ({("random", 0): 2, ("full", 3): 1}, [("random", 0), ("full", 0), ("random", 3)]),
        ({("random", 0): 3, ("full", 0): 1, ("random", 3): 3, ("full", 3): 1}, []),
        (
            {("dal", 0): 1, ("random", 7): 2},
            [("random", 0), ("full", 0), ("random", 3), ("full", 3)],
        ),
    ],
)
def test_unfinished_cells_are_those_with_rounds_left(
    finished: Mapping[tuple[str, int], int], left: list[tuple[str, int]]
) -> None:
    rounds = [
        scored_round(strategy, seed, 10, 0.1)
        for (strategy, seed), number in finished.items()
        for _ in range(number)
    ]
    plan = planned(["random", "random"], [0, 3, 0], full=True)  # one given twice is run once
    assert plan.cells(rounds) == left


class Grid:
    """In place of worker processes: notes what it is asked for, and answers the last cell first."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.cells: list[list[tuple[str, int]]] = []
        self.workers: list[int] = []

    def __call__(
        self,
        index: EmbeddingIndex,
        plan: Plan,
        workers: int,
        *,
        finished: Sequence[RoundResult],
        watch: Watcher,
    ) -> Generator[RoundResult, None, None]:
        cells = plan.cells(finished)
        self.plans.append(plan)
        self.cells.append(list(cells))
        self.workers.append(workers)
        simulator = Simulator(index, plan, watch)
        for cell in cells[::-1]:
            yield from simulator.rounds_of(cell, finished)


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> Grid:
    grid = Grid()
    monkeypatch.setattr("classemb_index.experiments.run_folder.run_grid", grid)
    return grid


def test_several_workers_are_given_the_cells_that_are_left(
    index: EmbeddingIndex, folder: Path, grid: Grid
) -> None:
    stopped_after(4, folder, index, planned())
    plan = planned()
    results = list(run_simulation(folder, index, plan, workers=3))
    assert grid.plans == [plan] and grid.workers == [3]
    assert grid.cells == [[("class-embedding", 0), ("random", 1), ("class-embedding", 1)]]
    assert len(results) == 12 and read_rounds(folder) == results


def test_the_default_is_a_worker_a_core_for_all_cells_of_the_plan(
    index: EmbeddingIndex, folder: Path, grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classemb_index.models.classifier.cpu_cores", lambda: 3)
    stopped_after(6, folder, index, planned())
    run(folder, index, workers=None)
    assert grid.workers == [3] and len(grid.cells[0]) == 2


def test_the_summary_does_not_depend_on_the_order_in_which_workers_answer(
    index: EmbeddingIndex, whole: Path, folder: Path, grid: Grid
) -> None:
    results = run(folder, index, workers=2)
    assert (results[0].strategy, results[0].seed) == ("class-embedding", 1)
    for name in ("summary.json", "config.json"):
        assert (folder / name).read_text() == (whole / name).read_text()


def test_strategies_in_the_summary_come_in_the_order_in_which_they_joined_the_run(
    index: EmbeddingIndex, folder: Path, grid: Grid
) -> None:
    run(folder, index, ["uncertainty", "random"], [1, 0], workers=2)
    run(folder, index, ["class-embedding", "random"], [0, 1], workers=2)
    names = ["uncertainty", "random", "class-embedding"]
    assert [curve.strategy for curve in read_summary(folder).curves] == names


@pytest.mark.parametrize(
    ("seeds", "workers"), [([0], 4), ([0, 1], 1)], ids=["one cell", "one worker"]
)
def test_one_cell_or_one_worker_needs_no_other_process(
    index: EmbeddingIndex, folder: Path, grid: Grid, seeds: list[int], workers: int
) -> None:
    results = run(folder, index, ["random"], seeds, workers=workers)
    assert len(results) == 3 * len(seeds)
    assert grid.plans == []


def test_workers_are_told_what_alps_and_dal_depend_on(
    index: EmbeddingIndex, folder: Path, grid: Grid
) -> None:
    options = StrategyOptions(discriminator_epochs=2)
    run(folder, index, ["dal", "alps"], [0], masked_lm="tiny", options=options, workers=2)
    (plan,) = grid.plans
    assert (plan.masked_lm, plan.options) == ("tiny", options)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["strategies"]["dal"] == {"discriminator_epochs": 2}
    assert config["strategies"]["alps"]["masked_lm"] == "tiny"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_tells_how_many_rounds_there_are_and_each_of_them_once(
    index: EmbeddingIndex, folder: Path, grid: Grid, workers: int
) -> None:
    first, again = Recorder(), Recorder()
    stopped_after(5, folder, index, planned(), first)
    assert first.announced == [12] and len(first.results) == 5
    results = run(folder, index, workers=workers, watch=again)
    assert again.announced == [12]
    assert again.results == [(r.strategy, r.seed, r.macro_f1) for r in results]
    assert again.results[:5] == first.results  # those that stand in the folder are told first
    assert len(again.epochs) == 12 - 5


def test_surprisal_is_computed_before_the_first_round_and_told_text_by_text(
    index: EmbeddingIndex, folder: Path
) -> None:
    watcher = Recorder()
    started = run_simulation(
        folder, index, planned(["random", "alps"], masked_lm="new"), workers=1, watch=watcher
    )
    next(started)
    assert watcher.counts == [(72, 72)]
    list(started)
    assert watcher.counts == [(72, 72)]


def test_the_summary_read_back_is_that_of_all_rounds(index: EmbeddingIndex, finished: Path) -> None:
    summary = read_summary(finished)
    assert summary == summarise(read_rounds(finished), support_of(index.pool))
    assert summary.curves == learning_curves(read_rounds(finished))
    assert [comparison.strategy for comparison in summary.comparisons] == BOTH
    assert summary.full is None


def test_a_summary_with_intervals_and_full_is_read_back_as_it_was(
    index: EmbeddingIndex, folder: Path
) -> None:
    results = run(folder, index, BOTH, range(5), replace(SMALL, budget=20), full=True)
    found = read_summary(folder)
    order = sorted(results, key=lambda r: [*BOTH, "full"].index(r.strategy))
    assert found == summarise(order, support_of(index.pool))
    difference = found.comparisons[1].area_difference
    assert difference is not None and difference.low is not None
    assert difference.low <= difference.mean <= difference.high
    assert found.full is not None and found.full.seeds == [5]


EMPTY = {"curves": [], "comparisons": [], "classes": [], "supported": [], "full": None}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        '{"curves": [{"strategy": "random"}]}',
        json.dumps(EMPTY | {"curves": [3]}),
        json.dumps(EMPTY | {"comparisons": [3]}),
        json.dumps(EMPTY | {"comparisons": [{"strategy": "random"}]}),
        json.dumps(EMPTY | {"classes": [{}]}),
        json.dumps(EMPTY | {"full": []}),
        json.dumps({"curves": []}),  # of the first version
    ],
)
def test_a_summary_that_cannot_be_read_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunError) as error:
        read_summary(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'summary.json'} is missing or cannot be read; run simulate again"
    )
