"""A source is known by its absolute path, and at another path by its texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import IndexDamagedError, IndexFolderError
from tests.support.folders import age, manifest_of

TEN = [f"text {i}" for i in range(10)]
OTHER = [f"another {i}" for i in range(10)]


def write(path: Path, texts: Sequence[str]) -> Path:
    """A JSON Lines file of these texts, whose ids are their numbers in any such file."""
    path.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    path.write_text("\n".join(lines))
    return path


def build(source: Path | str, folder: Path, force: bool = False) -> EmbeddingIndex:
    pool = Pool.read(source)
    vectors = np.ones((len(pool), 2), np.float32)
    return EmbeddingIndex.build(pool, None, folder, embeddings=vectors, force=force)


def test_a_file_is_the_same_source_however_its_path_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "a" / "p.jsonl", TEN)
    (tmp_path / "link.jsonl").symlink_to(source)
    monkeypatch.chdir(tmp_path / "a")
    build("p.jsonl", tmp_path / "index")
    for spelled in (source, "../a/./p.jsonl", "../link.jsonl"):
        write(source, TEN[:1] + OTHER)  # what it holds does not matter then
        assert len(build(spelled, tmp_path / "index")) == 11
        write(source, TEN)
        assert len(build(spelled, tmp_path / "index")) == 10
    assert manifest_of(tmp_path / "index")["place"] == str(source)


def test_another_file_of_the_same_name_does_not_replace_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path / "a" / "p.jsonl", TEN)
    second = write(tmp_path / "b" / "p.jsonl", OTHER)
    index = tmp_path / "index"
    monkeypatch.chdir(tmp_path / "a")
    build("p.jsonl", index)
    before = manifest_of(index)
    monkeypatch.chdir(tmp_path / "b")
    with pytest.raises(IndexFolderError) as error:
        build("p.jsonl", index)
    assert str(error.value) == (
        f"{index} is an index of {first}, which shares 0 of 10 documents with {second}; "
        "choose another --out, or --force"
    )
    assert manifest_of(index) == before
    assert build("p.jsonl", index, force=True).pool.text(0) == "another 0"


def test_a_project_that_was_moved_with_its_index_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a" / "p.jsonl", TEN)
    monkeypatch.chdir(tmp_path / "a")
    build("p.jsonl", Path("index"))
    shutil.move(tmp_path / "a", tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    assert len(build("p.jsonl", Path("index"))) == 10
    assert manifest_of(Path("index"))["place"] == str(tmp_path / "moved" / "p.jsonl")


@pytest.mark.parametrize(
    ("texts", "shared"),
    [
        (TEN[::-1], None),
        (TEN + OTHER, None),
        (TEN[:3], None),
        (TEN[:5] + OTHER[:5], None),
        (TEN[:4] + OTHER[:6], "4 of 10"),
        (TEN[:1] + OTHER[:2], "1 of 3"),
        (TEN[:4] + OTHER[:6] + OTHER, "4 of 10"),
    ],
    ids=["order", "grown", "cut", "half", "less than half", "small", "large"],
)
def test_a_copy_elsewhere_is_the_same_source_where_half_of_the_smaller_is_shared(
    tmp_path: Path, texts: list[str], shared: str | None
) -> None:
    folder = tmp_path / "index"
    build(write(tmp_path / "a" / "p.jsonl", TEN), folder)
    copy = write(tmp_path / "b" / "q.jsonl", texts)
    if shared is None:
        assert len(build(copy, folder)) == len(texts)
    else:
        with pytest.raises(IndexFolderError, match=f"which shares {shared} documents with"):
            build(copy, folder)


@pytest.mark.parametrize("schema", [1, 2])
def test_of_an_index_that_knows_no_place_the_texts_decide(tmp_path: Path, schema: int) -> None:
    folder, source = tmp_path / "index", tmp_path / "a" / "p.jsonl"
    build(write(source, TEN), folder)
    age(folder, schema)
    with pytest.raises(IndexFolderError, match="which shares 0 of 10 documents with"):
        build(write(source, OTHER), folder)
    assert len(build(write(source, TEN), folder)) == 10


@pytest.mark.parametrize(("name", "refused"), [("first", False), ("second", True)])
def test_what_is_no_file_is_known_by_its_name(tmp_path: Path, name: str, refused: bool) -> None:
    def build_records(source: str, texts: Sequence[str]) -> None:
        records = [Record(str(i), text, None, None) for i, text in enumerate(texts)]
        pool = Pool.from_records(records, source=source)
        vectors = np.ones((len(pool), 2), np.float32)
        EmbeddingIndex.build(pool, None, tmp_path / "index", embeddings=vectors)

    build_records("first", TEN)
    if not refused:
        build_records(name, OTHER)
        return
    with pytest.raises(IndexFolderError) as error:
        build_records(name, OTHER)
    assert str(error.value) == (
        f"{tmp_path / 'index'} is an index of first, which shares 0 of 10 documents with second; "
        "choose another --out, or --force"
    )


def test_a_folder_in_which_a_first_build_was_interrupted_is_free(tmp_path: Path) -> None:
    source = write(tmp_path / "a" / "p.jsonl", TEN)
    folder = tmp_path / "index"
    (folder / ".building").mkdir(parents=True)
    (folder / ".lock").touch()
    assert len(build(source, folder)) == 10


def test_a_manifest_that_was_changed_is_replaced_by_force_alone(tmp_path: Path) -> None:
    source, folder = write(tmp_path / "a" / "p.jsonl", TEN), tmp_path / "index"
    build(source, folder)
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"n": 10', '"n": 11'))
    with pytest.raises(IndexDamagedError) as error:
        build(source, folder)
    assert str(error.value) == (
        f"the index in {folder} is damaged: manifest.json does not have the checksum that stands in "
        "it; build it again; --force replaces it"
    )
    assert len(build(source, folder, force=True).verify()) == 3
