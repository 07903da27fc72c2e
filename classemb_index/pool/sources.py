"""Sources: from a file, a native corpus folder or a hub data set to records, streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import RecordError, SourceError
from .cells import LabelCells
from .corpora import eurlex_folder, from_native
from .documents import SPLITS, Record
from .fields import Fields, Layout, found_layout, never_seen
from .files import FORMS, Raw
from .findings import Findings
from .hub import HUB, hub_rows
from .readers import Opening, json_lines, raised, reader_of

SPLIT_NAMES = {"train": "train", "dev": "dev", "test": "test"} | dict.fromkeys(
    ("validation", "valid", "val"), "dev"
)


@dataclass(frozen=True)
class Reading:
    """How to read a source.

    Attributes:
        fields: which of its fields hold what.
        rename: other names of its labels.
        splits: other names of its splits.
        encoding: of its text files; None looks at their first bytes.
        skip_bad: go on past records that are wrong, and count them.
    """

    fields: Fields = field(default_factory=Fields)
    rename: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    skip_bad: bool = False


def read_records(
    source: str,
    reading: Reading,
    classes: Collection[str] = (),
    found: Findings | None = None,
) -> Iterator[Record]:
    """The records of a source, streamed in its order.

    Args:
        source: "demo", hub:NAME[:CONFIG][@REVISION], a file or a folder (see FORMS).
        reading: fields and names.
        classes: names that are known, see `LabelCells`.
        found: is told what a reader should know of the source.

    Raises:
        SourceError: the source is missing, half-written or of no known form, or a
            record has no id, no text, or labels or a split that cannot be read.
        MissingExtraError: hub:NAME without the `hub` extra.
    """
    if source == "demo":
        from .demo import demo_records

        return demo_records()
    found = Findings() if found is None else found
    maker = _RecordMaker(source, reading, classes, found)

    def passed_over(error: RecordError) -> None:
        found.skip(error.reason, str(error))

    on_fault = passed_over if reading.skip_bad else raised
    opening = Opening(reading.fields, reading.encoding, found, on_fault)
    return maker.records(_raw_records(source, opening), opening)


def _raw_records(source: str, opening: Opening) -> Iterator[Raw]:
    if source.startswith(HUB):
        return hub_rows(source.removeprefix(HUB), opening.fields or Fields())
    path = Path(source)
    if not path.exists():
        raise SourceError(f"there is no {source}; a source is {FORMS}")
    if path.is_dir():
        return _folder(path, opening)
    read = reader_of(path)
    if read is None:
        raise SourceError(f"{source} has no known form; a source is {FORMS}")
    return read(path, opening)


def _folder(path: Path, opening: Opening) -> Iterator[Raw]:
    """JSONL files in the order of their names, or EURLEX57K; hidden files are none of them."""
    files = sorted(
        f
        for f in path.iterdir()
        if f.name.lower().endswith((".jsonl", ".jsonl.gz")) and not f.name.startswith(".")
    )
    if not files:
        return eurlex_folder(path, opening.found)
    return chain.from_iterable(json_lines(file, opening) for file in files)


class _RecordMaker:
    """Turns the rows of one source into records."""

    def __init__(
        self, source: str, reading: Reading, classes: Collection[str], found: Findings
    ) -> None:
        fields = reading.fields
        self._source = source
        self._reading = reading
        self._found = found
        self._cells = LabelCells(classes, fields.label_separator, reading.rename, found)
        self._splits = SPLIT_NAMES | dict(reading.splits)
        self._layout: Layout | None = None
        self._row = 0
        self._seeks_labels = fields.labels is not None  # and has not seen that field yet

    def records(self, rows: Iterable[Raw], opening: Opening) -> Iterator[Record]:
        """A record of each row, in their order; faulty ones are given to `opening.on_fault`."""
        for place, raw in rows:
            try:
                record = self._record(place, raw)
            except RecordError as error:
                opening.on_fault(error)
            else:
                yield record
        if self._seeks_labels and self._layout is not None:
            raise never_seen(self._reading.fields, self._layout, self._source)

    def _record(self, place: str, raw: Mapping[str, Any]) -> Record:
        fields, layout = self._reading.fields, self._layout
        if fields.labels is None:  # who names them does not mean the form of a known corpus
            raw = from_native(raw, self._found)
        if layout is None:
            layout = self._layout = found_layout(fields, place, list(raw), self._found)
        if layout.replaced:
            layout.check(place, raw)
        self._row += 1
        self._seeks_labels = self._seeks_labels and layout.labels not in raw
        id_ = str(self._row) if layout.id is None else _id(place, raw.get(layout.id), layout.id)
        text = _text(place, raw, layout.text)
        labels = self._cells.read(place, raw.get(layout.labels))
        if not all(map(_is_unicode, (id_, text, *(labels or ())))):
            raise RecordError(
                f"{place}: half a character (a lone surrogate) in the id, text or labels",
                "half a character",
            )
        return Record(id_, text, labels, self._split(place, raw.get(layout.split)), place)

    def _split(self, place: str, value: object) -> str | None:
        if value is None or value == "":
            return None
        split = self._splits.get(str(value))
        if split is None:
            raise RecordError(
                f"{place}: no split {value!r}; a split is {', '.join(SPLITS)} or null; "
                "a recipe's [pool.splits] can rename others",
                "a split that is not known",
            )
        return split


def _id(place: str, value: object, name: str) -> str:
    if isinstance(value, float) and value == value:
        raise RecordError(
            f"{place}: the id is {value!r}, not a whole number or text; a table program writes 1 "
            "as 1.0 where another cell of the column is empty: save the ids as text",
            "an id that is no text",
        )
    if isinstance(value, (bool, list, dict)):
        raise RecordError(
            f"{place}: the id is {type(value).__name__}, not a whole number or text",
            "an id that is no text",
        )
    if value is None or value != value or not (id_ := str(value)).strip():
        raise RecordError(f"{place}: no {name!r}; every document needs an id", "no id")
    return id_


def _text(place: str, raw: Mapping[str, Any], names: tuple[str, ...]) -> str:
    parts = [part for part in map(raw.get, names) if part is not None and part == part]
    if wrong := [part for part in parts if not isinstance(part, str)]:
        raise RecordError(
            f"{place}: the text is {type(wrong[0]).__name__}, not a string", "a text that is none"
        )
    text = "\n".join(part for part in parts if part and not part.isspace())
    if not text:
        raise RecordError(
            f"{place}: no text in {' or '.join(map(repr, names))}; leave it out, or go on past such "
            "records with --skip-bad",
            "no text",
        )
    return text


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
