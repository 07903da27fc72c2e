"""Labels that come back: a file checked whole against the pool and what is known, then written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from difflib import get_close_matches
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import RequestError, UnknownClassError
from ..pool.pool import Pool
from .annotation import Annotation, answers_to
from .exchange.base import Filled
from .exchange.files import note_cell
from .log import Answer, Note
from .store import LabelStore


@dataclass(frozen=True)
class Conflict:
    """An answer that differs from what is known, or from what somebody else says in the same file.

    Attributes:
        row: where it stands in the file.
        document: its id.
        class_name: the class.
        was: "yes" or "no", as it was known, or as the other one says.
        now: as the file says.
        who: says so; "" where the file does not say.
        against: the other one; None where it differs from what is known.
    """

    row: str
    document: str
    class_name: str
    was: str
    now: str
    who: str = ""
    against: str | None = None

    def as_json(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "row": self.row,
            "id": self.document,
            "class": self.class_name,
            "was": self.was,
            "now": self.now,
            "who": self.who,
            "against": self.against,
        }


@dataclass(frozen=True)
class Import:
    """What a file says, and what of it is new.

    Attributes:
        rows: that are filled in; several where several people answered one document.
        accepted: documents whose answers or notes are new, or replace earlier ones.
        unchanged: documents of which everything was known already.
        skipped: documents that the file skips.
        conflicts: answers that differ from what is known, or from each other.
        answers: to be written, with who gave them, in the file's order.
        unclear: rows of which the tool does not say whether they are an answer; they change nothing.
        unknown_ids: that the pool does not have; in a trial only, else they are an error.
        unknown_labels: labels that are no class, with how often; in a trial only.
        notes: to be written, with who wrote them.
    """

    rows: int
    accepted: int
    unchanged: int
    skipped: int
    conflicts: tuple[Conflict, ...]
    answers: tuple[tuple[str, tuple[Answer, ...]], ...]
    unclear: int = 0
    unknown_ids: tuple[str, ...] = ()
    unknown_labels: dict[str, int] = field(default_factory=dict)
    notes: tuple[tuple[str, Note], ...] = ()

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "unclear": self.unclear,
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
            "unknown_ids": list(self.unknown_ids),
            "unknown_labels": self.unknown_labels,
            "notes": len(self.notes),
        }

    def sentence(self, trial: bool) -> str:
        """How much is new, in words."""
        parts = [
            f"{self.rows} filled rows",
            f"{self.accepted} {'would be ' * trial}accepted",
            f"{self.unchanged} known already",
            f"{self.skipped} skipped",
            f"{len({c.document for c in self.conflicts})} with answers that differ",
        ]
        if self.notes:
            parts.append(f"{len(self.notes)} notes")
        if self.unclear:
            parts.append(f"{self.unclear} unclear, not taken as an answer")
        if self.unknown_ids:
            parts.append(f"{len(self.unknown_ids)} ids that the pool does not have")
        if self.unknown_labels:
            named = ", ".join(f"{name!r} {n}" for name, n in self.unknown_labels.items())
            parts.append(f"labels that are no class: {named}")
        return "; ".join(parts)


def examine(
    annotation: Annotation,
    filled: Iterable[Filled],
    *,
    annotator: str = "",
    replace: bool = False,
    trial: bool = False,
) -> Import:
    """What a file would change; nothing is written.

    A filled row answers the classes that its annotator was asked for: yes for those that it names, no
    for the others. Where the file does not say, these are the classes that the document was
    handed out with and those that the row names; all of the pool where it was never handed out.
    What an annotator says is new as long as he did not say it himself. A row of which one answer
    differs from what is known, or from what somebody else says of the same document in the same
    file, changes nothing, unless `replace`: then the later row holds. A note is its annotator's;
    what stands beside the document already, as `labels export` writes it, is nothing new.

    Args:
        annotation: the pool and what is known of it.
        filled: the rows of the file.
        annotator: who answered, where the file does not say.
        replace: let answers that differ take the place of what is known.
        trial: list ids and labels that are not the pool's in place of refusing them.

    Raises:
        RequestError: the pool has no classes, an id is not the pool's or its text is another, or two
            rows of one annotator answer one document differently; the message names the rows and
            the nearest ids.
        UnknownClassError: a label is no class of the pool; the message names the nearest.
    """
    pool = annotation.pool
    if not pool.classes:
        raise RequestError(
            "the pool has no classes, so no label can be one; name some with: classemb-index classes add "
            "NAME"
        )
    told, unclear = _each_once(filled)
    clear = [_for_pool(annotation, row, annotator) for row in told]
    unknown_ids = [row for row in clear if row.document not in pool.row_of]
    classes = set(pool.classes)
    unknown_labels = [
        (row, label) for row in clear for label in _named(row) if label not in classes
    ]
    if not trial:
        _refuse(pool, unknown_ids, unknown_labels)
    _refuse_other_texts(pool, clear)
    counts = Counter(label for _, label in unknown_labels)
    left_out = {id(row) for row in unknown_ids} | {id(row) for row, _ in unknown_labels}
    rows = [row for row in clear if id(row) not in left_out]
    found = _weighed(annotation, rows, replace)
    return replaced(
        found,
        rows=len(clear),
        unclear=unclear,
        unknown_ids=tuple(row.document for row in unknown_ids),
        unknown_labels=dict(counts.most_common()),
    )


def _weighed(annotation: Annotation, rows: Sequence[Filled], replace: bool) -> Import:
    """What rows change whose ids and labels are the pool's."""
    disputes = _disputes(annotation.pool, rows)
    answers: list[tuple[str, tuple[Answer, ...]]] = []
    conflicts: list[Conflict] = []
    changed, unchanged, skipped = set[str](), set[str](), set[str]()
    notes: dict[tuple[str, str], Note] = {}
    for row in rows:
        is_disputed = id(row) in disputes
        new, differing = _compared(annotation, row, keep_known=is_disputed)
        conflicts += differing + disputes.get(id(row), [])
        if (differing or is_disputed) and not replace:
            continue
        if new:
            answers.append((row.who, tuple(new)))
        if has_note := _has_new_note(annotation, row):
            notes[row.who, row.document] = Note(row.document, row.note or "")
        kind = skipped if row.labels is None else changed if new or has_note else unchanged
        kind.add(row.document)
    return Import(
        rows=len(rows),
        accepted=len(changed),
        unchanged=len(unchanged - changed),
        skipped=len(skipped - changed - unchanged),
        conflicts=tuple(conflicts),
        answers=tuple(answers),
        notes=tuple((who, note) for (who, _), note in notes.items()),
    )


