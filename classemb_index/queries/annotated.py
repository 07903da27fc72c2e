"""An index with what people answered over the labels of its source, and with their classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..index.index import EmbeddingIndex
from ..labels.annotation import Annotation
from ..labels.classes import ClassChange
from ..labels.store import LabelStore
from ..models.contracts import Encoder


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


def change_classes(
    index: EmbeddingIndex,
    changes: Sequence[ClassChange],
    *,
    annotator: str = "",
    store: LabelStore | None = None,
    load_encoder: Callable[[], Encoder] | None = None,
) -> int:
    """Write changes of the classes into a label store, as one action.

    New names and descriptions are embedded first, so that a class can be searched for at once.

    Args:
        index: whose pool has the classes.
        changes: as `labels.changes` makes them.
        annotator: who asks for them.
        store: None takes the one in the index's folder.
        load_encoder: gives the index's own where a text is new; None loads it.

    Returns:
        The action's number; to undo it takes them back.

    Raises:
        ModelError: the encoder cannot be had; nothing is changed.
        EncoderMismatchError: the model of its name is another one by now; nothing is changed.
        LabelStoreError: the store cannot be written.
    """
    if index.manifest.encoder.name is not None:
        index.text_vectors([text for change in changes for text in _texts(change)], load_encoder)
    origin = f"classes {', '.join(map(_words, changes))}"
    store = store or LabelStore(index.folder)
    return store.change_classes(changes, annotator=annotator, origin=origin)


def _texts(change: ClassChange) -> list[str]:
    """What is embedded for a change."""
    if change.change == "add":
        return [change.name]
    return [change.value] if change.change in ("rename", "describe") and change.value else []


def _words(change: ClassChange) -> str:
    """What the log says of a change."""
    target = f" -> {change.value}" if change.change in ("rename", "merge") else ""
    return f"{change.change} {change.name}{target}"
