"""A build killed at any moment leaves the old index or the new one, and the next build goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import IndexFolderError
from classemb_index.index import store
from classemb_index.labels.store import Answer, LabelStore
from tests.support.fakes import HashEncoder
from tests.support.folders import age, manifest_of

ROOT = Path(__file__).resolve().parents[2]

# forks builders, the n-th of them killed at the n-th of its steps on the disk; prints how each ended
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from classemb_index.index import publish
from tests.index.test_publish import NEW, OLD, build

def counted(step, left):
    def run(*arguments, **named):
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left.pop()
        return step(*arguments, **named)
    return run

for moment in range(100):
    folder = Path(sys.argv[1]) / str(moment)
    build(folder, OLD)
    if not (child := os.fork()):
        left = [None] * moment
        for owner, name in ((Path, "replace"), (Path, "unlink"), (shutil, "rmtree"), (publish, "fsync")):
            setattr(owner, name, counted(getattr(owner, name), left))
        build(folder, NEW)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, flush=True)
    if status == 0:
        break
"""

OLD, NEW = ["a", "b", "c"], ["b", "d"]


def build(folder: Path, texts: list[str]) -> int:
    """Write an index of these texts; says how often the encoder was called."""
    pool = Pool.from_records([Record(text, text, None, None) for text in texts])
    encoder = HashEncoder()
    EmbeddingIndex.build(pool, encoder, folder)
    return encoder.calls


def texts_of(folder: Path) -> list[str]:
    """The texts of an index whose every byte is as it was written."""
    index = EmbeddingIndex.open(folder)
    assert len(index.verify()) == 3
    np.testing.assert_array_equal(index.embeddings(), HashEncoder().encode(index.pool.texts))
    return list(index.pool.texts)


def assert_nothing_is_left(folder: Path, *others: str) -> None:
    """The folder holds the manifest, what it names, the lock, and these other files."""
    named = {facts["name"] for facts in manifest_of(folder)["files"].values()}
    found = {path.name for path in folder.iterdir()}
    assert found == {"manifest.json", ".lock", *named, *others}


def test_a_build_killed_at_any_moment_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    *killed, last = map(int, ran.stdout.split())
    assert last == 0 and len(killed) > 10 and set(killed) == {-signal.SIGKILL}
    left = [texts_of(tmp_path / str(moment)) for moment in range(len(killed))]
    assert left == sorted(left) and OLD in left and NEW in left
    for moment, texts in enumerate(left):
        folder = tmp_path / str(moment)
        calls = build(folder, NEW)
        assert calls <= (texts == OLD)
        assert texts_of(folder) == NEW
        assert_nothing_is_left(folder)


def test_what_was_finished_before_a_kill_is_not_encoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "few", OLD)
    real = Path.replace

    def fails(path: Path, target: Path) -> Path:
        if path.name == "text_hashes.npy":
            raise KeyboardInterrupt  # the vectors stand in their place already
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fails)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path / "few", NEW)
    assert texts_of(tmp_path / "few") == OLD
    assert build(tmp_path / "few", NEW) == 0
    assert texts_of(tmp_path / "few") == NEW


def test_files_that_are_unchanged_are_not_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    before = {path.name: path.stat() for path in folder.iterdir()}
    build(folder, OLD)
    after = {path.name: path.stat() for path in folder.iterdir()}
    assert before.keys() == after.keys() and len(before) == 5
    changed = {
        name
        for name in before
        if (before[name].st_ino, before[name].st_mtime_ns)
        != (after[name].st_ino, after[name].st_mtime_ns)
    }
    assert changed - {".lock"} == {"manifest.json"}


def test_given_vectors_that_are_unchanged_are_not_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    pool = Pool.from_records([Record(text, text, ("x",), None) for text in OLD])
    vectors = 3 * HashEncoder().encode(OLD)
    inodes = []
    for embeddings in (vectors, vectors, vectors[[0, 2, 1]]):
        index = EmbeddingIndex.build(pool, None, folder, embeddings=embeddings)
        inodes.append(index.path_of("vectors.npy").stat().st_ino)
    assert inodes[0] == inodes[1] != inodes[2]
    np.testing.assert_allclose(index.embeddings(), vectors[[0, 2, 1]] / 3, atol=1e-6)
    assert_nothing_is_left(folder)


@pytest.mark.parametrize("file", ["vectors.npy", "documents.parquet", "text_hashes.npy"])
def test_a_damaged_file_is_written_again_though_nothing_changed(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    path = EmbeddingIndex.open(folder).path_of(file)
    content = bytearray(path.read_bytes())
    content[-1 if file.endswith(".npy") else 20] ^= 1
    path.write_bytes(content)
    build(folder, OLD)
    assert texts_of(folder) == OLD


@pytest.mark.parametrize("schema", [1, 2])
def test_an_index_of_an_earlier_schema_is_built_again_as_schema_3(
    tmp_path: Path, schema: int
) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    age(folder, schema)
    assert (folder / "vectors.npy").exists()
    assert build(folder, OLD) == 0
    assert manifest_of(folder)["schema_version"] == 3
    assert texts_of(folder) == OLD
    assert_nothing_is_left(folder)


def test_a_reader_that_loses_its_files_to_a_build_reads_the_manifest_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    real, reads = store.read_manifest, []

    def late(place: Path) -> store.Manifest:
        manifest = real(place)
        if not reads:
            reads.append(manifest)
            build(folder, NEW)
        return manifest

    monkeypatch.setattr(store, "read_manifest", late)
    index = EmbeddingIndex.open(folder)
    assert list(index.pool.texts) == NEW and index.manifest != reads[0]


def test_verify_of_an_index_that_was_built_again_meanwhile_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    opened = EmbeddingIndex.open(folder)
    build(folder, NEW)
    with pytest.raises(IndexFolderError) as error:
        opened.verify()
    assert str(error.value) == (
        f"the index in {folder} was built again since it was opened; open it again"
    )
    assert list(opened.pool.texts) == OLD
    np.testing.assert_array_equal(opened.embeddings(), HashEncoder().encode(OLD))


def test_no_answer_is_lost_that_is_given_while_builds_replace_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    done = threading.Event()
    given: list[str] = []

    def answer() -> None:
        while not done.is_set():
            LabelStore(folder).record([Answer(f"d{len(given)}", "class", "yes")])
            given.append(f"d{len(given)}")

    person = threading.Thread(target=answer)
    person.start()
    for _ in range(10):
        for texts in (NEW, OLD):
            build(folder, texts)
    done.set()
    person.join()
    assert len(given) > 10
    assert [said.document for said in LabelStore(folder).state()] == given


def test_a_file_of_the_user_that_has_the_name_of_a_part_stays(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    for name in ("vectors.npy", "journal.jsonl", "notes-0123456789ab.npy"):
        (folder / name).write_text("mine")
    build(folder, NEW)
    assert_nothing_is_left(folder, "vectors.npy", "journal.jsonl", "notes-0123456789ab.npy")


def test_a_build_over_a_damaged_manifest_leaves_no_file_of_the_old_index(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, OLD)
    (folder / "manifest.json").write_text("{")
    pool = Pool.from_records([Record(text, text, None, None) for text in NEW])
    EmbeddingIndex.build(pool, HashEncoder(), folder, force=True)
    assert texts_of(folder) == NEW
    assert_nothing_is_left(folder)
