"""Who answered how much on which day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo

from .log import Action


def answers_by_day(
    actions: Iterable[Action], zone: tzinfo | None = None
) -> Mapping[str, Mapping[date, int]]:
    """By annotator, and by day, the documents that were answered or skipped.

    What was undone counts nothing. A document that one person answered twice counts twice.

    Args:
        actions: of a label store.
        zone: in which a day begins and ends; None for that of this machine.
    """
    found: dict[str, Counter[date]] = {}
    for action in actions:
        if action.is_answer and not action.is_undone:
            day = datetime.fromisoformat(action.at).astimezone(zone).date()
            found.setdefault(action.annotator, Counter())[day] += action.documents
    return found
