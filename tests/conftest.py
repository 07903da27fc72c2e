"""Small pools, indexes and models that the tests share."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from tests.support.commands import Outcome
from tests.support.pools import json_lines, topic_records, topic_vectors

FROZEN_MODULES = pytest.StashKey[int]()
MANY_MODULES = 100  # as a heavy library brings


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep imported modules out of the garbage collector, which takes longer than small tests."""
    if len(sys.modules) > item.config.stash.get(FROZEN_MODULES, 0) + MANY_MODULES:
        item.config.stash[FROZEN_MODULES] = len(sys.modules)
        gc.collect()
        gc.freeze()


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
    return write_jsonl(json_lines(topic_records()).splitlines(), "toy.jsonl")


@pytest.fixture
def toy_built(cli: Callable[..., Outcome], toy_source: Path) -> Outcome:
    """What `build` says about indexes/toy, which it makes of the toy pool."""
    options = ["--embeddings", "vectors.npy", "--classes", "classes.json"]
    return cli("build", toy_source.name, *options)
