"""The vectors of an index that is being built, and the journal of what is written of them."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, Rows, blocks
from ..durable import fsync
from .publish import JOURNAL
from .store import VECTORS

BLOCK = 16_384  # vectors that are copied together


class VectorFile:
    """The vectors of a draft, written chunk by chunk; finished chunks survive an interruption.

    Args:
        draft: the draft folder.
        shape: (n, dim).
        dtype: float32 or float16.
        key: what the vectors depend on; another key than the draft's starts anew.
            None writes no journal: such a build starts from its beginning.
    """

    def __init__(
        self, draft: Path, shape: tuple[int, int], dtype: np.dtype[Any], key: str | None
    ) -> None:
        self._path, self._journal = draft / VECTORS, draft / JOURNAL
        self._shape, self._dtype = shape, dtype
        self._key = None if key is None else json.dumps([key, *shape, dtype.str])
        self._finished = self._read_journal()
        header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        with self._path.open("r+b" if self._finished else "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            self._offset = file.tell()
            file.truncate(self._offset + shape[0] * shape[1] * dtype.itemsize)
        if self._key is not None and not self._finished:
            self._journal.write_text(self._key + "\n")

    def is_finished(self, start: int, digest: str) -> bool:
        """True when the chunk that begins with the fresh row `start` has the same rows and texts."""
        return self._finished.get(start) == digest

    def copy(self, vectors: FloatMatrix, taken: Rows) -> None:
        """Write the vectors of the rows `taken`, each in its place there; -1 stands for none."""
        rows = np.flatnonzero(taken >= 0)
        for part in blocks(len(rows), BLOCK):
            self.write(rows[part], vectors[taken[rows[part]]])

    def write(self, rows: Rows, vectors: FloatMatrix) -> None:
        """Write vectors as these rows, which rise."""
        values = np.ascontiguousarray(vectors, dtype=self._dtype)
        runs = np.flatnonzero(np.diff(rows) != 1) + 1
        with self._path.open("r+b") as file:
            for start, stop in pairwise([0, *runs.tolist(), len(rows)]):
                if start < stop:
                    place = int(rows[start]) * self._shape[1] * self._dtype.itemsize
                    file.seek(self._offset + place)
                    file.write(values[start:stop].data)

    def finish(self, start: int, digest: str) -> None:
        """Note that the chunk that begins with the fresh row `start` is written."""
        fsync(self._path)
        with self._journal.open("a") as journal:
            journal.write(json.dumps([start, digest]) + "\n")
            journal.flush()
            os.fsync(journal.fileno())

    def _read_journal(self) -> dict[int, str]:
        if self._key is None or not (self._journal.exists() and self._path.exists()):
            self._journal.unlink(missing_ok=True)
            return {}
        # what stands behind the last line break is the line that an interruption cut
        text = self._journal.read_text(errors="replace").rpartition("\n")[0]
        key, *lines = text.split("\n")
        try:
            finished = {start: digest for start, digest in map(json.loads, lines)}
        except (ValueError, TypeError):
            finished = {}
        if key != self._key or not finished:
            self._journal.unlink()
            return {}
        self._journal.write_text(text + "\n")  # so that the next line does not join the cut one
        return finished
