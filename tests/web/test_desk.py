"""The desk: leases, restarts, overlap, undo, conflicts, retries, classes that change meanwhile."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import ModelError, RequestError, UnknownClassError
from classemb_index.labels import changes
from classemb_index.labels.annotation import answers_to
from classemb_index.labels.labelled import LabelledSet, nothing_labelled
from classemb_index.labels.log import Answer, Pick
from classemb_index.labels.schema import EVALUATION, OVERLAP
from classemb_index.labels.store import LabelStore
from classemb_index.strategies.selection import BatchRequest, next_batch
from classemb_index.web.choosing import Choice
from classemb_index.web.conflicts import ConflictError
from classemb_index.web.desk import Desk
from classemb_index.web.handed import Handed, Purpose
from classemb_index.web.workspace import Workspace

N = 120
CLASSES = ["fire", "fall"]


def build(folder: Path, n: int = N, classes: list[str] | None = None) -> Path:
    """An index of n unlabelled documents, each with a direction of its own; no encoder."""
    records = [Record(f"d{i}", f"text {i}", None, None) for i in range(n)]
    pool = Pool.from_records(records, name="plain", classes={"rare": classes or CLASSES})
    vectors = np.random.default_rng(0).standard_normal((n, 8)).astype(np.float32)
    EmbeddingIndex.build(pool, None, folder, embeddings=vectors)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "index")


def desk_of(folder: Path, batch: int = 10, overlap: float = 0.0) -> Desk:
    return Desk(Workspace.open(folder), Choice(batch, "random", overlap))


def wait(desk: Desk, *annotators: str) -> None:
    """Until nothing is being chosen for them."""
    while any(desk.state(annotator).is_choosing for annotator in annotators):
        time.sleep(0.005)
        for annotator in annotators:
            desk.next(annotator, "waiting", 0)


def given(
    desk: Desk, annotator: str, tab: str = "t1", n: int = 3, purpose: Purpose = "training"
) -> list[Handed]:
    """The next documents, once they are chosen."""
    while not (handed := desk.next(annotator, tab, n, purpose)):
        if not desk.state(annotator, purpose).is_choosing:
            break
        time.sleep(0.005)
    return handed


def ids(handed: list[Handed]) -> list[str]:
    return [own.document for own in handed]


def answer(
    desk: Desk, own: Handed, annotator: str, labels: list[str] | None = None, tab: str = "t1"
) -> int:
    return desk.answer(annotator, tab, own.document, labels or [], CLASSES, seen=own.seen)


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(RequestError) as error:
        call()
    return str(error.value)


# who gets what


def test_a_tab_gets_what_it_has_first_and_no_other_tab_gets_that(folder: Path) -> None:
    desk = desk_of(folder)
    first = given(desk, "ada", "t1", 3)
    second = given(desk, "ada", "t2", 3)
    other = given(desk, "bob", "t3", 3)
    assert len({*ids(first), *ids(second), *ids(other)}) == 9
    assert desk.next("ada", "t1", 3) == first
    assert ids(desk.next("ada", "t1", 4))[:3] == ids(first)
    assert ids(desk.next("ada", "t1", 1)) == ids(first)[:1]
    assert [own.strategy for own in first] == ["random"] * 3
    log = LabelStore(folder).read()
    assert {(batch.annotator, len(batch.picks)) for batch in log.batches} == {
        ("ada", 10),
        ("bob", 10),
    }


def test_a_closed_tab_frees_its_documents_in_their_place(folder: Path) -> None:
    desk = desk_of(folder)
    first = given(desk, "ada", "t1", 3)
    second = desk.next("ada", "t2", 2)
    desk.release("t1")
    assert ids(desk.next("ada", "t2", 5)) == ids(second) + ids(first)


def test_tabs_that_were_closed_without_a_word_do_not_starve_a_new_one(folder: Path) -> None:
    desk = desk_of(folder)
    tabs = [given(desk, "ada", f"t{i}", 4) for i in range(7)]
    assert all(tabs)
    assert len({own for handed in tabs for own in ids(handed)}) == sum(map(len, tabs))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_tabs_do_at_once_no_document_is_answered_twice(folder: Path, seed: int) -> None:
    desk = desk_of(folder, batch=8)
    answered = defaultdict[str, list[str]](list)

    def work(who: tuple[str, str]) -> None:
        annotator, tab = who
        rng = random.Random(f"{seed} {tab}")
        for _ in range(12):
            handed = given(desk, annotator, tab, rng.choice([1, 2, 4]))
            if rng.random() < 0.1:
                desk.release(tab)
                continue
            for own in handed[: rng.choice([1, 2])]:
                answer(desk, own, annotator, rng.choice([["fire"], [], ["fall"]]), tab)
                answered[annotator].append(own.document)

    tabs = [("ada", "a1"), ("ada", "a2"), ("bob", "b1"), ("cleo", "c1")]
    with ThreadPoolExecutor(len(tabs)) as pool:
        list(pool.map(work, tabs))
    wait(desk, "ada", "bob", "cleo")
    store = LabelStore(folder)
    held = defaultdict[str, set[str]](set)
    for batch in store.read().batches:
        for pick in batch.picks:
            held[pick.document].add(batch.annotator)
    assert all(len(who) == 1 for who in held.values())
    in_store = {
        (held_by, answer.document) for answer in store.state() for held_by in held[answer.document]
    }
    assert in_store == {(who, id_) for who, documents in answered.items() for id_ in documents}


def test_the_next_batch_is_there_before_the_last_one_is_used_up(folder: Path) -> None:
    desk = desk_of(folder)
    seen = []
    for _ in range(3):
        for own in given(desk, "ada", n=1):
            answer(desk, own, "ada")
            seen.append(own.document)
    for _ in range(30):
        wait(desk, "ada")
        handed = desk.next("ada", "t1", 1)
        assert handed
        answer(desk, handed[0], "ada")
        seen.append(handed[0].document)
    assert len(set(seen)) == 33
    assert desk.state("ada").answered == desk.state("ada").today == 33


def test_each_batch_learns_from_all_answers_before_it(folder: Path) -> None:
    """With labels of one class to follow, the picks of a strategy that looks at them name it."""
    store = LabelStore(folder)
    store.record([Answer(f"d{i}", "fire", "yes") for i in range(5)], annotator="eve")
    store.record([Answer(f"d{i}", "fall", "yes") for i in range(5, 10)], annotator="eve")
    desk = Desk(Workspace.open(folder), Choice(6, "class-embedding"))
    handed = given(desk, "ada", n=6)
    assert {own.class_name for own in handed} == {"fire", "fall"}
    assert not {*ids(handed)} & {f"d{i}" for i in range(10)}


def test_those_who_wait_are_chosen_for_together_and_dealt_in_turn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, requests = Event(), []

    def slow(
        index: EmbeddingIndex, labelled: LabelledSet, request: BatchRequest, **more: Any
    ) -> Any:
        requests.append(request.size)
        may_go.wait(30)
        return next_batch(index, labelled, request, **more)

    monkeypatch.setattr("classemb_index.web.choosing.next_batch", slow)
    desk = desk_of(folder)
    people = ["ada", "bob", "cleo", "dora"]
    for who in people:
        assert desk.next(who, who) == []
        while not requests:
            time.sleep(0.005)
    may_go.set()
    wait(desk, *people)
    assert requests == [10, 30]
    batches = LabelStore(folder).read().batches
    assert [(batch.annotator, len(batch.picks)) for batch in batches] == [
        (who, 10) for who in people
    ]
    assert len({pick.document for batch in batches for pick in batch.picks}) == 40
    pool = Workspace.open(folder).now().index.pool
    whole = next_batch(
        EmbeddingIndex.open(folder),
        nothing_labelled(pool).without(
            np.isin(pool.ids, [pick.document for pick in batches[0].picks])
        ),
        BatchRequest("random", 30, seed=1),
    )
    for turn, batch in enumerate(batches[1:]):
        assert [pick.document for pick in batch.picks] == whole.ids(pool)[turn::3]


# what is not there


def test_where_nothing_is_left_it_says_so_and_goes_on_when_there_is(tmp_path: Path) -> None:
    folder = build(tmp_path / "small", 3)
    desk = desk_of(folder, batch=10)
    handed = given(desk, "ada", n=10)
    assert len(handed) == 3
    last = [answer(desk, own, "ada") for own in handed][-1]
    assert given(desk, "ada") == []
    assert desk.state("ada").document() == {
        "answered": 3,
        "today": 3,
        "ready": 0,
        "is_choosing": False,
        "why": "every document that can be selected is answered, skipped, or with somebody",
    }
    LabelStore(folder).take_back(last)
    assert ids(given(desk, "ada")) == [handed[-1].document]


def test_without_a_class_it_says_so_and_goes_on_once_there_is_one(tmp_path: Path) -> None:
    pool = Pool.from_records([Record(f"d{i}", f"text {i}", None, None) for i in range(6)])
    EmbeddingIndex.build(pool, None, tmp_path / "bare", embeddings=np.eye(6, dtype=np.float32))
    desk = desk_of(tmp_path / "bare")
    assert given(desk, "ada") == []
    assert desk.state("ada").why == "there is no class to answer for yet; add one under Classes"
    LabelStore(tmp_path / "bare").change_classes(changes.added(pool, "fire"))
    assert len(given(desk, "ada")) == 3
    assert desk.state("ada").why == ""


def test_an_error_of_the_strategy_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ModelError("the model cannot be had")

    monkeypatch.setattr("classemb_index.web.choosing.next_batch", fails)
    desk = desk_of(folder)
    assert given(desk, "ada") == []
    assert desk.state("ada").why == "the model cannot be had"
    assert not caplog.records


def test_an_error_that_nobody_foresaw_is_told_and_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("classemb_index.web.choosing.next_batch", fails)
    desk = desk_of(folder)
    assert given(desk, "ada") == []
    assert desk.state("ada").why == (
        "choosing documents failed: ZeroDivisionError: division by zero"
    )
    assert "Traceback" in caplog.text
    assert given(desk, "ada") == [] and len(caplog.records) == 1  # not tried again at once
    monkeypatch.undo()
    LabelStore(folder).record([Answer("d0", "fire", "no")])
    assert len(given(desk, "ada")) == 3


def test_what_cannot_be_is_refused(folder: Path) -> None:
    workspace = Workspace.open(folder)
    assert message_of(lambda: Desk(workspace, Choice(overlap=1.5))) == (
        "an overlap of 1.5 is no share; --overlap takes a number from 0 to 1, such as 0.1"
    )
    assert message_of(lambda: Desk(workspace, Choice(batch=0))) == (
        "a batch of 0 documents is none; --batch takes 1 or more"
    )


# restarts and other processes


def test_after_a_restart_what_is_out_comes_first_and_in_its_order(folder: Path) -> None:
    desk = desk_of(folder)
    handed = given(desk, "ada", n=10)
    answer(desk, handed[0], "ada")
    desk.answer("ada", "t1", handed[3].document, None, CLASSES, seen=handed[3].seen)
    later = desk_of(folder)
    left = [own for own in handed if own not in (handed[0], handed[3])]
    assert later.next("ada", "t9", 8) == left
    assert later.state("ada").answered == 1
    assert not {*ids(given(later, "bob", n=10))} & {*ids(handed)}


def test_a_server_that_is_killed_loses_and_repeats_nothing(folder: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from classemb_index.web.choosing import Choice\n"
        "from classemb_index.web.desk import Desk\n"
        "from classemb_index.web.workspace import Workspace\n"
        "desk = Desk(Workspace.open(Path(sys.argv[1])), Choice(6, 'random'))\n"
        "while True:\n"
        "    for own in desk.next('ada', 't1', 2):\n"
        "        desk.answer('ada', 't1', own.document, ['fire'], ['fire', 'fall'], seen=own.seen)\n"
        "        print(own.document, flush=True)\n"
        "    if not desk.state('ada').ready and not desk.state('ada').is_choosing:\n"
        "        break\n"
        "    time.sleep(0.001)\n"
    )
    told: list[str] = []
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        with child.stdout as lines:
            told += [lines.readline().strip() for _ in range(9)]
            child.send_signal(signal.SIGKILL)
            told += [line.strip() for line in lines if line.endswith("\n")]
        child.wait()
    held = {answer.document for answer in LabelStore(folder).state()}
    assert Counter(told).most_common(1)[0][1] == 1
    assert held >= {*told} and len(held) <= len(told) + 3  # the last one of each may be untold
    desk = desk_of(folder)
    rest = []
    while handed := given(desk, "ada", n=5):
        for own in handed:
            answer(desk, own, "ada")
            rest.append(own.document)
    assert {*rest} | held == {f"d{i}" for i in range(N)}
    assert not {*rest} & held


def test_what_other_processes_answer_hand_out_and_take_back_is_seen(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    handed = given(desk, "ada", n=4)
    store.record(answers_to(handed[0].document, ["fire"], CLASSES), annotator="bob")
    store.record(answers_to(handed[1].document, None, ()), annotator="bob")
    assert ids(desk.next("ada", "t1", 2)) == ids(handed)[2:]
    out = store.hand_out([Pick("d0", None, ""), Pick("d1", None, "")], "random", annotator="cleo")
    assert ids(desk.next("cleo", "t5", 2)) == ["d0", "d1"]
    wait(desk, "cleo")
    assert store.read().batches[-1].number > out


def test_a_batch_that_is_taken_back_is_not_handed_on(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    first = desk.next("ada", "t1", 3) or given(desk, "ada")
    assert [action.number for action in store.undo()] == [1]
    handed = given(desk, "ada", n=10)
    assert len(first) == 3 and len(handed) == 10
    (batch,) = store.read().batches
    assert {pick.document for pick in batch.picks} == {*ids(handed)}
    assert batch.number == 3


# overlap


@pytest.mark.parametrize("overlap", [0.1, 0.29, 0.5])
def test_the_share_that_two_answer_is_exact_at_every_point(tmp_path: Path, overlap: float) -> None:
    folder = build(tmp_path / "large", 600)
    desk = desk_of(folder, batch=10, overlap=overlap)
    for own in given(desk, "eve", n=100):
        answer(desk, own, "eve")
    while len(LabelStore(folder).state()) < 100 * len(CLASSES):
        for own in given(desk, "eve", n=10):
            answer(desk, own, "eve")
    seen: list[Handed] = []
    while len(seen) < 60:
        wait(desk, "ada")
        for own in given(desk, "ada", n=1):
            answer(desk, own, "ada")
            seen.append(own)
            expected = int(len(seen) * overlap + 1e-9)
            assert sum(each.strategy == OVERLAP for each in seen) == expected
    held = defaultdict[str, set[str]](set)
    for batch in LabelStore(folder).read().batches:
        for pick in batch.picks:
            assert batch.annotator not in held[pick.document]
            held[pick.document].add(batch.annotator)
    assert max(len(who) for who in held.values()) == 2
    assert all((len(held[own.document]) == 2) == (own.strategy == OVERLAP) for own in seen)


def test_at_most_two_get_a_document_and_none_their_own(folder: Path) -> None:
    desk = desk_of(folder, batch=6, overlap=0.5)
    people = ["ada", "bob", "cleo"]
    for _ in range(6):
        for who in people:
            wait(desk, *people)
            for own in given(desk, who, who, 4):
                answer(desk, own, who, tab=who)
    held = defaultdict[str, list[str]](list)
    for batch in LabelStore(folder).read().batches:
        for pick in batch.picks:
            held[pick.document].append(batch.annotator)
    assert {len(who) for who in held.values()} == {1, 2}
    assert all(len({*who}) == len(who) for who in held.values())


def test_two_who_answer_one_document_may_differ_and_do_not_see_each_other(folder: Path) -> None:
    desk = desk_of(folder, batch=4, overlap=0.5)
    first = given(desk, "ada", n=4)
    second = given(desk, "bob", "t2", 4)
    shared = [own for own in second if own.strategy == OVERLAP]
    assert len(shared) == 2 and {*ids(shared)} <= {*ids(first)}
    for own in shared:
        answer(desk, own, "bob", ["fire"], "t2")
    assert ids(desk.next("ada", "t1", 4)) == ids(first)  # hers still
    for own in first:
        answer(desk, own, "ada", ["fall"])
    said = LabelStore(folder).standing(shared[0].document).said_by
    assert said["fire"] == {"bob": "yes", "ada": "no"}


# answers


def test_an_answer_says_yes_and_no_to_what_was_shown_and_nothing_of_the_rest(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    first, second, third = given(desk, "ada")
    desk.answer("ada", "t1", first.document, ["fire"], CLASSES, note="dry bin", seen=first.seen)
    desk.answer("ada", "t1", second.document, [], ["fall"], seen=second.seen)
    number = desk.answer("ada", "t1", third.document, None, CLASSES, seen=third.seen)
    assert {*store.state()} == {
        Answer(first.document, "fire", "yes"),
        Answer(first.document, "fall", "no"),
        Answer(second.document, "fall", "no"),
        Answer(third.document, None, "skip"),
    }
    assert store.read().notes == {first.document: {"ada": "dry bin"}}
    assert store.last_action() == number
    assert {action.origin for action in store.actions()} == {"annotate"}
    assert desk.state("ada").answered == 2
    assert message_of(lambda: desk.answer("ada", "t1", "d999", [], CLASSES)) == (
        "no document 'd999' in the pool"
    )
    assert message_of(lambda: desk.answer("ada", "t1", "d1", [], [])) == (
        "no class was shown, so there is nothing to answer; skip it instead"
    )
    with pytest.raises(UnknownClassError, match="no class 'flood'; load the page again"):
        desk.answer("ada", "t1", "d1", ["flood"], CLASSES)


def test_an_answer_that_is_sent_twice_is_written_once(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    (own,) = given(desk, "ada", n=1)
    sent = {"note": "?", "seen": own.seen}
    number = desk.answer("ada", "t1", own.document, ["fire"], CLASSES, note="?", seen=own.seen)
    last = store.last_action()
    again = desk.answer("ada", "t1", own.document, ["fire"], CLASSES, note="?", seen=own.seen)
    assert (again, store.last_action(), sent["note"]) == (number, last, "?")
    store.record(answers_to(own.document, ["fall"], CLASSES), annotator="bob")
    assert desk.answer("ada", "t1", own.document, ["fire"], CLASSES, seen=own.seen) == number
    assert store.last_action() == last + 1
    (skipped,) = given(desk, "ada", n=1)
    numbers = {
        desk.answer("ada", "t1", skipped.document, None, CLASSES, seen=skipped.seen)
        for _ in range(3)
    }
    assert len(numbers) == 1


def test_another_answer_of_the_same_annotator_is_written(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    (own,) = given(desk, "ada", n=1)
    first = answer(desk, own, "ada", ["fire"])
    second = desk.answer("ada", "t1", own.document, ["fall"], CLASSES, seen=first)
    third = desk.answer("ada", "t1", own.document, ["fall"], CLASSES, note="both?", seen=second)
    assert first < second < third
    assert store.standing(own.document).notes == {"ada": "both?"}
    fourth = desk.answer("ada", "t1", own.document, ["fall"], CLASSES, note="", seen=third)
    assert fourth > third and store.standing(own.document).notes == {}


def test_an_answer_that_came_meanwhile_and_differs_is_told_and_replaced_on_request(
    folder: Path,
) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    one, two, three = given(desk, "ada")
    store.record(answers_to(one.document, ["fall"], CLASSES), annotator="bob")
    store.record(answers_to(two.document, ["fire"], CLASSES), annotator="bob")
    store.record(answers_to(three.document, None, ()), annotator="bob")
    last = store.last_action()
    with pytest.raises(ConflictError) as error:
        answer(desk, one, "ada", ["fire"])
    assert str(error.value) == f"bob answered {one.document!r} since it was shown to you: fall"
    with pytest.raises(ConflictError) as error:
        answer(desk, three, "ada", ["fire"])
    assert str(error.value) == f"bob skipped {three.document!r} since it was shown to you"
    with pytest.raises(ConflictError):
        desk.answer("ada", "t1", one.document, None, CLASSES, seen=one.seen)
    assert store.last_action() == last
    assert answer(desk, two, "ada", ["fire"]) == last + 1  # the same: both say so
    number = desk.answer("ada", "t1", one.document, ["fire"], CLASSES, seen=one.seen, replace=True)
    assert number == last + 2
    assert store.standing(one.document).said_by["fire"] == {"bob": "no", "ada": "yes"}


def test_ones_own_answer_in_another_tab_is_a_conflict_too(folder: Path) -> None:
    desk = desk_of(folder)
    (own,) = given(desk, "ada", n=1)
    answer(desk, own, "ada", ["fire"], tab="found")
    with pytest.raises(ConflictError) as error:
        answer(desk, own, "ada", [])
    assert str(error.value) == f"you answered {own.document!r} since it was shown to you: fire"


def test_what_somebody_said_before_it_was_shown_is_no_conflict(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    first = store.record(answers_to("d5", ["fall"], CLASSES), annotator="bob")
    assert desk.answer("ada", "t1", "d5", ["fire"], CLASSES, seen=first) == first + 1


def test_an_answer_to_a_part_of_the_classes_conflicts_with_that_part_alone(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    store.record([Answer("d5", "fall", "yes")], annotator="bob")
    assert desk.answer("ada", "t1", "d5", ["fire"], ["fire"]) == 2
    with pytest.raises(ConflictError):
        desk.answer("ada", "t1", "d5", ["fire"], CLASSES)


# undo


def test_undo_gives_the_document_back_to_the_tab_with_what_was_answered(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    one, two, three = given(desk, "ada")
    answer(desk, one, "ada", ["fire"])
    desk.answer("ada", "t1", two.document, None, CLASSES, seen=two.seen)
    handed, labels = desk.undo("ada", "t1")
    assert (handed.document, handed.strategy, labels) == (two.document, "random", None)
    handed, labels = desk.undo("ada", "t1")
    assert (handed.document, labels) == (one.document, ["fire"])
    assert store.state() == []
    assert ids(desk.next("ada", "t1", 3)) == [one.document, two.document, three.document]
    assert desk.state("ada").answered == 0
    assert message_of(lambda: desk.undo("ada", "t1")) == (
        "there is no answer of yours on this page to take back"
    )
    answer(desk, desk.next("ada", "t1", 1)[0], "ada", ["fall"])
    assert desk.state("ada").answered == 1


def test_undo_is_of_ones_own_answers_and_goes_on_after_a_restart(folder: Path) -> None:
    desk = desk_of(folder)
    ada, bob = given(desk, "ada", n=1), given(desk, "bob", "t2", 1)
    answer(desk, ada[0], "ada", ["fire"])
    answer(desk, bob[0], "bob", ["fall"], "t2")
    later = desk_of(folder)
    handed, labels = later.undo("ada", "t7")
    assert (handed.document, labels) == (ada[0].document, ["fire"])
    assert later.next("ada", "t7", 1) == [handed]
    assert {answer.document for answer in LabelStore(folder).state()} == {bob[0].document}


def test_undo_of_a_document_that_was_found_gives_it_without_a_reason(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    desk.answer("ada", "t1", "d7", ["fire"], CLASSES)
    store.record(answers_to("d7", ["fall"], CLASSES), annotator="bob")
    handed, labels = desk.undo("ada", "t1")
    assert handed == Handed("d7", None, "", "", 2, "")
    assert labels == ["fire"]
    assert desk.next("ada", "t1", 1) == [handed]
    assert desk.answer("ada", "t1", "d7", ["fire"], CLASSES, seen=handed.seen) > 3
    assert store.standing("d7").said_by["fire"] == {"bob": "no", "ada": "yes"}


# a sample for measurement


def test_a_sample_is_answered_for_evaluation_only_and_by_whoever_comes(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    assert desk.next("ada", "t1", 3, "evaluation") == []
    assert desk.state("ada", "evaluation").why == "no sample was drawn to measure a model on yet"
    sample = [f"d{i}" for i in range(6)]
    picks = [Pick(document, None, "s1") for document in sample]
    store.hand_out([Pick("d50", None, "s0")], EVALUATION, annotator="ada")
    store.hand_out(picks, EVALUATION, offered=CLASSES, annotator="ada")
    ada = given(desk, "ada", "t1", 2, "evaluation")
    bob = given(desk, "bob", "t2", 2, "evaluation")
    assert ids(ada) + ids(bob) == ["d0", "d1", "d2", "d3"]
    assert {own.strategy for own in ada} == {EVALUATION}
    answer(desk, ada[0], "ada", ["fire"])
    handed, labels = desk.undo("ada", "t1")
    assert (handed.document, handed.strategy, labels) == ("d0", EVALUATION, ["fire"])
    for own in ada + bob:
        answer(desk, own, "ada", ["fire"])
    later = desk_of(folder)
    assert ids(later.next("cleo", "t3", 9, "evaluation")) == ["d4", "d5"]
    for own in later.next("cleo", "t3", 9, "evaluation"):
        answer(later, own, "cleo", [], "t3")
    assert later.next("cleo", "t3", 9, "evaluation") == []
    assert (
        later.state("cleo", "evaluation").why
        == "every document of the sample is answered or skipped"
    )
    trained = []
    while handed_out := given(later, "dora", n=10):
        for own in handed_out:
            answer(later, own, "dora")
            trained.append(own.document)
    assert {*trained} == {f"d{i}" for i in range(N)} - {*sample, "d50"}


# classes that change


def test_classes_may_change_while_documents_are_out(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    pool = Workspace.open(folder).now().index.pool
    one, two, three = given(desk, "ada")
    store.change_classes(changes.renamed(pool, "fire", "blaze"))
    answer(desk, one, "ada", ["fire"])  # the page still shows the old names
    now = Workspace.open(folder).now()
    assert now.annotation.cells_of(one.document) == {"blaze": True, "fall": False}
    store.change_classes(changes.added(now.index.pool, "leak"))
    answer(desk, two, "ada", ["fire"])
    assert desk.answer("ada", "t1", three.document, ["leak"], ["blaze", "fall", "leak"]) > 0
    now = Workspace.open(folder).now()
    assert now.annotation.cells_of(two.document) == {"blaze": True, "fall": False, "leak": None}
    assert now.annotation.cells_of(three.document)["leak"] is True
    store.change_classes(changes.merged(now.index.pool, "leak", "fall"))
    (four,) = given(desk, "ada", n=1)
    desk.answer("ada", "t1", four.document, ["leak"], ["blaze", "fall", "leak"], seen=four.seen)
    now = Workspace.open(folder).now()
    assert now.annotation.cells_of(four.document) == {"blaze": False, "fall": True}
    store.change_classes(changes.removed(now.index.pool, "fall"))
    (five,) = given(desk, "ada", n=1)
    desk.answer("ada", "t1", five.document, ["fall"], ["blaze", "fall"], seen=five.seen)
    store.undo(2)  # the answer, and the removal
    answer(desk, five, "ada", ["fall"])
    assert Workspace.open(folder).now().annotation.cells_of(five.document)["fall"] is True
    assert len(given(desk, "ada", n=10)) >= 5


def test_the_class_that_asked_has_its_present_name(folder: Path) -> None:
    desk, store = desk_of(folder), LabelStore(folder)
    pool = Workspace.open(folder).now().index.pool
    store.hand_out(
        [Pick("d1", "fire", "name"), Pick("d2", "fall", "name")], "portfolio", annotator="ada"
    )
    store.change_classes(changes.renamed(pool, "fire", "blaze"))
    store.change_classes(changes.removed(pool, "fall"))
    assert [(own.class_name, own.step) for own in desk.next("ada", "t1", 2)] == [
        ("blaze", "name"),
        (None, "name"),
    ]
