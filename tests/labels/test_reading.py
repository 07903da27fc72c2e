"""A store that is read on: the same as one that is read whole, whatever was written in between."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from classemb_index import Pool, Record
from classemb_index.errors import RequestError
from classemb_index.labels import changes
from classemb_index.labels.annotation import Annotation
from classemb_index.labels.log import Answer, Note, Pick
from classemb_index.labels.store import LabelStore

IDS = [f"d{i}" for i in range(8)]


@pytest.fixture
def pool() -> Pool:
    own = [("a",), None, ("b", "c"), None, None, (), None, None]
    records = [
        Record(id_, f"text {id_}", labels, None) for id_, labels in zip(IDS, own, strict=True)
    ]
    return Pool.from_records(records, classes={"rare": ["a", "b"], "frequent": ["c"]})


def write_something(store: LabelStore, present: Pool, rng: np.random.Generator) -> None:
    """An action as people write them: answers most of the time, else all that there is."""
    classes, who = present.classes, str(rng.choice(["ada", "bob"]))
    kind = rng.choice(["answer"] * 6 + ["skip", "note", "hand out", "undo", "change", "change"])
    document, name = str(rng.choice([*IDS, "elsewhere"])), str(rng.choice(classes))
    if kind == "answer":
        said = rng.choice(["yes", "no"], size=len(classes))
        store.record(map(Answer, [document] * len(said), classes, said), annotator=who)
    elif kind == "skip":
        store.record([Answer(document, None, "skip")], annotator=who)
    elif kind == "note":
        store.record([], notes=[Note(document, str(rng.choice(["?", "!", ""])))], annotator=who)
    elif kind == "hand out":
        picks = [Pick(str(id_), name, "name") for id_ in rng.choice(IDS, 2, replace=False)]
        store.hand_out(picks, "portfolio", offered=classes, annotator=who)
    elif kind == "undo":
        store.undo()
    else:
        other, new = str(rng.choice(classes)), f"new {rng.integers(6)}"
        change = rng.integers(4)
        try:
            store.change_classes(
                changes.added(present, new)
                if change == 0
                else changes.renamed(present, name, new)
                if change == 1
                else changes.merged(present, name, other)
                if change == 2
                else changes.removed(present, name)
            )
        except RequestError:  # the name is taken, or both are one class
            store.record([])


@pytest.mark.parametrize("seed", range(6))
def test_what_is_read_on_is_what_is_read_whole(pool: Pool, tmp_path: Path, seed: int) -> None:
    store, rng = LabelStore(tmp_path), np.random.default_rng(seed)
    store.record([Answer("d1", "a", "yes")])
    found = Annotation.of(pool, store)
    for _ in range(60):
        if len(found.pool.classes) < 2:
            break
        held = found.pool.labels.copy(), found.pool.known.copy(), found.skipped.copy()
        before = found
        write_something(store, before.pool, rng)
        found = Annotation.of(pool, store, before)
        whole = Annotation.of(pool, LabelStore(tmp_path))
        assert found.pool.classes == whole.pool.classes
        assert found.pool.groups == whole.pool.groups
        assert found.pool.former_names == whole.pool.former_names
        for one, other in (
            (found.pool.labels, whole.pool.labels),
            (found.pool.known, whole.pool.known),
            (found.pool.is_known, whole.pool.is_known),
            (found.answered, whole.answered),
            (found.skipped, whole.skipped),
        ):
            np.testing.assert_array_equal(one, other)
        assert (found.digest, found.log) == (whole.digest, whole.log)
        assert found.log.last == store.last_action() == len(store.actions())
        assert found.said_by == whole.said_by
        for one, other in zip(
            (before.pool.labels, before.pool.known, before.skipped), held, strict=True
        ):
            np.testing.assert_array_equal(one, other)  # what was read before stays as it was


def test_another_file_in_its_place_is_read_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    store, other = LabelStore(tmp_path), LabelStore(tmp_path / "other")
    store.record([Answer("d1", "a", "yes")])
    store.record([Answer("d2", "a", "yes")])
    assert len(store.read().answers) == 2
    other.record([Answer("d3", "b", "no")])
    shutil.copy(other.path, tmp_path / "copy")
    other_wal = other.path.with_name(other.path.name + "-wal")
    for suffix in ("-wal", "-shm"):
        store.path.with_name(store.path.name + suffix).unlink(missing_ok=True)
    if other_wal.exists():
        shutil.copy(other_wal, store.path.with_name(store.path.name + "-wal"))
    (tmp_path / "copy").rename(store.path)
    assert [answer[1] for answer in store.read().answers] == ["d3"]


def test_a_practice_begins_with_no_label_and_in_a_file_of_its_own(
    pool: Pool, tmp_path: Path
) -> None:
    practice = LabelStore(tmp_path, name="practice.sqlite")
    hidden = pool.for_practice()
    begun = Annotation.of(hidden, practice)
    assert hidden.classes == begun.pool.classes == pool.classes
    assert begun.pool.is_known.tolist() == [False] * 8
    assert begun.labelled().n_unlabelled == 8
    practice.record([Answer("d0", "a", "no")], annotator="ada")
    after = Annotation.of(hidden, practice)
    assert after.cells_of("d0") == {"a": False, "b": None, "c": None}
    assert {path.name for path in tmp_path.glob("*.sqlite")} == {"practice.sqlite"}
    assert Annotation.of(pool, LabelStore(tmp_path)).pool is pool
    digests = [begun.digest, after.digest, Annotation.of(pool, LabelStore(tmp_path)).digest]
    assert len(set(digests)) == 3 and digests[2] == ""


def test_documents_that_cannot_be_selected_stay_so_in_a_practice() -> None:
    records = [Record("1", "a", ("x",), "train"), Record("2", "b", ("x",), "test")]
    hidden = Pool.from_records(records).for_practice()
    assert hidden.selectable.tolist() == [True, False]
    assert hidden.known_labels(1) is None


def test_ids_are_not_looked_up_again_for_other_labels(pool: Pool) -> None:
    rows = pool.row_of
    assert pool.for_practice().row_of is rows
