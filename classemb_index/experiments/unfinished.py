"""What is predicted already, kept beside the file that is not there yet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..arrays import FloatMatrix, blocks
from ..durable import only_writer
from ..errors import RequestError

SCORES, IDS, STATE = "scores.f32", "ids.jsonl", "state.json"
BLOCK = 65_536  # rows that are read at once


class Unfinished:
    """Scores of the first documents of many, on disk; each block is there whole or not at all.

    Attributes:
        folder: where they lie.
        rows: documents that are done.
        digest: of what they are, as who appended them gave it; "" before.
    """

    def __init__(self, folder: Path, key: str, columns: int) -> None:
        self.folder = folder
        self._key = key
        self._columns = columns
        self.rows = 0
        self.digest = ""
        self._ids_bytes = 0
        self._restore()

    @classmethod
    @contextmanager
    def of(cls, out: Path, key: str, columns: int) -> Iterator[Unfinished]:
        """What lies beside `out` of the same key, under a lock; it goes when all is well.

        Args:
            out: the file that it will be.
            key: tells models and documents apart; what is there of another is thrown away.
            columns: numbers of a document.

        Raises:
            RequestError: another process is writing the same file.
        """
        parent = out.absolute().parent
        lock, folder = parent / f".{out.name}.lock", parent / f".{out.name}.partial"
        refusal = RequestError(
            f"another process is writing {out}; wait for it, or choose another --out"
        )
        with only_writer(lock, refusal):
            folder.mkdir(exist_ok=True)
            unfinished, is_done = cls(folder, key, columns), False
            try:
                yield unfinished
                is_done = True
            finally:
                if is_done or not unfinished.rows:
                    shutil.rmtree(folder)
                lock.unlink(missing_ok=True)

    def append(
        self, scores: FloatMatrix, ids: Sequence[str] | None = None, digest: str = ""
    ) -> None:
        """Keep the next documents.

        Args:
            scores: (n, columns) float32.
            ids: n of them, where they are not known otherwise.
            digest: of all documents so far.
        """
        with (self.folder / SCORES).open("ab") as file:
            file.write(np.ascontiguousarray(scores, dtype=np.float32).data)
        if ids is not None:
            lines = "".join(json.dumps(id_) + "\n" for id_ in ids).encode()
            with (self.folder / IDS).open("ab") as file:
                file.write(lines)
            self._ids_bytes += len(lines)
        self.rows += len(scores)
        self.digest = digest
        self._save()

    def scores(self) -> Iterator[FloatMatrix]:
        """Blocks of what is kept, first to last."""
        with (self.folder / SCORES).open("rb") as file:
            for part in blocks(self.rows, BLOCK):
                count = (part.stop - part.start) * self._columns
                yield np.fromfile(file, np.float32, count).reshape(-1, self._columns)

    def ids(self) -> Iterator[str]:
        """The ids that are kept, first to last."""
        with (self.folder / IDS).open(encoding="utf-8") as file:
            yield from map(json.loads, file)

    def _restore(self) -> None:
        """Take up what is there, and cut off what a block left that was not finished."""
        try:
            there = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            there = {}
        if there.get("key") == self._key:
            self.rows, self.digest = there["rows"], there["digest"]
            self._ids_bytes = there["ids_bytes"]
        row_bytes = self._columns * np.dtype(np.float32).itemsize
        for name, size in ((SCORES, self.rows * row_bytes), (IDS, self._ids_bytes)):
            with (self.folder / name).open("ab") as file:
                file.truncate(size)

    def _save(self) -> None:
        own = {"key": self._key, "rows": self.rows, "digest": self.digest}
        partial = self.folder / f"{STATE}.partial"
        partial.write_text(json.dumps({**own, "ids_bytes": self._ids_bytes}), encoding="utf-8")
        partial.replace(self.folder / STATE)
