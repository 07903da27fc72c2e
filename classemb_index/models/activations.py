"""What an encoder's top layers are given of a pool's documents: computed once, kept in a file."""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
import weakref
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..arrays import Rows
from .layers import Activations, SplitEncoder

HEADER = struct.Struct("<II")  # CRC-32 of what follows it, and tokens
ITEM = np.dtype("<u2")


class KeptActivations:
    """Activations of documents by row, each computed when it is first asked for.

    A row has a place of its own in the file, and is there when its checksum is right; so processes
    that share the file need no lock, and what was cut off is computed again. The file is as long as
    the pool but takes disk only for rows that were asked for: 98 KB for 128 tokens of 384 dimensions.
    In a folder that cannot be written, a temporary file serves.

    Args:
        split: computes them.
        texts_of: the texts of rows.
        folder: where the file is kept; made where it is missing.
        key: of the documents; another pool, encoder, length or number of layers is another file.

    Attributes:
        path: the file.
    """

    def __init__(
        self,
        split: SplitEncoder,
        texts_of: Callable[[Rows], Sequence[str]],
        folder: Path,
        key: str,
    ) -> None:
        self._split, self._texts_of = split, texts_of
        encoder = split.encoder
        self._dim = encoder.dim
        self._place = HEADER.size + split.max_length * self._dim * ITEM.itemsize
        facts = f"{key} {encoder.fingerprint} {encoder.precision} {split.layers} {split.max_length}"
        name = f"activations-{hashlib.sha256(facts.encode()).hexdigest()[:16]}.bin"
        self.path = folder / name
        try:
            folder.mkdir(exist_ok=True)
            self.path.open("ab").close()
        except OSError:  # a folder of somebody else's
            own = tempfile.mkdtemp(prefix="classemb-")
            weakref.finalize(self, shutil.rmtree, own)
            self.path = Path(own) / name
            self.path.touch()

    def of(self, rows: Rows) -> list[Activations]:
        """The activations of these rows, in their order."""
        with self.path.open("r+b", buffering=0) as file:
            found = [self._read(file, row) for row in rows.tolist()]
            missing = [i for i, own in enumerate(found) if own is None]
            if missing:
                computed = self._split.below(self._texts_of(rows[missing]))
                for i, own in zip(missing, computed, strict=True):
                    found[i] = own
                    with suppress(OSError):  # a full disk
                        self._write(file, int(rows[i]), own)
        return [own for own in found if own is not None]

    def _read(self, file: BinaryIO, row: int) -> Activations | None:
        file.seek(row * self._place)
        place = file.read(self._place)
        if len(place) < HEADER.size:
            return None
        checksum, tokens = HEADER.unpack_from(place)
        end = HEADER.size + tokens * self._dim * ITEM.itemsize
        if not tokens or end > len(place) or checksum != zlib.crc32(place[4:end]):
            return None
        return np.frombuffer(place[HEADER.size : end], ITEM).reshape(tokens, self._dim)

    def _write(self, file: BinaryIO, row: int, own: Activations) -> None:
        body = own.astype(ITEM).tobytes()
        counted = struct.pack("<I", len(own)) + body
        file.seek(row * self._place)
        file.write(struct.pack("<I", zlib.crc32(counted)) + counted)
