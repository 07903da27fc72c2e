"""Notes beside documents: whose they are, how long they stand, out in a table and back again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from classemb_index import Pool
from classemb_index.errors import LabelStoreError, RequestError
from classemb_index.labels.annotation import Annotation
from classemb_index.labels.exchange.base import Filled
from classemb_index.labels.exchange.files import read_filled, write_labels
from classemb_index.labels.imports import examine, import_labels
from classemb_index.labels.log import Answer, Note
from classemb_index.labels.store import LabelStore

FIRST_SCHEMA = Path(__file__).parent.parent / "fixtures" / "old" / "labels-schema-1.sql"
FORMS = (".csv", ".tsv", ".jsonl", ".jsonl.gz", ".parquet")
FIRE = Answer("1", "fire", "yes")


@pytest.fixture
def first(tmp_path: Path) -> LabelStore:
    """A store as the earlier version wrote it: a batch, two answers, a skip, a renaming, an undo."""
    folder = tmp_path / "first"
    folder.mkdir()
    store = LabelStore(folder)
    with closing(sqlite3.connect(store.path)) as file:
        file.executescript(FIRST_SCHEMA.read_text(encoding="utf-8"))
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA user_version = 1")
    return store


def version_of(store: LabelStore) -> int:
    with closing(sqlite3.connect(store.path)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])


def test_an_answer_and_its_note_are_one_action_and_undone_together(store: LabelStore) -> None:
    store.record([FIRE], notes=[Note("1", "a bin")], annotator="ada")
    assert store.read().notes == {"1": {"ada": "a bin"}}
    assert [(action.number, action.documents) for action in store.actions()] == [(1, 1)]
    store.undo()
    assert (store.read().notes, store.state()) == ({}, [])


def test_a_note_stands_until_its_own_annotator_writes_another(store: LabelStore) -> None:
    store.record([], notes=[Note("1", "smoke?"), Note("2", "dup of 1")], annotator="ada")
    store.record([FIRE], annotator="ada")
    store.record([], notes=[Note("1", "smoke!")], annotator="bob")
    store.record([], notes=[Note("1", "steam"), Note("1", "no, steam")], annotator="ada")
    store.record([], notes=[Note("2", "")], annotator="bob")
    assert store.read().notes == {
        "1": {"bob": "smoke!", "ada": "no, steam"},
        "2": {"ada": "dup of 1"},
    }
    assert list(store.read().notes["1"]) == ["bob", "ada"]  # the latest last
    store.record([], notes=[Note("2", "")], annotator="ada")
    assert store.read().notes == {"1": {"bob": "smoke!", "ada": "no, steam"}}
    store.undo(3)
    assert store.read().notes == {"1": {"ada": "smoke?", "bob": "smoke!"}, "2": {"ada": "dup of 1"}}


def test_a_store_of_the_first_schema_is_read_as_it_is(first: LabelStore) -> None:
    before = first.path.read_bytes()
    log = first.read()
    assert sorted(first.state(), key=str) == sorted(
        [
            Answer("d1", "cacao", "yes"),
            Answer("d1", "gold", "no"),
            Answer("d2", None, "skip"),
        ],
        key=str,
    )
    assert (log.notes, [len(batch.picks) for batch in log.batches]) == ({}, [2])
    assert [(action.number, action.documents) for action in first.actions()] == [
        (1, 2),
        (2, 1),
        (3, 1),
        (4, 0),
        (5, 1),
        (6, 0),
    ]
    assert (first.path.read_bytes(), version_of(first)) == (before, 1)


def test_the_first_write_gives_it_the_present_schema(first: LabelStore, store: LabelStore) -> None:
    held = first.state()
    first.record([], notes=[Note("d1", "beans")], annotator="ada")
    assert (first.state(), version_of(first)) == (held, 2)
    assert first.read().notes == {"d1": {"ada": "beans"}}
    store.record([FIRE])
    schemas = []
    for each in (first, store):
        with closing(sqlite3.connect(each.path)) as file:
            found = file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")
            schemas.append(
                [(kind, name, " ".join((sql or "").split())) for kind, name, sql in found]
            )
    assert schemas[0] == schemas[1]


def test_nothing_of_the_present_schema_is_there_when_the_first_write_fails(
    first: LabelStore,
) -> None:
    with pytest.raises(TypeError):
        first.record([Answer("d1", "gold", "yes"), None])  # type: ignore[list-item]
    assert version_of(first) == 1
    assert len(first.actions()) == 6


def test_a_database_of_another_program_gets_no_tables(store: LabelStore) -> None:
    with closing(sqlite3.connect(store.path)) as file:
        file.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(LabelStoreError):
        store.record([FIRE])
    with closing(sqlite3.connect(store.path)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


@pytest.mark.parametrize("form", FORMS)
def test_notes_go_out_in_a_table_and_come_back(
    pool: Pool, store: LabelStore, tmp_path: Path, form: str
) -> None:
    store.record([FIRE], notes=[Note("1", 'Rauch, "Öl"\n火 🔥')], annotator="ada")
    store.record([Answer("2", "fire", "no")], annotator="ada")
    store.record([], notes=[Note("3", "what is this?")], annotator="ada")
    annotation = Annotation.of(pool, store)
    path = tmp_path / f"labels{form}"
    assert write_labels(annotation.pool, path, notes=annotation.log.notes) == (0, 1)
    rows = {row.document: row.note for row in read_filled(path)}
    assert rows == {"1": 'Rauch, "Öl"\n火 🔥', "2": None}
    other = LabelStore(tmp_path / "other")
    other.path.parent.mkdir()
    found = import_labels(Annotation.of(pool, other), other, read_filled(path), annotator="bob")
    assert found.document()["notes"] == 1
    assert other.read().notes == {"1": {"bob": 'Rauch, "Öl"\n火 🔥'}}
    again = examine(Annotation.of(pool, other), read_filled(path), annotator="cleo")
    assert again.notes == ()


def test_notes_of_several_people_go_out_with_their_names_and_are_not_new_when_they_come_back(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    store.record([FIRE], notes=[Note("1", "a bin")], annotator="ada")
    store.record([], notes=[Note("1", "paper")], annotator="bob")
    store.record([], notes=[Note("1", "why?")])
    annotation = Annotation.of(pool, store)
    path = tmp_path / "labels.csv"
    write_labels(annotation.pool, path, notes=annotation.log.notes)
    (row,) = read_filled(path)
    assert row.note == "ada: a bin\nbob: paper\nwhy?"
    assert examine(annotation, [row], annotator="dora").notes == ()


def test_a_table_without_any_note_has_no_such_column(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_labels(pool, path)
    assert path.read_text(encoding="utf-8-sig").splitlines()[0] == (
        "id,text,class,step,score,labels,skip"
    )


def test_a_note_without_a_label_answers_nothing(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    path = tmp_path / "filled.csv"
    path.write_text("id,labels,skip,note\n1,,,ask Eve\n2,fall,, \n3,,x,blank page\n")
    found = import_labels(Annotation.of(pool, store), store, read_filled(path), annotator="ada")
    assert found.sentence(trial=False) == (
        "3 filled rows; 2 accepted; 0 known already; 1 skipped; 0 with answers that differ; 2 notes"
    )
    assert store.read().notes == {"1": {"ada": "ask Eve"}, "3": {"ada": "blank page"}}
    after = Annotation.of(pool, store)
    assert after.pool.is_known.tolist() == [False, True, False]
    assert [action.documents for action in store.actions()] == [3]
    again = examine(Annotation.of(pool, store), read_filled(path), annotator="ada")
    assert (again.accepted, again.unchanged, again.answers, again.notes) == (0, 2, (), ())


def test_the_note_of_a_row_that_differs_is_not_taken_either(pool: Pool, store: LabelStore) -> None:
    store.record([FIRE], annotator="ada")
    row = Filled("line 2", "1", ("fall",), "bob", ("fire", "fall"), note="a fall")
    found = examine(Annotation.of(pool, store), [row])
    assert (len(found.conflicts), found.answers, found.notes) == (1, (), ())
    assert examine(Annotation.of(pool, store), [row], replace=True).notes == (
        ("bob", Note("1", "a fall")),
    )


def test_one_annotator_with_two_notes_on_one_row_twice_is_refused(
    pool: Pool, store: LabelStore
) -> None:
    rows = [Filled(f"line {i}", "1", ("fire",), "bob", note=f"note {i}") for i in (2, 3)]
    with pytest.raises(RequestError) as error:
        examine(Annotation.of(pool, store), rows)
    assert str(error.value) == (
        "line 3: document '1' is answered otherwise in line 2; leave one of them out"
    )


def test_a_note_to_an_unknown_document_is_refused(pool: Pool, store: LabelStore) -> None:
    with pytest.raises(RequestError, match="no document '9' in the pool"):
        examine(Annotation.of(pool, store), [Filled("line 2", "9", (), asked=(), note="?")])
