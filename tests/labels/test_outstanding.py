"""What is out to whom: batches, what came back, documents that two answer, samples for measurement."""

from __future__ import annotations

from classemb_index.labels.annotation import answers_to
from classemb_index.labels.log import Pick
from classemb_index.labels.outstanding import (
    answered_by,
    last_answer,
    last_sample,
    out_of_sample,
    out_to,
)
from classemb_index.labels.schema import EVALUATION, OVERLAP
from classemb_index.labels.store import LabelStore

CLASSES = ("fire", "fall")


def hand(store: LabelStore, documents: str, who: str, strategy: str = "portfolio") -> int:
    picks = [Pick(document, "fire", "name") for document in documents]
    return store.hand_out(picks, strategy, offered=CLASSES, annotator=who)


def answer(store: LabelStore, document: str, who: str, *, skip: bool = False) -> int:
    return store.record(answers_to(document, None if skip else [], CLASSES), annotator=who)


def test_nothing_is_out_in_a_store_that_nobody_wrote_to(store: LabelStore) -> None:
    assert (out_to(store, "ada"), last_sample(store), out_of_sample(store, 0)) == ([], 0, [])
    assert answered_by(store, "ada") == {}


def test_documents_are_out_in_their_order_until_somebody_says_something(store: LabelStore) -> None:
    hand(store, "dbca", "ada")
    hand(store, "e", "bob")
    hand(store, "f", "ada")
    assert out_to(store, "ada") == ["d", "b", "c", "a", "f"]
    answer(store, "b", "ada")
    answer(store, "c", "bob")
    skipped = answer(store, "a", "bob", skip=True)
    assert (out_to(store, "ada"), out_to(store, "bob")) == (["d", "f"], ["e"])
    store.take_back(skipped)
    assert out_to(store, "ada") == ["d", "a", "f"]
    store.undo()
    assert out_to(store, "ada") == ["d", "c", "a", "f"]


def test_what_was_answered_before_it_was_handed_out_is_out(store: LabelStore) -> None:
    answer(store, "a", "ada")
    hand(store, "aa", "ada")
    assert out_to(store, "ada") == ["a"]


def test_a_document_for_overlap_is_out_to_each_of_two_until_they_answer_it_themselves(
    store: LabelStore,
) -> None:
    hand(store, "ab", "ada")
    hand(store, "a", "bob", OVERLAP)
    answer(store, "a", "bob")
    answer(store, "b", "bob")
    assert (out_to(store, "ada"), out_to(store, "bob")) == (["a"], [])
    answer(store, "a", "ada")
    assert out_to(store, "ada") == []


def test_the_last_sample_is_out_to_everybody_and_to_nobody(store: LabelStore) -> None:
    hand(store, "xy", "ada", EVALUATION)
    number = hand(store, "cab", "ada", EVALUATION)
    assert out_to(store, "ada") == []
    assert last_sample(store) == number
    answer(store, "a", "bob")
    answer(store, "b", "bob", skip=True)
    assert out_of_sample(store, number) == ["c"]
    store.undo(3)
    assert last_sample(store) == 1


def test_answers_are_counted_by_document_without_skips_and_what_was_undone(
    store: LabelStore,
) -> None:
    for document in "aab":
        answer(store, document, "ada")
    answer(store, "c", "ada", skip=True)
    answer(store, "d", "bob")
    ended = {action.number: action.at for action in store.actions()}
    assert answered_by(store, "ada") == {"a": ended[2], "b": ended[3]}
    store.take_back(2)
    assert answered_by(store, "ada") == {"a": ended[1], "b": ended[3]}


def test_the_last_answer_of_an_annotator_is_the_one_that_stands(store: LabelStore) -> None:
    assert last_answer(store, "ada", "annotate") is None
    store.record(answers_to("1", [], CLASSES), annotator="ada", origin="annotate")
    store.record(answers_to("2", [], CLASSES), annotator="ada", origin="annotate")
    store.record(answers_to("2", [], CLASSES), annotator="ada", origin="b1.csv")
    store.record(answers_to("2", [], CLASSES), annotator="bob", origin="annotate")
    store.hand_out([Pick("1", None, "")], "random", annotator="ada", origin="annotate")
    assert last_answer(store, "ada", "annotate") == 2
    store.take_back(2)
    assert last_answer(store, "ada", "annotate") == 1
