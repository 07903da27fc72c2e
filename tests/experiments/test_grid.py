"""The grid: worker processes give the rounds of one process, and say what went wrong in them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from classemb_index import (
    EmbeddingIndex,
    LabelStore,
    Plan,
    Pool,
    RoundResult,
    Schedule,
    Training,
    run_simulation,
    simulate,
)
from classemb_index.errors import RequestError, RunError
from classemb_index.experiments.grid import run_grid
from classemb_index.experiments.simulation import Models
from classemb_index.labels.annotation import answers_to
from classemb_index.labels.log import Answer
from classemb_index.models.classifier import default_workers
from classemb_index.models.devices import cpu_cores
from classemb_index.queries.annotated import open_annotated
from classemb_index.watch import Epoch
from tests.support.errors import refusal
from tests.support.plans import probe_plan
from tests.support.pools import TOY_GROUPS, topic_records, topic_vectors
from tests.support.rounds import without_seconds
from tests.support.watchers import Recorder

SMALL = Schedule(initial=10, batch=10, budget=30)  # three rounds
STRATEGIES = ["random", "uncertainty", "full"]
CELLS = [(strategy, seed) for seed in (0, 1) for strategy in STRATEGIES]
PROBE = Training(model="probe")

A_PARENT = """
import multiprocessing, sys
from pathlib import Path
from tests.experiments.test_grid import PLAN, EmbeddingIndex, make_tired, run_grid, with_classifier
grid = run_grid(EmbeddingIndex.open(Path(sys.argv[1])), with_classifier(PLAN, make_tired), 1)
next(grid)
print(len(multiprocessing.active_children()), flush=True)
list(grid)
"""


def with_classifier(plan: Plan, make: Callable[[EmbeddingIndex, Training, Any], Any]) -> Plan:
    """The plan with another way to make its classifier, which worker processes can import."""
    return replace(plan, models=Models(classifier=make))


class LeastSquares:
    """A classifier that imports no library beside NumPy, so that a worker starts at once."""

    uses_dev = False

    def __init__(self, embeddings: np.ndarray) -> None:
        self._embeddings = np.asarray(embeddings)

    def settings(self) -> Mapping[str, Any]:
        return {"model": "least-squares"}

    def fit(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        dev_rows: np.ndarray,
        dev_labels: np.ndarray,
        seed: int,
        on_epoch: Callable[[int, float | None], None] | None = None,
    ) -> int:
        self._weights = np.linalg.lstsq(self._embeddings[rows], labels.astype(float))[0]
        if on_epoch:
            on_epoch(1, None)
        return 1

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return np.clip(self._embeddings[rows] @ self._weights, 0, 1).astype(np.float32)

    def representations(self, rows: np.ndarray) -> np.ndarray:
        return self._embeddings[rows]


class Tired(LeastSquares):
    """Falls asleep when it has been trained twice."""

    fits = 0

    def fit(self, *arguments: Any, **named: Any) -> int:
        self.fits += 1
        if self.fits > 2:
            time.sleep(600)
        return super().fit(*arguments, **named)


def make_least_squares(index: EmbeddingIndex, training: Training, names: Any) -> LeastSquares:
    return LeastSquares(index.embeddings())


def make_tired(index: EmbeddingIndex, training: Training, names: Any) -> Tired:
    return Tired(index.embeddings())


def refuse(index: EmbeddingIndex, training: Training, names: Any) -> Any:
    threads = os.environ["OMP_NUM_THREADS"]
    raise RequestError(f"the pool {index.manifest.name} is not wanted, with threads: {threads}")


def stumble(index: EmbeddingIndex, training: Training, names: Any) -> Any:
    raise ValueError("stumbled over a stone")


def end_at_once(index: EmbeddingIndex, training: Training, names: Any) -> Any:
    os._exit(3)


# of these cells, and of the first of them
PLAN = with_classifier(probe_plan(STRATEGIES[:2], [0, 1], SMALL, full=True), make_least_squares)
ONE = replace(PLAN, strategies=("random",), seeds=(0,), full=False)


class Run(NamedTuple):
    """What a grid did until it was left, and what another one added."""

    first: list[RoundResult]
    left_alive: int
    rest: list[RoundResult]
    epochs: list[Epoch]


def comparable(results: Sequence[RoundResult]) -> list[RoundResult]:
    """Rounds without their seconds, cell by cell, in the order within each cell."""
    ordered = sorted(results, key=lambda result: (result.seed, STRATEGIES.index(result.strategy)))
    return without_seconds(ordered)


def alive_after(seconds: float) -> int:
    """Worker processes that live when they were given so long to end."""
    until = time.monotonic() + seconds
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.05)
    return len(multiprocessing.active_children())


@pytest.fixture(scope="module")
def run(index: EmbeddingIndex) -> Run:
    """Two processes that were left while both slept, and two that went on."""
    grid, watcher = run_grid(index, with_classifier(PLAN, make_tired), 2), Recorder()
    first = list(islice(grid, 4))
    grid.close()
    left_alive = alive_after(10)
    rest = list(run_grid(index, PLAN, 2, finished=first, watch=watcher))
    return Run(first, left_alive, rest, watcher.epochs)


def test_two_processes_give_the_rounds_of_one(index: EmbeddingIndex, run: Run) -> None:
    alone = list(simulate(index, PLAN))
    assert len(alone) == 2 * (3 + 3 + 1)
    assert comparable(run.first + run.rest) == comparable(alone)


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """An index whose source labels only test documents; the others were answered later."""
    records = list(topic_records())
    hidden = [r if r.split == "test" else r._replace(labels=None) for r in records]
    pool = Pool.from_records(hidden, name="toy", classes=TOY_GROUPS)
    folder = tmp_path / "toy"
    EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool))
    answers = (
        answers_to(r.id, r.labels or (), pool.classes) for r in records if r.split == "train"
    )
    LabelStore(folder).record(chain.from_iterable(answers))
    return folder


def contradict(index: EmbeddingIndex) -> None:
    """Answer otherwise than is known of one document."""
    was = index.pool.labels[0, 0]
    answer = Answer(index.pool.ids[0], index.pool.classes[0], "no" if was else "yes")
    LabelStore(index.folder).record([answer])


def test_workers_see_the_answers_of_the_process_that_started_them(answered: Path) -> None:
    index, _ = open_annotated(answered)
    alone = list(simulate(index, PLAN))
    assert len(alone) == 2 * (3 + 3 + 1)
    assert comparable(list(run_grid(index, PLAN, 2))) == comparable(alone)


def test_an_answer_that_comes_before_the_workers_ends_them(answered: Path) -> None:
    index, _ = open_annotated(answered)
    contradict(index)
    assert refusal(RunError, lambda: list(run_grid(index, ONE, 1))) == (
        f"somebody has answered in {answered} since the simulation began; run it again, into "
        "another --out"
    )


def test_a_run_is_not_continued_with_other_answers(answered: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, _ = open_annotated(answered)
    list(run_simulation(run, first, ONE, workers=1))
    contradict(first)
    later, _ = open_annotated(answered)
    assert later.labels_digest != first.labels_digest
    message = refusal(RunError, lambda: list(run_simulation(run, later, ONE, workers=1)))
    assert f"index.answers {first.labels_digest} there, {later.labels_digest} now" in message


def test_rounds_of_a_cell_come_in_their_order(run: Run) -> None:
    for cell in CELLS:
        found = [r.round for r in run.first + run.rest if (r.strategy, r.seed) == cell]
        assert found == list(range(1 if cell[0] == "full" else 3))


def test_finished_rounds_are_not_run_again(run: Run) -> None:
    done = {(r.strategy, r.seed, r.round) for r in run.first}
    assert done == {(strategy, 0, round) for strategy in STRATEGIES[:2] for round in (0, 1)}
    assert not done & {(r.strategy, r.seed, r.round) for r in run.rest}
    assert len(run.rest) == 14 - 4


def test_epochs_of_the_workers_are_told_here(run: Run) -> None:
    told = sorted((epoch.strategy, epoch.seed, epoch.round) for epoch in run.epochs)
    assert told == sorted((r.strategy, r.seed, r.round) for r in run.rest)
    assert {(epoch.epoch, epoch.dev_macro_f1) for epoch in run.epochs} == {(1, None)}


def test_workers_are_gone_when_the_grid_is_left(run: Run) -> None:
    assert run.left_alive == 0


def test_workers_end_with_a_parent_that_is_killed(index: EmbeddingIndex) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", A_PARENT, str(index.folder)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None and parent.stdout.readline() == "1\n"
    parent.kill()
    parent.communicate(timeout=30)  # the end of the output: no process holds it open


def test_an_error_for_the_user_is_the_workers_own(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    grid = run_grid(index, with_classifier(ONE, refuse), 4)
    # one cell: one worker with all cores
    message = f"the pool toy is not wanted, with threads: {cpu_cores()}"
    assert refusal(RequestError, lambda: list(grid)) == message
    assert "OMP_NUM_THREADS" not in os.environ
    assert alive_after(10) == 0


def test_a_worker_that_ends_without_a_word_is_an_error(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    grid = run_grid(index, with_classifier(ONE, end_at_once), 1)
    assert refusal(RunError, lambda: list(grid)) == (
        "a worker process ended with exit code 3; run again to continue, with fewer --workers"
    )
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert alive_after(10) == 0


def test_an_error_that_is_no_users_comes_with_the_workers_traceback(index: EmbeddingIndex) -> None:
    grid = run_grid(index, with_classifier(ONE, stumble), 1)
    lines = refusal(RuntimeError, lambda: list(grid)).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert any(line.endswith("in stumble") for line in lines)
    assert lines[-1] == "ValueError: stumbled over a stone"
    assert alive_after(10) == 0


def test_a_grid_without_cells_gives_nothing(index: EmbeddingIndex) -> None:
    assert list(run_grid(index, replace(PLAN, seeds=()), 2)) == []
    assert list(run_grid(index, PLAN, 2, finished=list(simulate(index, PLAN)))) == []


@pytest.mark.parametrize(
    ("cells", "cores", "workers"), [(1, 8, 1), (3, 8, 3), (10, 8, 4), (10, 2, 2), (0, 8, 1)]
)
def test_by_default_a_worker_a_core_but_no_more_than_cells_or_four(
    monkeypatch: pytest.MonkeyPatch, cells: int, cores: int, workers: int
) -> None:
    monkeypatch.setattr("classemb_index.models.classifier.cpu_cores", lambda: cores)
    assert default_workers(cells, PROBE) == workers
    assert default_workers(cells, Training(device="cpu")) == workers


def test_by_default_a_bert_on_a_gpu_has_one_worker_and_a_probe_beside_it_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("classemb_index.models.classifier.cpu_cores", lambda: 8)
    monkeypatch.setattr("classemb_index.models.classifier.resolve_device", lambda device: "cuda")
    assert default_workers(10, Training(device="cuda")) == 1
    assert default_workers(10, PROBE) == 4
