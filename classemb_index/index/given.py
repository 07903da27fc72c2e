"""Vectors that were made elsewhere: whether they fit the pool and its encoder, and their unit length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, blocks, unit
from ..errors import SourceError
from ..models.contracts import Encoder
from ..pool.pool import Pool

BLOCK = 1024  # vectors that are checked and scaled together
SAMPLE = 16  # documents that are embedded to compare
COSINE = 0.9  # that each of them has to its given vector, at least
SEED = 0  # of the sample


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


def check_rows(vectors: FloatMatrix, pool: Pool, encoder: Encoder) -> None:
    """Nothing, when the encoder gives 16 documents, drawn at random, the vectors of their rows.

    Args:
        vectors: (n, dim) given ones, of unit length.
        pool: the documents.
        encoder: said to have made the vectors.

    Raises:
        SourceError: the cosine of one of them to its given vector is below 0.9, so the vectors
            stand in another order, or are another model's.
    """
    size = min(SAMPLE, len(pool))
    rows = np.sort(np.random.default_rng(SEED).choice(len(pool), size, replace=False))
    cosines = (vectors[rows] * encoder.encode(pool.texts_of(rows))).sum(axis=1)
    wrong = int(np.count_nonzero(~(cosines >= COSINE)))  # NaN is wrong too
    if wrong:
        worst = int(np.argmin(np.nan_to_num(cosines, nan=-1)))
        raise SourceError(
            f"{wrong} of {size} documents that were embedded to compare have other vectors than those "
            f"given (document {pool.ids[int(rows[worst])]!r} has the least cosine, "
            f"{cosines[worst]:.2f}; each needs {COSINE}); where the vectors stand in another order "
            f"than the documents, give their ids with --ids, and where {encoder.name!r} did not make "
            "them, name the encoder that did"
        )


def unit_blocks(embeddings: FloatMatrix) -> Iterator[tuple[slice, FloatMatrix]]:
    """Given vectors scaled to unit length, float32, with the rows that they are of.

    Raises:
        SourceError: a vector is zero or not finite; the message names its row.
    """
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
        yield part, unit(block)


def are_stored(embeddings: FloatMatrix, vectors: FloatMatrix) -> bool:
    """True when given vectors, scaled to unit length, are those of an index, value for value."""
    if embeddings.shape != vectors.shape:
        return False
    for part in blocks(len(embeddings), BLOCK):
        block = np.asarray(embeddings[part], dtype=np.float32)
        with np.errstate(all="ignore"):  # what has no length is no vector of an index
            block = block / np.linalg.norm(block, axis=1, keepdims=True)
        if not np.array_equal(block.astype(vectors.dtype, copy=False), vectors[part]):
            return False
    return True
