"""The page Find: documents by class, by text or by likeness, page by page, and a document's page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..queries.states import STATES, UNANSWERED
from .app import page, workspace_of
from .cards import card, cards, whole_document
from .finder import Finder, Search

PAGE = 10  # documents
MOST_TEXT = 2_000  # characters of a text to search by

routes = APIRouter()

Id = Annotated[str, Query(alias="id", max_length=10_000)]
ClassName = Annotated[str, Query(alias="class", max_length=1_000)]
Text = Annotated[str, Query(max_length=MOST_TEXT)]
Like = Annotated[str, Query(max_length=10_000)]


def _wanted(
    class_name: ClassName = "", text: Text = "", like: Like = "", state: str = UNANSWERED
) -> Search:
    return Search(class_name, text, like, state)


Wanted = Annotated[Search, Depends(_wanted)]


@routes.get("/find")
def show(request: Request, search: Wanted) -> HTMLResponse:
    """The page; what it finds is asked for by its module."""
    workspace = workspace_of(request)
    return page(
        request,
        "find.html",
        search=search,
        classes=workspace.now().index.pool.classes,
        states=STATES,
        most_text=MOST_TEXT,
    )


@routes.get("/api/find")
def find(
    request: Request,
    search: Wanted,
    offset: Annotated[int, Query(ge=0)] = 0,
    version: int | None = None,
) -> dict[str, Any]:
    """A page of what is found, the documents as they stand now, and the class under its present name."""
    workspace = workspace_of(request)
    finder: Finder = request.app.state.finder
    found = finder.find(search, version)
    scene = workspace.now()
    pool, name = scene.index.pool, search.class_name
    return {
        "by": search.by,
        "class": pool.classes[pool.class_position(name)] if name else "",
        "version": found.version,
        "n": found.ranking.n,
        "counts": found.counts,
        "classes": list(pool.classes),
        "documents": cards(scene, workspace.store, found.ranking.page(offset, PAGE)),
    }


@routes.get("/document")
def show_document(request: Request, id_: Id) -> HTMLResponse:
    """Everything that is known of one document."""
    workspace = workspace_of(request)
    scene = workspace.now()
    known = whole_document(scene, workspace.store, workspace.row_of(id_))
    return page(request, "document.html", document=known, classes=scene.index.pool.classes)


@routes.get("/api/document")
def document(request: Request, id_: Id) -> dict[str, Any]:
    """The same for a module of the page."""
    workspace = workspace_of(request)
    return whole_document(workspace.now(), workspace.store, workspace.row_of(id_))


@routes.get("/api/card")
def show_card(request: Request, id_: Id) -> dict[str, Any]:
    """One document as in a list: how it stands after an answer."""
    workspace = workspace_of(request)
    row, text = workspace.row_of(id_), workspace.text(id_)
    return card(workspace.now(), workspace.store.standing(id_), row, text)
