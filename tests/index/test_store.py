"""The index folder: replaced in one step, locked, resumed, and honest about damage."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from classemb_index.errors import (
    IndexDamagedError,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
    IndexSchemaError,
)
from classemb_index.index import publish
from classemb_index.index.build import CHUNK
from classemb_index.index.index import EmbeddingIndex
from classemb_index.index.store import latest_index
from classemb_index.pool.documents import Record
from classemb_index.pool.pool import Pool
from tests.support.commands import lock_held
from tests.support.fakes import HashEncoder, KnownEncoder
from tests.support.folders import age, file_in, manifest_of, write_manifest
from tests.support.pools import topic_records, topic_vectors

CHUNKS = 3
NAMES = 1  # call of the encoder that embeds the class names, after the documents


class StoppingEncoder(HashEncoder):
    """An encoder that is interrupted in the call after `stops_after`."""

    def __init__(self, stops_after: int) -> None:
        super().__init__()
        self._stops_after = stops_after

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if self.calls == self._stops_after:
            raise KeyboardInterrupt
        return super().encode(texts)


def long_pool(changed: int | None = None, source: str = "long") -> Pool:
    """A pool of three chunks, the last one short; one text may be changed."""
    n = 2 * CHUNK + 100
    return Pool.from_records(
        (
            Record(f"d{i}", f"text {i}" + (" changed" if i == changed else ""), ("a",), None)
            for i in range(n)
        ),
        name="long",
        source=source,
    )


def given(n: int, folder: Path, force: bool = False) -> EmbeddingIndex:
    """An index of n documents with vectors that were given."""
    pool = Pool.from_records(topic_records(n), name="toy", source="toy")
    vectors = topic_vectors(pool)
    return EmbeddingIndex.build(pool, None, folder, embeddings=vectors, force=force)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the index by what it holds; of the manifest, everything but the time."""
    table = manifest_of(folder)
    found = {file: file_in(folder, file).read_bytes() for file in table["files"]}
    rest = {key: value for key, value in table.items() if key not in ("created", "checksum")}
    return found | {"manifest.json": json.dumps(rest).encode()}


def names(folder: Path) -> set[str]:
    """What lies in an index folder, the lock aside."""
    return {path.name for path in folder.iterdir()} - {".lock"}


def own_names(folder: Path) -> set[str]:
    """The manifest and what it names."""
    return {"manifest.json"} | {facts["name"] for facts in manifest_of(folder)["files"].values()}


