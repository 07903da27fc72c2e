"""Class names that came after the build: embedded once, and kept beside the vectors."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..arrays import FloatVector
from ..models.contracts import Encoder
from .draft import embed_class_names


class NameKeeper:
    """Embeddings of texts that stand for classes, a file each.

    Args:
        folder: for the files; where it cannot be written, nothing is kept.
        fingerprint: of the encoder.
        load_encoder: gives it when a text is not embedded yet.
    """

    def __init__(self, folder: Path, fingerprint: str, load_encoder: Callable[[], Encoder]) -> None:
        self._folder, self._fingerprint, self._load_encoder = folder, fingerprint, load_encoder

    def vectors(self, texts: Sequence[str], known: Mapping[str, FloatVector]) -> list[FloatVector]:
        """The embedding of each text: known, kept, or made now.

        Raises:
            ModelError: a text is new, and the encoder cannot be had.
        """
        found = dict(known)
        for text in dict.fromkeys(texts):
            if text not in found:
                with suppress(OSError, ValueError, EOFError):
                    found[text] = np.load(self._path(text))
        if new := [text for text in dict.fromkeys(texts) if text not in found]:
            embedded = embed_class_names(new, self._load_encoder())
            for text, vector in zip(new, embedded, strict=True):
                found[text] = vector
                self._keep(text, vector)
        return [found[text] for text in texts]

    def _path(self, text: str) -> Path:
        digest = hashlib.sha256(f"{self._fingerprint} {text}".encode()).hexdigest()
        return self._folder / f"name-{digest[:16]}.npy"

    def _keep(self, text: str, vector: FloatVector) -> None:
        path = self._path(text)
        with suppress(OSError):  # a folder of somebody else's, or a full disk
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}.partial")
            with partial.open("wb") as file:
                np.save(file, vector)
            partial.replace(path)