def import_labels(
    annotation: Annotation,
    store: LabelStore,
    filled: Iterable[Filled],
    *,
    annotator: str = "",
    origin: str = "",
    replace: bool = False,
) -> Import:
    """Write what a file says into the store, an action for each annotator; see `examine`.

    Args:
        annotation: as for `examine`.
        store: beside the index.
        filled: the rows of the file.
        annotator: as for `examine`.
        origin: where the answers came from, as a file.
        replace: as for `examine`.

    Raises:
        RequestError: as for `examine`.
        LabelStoreError: the store cannot be written.
    """
    found = examine(annotation, filled, annotator=annotator, replace=replace)
    if found.answers or found.notes:
        store.record_each(found.answers, notes=found.notes, origin=origin)
    return found


def _each_once(filled: Iterable[Filled]) -> tuple[list[Filled], int]:
    """The rows that are clear, one that an annotator repeats once, and how many are not clear.

    Raises:
        RequestError: two rows of one annotator answer the same question differently.
    """
    first: dict[tuple[object, ...], Filled] = {}
    unclear = 0
    for row in filled:
        if row.unclear:
            unclear += 1
            continue
        above = first.setdefault((row.document, row.who, row.asked), row)
        if _meaning(above) != _meaning(row):
            raise RequestError(
                f"{row.place}: document {row.document!r} is answered otherwise in {above.place}; "
                "leave one of them out"
            )
    return list(first.values()), unclear


def _for_pool(annotation: Annotation, row: Filled, annotator: str) -> Filled:
    """The row with the present names of its classes, who said so, and what he was asked for."""
    pool, offered = annotation.pool, annotation.offered.get(row.document)
    labels, asked, unasked = (
        None
        if names is None
        else tuple(dict.fromkeys(pool.former_names.get(name, name) for name in names))
        for names in (row.labels, row.asked, row.unasked)
    )
    if unasked is not None:
        offered = tuple(name for name in pool.classes if name not in unasked)
    if asked is None and offered is not None:
        asked = tuple(dict.fromkeys((*offered, *(labels or ()))))
    return replaced(row, labels=labels, asked=asked, who=row.who or annotator)


def _meaning(row: Filled) -> tuple[frozenset[str] | None, str | None]:
    return None if row.labels is None else frozenset(row.labels), row.note


