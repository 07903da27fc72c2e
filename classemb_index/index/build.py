"""Building an index: a pool and its vectors, written to a draft that then takes the index's place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from ..arrays import ByteMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks, unit
from ..errors import RequestError, SourceError
from ..models.contracts import CountsTokens, Encoder
from ..pool.pool import Pool
from ..watch import SILENT, Watcher
from .backends import open_backend
from .backends.base import VectorIndex
from .store import (
    CLASS_NAMES,
    DOCUMENTS,
    NAME_FEEDBACK,
    TEXT_HASHES,
    VECTORS,
    EncoderInfo,
    Manifest,
    building,
    publish,
)
from .takeover import matching_rows, replaced_index, stored_hashes, text_hashes
from .vectors import VectorFile, link_vectors

CHUNK = 512  # documents encoded between two entries of the journal
BLOCK = 16_384  # given vectors that are checked and scaled, and vectors that are summed, together
FEEDBACK = 3  # documents nearest to a class name that expand it


class BuildOptions(TypedDict, total=False):
    """What an index may be built with beside its pool, encoder, folder and backend.

    Attributes:
        embeddings: (n, dim) vectors made elsewhere, row for row; scaled to unit length.
        paper: published numbers to be compared with (a recipe's [paper]).
        device: where to search: "auto" (the default), "cpu" or "cuda".
        watch: is told the documents done and in all, how many were taken over, and how many
            texts the encoder does not read to their end.
    """

    embeddings: FloatMatrix | None
    paper: Mapping[str, Any] | None
    device: str
    watch: Watcher


def write_index(
    pool: Pool,
    encoder: Encoder | None,
    folder: Path,
    backend: str,
    *,
    embeddings: FloatMatrix | None = None,
    paper: Mapping[str, Any] | None = None,
    device: str = "auto",
    watch: Watcher = SILENT,
) -> None:
    """Write the index of a pool in the place of `folder`; see EmbeddingIndex.build.

    Raises:
        IndexLockedError: another process is building the same index.
        SourceError: `embeddings` do not fit the pool or the encoder, or hold NaN or zeros.
        RequestError: there is neither encoder nor embeddings.
    """
    if embeddings is not None:
        shape, dtype = _checked_shape(embeddings, pool, encoder)
    elif encoder is None:
        raise RequestError("an index needs an encoder or embeddings; give one of them")
    with building(folder) as place:
        draft = Draft(place, pool)
        if embeddings is not None:
            parts = _given_parts(embeddings, place, shape, dtype)
        elif encoder is not None:
            parts = _encoded_parts(draft, pool, encoder, folder, watch)
        watch.progress(0, len(pool))
        for done in parts:
            watch.progress(done, len(pool))
        draft.save_documents()
        if encoder is not None and pool.classes:
            draft.save_names(encoder, open_backend(backend, draft.vectors, device))
        info = _encoder_info(encoder, embeddings is not None)
        draft.publish(folder, info, backend, paper or {})


class Draft:
    """An index that is being written: its vectors, documents, class names and mean.

    Args:
        place: the draft folder; its vectors are written first.
        pool: the documents.
    """

    def __init__(self, place: Path, pool: Pool) -> None:
        self.place = place
        self._pool = pool

    @cached_property
    def vectors(self) -> FloatMatrix:
        """(n, dim) as they were written, memory-mapped."""
        vectors: FloatMatrix = np.load(self.place / VECTORS, mmap_mode="r")
        return vectors

    @cached_property
    def hashes(self) -> ByteMatrix:
        """(n, 16) uint8, see `text_hashes`."""
        return text_hashes(self._pool.texts_of, len(self._pool))

    def save_documents(self) -> None:
        """Write the documents file, and the hashes of its texts."""
        self._pool.save(self.place / DOCUMENTS)
        np.save(self.place / TEXT_HASHES, self.hashes)

    def save_names(self, encoder: Encoder, backend: VectorIndex) -> None:
        """Write the embeddings of the class names, and their feedback.

        Raises:
            SourceError: the encoder gave NaN.
        """
        name_vectors = embed_class_names(self._pool.classes, encoder)
        feedback = name_feedback(backend, self.vectors, name_vectors, self._pool.selectable)
        np.save(self.place / CLASS_NAMES, name_vectors)
        np.save(self.place / NAME_FEEDBACK, feedback)

    def publish(
        self, folder: Path, encoder: EncoderInfo, backend: str, paper: Mapping[str, Any]
    ) -> None:
        """Put the index in the place of `folder`."""
        pool, (n, dim) = self._pool, self.vectors.shape
        manifest = Manifest(
            name=pool.name,
            source=pool.source,
            n=n,
            dim=dim,
            dtype=self.vectors.dtype.name,
            encoder=encoder,
            classes=pool.classes,
            groups=dict(pool.groups),
            backend=backend,
            paper=dict(paper),
            mean=tuple(mean_embedding(self.vectors, np.flatnonzero(pool.selectable)).tolist()),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            tool_version=version("classemb-index"),
        )
        publish(self.place, folder, manifest)


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


def _encoded_parts(
    draft: Draft, pool: Pool, encoder: Encoder, folder: Path, watch: Watcher
) -> Iterator[int]:
    """Write the pool's vectors into the draft, a chunk at a time; yields the documents done.

    Texts that the index in `folder` has from the same encoder keep their vectors, in whatever row
    they stand there; only the others are encoded. Chunks that an interrupted build finished with
    the same encoder and texts are kept.

    Raises:
        SourceError: the encoder gave NaN.
    """
    fresh = np.arange(len(pool))
    stored = replaced_index(folder, encoder)
    if stored is not None:
        known = stored_hashes(stored)
        taken = matching_rows(draft.hashes, known)
        fresh = np.flatnonzero(taken < 0)
        if len(fresh) < len(pool):
            watch.taken_over(len(pool) - len(fresh), len(pool))
        if np.array_equal(draft.hashes, known):
            link_vectors(stored.folder, draft.place)
            yield len(pool)
            return
    key = f"{encoder.fingerprint} {encoder.precision}"
    shape = (len(pool), encoder.dim)
    file = VectorFile(draft.place, shape, np.dtype(np.float32), key)
    if stored is not None:
        file.copy(stored.vectors, taken)
        yield len(pool) - len(fresh)
    cut = encoded = 0
    for part in blocks(len(fresh), CHUNK):
        rows = fresh[part]
        digest = hashlib.sha256(rows.tobytes() + draft.hashes[rows].tobytes()).hexdigest()
        if not file.is_finished(part.start, digest):
            texts = pool.texts_of(rows)
            vectors = encoder.encode(texts)
            if not np.isfinite(vectors).all():
                raise SourceError(
                    f"the encoder {encoder.name!r} gave NaN for a document of rows {rows[0]} to "
                    f"{rows[-1]}; try --precision float32"
                )
            file.write(rows, vectors)
            file.finish(part.start, digest)
            if isinstance(encoder, CountsTokens):
                cut, encoded = cut + encoder.count_cut(texts), encoded + len(texts)
        yield len(pool) - len(fresh) + part.stop
    if encoded:
        watch.texts_cut(cut, encoded, encoder.max_length)


def _given_parts(
    embeddings: FloatMatrix, draft: Path, shape: tuple[int, int], dtype: np.dtype[Any]
) -> Iterator[int]:
    """Scale given vectors to unit length into the draft's; yields the documents done.

    Raises:
        SourceError: a vector is zero or not finite; the message names its row.
    """
    file = VectorFile(draft, shape, dtype, key=None)
    for part in blocks(len(embeddings), BLOCK):
        block = np.asarray(embeddings[part], dtype=np.float32)
        lengths = np.linalg.norm(block, axis=1)
        wrong = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
        if wrong.size:
            kind = "is zero" if lengths[wrong[0]] == 0 else "holds NaN or infinity"
            raise SourceError(
                f"the given vector of row {part.start + wrong[0]} {kind}, so it has no direction; "
                "embed that document again, or leave it out"
            )
        file.write(np.arange(part.start, part.stop), unit(block))
        yield part.stop


def _checked_shape(
    embeddings: FloatMatrix, pool: Pool, encoder: Encoder | None
) -> tuple[tuple[int, int], np.dtype[Any]]:
    """Shape and stored type of given vectors: float16 stays, all else becomes float32.

    Raises:
        SourceError: they are no matrix of floats, or do not fit the pool or the encoder.
    """
    if embeddings.ndim != 2 or not np.issubdtype(embeddings.dtype, np.floating):
        raise SourceError(
            f"embeddings have shape {embeddings.shape} and type {embeddings.dtype}; "
            "they are a matrix (documents, dimensions) of floats"
        )
    n, dim = embeddings.shape
    if n != len(pool):
        raise SourceError(
            f"there are {n} embeddings and {len(pool)} documents; they must stand row for row"
        )
    if encoder is not None and encoder.dim != dim:
        raise SourceError(
            f"the embeddings have {dim} dimensions, the encoder {encoder.name!r} has {encoder.dim}; "
            "name the model that made them"
        )
    half = embeddings.dtype == np.float16
    return (n, dim), np.dtype(np.float16 if half else np.float32)


def _encoder_info(encoder: Encoder | None, given: bool) -> EncoderInfo:
    """What the manifest says of the encoder; the precision of given vectors is not known."""
    if encoder is None:
        return EncoderInfo()
    precision = None if given else encoder.precision
    return EncoderInfo(encoder.name, encoder.fingerprint, encoder.max_length, precision)
