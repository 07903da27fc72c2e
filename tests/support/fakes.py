"""Stand-ins for models."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from classemb_index.errors import ModelError
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


class NamedEncoder(HashEncoder):
    """A hash encoder under the name that it is asked for by."""

    def __init__(self, name: str, *, device: str, max_length: int | None) -> None:
        super().__init__()
        self.name = name


class FakeMaskedLM:
    """Surprisal that follows from a text's bytes; counts the texts that it was asked for."""

    precision = "float32"

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.fingerprint = f"fake {name}"
        self.texts = 0

    def surprisal(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
        self.texts += len(texts)
        digests = [list(hashlib.sha256(text.encode()).digest()) for text in texts]
        return np.array([digest * 4 for digest in digests], dtype=np.float32)


def fake_masked_lm(name: str | None, model: str, device: str) -> FakeMaskedLM:
    """The stand-in of that name, in place of a masked language model of a plan."""
    return FakeMaskedLM(name or model)


def missing_encoder(name: str, *, device: str, max_length: int | None) -> HashEncoder:
    """An encoder that cannot be had."""
    raise ModelError(f"there is no model {name}")


def missing_masked_lm(name: str | None, model: str, device: str) -> FakeMaskedLM:
    """A masked language model that cannot be had."""
    raise ModelError(f"there is no model {name or model}")
