"""The cells of a plan, spread over worker processes."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ClassembError, RunError
from ..index.index import EmbeddingIndex
from ..measures.rounds import RoundResult
from ..models.devices import cpu_cores
from ..queries.annotated import open_annotated
from ..watch import SILENT, Epoch, Watcher
from .simulation import Cell, Plan, Simulator

POLL = 1.0  # seconds between looks at whether all workers live


def run_grid(
    index: EmbeddingIndex,
    plan: Plan,
    workers: int,
    *,
    finished: Sequence[RoundResult] = (),
    watch: Watcher = SILENT,
) -> Generator[RoundResult, None, None]:
    """The rounds that `simulate` gives, from several processes: in order within a cell only.

    Processes are spawned, never forked, share the cores between them, and end with this one.

    Args:
        index: is opened again by each of them.
        plan: is pickled for them.
        workers: processes; no more are started than there are cells.
        finished: results of an interrupted simulation of the same plan.
        watch: is told here of every epoch there.

    Yields:
        The rounds that are not in `finished`.

    Raises:
        ClassembError: what a worker ran into.
        RunError: a worker ended without saying why.
    """
    cells = plan.cells(finished)
    context = multiprocessing.get_context("spawn")
    work: Any = context.Queue()
    answers: Any = context.Queue()
    for cell in cells:
        work.put((cell, [r for r in finished if (r.strategy, r.seed) == cell]))
    workers = min(workers, len(cells))
    for _ in range(workers):
        work.put(None)
    given = (index.folder, index.device, index.labels_digest, plan, work, answers)
    processes = [context.Process(target=_work, args=given, daemon=True) for _ in range(workers)]
    try:
        with _threads(max(1, cpu_cores() // max(1, workers))):
            for process in processes:
                process.start()
        yield from _rounds(answers, processes, watch)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
        work.cancel_join_thread()


def _rounds(answers: Any, processes: Sequence[Any], watch: Watcher) -> Iterator[RoundResult]:
    """What the workers send, until each of them has sent its None."""
    running = len(processes)
    while running:
        match _next(answers, processes):
            case RoundResult() as result:
                yield result
            case Epoch() as epoch:
                watch.epoch(epoch)
            case None:
                running -= 1
            case error:
                raise error


def _next(answers: Any, processes: Sequence[Any]) -> RoundResult | Epoch | Exception | None:
    while True:
        try:
            answer: RoundResult | Epoch | Exception | None = answers.get(timeout=POLL)
            return answer
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


class _Sender(Watcher):
    """Sends every epoch to the parent process."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers

    def epoch(self, epoch: Epoch) -> None:
        self._answers.put(epoch)


def _work(
    folder: Path, device: str, labels_digest: str, plan: Plan, work: Any, answers: Any
) -> None:
    """A worker process: cells from one queue, results and at last None to the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C and ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        index = _open_same(folder, device, labels_digest)
        simulator = Simulator(index, plan, _Sender(answers))
        for cell, finished in iter(work.get, None):
            for result in simulator.rounds_of(Cell(*cell), finished):
                answers.put(result)
        answers.put(None)
    except (ClassembError, OSError) as error:
        answers.put(error)
    except Exception:
        answers.put(RuntimeError(traceback.format_exc()))  # whole, and sure to be picklable


def _open_same(folder: Path, device: str, labels_digest: str) -> EmbeddingIndex:
    """The index with the labels that the parent process sees.

    Raises:
        RunError: somebody has answered since.
    """
    if not labels_digest:
        return EmbeddingIndex.open(folder, device=device)
    index, _ = open_annotated(folder, device=device)
    if index.labels_digest != labels_digest:
        raise RunError(
            f"somebody has answered in {folder} since the simulation began; run it again, into "
            "another --out"
        )
    return index


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
