"""Stand-ins for models."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from classemb_index.watch import Watcher


class Told(Watcher):
    """Notes how far work has come, each time that it is told."""

    def __init__(self) -> None:
        self.progressed: list[tuple[int, int]] = []

    def progress(self, done: int, total: int) -> None:
        self.progressed.append((done, total))


class HashEncoder:
    """An encoder for tests: a text's embedding follows from its bytes."""

    name = "hash"
    max_length = 16
    precision = "float32"

    def __init__(self, dim: int = 8, salt: str = "") -> None:
        self.dim = dim
        self._salt = salt
        self.calls = 0

    @property
    def fingerprint(self) -> str:
        return f"hash-{self.dim}-{self._salt}"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        rows = []
        for text in texts:
            digest = hashlib.sha256((self._salt + text).encode()).digest()
            rows.append(np.random.default_rng(list(digest)).standard_normal(self.dim))
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
