"""The label store: what holds of what people said, undone, after a crash, from several processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classemb_index.errors import LabelStoreError, RequestError
from classemb_index.labels.log import Answer, Note, Pick
from classemb_index.labels.store import LABELS, LabelStore

YES, NO = Answer("d1", "cocoa", "yes"), Answer("d1", "cocoa", "no")


def test_a_store_that_nobody_wrote_to_is_empty_and_makes_no_file(store: LabelStore) -> None:
    assert (store.state(), store.actions(), store.read().batches) == ([], [], ())
    store.check()
    assert not store.path.exists()


def test_the_latest_answer_of_a_document_and_class_holds(store: LabelStore) -> None:
    other = Answer("d2", "cocoa", "no")
    assert store.record([YES, other], annotator="ada", origin="b1.csv") == 1
    assert store.record([NO]) == 2
    assert sorted(store.state()) == [NO, other]
    first, second = store.actions()
    assert (first.annotator, first.origin, first.documents) == ("ada", "b1.csv", 2)
    assert (second.annotator, second.origin, second.documents) == ("", "", 1)
    assert first.at.endswith("+00:00") and first.at <= second.at


def test_of_one_action_the_last_answer_holds(store: LabelStore) -> None:
    store.record([YES, NO, YES])
    assert store.state() == [YES]


def test_what_held_before_an_undone_action_holds_again(store: LabelStore) -> None:
    store.record([YES])
    store.record([NO])
    (undone,) = store.undo()
    assert undone.number == 2
    assert store.state() == [YES]
    assert [(a.number, a.undoes, a.is_undone) for a in store.actions()] == [
        (1, None, False),
        (2, None, True),
        (3, 2, False),
    ]
    store.undo()  # goes on behind the undone one
    assert store.state() == []


def test_undo_refuses_more_than_there_is(store: LabelStore) -> None:
    store.record([YES])
    with pytest.raises(RequestError) as error:
        store.undo(2)
    assert str(error.value) == "asked to undo 2 actions, 1 can be undone; see: labels log"
    assert store.state() == [YES]


def test_undo_of_nothing_makes_no_file(store: LabelStore) -> None:
    with pytest.raises(RequestError) as error:
        store.undo()
    assert str(error.value) == "asked to undo 1 actions, 0 can be undone; see: labels log"
    assert not store.path.exists()


def test_a_skip_is_of_the_document_and_leaves_its_answers(store: LabelStore) -> None:
    skip = Answer("d1", None, "skip")
    store.record([YES, skip])
    assert sorted(store.state(), key=str) == sorted([YES, skip], key=str)


def test_batches_keep_who_got_which_document_and_why(store: LabelStore) -> None:
    picks = (Pick("d7", "cocoa", "cold start"), Pick("d3", None, ""))
    assert store.hand_out(picks, "portfolio", annotator="ada", origin="b1.csv") == 1
    store.hand_out([Pick("d1", None, "")], "random")
    first, second = store.read().batches
    assert (first.number, first.annotator, first.strategy) == (1, "ada", "portfolio")
    assert first.picks == picks
    assert (second.number, second.strategy) == (2, "random")
    store.undo()
    assert store.read().batches == (first,)
    assert store.state() == []


def test_names_and_ids_come_back_as_they_were(store: LabelStore) -> None:
    answers = [
        Answer(id_, name, "yes") for id_ in ("007", "7", "a\nb", "é") for name in ("x", "x;y", "'")
    ]
    store.record(answers)
    assert sorted(store.state()) == sorted(answers)


def test_nothing_of_an_action_stands_that_fails_half_way(store: LabelStore) -> None:
    def answers() -> Iterator[Answer]:
        yield YES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.record(answers())
    assert (store.state(), store.actions()) == ([], [])


@pytest.mark.parametrize("table", ["classes", "actions", "picks", "answers", "notes"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid + 9"])
def test_the_log_refuses_to_be_rewritten(store: LabelStore, change: str, table: str) -> None:
    store.record([YES], notes=[Note("d1", "smells")])
    store.hand_out([Pick("d7", "cocoa", "")], "random")
    with (
        sqlite3.connect(store.path) as raw,
        pytest.raises(sqlite3.IntegrityError, match="append only"),
    ):
        raw.execute(change.format(table))
    raw.close()
    assert store.state() == [YES]


def test_a_newer_schema_is_refused_and_left_as_it_is(store: LabelStore) -> None:
    store.record([YES])
    raw = sqlite3.connect(store.path)
    raw.execute("PRAGMA user_version = 3")
    raw.close()
    for touch in (store.state, lambda: store.record([NO]), store.actions):
        with pytest.raises(LabelStoreError) as error:
            touch()
        assert str(error.value) == (
            f"{store.path} has schema 3, this version reads up to 2; upgrade classemb-index"
        )


def test_a_file_that_is_no_store_is_told(store: LabelStore) -> None:
    store.path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(LabelStoreError) as error:
        store.state()
    assert str(error.value) == (
        f"{store.path} is damaged: file is not a database; put a copy of it in its place, or "
        f"recover it with: sqlite3 {LABELS} .recover"
    )


def test_an_answer_stands_when_the_call_returns_also_after_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from classemb_index.labels.store import Answer, LabelStore\n"
        "store = LabelStore(sys.argv[1])\n"
        "for i in range(10_000):\n"
        "    store.record([Answer(f'd{i}', 'cocoa', 'yes')])\n"
        "    print(i, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout as lines:
        for _ in range(20):
            lines.readline()
        child.send_signal(signal.SIGKILL)
        told = 19
        for line in lines:
            told = int(line)
    assert child.wait() == -signal.SIGKILL
    held = {answer.document for answer in LabelStore(tmp_path).state()}
    assert held >= {f"d{i}" for i in range(told + 1)}
    LabelStore(tmp_path).check()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from classemb_index.labels.store import Answer, LabelStore\n"
        "for i in range(30):\n"
        "    LabelStore(sys.argv[1]).record([Answer(f'{sys.argv[2]}{i}', 'cocoa', 'yes')])\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), who], env=os.environ)
        for who in ("a", "b")
    ]
    assert [child.wait() for child in children] == [0, 0]
    assert len(LabelStore(tmp_path).state()) == len(LabelStore(tmp_path).actions()) == 60


def test_a_store_that_is_gone_is_told_and_not_begun_anew(store: LabelStore) -> None:
    store.record([YES])
    store.path.unlink()
    for touch in (store.state, lambda: store.record([NO]), store.last_action):
        with pytest.raises(LabelStoreError) as error:
            touch()
        assert str(error.value) == (
            f"{store.path} is gone, with the answers in it; put it or a copy back in its place"
        )
    assert not store.path.exists()


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "gone")

    def hand_out() -> None:
        with store.handing_out():
            pass

    for touch in (lambda: store.record([YES]), hand_out):
        with pytest.raises(LabelStoreError) as error:
            touch()
        assert str(error.value) == (
            f"the folder {store.path.parent} is gone, so nothing can be written; put it back"
        )
    assert not store.path.parent.exists()
