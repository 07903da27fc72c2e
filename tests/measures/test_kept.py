"""The usual analysis is made once for an index, and made again for any other."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool
from classemb_index.index.kept import keep, kept
from classemb_index.measures.analysis import Analysis, analyze_index
from tests.support.paper import DOCUMENTS, PAPER
from tests.support.pools import topic_records, topic_vectors

GROUPS = {"frequent": ["a", "b"], "rare": ["c"]}


def built(folder: Path, **options: object) -> EmbeddingIndex:
    pool = Pool.from_records(topic_records(DOCUMENTS), name="toy", classes=GROUPS)
    return EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool), **options)


@pytest.fixture
def index(tmp_path: Path) -> EmbeddingIndex:
    return built(tmp_path / "toy", paper=PAPER)


@pytest.fixture
def file(index: EmbeddingIndex) -> Path:
    """Where the analysis is kept."""
    return index.folder / "cache" / "analysis.json"


def assert_same(found: Analysis, wanted: Analysis) -> None:
    """Equal in all they hold, numbers bit for bit and arrays with their type."""
    of_found, of_wanted = vars(found).copy(), vars(wanted).copy()
    first, second = of_found.pop("components"), of_wanted.pop("components")
    assert of_found == of_wanted
    for name, value in vars(second).items():
        assert type(getattr(first, name)) is type(value)
        if isinstance(value, np.ndarray):
            assert getattr(first, name).dtype == value.dtype
        np.testing.assert_array_equal(getattr(first, name), value)


def test_an_analysis_is_made_once_and_read_back_the_same(
    index: EmbeddingIndex, file: Path, looked_up: list[list[float]]
) -> None:
    made = analyze_index(index)
    assert looked_up and file.is_file()
    looked_up.clear()
    opened = EmbeddingIndex.open(index.folder)
    assert_same(analyze_index(opened), made)
    assert looked_up == []
    assert made.proximity[0].paper == PAPER["proximity"]["100"][0]


@pytest.mark.parametrize(
    "options",
    [
        {"sizes": [50]},
        {"seeds": [0]},
        {"top_k": 99},
        {"methods": ["centroid"]},
        {"labelled_ids": [f"d{5 * i}" for i in range(40)]},
    ],
)
def test_an_analysis_of_other_settings_is_neither_kept_nor_read(
    index: EmbeddingIndex, file: Path, looked_up: list[list[float]], options: dict[str, object]
) -> None:
    analyze_index(index, **options)
    assert not file.exists()
    analyze_index(index)
    looked_up.clear()
    found = analyze_index(index, **options)
    assert looked_up and (found.top_k, len(found.methods) > 0) == (
        options.get("top_k", 100),
        "methods" in options,
    )


@pytest.mark.parametrize("damage", ["", "[]", "{}", "no JSON", '{"digest": "x", "document": {}}'])
def test_a_damaged_file_is_made_again(
    index: EmbeddingIndex, file: Path, looked_up: list[list[float]], damage: str
) -> None:
    made, whole = analyze_index(index), file.read_bytes()
    for text in (damage.encode(), whole[:-9], whole.replace(b"class_name", b"xlass_name"), b"\xff"):
        file.write_bytes(text)
        looked_up.clear()
        assert_same(analyze_index(index), made)
        assert looked_up and file.read_bytes() == whole


def test_a_number_that_was_changed_by_hand_is_not_believed(
    index: EmbeddingIndex, file: Path
) -> None:
    made = analyze_index(index)
    found = json.loads(file.read_bytes())
    found["document"]["proximity"][0]["hits"] += 1
    file.write_text(json.dumps(found))
    assert_same(analyze_index(index), made)


@pytest.mark.parametrize("change", ["published numbers", "vectors", "labels"])
def test_what_another_index_kept_is_not_read(
    index: EmbeddingIndex, file: Path, tmp_path: Path, change: str
) -> None:
    records = topic_records(DOCUMENTS, seed=1 if change == "labels" else 0)
    pool = Pool.from_records(records, name="toy", classes=GROUPS)
    vectors = topic_vectors(index.pool, seed=2 if change == "vectors" else 1)
    paper = None if change == "published numbers" else PAPER
    other = EmbeddingIndex.build(pool, None, tmp_path / "b", embeddings=vectors, paper=paper)
    analyze_index(index)
    fresh = analyze_index(other).document()
    shutil.copy(file, other.folder / "cache" / "analysis.json")
    assert analyze_index(other).document() == fresh != analyze_index(index).document()


def test_where_the_folder_cannot_be_written_nothing_is_kept(
    index: EmbeddingIndex, file: Path
) -> None:
    file.parent.write_text("in the way")
    first = analyze_index(index)
    assert_same(analyze_index(index), first)
    assert file.parent.read_text() == "in the way"


def test_a_document_is_kept_under_its_name(index: EmbeddingIndex) -> None:
    keep(index, "one", {"a": [0.1, None]})
    keep(index, "two", [])
    assert (kept(index, "one"), kept(index, "two"), kept(index, "three")) == (
        {"a": [0.1, None]},
        [],
        None,
    )
    assert sorted(path.name for path in (index.folder / "cache").iterdir()) == [
        "one.json",
        "two.json",
    ]
    assert asdict(EmbeddingIndex.open(index.folder).manifest) == asdict(index.manifest)
    index.verify()


def test_a_document_outlives_a_build_with_nothing_new_and_no_other(index: EmbeddingIndex) -> None:
    keep(index, "one", {"a": 1})
    again = built(index.folder, paper=PAPER)
    assert again.manifest.created > index.manifest.created
    assert kept(again, "one") == {"a": 1}
    assert kept(built(index.folder), "one") is None
