"""Fields: which of a source's columns holds the id, the text, the labels and the split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import SourceError
from .cells import SEPARATOR
from .findings import Findings

IDS = ("id", "doc_id", "document_id", "_id", "uid", "guid")
LABELS = ("labels", "label", "category", "categories", "tags")
TITLE = "title"
BODIES = ("abstract", "body", "content", "description")
TEXT, SPLIT = "text", "split"
USUAL = frozenset((*IDS, *LABELS, TITLE, *BODIES, TEXT, SPLIT))

SHOWN = 12  # columns that a message lists
WIDTH = 40  # characters of each


@dataclass(frozen=True)
class Fields:
    """Which fields of a source hold what; None, or no text, looks for the usual names.

    Attributes:
        id: of the ids.
        text: of the texts; several are joined by a line break.
        labels: of the labels.
        split: of the splits.
        label_separator: of labels in one string.
    """

    id: str | None = None
    text: tuple[str, ...] = ()
    labels: str | None = None
    split: str | None = None
    label_separator: str = SEPARATOR

    def may_hold(self, name: str) -> bool:
        """Whether a column of this name is looked at."""
        named = {self.id, *self.text, self.labels, self.split}
        return name in named or name.strip() in named or _folded(name) in USUAL


@dataclass(frozen=True)
class Layout:
    """Where a source has what, as its first record shows.

    Attributes:
        id: the field of the ids; None where rows are numbered instead.
        text: the fields that are joined to the text.
        labels: the field of the labels.
        split: the field of the splits.
        columns: the names of the first record's fields.
        replaced: usual names that it lacks and in whose place something else is taken.
    """

    id: str | None
    text: tuple[str, ...]
    labels: str
    split: str
    columns: tuple[str, ...]
    replaced: frozenset[str]

    def check(self, place: str, names: Iterable[str]) -> None:
        """Nothing, where a record has no field that the first one lacked and that would have been taken.

        Raises:
            SourceError: it has.
        """
        if not self.replaced.isdisjoint(names):
            late = sorted(self.replaced.intersection(names))[0]
            option = {"id": "id", TEXT: "text"}.get(late, "labels")
            raise SourceError(
                f"{place}: there is {late!r}, which the first record lacks, so it is not read; "
                f"name the field with --{option}-field"
            )


def found_layout(fields: Fields, place: str, names: Sequence[str], found: Findings) -> Layout:
    """Where a source has what, from the names of its first record's fields.

    Names that the user gave are taken as they are. Else usual names are looked for, in any case, and a
    note says what was taken where that is not the first of them.

    Raises:
        SourceError: there is no text, a field that was named is not there, or several may hold
            the ids or the texts.
    """
    by_name = {_folded(name): name for name in reversed(names)}
    for what, named in (("ids", (fields.id,) if fields.id else ()), ("text", fields.text)):
        if named and not set(named) & set(names):
            wanted = " or ".join(map(repr, named))
            raise SourceError(f"{place}: no field {wanted} for the {what}; {_columns(names)}")
    id_ = fields.id or _only("id", IDS, by_name, place, names)
    text = fields.text or _text_fields(by_name, place, names)
    labels = fields.labels or _labels_field(by_name, found)
    stand_ins = {  # what is taken in the place of a usual field
        usual: f"{what} from {' and '.join(map(repr, taken))}"
        for usual, what, named, taken in (
            (IDS[0], "ids", fields.id, (id_,)),
            (TEXT, "texts", fields.text, text),
            (LABELS[0], "labels", fields.labels, (labels,)),
        )
        if not named and taken != (usual,)
    }
    replaced = frozenset(usual for usual in stand_ins if usual not in names)
    if id_ is None:
        del stand_ins[IDS[0]]
        found.say("there is no field 'id'; documents are numbered by their rows, from 1")
    if stand_ins:
        found.say(f"fields by other names: {', '.join(stand_ins.values())}")
    split = fields.split or by_name.get(SPLIT, SPLIT)
    return Layout(id_, text, labels, split, tuple(names), replaced)


def never_seen(fields: Fields, layout: Layout, source: str) -> SourceError:
    """That no record has the field that was named for the labels."""
    near = get_close_matches(fields.labels or "", layout.columns, n=1)
    return SourceError(
        f"{source}: no record has the field {fields.labels!r} for the labels; {_columns(layout.columns)}"
        + (f"; did you mean {near[0]!r}?" if near else "")
    )


def _text_fields(by_name: dict[str, str], place: str, names: Sequence[str]) -> tuple[str, ...]:
    if TEXT in by_name:
        return (by_name[TEXT],)
    body = _only("text", (TEXT, *BODIES), by_name, place, names)
    parts = tuple(part for part in (by_name.get(TITLE), body) if part is not None)
    if not parts:
        raise SourceError(
            f"{place}: no field 'text'; {_columns(names)}; name one with --text-field, or write a "
            "header such as id,text,labels where the first line is none"
        )
    return parts


def _only(
    what: str, usual: Sequence[str], by_name: dict[str, str], place: str, names: Sequence[str]
) -> str | None:
    """The one field with one of these names; the first of them wins over the others."""
    given = [by_name[name] for name in usual if name in by_name]
    if len(given) > 1 and usual[0] not in by_name:
        raise SourceError(
            f"{place}: no field {what!r}, but {' and '.join(map(repr, given))}; "
            f"name one with --{what}-field"
        )
    return given[0] if given else None


def _labels_field(by_name: dict[str, str], found: Findings) -> str:
    given = [by_name[name] for name in LABELS if name in by_name]
    if LABELS[0] in by_name or len(given) == 1:
        return given[0]
    if given:
        found.say(
            f"no labels are read: there is no field 'labels', but {' and '.join(map(repr, given))}; "
            "name one with --labels-field"
        )
    return LABELS[0]


def _folded(name: str) -> str:
    return name.strip().casefold()


def _columns(names: Sequence[str]) -> str:
    cut = [name if len(name) <= WIDTH else name[: WIDTH - 1] + "…" for name in names[:SHOWN]]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"the file has: {', '.join(cut) or 'none'}{more}"
