"""Building an index: a pool and its vectors, written to a draft that then becomes the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from ..arrays import FloatMatrix, blocks
from ..errors import RequestError, SourceError
from ..models.contracts import CountsTokens, Encoder
from ..pool.pool import Pool
from ..watch import SILENT, Watcher
from .draft import Draft
from .given import check_rows, checked_shape, unit_blocks
from .publish import building, publish
from .store import VECTORS, EncoderInfo
from .takeover import has_vectors_of, matching_rows, replaced_index, stored_hashes

CHUNK = 512  # documents encoded between two entries of the journal


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
    """Write the index of a pool into `folder`; see EmbeddingIndex.build.

    Raises:
        IndexLockedError: another process is building the same index.
        SourceError: `embeddings` do not fit the pool, hold NaN or zeros, or are not the encoder's.
        RequestError: there is neither encoder nor embeddings.
    """
    if embeddings is not None:
        shape, dtype = checked_shape(embeddings, pool, encoder)
    elif encoder is None:
        raise RequestError("an index needs an encoder or embeddings; give one of them")
    with building(folder) as place:
        info = _encoder_info(encoder, embeddings is not None)
        draft = Draft(place, pool, info, replaced_index(folder))
        draft.save_documents()
        if embeddings is not None:
            parts = _given_parts(draft, embeddings, shape, dtype)
        elif encoder is not None:
            parts = _encoded_parts(draft, pool, encoder, watch)
        watch.progress(0, len(pool))
        for done in parts:
            watch.progress(done, len(pool))
        if embeddings is not None and encoder is not None:
            check_rows(draft.vectors, pool, encoder)
        if encoder is not None and pool.classes:
            draft.save_names(encoder, backend, device)
        publish(folder, draft.manifest(backend, paper or {}), draft.written, draft.kept)


def _encoded_parts(draft: Draft, pool: Pool, encoder: Encoder, watch: Watcher) -> Iterator[int]:
    """Write the pool's vectors into the draft, a chunk at a time; yields the documents done.

    Texts that the replaced index has from the same encoder keep their vectors, in whatever row
    they stand there; only the others are encoded. Chunks that an interrupted build finished with
    the same encoder and texts are kept.

    Raises:
        SourceError: the encoder gave NaN.
    """
    fresh, stored = np.arange(len(pool)), draft.stored
    if stored is not None and not has_vectors_of(stored, draft.encoder):
        stored = None
    if stored is not None:
        known = stored_hashes(stored)
        taken = matching_rows(draft.hashes, known)
        fresh = np.flatnonzero(taken < 0)
        if len(fresh) < len(pool):
            watch.taken_over(len(pool) - len(fresh), len(pool))
        if np.array_equal(draft.hashes, known) and draft.keep(VECTORS):
            yield len(pool)
            return
    key = f"{encoder.fingerprint} {encoder.precision}"
    file = draft.vector_file((len(pool), encoder.dim), np.dtype(np.float32), key)
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
    draft: Draft, embeddings: FloatMatrix, shape: tuple[int, int], dtype: np.dtype[Any]
) -> Iterator[int]:
    """Write given vectors into the draft, or keep those that stand there; yields the documents done.

    Raises:
        SourceError: as for `unit_blocks`.
    """
    if draft.has_given(embeddings, dtype) and draft.keep(VECTORS):
        yield len(embeddings)
        return
    file = draft.vector_file(shape, dtype, key=None)
    for part, vectors in unit_blocks(embeddings):
        file.write(np.arange(part.start, part.stop), vectors)
        yield part.stop


def _encoder_info(encoder: Encoder | None, given: bool) -> EncoderInfo:
    """What the manifest says of the encoder; the precision of given vectors is not known."""
    if encoder is None:
        return EncoderInfo()
    precision = None if given else encoder.precision
    return EncoderInfo(encoder.name, encoder.fingerprint, encoder.max_length, precision)
