"""A pool under annotation: batches written, filled in, imported, undone; what is out and what is known."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow.parquet as pq
import pytest

from classemb_index import Batch, EmbeddingIndex, Pool, Record
from classemb_index.errors import ClassembError
from classemb_index.labels import changes
from classemb_index.labels.annotation import Annotation, answers_to, hand_out
from classemb_index.labels.batches import NO_CLASS
from classemb_index.labels.exchange.base import Filled
from classemb_index.labels.exchange.files import check_out, read_filled, write_batch, write_labels
from classemb_index.labels.imports import examine, import_labels
from classemb_index.labels.log import Answer, Pick
from classemb_index.labels.prevalence import estimate_prevalence
from classemb_index.labels.store import LabelStore

CLASSES = {"rare": ["cocoa", "x;y"], "frequent": ["gold"]}
IDS = ("007", "7", "é d", "=1+1", "a,b", "d5")
FORMS = (".csv", ".tsv", ".jsonl", ".jsonl.gz", ".parquet")


@pytest.fixture
def pool() -> Pool:
    """Six documents, the last with gold, the others unlabelled; ids that spreadsheets change."""
    labels = [None] * 5 + [("gold",)]
    return Pool.from_records(
        (Record(id_, f"text of\n{id_}", own, None) for id_, own in zip(IDS, labels, strict=True)),
        classes=CLASSES,
    )


def batch_of(rows: list[int], strategy: str = "portfolio") -> Batch:
    classes = np.array([0] + [NO_CLASS] * (len(rows) - 1))
    return Batch(np.array(rows), classes, ("cold start",) + ("",) * (len(rows) - 1), strategy)


def fill(path: Path, cells: dict[str, str], skip: str = "") -> None:
    """Fills the column `labels` of a CSV file, and `skip` of one document, as a person does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        for row in rows:
            row["labels"] = cells.get(row["id"], "")
            row["skip"] = "X" if row["id"] == skip else ""
            table.writerow(row)


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClassembError) as error:
        call()
    return str(error.value)


