"""The page Progress: how labels grow, when to stop, and the pool as a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..experiments.history import Point, label_history
from ..labels.days import answers_by_day
from ..measures.gain import likely_gains
from ..measures.projection import project
from ..measures.status import annotation_status
from ..reports.drawings import HAS, HAS_NOT, NOBODY, At, Spot, class_panel, pool_map
from ..watch import Watcher
from .app import document_url, page
from .jobs import Found, Jobs
from .workspace import Scene, Workspace

DAYS = 7  # that are shown
TITLE = 90  # characters of a document's beginning
LISTED = 24  # documents beside the map

routes = APIRouter()


@routes.get("/progress")
def show(request: Request) -> HTMLResponse:
    """The page; what takes time is asked for by its module."""
    scene, workspace = _now(request), _workspace(request)
    annotation, pool = scene.annotation, scene.index.pool
    states = annotation.document()["documents"]
    by_day = answers_by_day(workspace.store.actions())
    days = sorted({day for own in by_day.values() for day in own})[-DAYS:]
    return page(
        request,
        "progress.html",
        total=int(pool.selectable.sum()),
        left=annotation.labelled().n_unlabelled,
        states=states,
        days=[day.strftime("%d %b") for day in days],
        annotators=_annotators(by_day, days),
        classes=pool.classes,
        version=scene.version,
        can_tune=scene.index.manifest.encoder.name is not None,
        is_practice=pool.is_practice,
    )


@routes.get("/api/progress/curves")
def curves(request: Request) -> dict[str, Any]:
    """A panel for each class; computed in the background for each state of the labels."""
    scene, store = _now(request), _workspace(request).store

    def work(watch: Watcher) -> Mapping[str, Any]:
        points = label_history(scene.index, scene.annotation, store.actions(), watch=watch)
        return _panels(scene.index.pool.classes, points)

    return _told(_jobs(request).figure("curves", scene.version, work))


@routes.get("/api/progress/outlook")
def outlook(request: Request) -> dict[str, Any]:
    """When to stop, and how far annotators agree; computed in the background."""
    scene = _now(request)

    def work(_: Watcher) -> Mapping[str, Any]:
        status = annotation_status(scene.index, scene.annotation)
        return {
            "stopping": status.stopping.document(),
            "agreement": [own.document() for own in status.agreement],
        }

    return _told(_jobs(request).figure("outlook", scene.version, work))


@routes.get("/api/progress/gains")
def gains(request: Request) -> dict[str, Any]:
    """What the next labels are likely to gain; computed in the background."""
    scene = _now(request)

    def work(_: Watcher) -> Sequence[Mapping[str, Any]]:
        found = likely_gains(scene.index, scene.annotation.labelled())
        return [own.document() for own in found]

    return _told(_jobs(request).figure("gains", scene.version, work))


@routes.get("/api/progress/map")
def draw_map(request: Request, name: str = "") -> dict[str, Any]:
    """The pool as a map, coloured by a class, and labelled documents beside it.

    Args:
        name: of the class; "" colours documents of which anything is known.
    """
    scene = _now(request)
    pool, annotation = scene.index.pool, scene.annotation
    if name:
        column = pool.class_position(name)
        known, has = pool.known[:, column], pool.labels[:, column]
    else:
        known = has = pool.is_known
    labelled = np.flatnonzero(known & annotation.counted)
    found = project(scene.index, labelled)
    is_known = known[found.rows] & annotation.counted[found.rows]
    states = np.where(is_known, np.where(has[found.rows], HAS, HAS_NOT), NOBODY).tolist()
    titles = [_title(text) for text in pool.texts_of(found.rows)]
    ids = [pool.ids[row] for row in found.rows.tolist()]
    entries = list(zip(ids, titles, states, strict=True))
    counts = np.bincount(states, minlength=3).tolist()
    words = _map_words(name, counts)
    spots = [Spot(document_url(id_), title, state) for id_, title, state in entries]
    listed = sorted((own for own in entries if own[2] != NOBODY), key=lambda own: -own[2])
    return {
        "svg": pool_map(found.points, spots, words),
        "words": words,
        "documents": int(pool.selectable.sum()),
        "shown": len(entries),
        "explained": sum(found.explained_variance),
        "listed": [
            {"id": id_, "title": title, "has": state == HAS}
            for id_, title, state in listed[:LISTED]
        ],
        "more": max(0, len(listed) - LISTED),
    }


def _panels(classes: Sequence[str], points: Sequence[Point]) -> Mapping[str, Any]:
    """A drawing a class, and the numbers that it is of."""
    drawn = []
    for name in classes:
        own = [At(p.labelled, p.positives[name], p.f1.get(name)) for p in points]
        numbers = [
            {
                "at": point.at,
                "labelled": at.labelled,
                "positives": at.positives,
                "f1": at.f1 and at.f1._asdict(),
            }
            for point, at in zip(points, own, strict=True)
        ]
        if own:
            drawn.append({"class": name, "svg": class_panel(name, own), "points": numbers})
    return {"panels": drawn}


def _annotators(
    by_day: Mapping[str, Mapping[date, int]], days: Sequence[date]
) -> list[tuple[str, list[int], int]]:
    """A row a person: the name, documents of each day, and of all days."""
    rows = [
        (name, [own.get(day, 0) for day in days], sum(own.values())) for name, own in by_day.items()
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _map_words(name: str, counts: Sequence[int]) -> str:
    nobody, has_not, has = counts
    if not name:
        return f"{nobody + has} documents: {has} answered, {nobody} not"
    return f"{sum(counts)} documents: {has} have “{name}”, {has_not} have not, of {nobody} nobody knows"


def _title(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[: 4 * TITLE].split())
    return line if len(line) <= TITLE else line[: TITLE - 1] + "…"


def _told(found: Found) -> dict[str, Any]:
    return {**asdict(found), "version": found.key}


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.workspace
    return workspace


def _now(request: Request) -> Scene:
    return _workspace(request).now()


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs
