"""Several annotators in one file: who agrees, who does not, and what of it is written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from classemb_index import Pool
from classemb_index.errors import RequestError, UnknownClassError
from classemb_index.labels.annotation import Annotation
from classemb_index.labels.exchange.base import Filled
from classemb_index.labels.imports import Import, examine, import_labels
from classemb_index.labels.log import Answer
from classemb_index.labels.store import LabelStore


def said(place: int, document: str, labels: str | None, who: str = "", asked: str = "") -> Filled:
    """A row: names parted by blanks, None for skipped."""
    names = None if labels is None else tuple(labels.split())
    return Filled(f"line {place}", document, names, who, tuple(asked.split()) or None)


def imported(
    pool: Pool, store: LabelStore, rows: Sequence[Filled], *, replace: bool = False
) -> Import:
    return import_labels(Annotation.of(pool, store), store, rows, annotator="file", replace=replace)


def known(pool: Pool, store: LabelStore) -> dict[str, list[str] | None]:
    answered = Annotation.of(pool, store).pool
    return {id_: answered.known_labels(row) for row, id_ in enumerate(pool.ids)}


def test_annotators_who_agree_are_both_recorded(pool: Pool, store: LabelStore) -> None:
    rows = [said(1, "1", "fire", "ada"), said(2, "1", "fire", "bob"), said(3, "2", "", "bob")]
    found = imported(pool, store, rows)
    assert (found.rows, found.accepted, found.conflicts) == (3, 2, ())
    assert [(a.annotator, a.documents) for a in store.actions()] == [("ada", 1), ("bob", 2)]
    assert known(pool, store) == {"1": ["fire"], "2": [], "3": None}
    again = imported(pool, store, rows)
    assert (again.accepted, again.unchanged, again.answers) == (0, 2, ())


def test_annotators_who_contradict_each_other_change_nothing(pool: Pool, store: LabelStore) -> None:
    rows = [
        said(1, "1", "fire", "ada"),
        said(2, "1", "fire fall", "bob"),
        said(3, "2", "fall", "bob"),
    ]
    found = imported(pool, store, rows)
    assert found.document()["conflicts"] == [
        {"row": "line 2", "id": "1", "class": "fall", "was": "no", "now": "yes"}
        | {"who": "bob", "against": "ada"}
    ]
    assert (found.rows, found.accepted) == (3, 1)
    assert known(pool, store) == {"1": None, "2": ["fall"], "3": None}


def test_with_replace_the_later_row_of_the_file_holds(pool: Pool, store: LabelStore) -> None:
    rows = [
        said(1, "1", "fire", "ada"),
        said(2, "1", "fall", "bob"),
        said(3, "2", "fire", "bob"),
        said(4, "2", "fall", "ada"),
    ]
    found = imported(pool, store, rows, replace=True)
    assert (len(found.conflicts), found.accepted) == (4, 2)
    assert known(pool, store) == {"1": ["fall"], "2": ["fall"], "3": None}
    assert [a.annotator for a in store.actions()] == ["ada", "bob"]
    store.undo()  # bob's answers; ada's hold again
    assert known(pool, store) == {"1": ["fire"], "2": ["fall"], "3": None}


def test_with_replace_the_later_row_holds_also_where_it_repeats_what_is_known(
    pool: Pool, store: LabelStore
) -> None:
    imported(pool, store, [said(1, "1", "fire")])
    imported(pool, store, [said(1, "1", "fall", "ada"), said(2, "1", "fire", "bob")], replace=True)
    assert known(pool, store)["1"] == ["fire"]


def test_an_annotator_who_contradicts_himself_is_refused(pool: Pool, store: LabelStore) -> None:
    rows = [said(1, "1", "fire", "ada"), said(2, "1", "fall", "ada")]
    with pytest.raises(RequestError) as error:
        imported(pool, store, rows)
    assert str(error.value) == (
        "line 2: document '1' is answered otherwise in line 1; leave one of them out"
    )
    assert not store.path.exists()


def test_a_no_to_one_class_says_nothing_of_the_others(pool: Pool, store: LabelStore) -> None:
    imported(pool, store, [said(1, "1", "", asked="fire"), said(2, "2", "fire", asked="fire")])
    assert store.state() == [Answer("1", "fire", "no"), Answer("2", "fire", "yes")]
    assert Annotation.of(pool, store).pool.known[:2].tolist() == [[True, False]] * 2
    rest = imported(pool, store, [said(1, "1", "fall", asked="fall")])
    assert (rest.accepted, rest.conflicts) == (1, ())
    assert known(pool, store)["1"] == ["fall"]


def test_two_classes_of_one_document_in_two_rows_are_one_document(
    pool: Pool, store: LabelStore
) -> None:
    rows = [said(1, "1", "", "ada", "fire"), said(2, "1", "fall", "bob", "fall")]
    found = imported(pool, store, rows)
    assert (found.rows, found.accepted, found.conflicts) == (2, 1, ())


def test_a_skip_beside_an_answer_is_no_contradiction(pool: Pool, store: LabelStore) -> None:
    found = imported(pool, store, [said(1, "1", None, "ada"), said(2, "1", "fire", "bob")])
    assert (found.accepted, found.skipped, found.conflicts) == (1, 0, ())
    assert not Annotation.of(pool, store).skipped.any()


def test_who_answered_is_the_annotator_of_the_command_where_the_file_does_not_say(
    pool: Pool, store: LabelStore
) -> None:
    imported(pool, store, [said(1, "1", "fire"), said(2, "2", "fire", "ada")])
    assert [a.annotator for a in store.actions()] == ["file", "ada"]


def test_a_class_that_was_asked_for_and_is_none_is_refused(pool: Pool, store: LabelStore) -> None:
    with pytest.raises(UnknownClassError) as error:
        imported(pool, store, [said(1, "1", "", asked="fires")])
    assert (
        str(error.value) == "line 1: no class 'fires'; the nearest is 'fire'; nothing was imported"
    )


def test_an_id_that_may_be_a_number_of_the_tool_needs_the_text_of_the_document(
    pool: Pool, store: LabelStore
) -> None:
    right = Filled("line 1", "1", ("fire",), text=" text of\n1")
    wrong = Filled("line 2", "2", ("fire",), text="text of 3")
    assert imported(pool, store, [right]).accepted == 1
    with pytest.raises(RequestError) as error:
        imported(pool, store, [wrong])
    assert str(error.value) == (
        "line 2: document '2' has another text in the pool; 'id' is perhaps the tool's own number: "
        "give the tool documents that `--format` wrote, which have 'document_id'; nothing was imported"
    )


def test_rows_that_are_not_clear_are_counted_and_change_nothing(
    pool: Pool, store: LabelStore
) -> None:
    unclear = Filled("line 1", "1", (), unclear=True)
    found = examine(Annotation.of(pool, store), [unclear, said(2, "2", "fire")])
    assert (found.rows, found.unclear, found.accepted) == (1, 1, 1)
    assert found.sentence(trial=False) == (
        "1 filled rows; 1 accepted; 0 known already; 0 skipped; 0 with answers that differ; "
        "1 unclear, not taken as an answer"
    )


def test_answers_of_several_people_stand_together_or_not_at_all(
    store: LabelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> list[tuple[str, list[Answer]]]:
        return [("ada", [Answer("1", "fire", "yes")]), ("bob", [Answer("1", "fire", "no")])]

    assert store.record_each(answers(), origin="f") == [1, 2]
    broken = [("ada", [Answer("2", "fire", "yes")]), ("bob", [Answer("2", None, "yes")])]
    with pytest.raises(Exception, match="CHECK"):
        store.record_each(broken)
    assert store.state() == [Answer("1", "fire", "no")]
