"""The page Progress: how labels grow, and when to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..experiments.history import Point, label_history
from ..labels.days import answers_by_day
from ..measures.gain import likely_gains
from ..measures.status import annotation_status
from ..reports.drawings import At, class_panel
from ..watch import Watcher
from .app import page, workspace_of
from .jobs import Jobs, Work

DAYS = 7  # that are shown

routes = APIRouter()


@routes.get("/progress")
def show(request: Request) -> HTMLResponse:
    """The page; what takes time is asked for by its module."""
    scene = workspace_of(request).now()
    annotation, pool = scene.annotation, scene.index.pool
    return page(
        request,
        "progress.html",
        total=int(pool.selectable.sum()),
        left=annotation.labelled().n_unlabelled,
        states=annotation.document()["documents"],
        classes=pool.classes,
        version=scene.version,
        can_tune=scene.index.manifest.encoder.name is not None,
        is_practice=pool.is_practice,
    )


@routes.get("/api/progress/people")
def people(request: Request) -> dict[str, Any]:
    """Who answered how much on which day; counted in the background."""
    workspace = workspace_of(request)
    scene, store = workspace.now(), workspace.store

    def work(_: Watcher) -> Mapping[str, Any]:
        by_day = answers_by_day(store.actions())
        days = sorted({day for own in by_day.values() for day in own})[-DAYS:]
        busiest = sorted(by_day.items(), key=lambda own: -sum(own[1].values()))
        rows = [
            {
                "name": name,
                "answered": [own.get(day, 0) for day in days],
                "in_all": sum(own.values()),
            }
            for name, own in busiest
        ]
        return {"days": [day.isoformat() for day in days], "people": rows}

    return _figure(request, "people", scene.version, work)


@routes.get("/api/progress/curves")
def curves(request: Request) -> dict[str, Any]:
    """A panel for each class; computed in the background for each state of the labels."""
    workspace = workspace_of(request)
    scene, store = workspace.now(), workspace.store

    def work(watch: Watcher) -> Mapping[str, Any]:
        points = label_history(scene.index, scene.annotation, store.actions(), watch=watch)
        return _panels(scene.index.pool.classes, points)

    return _figure(request, "curves", scene.version, work)


@routes.get("/api/progress/outlook")
def outlook(request: Request) -> dict[str, Any]:
    """When to stop, and how far annotators agree; computed in the background."""
    scene = workspace_of(request).now()

    def work(_: Watcher) -> Mapping[str, Any]:
        status = annotation_status(scene.index, scene.annotation)
        return {
            "stopping": status.stopping.document(),
            "agreement": [own.document() for own in status.agreement],
        }

    return _figure(request, "outlook", scene.version, work)


@routes.get("/api/progress/gains")
def gains(request: Request) -> dict[str, Any]:
    """What the next labels are likely to gain; computed in the background."""
    scene = workspace_of(request).now()

    def work(_: Watcher) -> Sequence[Mapping[str, Any]]:
        found = likely_gains(scene.index, scene.annotation.labelled())
        return [own.document() for own in found]

    return _figure(request, "gains", scene.version, work)


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


def _figure(request: Request, name: str, version: int, work: Work) -> dict[str, Any]:
    """As much of a figure as is computed, as JSON; where it is of earlier labels, that begins."""
    jobs: Jobs = request.app.state.jobs
    return dict(vars(jobs.figure(name, version, work)))
