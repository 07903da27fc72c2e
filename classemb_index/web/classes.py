"""The page Classes: add, describe, rename, merge and remove them, and see how far each has come."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..labels.changes import added, described, merged, removed, renamed
from ..labels.classes import ClassChange
from ..labels.progress import class_outlooks
from ..queries.annotated import change_classes
from ..queries.names import described_direction
from ..queries.ranking import Ranking
from .app import annotator_of, page, workspace_of
from .cards import cards
from .jobs import Jobs
from .workspace import Scene

PREVIEW = 10  # documents that are shown of a description
MOST_WORDS = 2_000  # characters of a description

routes = APIRouter()


@routes.get("/classes")
def show(request: Request) -> HTMLResponse:
    """The page; its numbers are asked for by its module."""
    workspace = workspace_of(request)
    has_encoder = workspace.now().index.manifest.encoder.name is not None
    return page(request, "classes.html", most_words=MOST_WORDS, has_encoder=has_encoder)


@routes.get("/api/classes")
def classes(request: Request) -> dict[str, Any]:
    """Every class with its labels, and its outlook as far as it is known.

    Outlooks are worked out in the background: "outlook" is None of a class that has none yet, and
    "is_current" says whether all are of the labels as they are now.
    """
    scene = workspace_of(request).now()
    jobs: Jobs = request.app.state.jobs
    found = jobs.figure("classes", scene.version, lambda _: _outlooks(scene))
    known, listed = found.value or {}, scene.annotation.document()
    return {
        "version": scene.version,
        "classes": [own | {"outlook": known.get(own["class"])} for own in listed["classes"]],
        "is_current": found.is_current,
        "wrong": found.error,
    }


def _outlooks(scene: Scene) -> dict[str, Any]:
    """By class, how far the search for it has come and how much is left, as JSON."""
    annotation, pool = scene.annotation, scene.annotation.pool
    positions = range(len(pool.classes))
    outlooks = class_outlooks(pool, annotation.labelled(), annotation.history, positions)
    return {pool.classes[own.position]: own.document() for own in outlooks}


@routes.get("/api/preview")
def preview(
    request: Request, text: Annotated[str, Query(min_length=1, max_length=MOST_WORDS)]
) -> dict[str, Any]:
    """The documents that a class of this name or description would find before it has labels."""
    workspace = workspace_of(request)
    scene, encoder = workspace.now(), workspace.encoder()
    direction = described_direction(scene.index, encoder, text)
    found = Ranking(scene.index, scene.annotation.counted, direction).page(0, PREVIEW)
    return {
        "n": len(found.rows),
        "answered": int(scene.index.pool.is_known[found.rows].sum()),
        "documents": cards(scene, workspace.store, found),
    }


Name = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=MOST_WORDS)]


class Added(BaseModel):
    """A class more; empty words and group are none."""

    name: Name
    description: Words = ""
    group: str = ""


class Changed(BaseModel):
    """A class as it shall be; a description that is empty stays as it is."""

    name: Name
    new_name: Name
    description: Words = ""


class Merged(BaseModel):
    """A class that becomes a part of another."""

    name: Name
    into: Name


class Removed(BaseModel):
    """A class that goes."""

    name: Name


@routes.post("/api/classes/add")
def add(request: Request, asked: Added) -> dict[str, Any]:
    """Add a class."""
    pool = workspace_of(request).now().index.pool
    words = asked.description.strip() or None
    return _change(request, added(pool, asked.name, group=asked.group or None, description=words))


@routes.post("/api/classes/change")
def change(request: Request, asked: Changed) -> dict[str, Any]:
    """Rename a class, describe it, or both."""
    pool = workspace_of(request).now().index.pool
    changes: list[ClassChange] = []
    words = asked.description.strip()
    if words and words != pool.descriptions.get(asked.name):
        changes += described(pool, asked.name, words)
    if asked.new_name.strip() != asked.name:
        changes += renamed(pool, asked.name, asked.new_name)
    return _change(request, changes)


@routes.post("/api/classes/merge")
def merge(request: Request, asked: Merged) -> dict[str, Any]:
    """Make a class a part of another."""
    pool = workspace_of(request).now().index.pool
    return _change(request, merged(pool, asked.name, asked.into))


@routes.post("/api/classes/remove")
def remove(request: Request, asked: Removed) -> dict[str, Any]:
    """Remove a class; its labels stay in the log."""
    return _change(request, removed(workspace_of(request).now().index.pool, asked.name))


def _change(request: Request, changes: list[ClassChange]) -> dict[str, Any]:
    """Write the changes into the store that the page works on, and give the classes as they are then."""
    workspace = workspace_of(request)
    if changes:
        change_classes(
            workspace.now().index,
            changes,
            annotator=annotator_of(request),
            store=workspace.store,
            load_encoder=workspace.encoder,
        )
    return classes(request)
