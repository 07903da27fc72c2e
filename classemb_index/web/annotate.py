"""The page Annotate: one document at a time, why it was handed out, and the answer."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..errors import RequestError
from ..pool.cells import clean_name
from .app import ANNOTATOR, page

YEAR = 365 * 24 * 3600  # seconds

routes = APIRouter()


@routes.get("/")
def show(request: Request) -> HTMLResponse:
    """The page; its documents are asked for by its module."""
    return page(request, "annotate.html")


class Naming(BaseModel):
    """Who is answering."""

    name: str = Field(max_length=80)


@routes.post("/api/annotator")
def name_annotator(request: Request, asked: Naming) -> Response:
    """Keep the name in a cookie of this browser."""
    name = clean_name(asked.name)
    if not name:
        raise RequestError("a name of spaces tells nobody who answered; give at least a letter")
    response = JSONResponse({"name": name})
    response.set_cookie(
        ANNOTATOR, quote(name), max_age=YEAR, httponly=True, samesite="strict", path="/"
    )
    return response
