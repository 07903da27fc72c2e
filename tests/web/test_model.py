"""The model of the page: trained, asked, measured, taken home, and what is refused."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2 as httpx
import pyarrow.csv
import pytest
from starlette.testclient import TestClient

from classemb_index import EmbeddingIndex, LabelStore, Pool, SavedModel, open_annotated
from classemb_index.labels.annotation import answers_to
from classemb_index.labels.classes import ClassChange
from classemb_index.labels.exchange.files import read_filled
from classemb_index.web.workspace import PRACTICE
from tests.support.fakes import HashEncoder
from tests.support.web import client_of
from tests.web.conftest import CLASSES, Served, records, truth

NAMES = [name for names in CLASSES.values() for name in names]
Answering = Callable[..., None]


@pytest.fixture
def answer(reports: Path) -> Answering:
    """Writes the true labels of these documents."""
    store = LabelStore(reports)

    def answering(ids: list[str]) -> None:
        for id_ in ids:
            store.record(answers_to(id_, truth(id_), NAMES), annotator="ada")

    answering([f"r{i}" for i in range(30)])
    return answering


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """An index of the reports whose source labels all of them."""
    labelled = [own._replace(labels=tuple(truth(own.id))) for own in records()]
    pool = Pool.from_records(labelled, name="known", classes=CLASSES)
    return EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "known").folder


def done(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """Begins a job; what /api/model says once it has ended."""
    begun = client.post(path, json=body)
    assert begun.status_code == 200, begun.text
    end = monotonic() + 120
    while not all(job["ended"] for job in client.get("/api/jobs").json()["jobs"]):
        assert monotonic() < end
        sleep(0.02)
    return client.get("/api/model").json()


def job_of(told: dict[str, Any], kind: str) -> dict[str, Any]:
    (own,) = [job for job in told["jobs"] if job["kind"] == kind]
    return own


def test_a_model_is_trained_on_all_labels_and_says_how_good_it_is(
    client: TestClient, reports: Path, answer: Answering
) -> None:
    before = client.get("/api/model").json()
    assert (before["model"], before["labelled"]) == (None, 30)
    told = done(client, "/api/model/train")
    assert job_of(told, "train")["state"] == "done"
    model = told["model"]
    assert (model["documents"], model["folds"], model["kind"]) == (30, 5, "probe")
    assert [row["class"] for row in model["classes"]] == NAMES
    saved = SavedModel.open(reports / "models" / "page")
    assert model["classes"][0]["f1"] == saved.facts["classes"][0]["f1"]
    assert "of 100 that have it, it finds" in model["classes"][0]["sentence"]
    answer(["r30", "r31"])
    assert client.get("/api/model").json()["labelled"] == 32


def test_a_model_that_cannot_be_trained_leaves_the_one_before(
    client: TestClient, reports: Path, answer: Answering
) -> None:
    done(client, "/api/model/train")
    checksum = SavedModel.open(reports / "models" / "page").facts["checksum"]
    LabelStore(reports).undo(30)
    told = done(client, "/api/model/train")
    job = job_of(told, "train")
    assert job["state"] == "failed"
    assert job["error"].startswith("nothing is labelled, so there is nothing to train on")
    assert SavedModel.open(reports / "models" / "page").facts["checksum"] == checksum
    assert sorted(path.name for path in (reports / "models").iterdir()) == ["page"]


def test_predictions_are_of_all_documents_and_go_when_the_model_is_another(
    client: TestClient, answer: Answering
) -> None:
    assert client.get("/download/predictions.csv").status_code == 400
    done(client, "/api/model/train")
    told = done(client, "/api/model/predict")
    predicted = told["predictions"]
    assert predicted["documents"] == 60
    download = client.get("/download/predictions.csv")
    assert 'filename="reports-predictions.csv"' in download.headers["content-disposition"]
    table = pyarrow.csv.read_csv(io.BytesIO(download.content)).to_pydict()
    assert table["id"] == [f"r{i}" for i in range(60)]
    for name in NAMES:
        named = [name in (cell or "").split("; ") for cell in table["predicted"]]
        assert sum(named) == predicted["decided"][name]
    right = sum(
        (cell or "").split("; ") == (truth(id_) or [""])
        for id_, cell in zip(table["id"], table["predicted"], strict=True)
    )
    assert right > 50
    answer(["r40"])
    assert done(client, "/api/model/train")["predictions"] is None
    assert client.get("/download/predictions.csv").status_code == 400


def test_the_model_is_taken_home_as_an_archive_that_opens(
    client: TestClient, answer: Answering, tmp_path: Path
) -> None:
    assert client.get("/download/model.zip").status_code == 400
    done(client, "/api/model/train")
    packed = client.get("/download/model.zip")
    zipfile.ZipFile(io.BytesIO(packed.content)).extractall(tmp_path / "home")
    assert SavedModel.open(tmp_path / "home" / "model").classes == tuple(NAMES)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_labels_are_taken_home_as_an_import_reads_them(
    client: TestClient, reports: Path, answer: Answering, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"home.{form}"
    path.write_bytes(client.get(f"/download/labels.{form}").content)
    rows = list(read_filled(path, classes=NAMES))
    assert {row.document: list(row.labels or ()) for row in rows} == {
        f"r{i}": truth(f"r{i}") for i in range(30)
    }


def test_a_sample_is_drawn_labelled_and_measured(
    client: TestClient, reports: Path, answer: Answering
) -> None:
    assert client.post("/api/model/sample", json={"size": 10}).json()["error"] == (
        "there is no model yet; train one first"
    )
    done(client, "/api/model/train")
    told = done(client, "/api/model/sample", size=20)
    assert told["sample"] == {"size": 20, "answered": 0}
    _, annotation = open_annotated(reports)
    (batch,) = [own for own in annotation.handed_out if own.strategy == "evaluation"]
    ids = [pick.document for pick in batch.picks]
    answer(ids[:12])
    told = client.get("/api/model").json()
    assert (told["sample"]["answered"], told["labelled"]) == (12, 30)  # nothing learns from it
    refused = job_of(done(client, "/api/model/measure"), "measure")
    assert refused["error"].startswith("8 of the 20 documents of the sample are not answered")
    part = done(client, "/api/model/measure", allow_missing=True)["evaluation"]
    assert part["sentences"][1].startswith("8 documents of the sample are not answered")
    answer(ids[12:])
    found = done(client, "/api/model/measure")["evaluation"]
    assert len(found["sentences"]) == 1
    assert [row["class"] for row in found["classes"]] == NAMES
    assert "with this class the model finds" in found["classes"][0]["sentence"]
    assert (reports / "models" / "page" / "evaluation.json").is_file()


def test_more_than_is_left_cannot_be_drawn(client: TestClient, answer: Answering) -> None:
    done(client, "/api/model/train")
    job = job_of(done(client, "/api/model/sample", size=31), "sample")
    assert job["error"].startswith("asked for a sample of 31 documents, 30 are left")
    assert client.post("/api/model/sample", json={"size": 0}).status_code == 422


def test_classes_that_changed_since_are_told(
    client: TestClient, reports: Path, answer: Answering
) -> None:
    done(client, "/api/model/train")
    LabelStore(reports).change_classes([ClassChange("rename", "fire", "blaze")])
    told = client.get("/api/model").json()
    assert told["problem"].endswith(
        "knows classes that the pool has not: fire; the pool's classes have changed, so train again"
    )
    job = job_of(done(client, "/api/model/predict"), "predict")
    assert job["state"] == "failed" and "so train again" in job["error"]


def test_a_page_without_the_csrf_token_begins_nothing(
    client: TestClient, answer: Answering
) -> None:
    refused = client.post("/api/model/train", json={}, headers={"X-CSRF": "x"})
    assert refused.status_code == 403
    assert client.get("/api/jobs").json() == {"jobs": []}


@contextmanager
def let_in(served: Served) -> Iterator[httpx.Client]:
    """A client of a server in another process, with its cookie and CSRF token."""
    with httpx.Client(base_url=served.origin, timeout=60) as client:
        client.get(served.address)
        csrf = re.search(r'name="csrf" content="(\w+)"', client.get("/progress").text)
        assert csrf is not None
        client.headers["X-CSRF"] = csrf[1]
        yield client


def test_a_server_that_is_killed_while_it_trains_leaves_no_half_of_a_model(
    serve: Callable[..., Served], reports: Path, answer: Answering
) -> None:
    folder = reports / "models" / "page"
    first = serve(reports)
    with let_in(first) as client:
        client.post("/api/model/train", json={}).raise_for_status()
        end = monotonic() + 60
        while not list((reports / "models").glob("*")):  # it has begun to write
            assert monotonic() < end
        first.process.kill()
        first.process.wait()
    if folder.exists():
        SavedModel.open(folder)
    with let_in(serve(reports)) as client:
        told = done(client, "/api/model/train")
        assert job_of(told, "train")["state"] == "done"
    assert [path.name for path in (reports / "models").iterdir()] == ["page"]


def test_in_practice_the_hidden_labels_teach_nothing(known: Path) -> None:
    with client_of(known) as client:
        store = LabelStore(known, PRACTICE)
        for i in range(12):
            store.record(answers_to(f"r{i}", truth(f"r{i}"), NAMES), annotator="ada")
        told = done(client, "/api/model/train")
        assert told["model"]["documents"] == 12
        done(client, "/api/model/predict")
        told = done(client, "/api/model/sample", size=10)
        assert told["sample"] == {"size": 10, "answered": 0}
        assert (known / "models" / "practice").is_dir()
        assert not (known / "labels.sqlite").exists()
        rows = csv.DictReader(io.StringIO(client.get("/download/labels.csv").text))
        assert len(list(rows)) == 12
        assert client.get("/progress").text.count("Practice:") == 1
