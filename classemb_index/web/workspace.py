"""An index under annotation, as it is now, for all pages of a server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock

from ..index.index import EmbeddingIndex
from ..labels.annotation import Annotation
from ..labels.store import LabelStore
from ..models.encoder import SentenceBertEncoder


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


class Workspace:
    """An index and its label store; answers of other processes are seen too.

    Args:
        index: as it was built.
        store: of the answers.
    """

    def __init__(self, index: EmbeddingIndex, store: LabelStore) -> None:
        self._index = index
        self.store = store
        self._scene: Scene | None = None
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> Workspace:
        """The index in a folder, with its store.

        Raises:
            IndexMissingError: as for `EmbeddingIndex.open`, and its other errors.
        """
        index = EmbeddingIndex.open(folder)
        return cls(index, LabelStore(index.folder))

    @property
    def folder(self) -> Path:
        """The index folder."""
        return self._index.folder

    @property
    def name(self) -> str:
        """What the pool is called."""
        return self._index.manifest.name

    def now(self) -> Scene:
        """The index and its annotation as the store has them.

        Raises:
            LabelStoreError: the store cannot be read.
        """
        with self._lock:
            version = self.store.last_action()
            if self._scene is None or self._scene.version != version:
                annotation = Annotation.of(self._index.pool, self.store)
                index = self._index.with_pool(annotation.pool, annotation.digest)
                self._scene = Scene(index, annotation, version)
            return self._scene

    def encoder(self) -> SentenceBertEncoder:
        """The index's own encoder, loaded once.

        Raises:
            RequestError: the index's vectors came without an encoder.
            ModelError: it cannot be had.
            EncoderMismatchError: the model of its name is another one by now.
        """
        with self._lock:
            return self._encoder

    @cached_property
    def _encoder(self) -> SentenceBertEncoder:
        return self._index.load_encoder()