def stop_build(pool: Pool, folder: Path, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        EmbeddingIndex.build(pool, StoppingEncoder(after), folder)


def test_the_manifest_has_name_bytes_and_sha256_of_every_other_file(
    toy_index: EmbeddingIndex,
) -> None:
    files = manifest_of(toy_index.folder)["files"]
    assert set(files) == {"vectors.npy", "documents.parquet", "text_hashes.npy"}
    for file, facts in files.items():
        content = (toy_index.folder / facts["name"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        stem, _, suffix = file.partition(".")
        assert facts == {
            "name": f"{stem}-{digest[:12]}.{suffix}",
            "bytes": len(content),
            "sha256": digest,
        }


def test_the_manifest_has_a_checksum_of_its_own_content(toy_index: EmbeddingIndex) -> None:
    table = manifest_of(toy_index.folder)
    found = table.pop("checksum")
    text = json.dumps(table, sort_keys=True)
    assert found == hashlib.sha256(text.encode()).hexdigest()


def test_a_manifest_of_an_earlier_version_has_a_key_that_is_passed_over(
    toy_index: EmbeddingIndex,
) -> None:
    table = manifest_of(toy_index.folder)
    assert "backend_parameters" not in table
    age(toy_index.folder, 2)
    old = EmbeddingIndex.open(toy_index.folder).manifest
    write_manifest(toy_index.folder, manifest_of(toy_index.folder) | {"backend_parameters": {}})
    assert EmbeddingIndex.open(toy_index.folder).manifest == old


def test_the_digests_of_an_index_are_those_of_its_files(toy_index: EmbeddingIndex) -> None:
    for name, digest in (
        ("vectors.npy", toy_index.vectors_digest),
        ("documents.parquet", toy_index.documents_digest),
    ):
        content = file_in(toy_index.folder, name).read_bytes()
        assert digest == hashlib.sha256(content).hexdigest()


def test_a_build_leaves_nothing_but_the_index_and_its_lock(toy_index: EmbeddingIndex) -> None:
    assert names(toy_index.folder) == own_names(toy_index.folder)
    assert list(toy_index.folder.parent.iterdir()) == [toy_index.folder]


def test_the_vectors_file_is_read_by_numpy_alone(toy_index: EmbeddingIndex) -> None:
    vectors = np.load(
        toy_index.folder / manifest_of(toy_index.folder)["files"]["vectors.npy"]["name"]
    )
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, toy_index.embeddings())


def test_a_reader_keeps_the_index_that_it_opened_when_a_new_one_takes_its_place(
    tmp_path: Path,
) -> None:
    old = given(120, tmp_path / "toy")
    new = given(50, tmp_path / "toy")
    assert (len(old), len(old.pool), old.embeddings().shape) == (120, 120, (120, 8))
    assert old.pool.text(119) == topic_records(120)[119].text
    assert old.search(old.embeddings(np.array([119])), 1).rows.tolist() == [[119]]
    assert (len(new), len(EmbeddingIndex.open(tmp_path / "toy").pool)) == (50, 50)


def test_an_index_opened_while_it_is_replaced_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    given(60, folder)
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                index = EmbeddingIndex.open(folder)
                seen.add((len(index), len(index.pool), len(index.embeddings())))
            except Exception as error:
                seen.add(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for n in [80, 60] * 20:
        given(n, folder)
    done.set()
    reader.join()
    assert seen <= {(60, 60, 60), (80, 80, 80)}


@pytest.mark.parametrize("stops_after", [1, 2])
def test_an_interrupted_build_goes_on_where_it_stopped_and_gives_the_same_bytes(
    tmp_path: Path, stops_after: int
) -> None:
    EmbeddingIndex.build(long_pool(), HashEncoder(), tmp_path / "whole" / "long")
    folder = tmp_path / "cut" / "long"
    stop_build(long_pool(), folder, stops_after)
    assert names(folder) == {".building"}
    encoder = HashEncoder()
    EmbeddingIndex.build(long_pool(), encoder, folder)
    assert encoder.calls == CHUNKS - stops_after + NAMES
    assert contents(folder) == contents(tmp_path / "whole" / "long")
    assert names(folder) == own_names(folder)


def test_an_index_stays_readable_while_its_rebuild_is_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    EmbeddingIndex.build(long_pool(), HashEncoder(), folder)
    before = contents(folder)
    stop_build(long_pool(changed=0), folder, 1)
    assert contents(folder) == before
    assert len(EmbeddingIndex.open(folder).verify()) == 3


def test_a_changed_text_is_encoded_again_with_its_chunk_alone(tmp_path: Path) -> None:
    stop_build(long_pool(), tmp_path / "long", 2)
    encoder = HashEncoder()
    index = EmbeddingIndex.build(long_pool(changed=CHUNK), encoder, tmp_path / "long")
    assert encoder.calls == 2 + NAMES  # the changed chunk and the one that was missing
    expected = HashEncoder().encode([f"text {CHUNK} changed"])
    np.testing.assert_array_equal(index.embeddings(np.array([CHUNK])), expected)


@pytest.mark.parametrize("change", ["fingerprint", "precision", "dim"])
def test_another_encoder_begins_anew(tmp_path: Path, change: str) -> None:
    stop_build(long_pool(), tmp_path / "long", 2)
    encoder = HashEncoder(
        dim=4 if change == "dim" else 8, salt="other" if change == "fingerprint" else ""
    )
    if change == "precision":
        encoder.precision = "bfloat16"
    EmbeddingIndex.build(long_pool(), encoder, tmp_path / "long")
    assert encoder.calls == CHUNKS + NAMES


def test_given_vectors_do_not_mix_with_those_of_an_interrupted_build(tmp_path: Path) -> None:
    stop_build(long_pool(), tmp_path / "long", 2)
    vectors = np.tile(np.eye(8, dtype=np.float32)[3], (len(long_pool()), 1))
    index = EmbeddingIndex.build(long_pool(), None, tmp_path / "long", embeddings=vectors)
    np.testing.assert_array_equal(index.embeddings(), vectors)
    assert names(index.folder) == own_names(index.folder)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_journal_line_that_was_cut_costs_its_chunk_alone(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "long"
    stop_build(long_pool(), folder, 2)
    journal = tmp_path / "long" / ".building" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-cut])
    stop_build(long_pool(), folder, 1)
    encoder = HashEncoder()
    index = EmbeddingIndex.build(long_pool(), encoder, folder)
    assert encoder.calls == 1 + NAMES
    texts = long_pool().texts_of(range(len(index)))
    np.testing.assert_array_equal(index.embeddings(), HashEncoder().encode(texts))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100, b'{"a": 1}\n', b"key\n[0, 1]\nno JSON\n"],
    ids=["empty", "zeros", "object", "no JSON"],
)
def test_a_journal_that_cannot_be_read_begins_anew(tmp_path: Path, content: bytes) -> None:
    stop_build(long_pool(), tmp_path / "long", 2)
    (tmp_path / "long" / ".building" / "journal.jsonl").write_bytes(content)
    encoder = HashEncoder()
    EmbeddingIndex.build(long_pool(), encoder, tmp_path / "long")
    assert encoder.calls == CHUNKS + NAMES


