"""Small pools, indexes and models that the tests share."""

from __future__ import annotations

import gc
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from tests.support.commands import Outcome
from tests.support.pools import TOY_GROUPS, topic_records, topic_vectors, write_toy

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
    return Pool.from_records(topic_records(), name="toy", classes=TOY_GROUPS)


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
def search_sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Grows by every search of an index: how many vectors, how many neighbours of each."""
    sizes: list[tuple[int, int]] = []
    _note_searches(monkeypatch, lambda queries, k: sizes.append((len(queries), k)))
    return sizes


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """Grows by every vector that an index is searched for."""
    seen: list[list[float]] = []
    _note_searches(monkeypatch, lambda queries, k: seen.extend(queries.tolist()))
    return seen


def _note_searches(
    monkeypatch: pytest.MonkeyPatch, note: Callable[[np.ndarray, int], None]
) -> None:
    search = EmbeddingIndex.search

    def noted(self: EmbeddingIndex, queries: np.ndarray, k: int, **named: Any) -> Any:
        note(queries, k)
        return search(self, queries, k, **named)

    monkeypatch.setattr(EmbeddingIndex, "search", noted)


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
def toy_source(tmp_path: Path) -> Path:
    """The toy pool as toy.jsonl, with vectors.npy and classes.json beside it."""
    return write_toy(tmp_path)


@pytest.fixture(scope="session")
def toy_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A folder with the toy source and indexes/toy of it, and what `build` said."""
    from importlib import import_module

    folder = tmp_path_factory.mktemp("once")
    write_toy(folder)
    words = ["build", "toy.jsonl", "--embeddings", "vectors.npy", "--classes", "classes.json"]
    out, err = io.StringIO(), io.StringIO()
    app = import_module("classemb_index.cli.main").app
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(out), redirect_stderr(err):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["classemb-index", *words])
        with pytest.raises(SystemExit) as stop:
            app()
    return folder, Outcome(int(stop.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture
def toy_built(
    cli: Callable[..., Outcome], tmp_path: Path, toy_once: tuple[Path, Outcome]
) -> Outcome:
    """What `build` says about indexes/toy, which it makes of the toy pool."""
    folder, outcome = toy_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return outcome
