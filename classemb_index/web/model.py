"""The model of the page: trained, measured, asked of the whole pool, and taken home."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ..errors import ClassembError, RequestError
from ..experiments.prediction import predict_index
from ..experiments.training import train
from ..labels.annotation import hand_out
from ..labels.exchange.base import whole
from ..labels.exchange.files import write_labels
from ..measures.evaluation import draw_sample, evaluate, sample_state
from ..models.contracts import Training
from ..models.folder import FACTS, read_evaluation
from ..models.saved import SavedModel
from ..reports.belief import (
    class_sentence,
    evaluation_sentences,
    measured_sentence,
    model_sentences,
)
from ..watch import Watcher
from .jobs import Job, Jobs
from .workspace import Workspace

MODELS = "models"  # in the index folder
MOST_SAMPLED = 5000  # documents of a sample: nobody labels more

routes = APIRouter()


class Trained:
    """The model that the page trains, and what it predicted: files beside the index.

    In practice they are others.

    Args:
        workspace: the index and its answers.
    """

    def __init__(self, workspace: Workspace) -> None:
        name = "practice" if workspace.now().index.pool.is_practice else "page"
        self._workspace = workspace
        self.folder = workspace.folder / MODELS / name
        self.predictions = self.folder.with_name(f"{name}-predictions.csv")
        self._summary = self.predictions.with_suffix(".json")
        self._opened: tuple[int, SavedModel] | None = None

    def model(self) -> SavedModel | None:
        """The model; None before the first training.

        Raises:
            ModelFolderError: it cannot be used.
        """
        try:
            written = (self.folder / FACTS).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._opened is None or self._opened[0] != written:
            self._opened = written, SavedModel.open(self.folder)
        return self._opened[1]

    def needed(self) -> SavedModel:
        """The model.

        Raises:
            RequestError: there is none yet.
        """
        if (model := self.model()) is None:
            raise RequestError("there is no model yet; train one first")
        return model

    def train(self, kind: Literal["probe", "tuned"], watch: Watcher) -> None:
        """Make the model of all labels so far; the one before stands until it is whole."""
        scene = self._workspace.now()
        self.folder.parent.mkdir(exist_ok=True)
        watch.stage("Cross-validating")
        labelled = scene.annotation.labelled()
        train(scene.index, labelled, self.folder, Training(model=kind), force=True, watch=watch)

    def predict(self, watch: Watcher) -> None:
        """Ask it of every document of the pool, into a table."""
        model, scene = self.needed(), self._workspace.now()
        watch.stage("Predicting")
        found = predict_index(
            model,
            scene.index,
            self.predictions,
            force=True,
            watch=watch,
            register=scene.annotation.log.register,
        )
        with whole(self._summary) as unfinished:
            text = json.dumps({"of": self._key(model), **found.document()}, ensure_ascii=False)
            unfinished.write_text(text, encoding="utf-8")

    def predicted(self, model: SavedModel) -> dict[str, Any] | None:
        """What the model predicted, counted; None where it was not asked, or of other documents."""
        try:
            found: dict[str, Any] = json.loads(self._summary.read_bytes())
        except (OSError, ValueError):
            return None
        is_current = self.predictions.is_file() and found.pop("of", None) == self._key(model)
        return found if is_current else None

    def draw(self, size: int) -> None:
        """Draw a sample to measure it by, and hand it out."""
        model, store = self.needed(), self._workspace.store
        with store.handing_out():
            scene = self._workspace.now()
            design, batch = draw_sample(scene.index, scene.annotation, model, size)
            design.save(scene.index.folder)
            hand_out(scene.index.pool, batch, store, origin="annotate")

    def measure(self, *, allow_missing: bool) -> None:
        """Say by the sample how good it is, in its folder and its card."""
        model, scene = self.needed(), self._workspace.now()
        found = evaluate(scene.index, scene.annotation, model, allow_missing=allow_missing)
        found.save(model)

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        scene = self._workspace.now()
        n = len(scene.annotation.labelled())
        own: dict[str, Any] = {"labelled": n, "problem": ""}
        own |= dict.fromkeys(("model", "predictions", "sample", "evaluation"))
        try:
            if (model := self.model()) is not None:
                own["model"] = _model(model)
                own["predictions"] = self.predicted(model)
                own["evaluation"] = _evaluation(model)
                model.check_classes(scene.index.pool.classes)
                state = sample_state(scene.index, scene.annotation, model)
                own["sample"] = None if state is None else vars(state)
        except ClassembError as error:
            own["problem"] = " ".join(str(error).split())
        return own

    def _key(self, model: SavedModel) -> list[str]:
        index = self._workspace.now().index
        return [model.facts["checksum"], index.documents_digest, index.vectors_digest]


class Kind(BaseModel):
    """What is trained."""

    kind: Literal["probe", "tuned"] = "probe"


class Size(BaseModel):
    """How many documents a sample has."""

    size: int = Field(200, ge=1, le=MOST_SAMPLED)


class Measuring(BaseModel):
    """How a sample is taken."""

    allow_missing: bool = False


@routes.get("/api/model")
def tell(request: Request) -> dict[str, Any]:
    """The model, what was measured and predicted, and the jobs."""
    jobs: Jobs = request.app.state.jobs
    return {**_trained(request).document(), "jobs": jobs.document()}


@routes.get("/api/jobs")
def tell_jobs(request: Request) -> dict[str, Any]:
    """How far the jobs are."""
    jobs: Jobs = request.app.state.jobs
    return {"jobs": jobs.document()}


@routes.post("/api/jobs/stop")
def stop(request: Request) -> dict[str, Any]:
    """Ask the job that goes on to stop."""
    request.app.state.jobs.stop()
    return tell_jobs(request)


@routes.post("/api/model/train")
def train_model(request: Request, asked: Kind) -> dict[str, Any]:
    """Begin to train."""
    trained = _trained(request)
    return _begun(request, "train", "Training", lambda watch: trained.train(asked.kind, watch))


@routes.post("/api/model/predict")
def predict(request: Request) -> dict[str, Any]:
    """Begin to predict."""
    trained = _trained(request)
    trained.needed()
    return _begun(request, "predict", "Predicting", trained.predict)


@routes.post("/api/model/sample")
def draw(request: Request, asked: Size) -> dict[str, Any]:
    """Begin to draw a sample."""
    trained = _trained(request)
    trained.needed()
    return _begun(request, "sample", "Drawing the sample", lambda _: trained.draw(asked.size))


@routes.post("/api/model/measure")
def measure(request: Request, asked: Measuring) -> dict[str, Any]:
    """Begin to measure."""
    trained, missing = _trained(request), asked.allow_missing
    trained.needed()
    work = lambda _: trained.measure(allow_missing=missing)  # noqa: E731
    return _begun(request, "measure", "Measuring", work)


@routes.get("/download/model.zip")
def download_model(request: Request) -> Response:
    """The model's folder."""
    trained = _trained(request)
    model = trained.needed()

    def pack(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
            for file in sorted(model.folder.iterdir()):
                packed.write(file, f"model/{file.name}")

    return _made(request, "model.zip", pack)


@routes.get("/download/labels.{form}")
def download_labels(request: Request, form: Literal["csv", "jsonl"]) -> Response:
    """What is known of the documents, with notes, as `labels export` writes it."""
    annotation = request.app.state.workspace.now().annotation

    def write(path: Path) -> None:
        write_labels(annotation.pool, path, notes=annotation.log.notes)

    return _made(request, f"labels.{form}", write)


@routes.get("/download/predictions.csv")
def download_predictions(request: Request) -> Response:
    """What the model said of every document, as `predict` writes it."""
    trained = _trained(request)
    if trained.predicted(trained.needed()) is None:
        raise RequestError("this model was not asked of this pool yet; predict first")
    return FileResponse(trained.predictions, filename=_file_name(request, "predictions.csv"))


def _trained(request: Request) -> Trained:
    trained: Trained = request.app.state.trained
    return trained


def _begun(
    request: Request, kind: str, title: str, work: Callable[[Watcher], None]
) -> dict[str, Any]:
    jobs: Jobs = request.app.state.jobs
    job: Job = jobs.start(kind, title, work)
    return {"job": dict(vars(job))}


def _made(request: Request, name: str, write: Callable[[Path], object]) -> Response:
    """A file that is written for this answer, into a folder that only its owner reads, and goes with it."""
    folder = Path(mkdtemp(prefix="classemb-"))
    try:
        write(folder / name)
    except BaseException:
        rmtree(folder)
        raise
    goes = BackgroundTask(rmtree, folder)
    return FileResponse(folder / name, filename=_file_name(request, name), background=goes)


def _file_name(request: Request, name: str) -> str:
    return f"{request.app.state.workspace.name}-{name}".replace("/", "-")


def _model(model: SavedModel) -> dict[str, Any]:
    facts = model.facts
    validation = facts["cross_validation"]
    return {
        "kind": facts["kind"],
        "created": facts["created"],
        "documents": facts["labels"]["documents"],
        "folds": validation["folds"],
        "macro_f1": validation["macro_f1"],
        "sentences": model_sentences(facts),
        "classes": [{**row, "sentence": class_sentence(row)} for row in facts["classes"]],
    }


def _evaluation(model: SavedModel) -> Mapping[str, Any] | None:
    found = read_evaluation(model.folder)
    if found is None:
        return None
    return {
        "macro_f1": found["macro_f1"],
        "sentences": evaluation_sentences(found),
        "classes": [{**row, "sentence": measured_sentence(row)} for row in found["classes"]],
    }