def test_no_document_is_encoded_again_when_the_disk_fills_up_while_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> str:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(publish, "file_digest", full)
        with pytest.raises(OSError, match="No space left"):
            EmbeddingIndex.build(long_pool(), HashEncoder(), tmp_path / "long")
    encoder = HashEncoder()
    assert len(EmbeddingIndex.build(long_pool(), encoder, tmp_path / "long").verify()) == 3
    assert encoder.calls == NAMES


def test_a_second_builder_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    with lock_held(folder), pytest.raises(IndexLockedError) as error:
        given(60, folder)
    assert str(error.value) == (
        f"another process is building {folder}; wait for it, or choose another --out"
    )
    assert list(tmp_path.iterdir()) == []
    assert len(given(60, folder)) == 60


def test_an_index_is_read_while_another_process_builds_it(tmp_path: Path) -> None:
    given(60, tmp_path / "toy")
    with lock_held(tmp_path / "toy"):
        assert len(EmbeddingIndex.open(tmp_path / "toy").pool) == 60


def test_a_builder_that_was_killed_holds_no_lock(tmp_path: Path) -> None:
    with lock_held(tmp_path / "toy") as child:
        child.kill()
        child.wait()
        assert len(given(60, tmp_path / "toy")) == 60


def test_an_index_behind_a_link_is_replaced_where_it_lies(tmp_path: Path) -> None:
    given(60, tmp_path / "disk" / "toy")
    link = tmp_path / "toy"
    link.symlink_to(tmp_path / "disk" / "toy")
    for n in (80, 90):
        assert len(given(n, link)) == n
        assert link.is_symlink()
        assert len(EmbeddingIndex.open(tmp_path / "disk" / "toy")) == n
    assert {path.name for path in tmp_path.iterdir()} == {"disk", "toy"}


def test_an_index_is_built_into_the_working_directory_whose_files_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vectors.npy").write_text("those of the user")
    for n in (60, 80):
        assert len(given(n, Path(".")).verify()) == 3
        assert names(tmp_path) == own_names(tmp_path) | {"vectors.npy"}
    assert (tmp_path / "vectors.npy").read_text() == "those of the user"
    assert len(EmbeddingIndex.open(tmp_path)) == 80


FILES = [
    "vectors.npy",
    "documents.parquet",
    "text_hashes.npy",
    "class_names.npy",
    "name_feedback.npy",
]


