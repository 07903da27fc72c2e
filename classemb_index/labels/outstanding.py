"""What is out to whom and who answered what, asked of a store of any size without reading it whole.

Every function raises a LabelStoreError where the store is damaged or a newer version wrote it.
"""

from __future__ import annotations

from . import schema
from .store import LabelStore


def out_to(store: LabelStore, annotator: str) -> list[str]:
    """The documents that were handed to an annotator and that nobody answered or skipped since.

    Of a document that two annotators are to answer, only what this one said counts. Documents for
    measurement are not among them.

    Returns:
        Ids, in the order in which they were handed out.
    """
    return _documents(store, schema.OUT_TO, annotator)


def last_sample(store: LabelStore) -> int:
    """The action that handed out the last documents for measurement; 0 for none."""
    rows = store.file.rows(schema.LAST_SAMPLE)
    return int(rows[0][0]) if rows else 0


def out_of_sample(store: LabelStore, number: int) -> list[str]:
    """The documents of a sample for measurement that nobody answered or skipped, in its order."""
    return _documents(store, schema.OUT_OF_SAMPLE, number)


def answered_by(store: LabelStore, annotator: str) -> dict[str, str]:
    """The documents that an annotator answered, each with when the last time, ISO 8601 in UTC."""
    return dict(store.file.rows(schema.ANSWERED_BY, annotator))


def last_answer(store: LabelStore, annotator: str, origin: str) -> int | None:
    """The last action of answers by this annotator and of this origin that stands; None for none."""
    rows = store.file.rows(schema.LAST_ANSWER, annotator, origin)
    return int(rows[0][0]) if rows else None


def _documents(store: LabelStore, query: str, parameter: object) -> list[str]:
    return list(dict.fromkeys(document for (document,) in store.file.rows(query, parameter)))
