"""Long work beside the pages: one job at a time, and figures that are computed while a page waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, RLock, Thread
from typing import Any, Literal

from ..errors import RequestError, in_one_line
from ..watch import Watcher

Work = Callable[[Watcher], Any]
JobState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass
class Job:
    """Long work, and how far it is.

    Attributes:
        kind: of the work, such as "train".
        title: in words.
        state: of it.
        stage: what it is at, in words; "" where it says nothing.
        done: of this stage.
        total: of the same; 0 where nobody knows.
        began: when, ISO 8601 in UTC.
        ended: when; "" while it goes on.
        result: as JSON, once it is done.
        error: why it failed, in words.
    """

    kind: str
    title: str
    state: JobState = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    began: str = ""
    ended: str = ""
    result: Any = None
    error: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether it is neither done nor given up."""
        return self.state in ("waiting", "running")


@dataclass(frozen=True)
class Computed:
    """A figure, as far as it is computed.

    Attributes:
        value: of the last time; None where there was none.
        version: of the labels that the value is of; None where there is none.
        is_current: whether that is what was asked for; else it is being computed.
        error: why it cannot be; "" where it can.
        done: steps of the computation that goes on.
        total: of the same.
    """

    value: Any
    version: int | None
    is_current: bool
    error: str = ""
    done: int = 0
    total: int = 0


class Jobs:
    """The long work of one server: whatever it is, one thing is computed at a time.

    A job goes on when its page is closed, and each kind keeps its last one. What a thread raises is
    the job's error.
    """

    def __init__(self) -> None:
        self._turn = Lock()  # held by whoever computes
        self._lock = RLock()  # of all below
        self._jobs: dict[str, Job] = {}
        self._figures: dict[str, _Figure] = {}
        self._stop = Event()
        self._is_closed = Event()
        self._threads: list[Thread] = []

    def start(self, kind: str, title: str, work: Work) -> Job:
        """Begin a job in a thread of its own.

        Args:
            kind: of the work.
            title: in words.
            work: is given a watcher, through which it can be stopped; returns JSON.

        Raises:
            RequestError: another job goes on.
        """
        with self._lock:
            for other in self._jobs.values():
                if other.goes_on:
                    raise RequestError(f"{other.title} goes on; wait for it, or stop it")
            self._stop.clear()
            job = self._jobs[kind] = Job(kind, title, began=_now())
            self._begin(lambda: self._run(job, work))
            return job

    def stop(self) -> None:
        """Ask the job that goes on to stop; it does where it next says how far it is."""
        self._stop.set()

    def of(self, kind: str) -> Job | None:
        """The last job of a kind."""
        with self._lock:
            return self._jobs.get(kind)

    def document(self) -> list[dict[str, Any]]:
        """The last job of each kind as JSON."""
        with self._lock:
            return [dict(vars(job)) for job in self._jobs.values()]

    def figure(self, name: str, version: int, work: Work) -> Computed:
        """What `work` gives; where it was not computed for these labels yet, that begins.

        Args:
            name: of the figure; the last value of each is kept.
            version: of the labels; what the work raised stands until it is another.
            work: is given a watcher.
        """
        with self._lock:
            own = self._figures.setdefault(name, _Figure())
            if own.version != version and not own.goes_on:
                own.goes_on, own.done, own.total = True, 0, 0
                self._begin(lambda: self._compute(own, version, work))
            is_current = own.version == version and not own.goes_on
            error = own.error if is_current else ""
            return Computed(own.value, own.version, is_current, error, own.done, own.total)

    def close(self, seconds: float = 5.0) -> None:
        """Stop what goes on, and wait a while for it."""
        self._stop.set()
        self._is_closed.set()
        for thread in self._threads:
            thread.join(seconds)

    def _begin(self, target: Callable[[], None]) -> None:
        # a daemon: work that does not listen ends with the server, and is written whole or not at all
        thread = Thread(target=target, daemon=True)
        self._threads = [own for own in self._threads if own.is_alive()] + [thread]
        thread.start()

    def _run(self, job: Job, work: Work) -> None:
        with self._turn:
            try:
                watch = _JobWatcher(job, self._stop)
                watch.go_on()
                job.state = "running"
                job.result = work(watch)
                job.state = "done"
            except _StopError:
                job.state = "stopped"
            except Exception as error:  # a thread's traceback would reach nobody
                job.error, job.state = in_one_line(error), "failed"
            finally:
                job.ended = _now()

    def _compute(self, own: _Figure, version: int, work: Work) -> None:
        value, error = own.value, ""
        with self._turn:
            try:
                value = work(_FigureWatcher(own, self._is_closed))
            except _StopError:
                pass
            except Exception as cause:
                error = in_one_line(cause)
        with self._lock:
            own.value, own.error, own.version, own.goes_on = value, error, version, False


@dataclass
class _Figure:
    version: int | None = None
    value: Any = None
    error: str = ""
    goes_on: bool = False
    done: int = 0
    total: int = 0


class _StopError(Exception):
    """Somebody asked for it."""


class _JobWatcher(Watcher):
    def __init__(self, job: Job, stop: Event) -> None:
        self._job, self._stop = job, stop

    def go_on(self) -> None:
        """Nothing, unless somebody asked to stop."""
        if self._stop.is_set():
            raise _StopError

    def stage(self, words: str) -> None:
        self.go_on()
        self._job.stage, self._job.done, self._job.total = words, 0, 0

    def progress(self, done: int, total: int) -> None:
        self.go_on()
        self._job.done, self._job.total = done, total


class _FigureWatcher(Watcher):
    def __init__(self, own: _Figure, is_closed: Event) -> None:
        self._own, self._is_closed = own, is_closed

    def progress(self, done: int, total: int) -> None:
        if self._is_closed.is_set():
            raise _StopError
        self._own.done, self._own.total = done, total


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
