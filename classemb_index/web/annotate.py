"""The page Annotate: one document at a time, why it was handed out, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import RequestError
from ..labels.progress import REST
from ..labels.schema import EVALUATION, OVERLAP
from ..strategies.portfolio import BOUNDARY
from .app import ANNOTATOR, annotator_of, clean_annotator, page, workspace_of
from .cards import end_of_title
from .conflicts import ConflictError
from .desk import Desk
from .find import Id
from .handed import Handed, Purpose

YEAR = 365 * 24 * 3600  # seconds
MOST_AHEAD = 20  # documents
MOST_CLASSES = 10_000

routes = APIRouter()


class Naming(BaseModel):
    """Who is answering."""

    name: str


class OfTab(BaseModel):
    """Which of the browser's tabs asks."""

    tab: str = Field(min_length=1, max_length=80)


class Asked(OfTab):
    """Documents for a tab."""

    purpose: Purpose = "training"
    n: int = Field(1, ge=1, le=MOST_AHEAD)


class Answered(OfTab):
    """An answer; `labels` None skips the document."""

    document: str = Field(max_length=10_000)
    labels: list[str] | None = Field(max_length=MOST_CLASSES)
    shown: list[str] = Field(max_length=MOST_CLASSES)
    note: str | None = Field(None, max_length=10_000)
    seen: int = Field(ge=0)
    replace: bool = False


@routes.get("/")
def show(request: Request, purpose: Literal["training", "evaluation"] = "training") -> Response:
    """The page; its documents are asked for by its module."""
    workspace = workspace_of(request)
    return page(
        request,
        "annotate.html",
        purpose=purpose,
        is_practice=workspace.is_practice,
        store=workspace.store_key,
    )


@routes.post("/api/annotator")
def name_annotator(request: Request, asked: Naming) -> Response:
    """Keep the name in a cookie of this browser.

    Raises:
        RequestError: as for `clean_annotator`.
    """
    name = clean_annotator(asked.name)
    response = JSONResponse({"name": name})
    response.set_cookie(
        ANNOTATOR, quote(name), max_age=YEAR, httponly=True, samesite="strict", path="/"
    )
    return response


@routes.post("/api/next")
def hand_out(request: Request, asked: Asked) -> dict[str, Any]:
    """The next documents of a tab, the classes and how far they are."""
    desk: Desk = request.app.state.desk
    annotator = _known(request)
    handed = desk.next(annotator, asked.tab, asked.n, asked.purpose)
    return {
        "documents": [_document(request, own) for own in handed],
        "classes": _classes(request),
        "state": desk.state(annotator, asked.purpose).document(),
    }


@routes.post("/api/answer", response_model=None)
def answer(request: Request, given: Answered) -> dict[str, Any] | Response:
    """Write an answer; it is in the store when this returns. 409 where another came before it."""
    desk: Desk = request.app.state.desk
    try:
        action = desk.answer(
            _known(request),
            given.tab,
            given.document,
            given.labels,
            given.shown,
            note=given.note,
            seen=given.seen,
            replace=given.replace,
        )
    except ConflictError as conflict:
        return JSONResponse({"error": str(conflict)}, 409)
    return {"action": action, "labels": given.labels or []}


@routes.post("/api/undo")
def undo(request: Request, asked: OfTab) -> dict[str, Any]:
    """Take back the annotator's last answer of this page, and hand its document out again."""
    desk: Desk = request.app.state.desk
    handed, labels = desk.undo(_known(request), asked.tab)
    return {"document": _document(request, handed) | {"labels": labels or []}}


@routes.post("/api/release")
def release(request: Request, asked: OfTab) -> dict[str, Any]:
    """Free the documents of a tab that is closed."""
    desk: Desk = request.app.state.desk
    desk.release(asked.tab)
    return {}


@routes.get("/api/oracle")
def ask_oracle(request: Request, id_: Id) -> dict[str, Any]:
    """What the hidden labels of a practice pool say of a document."""
    return {"labels": workspace_of(request).hidden_labels(id_)}


@routes.get("/api/suggestions")
def suggest(request: Request, id_: Id) -> dict[str, Any]:
    """What a probe of all answers so far says of a document, by class."""
    return {"probabilities": request.app.state.suggestions.of(id_)}


def reason(handed: Handed) -> str:
    """Why a document was handed out, in a sentence."""
    if handed.strategy == EVALUATION:
        return "Drawn by chance to measure the model."
    if handed.strategy == OVERLAP:
        return "Somebody else answers it too, to see how far you agree."
    asked = handed.class_name
    if handed.step == BOUNDARY and asked:
        return f"“{asked}” asked for it: it lies nearest to where that class begins."
    if handed.step == REST:
        where = f", most of all about “{asked}”" if asked else ""
        return f"The model is least sure of it{where}."
    if asked:
        step = f", step {handed.step}" if handed.step else ""
        return f"“{asked}” asked for it ({handed.strategy}{step})."
    return {"random": "Drawn at random.", "": "You asked for it."}.get(
        handed.strategy, f"Chosen by {handed.strategy}."
    )


def _document(request: Request, handed: Handed) -> dict[str, Any]:
    text = workspace_of(request).text(handed.document)
    return {
        "id": handed.document,
        "text": text,
        "title_end": end_of_title(text),
        "asked_by": handed.class_name,
        "why": reason(handed),
        "seen": handed.seen,
        "note": handed.note,
        "labels": [],
    }


def _classes(request: Request) -> Sequence[dict[str, Any]]:
    """The classes with their documents so far, as of a moment ago."""
    scene = workspace_of(request).recent()
    pool = scene.index.pool
    return [
        {"name": name, "description": pool.descriptions.get(name, ""), "positives": int(n)}
        for name, n in zip(pool.classes, scene.positives, strict=True)
    ]


def _known(request: Request) -> str:
    """The name that an answer is written under.

    Raises:
        RequestError: nobody has said one; it is asked for first.
    """
    if not (name := annotator_of(request)):
        raise RequestError("say who you are first: the button at the top right")
    return name
