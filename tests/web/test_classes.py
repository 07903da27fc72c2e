"""Classes: changed on the page and written into its store, tried before they are there, and judged."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from classemb_index import Answer, EmbeddingIndex, LabelStore, Pool, Record
from classemb_index.errors import ModelError
from classemb_index.labels.log import Pick
from classemb_index.web.workspace import PRACTICE, Workspace
from tests.support.circle import on_circle
from tests.support.web import client_of
from tests.web.conftest import N


def listed(client: TestClient, is_current: bool = False) -> dict[str, dict[str, Any]]:
    """The classes by name; once their outlook is that of now, where it is asked for."""
    for _ in range(200):
        answer = client.get("/api/classes").json()
        if answer["is_current"] or not is_current:
            return {own["class"]: own for own in answer["classes"]}
        time.sleep(0.05)
    raise AssertionError("the outlooks never came")


def change(client: TestClient, what: str, **asked: str) -> list[str]:
    answer = client.post(f"/api/classes/{what}", json=asked)
    assert answer.status_code == 200, answer.text
    return [own["class"] for own in answer.json()["classes"]]


def refused(client: TestClient, what: str, **asked: str) -> str:
    answer = client.post(f"/api/classes/{what}", json=asked)
    assert answer.status_code == 400
    return str(answer.json()["error"])


def test_classes_are_counted_as_the_store_says(client: TestClient, reports: Path) -> None:
    LabelStore(reports).record([Answer("r1", "fire", "yes"), Answer("r2", "fire", "no")])
    fire = listed(client)["fire"]
    assert (fire["yes"], fire["no"], fire["unknown"], fire["group"]) == (1, 1, N - 2, "frequent")


def test_outlooks_come_in_the_background_and_are_those_of_the_library(
    client: TestClient, reports: Path
) -> None:
    store = LabelStore(reports)
    store.hand_out([Pick("r0", None, ""), Pick("r2", None, "")], "random")
    store.record([Answer(i, c, "no") for i in ("r0", "r2") for c in ("fall", "fire")])
    store.hand_out([Pick("r5", "fire", "boundary"), Pick("r6", "fire", "boundary")], "portfolio")
    store.record([Answer("r5", "fire", "yes"), Answer("r6", "fire", "no")])
    outlook = listed(client, is_current=True)["fire"]["outlook"]
    assert outlook["progress"]["batches"] == [
        {"documents": 2, "found": 0},
        {"documents": 2, "found": 1},
    ]
    assert outlook["progress"]["verdict"] == "search on"
    assert outlook["prevalence"]["sample"] == 2
    assert listed(client)["chemical leak"]["outlook"]["progress"]["verdict"] == "unknown"


def test_a_class_that_was_added_is_searched_for_at_once(client: TestClient) -> None:
    assert change(client, "add", name=" canteen ", description="food and menus", group="rare") == [
        "fall",
        "fire",
        "chemical leak",
        "canteen",
    ]
    own = listed(client)["canteen"]
    assert (own["group"], own["description"], own["unknown"]) == ("rare", "food and menus", N)
    answer = client.get("/api/find", params={"class": "canteen"}).json()
    assert [int(one["id"][1:]) % 4 for one in answer["documents"]] == [3] * 10


def test_a_description_is_tried_as_a_class_of_it_would_find(
    client: TestClient, reports: Path
) -> None:
    LabelStore(reports).record([Answer("r3", "fire", "no")])
    tried = client.get("/api/preview", params={"text": "food and menus"}).json()
    change(client, "add", name="canteen", description="food and menus")
    found = client.get("/api/find", params={"class": "canteen", "state": "all"}).json()
    # one answer moves the heads of other classes, not of this one
    assert [one["id"] for one in tried["documents"]] == [one["id"] for one in found["documents"]]
    assert tried["n"] == 10
    assert tried["answered"] == sum(one["id"] == "r3" for one in tried["documents"])


def test_a_class_is_renamed_and_described_in_one_action(client: TestClient, reports: Path) -> None:
    store = LabelStore(reports)
    store.record([Answer("r1", "fire", "yes")])
    names = change(client, "change", name="fire", new_name="Brände", description="smoke, flames")
    assert names == ["fall", "Brände", "chemical leak"]
    own = listed(client)["Brände"]
    assert own["yes"] == 1 and own["description"] == "smoke, flames"
    last = store.actions()[-1]
    assert last.annotator == "ada" and len(store.actions()) == 2
    store.undo()
    assert listed(client)["fire"]["description"] is None


def test_a_change_of_nothing_writes_nothing(client: TestClient, reports: Path) -> None:
    change(client, "change", name="fire", new_name="fire", description="")
    assert LabelStore(reports).last_action() == 0


def test_a_merged_class_is_a_part_of_another(client: TestClient, reports: Path) -> None:
    LabelStore(reports).record([Answer("r1", "fire", "yes"), Answer("r0", "fall", "yes")])
    assert change(client, "merge", name="fire", into="fall") == ["fall", "chemical leak"]
    assert listed(client)["fall"]["yes"] == 2


def test_a_removed_class_comes_back_with_its_labels(client: TestClient, reports: Path) -> None:
    LabelStore(reports).record([Answer("r1", "fire", "yes")])
    assert change(client, "remove", name="fire") == ["fall", "chemical leak"]
    change(client, "add", name="fire")
    assert listed(client)["fire"]["yes"] == 1


@pytest.mark.parametrize(
    ("what", "asked", "why"),
    [
        ("add", {"name": " "}, "'' is no name for a class; give it a word or two"),
        ("add", {"name": "fire"}, "the class 'fire' is there already"),
        ("add", {"name": "a;b"}, "holds ';'"),
        ("add", {"name": "flood", "group": "odd"}, "no group 'odd'"),
        ("change", {"name": "flood", "new_name": "x"}, "no class 'flood'"),
        ("change", {"name": "fire", "new_name": "fall"}, "the class 'fall' is there already"),
        ("merge", {"name": "fire", "into": "fire"}, "cannot be merged into itself"),
        ("remove", {"name": "flood"}, "no class 'flood'"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    client: TestClient, reports: Path, what: str, asked: dict[str, str], why: str
) -> None:
    assert why in refused(client, what, **asked)
    assert LabelStore(reports).last_action() == 0


def test_without_its_encoder_an_index_takes_no_new_name_and_says_why(
    client: TestClient, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: Workspace) -> None:
        raise ModelError("the model 'minilm' cannot be had")

    monkeypatch.setattr(Workspace, "encoder", missing)
    assert refused(client, "add", name="flood") == "the model 'minilm' cannot be had"
    assert LabelStore(reports).last_action() == 0


def test_vectors_without_an_encoder_take_classes_that_are_searched_by_labels(
    tmp_path: Path,
) -> None:
    pool = Pool.from_records([Record(f"d{i}", f"text {i}", None, None) for i in range(3)])
    EmbeddingIndex.build(pool, None, tmp_path / "given", embeddings=on_circle(0, 90, 53))
    with client_of(tmp_path / "given") as client:
        assert "were given without their encoder" in client.get("/classes").text
        assert change(client, "add", name="a") == ["a"]
        refusal = client.get("/api/find", params={"class": "a"}).json()["error"]
        assert refusal.startswith("no labelled document of a among 0")
        LabelStore(tmp_path / "given").record([Answer("d0", "a", "yes"), Answer("d1", "a", "no")])
        found = client.get("/api/find", params={"class": "a", "state": "all"}).json()
        assert [one["id"] for one in found["documents"]] == ["d0", "d2", "d1"]
        assert "has no encoder" in client.get("/api/preview", params={"text": "x"}).json()["error"]


def test_in_practice_changes_go_to_the_practice_store(tmp_path: Path) -> None:
    records = [Record("x", "one", ("a",), None), Record("y", "two", (), None)]
    pool = Pool.from_records(records)
    EmbeddingIndex.build(pool, None, tmp_path / "known", embeddings=on_circle(0, 90))
    with client_of(tmp_path / "known") as client:
        assert change(client, "add", name="b") == ["a", "b"]
    assert LabelStore(tmp_path / "known", PRACTICE).last_action() == 1
    assert LabelStore(tmp_path / "known").last_action() == 0
