"""Documents: a record of one, and the file that holds many, written and read."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload, runtime_checkable

import numpy as np

from ..arrays import BoolMatrix, Mask, Rows
from ..errors import IndexDamagedError

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "dev", "test")
GROUPS = ("frequent", "rare")
FACTS = ("id", "labels", "split")  # the columns beside the text
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
    """Write records to a documents file (Parquet), labels and split null where nobody knows them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    rest = iter(records)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rest, ROW_GROUP)):
            columns = zip(*(record[: len(schema)] for record in batch), strict=True)
            table = pa.table([list(column) for column in columns], schema=schema)
            writer.write_table(table, row_group_size=ROW_GROUP)


def facts_table(
    ids: Sequence[str],
    classes: Sequence[str],
    labels: BoolMatrix,
    is_known: Mask,
    splits: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> pa.Table:
    """The columns of a documents file beside the texts, of a pool's arrays."""
    import pyarrow as pa

    rows, positions = np.nonzero(labels & is_known[:, None])
    ends = np.cumsum(np.bincount(rows, minlength=len(labels)))
    names = pa.array(list(classes), pa.string()).take(pa.array(positions))
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, names, mask=pa.array(~is_known))
    parts = pa.array(splits.tolist(), pa.string(), mask=splits == "")
    schema = _schema()
    columns = pa.schema([schema.field(name) for name in FACTS])
    return pa.table([list(ids), lists, parts], schema=columns)


@runtime_checkable
class StoredTexts(Protocol):
    """Texts that lie in a documents file, where many are read at a time."""

    def take(self, rows: Rows | range | Sequence[int]) -> list[str]:
        """The texts of these rows, in their order."""

    def content(self, facts: pa.Table) -> pa.Buffer | None:
        """The file's bytes where these are its facts; None where they are not."""


class DocumentsFile(Sequence[str]):
    """A documents file as the texts that it holds, decompressed a row group at a time.

    Args:
        file: its path, or the open file.
    """

    def __init__(self, file: Path | pa.NativeFile) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._bytes = pa.memory_map(str(file)) if isinstance(file, Path) else file
        self._file = pq.ParquetFile(self._bytes)
        metadata = self._file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._cached: tuple[int, pa.ChunkedArray] | None = None
        self._lock = Lock()  # of what is cached: pages are made in several threads

    @classmethod
    def temporary(cls, records: Iterable[Record]) -> DocumentsFile:
        """These records, written to a file (in $TMPDIR) that goes when their texts go."""
        folder = tempfile.mkdtemp(prefix="classemb-")
        path = Path(folder) / "documents.parquet"
        try:
            write_documents(path, records)
            file = cls(path)
        except BaseException:
            shutil.rmtree(folder)
            raise
        weakref.finalize(file, shutil.rmtree, folder, ignore_errors=True)
        return file

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
            taken = column.take(wanted[places] - self._starts[group]).to_pylist()
            for place, text in zip(places, taken, strict=True):
                texts[place] = text
        return texts

    def facts(self) -> pa.Table:
        """Every column beside the texts, see `facts_table`."""
        return self._file.read(columns=list(FACTS))

    def content(self, facts: pa.Table) -> pa.Buffer | None:
        """The file's bytes where these are its facts; None where they are not."""
        if not self.facts().equals(facts):
            return None
        self._bytes.seek(0)
        return self._bytes.read_buffer()

    def _group(self, group: int) -> pa.ChunkedArray:
        with self._lock:
            if self._cached is None or self._cached[0] != group:
                try:
                    column = self._file.read_row_group(group, columns=["text"])["text"]
                except (OSError, ValueError) as cause:  # pyarrow's own errors are one or the other
                    raise IndexDamagedError(
                        "the texts of documents.parquet cannot be read; check the index with verify"
                    ) from cause
                self._cached = group, column
            return self._cached[1]


def _schema() -> pa.Schema:
    """The columns of a documents file; labels and split may be null."""
    import pyarrow as pa

    string = pa.string()
    return pa.schema(
        [("id", string), ("text", string), ("labels", pa.list_(string)), ("split", string)]
    )
