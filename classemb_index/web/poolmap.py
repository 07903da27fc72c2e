"""The map on the page Progress: documents in two components, coloured by a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request

from ..arrays import Rows
from ..measures.projection import project
from ..reports.drawings import HAS, HAS_NOT, NOBODY, Spot, pool_map
from .app import document_url
from .cards import in_a_line
from .workspace import Workspace

LISTED = 24  # documents beside the map

routes = APIRouter()


class PoolMap:
    """Draws the map; what its documents are about is read once.

    Args:
        workspace: the index and its answers.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._titles: dict[int, str] = {}  # by row; random documents of a large pool lie everywhere

    def document(self, name: str) -> dict[str, Any]:
        """The map and labelled documents on it, as JSON.

        Args:
            name: of the class; "" colours documents of which anything is known.

        Raises:
            UnknownClassError: there is no such class.
        """
        scene = self._workspace.now()
        pool, counted = scene.index.pool, scene.annotation.counted
        column = pool.class_position(name) if name else None
        known = counted & (pool.is_known if column is None else pool.known[:, column])
        found = project(scene.index, np.flatnonzero(known))
        has = True if column is None else pool.labels[found.rows, column]
        states = np.where(known[found.rows], np.where(has, HAS, HAS_NOT), NOBODY).tolist()
        ids = [pool.ids[row] for row in found.rows.tolist()]
        entries = list(zip(ids, self._titles_of(found.rows), states, strict=True))
        words = _words(name, np.bincount(states, minlength=3).tolist())
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

    def _titles_of(self, rows: Rows) -> list[str]:
        titles = self._titles
        wanted = rows.tolist()
        if new := [row for row in wanted if row not in titles]:
            texts = self._workspace.now().index.pool.texts_of(np.array(new, dtype=np.int64))
            titles = titles | dict(zip(new, map(in_a_line, texts), strict=True))
        self._titles = {row: titles[row] for row in wanted}
        return list(self._titles.values())


@routes.get("/api/progress/map")
def draw_map(request: Request, name: str = "") -> dict[str, Any]:
    """The map, coloured by a class."""
    drawn: PoolMap = request.app.state.pool_map
    return drawn.document(name)


def _words(name: str, counts: Sequence[int]) -> str:
    nobody, has_not, has = (f"{n:,}" for n in counts)
    shown = f"{sum(counts):,} documents"
    if not name:
        return f"{shown}: {has} answered, {nobody} not"
    return f"{shown}: {has} have “{name}”, {has_not} have not, of {nobody} nobody knows"
