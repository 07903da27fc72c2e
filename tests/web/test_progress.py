"""What the page Progress says of labels: who answered, curves, when to stop, the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from classemb_index import EmbeddingIndex, LabelStore, Pool, Record
from classemb_index.labels.annotation import answers_to
from tests.support.fakes import HashEncoder
from tests.support.web import client_of
from tests.web.conftest import CLASSES, truth

NAMES = [name for names in CLASSES.values() for name in names]
SVG = "{http://www.w3.org/2000/svg}"
Answering = Callable[..., None]


@pytest.fixture
def answer(reports: Path) -> Answering:
    """Writes the true labels of these reports, an action each."""
    store = LabelStore(reports)

    def answering(numbers: range, annotator: str = "ada") -> None:
        for i in numbers:
            store.record(answers_to(f"r{i}", truth(f"r{i}"), NAMES), annotator=annotator)

    return answering


def figure(client: TestClient, name: str) -> dict[str, Any]:
    """A figure, once it is computed."""
    end = monotonic() + 60
    while not (found := client.get(f"/api/progress/{name}").json())["is_current"]:
        assert monotonic() < end
        sleep(0.02)
    return found


def test_the_page_counts_documents_and_who_answered_them(
    client: TestClient, reports: Path, answer: Answering
) -> None:
    answer(range(5))
    answer(range(5, 7), "<b>bob</b>")
    LabelStore(reports).record(answers_to("r9", None, NAMES), annotator="ada")
    text = client.get("/progress").text
    assert "<dt>answered</dt><dd>7</dd>" in text
    assert "<dt>skipped</dt><dd>1</dd>" in text
    assert "<dt>left, of 60</dt><dd>52</dd>" in text
    ada, bob = figure(client, "people")["value"]["people"]
    assert (ada["name"], ada["in_all"], sum(ada["answered"])) == ("ada", 6, 6)
    assert (bob["name"], bob["in_all"]) == ("<b>bob</b>", 2)


def test_nobody_has_answered_yet(client: TestClient) -> None:
    assert figure(client, "people")["value"] == {"days": [], "people": []}
    assert figure(client, "curves")["value"] == {"panels": []}
    assert figure(client, "gains")["value"] == []
    outlook = figure(client, "outlook")["value"]
    assert outlook["agreement"] == [] and not outlook["stopping"]["stop"]


def test_curves_are_of_the_answers_so_far(client: TestClient, answer: Answering) -> None:
    answer(range(25))
    panels = figure(client, "curves")["value"]["panels"]
    assert [own["class"] for own in panels] == NAMES
    assert [point["labelled"] for point in panels[0]["points"]] == [10, 20, 25]
    falls = [sum(i % 4 == 0 for i in range(n)) for n in (10, 20, 25)]
    assert [point["positives"] for point in panels[0]["points"]] == falls
    assert panels[0]["points"][0]["f1"] is None  # three positives
    assert panels[0]["points"][-1]["f1"]["value"] > 0.5
    assert ElementTree.fromstring(panels[0]["svg"]).get("role") == "img"
    answer(range(25, 31))
    stale = client.get("/api/progress/curves").json()
    assert stale["value"]["panels"] == panels
    again = figure(client, "curves")["value"]["panels"]
    assert [point["labelled"] for point in again[0]["points"]] == [10, 20, 30, 31]


def test_agreement_is_of_documents_that_two_people_answered(
    client: TestClient, answer: Answering
) -> None:
    answer(range(12))
    answer(range(4, 8), "bob")
    first, *_ = figure(client, "outlook")["value"]["agreement"]
    assert (first["class"], first["documents"], first["cells"], first["agreed"]) == (
        None,
        4,
        12,
        12,
    )


def test_what_more_labels_gain_is_told_for_classes_with_enough(
    client: TestClient, answer: Answering
) -> None:
    answer(range(40))
    gains = figure(client, "gains")["value"]
    assert [own["class"] for own in gains] == [None, *NAMES]


def test_the_map_links_each_document_and_colours_those_of_the_class(
    client: TestClient, answer: Answering
) -> None:
    answer(range(8))
    found = client.get("/api/progress/map", params={"name": "fire"}).json()
    assert found["words"] == "60 documents: 2 have “fire”, 6 have not, of 52 nobody knows"
    links = list(ElementTree.fromstring(found["svg"]).iter(f"{SVG}a"))
    assert {link.get("href") for link in links} == {f"/document?id=r{i}" for i in range(60)}
    assert [link.get("href") for link in links[-2:]] == ["/document?id=r1", "/document?id=r5"]
    titles = [link[0][0].text or "" for link in links]
    assert titles[-1].startswith("Report 5 Smoke and flames came")
    assert [own["id"] for own in found["listed"]] == [
        "r1",
        "r5",
        "r0",
        "r2",
        "r3",
        "r4",
        "r6",
        "r7",
    ]
    assert [own["has"] for own in found["listed"]] == [True] * 2 + [False] * 6
    assert client.get("/api/progress/map").json()["words"] == "60 documents: 8 answered, 52 not"


def test_a_map_of_no_such_class_is_refused(client: TestClient) -> None:
    answer = client.get("/api/progress/map", params={"name": "flood"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "no class 'flood'; the pool has: fall, fire, chemical leak"


def test_texts_and_ids_of_any_kind_stay_text(tmp_path: Path) -> None:
    hostile = (
        '<script>alert(1)</script><img src=x onerror="alert(2)">\x1b[31m ]]> عربي 🙂 ' + "x" * 10**6
    )
    ids = ["a/b?c=d&e", '"><script>', "🙂 ü", "d"]
    records = [Record(id_, hostile, None, None) for id_ in ids]
    pool = Pool.from_records(records, name="<i>pool</i>", classes=["<b>c</b>"])
    EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "index")
    LabelStore(tmp_path / "index").record(answers_to(ids[1], ["<b>c</b>"], ["<b>c</b>"]))
    with client_of(tmp_path / "index") as client:
        found = client.get("/api/progress/map", params={"name": "<b>c</b>"}).json()
        root = ElementTree.fromstring(found["svg"])
        assert {element.tag for element in root.iter()} == {
            f"{SVG}{name}" for name in ("svg", "a", "circle", "title")
        }
        assert "/document?id=%22%3E%3Cscript%3E" in {a.get("href") for a in root.iter(f"{SVG}a")}
        assert len(found["svg"]) < 5000  # a title is a beginning
        page = client.get("/progress").text
        assert "<b>c</b>" not in page and "<i>pool</i>" not in page
        assert "&lt;b&gt;c&lt;/b&gt;" in page
