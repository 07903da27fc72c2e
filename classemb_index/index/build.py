"""What a build writes into its draft: encoded or given vectors, and the pool's records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, FloatVector, Rows
from ..errors import SourceError
from ..models.contracts import Encoder
from ..pool.documents import Record
from ..pool.pool import Pool
from .store import EncoderInfo, VectorFile

CHUNK = 512  # documents encoded between two entries of the journal

GIVEN_CHUNK = 16_384  # given vectors checked and scaled at a time


def encoded_parts(pool: Pool, encoder: Encoder, draft: Path) -> Iterator[int]:
    """Encode the pool into the draft's vectors, a chunk at a time; yields the documents done.

    Chunks that an interrupted build finished with the same encoder and texts are kept.

    Raises:
        SourceError: the encoder gave NaN.
    """
    key = f"{encoder.fingerprint} {encoder.precision}"
    file = VectorFile(draft, (len(pool), encoder.dim), np.dtype(np.float32), key)
    for start in range(0, len(pool), CHUNK):
        stop = min(start + CHUNK, len(pool))
        texts = pool.texts_of(range(start, stop))
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
        if not file.is_finished(start, digest):
            vectors = encoder.encode(texts)
            if not np.isfinite(vectors).all():
                raise SourceError(
                    f"the encoder {encoder.name!r} gave NaN for a document of rows {start} to "
                    f"{stop - 1}; try --precision float32"
                )
            file.write(start, vectors, digest)
        yield stop


def given_parts(
    embeddings: FloatMatrix, draft: Path, shape: tuple[int, int], dtype: np.dtype[Any]
) -> Iterator[int]:
    """Scale given vectors to unit length into the draft's; yields the documents done.

    Raises:
        SourceError: a vector is zero or not finite; the message names its row.
    """
    file = VectorFile(draft, shape, dtype, key=None)
    for start in range(0, len(embeddings), GIVEN_CHUNK):
        block = np.asarray(embeddings[start : start + GIVEN_CHUNK], dtype=np.float32)
        lengths = np.linalg.norm(block, axis=1)
        wrong = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
        if wrong.size:
            kind = "is zero" if lengths[wrong[0]] == 0 else "holds NaN or infinity"
            raise SourceError(
                f"the given vector of row {start + wrong[0]} {kind}, so it has no direction; "
                "embed that document again, or leave it out"
            )
        file.write(start, block / lengths[:, None])
        yield start + len(block)


def checked_shape(
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


def encoder_info(encoder: Encoder | None, given: bool) -> EncoderInfo:
    """What the manifest says of the encoder; the precision of given vectors is not known."""
    if encoder is None:
        return EncoderInfo()
    precision = None if given else encoder.precision
    return EncoderInfo(encoder.name, encoder.fingerprint, encoder.max_length, precision)


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
    for start in range(0, len(rows), GIVEN_CHUNK):
        total += vectors[rows[start : start + GIVEN_CHUNK]].sum(axis=0, dtype=np.float64)
    return (total / max(1, len(rows))).astype(np.float32)


def pool_records(pool: Pool) -> Iterator[Record]:
    """The pool's documents as records, streamed, their labels cut to its classes."""
    for start in range(0, len(pool), CHUNK):
        rows = range(start, min(start + CHUNK, len(pool)))
        for row, text in zip(rows, pool.texts_of(rows), strict=True):
            names = tuple(pool.classes[c] for c in np.flatnonzero(pool.labels[row]))
            labels = names if pool.is_known[row] else None
            yield Record(pool.ids[row], text, labels, str(pool.splits[row]) or None)
