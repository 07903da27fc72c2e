"""EmbeddingIndex: a pool embedded once, on disk, and searched by its backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..arrays import FloatMatrix, FloatVector, Mask, Rows
from ..errors import EncoderMismatchError, IndexDamagedError, IndexFolderError, RequestError
from ..models.contracts import Encoder
from ..models.devices import check_device
from ..models.encoder import SentenceBertEncoder
from ..pool.documents import write_documents
from ..pool.pool import Pool, read_documents
from ..watch import SILENT, Watcher
from .backends import open_backend, resolve_backend
from .backends.base import Neighbours, VectorIndex
from .build import (
    GIVEN_CHUNK,
    checked_shape,
    embed_class_names,
    encoded_parts,
    encoder_info,
    given_parts,
    mean_embedding,
    pool_records,
)
from .store import (
    CLASS_NAMES,
    DOCUMENTS,
    NAME_FEEDBACK,
    VECTORS,
    Manifest,
    building,
    check_replaceable,
    current_folder,
    damaged_files,
    publish,
    read_manifest,
)

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 10  # to open a folder that is being swapped

FEEDBACK = 3  # documents nearest to a class name that expand it

Progress = Callable[[int, int], None]  # documents done, documents in all


class EmbeddingIndex:
    """The embeddings of a pool, memory-mapped, with its documents and a search backend.

    Make one with `build` or `open`.

    Attributes:
        folder: where it lies.
        manifest: what it is made of.
        device: where it searches, as it was asked for.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        vectors: FloatMatrix,
        documents: pa.NativeFile,
        by_class: Mapping[str, FloatMatrix],
        device: str,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._vectors = vectors
        self._documents = documents  # open, so that it outlives a rebuild of the folder
        self._by_class = by_class
        self.device = device

    @classmethod
    def build(
        cls,
        pool: Pool,
        encoder: Encoder | None,
        folder: str | Path,
        backend: str = "auto",
        *,
        embeddings: FloatMatrix | None = None,
        paper: Mapping[str, Any] | None = None,
        force: bool = False,
        device: str = "auto",
        watch: Watcher = SILENT,
    ) -> EmbeddingIndex:
        """Embed every document of the pool and write the index to `folder`.

        Texts stream through the encoder in chunks; a build that was interrupted goes
        on from its last finished chunk when run again with the same pool and encoder.

        Args:
            pool: the documents.
            encoder: embeds them; with `embeddings`, the model that made those, or None.
            folder: replaced as a whole when it is an index of the same source.
            backend: "auto", "flat" or "exact".
            embeddings: (n, dim) vectors made elsewhere, row for row; scaled to unit length.
            paper: published numbers to be compared with (a recipe's [paper]).
            force: replace another source's index too.
            device: where to search: "auto", "cpu" or "cuda".
            watch: is told how many documents are done.

        Raises:
            IndexFolderError: the folder is no index, another source's, or being built.
            SourceError: `embeddings` do not fit the pool or the encoder, or hold NaN or zeros.
            RequestError: an unknown backend or device, or neither encoder nor embeddings.
        """
        folder = Path(folder)
        resolve_backend(backend)  # an unknown one fails here
        check_device(device)
        check_replaceable(folder, pool.source, force)
        if embeddings is not None:
            shape, dtype = checked_shape(embeddings, pool, encoder)
        elif encoder is not None:
            shape, dtype = (len(pool), encoder.dim), np.dtype(np.float32)
        else:
            raise RequestError("an index needs an encoder or embeddings; give one of them")
        with building(folder) as draft:
            if embeddings is not None:
                parts = given_parts(embeddings, draft, shape, dtype)
            elif encoder is not None:
                parts = encoded_parts(pool, encoder, draft)
            watch.progress(0, len(pool))
            for done in parts:
                watch.progress(done, len(pool))
            write_documents(draft / DOCUMENTS, pool_records(pool))
            vectors = np.load(draft / VECTORS, mmap_mode="r")
            mean = mean_embedding(vectors, np.flatnonzero(pool.selectable))
            if encoder is not None and pool.classes:
                names = embed_class_names(pool.classes, encoder)
                searched = open_backend(backend, vectors, device)
                np.save(draft / CLASS_NAMES, names)
                np.save(draft / NAME_FEEDBACK, _feedback(searched, vectors, names, pool.selectable))
            manifest = Manifest(
                name=pool.name,
                source=pool.source,
                n=shape[0],
                dim=shape[1],
                dtype=dtype.name,
                encoder=encoder_info(encoder, embeddings is not None),
                classes=pool.classes,
                groups=dict(pool.groups),
                backend=backend,
                paper=dict(paper or {}),
                mean=tuple(mean.tolist()),
                created=datetime.now(UTC).isoformat(timespec="milliseconds"),
                tool_version=_tool_version(),
            )
            publish(draft, folder, manifest)
        return cls.open(folder, device=device)

    @classmethod
    def open(cls, folder: str | Path, *, device: str = "auto") -> EmbeddingIndex:
        """The index in a folder; its vectors are memory-mapped, not read.

        Raises:
            IndexMissingError: there is no index.
            IndexSchemaError: a newer version of the tool wrote it.
            IndexDamagedError: a file is missing, has another size or cannot be read.
            RequestError: an unknown device.
        """
        import pyarrow as pa

        check_device(device)
        folder = Path(folder)
        for attempt in count(1):
            try:
                place = current_folder(folder)
                manifest = read_manifest(place)
                try:
                    vectors = np.load(place / VECTORS, mmap_mode="r")
                    documents = pa.memory_map(str(place / DOCUMENTS))
                except (OSError, ValueError) as cause:
                    raise IndexDamagedError(
                        f"the index in {folder} is damaged: {VECTORS} or {DOCUMENTS} cannot be read; "
                        "build it again"
                    ) from cause
                by_class = _read_by_class(place, manifest)
                # a rebuild may have swapped the folder between these reads
                if read_manifest(current_folder(folder)) == manifest:
                    break
            except IndexFolderError:
                if attempt == ATTEMPTS:
                    raise
        if vectors.shape != (manifest.n, manifest.dim):
            raise IndexDamagedError(
                f"the index in {folder} is damaged: {VECTORS} has shape {vectors.shape}, "
                f"not {(manifest.n, manifest.dim)}; build it again"
            )
        if manifest.mean and len(manifest.mean) != manifest.dim:
            raise IndexDamagedError(
                f"the index in {folder} is damaged: its mean has {len(manifest.mean)} dimensions, not "
                f"{manifest.dim}; build it again"
            )
        return cls(place, manifest, vectors, documents, by_class, device)

    def __len__(self) -> int:
        return self.manifest.n

    @cached_property
    def pool(self) -> Pool:
        """The pool's documents, row for row; texts are read on demand."""
        try:
            return read_documents(
                self._documents,
                name=self.manifest.name,
                source=self.manifest.source,
                classes=self.manifest.classes,
                groups=self.manifest.groups,
            )
        except (OSError, ValueError, KeyError):  # pyarrow's own errors are one of these
            self._damaged(f"{DOCUMENTS} cannot be read")

    def embeddings(self, rows: Rows | None = None) -> FloatMatrix:
        """(len(rows), dim) float32 unit embeddings of these rows; None means all, in order."""
        return np.asarray(self._vectors if rows is None else self._vectors[rows], dtype=np.float32)

    @cached_property
    def mean(self) -> FloatVector:
        """(dim,) float32 mean embedding of the documents that can be searched."""
        if self.manifest.mean:
            return np.array(self.manifest.mean, dtype=np.float32)
        return mean_embedding(self._vectors, np.flatnonzero(self.pool.selectable))

    @cached_property
    def class_names(self) -> FloatMatrix | None:
        """(q, dim) float32 unit embeddings of the class names; None where the index has none.

        Vectors that were given without an encoder come without them, and so do indexes of
        earlier versions.
        """
        return self._by_class.get(CLASS_NAMES)

    @cached_property
    def name_feedback(self) -> FloatMatrix | None:
        """(q, dim) float32 `feedback` of the class names; None where the index has no names."""
        found = self._by_class.get(NAME_FEEDBACK)
        if found is None and self.class_names is not None:
            return self.feedback(self.class_names)
        return found

    def feedback(self, names: FloatMatrix) -> FloatMatrix:
        """(q, dim) float32 mean embedding of the 3 documents nearest to each name; zero for a zero row.

        No label is looked at, so all documents that can be searched count.
        """
        return _feedback(self._backend, self._vectors, names, self.pool.selectable)

    def search(self, queries: FloatMatrix, k: int, among: Mask | None = None) -> Neighbours:
        """The k nearest rows of each query by cosine similarity, falling, ties to the lower row.

        Args:
            queries: (m, dim) vectors of any length but zero.
            k: neighbours of each query.
            among: (n,) True for rows that may be returned; None allows all.

        Returns:
            Neighbours(rows (m, k) int64, scores (m, k) float32).

        Raises:
            RequestError: k is above the number of rows allowed, or a query is of
                another dimension, NaN or zero.
        """
        queries = np.asarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.manifest.dim:
            raise RequestError(
                f"queries have shape {queries.shape}, the index needs (m, {self.manifest.dim})"
            )
        if among is not None and (among.shape != (len(self),) or among.dtype != np.bool_):
            raise RequestError(f"`among` is a bool mask over the {len(self)} rows of the index")
        allowed = len(self) if among is None else int(np.count_nonzero(among))
        if not 1 <= k <= allowed:
            raise RequestError(
                f"asked for {k} neighbours, {allowed} documents are left to search; lower --top-k"
            )
        lengths = np.linalg.norm(queries, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise RequestError("a query vector is zero or not finite, so it has no direction")
        if not len(queries):
            return Neighbours(np.empty((0, k), np.int64), np.empty((0, k), np.float32))
        return self._backend.search(queries / lengths, k, among)

    def check_encoder(self, encoder: Encoder) -> None:
        """Nothing, when the encoder is the one that the index was embedded with.

        Raises:
            EncoderMismatchError: it is another, or the index has none.
        """
        own = self.manifest.encoder
        if own.fingerprint != encoder.fingerprint:
            made = f"{own.name!r} (max length {own.max_length})" if own.name else "no known encoder"
            raise EncoderMismatchError(
                f"the index in {self.folder} was embedded with {made}, not with {encoder.name!r} "
                f"(max length {encoder.max_length}) as it is here; use that encoder, or build again"
            )

    def load_encoder(self) -> SentenceBertEncoder:
        """The encoder that the index was embedded with, on the index's device.

        Raises:
            RequestError: the index's vectors came without an encoder.
            ModelError: it cannot be had.
            EncoderMismatchError: the model of that name is another one by now.
        """
        info = self.manifest.encoder
        if info.name is None:
            raise RequestError(
                f"the index in {self.folder} has no encoder, its vectors were given, so no text can be "
                "compared with them; build it again with --encoder beside --embeddings"
            )
        encoder = SentenceBertEncoder(info.name, device=self.device, max_length=info.max_length)
        self.check_encoder(encoder)
        return encoder

    def verify(self) -> list[str]:
        """What was checked and is right, a sentence each.

        Raises:
            IndexDamagedError: a file's checksum differs, a vector is not of unit
                length, or documents and vectors are not row for row.
        """
        if damaged := damaged_files(self.folder, self.manifest):
            self._damaged(f"the checksum of {', '.join(damaged)} is not the manifest's")
        if len(self.pool) != len(self) or len(set(self.pool.ids)) != len(self):
            self._damaged(f"{DOCUMENTS} does not hold {len(self)} documents with unique ids")
        worst = 0.0
        for start in range(0, len(self), GIVEN_CHUNK):
            block = np.asarray(self._vectors[start : start + GIVEN_CHUNK], dtype=np.float32)
            error = np.abs(np.linalg.norm(block, axis=1) - 1).max()
            worst = float(np.maximum(worst, error))  # keeps NaN, as max() does not
        if not worst < 1e-2:  # float16 keeps three digits; NaN fails too
            self._damaged("a vector is not of unit length")
        return [
            f"{len(self.manifest.files)} files have the bytes and sha256 of the manifest",
            f"{len(self)} documents with unique ids, one for each vector",
            f"all vectors have unit length (within {worst:.1e})",
        ]

    @cached_property
    def _backend(self) -> VectorIndex:
        return open_backend(self.manifest.backend, self._vectors, self.device)

    def _damaged(self, what: str) -> NoReturn:
        raise IndexDamagedError(f"the index in {self.folder} is damaged: {what}; build it again")


def _read_by_class(place: Path, manifest: Manifest) -> dict[str, FloatMatrix]:
    """The files that hold a vector for each class, as far as the index has them."""
    found = {}
    for name in (CLASS_NAMES, NAME_FEEDBACK):
        if name not in manifest.files:
            continue
        damage = f"the index in {place} is damaged: {name} %s; build it again"
        try:
            vectors = np.load(place / name)
        except (OSError, ValueError) as cause:
            raise IndexDamagedError(damage % "cannot be read") from cause
        if vectors.shape != (len(manifest.classes), manifest.dim):
            raise IndexDamagedError(damage % "does not hold a vector for each class")
        found[name] = np.asarray(vectors, dtype=np.float32)
    return found


def _feedback(
    backend: VectorIndex, vectors: FloatMatrix, names: FloatMatrix, among: Mask
) -> FloatMatrix:
    means = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
    named = np.flatnonzero(names.any(axis=1))
    k = min(FEEDBACK, int(np.count_nonzero(among)))
    if named.size and k:
        for c, rows in zip(named, backend.search(names[named], k, among).rows, strict=True):
            means[c] = vectors[rows].mean(axis=0, dtype=np.float32)
    return means


def _tool_version() -> str:
    from importlib.metadata import version

    return version("classemb-index")
