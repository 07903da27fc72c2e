"""Readers: from a file, a native corpus folder or a hub data set to records, streamed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, SourceError
from ..models.hub import hub_answers, quieten_hub
from .corpora import NATIVE_FIELDS, eurlex_folder, from_native
from .documents import SPLITS, Record
from .files import FORMS, Raw, json_object, opened

HUB = "hub:"

SPLIT_NAMES = {"train": "train", "dev": "dev", "test": "test"} | dict.fromkeys(
    ("validation", "valid", "val"), "dev"
)


@dataclass(frozen=True)
class Fields:
    """Which fields of a source hold what; several text fields are joined by a line break."""

    id: str = "id"
    text: tuple[str, ...] = ("text",)
    labels: str = "labels"
    split: str = "split"
    label_separator: str = ";"


@dataclass(frozen=True)
class Reading:
    """How to read a source: its fields, and other names for its labels and splits."""

    fields: Fields = field(default_factory=Fields)
    rename: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)


def read_records(source: str, reading: Reading) -> Iterator[Record]:
    """The records of a source, streamed in its order.

    Args:
        source: "demo", hub:NAME[:CONFIG][@REVISION], a file or a folder (see FORMS).
        reading: fields and names.

    Raises:
        SourceError: the source is missing, half-written or of no known form, or a
            record has no id, no text, or labels or a split that cannot be read.
        MissingExtraError: hub:NAME without the `hub` extra.
    """
    if source == "demo":
        from .demo import demo_records

        return demo_records()
    return (_record(place, raw, reading) for place, raw in _raw_records(source, reading.fields))


def read_rows(path: Path) -> Iterator[Raw]:
    """The rows of a JSON Lines, CSV or Parquet file, each with its place, as they were read.

    Raises:
        SourceError: the file is missing, half-written or of no such form.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}")
    name = path.name.lower().removesuffix(".gz")
    read = next((read for suffix, read in FILES.items() if name.endswith(suffix)), None)
    if read is None:
        raise SourceError(f"{path} has no known form; rows are read from {', '.join(FILES)}")
    return read(path, Fields())


def parse_labels(
    place: str, value: object, reading: Reading | None = None
) -> tuple[str, ...] | None:
    """The class names in a cell, each once; None where it is empty: unknown.

    Raises:
        SourceError: it is no list of names and no text; the message names the place.
    """
    reading = reading or Reading()
    if value is None:
        return None
    if isinstance(value, str):
        value = [part.strip() for part in value.split(reading.fields.label_separator)]
    if not isinstance(value, (list, tuple)) or not all(isinstance(x, (str, int)) for x in value):
        raise SourceError(
            f"{place}: labels must be a list of names, or null where they are unknown"
        )
    names = (str(name) for name in value)
    return tuple(dict.fromkeys(reading.rename.get(name, name) for name in names if name))


def _raw_records(source: str, fields: Fields) -> Iterator[Raw]:
    if source.startswith(HUB):
        return _hub(source.removeprefix(HUB), fields)
    path = Path(source)
    if not path.exists():
        raise SourceError(f"there is no {source}; a source is {FORMS}")
    if path.is_dir():
        return _folder(path, fields)
    name = path.name.removesuffix(".gz")
    read = next((read for suffix, read in FILES.items() if name.endswith(suffix)), None)
    if read is None:
        raise SourceError(f"{source} has no known form; a source is {FORMS}")
    return read(path, fields)


def _record(place: str, raw: Mapping[str, Any], reading: Reading) -> Record:
    raw, fields = from_native(raw), reading.fields
    id_ = raw.get(fields.id)
    if id_ is None or not str(id_).strip():
        raise SourceError(f"{place}: no {fields.id!r}; every document needs an id")
    parts = [raw.get(name) for name in fields.text]
    if wrong := [part for part in parts if part is not None and not isinstance(part, str)]:
        raise SourceError(f"{place}: the text is {type(wrong[0]).__name__}, not a string")
    text = "\n".join(part for part in parts if part and part.strip())
    if not text:
        raise SourceError(
            f"{place}: no text in {' or '.join(map(repr, fields.text))}; leave it out"
        )
    labels = parse_labels(place, raw.get(fields.labels), reading)
    if not all(map(_is_unicode, (str(id_), text, *(labels or ())))):
        raise SourceError(f"{place}: half a character (a lone surrogate) in the id, text or labels")
    return Record(str(id_), text, labels, _split(place, raw.get(fields.split), reading), place)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split(place: str, value: object, reading: Reading) -> str | None:
    if value is None or value == "":
        return None
    split = (SPLIT_NAMES | dict(reading.splits)).get(str(value))
    if split is None:
        raise SourceError(
            f"{place}: no split {value!r}; a split is {', '.join(SPLITS)} or null; "
            "a recipe's [pool.splits] can rename others"
        )
    return split