def _has_new_note(annotation: Annotation, row: Filled) -> bool:
    """Whether a row has a note that says other than what stands beside its document."""
    standing = annotation.log.notes.get(row.document, {})
    there = [standing.get(row.who, ""), note_cell(standing)]
    return bool(row.note) and (row.note or "").split() not in [text.split() for text in there]


def _named(row: Filled) -> Iterator[str]:
    """The class names in a row, each once."""
    return iter(dict.fromkeys((*(row.labels or ()), *(row.asked or ()))))


def _disputes(pool: Pool, rows: Sequence[Filled]) -> dict[int, list[Conflict]]:
    """The conflicts of each row, by its identity, that is at odds with another one of the file.

    The later row of two has the conflict, the earlier one an empty list of its own.
    """
    of_document = defaultdict(list)
    for row in rows:
        if row.labels is not None:
            of_document[row.document].append(row)
    disputes: dict[int, list[Conflict]] = {}
    for several in of_document.values():
        for above, row in combinations(several, 2):
            for name in _at_odds(pool, above, row):
                was, now = ("yes" if name in (r.labels or ()) else "no" for r in (above, row))
                conflict = Conflict(row.place, row.document, name, was, now, row.who, above.who)
                disputes.setdefault(id(above), [])
                disputes.setdefault(id(row), []).append(conflict)
    return disputes


def _at_odds(pool: Pool, one: Filled, other: Filled) -> list[str]:
    """The classes that two rows were both asked for and answer differently."""
    differing = set(one.labels or ()) ^ set(other.labels or ())
    both = dict(_asked(pool, one)).items() & dict(_asked(pool, other)).items()
    return [name for _, name in sorted(both) if name in differing]


def _refuse(
    pool: Pool, unknown_ids: Sequence[Filled], unknown_labels: Sequence[tuple[Filled, str]]
) -> None:
    if unknown_ids:
        row = unknown_ids[0]
        more = _more(len(unknown_ids))
        raise RequestError(
            f"{row.place}: no document {row.document!r} in the pool{more}"
            f"{_nearest(row.document, pool.ids)}; nothing was imported"
        )
    if unknown_labels:
        row, label = unknown_labels[0]
        more = _more(len(unknown_labels))
        raise UnknownClassError(
            f"{row.place}: no class {label!r}{more}{_nearest(label, pool.classes)}; nothing was imported"
        )


def _refuse_other_texts(pool: Pool, rows: Sequence[Filled]) -> None:
    """Nothing, when the documents whose id may be a tool's own number have the pool's text."""
    told = [row for row in rows if row.text is not None and row.document in pool.row_of]
    places = np.array([pool.row_of[row.document] for row in told], dtype=np.int64)
    for row, text in zip(told, pool.texts_of(places), strict=True):
        if str(row.text).split() != text.split():
            raise RequestError(
                f"{row.place}: document {row.document!r} has another text in the pool; 'id' is perhaps "
                "the tool's own number: give the tool documents that `--format` wrote, which have "
                "'document_id'; nothing was imported"
            )


def _more(n: int) -> str:
    return f" (and {n - 1} more like it)" if n > 1 else ""


def _nearest(word: str, among: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in reversed(among)}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.0)
    return f"; the nearest is {folded[near[0]]!r}" if near else ""


def _compared(
    annotation: Annotation, row: Filled, *, keep_known: bool
) -> tuple[list[Answer], list[Conflict]]:
    """The answers that are new, among them those that differ, and the latter as conflicts.

    Those that are known count as new too with `keep_known`: another row of the file says otherwise,
    and the later of the two is to hold.
    """
    pool = annotation.pool
    place = pool.row_of[row.document]
    if row.labels is None:
        known = bool(pool.is_known[place] or annotation.skipped[place])
        return ([] if known else answers_to(row.document, None, ())), []
    new, differing = [], []
    for position, name in _asked(pool, row):
        cell, is_yes = (place, position), name in row.labels
        differs = pool.known[cell] and pool.labels[cell] != is_yes
        who_said = annotation.said_by.get((row.document, name), {})
        is_told = pool.known[cell] and (not row.who or row.who in who_said)
        if keep_known or differs or not is_told:
            new.append(Answer(row.document, name, "yes" if is_yes else "no"))
        if differs:
            was, now = ("no", "yes") if is_yes else ("yes", "no")
            differing.append(Conflict(row.place, row.document, name, was, now, row.who))
    return new, differing


def _asked(pool: Pool, row: Filled) -> list[tuple[int, str]]:
    """Positions and names of the classes that a row answers, in the pool's order."""
    asked = set(pool.classes if row.asked is None else row.asked)
    return [(position, name) for position, name in enumerate(pool.classes) if name in asked]
