"""Documents lent to tabs: in their order, one tab at a time, back when a tab is lost."""

from __future__ import annotations

from classemb_index.web.leases import LOST, Queue


class Clock:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lent(queue: Queue, tab: str, n: int) -> list[str]:
    documents = queue.waiting(tab)[:n]
    for document in documents:
        queue.lend(document, tab)
    return documents


def queue_of(documents: str) -> tuple[Queue, Clock]:
    clock = Clock()
    queue = Queue(clock)
    queue.add(documents)
    return queue, clock


def test_a_tab_gets_its_own_documents_first_and_never_those_of_others() -> None:
    queue, _ = queue_of("abcdef")
    assert lent(queue, "one", 2) == ["a", "b"]
    assert lent(queue, "two", 2) == ["c", "d"]
    assert queue.waiting("one") == ["a", "b", "e", "f"]
    assert queue.waiting("two") == ["c", "d", "e", "f"]
    queue.add("afg")
    assert queue.waiting("three") == ["e", "f", "g"]


def test_what_is_answered_is_gone_and_what_is_taken_back_comes_first() -> None:
    queue, _ = queue_of("abc")
    lent(queue, "one", 2)
    queue.remove("a")
    queue.remove("z")
    assert len(queue) == 2
    queue.put_first("c", "one")
    queue.put_first("a", "two")
    assert queue.waiting("one") == ["c", "b"]
    assert queue.waiting("two") == ["a"]


def test_a_released_document_is_free_in_its_place() -> None:
    queue, _ = queue_of("abc")
    lent(queue, "one", 2)
    queue.release("one")
    queue.release("never seen")
    assert queue.waiting("two") == ["a", "b", "c"]


def test_a_tab_keeps_its_documents_as_long_as_it_asks_and_loses_them_after() -> None:
    queue, clock = queue_of("abc")
    lent(queue, "one", 2)
    clock.now = LOST - 1
    assert queue.waiting("two") == ["c"]
    assert queue.waiting("one") == ["a", "b", "c"]
    clock.now = 2 * LOST - 2
    assert queue.waiting("two") == ["c"]
    clock.now = 2 * LOST - 1
    assert queue.waiting("two") == ["a", "b", "c"]