def _folder(path: Path, fields: Fields) -> Iterator[Raw]:
    """JSONL files in the order of their names, or EURLEX57K."""
    files = sorted(f for f in path.iterdir() if f.name.endswith((".jsonl", ".jsonl.gz")))
    if not files:
        return eurlex_folder(path)
    return chain.from_iterable(_json_lines(file, fields) for file in files)


def _json_lines(path: Path, fields: Fields) -> Iterator[Raw]:
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}, line {number}"
            if not line.strip():
                raise SourceError(f"{place} is empty; each line is one JSON object")
            yield place, json_object(line.rstrip("\r\n"), place)


def _csv(path: Path, fields: Fields, delimiter: str = ",") -> Iterator[Raw]:
    """CSV with a header; labels in a cell as a JSON list or separated; an empty cell is unknown."""
    csv.field_size_limit(2**31 - 1)
    with opened(path) as file:
        reader = csv.DictReader(file, strict=True, delimiter=delimiter)
        try:
            for row in reader:
                place = f"{path}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise SourceError(f"{place} has not as many cells as the header")
                cells: dict[str, object] = {k: v if v.strip() else None for k, v in row.items()}
                if fields.labels in row:
                    cells[fields.labels] = _csv_labels(row[fields.labels])
                yield place, cells
        except csv.Error as cause:
            line = reader.reader.line_num
            raise SourceError(f"{path}, line {line} is not CSV ({cause})") from cause


def _csv_labels(cell: str) -> object:
    cell = cell.strip()
    if cell.startswith("[") and cell.endswith("]"):
        try:
            return json.loads(cell)
        except json.JSONDecodeError:
            return cell
    return cell or None


def _parquet(path: Path, fields: Fields) -> Iterator[Raw]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = {fields.id, *fields.text, fields.labels, fields.split, *NATIVE_FIELDS}
    number = 0
    try:
        file = pq.ParquetFile(path)
        columns = [name for name in file.schema_arrow.names if name in wanted]
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for row in batch.to_pylist():
                yield f"{path}, row {number}", row
                number += 1
    except (pa.ArrowException, OSError) as cause:
        raise SourceError(f"{path} is half-written or no Parquet file; write it again") from cause


def _hub(name: str, fields: Fields) -> Iterator[Raw]:
    """A data set of the hub (or a local folder of the same form), streamed through `datasets`."""
    try:
        import datasets
    except ImportError as cause:
        raise MissingExtraError(
            "hub:NAME needs 'datasets', which is not installed; run: pip install 'classemb-index[hub]'"
        ) from cause
    address, _, revision = name.partition("@")
    path, _, config = address.partition(":")
    if not Path(path).exists() and not hub_answers():
        raise SourceError(
            f"{HUB}{name} cannot be read: the hub is not reached; give a local copy with --source"
        )
    datasets.disable_progress_bars()
    quieten_hub()
    try:
        splits = datasets.load_dataset(
            path, config or None, revision=revision or None, streaming=True
        )
        for split, rows in splits.items():
            features = rows.features or {}
            for number, row in enumerate(rows):
                cells = {key: _hub_value(value, features.get(key)) for key, value in row.items()}
                # data sets of the hub seldom have ids, but always an order
                cells.setdefault(fields.id, f"{split}-{number}")
                cells[fields.split] = cells.get(fields.split) or split
                yield f"{HUB}{name}, {split} row {number}", cells
    except Exception as cause:  # whatever a client of the network may raise
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise SourceError(
            f"{HUB}{name} cannot be read ({reason}); check the name and the network"
        ) from cause


def _hub_value(value: Any, feature: Any) -> Any:
    """Class numbers as names (-1 is the hub's word for unknown), everything else as it is."""
    inner = getattr(feature, "feature", feature)
    if value is None or not hasattr(inner, "int2str"):
        return value
    if value == -1:
        return None
    return [inner.int2str(v) for v in (value if isinstance(value, list) else [value])]


# readers of files by how the name ends, ".gz" aside; files.FORMS says them in words
FILES: Mapping[str, Callable[[Path, Fields], Iterator[Raw]]] = {
    ".jsonl": _json_lines,
    ".json": _json_lines,
    ".csv": _csv,
    ".tsv": partial(_csv, delimiter="\t"),
    ".parquet": _parquet,
}