@pytest.fixture
def named_index(toy_pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    """The toy pool with an encoder beside its vectors, so that it has all the files there are."""
    vectors = topic_vectors(toy_pool)
    encoder = KnownEncoder(toy_pool.texts, vectors)
    return EmbeddingIndex.build(toy_pool, encoder, tmp_path / "named", embeddings=vectors)


def test_the_files_of_an_index_with_class_names_have_checksums_too(
    named_index: EmbeddingIndex,
) -> None:
    assert set(named_index.manifest.files) == set(FILES)
    assert names(named_index.folder) == own_names(named_index.folder)
    for file, facts in named_index.manifest.files.items():
        content = named_index.path_of(file).read_bytes()
        assert facts["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_verify_finds_a_flipped_bit_in_any_file(named_index: EmbeddingIndex, name: str) -> None:
    path = named_index.path_of(name)
    content = bytearray(path.read_bytes())
    content[-9 if name.endswith(".npy") else len(content) // 2] ^= 1  # of .npy in the values
    path.write_bytes(content)
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(named_index.folder).verify()
    assert str(error.value) == (
        f"the index in {named_index.folder} is damaged: the checksum of {path.name} is not the "
        "manifest's; build it again"
    )


@pytest.mark.parametrize("name", FILES)
def test_open_finds_a_file_that_was_cut_has_grown_or_is_gone(
    named_index: EmbeddingIndex, name: str
) -> None:
    path = named_index.path_of(name)
    size = path.stat().st_size
    for found in (size - 1, size + 1):
        os.truncate(path, found)
        with pytest.raises(IndexDamagedError) as error:
            EmbeddingIndex.open(named_index.folder)
        assert str(error.value) == (
            f"the index in {named_index.folder} is damaged: {path.name} has {found} bytes, not {size}; "
            "build it again"
        )
    path.unlink()
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(named_index.folder)
    assert str(error.value) == (
        f"the index in {named_index.folder} is damaged: {path.name} is missing; build it again"
    )


def test_documents_that_cannot_be_read_are_damage(toy_index: EmbeddingIndex) -> None:
    path = toy_index.path_of("documents.parquet")
    path.write_bytes(b"PAR1" + b"\xff" * (path.stat().st_size - 8) + b"PAR1")
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(toy_index.folder).pool  # noqa: B018
    assert str(error.value) == (
        f"the index in {toy_index.folder} is damaged: {path.name} cannot be read; build it again"
    )


def test_texts_that_cannot_be_unpacked_are_damage(tmp_path: Path) -> None:
    records = (Record(f"d{i}", f"{i * 7919} text {i}", None, None) for i in range(3000))
    pool = Pool.from_records(records, name="toy")
    vectors = np.ones((3000, 2), np.float32)
    index = EmbeddingIndex.build(pool, None, tmp_path / "toy", embeddings=vectors)
    path = index.path_of("documents.parquet")
    content = bytearray(path.read_bytes())
    start = content.index(b"\x28\xb5\x2f\xfd", 4 + len(content) // 2)  # a Zstandard frame
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(tmp_path / "toy").pool.text(5)
    assert str(error.value) == (
        "the texts of documents.parquet cannot be read; check the index with verify"
    )


UNSEALED = "manifest.json does not have the checksum that stands in it"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text[:-20], "manifest.json cannot be read"),
        (lambda text: "[]", "manifest.json cannot be read"),
        (lambda text: text.replace("schema_version", "version"), "manifest.json cannot be read"),
        (lambda text: text.replace('"n": 120', '"n": 121'), UNSEALED),
        (lambda text: text.replace('"bytes"', '"size"'), UNSEALED),
        (lambda text: text.replace('"checksum"', '"sum"'), UNSEALED),
    ],
)
def test_a_wrong_manifest_is_damage(
    toy_index: EmbeddingIndex, change: Callable[[str], str], problem: str
) -> None:
    path = toy_index.folder / "manifest.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(toy_index.folder)
    assert str(error.value) == (
        f"the index in {toy_index.folder} is damaged: {problem}; build it again"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"dims": 8}, "manifest.json lacks what it should have"),
        ({"files": {"vectors.npy": {}}}, "manifest.json lacks what it should have"),
        ({"n": 121}, "{vectors} has shape (120, 8), not (121, 8)"),
        ({"mean": [0, 1]}, "its mean has 2 dimensions, not 8"),
    ],
)
def test_a_manifest_that_is_sealed_and_wrong_is_damage_too(
    toy_index: EmbeddingIndex, change: dict[str, object], problem: str
) -> None:
    vectors = toy_index.path_of("vectors.npy").name
    write_manifest(toy_index.folder, manifest_of(toy_index.folder) | change)
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(toy_index.folder)
    assert str(error.value) == (
        f"the index in {toy_index.folder} is damaged: {problem.format(vectors=vectors)}; "
        "build it again"
    )


def test_an_index_of_a_newer_version_is_refused(toy_index: EmbeddingIndex) -> None:
    write_manifest(toy_index.folder, manifest_of(toy_index.folder) | {"schema_version": 4})
    with pytest.raises(IndexSchemaError) as error:
        EmbeddingIndex.open(toy_index.folder)
    assert str(error.value) == (
        f"the index in {toy_index.folder} has schema 4, this version reads up to 3; "
        "upgrade classemb-index, or build the index again with --force"
    )


def test_where_there_is_no_index_the_error_says_how_to_build_one(tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        with pytest.raises(IndexMissingError) as error:
            EmbeddingIndex.open(folder)
        assert str(error.value) == (
            f"there is no index in {folder}; "
            f"build one with: classemb-index build SOURCE --out {folder}"
        )


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("form", ["folder", "file"])
def test_what_is_no_index_is_never_replaced(tmp_path: Path, force: bool, form: str) -> None:
    place = tmp_path / "thesis"
    file = place if form == "file" else place / "chapter.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text("all of it")
    with pytest.raises(IndexFolderError) as error:
        given(60, place, force=force)
    assert str(error.value) == f"{place} is there and is no index; choose another --out"
    assert file.read_text() == "all of it"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    assert len(given(60, tmp_path / "toy")) == 60


def test_a_damaged_index_is_replaced_by_force_alone(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    given(60, folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(IndexDamagedError) as error:
        given(60, folder)
    assert str(error.value) == (
        f"the index in {folder} is damaged: manifest.json cannot be read; build it again; "
        "--force replaces it"
    )
    assert len(given(60, folder, force=True).verify()) == 3


def test_the_latest_index_is_the_one_built_last_and_never_a_draft(tmp_path: Path) -> None:
    given(60, tmp_path / "first")
    given(60, tmp_path / "second")
    given(60, tmp_path / "first")
    os.utime(tmp_path / "second" / "manifest.json", (0, 0))
    stop_build(long_pool(), tmp_path / "third", 1)
    assert latest_index(tmp_path) == tmp_path / "first"


def test_where_no_index_was_built_there_is_no_latest(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError) as error:
        latest_index(tmp_path / "indexes")
    assert str(error.value) == (
        f"there is no index under {tmp_path / 'indexes'}; build one with: classemb-index build"
    )
