"""Records cut to the classes of a pool: each id once, and no label lost without a count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..errors import RecordError
from .cells import clean_name
from .documents import SPLITS, Record
from .findings import Findings


class _CleanNames(dict[str, str]):
    """Names as they are compared; each is cleaned once."""

    def __missing__(self, name: str) -> str:
        cleaned = self[name] = clean_name(name)
        return cleaned


def matched(
    records: Iterable[Record],
    classes: Sequence[str],
    found: Findings,
    *,
    drop_unclassed: bool = False,
    drop_other_labels: bool = False,
    skip_bad: bool = False,
) -> Iterator[Record]:
    """The records to keep, their labels cut to the classes and in their order.

    A document of which no label is a class is unknown: its labels may be misspelt. Where some are
    classes, it is known to have those and no other class.

    Args:
        records: streamed.
        classes: in their order; none are all labels, in alphabetical order.
        found: counts the labels that are no class.
        drop_unclassed: leave out documents that have labels, or are known to have none, and have
            none of the classes.
        drop_other_labels: labels that are no class are other classes, and not counted: a document
            that has only such is known to have none of the classes.
        skip_bad: go on past records that are wrong, and count them.

    Raises:
        RecordError: an id occurs twice, or a record lacks what it needs.
    """
    names, seen = _CleanNames(), set[str]()
    place_of = {name: place for place, name in enumerate(classes)}
    for record in records:
        try:
            _check(record, seen)
        except RecordError as error:
            if not skip_bad:
                raise
            found.skip(error.reason, str(error))
            continue
        seen.add(record.id)
        labels = record.labels
        if labels is not None:
            given = [names[label] for label in labels]
            kept = {name for name in given if name in place_of} if classes else set(given)
            if not drop_other_labels and len(kept) < len(given):
                for name in given:
                    if name not in kept:  # faster than an update, and of every document
                        found.unmatched[name] += 1
                found.unlabelled += not drop_unclassed and not kept
            if drop_unclassed and not kept:
                found.left_out += bool(given)
                continue
            unknown = given and not kept and not drop_other_labels
            order = place_of.__getitem__ if classes else None
            labels = None if unknown else tuple(sorted(kept, key=order))
        yield record._replace(labels=labels)


def with_a_class(
    records: Iterable[Record], classes: Sequence[str], found: Findings, drop_other_labels: bool
) -> Iterator[Record]:
    """The records that have one of the classes, and those whose labels are unknown.

    Args:
        records: streamed.
        classes: none are all labels: then every record stays.
        found: counts the labels of the others.
        drop_other_labels: as for `matched`.
    """
    wanted = set(classes)
    for record in records:
        if not wanted or record.labels is None or wanted.intersection(record.labels):
            yield record
        else:
            found.left_out += bool(record.labels)
            found.unmatched.update(() if drop_other_labels else record.labels)


def _check(record: Record, seen: set[str]) -> None:
    where = f"{record.place}: " if record.place else ""
    if not record.id.strip():
        raise RecordError(f"{where}a document has no id; every document needs one", "no id")
    if not record.text or record.text.isspace():
        raise RecordError(f"{where}the document {record.id!r} has no text; leave it out", "no text")
    if record.split is not None and record.split not in SPLITS:
        raise RecordError(
            f"{where}the document {record.id!r} has the split {record.split!r}; "
            f"a split is {', '.join(SPLITS)} or None",
            "a split that is not known",
        )
    if record.id in seen:
        raise RecordError(
            f"{where}the id {record.id!r} occurs twice; ids must be unique", "a repeated id"
        )
