"""What a build takes over from the index that it replaces: the vectors of texts that it has already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..arrays import ByteMatrix, Rows, blocks
from ..errors import IndexFolderError
from ..models.contracts import Encoder
from ..pool.documents import DocumentsFile
from .store import (
    DOCUMENTS,
    TEXT_HASHES,
    VECTORS,
    EncoderInfo,
    StoredIndex,
    file_digest,
    read_stable,
)

BLOCK = 4096  # texts that are held at once
HASH = 16  # bytes


def text_hashes(texts_of: Callable[[range], Sequence[str]], n: int) -> ByteMatrix:
    """(n, 16) uint8 BLAKE2b of each text in UTF-8.

    Args:
        texts_of: gives the texts of rows.
        n: how many there are.
    """
    hashes = bytearray()
    for part in blocks(n, BLOCK):
        for text in texts_of(range(part.start, part.stop)):
            hashes += hashlib.blake2b(text.encode(), digest_size=HASH).digest()
    return np.frombuffer(hashes, dtype=np.uint8).reshape(n, HASH)


def matching_rows(hashes: ByteMatrix, known: ByteMatrix) -> Rows:
    """(len(hashes),) the row of `known` with the same hash, the lowest of several; -1 for none."""
    wanted, keys = _keys(hashes), _keys(known)
    if not keys.size:
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    places = np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)
    rows = order[places]
    return np.where(keys[rows] == wanted, rows, -1).astype(np.int64)


def replaced_index(folder: Path, encoder: Encoder) -> StoredIndex | None:
    """The index in a folder, where its vectors are this encoder's; None where they cannot be used.

    Its files are compared with their checksums: a damaged vector is not taken over.
    """
    try:
        stored = read_stable(folder)
        info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.max_length, encoder.precision)
        own = stored.manifest
        if _made_by(own.encoder) != _made_by(info) or own.dtype != np.dtype(np.float32).name:
            return None
        names = [name for name in (VECTORS, _hashed(stored)) if name in own.files]
        right = [file_digest(stored.folder / name) == own.files[name]["sha256"] for name in names]
    except (IndexFolderError, OSError):
        return None
    return stored if all(right) else None


def stored_hashes(stored: StoredIndex) -> ByteMatrix:
    """The text hashes of an index; computed from its texts where a version before wrote it."""
    if TEXT_HASHES in stored.manifest.files:
        hashes: ByteMatrix = np.load(stored.folder / TEXT_HASHES)
        return hashes
    return text_hashes(DocumentsFile(stored.documents).take, stored.manifest.n)


def _hashed(stored: StoredIndex) -> str:
    return TEXT_HASHES if TEXT_HASHES in stored.manifest.files else DOCUMENTS


def _made_by(info: EncoderInfo) -> tuple[object, ...]:
    """What a vector depends on beside its text; the name is the fingerprint's, however it is spelled."""
    return info.fingerprint, info.max_length, info.precision


def _keys(hashes: ByteMatrix) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    """Each hash as one value; bytes of one length compare whole, zeros at the end too."""
    return np.ascontiguousarray(hashes).view(f"S{HASH}").ravel()
