"""Find: documents by class, text and likeness, page by page; a document's page; why it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from classemb_index import Answer, EmbeddingIndex, LabelStore
from classemb_index.errors import ModelError
from classemb_index.labels.classes import ClassChange
from classemb_index.labels.labelled import nothing_labelled
from classemb_index.labels.log import Note
from classemb_index.queries.annotated import open_annotated
from classemb_index.queries.search import query_classes
from classemb_index.queries.speaks import class_directions
from classemb_index.web.cards import heading
from classemb_index.web.directions import Directions
from classemb_index.web.workspace import Workspace
from tests.web.conftest import N, truth


def found(client: TestClient, **asked: object) -> dict[str, Any]:
    answer = client.get("/api/find", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: dict[str, Any]) -> list[str]:
    return [one["id"] for one in answer["documents"]]


def refused(client: TestClient, path: str, **asked: object) -> str:
    answer = client.get(path, params=asked)
    assert answer.status_code == 400
    return str(answer.json()["error"])


def test_a_class_finds_its_documents_by_its_name_alone(client: TestClient) -> None:
    answer = found(client, **{"class": "chemical leak"})
    assert answer["by"] == "class" and answer["n"] == N
    assert [truth(id_) for id_ in ids(answer)] == [["chemical leak"]] * 10
    scores = [one["score"] for one in answer["documents"]]
    assert scores == sorted(scores, reverse=True)


def test_a_class_finds_what_the_library_finds(client: TestClient, reports: Path) -> None:
    LabelStore(reports).record([Answer("r2", "chemical leak", "yes"), Answer("r3", "fire", "no")])
    index, annotation = open_annotated(reports)
    position = index.pool.class_position("chemical leak")
    result = query_classes(index, [position], annotation.labelled(), k=20, method="auto")
    neighbours = result.classes[0].neighbours
    assert neighbours is not None
    expected = [index.pool.ids[row] for row in neighbours.rows]
    asked = {"class": "chemical leak"}
    assert ids(found(client, **asked)) + ids(found(client, **asked, offset=10)) == expected


def test_a_text_goes_before_likeness_and_that_before_a_class(client: TestClient) -> None:
    fire = found(client, text="smoke and flames", like="r0", **{"class": "fall"})
    assert fire["by"] == "text" and all(truth(id_) == ["fire"] for id_ in ids(fire))
    like = found(client, like="r0", **{"class": "fire"})
    assert like["by"] == "like" and like["n"] == N - 1
    assert "r0" not in ids(like) and all(truth(id_) == ["fall"] for id_ in ids(like))


def test_without_anything_to_rank_by_documents_stand_in_the_pool_s_order(
    client: TestClient,
) -> None:
    answer = found(client, state="all", offset=50)
    assert ids(answer) == [f"r{i}" for i in range(50, 60)]
    assert answer["by"] == "order" and answer["documents"][0]["score"] is None
    assert ids(found(client, state="all", offset=60)) == []


def test_states_are_those_of_the_class_that_is_asked_for(client: TestClient, reports: Path) -> None:
    store = LabelStore(reports)
    store.record([Answer("r1", "fire", "yes"), Answer("r1", "fall", "no")])
    store.record([Answer("r5", "fire", "no"), Answer("r9", None, "skip")])
    fire = found(client, state="yes", **{"class": "fire"})
    assert ids(fire) == ["r1"]
    assert fire["counts"] == {
        "unanswered": N - 3,
        "all": N,
        "answered": 2,
        "yes": 1,
        "no": 1,
        "skipped": 1,
        "out": 0,
    }
    assert ids(found(client, state="no", **{"class": "fall"})) == ["r1"]
    assert found(client, **{"class": "fall"})["n"] == N - 2
    assert "yes" not in found(client)["counts"]
    assert ids(found(client, state="skipped")) == ["r9"]


def test_pages_go_on_as_they_began_while_labels_come_in(client: TestClient, reports: Path) -> None:
    asked = {"class": "fall"}
    first = found(client, **asked)
    LabelStore(reports).record([Answer(id_, "fall", "yes") for id_ in ids(first)[:3]])
    second = found(client, **asked, offset=10, version=first["version"])
    assert second["version"] == first["version"] and second["n"] == N
    assert not set(ids(first)) & set(ids(second))
    again = found(client, **asked)
    assert again["version"] > first["version"] and again["n"] == N - 3


def test_cards_show_how_documents_stand_now(client: TestClient, reports: Path) -> None:
    before = found(client, like="r0", state="all")
    nearest = before["documents"][0]
    assert nearest["labels"] == {} and nearest["seen"] == 0 and not nearest["skipped"]
    number = LabelStore(reports).record(
        [Answer(nearest["id"], "fall", "yes"), Answer(nearest["id"], "fire", "no")],
        annotator="ada",
        notes=[Note(nearest["id"], "see the other report")],
    )
    after = found(client, like="r0", state="all", version=before["version"])["documents"][0]
    assert after["labels"] == {"fall": True, "fire": False}
    assert (after["seen"], after["notes"]) == (number, 1)
    assert client.get("/api/card", params={"id": nearest["id"]}).json() == after | {"score": None}


def test_a_class_is_found_by_the_name_that_it_had_before(client: TestClient, reports: Path) -> None:
    expected = found(client, **{"class": "fire"})
    LabelStore(reports).change_classes([ClassChange("rename", "fire", "blaze")])
    answer = found(client, **{"class": "fire"})
    assert (answer["class"], answer["n"], expected["class"]) == ("blaze", N, "fire")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"class": "flood"}, "no class 'flood'; the pool has: fall, fire, chemical leak"),
        ({"like": "r99"}, "no document 'r99' in the pool"),
        ({"state": "yes"}, "'yes' is said of a class; name one"),
        (
            {"state": "?"},
            "no state '?'; there are: unanswered, all, answered, yes, no, skipped, out",
        ),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    client: TestClient, asked: dict[str, str], why: str
) -> None:
    assert refused(client, "/api/find", **asked) == why


def test_a_negative_offset_is_not_understood(client: TestClient) -> None:
    assert client.get("/api/find", params={"offset": -1}).status_code == 422


def test_the_page_shows_the_search_of_its_address(client: TestClient) -> None:
    page = client.get("/find", params={"class": "fire", "text": '"><script>', "state": "all"}).text
    assert '<option value="fire" selected>' in page and '<option value="all"' in page
    assert (
        'value="&#34;&gt;&lt;script&gt;"' in page
        and "<script>" not in page.split("<body>")[1].split("<script type")[0]
    )


def test_a_document_is_explained_for_a_class(client: TestClient) -> None:
    why = client.get("/api/explain", params={"id": "r1", "class": "fire"}).json()
    text = client.get("/api/document", params={"id": "r1"}).json()["text"]
    assert why["is_whole"] and why["passages"] == 1 and why["passage"]["text"] == text
    words = [text[start:end] for start, end in why["marks"]]
    assert "flames" in words and "Case" not in words
    assert why["marks"] == why["passage"]["marks"]
    assert why["method"].startswith("Marked words add most to the score")


def test_explanations_of_texts_and_likeness_mark_what_is_alike(client: TestClient) -> None:
    text = client.get("/api/document", params={"id": "r2"}).json()["text"]
    for asked in ({"text": "oil on the ground"}, {"like": "r6"}):
        marks = client.get("/api/explain", params={"id": "r2", **asked}).json()["marks"]
        assert "oil" in [text[start:end] for start, end in marks]


def test_an_explanation_s_score_is_that_of_the_search_less_the_mean(
    client: TestClient, reports: Path
) -> None:
    index, one = EmbeddingIndex.open(reports), found(client, **{"class": "fire"})["documents"][0]
    why = client.get("/api/explain", params={"id": one["id"], "class": "fire"}).json()
    direction = class_directions(index, nothing_labelled(index.pool))[1]
    assert why["score"] == pytest.approx(one["score"] - float(direction @ index.mean), abs=5e-3)


def test_explaining_nothing_is_refused(client: TestClient) -> None:
    why = "a document is explained for a class, a text or another document"
    assert refused(client, "/api/explain", id="r1") == why
    assert refused(client, "/api/explain", id="r99", text="x") == "no document 'r99' in the pool"


def test_an_explanation_is_made_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"id": "r1", "class": "fire"}
    first = client.get("/api/explain", params=asked).json()
    monkeypatch.setattr("classemb_index.web.explain.why", lambda *_: pytest.fail("made again"))
    assert client.get("/api/explain", params=asked).json() == first


def test_an_encoder_that_cannot_be_had_is_said_in_one_line(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: Workspace) -> None:
        raise ModelError("the model 'minilm' cannot be had;\nname another")

    monkeypatch.setattr(Workspace, "encoder", missing)
    said = "the model 'minilm' cannot be had; name another"
    assert refused(client, "/api/find", text="smoke") == said
    assert refused(client, "/api/explain", id="r1", **{"class": "fire"}) == said
    assert refused(client, "/api/preview", text="smoke") == said
    assert found(client, **{"class": "fire"})["n"] == N  # the name is in the index


def test_a_document_s_page_has_what_is_known_of_it(client: TestClient, reports: Path) -> None:
    store = LabelStore(reports)
    store.record([Answer("r1", "fire", "yes")], annotator="ada", notes=[Note("r1", "<b>look</b>")])
    store.record([Answer("r1", "fire", "no")], annotator="bob")
    page = client.get("/document", params={"id": "r1"}).text
    assert "Smoke and flames" in page and "&lt;b&gt;look&lt;/b&gt;" in page
    known = client.get("/api/document", params={"id": "r1"}).json()
    assert known["said"] == {"fire": [["ada", "yes"], ["bob", "no"]]}
    assert known["labels"] == {"fire": False} and known["notes"] == {"ada": "<b>look</b>"}


def test_a_document_that_is_not_there_has_no_page(client: TestClient) -> None:
    answer = client.get("/document", params={"id": "<i>"})
    assert answer.status_code == 400 and "no document &#39;&lt;i&gt;&#39;" in answer.text


@pytest.mark.parametrize(
    ("text", "title", "start"),
    [
        ("Report 1\nA worker fell.", "Report 1", "A worker fell."),
        ("\n\n  Report 1  \n\nA", "Report 1", "A"),
        ("", "", ""),
        ("word " * 40, f"{'word ' * 23}word …", ("word " * 16).strip()),
        ("x" * 1000, f"{'x' * 120} …", "x" * 400),
    ],
)
def test_a_text_has_a_title_and_goes_on_after_it(text: str, title: str, start: str) -> None:
    assert heading(text) == (title, start)


def test_what_was_learned_of_the_classes_is_kept_for_as_many_actions_as_may_be(
    reports: Path,
) -> None:
    workspace, directions = Workspace.open(reports), Directions()
    first = directions.of(workspace.now())
    workspace.store.record([Answer("r1", "fire", "yes")])
    assert directions.of(workspace.now(), behind=1) is first
    version, learned = directions.of(workspace.now())
    assert version == 1 and not np.array_equal(learned[1], first[1][1])
    workspace.store.change_classes([ClassChange("rename", "fire", "blaze")])
    assert directions.of(workspace.now(), behind=9)[0] == 2