def test_a_filled_csv_changes_just_its_cells(pool: Pool, store: LabelStore, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    write_batch(pool, batch_of([1, 0, 2, 3]), path)
    fill(path, {"7": "cocoa; gold", "007": "-", "é d": ""}, skip="=1+1")
    annotation = Annotation.of(pool, store)
    found = import_labels(annotation, store, read_filled(path), annotator="ada", origin="b.csv")
    assert found.document() == {
        "rows": 3,
        "accepted": 2,
        "unchanged": 0,
        "skipped": 1,
        "unclear": 0,
        "conflicts": [],
        "unknown_ids": [],
        "unknown_labels": {},
        "notes": 0,
    }
    after = Annotation.of(pool, store)
    assert after.pool.classes == ("cocoa", "x;y", "gold")
    assert after.pool.labels.tolist() == [
        [False, False, False],
        [True, False, True],
        *[[False, False, False]] * 3,
        [False, False, True],
    ]
    assert after.pool.is_known.tolist() == [True, True, False, False, False, True]
    assert after.pool.known.all(axis=1).tolist() == after.pool.is_known.tolist()
    assert after.skipped.tolist() == [False, False, False, True, False, False]
    assert pool.is_known.tolist() == [False] * 5 + [True]


def test_the_same_file_again_changes_nothing(pool: Pool, store: LabelStore, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    write_batch(pool, batch_of([0, 1]), path)
    fill(path, {"7": "cocoa"}, skip="007")
    import_labels(Annotation.of(pool, store), store, read_filled(path))
    found = import_labels(Annotation.of(pool, store), store, read_filled(path))
    assert (found.accepted, found.unchanged, found.answers) == (0, 1, ())
    assert len(store.actions()) == 1


@pytest.mark.parametrize("form", FORMS)
def test_labels_come_back_from_every_form_as_they_were(
    pool: Pool, store: LabelStore, tmp_path: Path, form: str
) -> None:
    for id_, labels in (
        ("007", ("x;y", "gold")),
        ("é d", ()),
        ("=1+1", ("x;y",)),
        ("a,b", ("cocoa",)),
    ):
        store.record(answers_to(id_, labels, pool.classes))
    answered = Annotation.of(pool, store).pool
    path = tmp_path / f"labels{form}"
    write_labels(answered, path)
    other = LabelStore(tmp_path / "other")
    other.path.parent.mkdir()
    import_labels(Annotation.of(pool, other), other, read_filled(path))
    back = Annotation.of(pool, other).pool
    assert np.array_equal(back.labels, answered.labels)
    assert np.array_equal(back.known, answered.known)


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_that_nobody_filled_in_says_nothing(pool: Pool, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"b{form}"
    write_batch(pool, batch_of([0, 1, 2, 3, 4]), path)
    assert list(read_filled(path)) == []


def test_a_csv_has_the_columns_of_the_contract_and_the_mark_of_utf_8(
    pool: Pool, tmp_path: Path
) -> None:
    write_batch(pool, batch_of([0]), tmp_path / "b.csv")
    text = (tmp_path / "b.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfid,text,class,step,score,labels,skip\r\n007,")
    write_batch(pool, batch_of([0]), tmp_path / "b.parquet")
    assert pq.read_table(tmp_path / "b.parquet")["id"].to_pylist() == ["007"]


def test_an_answer_that_differs_changes_nothing_unless_it_is_to_replace(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    path = tmp_path / "b.csv"
    path.write_text("id,labels\nd5,cocoa\n7,gold\n", encoding="utf-8")
    found = import_labels(Annotation.of(pool, store), store, read_filled(path))
    same = {"row": f"{path}, line 2", "id": "d5", "who": "", "against": None}
    assert found.document()["conflicts"] == [
        {**same, "class": "cocoa", "was": "no", "now": "yes"},
        {**same, "class": "gold", "was": "yes", "now": "no"},
    ]
    assert (found.rows, found.accepted) == (2, 1)
    assert Annotation.of(pool, store).pool.known_labels(5) == ["gold"]
    assert Annotation.of(pool, store).pool.known_labels(1) == ["gold"]
    import_labels(Annotation.of(pool, store), store, read_filled(path), replace=True)
    assert Annotation.of(pool, store).pool.known_labels(5) == ["cocoa"]
    store.undo()
    assert Annotation.of(pool, store).pool.known_labels(5) == ["gold"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "id,labels\nd6,gold\n",
            "{}, line 2: no document 'd6' in the pool; the nearest is 'd5'; nothing was imported",
        ),
        (
            "id,labels\n7,Gold\n007,golf\n",
            "{}, line 2: no class 'Gold' (and 1 more like it); the nearest is 'gold'; "
            "nothing was imported",
        ),
        (
            "id,labels\n7,gold\n7,cocoa\n",
            "{}, line 3: document '7' is answered otherwise in {}, line 2; leave one of them out",
        ),
        (
            "id,label\n7,gold\n",
            "{}, line 2: no 'labels'; labels are read from the columns 'id' and 'labels', "
            "the file has: id, label",
        ),
        (
            "id,labels,skip\n7,gold,x\n",
            "{}, line 2: document '7' is skipped and has labels; leave one of them out",
        ),
        (
            "id,labels,skip\n7,,perhaps\n",
            "{}, line 2: 'skip' is 'perhaps'; write x where a document is skipped",
        ),
    ],
)
def test_a_file_with_one_wrong_row_is_refused_whole(
    pool: Pool, store: LabelStore, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "b.csv"
    path.write_text(text, encoding="utf-8")
    annotation = Annotation.of(pool, store)
    assert message_of(lambda: import_labels(annotation, store, read_filled(path))) == said.replace(
        "{}", str(path)
    )
    assert not store.path.exists()


def test_a_trial_lists_what_would_be_refused_and_writes_nothing(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    path = tmp_path / "b.csv"
    path.write_text("id,labels\nd6,gold\n7,golf\n007,cocoa\n", encoding="utf-8")
    found = examine(Annotation.of(pool, store), read_filled(path), trial=True)
    assert (found.unknown_ids, found.unknown_labels, found.accepted) == (("d6",), {"golf": 1}, 1)
    assert not store.path.exists()


def test_what_is_out_or_skipped_is_not_given_again_until_asked_or_old(
    pool: Pool, store: LabelStore
) -> None:
    store.hand_out(
        [Pick("007", "cocoa", "cold start"), Pick("7", None, ""), Pick("é d", None, "")],
        "portfolio",
    )
    store.record([*answers_to("7", ("gold",), pool.classes), Answer("é d", None, "skip")])
    annotation = Annotation.of(pool, store)
    assert np.flatnonzero(annotation.out()).tolist() == [0]
    assert np.flatnonzero(annotation.labelled().unlabelled).tolist() == [3, 4]
    assert np.flatnonzero(annotation.labelled(again=True).unlabelled).tolist() == [0, 2, 3, 4]
    old = annotation.labelled(age=timedelta(0)).unlabelled
    assert np.flatnonzero(old).tolist() == [0, 3, 4]
    assert annotation.labelled().rows.tolist() == [1, 5]
    (batch,) = annotation.history
    assert (batch.rows.tolist(), batch.strategy) == ([1], "portfolio")
    assert annotation.document()["documents"] == {
        "answered": 1,
        "handed_out": 1,
        "skipped": 1,
        "held_out": 0,
    }
    assert annotation.document()["classes"][2] == {
        "class": "gold",
        "group": "frequent",
        "description": None,
        "yes": 2,
        "no": 0,
        "unknown": 4,
    }


def test_answers_of_unknown_origin_are_no_random_sample(pool: Pool, store: LabelStore) -> None:
    store.record(answers_to("7", ("gold",), pool.classes))
    unlabelled = Pool.from_records(
        [Record(id_, "text", None, None) for id_ in IDS], classes=CLASSES
    )
    annotation = Annotation.of(unlabelled, store)
    assert [(b.rows.tolist(), b.strategy) for b in annotation.history] == [([1], "import")]
    assert estimate_prevalence(annotation.labelled(), annotation.history) == []


@pytest.mark.parametrize("form", FORMS)
def test_an_export_never_turns_unknown_into_no(
    pool: Pool, store: LabelStore, tmp_path: Path, form: str
) -> None:
    store.record([Answer("7", "cocoa", "yes"), Answer("007", "gold", "no")])
    answered, path = Annotation.of(pool, store).pool, tmp_path / f"all{form}"
    assert write_labels(answered, path) == (0, 0)
    (tmp_path / "second").mkdir()
    second = LabelStore(tmp_path / "second")
    import_labels(Annotation.of(pool, second), second, read_filled(path))
    again = Annotation.of(pool, second).pool
    np.testing.assert_array_equal(again.labels, answered.labels)
    np.testing.assert_array_equal(again.known, answered.known)


def test_a_tool_that_cannot_say_unknown_is_not_given_what_is_known_in_part(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    store.record([Answer("7", "cocoa", "yes"), Answer("007", "gold", "no")])
    path = tmp_path / "all.json"
    assert write_labels(Annotation.of(pool, store).pool, path, "label-studio") == (2, 0)
    assert [row.document for row in read_filled(path)] == ["d5"]


def test_a_batch_is_answered_for_the_classes_that_it_was_handed_out_with(
    pool: Pool, store: LabelStore, tmp_path: Path
) -> None:
    hand_out(pool, batch_of([0, 1]), store)
    store.change_classes(changes.renamed(pool, "gold", "bullion"))
    store.change_classes(changes.added(Annotation.of(pool, store).pool, "sugar"))
    path = tmp_path / "back.csv"
    path.write_text("id,labels\n007,gold\n7,sugar; cocoa\n\u00e9 d,cocoa\n", encoding="utf-8")
    import_labels(Annotation.of(pool, store), store, read_filled(path))
    found = Annotation.of(pool, store).pool
    assert found.classes == ("cocoa", "x;y", "bullion", "sugar")
    words = np.where(found.known, np.where(found.labels, "y", "n"), "?")[:3]
    assert ["".join(word) for word in words] == ["nny?", "ynny", "ynnn"]


def test_an_answer_of_a_second_annotator_is_kept_where_it_agrees(
    pool: Pool, store: LabelStore
) -> None:
    rows = [Filled("line 1", "7", ("gold",))]
    for who, accepted in (("ada", 1), ("bob", 1), ("bob", 0)):
        annotation = Annotation.of(pool, store)
        assert import_labels(annotation, store, rows, annotator=who).accepted == accepted
    said = Annotation.of(pool, store).said_by
    assert said["7", "gold"] == {"ada": True, "bob": True}
    assert said["7", "cocoa"] == {"ada": False, "bob": False}


def test_answers_to_test_documents_are_no_part_of_the_search(store: LabelStore) -> None:
    splits = ["test", "train", "train", "test"]
    pool = Pool.from_records(
        (Record(id_, "text", None, split) for id_, split in zip("abcd", splits, strict=True)),
        classes=CLASSES,
    )
    store.hand_out([Pick("a", None, ""), Pick("c", "gold", "")], "portfolio")
    for id_ in "acd":
        store.record(answers_to(id_, ("gold",), pool.classes))
    annotation = Annotation.of(pool, store)
    labelled, (batch,) = annotation.labelled(), annotation.history
    assert (labelled.rows.tolist(), batch.rows.tolist()) == ([2], [2])
    assert annotation.pool.known_rows("test").tolist() == [0, 3]


def test_a_batch_of_a_class_that_is_gone_keeps_its_documents(store: LabelStore) -> None:
    pool = Pool.from_records([Record("a", "text", None, None)], classes={"rare": ["cocoa"]})
    store.hand_out([Pick("a", "sugar", "cold start")], "portfolio")
    store.record(answers_to("a", (), pool.classes))
    (batch,) = Annotation.of(pool, store).history
    assert (batch.asked_by(pool), batch.steps) == ([None], ("cold start",))


def test_a_document_known_in_part_is_nobodys_oracle(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("7", "cocoa", "yes"), *answers_to("007", ("gold",), pool.classes)])
    answered = Annotation.of(pool, store).pool
    assert np.flatnonzero(answered.is_known).tolist() == [0, 1, 5]
    assert np.flatnonzero(answered.answerable).tolist() == [0, 5]


def test_answers_to_what_the_pool_lacks_wait_for_it(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("later", "cocoa", "yes"), Answer("7", "sugar", "yes")])
    annotation = Annotation.of(pool, store)
    assert annotation.pool is pool
    more = Pool.from_records([Record("later", "text", None, None)], classes=CLASSES)
    later = Annotation.of(more, store).pool
    assert later.known.tolist() == [[True, False, False]]
    assert later.labels.tolist() == [[True, False, False]]


def test_a_file_that_exists_or_has_no_form_is_refused_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("mine")
    assert message_of(lambda: check_out(path, force=False)) == (
        f"{path} exists; choose another --out, or --force to replace it"
    )
    check_out(path, force=True)
    assert message_of(lambda: check_out(tmp_path / "b.xlsx", force=False)) == (
        f"{tmp_path / 'b.xlsx'} has no known form; a batch is written to "
        ".csv, .tsv, .jsonl, .jsonl.gz, .parquet"
    )
    missing = tmp_path / "no" / "b.csv"
    assert message_of(lambda: check_out(missing, force=False)) == (
        f"there is no folder {missing.parent} to write b.csv into; make it first"
    )


def test_answers_survive_builds_that_go_on_while_they_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "index"

    def build() -> None:
        pool = Pool.from_records([Record(id_, "text", None, None) for id_ in IDS], classes=CLASSES)
        EmbeddingIndex.build(pool, None, folder, embeddings=np.eye(6, dtype=np.float32))

    def keep_building(done: Event) -> int:
        builds = 0
        while not done.is_set():
            build()
            builds += 1
        return builds

    build()
    done = Event()
    with ThreadPoolExecutor(1) as builder:
        builds = builder.submit(keep_building, done)
        try:
            for i in range(30):
                LabelStore(folder).record([Answer(f"d{i}", "cocoa", "yes")])
        finally:
            done.set()
        assert builds.result() > 0
    assert {answer.document for answer in LabelStore(folder).state()} == {
        f"d{i}" for i in range(30)
    }
    LabelStore(folder).check()
