"""One document, one action: how it stands, and taking back what was answered before other answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from classemb_index import Pool, Record
from classemb_index.errors import RequestError
from classemb_index.labels import changes
from classemb_index.labels.annotation import Annotation, answers_to
from classemb_index.labels.log import Answer, Note, Pick
from classemb_index.labels.standing import Given, Standing
from classemb_index.labels.store import LabelStore

CLASSES = ("fire", "fall")


@pytest.fixture
def pool() -> Pool:
    records = [Record("1", "a", None, None), Record("2", "b", ("fall",), None)]
    return Pool.from_records(records, classes={"rare": list(CLASSES)})


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(RequestError) as error:
        call()
    return str(error.value)


def test_a_document_that_nobody_touched_stands_as_the_source_says(
    pool: Pool, store: LabelStore
) -> None:
    assert store.standing("2") == Standing("2")
    assert (store.standing("2").last, store.standing("2").out_to) == (0, ())
    annotation = Annotation.of(pool, store)
    assert annotation.cells_of("1") == {"fire": None, "fall": None}
    assert annotation.cells_of("2") == {"fire": False, "fall": True}
    assert message_of(lambda: annotation.cells_of("3")) == "no document '3' in the pool"


def test_who_said_what_stands_by_class_with_the_latest_last(pool: Pool, store: LabelStore) -> None:
    store.record(answers_to("1", ["fire"], CLASSES), annotator="ada")
    store.record(answers_to("1", ["fall"], CLASSES), annotator="bob")
    store.record([Answer("1", "fire", "no")], annotator="ada", notes=[Note("1", "a drill")])
    store.record(answers_to("2", [], CLASSES), annotator="ada")
    found = store.standing("1")
    assert found.said_by == {
        "fire": {"bob": "no", "ada": "no"},
        "fall": {"ada": "no", "bob": "yes"},
    }
    assert (found.last, found.notes, found.skipped_by) == (3, {"ada": "a drill"}, ())
    assert Annotation.of(pool, store).cells_of("1") == {"fire": False, "fall": True}
    store.undo(2)
    assert store.standing("1").said_by["fire"] == {"ada": "yes", "bob": "no"}
    assert (store.standing("1").last, store.standing("1").notes) == (2, {})


def test_a_document_is_out_until_the_one_who_has_it_says_something(store: LabelStore) -> None:
    for who in ("ada", "bob", ""):
        store.hand_out([Pick("1", "fire", "name")], "portfolio", annotator=who)
    assert store.standing("1").out_to == ("ada", "bob", "")
    store.record(answers_to("1", None, ()), annotator="bob")
    assert store.standing("1").out_to == ("ada",)
    assert store.standing("1").skipped_by == ("bob",)
    store.record(answers_to("1", [], CLASSES), annotator="bob")
    assert (store.standing("1").skipped_by, store.standing("1").last) == ((), 5)
    store.hand_out([Pick("1", None, "")], "random", annotator="bob")
    assert store.standing("1").out_to == ("ada", "bob")


def test_answers_stand_under_the_present_names_of_their_classes(
    pool: Pool, store: LabelStore
) -> None:
    store.record(answers_to("1", ["fire"], CLASSES), annotator="ada")
    store.change_classes(changes.renamed(pool, "fire", "blaze"))
    assert store.standing("1").given == (
        Given(1, "ada", "blaze", "yes"),
        Given(1, "ada", "fall", "no"),
    )
    store.change_classes(changes.removed(Annotation.of(pool, store).pool, "fall"))
    assert list(store.standing("1").said_by) == ["blaze"]
    assert store.answers_of(1) == [Answer("1", "blaze", "yes"), Answer("1", "fall", "no")]
    assert store.answers_of(2) == []


def test_one_action_is_taken_back_and_those_after_it_stand(store: LabelStore) -> None:
    store.record(answers_to("1", ["fire"], CLASSES), annotator="ada")
    store.record(
        answers_to("2", ["fall"], CLASSES), annotator="bob", notes=[Note("2", "wet floor")]
    )
    assert store.take_back(1, annotator="ada").number == 1
    assert store.standing("1") == Standing("1")
    assert store.standing("2").notes == {"bob": "wet floor"}
    assert [(a.annotator, a.undoes, a.is_undone) for a in store.actions()] == [
        ("ada", None, True),
        ("bob", None, False),
        ("ada", 1, False),
    ]
    store.take_back(2)
    assert store.state() == []


def test_taking_back_refuses_what_is_no_answer_or_not_ones_own(
    pool: Pool, store: LabelStore
) -> None:
    assert message_of(lambda: store.take_back(1)) == "there is no action 1; see: labels log"
    assert not store.path.exists()
    store.record(answers_to("1", ["fire"], CLASSES), annotator="ada")
    store.hand_out([Pick("2", None, "")], "random", annotator="ada")
    store.change_classes(changes.added(pool, "leak"))
    assert message_of(lambda: store.take_back(4)) == "there is no action 4; see: labels log"
    for number in (2, 3):
        assert message_of(lambda number=number: store.take_back(number)) == (  # type: ignore[misc]
            f"action {number} is no answer; take back the last actions with: labels undo"
        )
    assert message_of(lambda: store.take_back(1, annotator="bob")) == (
        "action 1 is 'ada''s, not 'bob''s; see: labels log"
    )
    store.take_back(1)
    assert message_of(lambda: store.take_back(1)) == (
        "action 1 is taken back already; see: labels log"
    )
    assert message_of(lambda: store.take_back(4)) == (
        "action 4 is no answer; take back the last actions with: labels undo"
    )
