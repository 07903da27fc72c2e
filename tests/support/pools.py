"""Small pools for strategies: drawn at random, or with similarities that can be read off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from classemb_index import Batch, EmbeddingIndex, Pool, Record
from classemb_index.labels.labelled import LabelledSet, labelled_set
from classemb_index.strategies.base import Aid, Oracle, SelectionState
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.selection import STRATEGIES
from tests.support.fakes import Given, RowSurprisal

IndexOf = Callable[..., EmbeddingIndex]


TOY_GROUPS = {"frequent": ["a", "b"], "rare": ["c"]}


def topic_records(
    n: int = 120, seed: int = 0, classes: Sequence[str] = ("a", "b", "c")
) -> list[Record]:
    """Labelled documents with all three splits; the last class is the rarest."""
    rng = np.random.default_rng(seed)
    shares = np.linspace(0.5, 0.15, len(classes))
    records = []
    for i in range(n):
        labels = tuple(
            name for name, share in zip(classes, shares, strict=True) if rng.random() < share
        )
        split = ("train", "train", "train", "dev", "test")[i % 5]
        records.append(
            Record(f"d{i}", f"document {i} on {' '.join(labels) or 'nothing'}", labels, split)
        )
    return records


def topic_vectors(pool: Pool, dim: int = 8, noise: float = 0.8, seed: int = 1) -> np.ndarray:
    """Unit vectors near the sum of their classes' directions, so that classes can be found."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((len(pool.classes), dim))
    vectors = pool.labels @ directions + noise * rng.standard_normal((len(pool), dim))
    return unit(vectors)


def looking_at(*aids: Aid) -> list[str]:
    """The strategies that look at one of these."""
    return [name for name, row in STRATEGIES.items() if row.looks_at & set(aids)]


def selection_state(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    seed: int,
    oracle: Oracle | None = None,
    classifier: Any = None,
    surprisal: Any = None,
    options: StrategyOptions | None = None,
    history: Sequence[Batch] = (),
) -> SelectionState:
    """What a strategy is given for one batch, with its randomness from `seed`."""
    rng = np.random.default_rng(seed)
    options = options or StrategyOptions()
    return SelectionState(
        index, labelled, rng, oracle, classifier, surprisal, options=options, history=history
    )


def on_base(state: SelectionState) -> SelectionState:
    """The state with its base strategy, as it is handed in by strategy name."""
    return replace(state, base=STRATEGIES[state.options.base].select)


@dataclass(frozen=True)
class SmallPool:
    """A pool as the library sees it, and as plain lists for a slow loop."""

    index: EmbeddingIndex
    labelled: LabelledSet
    names: np.ndarray
    probabilities: np.ndarray

    def state(self, seed: int = 0, oracle: Oracle | None = None, **options: Any) -> SelectionState:
        """All that any strategy looks at, with these options; class names are the pool's own."""
        chosen = StrategyOptions(
            **{"name_vectors": self.names, "discriminator_epochs": 3} | options
        )
        given = Given(self.probabilities), RowSurprisal(self.index.embeddings())
        return selection_state(self.index, self.labelled, seed, oracle, *given, chosen)

    @property
    def classes(self) -> range:
        return range(len(self.index.pool.classes))

    @property
    def labelled_rows(self) -> list[int]:
        return self.labelled.rows.tolist()

    @property
    def unlabelled_rows(self) -> list[int]:
        return np.flatnonzero(self.labelled.unlabelled).tolist()

    @property
    def counts(self) -> list[int]:
        labels = self.index.pool.labels.tolist()
        return [sum(labels[row][c] for row in self.labelled_rows) for c in self.classes]

    def vectors(self) -> list[list[float]]:
        return [[float(x) for x in vector] for vector in self.index.embeddings()]


def train(i: int, *labels: str) -> Record:
    return Record(f"d{i}", f"text {i}", labels, "train")


def json_lines(records: Iterable[Record]) -> str:
    """The records as a JSONL source has them."""
    lines = ({"id": r.id, "text": r.text, "labels": r.labels, "split": r.split} for r in records)
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def write_toy(folder: Path) -> Path:
    """toy.jsonl of the topic records, with vectors.npy and classes.json beside it."""
    pool = Pool.from_records(topic_records(), classes=TOY_GROUPS)
    np.save(folder / "vectors.npy", topic_vectors(pool))
    (folder / "classes.json").write_text(json.dumps(TOY_GROUPS))
    (folder / "toy.jsonl").write_text(json_lines(topic_records()))
    return folder / "toy.jsonl"


def dot(first: Sequence[float], second: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(first, second, strict=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row scaled to length 1, float32."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def apart(coordinates: Sequence[Sequence[float]]) -> np.ndarray:
    """Unit vectors of these first coordinates, each with the rest of its length on its own axis.

    The cosine of two of them is the inner product of their coordinates alone.
    """
    first = np.array(coordinates, dtype=np.float64)
    rest = np.sqrt(1 - np.square(first).sum(axis=1))
    return np.concatenate([first, np.diag(rest)], axis=1)


def small_pool(index_of: IndexOf, seed: int) -> SmallPool:
    """80 to 200 documents of three to five classes; a third are near-duplicates of others.

    Where the seed is even no labelled document has the last class; where it is divisible by
    three, every other class has no name.
    """
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(80, 200)), "abcde"[: int(rng.integers(3, 6))]
    vectors = rng.standard_normal((n, 5))
    copies = rng.permutation(n)[: n // 3]
    vectors[copies] = vectors[rng.integers(0, n, len(copies))]
    vectors += 0.1 * rng.standard_normal((n, 5))
    index = index_of(topic_records(n, seed, classes), vectors, {"rare": list(classes)})
    pool = index.pool
    allowed = pool.selectable & ~(pool.labels[:, -1] & (seed % 2 == 0))
    rows = rng.choice(np.flatnonzero(allowed), int(rng.integers(6, 25)), replace=False)
    names = unit(rng.standard_normal((len(classes), 5)))
    if seed % 3 == 0:
        names[1::2] = 0
    probabilities = rng.random((n, len(classes))).astype(np.float32)
    return SmallPool(index, labelled_set(pool, rows, "drawn"), names, probabilities)
