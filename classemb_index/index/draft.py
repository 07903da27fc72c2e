"""An index that is being written: each file written, or kept where the index has it already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import ByteMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks
from ..errors import SourceError
from ..models.contracts import Encoder
from ..pool.pool import Pool
from .backends import open_backend
from .backends.base import VectorIndex
from .given import are_stored
from .replacing import place_of
from .store import (
    CLASS_NAMES,
    DOCUMENTS,
    NAME_FEEDBACK,
    TEXT_HASHES,
    VECTORS,
    EncoderInfo,
    Manifest,
    StoredIndex,
)
from .takeover import is_same_encoder, text_hashes
from .vectors import VectorFile

BLOCK = 16_384  # vectors that are summed together
FEEDBACK = 3  # documents nearest to a class name that expand it


class Draft:
    """An index that is being written, file by file; a file that the index has already is kept.

    Args:
        place: the draft folder.
        pool: the documents.
        encoder: what the vectors are made by.
        stored: the index that is replaced, if there is one that can be read.

    Attributes:
        kept: by file, what the manifest of the replaced index says of it.
        written: the other files, which lie in the draft folder.
    """

    def __init__(
        self, place: Path, pool: Pool, encoder: EncoderInfo, stored: StoredIndex | None
    ) -> None:
        self.place = place
        self.encoder = encoder
        self.stored = stored
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.written: list[str] = []
        self._pool = pool

    @cached_property
    def vectors(self) -> FloatMatrix:
        """(n, dim) as they were written or kept, memory-mapped."""
        if self.stored is not None and VECTORS in self.kept:
            return self.stored.vectors
        vectors: FloatMatrix = np.load(self.place / VECTORS, mmap_mode="r")
        return vectors

    @cached_property
    def hashes(self) -> ByteMatrix:
        """(n, 16) uint8, see `text_hashes`."""
        if self.stored is not None and self.stored.hashes is not None and TEXT_HASHES in self.kept:
            return self.stored.hashes
        return text_hashes(self._pool.texts_of, len(self._pool))

    def keep(self, file: str) -> bool:
        """Leave a file of the replaced index where it is; False where that index has none to leave.

        Before schema 3 a file had no digest in its name, and is written again.
        """
        if not (facts := self._facts(file)):
            return False
        (self.place / file).unlink(missing_ok=True)  # an interrupted build may have left one
        self.kept[file] = facts
        return True

    def has_given(self, embeddings: FloatMatrix, dtype: np.dtype[Any]) -> bool:
        """True when the replaced index holds these vectors at this precision."""
        vectors = None if self.stored is None else self.stored.vectors
        return vectors is not None and vectors.dtype == dtype and are_stored(embeddings, vectors)

    def vector_file(
        self, shape: tuple[int, int], dtype: np.dtype[Any], key: str | None
    ) -> VectorFile:
        """The draft's vectors, to be written."""
        self.written.append(VECTORS)
        return VectorFile(self.place, shape, dtype, key)

    def save_documents(self) -> None:
        """Write the documents file, and the hashes of its texts."""
        stored = self.stored if self._facts(DOCUMENTS) else None
        before = None if stored is None else stored.documents_bytes()
        if self._pool.save(self.place / DOCUMENTS, before):
            self._settle(DOCUMENTS)
        else:
            self.keep(DOCUMENTS)
        if DOCUMENTS in self.kept and self._is_intact(TEXT_HASHES) and self.keep(TEXT_HASHES):
            return
        np.save(self.place / TEXT_HASHES, self.hashes)
        self._settle(TEXT_HASHES)

    def save_names(self, encoder: Encoder, backend: str, device: str) -> None:
        """Write the embeddings of the class names, and their feedback.

        Raises:
            SourceError: the encoder gave NaN.
        """
        if self._has_names() and self.keep(CLASS_NAMES) and self.keep(NAME_FEEDBACK):
            return
        search = open_backend(backend, self.vectors, device)
        name_vectors = embed_class_names(self._pool.classes, encoder)
        feedback = name_feedback(search, self.vectors, name_vectors, self._pool.selectable)
        for file, vectors in ((CLASS_NAMES, name_vectors), (NAME_FEEDBACK, feedback)):
            np.save(self.place / file, vectors)
            self._settle(file)

    def manifest(self, backend: str, paper: Mapping[str, Any]) -> Manifest:
        """What the index is made of, its files aside."""
        pool, (n, dim) = self._pool, self.vectors.shape
        return Manifest(
            name=pool.name,
            source=pool.source,
            place=place_of(pool.source),
            n=n,
            dim=dim,
            dtype=self.vectors.dtype.name,
            encoder=self.encoder,
            classes=pool.classes,
            groups=dict(pool.groups),
            backend=backend,
            paper=dict(paper),
            mean=self._mean(),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            tool_version=version("classemb-index"),
        )

    def _facts(self, file: str) -> Mapping[str, Any]:
        """What the replaced index says of a file that could be kept; nothing where there is none."""
        facts = {} if self.stored is None else self.stored.manifest.files.get(file, {})
        return facts if "name" in facts else {}

    def _settle(self, file: str) -> None:
        """Keep the replaced index's file where it has the bytes of the one just written."""
        if (
            self.stored is None
            or not _have_same_bytes(
                self.place / file, self.stored.folder / self.stored.manifest.name_of(file)
            )
            or not self.keep(file)
        ):
            self.written.append(file)

    def _is_intact(self, file: str) -> bool:
        stored = self.stored
        return stored is not None and file in stored.manifest.files and stored.is_intact(file)

    def _is_unchanged(self) -> bool:
        """True when documents, labels and vectors are those of the replaced index."""
        return {DOCUMENTS, VECTORS} <= self.kept.keys()

    def _has_names(self) -> bool:
        """True when the replaced index has class names that would come out the same."""
        if self.stored is None or not self._is_unchanged():
            return False
        own = self.stored.manifest
        same = own.classes == self._pool.classes and is_same_encoder(own.encoder, self.encoder)
        return same and self._is_intact(CLASS_NAMES) and self._is_intact(NAME_FEEDBACK)

    def _mean(self) -> tuple[float, ...]:
        if self.stored is not None and self._is_unchanged():
            return self.stored.manifest.mean
        rows = np.flatnonzero(self._pool.selectable)
        return tuple(mean_embedding(self.vectors, rows).tolist())


