"""What is computed once for an index and kept beside its vectors: surprisal, and JSON documents."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, Rows, blocks
from ..models.contracts import MaskedLM
from ..models.masked_lm import LENGTH, SEED, SHARE, surprisal_embeddings
from ..watch import SILENT, Watcher
from .index import EmbeddingIndex

BLOCK = 4096  # texts that are held at once
DOCUMENTS_VERSION = 1  # raised when the same index gives other numbers


class PoolSurprisal:
    """Surprisal embeddings of an index's selectable documents, kept beside its vectors.

    They do not depend on labels, so they are computed once for a pool and a model and kept
    in the index folder under the model's fingerprint; where that folder cannot be
    written they are held in memory.

    Args:
        index: gives the texts.
        masked_lm: pre-trained, not fine-tuned.
        watch: is told the texts done and in all while they are computed.
        block: texts that are held at once.
    """

    def __init__(
        self,
        index: EmbeddingIndex,
        masked_lm: MaskedLM,
        watch: Watcher = SILENT,
        block: int = BLOCK,
    ) -> None:
        self.masked_lm = masked_lm
        self._index = index
        self._watch = watch
        self._block = block

    def compute(self) -> FloatMatrix:
        """The embeddings: computed, or read where they are kept, the first time that they are asked for."""
        return self.embeddings

    def of(self, rows: Rows) -> FloatMatrix:
        """(len(rows), 128) float32 of these rows, which must be selectable."""
        return np.asarray(self.embeddings[np.searchsorted(self._rows, rows)])

    @cached_property
    def embeddings(self) -> FloatMatrix:
        """(selectable documents, 128) float32, in the order of their rows."""
        from filelock import FileLock

        path = self.path
        vectors = None
        with suppress(OSError):  # a folder of somebody else's, or a full disk
            path.parent.mkdir(exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                if (vectors := self._read(path)) is None:
                    vectors = self._compute()
                    partial = path.with_suffix(".partial")
                    with partial.open("wb") as file:
                        np.save(file, vectors)
                    partial.replace(path)
        if vectors is None:  # no lock is to be had; what lies there can be read all the same
            vectors = self._read(path)
        return self._compute() if vectors is None else vectors

    @property
    def path(self) -> Path:
        """Where they are kept."""
        digest = self._index.documents_digest
        key = f"{self.masked_lm.fingerprint} {self.masked_lm.precision} {digest} {LENGTH} {SHARE} {SEED}"
        name = f"surprisal-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
        return self._index.cache / name

    @cached_property
    def _rows(self) -> Rows:
        return np.flatnonzero(self._index.pool.selectable)

    def _read(self, path: Path) -> FloatMatrix | None:
        try:
            vectors = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        return vectors if vectors.shape == (len(self._rows), LENGTH) else None

    def _compute(self) -> FloatMatrix:
        vectors = np.empty((len(self._rows), LENGTH), dtype=np.float32)
        for part in blocks(len(self._rows), self._block):
            texts = self._index.pool.texts_of(self._rows[part])
            vectors[part] = surprisal_embeddings(texts, self.masked_lm)
            self._watch.progress(part.stop, len(self._rows))
        return vectors


def kept(index: EmbeddingIndex, name: str) -> Any | None:
    """The JSON document that `keep` wrote for this very index; None where there is none.

    A file that was damaged, or that another index or another version wrote, is none.
    """
    try:
        found = json.loads(_document_path(index, name).read_bytes())
        document = found["document"]
        return document if found["digest"] == _document_digest(index, document) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(index: EmbeddingIndex, name: str, document: Any) -> None:
    """Write a JSON document into the index's folder; where that cannot be written, nothing is kept."""
    path = _document_path(index, name)
    text = json.dumps({"digest": _document_digest(index, document), "document": document})
    with suppress(OSError):  # a folder of somebody else's, or a full disk
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def _document_path(index: EmbeddingIndex, name: str) -> Path:
    return index.cache / f"{name}.json"


def _document_digest(index: EmbeddingIndex, document: Any) -> str:
    """Of the document and of all that it depends on: the manifest names every file's sha256.

    When the index was built and where its source lay is nothing that it depends on.
    """
    facts = [
        asdict(replace(index.manifest, created="", place="", checksum="")),
        index.labels_digest,
    ]
    depends = [DOCUMENTS_VERSION, version("classemb-index"), *facts, document]
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()
