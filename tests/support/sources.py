"""What a source gives, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from classemb_index import ClassembError, Record
from classemb_index.pool.fields import Fields
from classemb_index.pool.sources import Reading, read_records
from tests.support.errors import refusal


class Text(str):
    """A string that can be watched."""


def read(source: object, fields: Fields | None = None, **names: Mapping[str, str]) -> list[Record]:
    """All records of a source."""
    return list(read_records(str(source), Reading(fields or Fields(), **names)))


def without_place(records: Sequence[Record]) -> list[tuple[object, ...]]:
    """The records without the file and line that they came from."""
    return [tuple(record[:4]) for record in records]


def message_of(source: object) -> str:
    """Why the source is refused."""
    return refusal(ClassembError, lambda: read(source))
