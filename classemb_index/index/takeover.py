"""What a build takes over from the index that it replaces: the vectors of texts that it has already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..arrays import ByteMatrix, Rows, blocks
from ..errors import IndexFolderError
from ..pool.documents import DocumentsFile
from .store import DOCUMENTS, TEXT_HASHES, VECTORS, EncoderInfo, StoredIndex, read_stable

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


def replaced_index(folder: Path) -> StoredIndex | None:
    """The index in a folder; None where there is none, or it cannot be read."""
    try:
        return read_stable(folder)
    except (IndexFolderError, OSError):
        return None


def has_vectors_of(stored: StoredIndex, encoder: EncoderInfo) -> bool:
    """True when the vectors of an index are this encoder's, float32, and as they were written.

    They are compared with their checksum, and what tells whose they are with its own: a damaged
    vector is not taken over.
    """
    own = stored.manifest
    if not is_same_encoder(own.encoder, encoder) or own.dtype != np.dtype(np.float32).name:
        return False
    known_by = DOCUMENTS if stored.hashes is None else TEXT_HASHES
    return all(stored.is_intact(file) for file in (VECTORS, known_by) if file in own.files)


def is_same_encoder(one: EncoderInfo, other: EncoderInfo) -> bool:
    """True when both give a text the same vector; the name is the fingerprint's, however it is spelled."""
    return all(
        getattr(one, fact) == getattr(other, fact)
        for fact in ("fingerprint", "max_length", "precision")
    )


def stored_hashes(stored: StoredIndex) -> ByteMatrix:
    """The text hashes of an index; computed from its texts where a version before wrote it."""
    if stored.hashes is not None:
        return stored.hashes
    return text_hashes(DocumentsFile(stored.documents).take, stored.manifest.n)


def _keys(hashes: ByteMatrix) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    """Each hash as one value; bytes of one length compare whole, zeros at the end too."""
    return np.ascontiguousarray(hashes).view(f"S{HASH}").ravel()
