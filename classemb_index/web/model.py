"""Routes of the model: train it, measure it, ask it of the whole pool, take it home."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ..errors import RequestError
from ..labels.exchange.files import write_labels
from ..watch import Watcher
from .app import workspace_of
from .jobs import Job, Jobs
from .trained import Trained

MOST_SAMPLED = 5000  # documents of a sample: nobody labels more

routes = APIRouter()


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
    annotation = workspace_of(request).now().annotation

    def write(path: Path) -> None:
        write_labels(annotation.pool, path, notes=annotation.log.notes)

    return _made(request, f"labels.{form}", write)


@routes.get("/download/predictions.csv")
def download_predictions(request: Request) -> Response:
    """What the model said of every document, as `predict` writes it.

    Raises:
        RequestError: there is no model, or it was not asked yet.
    """
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
    return f"{workspace_of(request).name}-{name}".replace("/", "-")
