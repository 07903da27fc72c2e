"""The grid of a simulation, strategies by seeds, spread over worker processes."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ClassembError, RunError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..measures.rounds import RoundResult
from ..models.contracts import PROBE, Classifier, Training
from ..models.devices import cpu_cores, resolve_device
from ..models.masked_lm import MaskedLanguageModel
from ..strategies.base import StrategyOptions
from .simulation import Event, Schedule, simulate

POLL = 1.0  # seconds between looks at whether all workers live

MOST_WORKERS = 4  # each holds a model of its own

MakeClassifier = Callable[[EmbeddingIndex], Classifier]


@dataclass(frozen=True)
class GridTask:
    """What a worker process needs to run any cell; it is pickled, so it holds names, not models.

    Attributes:
        folder: of the index.
        device: for the index and the masked language model.
        make: makes the classifier for an index.
        schedule: sizes.
        masked_lm: name of the masked language model for "alps"; None without it.
        options: see `simulate`.
    """

    folder: Path
    device: str
    make: MakeClassifier
    schedule: Schedule
    masked_lm: str | None
    options: StrategyOptions


def default_workers(cells: int, settings: Training) -> int:
    """Worker processes for so many cells: one for a BERT on a GPU, else one a core, at most four."""
    on_gpu = settings.model != PROBE and resolve_device(settings.device) == "cuda"
    return 1 if on_gpu else max(1, min(cells, cpu_cores(), MOST_WORKERS))


def run_grid(
    task: GridTask,
    cells: Sequence[tuple[str, int]],
    workers: int,
    *,
    finished: Sequence[RoundResult] = (),
    on_event: Callable[[Event], None] | None = None,
) -> Generator[RoundResult, None, None]:
    """The rounds that `simulate` gives, from several processes: in order within a cell only.

    Processes are spawned, never forked, share the cores between them, and end with this one.

    Args:
        task: what each of them needs.
        cells: strategy and seed of each.
        workers: processes; no more are started than there are cells.
        finished: results of an interrupted simulation with the same arguments.
        on_event: called here after every epoch there.

    Yields:
        The rounds that are not in `finished`.

    Raises:
        ClassembError: what a worker ran into.
        RunError: a worker ended without saying why.
    """
    context = multiprocessing.get_context("spawn")
    work: Any = context.Queue()
    answers: Any = context.Queue()
    for strategy, seed in cells:
        work.put(
            (strategy, seed, [r for r in finished if (r.strategy, r.seed) == (strategy, seed)])
        )
    workers = min(workers, len(cells))
    for _ in range(workers):
        work.put(None)
    processes = [
        context.Process(target=_work, args=(task, work, answers), daemon=True)
        for _ in range(workers)
    ]
    try:
        with _threads(max(1, cpu_cores() // max(1, workers))):
            for process in processes:
                process.start()
        running = workers
        while running:
            match _next(answers, processes):
                case RoundResult() as result:
                    yield result
                case Event() as event:
                    if on_event:
                        on_event(event)
                case None:
                    running -= 1
                case error:
                    raise error
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
        work.cancel_join_thread()


def _next(answers: Any, processes: Sequence[Any]) -> Any:
    while True:
        try:
            return answers.get(timeout=POLL)
        except queue.Empty:
            dead = [process for process in processes if process.exitcode not in (None, 0)]
            if all(process.exitcode is not None for process in processes):
                dead = list(processes)
            if dead and answers.empty():
                code = dead[0].exitcode
                why = ", perhaps for want of memory" if code < 0 else ""
                raise RunError(
                    f"a worker process ended with exit code {code}{why}; run again to continue, with "
                    "fewer --workers"
                ) from None


def _work(task: GridTask, work: Any, answers: Any) -> None:
    """A worker process: cells from one queue, results and at last None to the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C and ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        index = EmbeddingIndex.open(task.folder, device=task.device)
        classifier = task.make(index)
        surprisal = None
        if task.masked_lm is not None:
            surprisal = PoolSurprisal(
                index, MaskedLanguageModel(task.masked_lm, device=task.device)
            )
        for strategy, seed, finished in iter(work.get, None):
            for result in simulate(
                index,
                [strategy],
                [seed],
                classifier,
                task.schedule,
                surprisal=surprisal,
                options=task.options,
                finished=finished,
                on_event=answers.put,
            ):
                answers.put(result)
        answers.put(None)
    except (ClassembError, OSError) as error:
        answers.put(error)
    except Exception:
        answers.put(RuntimeError(traceback.format_exc()))  # whole, and sure to be picklable


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Processes started inside compute with so many threads."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
