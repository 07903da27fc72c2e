"""Notes of a pool: no label is lost without a word, and nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from classemb_index import ClassembError, Pool, Record
from classemb_index.pool.findings import nearest
from classemb_index.pool.recipes import find_recipe
from tests.support.errors import refusal

GROUPS = {"rare": ["cocoa"], "frequent": ["coffee"]}
NO_CLASSES = (
    "the pool has no classes; name them with --classes FILE, or add them later with "
    "`classemb-index classes add`"
)
DROP = "--drop-other-labels takes them as known to have none of the classes"


def pool_of(*labels: object, **options: object) -> Pool:
    records = [
        Record(f"d{i}", "text", names if names is None else tuple(names), None)
        for i, names in enumerate(labels)
    ]
    return Pool.from_records(records, **options)


def test_labels_that_match_no_class_are_counted_and_their_documents_are_unknown() -> None:
    pool = pool_of(["cocoa"], ["Cocoa"], ["cacao"], ["coffee", "tea"], ["Cocoa"], classes=GROUPS)
    assert pool.is_known.tolist() == [True, False, False, True, False]
    assert pool.labels.tolist() == [
        [True, False],
        [False, False],
        [False, False],
        [False, True],
        [False, False],
    ]
    assert pool.notes == (
        "4 labels match no class: 'Cocoa' 2, 'cacao' 1, 'tea' 1; did you mean cocoa?; "
        f"3 documents without another label taken for unlabelled; {DROP}",
    )


def test_other_labels_of_a_research_corpus_are_dropped_without_a_note() -> None:
    pool = pool_of(["cocoa"], ["tea"], ["coffee"], classes=GROUPS, drop_other_labels=True)
    assert pool.is_known.all()
    assert pool.labels.tolist() == [[True, False], [False, False], [False, True]]
    assert pool.notes == ()


def test_a_document_known_to_have_none_stays_known() -> None:
    pool = pool_of(["cocoa"], [], ["coffee"], classes=GROUPS)
    assert pool.is_known.all() and not pool.notes


def test_documents_that_are_left_out_for_their_labels_are_counted() -> None:
    pool = pool_of(["cocoa"], ["Tea"], ["coffee"], [], classes=GROUPS, drop_unclassed=True)
    assert list(pool.ids) == ["d0", "d2"]
    assert pool.notes == (
        "1 label matches no class: 'Tea' 1; 1 document without another label left out",
    )


def test_a_pool_whose_documents_are_all_left_out_says_why() -> None:
    message = refusal(
        ClassembError, lambda: pool_of(["1"], ["2"], classes=["cocoa", "gold"], drop_unclassed=True)
    )
    assert message == (
        "records has no document to index; the labels of 2 documents are none of the classes "
        "'cocoa', 'gold'; write both alike"
    )


def test_documents_that_are_not_drawn_for_their_labels_are_counted(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    write_jsonl([{"id": i, "text": "t", "labels": ["ab" if i else "a"]} for i in range(3)])
    (tmp_path / "r.toml").write_text(
        f'[pool]\nsource = "{tmp_path}/pool.jsonl"\n[pool.classes]\nrare = ["a"]\n'
        "[pool.sample]\ntrain = 1\ndev = 0\ntest = 0\n"
    )
    pool = Pool.read(find_recipe(tmp_path / "r.toml"))
    assert list(pool.ids) == ["0"]
    assert pool.notes[0] == (
        "2 labels match no class: 'ab' 2; did you mean a?; "
        "2 documents without another label left out"
    )


def test_what_is_read_twice_is_counted_once(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    write_jsonl([{"id": i, "text": "t", "labels": label} for i, label in enumerate(["a", "NA"])])
    (tmp_path / "r.toml").write_text(
        f'[pool]\nsource = "{tmp_path}/pool.jsonl"\n[pool.cut.classes]\na = 1\n'
    )
    assert Pool.read(find_recipe(tmp_path / "r.toml")).notes == (
        "1 label taken for unknown: 'NA' 1; write '-' or [] for none of the classes",
    )


@pytest.mark.parametrize(
    ("labels", "classes", "near"),
    [
        (["Cocoa"], ["cocoa", "coffee"], ["cocoa"]),
        (["['cocoa']"], ["coffee", "cocoa"], ["cocoa"]),
        (["cocoa and others that are long"], ["cocoa"], ["cocoa"]),
        (["zebra"], ["cocoa"], []),
        (["corn"], ["copper"], []),
        (["Tea", "COFFE"], ["coffee", "tea"], ["tea", "coffee"]),
    ],
)
def test_the_nearest_class_is_meant(labels: list[str], classes: list[str], near: list[str]) -> None:
    assert nearest(dict.fromkeys(labels, 1), classes) == near


def test_only_the_most_frequent_labels_are_listed() -> None:
    labels = [[name] for name in "bcdefghh"]
    (note,) = pool_of(["a"], *labels, classes=["a"]).notes
    assert note.startswith(
        "8 labels match no class: 'h' 2, 'b' 1, 'c' 1, 'd' 1, 'e' 1 and 2 more; "
    )


def test_a_pool_in_which_nothing_is_labelled_has_one_note() -> None:
    assert pool_of(None, None, classes=["a", "b", "c"]).notes == (
        "no document is labelled yet; classes are found by their names",
    )


def test_a_pool_without_labels_and_classes_says_how_to_name_them() -> None:
    pool = pool_of(None, None)
    assert pool.classes == () and pool.notes == (NO_CLASSES,)


def test_classes_without_a_document_are_one_note() -> None:
    assert pool_of(["a"], classes=["a", "b"]).notes == ("no document has the class 'b'",)
    assert pool_of(["a"], classes=["a", "b", "c"]).notes == (
        "no document has the classes 'b', 'c'",
    )


def test_names_that_differ_in_case_or_space_only_are_told() -> None:
    assert pool_of(["Crude Oil"], ["crude oil"], ["gas"], ["crudeoil"]).notes == (
        "the classes 'Crude Oil', 'crude oil', 'crudeoil' differ in case or space only; "
        "if they are one, write them alike",
    )


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["1", "20"], "'1', '20'"),
        (["LABEL_0", "LABEL_1", "gold"], "'LABEL_0', 'LABEL_1'"),
        (["C12.3", "Q42"], "'C12.3', 'Q42'"),
        (["G7", "gold", "tea"], None),
        (["covid-19", "gold"], None),
    ],
)
def test_names_that_look_like_codes_are_told_where_half_do(
    names: list[str], codes: str | None
) -> None:
    notes = pool_of(names).notes
    assert notes == (
        ()
        if codes is None
        else (
            f"class names look like codes: {codes}; a class can be found by its name only where that "
            "says what it is: rename them in a recipe's [pool.rename], or describe them",
        )
    )


@pytest.mark.parametrize(
    ("splits", "note"),
    [
        ([None, None], None),
        (["train", "dev", "test"], None),
        (["train", "test"], "no document is in the dev split"),
        (["train", None], "no document is in the dev or test split"),
    ],
)
def test_splits_without_a_document_are_told_where_there_are_splits(
    splits: list[str | None], note: str | None
) -> None:
    records = [Record(f"d{i}", "text", ("a",), split) for i, split in enumerate(splits)]
    assert Pool.from_records(records).notes == (() if note is None else (note,))


def test_a_pool_without_a_document_to_search_says_so() -> None:
    assert Pool.from_records([Record("x", "text", ("a",), "test")]).notes == (
        "no document is in the train or dev split",
        "no document can be searched or selected: all are in the dev or test split",
    )


@pytest.mark.parametrize(
    ("labels", "classes", "note"),
    [
        (["a#b"], (), "'a#b' looks like several labels separated by '#'"),
        (["a, b", "a", "b, a"], (), "'a, b', 'b, a' look like several labels separated by ','"),
        (["salt, pepper", "tea"], (), None),
        (["a/c", "a"], ("a", "b"), "'a/c' looks like several labels separated by '/'"),
        (["x/y", "a"], ("a",), None),
    ],
)
def test_labels_that_look_separated_are_told(
    labels: list[str], classes: tuple[str, ...], note: str | None
) -> None:
    notes = pool_of(*([label] for label in labels), classes=classes).notes
    said = [found for found in notes if "separated by" in found]
    assert said == (
        [] if note is None else [f"{note}; separate them with ';', or write a JSON list"]
    )


def test_the_notes_are_of_the_reading_and_no_part_of_a_stored_pool(tmp_path: Path) -> None:
    from classemb_index import EmbeddingIndex

    pool = pool_of(["1"], ["2"])
    index = EmbeddingIndex.build(pool, None, tmp_path / "i", embeddings=_unit(2))
    assert pool.notes and index.pool.notes == ()


def _unit(n: int) -> object:
    import numpy as np

    return np.eye(n, dtype=np.float32)
