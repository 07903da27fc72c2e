"""Batches as files that people fill in - CSV, JSON Lines, Parquet - and what they wrote into them."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import RequestError, SourceError
from ..pool.cells import NONE_OF_THEM, LabelCells
from ..pool.findings import Findings
from ..pool.pool import Pool
from ..pool.readers import read_rows
from .batches import Batch

COLUMNS = ("id", "text", "class", "step", "score", "labels", "skip")
SKIPPED = ("1", "true", "x", "y", "yes", "skip")  # in the column "skip", in any case
NOT_SKIPPED = ("", "0", "false", "n", "no")

Rows: TypeAlias = Sequence[Mapping[str, Any]]  # cells by column


@dataclass(frozen=True)
class Filled:
    """A row that somebody filled in.

    Attributes:
        place: where it stands.
        document: the id.
        labels: class names as they were written, each once; None where the document was skipped.
    """

    place: str
    document: str
    labels: tuple[str, ...] | None


def check_out(path: Path, force: bool) -> None:
    """Nothing, when a batch may be written there.

    Raises:
        RequestError: the file exists and `force` is False, its folder does not, or its name ends in
            no known form.
    """
    _writer(path)
    if not path.parent.is_dir():
        raise RequestError(
            f"there is no folder {path.parent} to write {path.name} into; make it first"
        )
    if path.exists() and not force:
        raise RequestError(f"{path} exists; choose another --out, or --force to replace it")


def write_batch(pool: Pool, batch: Batch, path: Path) -> None:
    """Write a batch for the annotators, its `labels` empty; the suffix decides the form.

    The columns are id, text, class (that asked), step, score, labels and skip; JSON Lines and
    Parquet have rank, row and strategy too. CSV begins with a byte order mark, by which
    spreadsheets know UTF-8. The file is there whole or not at all.

    Raises:
        RequestError: the name ends in no known form.
    """
    texts = pool.texts_of(batch.rows)
    rows = [
        {**pick, "strategy": batch.strategy, "text": text, "labels": None, "skip": None}
        for pick, text in zip(batch.picks(pool), texts, strict=True)
    ]
    _write_whole(rows, path)


def write_labels(pool: Pool, path: Path) -> None:
    """Write the documents whose labels are known, in the pool's order, as `read_filled` reads them.

    Raises:
        RequestError: the name ends in no known form, or a document is known for some classes only:
            a cell cannot say that of the others.
    """
    rows = np.flatnonzero(pool.is_known)
    if (partly := rows[~pool.known[rows].all(axis=1)]).size:
        raise RequestError(
            f"{len(partly)} documents are known for some of the classes only, the first is "
            f"{pool.ids[int(partly[0])]!r}; a file would say no to the others, so none was written; "
            "answer the rest of them first"
        )
    cells = [pool.known_labels(row) or [NONE_OF_THEM] for row in rows.tolist()]
    _write_whole(
        [
            {"rank": rank, "row": row, "id": pool.ids[row], "text": text, "labels": labels}
            for rank, (row, text, labels) in enumerate(
                zip(rows.tolist(), pool.texts_of(rows), cells, strict=True), start=1
            )
        ],
        path,
    )


def _write_whole(rows: Rows, path: Path) -> None:
    """Write the file under another name, then put it in its place."""
    write = _writer(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(rows, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_filled(
    path: Path, classes: Sequence[str] = (), found: Findings | None = None
) -> Iterator[Filled]:
    """The rows of a file that are answered or skipped; empty ones are left out.

    Cells of labels are those of any source, see `LabelCells`.

    Args:
        path: of the file.
        classes: of the pool.
        found: is told what a reader should know of the file.

    Raises:
        SourceError: the file cannot be read, has no id or labels column, or a cell makes no sense.
    """
    label_cells = LabelCells(classes, found=found)
    for place, cells in read_rows(path, found):
        if missing := sorted({"id", "labels"} - cells.keys()):
            there = ", ".join(cells) or "none"
            raise SourceError(
                f"{place}: no {' and no '.join(map(repr, missing))}; labels are read from the columns "
                f"'id' and 'labels', the file has: {there}"
            )
        document = cells["id"]
        if document is None or isinstance(document, bool | float | list | dict):
            raise SourceError(f"{place}: the id is {document!r}; every row names a document")
        labels = label_cells.read(place, cells["labels"])
        if _is_skipped(place, cells.get("skip")):
            if labels:
                raise SourceError(
                    f"{place}: document {str(document)!r} is skipped and has labels; leave one of them out"
                )
            yield Filled(place, str(document), None)
        elif labels is not None:
            yield Filled(place, str(document), labels)


def _is_skipped(place: str, cell: object) -> bool:
    word = "" if cell is None else str(cell).strip().lower()
    if word not in SKIPPED + NOT_SKIPPED:
        raise SourceError(f"{place}: 'skip' is {cell!r}; write x where a document is skipped")
    return word in SKIPPED


def _write_csv(rows: Rows, path: Path, delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", delimiter=delimiter)
        table.writeheader()
        for row in rows:
            labels = row["labels"]
            table.writerow({**row, "labels": None if labels is None else _cell(labels)})


def _cell(labels: Sequence[str]) -> str:
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
    )
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path)


FORMS: Mapping[str, Callable[[Rows, Path], None]] = {
    ".csv": _write_csv,
    ".tsv": partial(_write_csv, delimiter="\t"),
    ".jsonl": _write_jsonl,
    ".jsonl.gz": _write_jsonl_gz,
    ".parquet": _write_parquet,
}


def _writer(path: Path) -> Callable[[Rows, Path], None]:
    name = path.name.lower()
    for suffix, write in FORMS.items():
        if name.endswith(suffix):
            return write
    raise RequestError(f"{path} has no known form; a batch is written to {', '.join(FORMS)}")
