"""Long work: one at a time, what becomes of it, and figures that are computed once for a key."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from time import monotonic, sleep

import pytest

from classemb_index.errors import ModelError, RequestError
from classemb_index.watch import Watcher
from classemb_index.web.jobs import Computed, Job, Jobs
from tests.support.errors import refusal


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def until(is_so: object) -> None:
    """Wait until the call gives something true."""
    end = monotonic() + 20
    while not is_so():  # type: ignore[operator]
        assert monotonic() < end
        sleep(0.005)


def ended(job: Job) -> Job:
    until(lambda: job.ended)
    return job


def test_a_job_says_how_far_it_is_and_what_came_of_it(jobs: Jobs) -> None:
    told, go_on = Event(), Event()

    def work(watch: Watcher) -> dict[str, int]:
        watch.stage("Counting")
        watch.progress(3, 10)
        told.set()
        assert go_on.wait(20)
        return {"documents": 10}

    job = jobs.start("count", "The count", work)
    assert told.wait(20)
    assert (job.state, job.stage, job.done, job.total) == ("running", "Counting", 3, 10)
    go_on.set()
    ended(job)
    assert (job.state, job.result, job.error) == ("done", {"documents": 10}, "")
    assert jobs.of("count") is job
    assert [own["kind"] for own in jobs.document()] == ["count"]


def test_a_second_job_is_refused_while_one_goes_on(jobs: Jobs) -> None:
    go_on = Event()
    first = jobs.start("train", "The training", lambda _: go_on.wait(20))
    message = refusal(RequestError, lambda: jobs.start("predict", "The rest", lambda _: None))
    assert message == "The training goes on; wait for it, or stop it"
    go_on.set()
    ended(first)
    assert ended(jobs.start("predict", "The rest", lambda _: 1)).result == 1


def test_an_error_is_the_jobs_in_one_line(jobs: Jobs) -> None:
    def fails(watch: Watcher) -> None:
        raise ModelError("no model,\n  anywhere")

    job = ended(jobs.start("train", "The training", fails))
    assert (job.state, job.error) == ("failed", "no model, anywhere")
    job = ended(jobs.start("train", "The training", lambda _: 1 / 0))
    assert (job.state, job.error) == ("failed", "ZeroDivisionError: division by zero")


def test_a_job_stops_where_it_next_says_how_far_it_is_and_the_next_one_does_not(
    jobs: Jobs,
) -> None:
    told = Event()

    def work(watch: Watcher) -> None:
        told.set()
        while True:
            watch.progress(1, 2)
            sleep(0.001)

    job = jobs.start("train", "The training", work)
    assert told.wait(20)
    jobs.stop()
    assert ended(job).state == "stopped"
    assert ended(jobs.start("train", "The training", lambda w: w.progress(1, 1))).state == "done"


def test_a_figure_is_computed_once_for_a_key_and_the_last_one_stands_meanwhile(
    jobs: Jobs,
) -> None:
    asked, go_on = [], Event()

    def work(watch: Watcher) -> int:
        asked.append(1)
        watch.progress(1, 4)
        assert go_on.wait(20)
        return len(asked)

    assert jobs.figure("curve", 1, work).value is None
    until(lambda: jobs.figure("curve", 1, work).total)
    assert jobs.figure("curve", 1, work) == Computed(None, None, False, "", 1, 4)
    go_on.set()
    until(lambda: jobs.figure("curve", 1, work).is_current)
    assert jobs.figure("curve", 1, work).value == 1
    assert len(asked) == 1
    go_on.clear()
    found = jobs.figure("curve", 2, work)
    assert (found.value, found.is_current) == (1, False)
    assert jobs.figure("curve", 3, work).value == 1  # nothing is begun beside what goes on
    go_on.set()
    until(lambda: jobs.figure("curve", 3, work).is_current)
    assert jobs.figure("curve", 3, work).value == 3


def test_what_a_figure_raises_stands_until_the_key_is_another(jobs: Jobs) -> None:
    asked = []

    def fails(watch: Watcher) -> None:
        asked.append(1)
        raise RequestError("nothing is labelled")

    until(lambda: jobs.figure("curve", 1, fails).is_current)
    assert jobs.figure("curve", 1, fails) == Computed(None, 1, True, "nothing is labelled")
    assert len(asked) == 1


def test_a_job_waits_for_a_figure_that_is_being_computed(jobs: Jobs) -> None:
    computing, go_on, order = Event(), Event(), []

    def figure(watch: Watcher) -> None:
        computing.set()
        assert go_on.wait(20)
        order.append("figure")

    jobs.figure("curve", 1, figure)
    assert computing.wait(20)
    job = jobs.start("train", "The training", lambda _: order.append("job"))
    assert job.state == "waiting"
    go_on.set()
    ended(job)
    assert order == ["figure", "job"]


def test_closing_ends_what_listens(jobs: Jobs) -> None:
    told = Event()

    def work(watch: Watcher) -> None:
        while True:
            told.set()
            watch.progress(1, 2)
            sleep(0.001)

    jobs.figure("curve", 1, work)
    assert told.wait(20)
    began = monotonic()
    jobs.close(20)
    assert monotonic() - began < 10
