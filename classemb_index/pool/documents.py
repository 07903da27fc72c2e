"""The pool: documents with ids, texts, labels that may be unknown, and splits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from ..arrays import Rows
from ..errors import IndexDamagedError

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "dev", "test")

GROUPS = ("frequent", "rare")

ROW_GROUP = 4096  # documents in a row group: what one text look-up decompresses


class Record(NamedTuple):
    """One document as a source gives it.

    `labels` is None when nobody knows them and () when it is known that there are
    none; `split` is "train", "dev", "test" or None; `place` is where it stands in
    the source, for messages.
    """

    id: str
    text: str
    labels: tuple[str, ...] | None
    split: str | None
    place: str = ""


def write_documents(path: Path, records: Iterable[Record]) -> None:
    """Write records to a documents file (Parquet: id, text, labels or null, split or null)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("id", pa.string()),
            ("text", pa.string()),
            ("labels", pa.list_(pa.string())),
            ("split", pa.string()),
        ]
    )
    rest = iter(records)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rest, ROW_GROUP)):
            columns = zip(*(record[: len(schema)] for record in batch), strict=True)
            table = pa.table([list(column) for column in columns], schema=schema)
            writer.write_table(table, row_group_size=ROW_GROUP)


class ParquetTexts(Sequence[str]):
    """The text column of a documents file, decompressed a row group at a time."""

    def __init__(self, file: Path | pa.NativeFile) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(file, memory_map=True)
        metadata = self._file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._cached: tuple[int, pa.ChunkedArray] | None = None
        self.holder: object = None  # keeps a temporary folder alive as long as its texts

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return self.take(range(*row.indices(len(self))))
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        return self.take([row % len(self)])[0]

    def take(self, rows: Rows | range | Sequence[int]) -> list[str]:
        """The texts of these rows, in their order."""
        wanted = np.asarray(rows, dtype=np.int64)
        group_of = np.searchsorted(self._starts, wanted, side="right") - 1
        texts = [""] * len(wanted)
        for group in np.unique(group_of):
            places = np.flatnonzero(group_of == group)
            column = self._group(int(group))
            found = column.take(wanted[places] - self._starts[group]).to_pylist()
            for place, text in zip(places, found, strict=True):
                texts[place] = text
        return texts

    def _group(self, group: int) -> pa.ChunkedArray:
        if self._cached is None or self._cached[0] != group:
            try:
                column = self._file.read_row_group(group, columns=["text"])["text"]
            except (OSError, ValueError) as cause:  # pyarrow's own errors are one or the other
                raise IndexDamagedError(
                    "the texts of documents.parquet cannot be read; check the index with verify"
                ) from cause
            self._cached = group, column
        return self._cached[1]
