"""The native forms of corpora, and the hub, give records like any file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from classemb_index.pool.fields import Fields
from classemb_index.pool.files import FORMS
from tests.support.sources import message_of, read, without_place

WriteJsonl = Callable[..., Path]


@pytest.fixture
def eurlex_folder(tmp_path: Path) -> Path:
    """Three acts as EURLEX57K publishes them, with its label table."""
    folder = tmp_path / "EURLEX57K"
    act = {
        "celex_id": "31979D0509",
        "uri": "http://publications.europa.eu/resource/cellar/1",
        "type": "Decision",
        "concepts": ["693", "9999"],
        "title": "79/509/EEC: Council Decision",
        "header": "COUNCIL DECISION\nof 24 May 1979\n",
        "recitals": ",\nHaving regard to the Treaty\n",
        "main_body": ["Article 1", "", "Article 2"],
        "attachments": "Done at Brussels",
    }
    acts = {
        "train/31979D0509": act,
        "dev/32000R0002": {**act, "celex_id": "32000R0002", "concepts": [], "recitals": None},
        "test/32000R0003": {"concepts": ["1309"], "title": "T", "main_body": "Whole"},
    }
    for name, content in acts.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    labels = {
        "693": {"label": "citrus fruit", "alt_labels": ["lemon"], "parents": ["1118"]},
        "1309": {"label": "import", "alt_labels": [], "parents": []},
    }
    (folder / "EURLEX57K.json").write_text(json.dumps(labels))
    return folder


def test_the_eurlex_folder_gives_header_recitals_and_body_with_labels_by_name(
    eurlex_folder: Path,
) -> None:
    records = read(eurlex_folder)
    assert without_place(records) == [
        (
            "celex:31979D0509",
            "COUNCIL DECISION\nof 24 May 1979\n,\nHaving regard to the Treaty\nArticle 1\nArticle 2",
            ("citrus fruit", "9999"),
            "train",
        ),
        (
            "celex:32000R0002",
            "COUNCIL DECISION\nof 24 May 1979\nArticle 1\nArticle 2",
            (),
            "dev",
        ),
        ("celex:32000R0003", "Whole", ("import",), "test"),
    ]
    assert records[0].place == str(eurlex_folder / "train" / "31979D0509.json")


def test_the_eurlex_title_is_a_field_that_can_be_asked_for(eurlex_folder: Path) -> None:
    assert read(eurlex_folder, Fields(text=("title", "text")))[2].text == "T\nWhole"


def test_the_eurlex_label_table_is_found_beside_the_folder_too(eurlex_folder: Path) -> None:
    table = eurlex_folder / "EURLEX57K.json"
    table.rename(eurlex_folder.parent / table.name)
    assert read(eurlex_folder)[2].labels == ("import",)


def test_a_eurlex_folder_without_its_label_table_is_refused(eurlex_folder: Path) -> None:
    (eurlex_folder / "EURLEX57K.json").unlink()
    assert message_of(eurlex_folder) == (
        f"{eurlex_folder} has no label table EURLEX57K.json (EuroVoc id to label) in it or beside "
        "it; it comes with the corpus"
    )


def test_another_folder_is_not_eurlex(tmp_path: Path) -> None:
    assert message_of(tmp_path) == (
        f"{tmp_path} has no train/ folder of JSON files, so it is not EURLEX57K; a source is {FORMS}"
    )


def test_an_arxiv_line_gives_its_abstract_on_one_line_and_its_categories(
    write_jsonl: WriteJsonl,
) -> None:
    line = {
        "id": "0704.0001",
        "title": "Calculation of prompt\n  diphoton production",
        "abstract": "  A fully differential calculation\nin perturbative QCD.\n",
        "categories": "hep-ph quant-ph",
        "update_date": "2008-11-26",
    }
    path = write_jsonl([line], "arxiv-metadata-oai-snapshot.json")
    assert without_place(read(path)) == [
        (
            "arxiv:0704.0001",
            "A fully differential calculation in perturbative QCD.",
            ("hep-ph", "quant-ph"),
            None,
        )
    ]


def test_an_arxiv_title_is_a_field_that_can_be_asked_for(write_jsonl: WriteJsonl) -> None:
    line = {"id": "1", "title": "On spin", "abstract": " Spin\nis odd.", "categories": "hep-ph"}
    path = write_jsonl([line], "arxiv.json")
    assert read(path, Fields(text=("title", "text")))[0].text == "On spin\nSpin is odd."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "no 'id'; every document needs an id"),
        (
            {"abstract": None},
            "no text in 'text'; leave it out, or go on past such records with --skip-bad",
        ),
    ],
)
def test_an_arxiv_line_without_id_or_abstract_is_refused(
    write_jsonl: WriteJsonl, change: dict[str, None], message: str
) -> None:
    line = {"id": "1", "abstract": "Spin.", "categories": "hep-ph", **change}
    path = write_jsonl([line], "arxiv.json")
    assert message_of(path) == f"{path}, line 1: {message}"


def test_an_arxiv_line_with_null_categories_is_unlabelled(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"id": "1", "abstract": "Spin.", "categories": None}], "arxiv.json")
    assert read(path)[0].labels is None


def test_eurlex_as_the_hub_has_it_keeps_its_split_and_title(write_jsonl: WriteJsonl) -> None:
    line = {"celex_id": "3", "title": "T", "text": "one", "eurovoc_concepts": ["1"], "split": "dev"}
    assert without_place(read(write_jsonl([line]), Fields(text=("title", "text")))) == [
        ("celex:3", "T\none", ("1",), "dev")
    ]


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    """A data set with class numbers and no ids, as the hub would have it."""
    datasets = pytest.importorskip("datasets", reason="needs the 'hub' extra")
    names = datasets.ClassLabel(names=["cat", "dog"])
    features = datasets.Features(
        {"text": datasets.Value("string"), "labels": datasets.List(names), "label": names}
    )
    datasets.disable_progress_bars()
    for split in ("train", "validation", "test"):
        columns = {
            "text": [f"a {split}", f"b {split}"],
            "labels": [[1, 0], []],
            "label": [1, -1],
        }
        data = datasets.Dataset.from_dict(columns, features=features)
        data.to_parquet(tmp_path / "animals" / f"{split}.parquet")
    return tmp_path / "animals"


def test_a_hub_data_set_gets_ids_splits_and_the_names_of_its_classes(hub_folder: Path) -> None:
    records = read(f"hub:{hub_folder}")
    assert without_place(records) == [
        ("train-0", "a train", ("dog", "cat"), "train"),
        ("train-1", "b train", (), "train"),
        ("validation-0", "a validation", ("dog", "cat"), "dev"),
        ("validation-1", "b validation", (), "dev"),
        ("test-0", "a test", ("dog", "cat"), "test"),
        ("test-1", "b test", (), "test"),
    ]
    assert records[3].place == f"hub:{hub_folder}, validation row 1"


def test_one_class_number_of_a_hub_data_set_is_a_label_and_minus_one_is_unknown(
    hub_folder: Path,
) -> None:
    records = read(f"hub:{hub_folder}", Fields(labels="label"))
    assert [record.labels for record in records[:2]] == [("dog",), None]


def test_a_hub_data_set_of_jsonl_keeps_its_own_ids_and_null_labels(
    write_jsonl: WriteJsonl, tmp_path: Path
) -> None:
    pytest.importorskip("datasets", reason="needs the 'hub' extra")
    (tmp_path / "own").mkdir()
    rows = [
        {"id": "x", "text": "one", "labels": ["a"]},
        {"id": "y", "text": "two", "labels": None},
    ]
    write_jsonl(rows, "own/train.jsonl")
    assert without_place(read(f"hub:{tmp_path / 'own'}")) == [
        ("x", "one", ("a",), "train"),
        ("y", "two", None, "train"),
    ]


def test_a_hub_data_set_that_cannot_be_had_is_one_error(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the 'hub' extra")
    message = message_of(f"hub:{tmp_path}/absent")
    assert message == (
        f"hub:{tmp_path}/absent cannot be read: the hub is not reached; "
        "give a local copy with --source"
    )
