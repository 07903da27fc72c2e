"""An index under annotation, as it is now, for all pages of a server."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock, RLock, Thread

import numpy as np

from ..arrays import Counts
from ..errors import ClassembError, RequestError
from ..index.index import EmbeddingIndex
from ..labels.annotation import Annotation
from ..labels.store import LabelStore
from ..models.encoder import SentenceBertEncoder

PRACTICE = "practice.sqlite"  # the store of answers in a pool whose labels are hidden


@dataclass(frozen=True)
class Scene:
    """What stood at one moment.

    Attributes:
        index: over the annotated pool.
        annotation: what is known of it.
        version: number of the store's last action.
    """

    index: EmbeddingIndex
    annotation: Annotation
    version: int

    @cached_property
    def positives(self) -> Counts:
        """(q,) documents that have each class, without those of an evaluation sample."""
        pool = self.annotation.pool
        rows = np.flatnonzero(self.annotation.counted & pool.is_known)
        return np.asarray(pool.labels[rows].sum(axis=0))


class Workspace:
    """An index and its label store; answers of other processes are seen too.

    In practice the source knows the labels of all documents: they are hidden, answers go to a store of
    their own, and the hidden labels can answer.

    Args:
        index: as it was built.
        store: of the answers.
        is_practice: whether the labels of the source are hidden.
    """

    def __init__(
        self, index: EmbeddingIndex, store: LabelStore, *, is_practice: bool = False
    ) -> None:
        self._source = index
        self._pool = index.pool.for_practice() if is_practice else index.pool
        self.store, self.is_practice = store, is_practice
        self._scene: Scene | None = None
        self._reading, self._loading, self._refreshing = RLock(), Lock(), Lock()

    @classmethod
    def open(cls, folder: Path, *, is_practice: bool | None = None) -> Workspace:
        """The index in a folder, with its store.

        Args:
            folder: of the index.
            is_practice: None practises where nobody has answered and the source leaves nothing to
                answer.

        Raises:
            IndexMissingError: as for `EmbeddingIndex.open`, and its other errors.
        """
        index = EmbeddingIndex.open(folder)
        store, pool = LabelStore(index.folder), index.pool
        if is_practice is None:
            is_practice = bool(pool.answerable.sum() == pool.selectable.sum()) and bool(
                pool.classes and not store.last_action()
            )
        if is_practice:
            store = LabelStore(index.folder, PRACTICE)
        return cls(index, store, is_practice=is_practice)

    @property
    def folder(self) -> Path:
        """The index folder."""
        return self._source.folder

    @property
    def name(self) -> str:
        """What the pool is called."""
        return self._source.manifest.name

    @property
    def store_key(self) -> str:
        """Tells the store from others, also after the index was built again."""
        return hashlib.sha256(str(self.store.path.absolute()).encode()).hexdigest()[:16]

    def now(self) -> Scene:
        """The index and its annotation as the store has them.

        Raises:
            LabelStoreError: the store cannot be read.
        """
        with self._reading:
            version = self.store.last_action()
            if self._scene is None or self._scene.version != version:
                before = None if self._scene is None else self._scene.annotation
                annotation = Annotation.of(self._pool, self.store, before)
                index = self._source.with_pool(annotation.pool, annotation.digest)
                self._scene = Scene(index, annotation, version)
            return self._scene

    def recent(self) -> Scene:
        """The same as of a moment ago, without waiting: what came since is read meanwhile."""
        scene = self._scene or self.now()
        if scene.version != self.store.last_action() and self._refreshing.acquire(blocking=False):
            Thread(target=self._refresh, daemon=True).start()
        return scene

    def row_of(self, document: str) -> int:
        """The row of a document.

        Raises:
            RequestError: there is none.
        """
        return self._pool.document_row(document)

    def text(self, document: str) -> str:
        """The text of a document.

        Raises:
            RequestError: there is none.
        """
        return self._pool.text(self.row_of(document))

    def hidden_labels(self, document: str) -> list[str]:
        """What the source knows of a document of a practice pool.

        Raises:
            RequestError: nothing is hidden here, or there is no such document.
        """
        if not self.is_practice:
            raise RequestError("no labels are hidden here: nobody but you can answer")
        return self._source.pool.known_labels(self.row_of(document)) or []

    def encoder(self) -> SentenceBertEncoder:
        """The index's own encoder, loaded once.

        Raises:
            RequestError: the index's vectors came without an encoder.
            ModelError: it cannot be had.
            EncoderMismatchError: the model of its name is another one by now.
        """
        with self._loading:
            return self._encoder

    def load_ahead(self) -> None:
        """Load the encoder before somebody waits for it; whoever needs it is told what is wrong."""

        def load() -> None:
            with suppress(ClassembError):
                self.encoder()

        Thread(target=load, name="loading the encoder", daemon=True).start()

    @cached_property
    def _encoder(self) -> SentenceBertEncoder:
        return self._source.load_encoder()

    def _refresh(self) -> None:
        try:
            with suppress(ClassembError):  # whoever needs it as it is now is told
                self.now()
        finally:
            self._refreshing.release()