def embed_class_names(names: Sequence[str], encoder: Encoder) -> FloatMatrix:
    """(len(names), dim) float32 of unit length: each name, or a class's description, as a text.

    Raises:
        SourceError: the encoder gave NaN.
    """
    vectors = encoder.encode(names)
    if not np.isfinite(vectors).all():
        raise SourceError(
            f"the encoder {encoder.name!r} gave NaN for a class name; try --precision float32"
        )
    return vectors


def mean_embedding(vectors: FloatMatrix, rows: Rows) -> FloatVector:
    """(dim,) float32 mean of these rows' vectors, summed in float64; zero for no row."""
    total = np.zeros(vectors.shape[1])
    for part in blocks(len(rows), BLOCK):
        total += vectors[rows[part]].sum(axis=0, dtype=np.float64)
    return (total / max(1, len(rows))).astype(np.float32)


def name_feedback(
    backend: VectorIndex, vectors: FloatMatrix, name_vectors: FloatMatrix, among: Mask
) -> FloatMatrix:
    """(q, dim) float32 mean of the 3 vectors nearest to each name; zero for a name of zeros."""
    means = np.zeros((len(name_vectors), vectors.shape[1]), dtype=np.float32)
    named = np.flatnonzero(name_vectors.any(axis=1))
    k = min(FEEDBACK, int(np.count_nonzero(among)))
    if named.size and k:
        near = backend.search(name_vectors[named], k, among)
        for c, rows in zip(named, near.rows, strict=True):
            means[c] = vectors[rows].mean(axis=0, dtype=np.float32)
    return means


def _have_same_bytes(one: Path, other: Path) -> bool:
    import pyarrow as pa

    if not other.exists() or one.stat().st_size != other.stat().st_size:
        return False
    first, second = (pa.memory_map(str(path)).read_buffer() for path in (one, other))
    return bool(first.equals(second))
