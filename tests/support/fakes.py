"""Stand-ins for models."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from classemb_index.errors import ModelError


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


class KnownEncoder(HashEncoder):
    """A hash encoder that made these vectors of these texts; notes every text that it is given."""

    def __init__(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        super().__init__(dim=vectors.shape[1])
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self._known = dict(zip(texts, units, strict=True))
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        own = super().encode(texts)
        rows = [self._known.get(text, vector) for text, vector in zip(texts, own, strict=True)]
        return np.array(rows, dtype=np.float32)


class NamedEncoder(HashEncoder):
    """A hash encoder under the name that it is asked for by."""

    def __init__(
        self, name: str, *, device: str, max_length: int | None, precision: str = "auto"
    ) -> None:
        super().__init__()
        self.name = name


class FakeMaskedLM:
    """Surprisal that follows from a text's bytes; notes how many texts it was given at a time."""

    precision = "float32"

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.fingerprint = f"fake {name}"
        self.given: list[int] = []

    def surprisal(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
        self.given.append(len(texts))
        return np.array([surprisal_of(text) for text in texts])


def surprisal_of(text: str) -> np.ndarray:
    """(128,) float32, what a `FakeMaskedLM` says of one text."""
    return np.array(list(hashlib.sha256(text.encode()).digest()) * 4, dtype=np.float32)


class Given:
    """A classifier of these probabilities, one line a row of the pool."""

    def __init__(self, probabilities: object) -> None:
        self._probabilities = np.array(probabilities, dtype=np.float32)

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return self._probabilities[rows]

    def representations(self, rows: np.ndarray) -> np.ndarray:
        return self._probabilities[rows]


class RowSurprisal:
    """Surprisal embeddings, one line a row of the pool; notes which rows are asked for."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors
        self.asked: list[int] = []

    def of(self, rows: np.ndarray) -> np.ndarray:
        self.asked += rows.tolist()
        return self._vectors[rows]


def fake_masked_lm(name: str | None, model: str, device: str) -> FakeMaskedLM:
    """The stand-in of that name, in place of a masked language model of a plan."""
    return FakeMaskedLM(name or model)


def missing_encoder(name: str, *, device: str, max_length: int | None) -> HashEncoder:
    """An encoder that cannot be had."""
    raise ModelError(f"there is no model {name}")


def missing_masked_lm(name: str | None, model: str, device: str) -> FakeMaskedLM:
    """A masked language model that cannot be had."""
    raise ModelError(f"there is no model {name or model}")
