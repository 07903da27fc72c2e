"""Readers of files: JSON Lines, CSV and Parquet as rows, each with its place, streamed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from ..errors import RecordError, SourceError
from .corpora import NATIVE_FIELDS
from .fields import Fields
from .files import Raw, json_object, opened
from .findings import Findings

DELIMITERS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}


def raised(error: RecordError) -> None:
    """Raise a faulty record as the error that it is.

    Raises:
        RecordError: always.
    """
    raise error


@dataclass(frozen=True)
class Opening:
    """How a file is read.

    Attributes:
        fields: whose columns are read; None reads all.
        encoding: of a text file; None looks at its first bytes.
        found: is told of a delimiter that is not the usual one.
        on_fault: is given each row that cannot be read; raises, or the rows go on.
    """

    fields: Fields | None = None
    encoding: str | None = None
    found: Findings = field(default_factory=Findings)
    on_fault: Callable[[RecordError], None] = raised


def reader_of(path: Path) -> Callable[[Path, Opening], Iterator[Raw]] | None:
    """The reader of a file by how its name ends, in any case and ".gz" aside; None for no such form."""
    name = path.name.lower().removesuffix(".gz")
    return next((read for suffix, read in FILES.items() if name.endswith(suffix)), None)


def read_rows(path: Path, found: Findings | None = None) -> Iterator[Raw]:
    """The rows of a JSON Lines, CSV or Parquet file, each with its place, as they were read.

    Args:
        path: of the file.
        found: is told what a reader should know of the file.

    Raises:
        SourceError: the file is missing, half-written or of no such form.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}")
    read = reader_of(path)
    if read is None:
        raise SourceError(f"{path} has no known form; rows are read from {', '.join(FILES)}")
    return read(path, Opening(found=Findings() if found is None else found))


def json_lines(path: Path, opening: Opening) -> Iterator[Raw]:
    """An object a line; lines without one, as at the end of a file, are passed over.

    Raises:
        SourceError: the file cannot be read.
        RecordError: a line is no JSON object.
    """
    with opened(path, opening.encoding) as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}, line {number}"
            if line.isspace():
                continue
            try:
                row = json_object(line.rstrip("\r\n"), place)
            except SourceError as error:
                if number == 1 and line.startswith("["):
                    raise SourceError(
                        f"{path} is one JSON list; write its objects one a line, without the brackets"
                    ) from error
                opening.on_fault(RecordError(str(error), "no JSON object"))
                continue
            yield place, row


def _csv(path: Path, opening: Opening, usual: str = ",") -> Iterator[Raw]:
    """Rows below a header; empty cells are null, rows of empty cells are passed over."""
    csv.field_size_limit(2**31 - 1)
    with opened(path, opening.encoding) as file:
        first = file.readline()
        delimiter = _delimiter(first, usual, opening.fields or Fields())
        if delimiter != usual:
            opening.found.say(f"the columns of {path} are separated by {DELIMITERS[delimiter]}")
        rows = csv.reader(chain([first], file), strict=True, delimiter=delimiter)
        header: Sequence[str] | None = None
        while True:
            try:
                cells = next(rows, None)
            except csv.Error as cause:
                opening.on_fault(
                    RecordError(
                        f"{path}, line {rows.line_num} is not CSV ({cause})", "no row of CSV"
                    )
                )
                continue
            if cells is None:
                return
            if not any(map(str.strip, cells)):
                continue
            place = f"{path}, line {rows.line_num}"
            if header is None:
                header = _header(place, cells)
            elif len(cells) != len(header):
                opening.on_fault(
                    RecordError(
                        f"{place} has not as many cells as the header",
                        "not as many cells as the header",
                    )
                )
            else:
                filled = (cell if cell and not cell.isspace() else None for cell in cells)
                yield place, dict(zip(header, filled, strict=True))


def _header(place: str, cells: Sequence[str]) -> Sequence[str]:
    names = [cell.strip() for cell in cells]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise SourceError(
            f"{place}: the header names {twice[0]!r} twice; rename one of the columns"
        )
    return names


def _delimiter(header: str, usual: str, fields: Fields) -> str:
    """What parts the columns: the one that gives most of the names that are looked for."""

    def named(delimiter: str) -> tuple[int, bool]:
        names = next(csv.reader([header], delimiter=delimiter), [])
        return sum(map(fields.may_hold, names)), delimiter == usual

    return max(DELIMITERS, key=named)


def _parquet(path: Path, opening: Opening) -> Iterator[Raw]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        fields = opening.fields
        columns = names if fields is None else [name for name in names if _is_read(fields, name)]
        unread = {name.strip(): None for name in names if name not in columns}
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for row in batch.rename_columns(list(map(str.strip, columns))).to_pylist():
                yield f"{path}, row {number}", {**unread, **row} if unread else row
                number += 1
    except (pa.ArrowException, OSError) as cause:
        raise SourceError(f"{path} is half-written or no Parquet file; write it again") from cause
    except (ValueError, OverflowError) as cause:
        raise SourceError(f"{path}, near row {number} cannot be read ({cause})") from cause


def _is_read(fields: Fields, name: str) -> bool:
    return fields.may_hold(name) or name in NATIVE_FIELDS


# readers by how the name ends, ".gz" aside; files.FORMS says them in words
FILES: Mapping[str, Callable[[Path, Opening], Iterator[Raw]]] = {
    ".jsonl": json_lines,
    ".json": json_lines,
    ".csv": _csv,
    ".tsv": partial(_csv, usual="\t"),
    ".parquet": _parquet,
}
