"""Tables that people fill in: CSV, JSON Lines and Parquet with the columns `id` and `labels`."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ...pool.cells import NONE_OF_THEM, LabelCells
from ...pool.readers import read_rows
from .base import Filled, Format, Returned, Rows, Sheet, id_text

COLUMNS = ("id", "text", "class", "step", "score", "labels", "skip")
UNKNOWN = "unknown"  # column of the classes that nobody answered
NOTE = "note"  # column of what people wrote beside their answers
SKIPPED = ("1", "true", "x", "y", "yes", "skip")  # in the column "skip", in any case
NOT_SKIPPED = ("", "0", "false", "n", "no")


def read_table(file: Returned) -> Iterator[Filled]:
    """The rows of a file that are answered or skipped, or have a note; empty ones are left out.

    Cells of labels are those of any source, see `LabelCells`.

    Raises:
        SourceError: the file cannot be read, has no id or labels column, or a cell makes no sense.
    """
    label_cells = LabelCells(file.classes, found=file.told)
    for place, cells in read_rows(file.path, file.told):
        if missing := sorted({"id", "labels"} - cells.keys()):
            there = ", ".join(cells) or "none"
            raise SourceError(
                f"{place}: no {' and no '.join(map(repr, missing))}; labels are read from the columns "
                f"'id' and 'labels', the file has: {there}"
            )
        document = id_text(place, cells["id"])
        labels = label_cells.read(place, cells["labels"])
        note = _note(cells.get(NOTE))
        unknown = (label_cells.read(place, cells[UNKNOWN]) or ()) if UNKNOWN in cells else None
        if _is_skipped(place, cells.get("skip")):
            if labels:
                raise SourceError(
                    f"{place}: document {document!r} is skipped and has labels; leave one of them out"
                )
            yield Filled(place, document, None, note=note)
        elif labels is not None:
            yield Filled(place, document, labels, unasked=unknown, note=note)
        elif note is not None:
            yield Filled(place, document, (), asked=(), note=note)


def write_table(sheet: Sheet, path: Path) -> None:
    """Write a sheet; how the name ends decides the form.

    The columns of CSV are id, text, class (that asked), step, score, labels and skip, with unknown
    where a document is known for a part of the classes, and note where one has a note; JSON Lines and
    Parquet have rank, row and strategy too. CSV begins with a byte order mark, by which spreadsheets
    know UTF-8.
    """
    suffix = next(suffix for suffix in FORMS if path.name.lower().endswith(suffix))
    rows = [
        {**row, "labels": [NONE_OF_THEM] if row["labels"] == [] else row["labels"], "skip": None}
        for row in sheet.rows
    ]
    FORMS[suffix](rows, path)


def _note(cell: object) -> str | None:
    return (None if cell is None else str(cell).strip()) or None


def _is_skipped(place: str, cell: object) -> bool:
    word = "" if cell is None else str(cell).strip().lower()
    if word not in SKIPPED + NOT_SKIPPED:
        raise SourceError(f"{place}: 'skip' is {cell!r}; write x where a document is skipped")
    return word in SKIPPED


def _write_csv(rows: Rows, path: Path, delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        columns = [*COLUMNS, *(key for key in (UNKNOWN, NOTE) if any(key in row for row in rows))]
        table = csv.DictWriter(file, columns, extrasaction="ignore", delimiter=delimiter)
        table.writeheader()
        for row in rows:
            lists = {key: row[key] for key in ("labels", UNKNOWN) if row.get(key) is not None}
            cells = {key: label_cell(names) for key, names in lists.items()}
            table.writerow({**row, **cells})


def label_cell(labels: Sequence[str]) -> str:
    """Names parted by ";"; as a JSON list where a name would not come back from that."""
    if any(";" in name or name != name.strip() or name[:1] == "[" for name in labels):
        return json.dumps(list(labels), ensure_ascii=False)
    return "; ".join(labels)


def _write_jsonl(rows: Rows, path: Path) -> None:
    path.write_text(_json_lines(rows), encoding="utf-8")


def _write_jsonl_gz(rows: Rows, path: Path) -> None:
    path.write_bytes(gzip.compress(_json_lines(rows).encode()))


def _json_lines(rows: Rows) -> str:
    lines = ({k: v for k, v in row.items() if k != "skip"} for row in rows)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _write_parquet(rows: Rows, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("rank", pa.int64()), ("row", pa.int64()), ("score", pa.float64())]
        + [(name, pa.string()) for name in ("id", "class", "step", "strategy", "text")]
        + [("labels", pa.list_(pa.string())), ("skip", pa.string())]
        + [(UNKNOWN, pa.list_(pa.string()))] * any(UNKNOWN in row for row in rows)
        + [(NOTE, pa.string())] * any(NOTE in row for row in rows)
    )
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path)


FORMS: Mapping[str, Callable[[Rows, Path], None]] = {
    ".csv": _write_csv,
    ".tsv": partial(_write_csv, delimiter="\t"),
    ".jsonl": _write_jsonl,
    ".jsonl.gz": _write_jsonl_gz,
    ".parquet": _write_parquet,
}


def _is_row(record: Mapping[str, Any]) -> bool:
    return {"id", "labels"} <= record.keys() and "annotation_id" not in record  # Label Studio's


TABLE = Format(
    "CSV, TSV, JSON Lines, Parquet",
    tuple(FORMS),
    _is_row,
    read_table,
    write_table,
    keeps_unknown=True,
    keeps_notes=True,
)
