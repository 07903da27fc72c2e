"""Labels that come back: a file checked whole against the pool and what is known, then written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..errors import RequestError, UnknownClassError
from ..pool.pool import Pool
from .annotation import Annotation, answers_to
from .store import Answer, LabelStore
from .tables import Filled


@dataclass(frozen=True)
class Conflict:
    """An answer that differs from what is known of its document and class.

    Attributes:
        row: where it stands in the file.
        document: its id.
        class_name: the class.
        was: "yes" or "no", as it was known.
        now: as the file says.
    """

    row: str
    document: str
    class_name: str
    was: str
    now: str


@dataclass(frozen=True)
class Import:
    """What a file says, and what of it is new.

    Attributes:
        rows: that are filled in.
        accepted: documents whose answers are new, or replace earlier ones.
        unchanged: documents of which everything was known already.
        skipped: documents that the file skips.
        conflicts: answers that differ from what is known.
        unknown_ids: that the pool does not have; in a trial only, else they are an error.
        unknown_labels: labels that are no class, with how often; in a trial only.
        answers: to be written.
    """

    rows: int
    accepted: int
    unchanged: int
    skipped: int
    conflicts: tuple[Conflict, ...]
    unknown_ids: tuple[str, ...]
    unknown_labels: dict[str, int]
    answers: tuple[Answer, ...]

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "conflicts": [
                {"row": c.row, "id": c.document, "class": c.class_name, "was": c.was, "now": c.now}
                for c in self.conflicts
            ],
            "unknown_ids": list(self.unknown_ids),
            "unknown_labels": self.unknown_labels,
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
        if self.unknown_ids:
            parts.append(f"{len(self.unknown_ids)} ids that the pool does not have")
        if self.unknown_labels:
            named = ", ".join(f"{name!r} {n}" for name, n in self.unknown_labels.items())
            parts.append(f"labels that are no class: {named}")
        return "; ".join(parts)


def examine(
    annotation: Annotation, filled: Iterable[Filled], *, replace: bool = False, trial: bool = False
) -> Import:
    """What a file would change; nothing is written.

    A filled row answers every class of the pool: yes for those that it names, no for the
    others. A row of which one answer differs from what is known changes nothing, unless `replace`.

    Args:
        annotation: the pool and what is known of it.
        filled: the rows of the file.
        replace: let answers that differ take the place of what is known.
        trial: list ids and labels that are not the pool's in place of refusing them.

    Raises:
        RequestError: the pool has no classes, an id is not the pool's, or two rows answer one document
            differently; the message names the rows and the nearest ids.
        UnknownClassError: a label is no class of the pool; the message names the nearest.
    """
    pool = annotation.pool
    if not pool.classes:
        raise RequestError(
            "the pool has no classes, so no label can be one; build it with --classes"
        )
    rows = _each_once(filled)
    unknown_ids = [row for row in rows if row.document not in pool.row_of]
    unknown_labels = [
        (row, label) for row in rows for label in row.labels or () if label not in pool.classes
    ]
    if not trial:
        _refuse(pool, unknown_ids, unknown_labels)
    counts = Counter(label for _, label in unknown_labels)
    left_out = {id(row) for row in unknown_ids} | {id(row) for row, _ in unknown_labels}
    accepted: list[Answer] = []
    conflicts: list[Conflict] = []
    changed = unchanged = skipped = 0
    for row in rows:
        if id(row) in left_out:
            continue
        new, differing = _compared(annotation, row)
        conflicts += differing
        if differing and not replace:
            continue
        skipped += row.labels is None
        if new:
            accepted += new
            changed += row.labels is not None
        else:
            unchanged += row.labels is not None
    return Import(
        len(rows),
        changed,
        unchanged,
        skipped,
        tuple(conflicts),
        tuple(row.document for row in unknown_ids),
        dict(counts.most_common()),
        tuple(accepted),
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
    """Write what a file says into the store, as one action; see `examine`.

    Raises:
        RequestError: as for `examine`.
        LabelStoreError: the store cannot be written.
    """
    found = examine(annotation, filled, replace=replace)
    if found.answers:
        store.record(found.answers, annotator=annotator, origin=origin)
    return found


def _each_once(filled: Iterable[Filled]) -> list[Filled]:
    """The rows, a repeated one once.

    Raises:
        RequestError: two rows answer one document differently.
    """
    first: dict[str, Filled] = {}
    for row in filled:
        above = first.setdefault(row.document, row)
        if _meaning(above) != _meaning(row):
            raise RequestError(
                f"{row.place}: document {row.document!r} is answered otherwise in {above.place}; "
                "leave one of them out"
            )
    return list(first.values())


def _meaning(row: Filled) -> frozenset[str] | None:
    return None if row.labels is None else frozenset(row.labels)


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


def _more(n: int) -> str:
    return f" (and {n - 1} more like it)" if n > 1 else ""


def _nearest(word: str, among: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in reversed(among)}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.0)
    return f"; the nearest is {folded[near[0]]!r}" if near else ""


def _compared(annotation: Annotation, row: Filled) -> tuple[list[Answer], list[Conflict]]:
    """The answers that are new, among them those that differ, and the latter as conflicts."""
    pool = annotation.pool
    place = pool.row_of[row.document]
    if row.labels is None:
        known = bool(pool.is_known[place] or annotation.skipped[place])
        return ([] if known else answers_to(row.document, None, ())), []
    new, differing = [], []
    for position, answer in enumerate(answers_to(row.document, row.labels, pool.classes)):
        if not pool.known[place, position]:
            new.append(answer)
            continue
        was = "yes" if pool.labels[place, position] else "no"
        if was != answer.said:
            new.append(answer)
            name = pool.classes[position]
            differing.append(Conflict(row.place, row.document, name, was, answer.said))
    return new, differing
