"""The application: pages, their files, and errors as a reader should see them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
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

from ..errors import ClassembError, LabelStoreError, RequestError, in_one_line
from ..pool.cells import clean_name, has_controls
from .access import HEADERS, Access, Gate
from .workspace import Workspace

ANNOTATOR = "annotator"  # cookie with the name that answers are written under
LONGEST_NAME = 80  # characters of it

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
    app.add_exception_handler(OSError, _not_written)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _not_foreseen)
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
    with suppress(RequestError):  # another program's cookie
        return clean_annotator(unquote(request.cookies.get(ANNOTATOR, "")))
    return str(request.app.state.annotator)


def clean_annotator(name: str) -> str:
    """A name as answers are written under it.

    Raises:
        RequestError: it says nothing, is too long, or holds what cannot be shown.
    """
    name = clean_name(name)
    if not name:
        raise RequestError("a name of spaces tells nobody who answered; give at least a letter")
    if len(name) > LONGEST_NAME:
        raise RequestError(f"a name has at most {LONGEST_NAME} characters, not {len(name)}")
    if has_controls(name):
        raise RequestError(f"the name {name!r} holds control characters; leave them out")
    return name


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
    # 503: the page keeps the answer and sends it again
    status = 503 if isinstance(error, LabelStoreError) else 400
    return _failure(request, status, in_one_line(error))


def _not_written(request: Request, error: Exception) -> Response:
    place = getattr(error, "filename", None) or "a file"
    what = getattr(error, "strerror", None) or error
    return _failure(request, 503, f"{place}: {what}; try again once that is mended")


def _not_foreseen(request: Request, error: Exception) -> Response:
    what = f"{type(error).__name__}: {error}".encode(errors="replace").decode()
    why = f"the server failed: {what}; load the page again, and report what its terminal says"
    response = _failure(request, 500, why)
    response.headers.update(HEADERS)  # it is sent past the gate
    return response


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    pages = ", ".join(NAVIGATION)
    why = {
        400: "the request cannot be read: it is no JSON in UTF-8; load the page again",
        404: f"there is nothing at {request.url.path!r}; there are the pages {pages}",
        405: f"{request.url.path!r} does not take {request.method}; use the buttons of the pages {pages}",
    }
    return _failure(request, error.status_code, why.get(error.status_code, error.detail))


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
