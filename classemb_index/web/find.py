"""The page Find: documents by class, by text or by likeness, page by page, and a document's page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..queries.states import STATES, UNANSWERED
from .app import page
from .cards import card, whole_document
from .directions import load_ahead
from .finder import Finder, Search
from .workspace import Workspace

PAGE = 10  # documents
MOST_TEXT = 2_000  # characters of a text to search by

routes = APIRouter()

Id = Annotated[str, Query(alias="id", max_length=10_000)]
ClassName = Annotated[str, Query(alias="class", max_length=1_000)]
Text = Annotated[str, Query(max_length=MOST_TEXT)]
Like = Annotated[str, Query(max_length=10_000)]


@routes.get("/find")
def show(
    request: Request,
    class_name: ClassName = "",
    text: Text = "",
    like: Like = "",
    state: str = UNANSWERED,
) -> HTMLResponse:
    """The page; what it finds is asked for by its module."""
    workspace: Workspace = request.app.state.workspace
    scene = workspace.now()
    load_ahead(workspace)
    return page(
        request,
        "find.html",
        search=Search(class_name, text, like, state),
        classes=scene.index.pool.classes,
        states=STATES,
        most_text=MOST_TEXT,
    )


@routes.get("/api/find")
def find(
    request: Request,
    class_name: ClassName = "",
    text: Text = "",
    like: Like = "",
    state: str = UNANSWERED,
    offset: Annotated[int, Query(ge=0)] = 0,
    version: int | None = None,
) -> dict[str, Any]:
    """A page of what is found, the documents as they stand now, and the class under its present name."""
    workspace, search = request.app.state.workspace, Search(class_name, text, like, state)
    finder: Finder = request.app.state.finder
    found = finder.find(search, version)
    rows, scores = found.ranking.page(offset, PAGE)
    scene = workspace.now()
    texts = scene.index.pool.texts_of(rows)
    given = [None] * len(rows) if scores is None else scores.tolist()
    names = scene.index.pool.classes
    return {
        "by": search.by,
        "class": names[scene.index.pool.class_position(class_name)] if class_name else "",
        "version": found.version,
        "n": found.ranking.n,
        "counts": found.counts,
        "classes": list(names),
        "documents": [
            card(scene, workspace.store, row, text, score)
            for row, text, score in zip(rows.tolist(), texts, given, strict=True)
        ],
    }


@routes.get("/document")
def show_document(request: Request, id_: Id) -> HTMLResponse:
    """Everything that is known of one document."""
    workspace: Workspace = request.app.state.workspace
    scene = workspace.now()
    known = whole_document(scene, workspace.store, workspace.row_of(id_))
    return page(request, "document.html", document=known, classes=scene.index.pool.classes)


@routes.get("/api/document")
def document(request: Request, id_: Id) -> dict[str, Any]:
    """The same for a module of the page."""
    workspace: Workspace = request.app.state.workspace
    return whole_document(workspace.now(), workspace.store, workspace.row_of(id_))


@routes.get("/api/card")
def show_card(request: Request, id_: Id) -> dict[str, Any]:
    """One document as in a list: how it stands after an answer."""
    workspace: Workspace = request.app.state.workspace
    row = workspace.row_of(id_)
    return card(workspace.now(), workspace.store, row, workspace.text(id_), None)
