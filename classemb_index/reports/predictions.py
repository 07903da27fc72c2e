"""Tables of predictions: a row a document, with the probability of each class and what is decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, Mask
from ..errors import RequestError
from ..labels.exchange.tables import label_cell

if TYPE_CHECKING:
    import pyarrow as pa

ID, PREDICTED, UNFAMILIAR = "id", "predicted", "unfamiliar"
OF_CLASS = "p:"  # and the name of the class: the column of its probability
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8


@dataclass(frozen=True)
class Predictions:
    """Predictions of some documents.

    Attributes:
        ids: n of them.
        probabilities: (n, q).
        decided: (n, q) True where a document has the class.
        unfamiliar: (n,) True where it resembles nothing labelled; None where nobody can say.
    """

    ids: Sequence[str]
    probabilities: FloatMatrix
    decided: BoolMatrix
    unfamiliar: Mask | None


def check_form(path: Path) -> None:
    """Nothing, when predictions can be written to a file whose name ends so.

    Raises:
        RequestError: its name ends in none of the forms.
    """
    if not path.name.lower().endswith(tuple(FORMS)):
        raise RequestError(
            f"{path} has no known form; predictions are written to {', '.join(FORMS)}"
        )


def write_predictions(
    path: Path, form: str, classes: Sequence[str], parts: Iterable[Predictions]
) -> None:
    """Write predictions part by part, so that few are held at once.

    Args:
        path: of the file.
        form: its suffix, one of FORMS.
        classes: q names.
        parts: of the documents, in the order of the file.
    """
    with FORMS[form](path, _schema(classes, is_text=form not in HAS_LISTS)) as write:
        for part in parts:
            write(_table(classes, part, is_text=form not in HAS_LISTS))


def _schema(classes: Sequence[str], *, is_text: bool) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [(ID, pa.string()), (PREDICTED, pa.string() if is_text else pa.list_(pa.string()))]
        + [(UNFAMILIAR, pa.bool_())]
        + [(f"{OF_CLASS}{name}", pa.float32()) for name in classes]
    )


def _table(classes: Sequence[str], rows: Predictions, *, is_text: bool) -> pa.Table:
    import pyarrow as pa

    names = _cells(classes, rows.decided) if is_text else _lists(classes, rows.decided)
    unfamiliar = [None] * len(rows.ids) if rows.unfamiliar is None else rows.unfamiliar
    columns = [pa.array(rows.ids, pa.string()), names, pa.array(unfamiliar, pa.bool_())]
    columns += [pa.array(column) for column in np.ascontiguousarray(rows.probabilities.T)]
    return pa.Table.from_arrays(columns, schema=_schema(classes, is_text=is_text))


def _lists(classes: Sequence[str], decided: BoolMatrix) -> pa.Array:
    """The names of the classes that each document is decided to have, a list each."""
    import pyarrow as pa

    rows, positions = np.nonzero(decided)
    ends = np.cumsum(np.bincount(rows, minlength=len(decided)))
    names = pa.array(list(classes), pa.string()).take(pa.array(positions))
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), names)


def _cells(classes: Sequence[str], decided: BoolMatrix) -> pa.Array:
    """The same as a cell each; empty for none."""
    import pyarrow as pa

    packed = np.packbits(decided, axis=1)
    _, first, kind = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    named = [[classes[c] for c in np.flatnonzero(decided[row]).tolist()] for row in first.tolist()]
    cells = list(map(label_cell, named))
    return pa.array(cells, pa.string()).take(pa.array(kind.reshape(-1)))


@contextmanager
def _csv(path: Path, schema: pa.Schema, delimiter: str = ",") -> Iterator[Callable[[Any], None]]:
    import pyarrow.csv

    with path.open("wb") as file:
        file.write(BYTE_ORDER_MARK)
        options = pyarrow.csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
        with pyarrow.csv.CSVWriter(file, schema, write_options=options) as writer:
            yield writer.write_table


@contextmanager
def _json_lines(path: Path, schema: pa.Schema) -> Iterator[Callable[[Any], None]]:
    with path.open("w", encoding="utf-8") as file:

        def write(table: pa.Table) -> None:
            columns = [
                # a float32 has no more digits than these
                [float(f"{x:.7g}") for x in column.to_pylist()]
                if column.type == "float"
                else column.to_pylist()
                for column in table.columns
            ]
            for values in zip(*columns, strict=True):
                row = dict(zip(table.column_names, values, strict=True))
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Callable[[Any], None]]:
    import pyarrow.parquet as pq

    # probabilities repeat too seldom for a dictionary
    with pq.ParquetWriter(path, schema, use_dictionary=[f"{PREDICTED}.list.element"]) as writer:
        yield writer.write_table


FORMS: Mapping[str, Any] = {
    ".csv": _csv,
    ".tsv": partial(_csv, delimiter="\t"),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
HAS_LISTS = (".jsonl", ".parquet")
