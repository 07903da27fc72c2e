"""An index with what people answered over the labels of its source."""

from __future__ import annotations

from pathlib import Path

from ..index.index import EmbeddingIndex
from ..labels.annotation import Annotation
from ..labels.store import LabelStore


def open_annotated(
    folder: str | Path, *, device: str = "auto"
) -> tuple[EmbeddingIndex, Annotation]:
    """The index in a folder and its annotation; the index's pool is the annotation's.

    Raises:
        IndexMissingError: as for `EmbeddingIndex.open`, and its other errors.
        LabelStoreError: the store is damaged or a newer version wrote it.
    """
    index = EmbeddingIndex.open(folder, device=device)
    annotation = Annotation.of(index.pool, LabelStore(index.folder))
    return index.with_pool(annotation.pool, annotation.digest), annotation
