"""EmbeddingIndex: a pool embedded once, on disk, and searched by its backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import NoReturn, Unpack

import numpy as np

from ..arrays import BLOCK, FloatMatrix, FloatVector, Mask, Rows, blocks, unit
from ..errors import EncoderMismatchError, IndexFolderError, RequestError
from ..models.contracts import Encoder
from ..models.devices import check_device
from ..models.encoder import SentenceBertEncoder
from ..pool.documents import DocumentsFile
from ..pool.pool import Pool, read_documents
from ..pool.published import Published
from .backends import open_backend, resolve_backend
from .backends.base import Neighbours, VectorIndex
from .build import BuildOptions, write_index
from .draft import mean_embedding, name_feedback
from .names import NameKeeper
from .replacing import check_folder, check_source
from .store import (
    CACHE,
    CLASS_NAMES,
    DOCUMENTS,
    NAME_FEEDBACK,
    TEXT_HASHES,
    VECTORS,
    StoredIndex,
    damage,
    damaged_files,
    read_manifest,
    read_stable,
)
from .takeover import text_hashes


class EmbeddingIndex:
    """The embeddings of a pool, memory-mapped, with its documents and a search backend.

    Make one with `build` or `open`.

    Attributes:
        folder: where it lies.
        manifest: what it is made of.
        device: where it searches, as it was asked for.
        labels_digest: of the answers that lie over the source's labels; "" for none.
    """

    def __init__(self, stored: StoredIndex, device: str) -> None:
        self.folder = stored.folder
        self.manifest = stored.manifest
        self._vectors = stored.vectors
        self._documents = stored.documents
        self._hashes = stored.hashes
        self._by_class = stored.by_class
        self.device = device
        self.labels_digest = ""

    @classmethod
    def build(
        cls,
        pool: Pool,
        encoder: Encoder | None,
        folder: str | Path,
        backend: str = "auto",
        *,
        force: bool = False,
        **options: Unpack[BuildOptions],
    ) -> EmbeddingIndex:
        """Embed every document of the pool and write the index to `folder`.

        Texts stream through the encoder in chunks; a build that was interrupted goes
        on from its last finished chunk when run again with the same pool and encoder.

        Args:
            pool: the documents.
            encoder: embeds them; with `embeddings`, the model that made those, or None.
            folder: gets the index; one of the same source is replaced, other files stay.
            backend: "auto" or one of BACKENDS.
            force: replace another source's index too.
            options: `embeddings`, `paper`, `device` and `watch`, see BuildOptions.

        Raises:
            IndexFolderError: the folder is no index, another source's, or being built.
            SourceError: `embeddings` do not fit the pool, hold NaN or zeros, or are not those that
                the encoder gives a sample of the documents.
            RequestError: an unknown backend or device, or neither encoder nor embeddings.
        """
        folder, device = Path(folder), options.get("device", "auto")
        resolve_backend(backend)  # an unknown one fails here
        check_device(device)
        check_folder(folder, force)
        check_source(folder, pool, force)
        write_index(pool, encoder, folder, backend, **options)
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
        check_device(device)
        return cls(read_stable(Path(folder)), device)

    def __len__(self) -> int:
        return self.manifest.n

    def with_pool(self, pool: Pool, labels_digest: str) -> EmbeddingIndex:
        """The same index over its documents with other labels, and other classes.

        Args:
            pool: the index's own, row for row, with more or other labels and classes.
            labels_digest: tells these labels from others, for what is kept in the folder.
        """
        other = copy(self)
        for name in ("name_vectors", "name_feedback"):
            vars(other).pop(name, None)  # of the classes that it had
        vars(other).update(pool=pool, labels_digest=labels_digest)
        return other

    @cached_property
    def pool(self) -> Pool:
        """The pool's documents, row for row; texts are read on demand."""
        try:
            return read_documents(
                DocumentsFile(self._documents),
                name=self.manifest.name,
                source=self.manifest.source,
                classes=self.manifest.classes,
                groups=self.manifest.groups,
            )
        except (OSError, ValueError, KeyError):  # pyarrow's own errors are one of these
            self._damaged(f"{self.manifest.name_of(DOCUMENTS)} cannot be read")

    @cached_property
    def published(self) -> Published:
        """What its recipe quotes from the paper."""
        return Published.of(self.manifest.paper)

    def path_of(self, file: str) -> Path:
        """Where a file of the manifest lies, such as "vectors.npy"; its name has its digest in it."""
        return self.folder / self.manifest.name_of(file)

    @property
    def cache(self) -> Path:
        """Folder of what is computed once for the index; not there before something is."""
        return self.folder / CACHE

    @property
    def documents_digest(self) -> str:
        """sha256 of the documents file: the same texts, labels and splits in the same order."""
        return str(self.manifest.files[DOCUMENTS]["sha256"])

    @property
    def vectors_digest(self) -> str:
        """sha256 of the vectors file."""
        return str(self.manifest.files[VECTORS]["sha256"])

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
    def name_vectors(self) -> FloatMatrix | None:
        """(q, dim) float32 unit embeddings of the class names; None where the index has none.

        Vectors that were given without an encoder come without them, and so do indexes of
        earlier versions. Names and descriptions that came after the build are embedded once, with
        the index's encoder, and kept.

        Raises:
            ModelError: a name is not embedded yet, and the encoder cannot be had.
            EncoderMismatchError: the same, and the model of its name is another one by now.
        """
        stored, encoder = self._by_class.get(CLASS_NAMES), self.manifest.encoder
        texts = [self.pool.descriptions.get(name, name) for name in self.pool.classes]
        if texts == list(self.manifest.classes) or encoder.name is None:
            return stored
        return self.text_vectors(texts)

    @cached_property
    def name_feedback(self) -> FloatMatrix | None:
        """(q, dim) float32 `feedback` of the class names; None where the index has no names."""
        own = self.name_vectors
        if own is None or own is self._by_class.get(CLASS_NAMES):
            stored = self._by_class.get(NAME_FEEDBACK)
            return self.feedback(own) if stored is None and own is not None else stored
        return self.feedback(own)

    def text_vectors(
        self, texts: Sequence[str], load_encoder: Callable[[], Encoder] | None = None
    ) -> FloatMatrix:
        """(len(texts), dim) float32 unit embeddings of names or descriptions of classes.

        Each is embedded once and kept in the index folder.

        Args:
            texts: in their order.
            load_encoder: gives the index's own where a text is not embedded yet; None loads it.

        Raises:
            RequestError: the index's vectors came without an encoder.
            ModelError: one is not embedded yet, and the encoder cannot be had.
            EncoderMismatchError: the same, and the model of its name is another one by now.
        """
        stored = self._by_class.get(CLASS_NAMES)
        known = {} if stored is None else dict(zip(self.manifest.classes, stored, strict=True))
        fingerprint = str(self.manifest.encoder.fingerprint)
        keeper = NameKeeper(self.cache, fingerprint, load_encoder or self.load_encoder)
        vectors = keeper.vectors(texts, known)
        return np.array(vectors, dtype=np.float32).reshape(len(texts), self.manifest.dim)

    def feedback(self, name_vectors: FloatMatrix) -> FloatMatrix:
        """(q, dim) float32 mean embedding of the 3 documents nearest to each name; zero for a zero row.

        No label is looked at, so all documents that can be searched count.
        """
        return name_feedback(self._backend, self._vectors, name_vectors, self.pool.selectable)

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
        queries = self._unit_queries(np.asarray(queries, dtype=np.float32))
        if among is not None and (among.shape != (len(self),) or among.dtype != np.bool_):
            raise RequestError(f"`among` is a bool mask over the {len(self)} rows of the index")
        allowed = len(self) if among is None else int(np.count_nonzero(among))
        if not 1 <= k <= allowed:
            raise RequestError(
                f"asked for {k} neighbours, {allowed} documents are left to search; lower --top-k"
            )
        if not len(queries):
            return Neighbours(np.empty((0, k), np.int64), np.empty((0, k), np.float32))
        return self._backend.search(queries, k, among)

    def similarities(self, query: FloatVector) -> FloatVector:
        """(n,) float32 cosine similarity of every document to one query, about as rounded as by a search.

        Reads every vector once, on the CPU: of one query that costs less than a search for its
        neighbours, and holds for as many of them as are asked for.

        Args:
            query: (dim,) float32 of any length but zero.

        Raises:
            RequestError: the query is of another dimension, NaN or zero.
        """
        direction = self._unit_queries(np.asarray(query, dtype=np.float32)[None])[0]
        found = np.empty(len(self), dtype=np.float32)
        for part in blocks(len(self), BLOCK):
            found[part] = np.asarray(self._vectors[part], dtype=np.float32) @ direction
        return found

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

    def load_encoder(
        self, *, device: str | None = None, precision: str = "auto"
    ) -> SentenceBertEncoder:
        """The encoder that the index was embedded with, on this device or the index's.

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
        encoder = SentenceBertEncoder(
            info.name,
            device=self.device if device is None else device,
            precision=precision,
            max_length=info.max_length,
        )
        self.check_encoder(encoder)
        return encoder

    def verify(self) -> list[str]:
        """What was checked and is right, a sentence each.

        Raises:
            IndexDamagedError: a file's checksum differs, a vector is not of unit
                length, documents and vectors are not row for row, or a hash is not its text's.
            IndexFolderError: a build has replaced the index since it was opened.
        """
        self._check_files()
        if len(self.pool) != len(self) or len(set(self.pool.ids)) != len(self):
            self._damaged(
                f"{self.manifest.name_of(DOCUMENTS)} does not hold {len(self)} documents with unique ids"
            )
        worst = 0.0
        for part in blocks(len(self), BLOCK):
            block = np.asarray(self._vectors[part], dtype=np.float32)
            error = np.abs(np.linalg.norm(block, axis=1) - 1).max()
            worst = float(np.maximum(worst, error))  # keeps NaN, as max() does not
        if not worst < 1e-2:  # float16 keeps three digits; NaN fails too
            self._damaged("a vector is not of unit length")
        if self._hashes is not None:
            hashes = text_hashes(self.pool.texts_of, len(self))
            if not np.array_equal(self._hashes, hashes):
                name = self.manifest.name_of(TEXT_HASHES)
                self._damaged(f"{name} does not hold the hashes of the texts")
        return [
            f"{len(self.manifest.files)} files have the bytes and sha256 of the manifest",
            f"{len(self)} documents with unique ids, one for each vector",
            f"all vectors have unit length (within {worst:.1e})",
        ]

    def _unit_queries(self, queries: FloatMatrix) -> FloatMatrix:
        """The queries at unit length."""
        if queries.ndim != 2 or queries.shape[1] != self.manifest.dim:
            raise RequestError(
                f"queries have shape {queries.shape}, the index needs (m, {self.manifest.dim})"
            )
        lengths = np.linalg.norm(queries, axis=1)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise RequestError("a query vector is zero or not finite, so it has no direction")
        return unit(queries)

    @cached_property
    def _backend(self) -> VectorIndex:
        return open_backend(self.manifest.backend, self._vectors, self.device)

    def _check_files(self) -> None:
        manifest = self.manifest
        if damaged := damaged_files(self.folder, manifest, manifest.files):
            if read_manifest(self.folder) != manifest:
                raise IndexFolderError(
                    f"the index in {self.folder} was built again since it was opened; open it again"
                )
            self._damaged(f"the checksum of {', '.join(damaged)} is not the manifest's")

    def _damaged(self, what: str) -> NoReturn:
        raise damage(self.folder, what)
