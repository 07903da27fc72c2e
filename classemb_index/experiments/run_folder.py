"""The run folder of a simulation: settings, a line a round, summary; stopped, it goes on."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..durable import only_writer
from ..errors import RunError
from ..index.index import EmbeddingIndex
from ..measures.curves import Summary, summarise, support_of
from ..measures.rounds import CONFIG, ROUNDS, SUMMARY, RoundResult, read_rounds
from ..models.classifier import default_workers
from ..watch import SILENT, Watcher
from .grid import run_grid
from .simulation import Plan, Simulator

PARTIAL = ".partial"
NOTES = ("machine", "versions")  # for the reader; others are not another run


def run_simulation(
    folder: Path,
    index: EmbeddingIndex,
    plan: Plan,
    *,
    workers: int | None = None,
    watch: Watcher = SILENT,
) -> Generator[RoundResult, None, None]:
    """Simulate into a run folder; rounds that stand there already come first and are not run again.

    At the end the folder holds config.json, rounds.jsonl and summary.json. Strategies and seeds
    may be added to a folder later.

    Args:
        folder: made where it is missing.
        index: the pool and its embeddings.
        plan: what to run.
        workers: processes that share the cells; 1 runs them here, one after the other; None
            takes one a core, at most four, or one for a BERT on a GPU.
        watch: is told of every epoch and round.

    Raises:
        RunError: the folder was started with other settings, is being written by
            another process, or holds something else; or a worker died.
        RequestError: as for `Plan.check`.
        ModelError: a model of the plan cannot be had.
    """
    plan.check(index.pool)
    simulator = Simulator(index, plan, watch)
    config = simulator.config()  # a model that cannot be had leaves no folder
    _check_run_folder(folder)
    with RunFolder.opened(folder, config) as run:
        simulator.compute_surprisal()  # before a round, and before several processes ask for it
        watch.rounds(plan.n_rounds())
        for result in run.rounds_of(plan):
            watch.round_done(result.strategy, result.seed, result.macro_f1)
            yield result
        finished = list(run.rounds)
        cells = len(plan.cells(finished))
        workers = default_workers(len(plan.cells()), plan.training) if workers is None else workers
        if workers > 1 and cells > 1:
            new = run_grid(index, plan, workers, finished=finished, watch=watch)
        else:
            new = simulator.rounds(finished)
        with closing(new):
            for result in new:
                run.append(result)
                watch.round_done(result.strategy, result.seed, result.macro_f1)
                yield result
        run.summarise(support_of(index.pool))


class RunFolder:
    """A run folder that this process alone may write to.

    Attributes:
        folder: where it lies.
        strategies: names of all that were ever planned in it, in their order.
        rounds: that stand in it.
    """

    def __init__(self, folder: Path, strategies: list[str], rounds: list[RoundResult]) -> None:
        self.folder = folder
        self.strategies = strategies
        self.rounds = rounds

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, config: Mapping[str, Any]) -> Iterator[RunFolder]:
        """The run in a folder, started or continued with these settings, under a lock.

        Raises:
            RunError: it was started with other settings, is being written by another process,
                or a file of it cannot be read.
        """
        refusal = RunError(
            f"another process is writing the run folder {folder}; wait for it, or choose another --out"
        )
        with only_writer(folder / ".lock", refusal):
            strategies = _open_run(folder, config)
            rounds = read_rounds(folder)
            _drop_cut_line(folder / ROUNDS)
            yield cls(folder, strategies, rounds)

    def rounds_of(self, plan: Plan) -> list[RoundResult]:
        """The rounds that stand in it and belong to the plan."""
        cells = set(plan.cells())
        return [r for r in self.rounds if (r.strategy, r.seed) in cells]

    def append(self, result: RoundResult) -> None:
        """Write a line; it is on its way to the disk when this returns."""
        with (self.folder / ROUNDS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
        self.rounds.append(result)

    def summarise(self, support: Mapping[str, int]) -> Summary:
        """Write summary.json over all rounds that stand in it.

        Args:
            support: test documents of each class.
        """
        place = {name: number for number, name in enumerate(self.strategies)}
        # several processes answer in an order of their own
        ordered = sorted(
            self.rounds, key=lambda r: (place.get(r.strategy, len(place)), r.seed, r.round)
        )
        summary = summarise(ordered, support)
        _write_json(self.folder / SUMMARY, asdict(summary))
        return summary


def _check_run_folder(folder: Path) -> None:
    """Make the folder; a folder of something else is refused before anything is written to it.

    Raises:
        RunError: it holds something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [p for p in folder.iterdir() if p.name != ".lock" and p.suffix != PARTIAL]
    if others and not (folder / CONFIG).exists():
        raise RunError(f"{folder} is there and is no run folder; choose another --out")


def _open_run(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """Write the settings, or see that the run there was started with the same ones.

    Strategies may be added to a run: what comes back are all names, first those that were there.
    """
    path = folder / CONFIG
    if not path.exists():
        _write_json(path, config)
        return list(config["strategies"])
    try:
        started = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        started = None
    if not isinstance(started, dict) or not isinstance(started.get("strategies", {}), dict):
        raise RunError(f"{path} cannot be read; choose another --out")
    now = json.loads(json.dumps(config))
    known = started.setdefault("strategies", {})
    joined = known | {k: v for k, v in now["strategies"].items() if k not in known}
    if changes := list(_changes(started | {"strategies": joined}, now)):
        raise RunError(
            f"the run in {folder} was started with other settings: {'; '.join(changes)}; "
            "give the same ones to continue it, or choose another --out"
        )
    if joined != known:
        _write_json(path, started | {"strategies": joined})
    return list(joined)


def _changes(found: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """What differs, by name; a strategy's option that only one of the two has differs too."""
    keys = dict.fromkeys([*now, *(found if path.count(".") == 2 else ())])
    for key in keys:
        name = f"{path}{key}"
        if key in NOTES:
            continue
        there, here = found.get(key), now.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            yield from _changes(there, here, f"{name}.")
        elif there != here:
            yield f"{name} {there} there, {here} now"


def _drop_cut_line(path: Path) -> None:
    if path.exists():
        text = path.read_bytes()
        with path.open("r+b") as file:  # whole lines are never written again, so never lost
            file.truncate(text.rfind(b"\n") + 1)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    partial = path.with_suffix(PARTIAL)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
