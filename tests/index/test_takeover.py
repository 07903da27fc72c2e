"""A build takes over the vectors of texts that the index has already, and encodes the others."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import IndexDamagedError
from classemb_index.index import build as building
from classemb_index.index import publish
from classemb_index.index.takeover import matching_rows
from tests.support.fakes import HashEncoder
from tests.support.folders import age, file_in, reseal
from tests.support.watchers import Recorder


class CountingEncoder(HashEncoder):
    """A hash encoder that remembers the texts that it was given."""

    def __init__(self, stops_at: str | None = None, **options: object) -> None:
        super().__init__(**options)
        self.texts: list[str] = []
        self._stops_at = stops_at

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if self._stops_at in texts:
            raise KeyboardInterrupt
        self.texts += texts
        return super().encode(texts)


def build(
    folder: Path, *texts: str, encoder: CountingEncoder | None = None, source: str = "few"
) -> tuple[EmbeddingIndex, list[str], list[tuple[int, int]]]:
    """An index of these texts without classes, the texts encoded for it, and what was taken over."""
    records = [Record(f"d{i}", text, None, None) for i, text in enumerate(texts)]
    encoder, watch = encoder or CountingEncoder(), Recorder()
    pool = Pool.from_records(records, source=source)
    index = EmbeddingIndex.build(pool, encoder, folder, force=True, watch=watch)
    expected = HashEncoder(encoder.dim, encoder._salt).encode(texts)
    np.testing.assert_array_equal(index.embeddings(), expected)
    assert len(index.verify()) == 3
    return index, encoder.texts, watch.taken


def test_a_first_build_takes_nothing_over(tmp_path: Path) -> None:
    assert build(tmp_path / "few", "a", "b")[1:] == (["a", "b"], [])


def test_nothing_is_encoded_when_nothing_changed(tmp_path: Path) -> None:
    first, _, _ = build(tmp_path / "few", "a", "b", "c")
    again, encoded, taken = build(tmp_path / "few", "a", "b", "c")
    assert (encoded, taken) == ([], [(3, 3)])
    assert again.vectors_digest == first.vectors_digest


@pytest.mark.parametrize(
    ("texts", "encoded", "taken"),
    [
        (["c", "a", "b"], [], 3),
        (["a", "c"], [], 2),
        (["a", "new", "c", "b", "last"], ["new", "last"], 3),
        (["a", "B", "c"], ["B"], 2),
        (["b", "b"], [], 2),
    ],
    ids=["order", "removed", "added", "changed", "twice"],
)
def test_only_new_and_changed_texts_are_encoded(
    tmp_path: Path, texts: list[str], encoded: list[str], taken: int
) -> None:
    build(tmp_path / "few", "a", "b", "c")
    assert build(tmp_path / "few", *texts)[1:] == (encoded, [(taken, len(texts))])


def test_another_sources_texts_are_taken_over_too(tmp_path: Path) -> None:
    build(tmp_path / "few", "a", "b")
    assert build(tmp_path / "few", "b", "d", source="other")[1:] == (["d"], [(1, 2)])


@pytest.mark.parametrize("change", ["salt", "dim", "precision", "max_length"])
def test_another_encoder_encodes_everything(tmp_path: Path, change: str) -> None:
    build(tmp_path / "few", "a", "b")
    options = {"salt": "other"} if change == "salt" else {"dim": 4} if change == "dim" else {}
    encoder = CountingEncoder(**options)
    if change == "precision":
        encoder.precision = "bfloat16"
    if change == "max_length":
        encoder.max_length = 8
    assert build(tmp_path / "few", "a", "b", encoder=encoder)[1:] == (["a", "b"], [])


@pytest.mark.parametrize("schema", [1, 2])
def test_an_index_without_hashes_is_taken_over_by_its_texts(tmp_path: Path, schema: int) -> None:
    folder = build(tmp_path / "few", "a", "b")[0].folder
    age(folder, schema)
    index, encoded, taken = build(folder, "b", "c")
    assert (encoded, taken) == (["c"], [(1, 2)])
    assert "text_hashes.npy" in index.manifest.files


@pytest.mark.parametrize("name", ["vectors.npy", "text_hashes.npy"])
def test_a_damaged_file_is_never_taken_over(tmp_path: Path, name: str) -> None:
    path = build(tmp_path / "few", "a", "b")[0].path_of(name)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert build(tmp_path / "few", "a", "b")[1:] == (["a", "b"], [])


def test_given_vectors_are_not_taken_for_an_encoders(tmp_path: Path) -> None:
    pool = Pool.from_records([Record("d0", "a", None, None)])
    given = HashEncoder().encode(["a"])
    EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "few", embeddings=given)
    assert build(tmp_path / "few", "a")[1:] == (["a"], [])


def test_an_interrupted_rebuild_goes_on_and_takes_over_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "CHUNK", 2)
    folder = tmp_path / "few"
    build(folder, "a", "b")
    with pytest.raises(KeyboardInterrupt):
        build(folder, "1", "a", "2", "b", "3", encoder=CountingEncoder(stops_at="3"))
    assert EmbeddingIndex.open(folder).pool.texts_of(range(2)) == ["a", "b"]
    assert build(folder, "1", "a", "2", "b", "3")[1:] == (["3"], [(2, 5)])


def test_what_no_build_wrote_stays_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    build(folder, "a", "b")
    (folder / "labels.sqlite").write_text("answers")
    (folder / "labels.sqlite-wal").write_text("last answers")
    (folder / "cache").mkdir()
    (folder / "cache" / "kept.npy").write_text("numbers")
    build(folder, "c")
    assert (folder / "labels.sqlite").read_text() == "answers"
    assert (folder / "labels.sqlite-wal").read_text() == "last answers"
    assert (folder / "cache" / "kept.npy").read_text() == "numbers"


def test_what_no_build_wrote_stays_when_publishing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "few"
    build(folder, "a")
    (folder / "labels.sqlite").write_text("answers")
    with monkeypatch.context() as patch:
        patch.setattr(publish, "file_digest", lambda *_: shutil.copy("absent", "nowhere"))
        with pytest.raises(OSError, match="absent"):
            build(folder, "b")
    assert (folder / "labels.sqlite").read_text() == "answers"
    assert EmbeddingIndex.open(folder).pool.text(0) == "a"


def test_verify_finds_a_hash_that_is_not_its_texts(tmp_path: Path) -> None:
    folder = build(tmp_path / "few", "a", "b")[0].folder
    path = file_in(folder, "text_hashes.npy")
    np.save(path, np.load(path)[::-1])
    reseal(folder, "text_hashes.npy")
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(folder).verify()
    assert str(error.value) == (
        f"the index in {folder} is damaged: {path.name} does not hold the hashes of the texts; "
        "build it again"
    )


def test_a_hash_is_matched_with_the_lowest_row_and_with_all_its_bytes() -> None:
    known = np.zeros((4, 16), np.uint8)
    known[0, 15] = known[1, 0] = known[3, 0] = 1
    wanted = np.concatenate([known, np.full((1, 16), 7, np.uint8)])
    assert matching_rows(wanted, known).tolist() == [0, 1, 2, 1, -1]
    assert matching_rows(wanted, known[:0]).tolist() == [-1] * 5
