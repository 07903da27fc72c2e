"""The application: pages, their files, and errors as a reader should see them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from ..errors import ClassembError, in_one_line
from .access import Access, Gate
from .workspace import Workspace

ANNOTATOR = "annotator"  # cookie with the name that answers are written under

NAVIGATION = {"Annotate": "/", "Find": "/find", "Classes": "/classes", "Progress": "/progress"}


def create_app(
    workspace: Workspace,
    access: Access,
    routers: Iterable[APIRouter],
    *,
    annotator: str = "",
    **state: Any,
) -> FastAPI:
    """The application over one index.

    Args:
        workspace: the index and its answers.
        access: whom it lets in.
        routers: of the pages.
        annotator: the name of who gave none on the page.
        state: what else the routes find under `request.app.state`.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, title="classemb-index")
    for key, value in {"workspace": workspace, "access": access, **state}.items():
        setattr(app.state, key, value)
    app.state.annotator = annotator
    app.state.templates = _templates()
    for router in routers:
        app.include_router(router)
    static = resources.files("classemb_index.web") / "static"
    app.mount("/static", StaticFiles(directory=Path(str(static))), name="static")
    app.add_exception_handler(ClassembError, _told)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_middleware(Gate, access=access)
    return app


def page(request: Request, template: str, **context: Any) -> HTMLResponse:
    """A page of this template; `base.html` finds what it needs."""
    state = request.app.state
    html = state.templates.get_template(template).render(
        pool=workspace_of(request).name,
        csrf=state.access.csrf,
        annotator=annotator_of(request),
        navigation=NAVIGATION,
        path=request.url.path,
        **context,
    )
    return HTMLResponse(html)


def workspace_of(request: Request) -> Workspace:
    """The index and its answers, which the server is over."""
    workspace: Workspace = request.app.state.workspace
    return workspace


def annotator_of(request: Request) -> str:
    """Who is at this browser, as they said; else the name that the server was started with."""
    return unquote(request.cookies.get(ANNOTATOR, "")) or str(request.app.state.annotator)


def document_url(id_: str) -> str:
    """Where the page of a document is; an id may hold anything."""
    return f"/document?id={quote(id_, safe='')}"


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("classemb_index.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["document_url"] = document_url
    return environment


def _told(request: Request, error: Exception) -> Response:
    return _failure(request, 400, in_one_line(error))


def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _failure(request, status, str(getattr(error, "detail", error)))


def _not_understood(request: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(map(str, first.get("loc", ())))
    return _failure(request, 422, f"the request cannot be read: {place}: {first.get('msg', error)}")


def _failure(request: Request, status: int, why: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": why}, status)
    response = page(request, "error.html", title="That did not work", why=why)
    response.status_code = status
    return response
