"""Who answered how much on which day."""

from __future__ import annotations

from datetime import date, timedelta, timezone
from pathlib import Path

from classemb_index import Answer, LabelStore
from classemb_index.labels.days import answers_by_day
from classemb_index.labels.log import Action, Pick


def action(
    number: int, at: str, annotator: str, documents: int, *, is_undone: bool = False
) -> Action:
    return Action(number, at, annotator, "", None, None, documents, is_undone)


def test_a_day_begins_where_the_reader_is() -> None:
    actions = [
        action(1, "2026-03-01T22:30:00.000+00:00", "ada", 2),
        action(2, "2026-03-01T23:30:00.000+00:00", "ada", 1),
        action(3, "2026-03-02T10:00:00.000+00:00", "bob", 4),
        action(4, "2026-03-02T10:00:00.000+00:00", "bob", 8, is_undone=True),
    ]
    berlin = timezone(timedelta(hours=1))
    assert answers_by_day(actions, berlin) == {
        "ada": {date(2026, 3, 1): 2, date(2026, 3, 2): 1},
        "bob": {date(2026, 3, 2): 4},
    }


def test_batches_class_changes_and_undos_are_no_answers(tmp_path: Path) -> None:
    store = LabelStore(tmp_path)
    store.hand_out([Pick("d1", None, "")], "random", annotator="ada")
    store.record([Answer("d1", "a", "yes"), Answer("d1", "b", "no")], annotator="ada")
    store.record([Answer("d2", None, "skip")], annotator="ada")
    store.record([Answer("d3", "a", "no")], annotator="bob")
    store.undo(1, annotator="bob")
    (ada,) = answers_by_day(store.actions()).items()
    assert (ada[0], sum(ada[1].values())) == ("ada", 2)
