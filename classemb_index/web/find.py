"""The page Find: documents by class, by text or by likeness, page by page, labelled in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..arrays import FloatVector
from ..queries.build import nothing_to_search_by
from ..queries.methods import AUTO
from ..queries.ranking import Ranking
from ..queries.states import STATES, UNANSWERED, counted_states, documents_in
from .app import page, workspace_of
from .cards import card, cards, whole_document
from .directions import Directions
from .recent import Recent
from .workspace import Scene, Workspace

PAGE = 10  # documents
MOST_TEXT = 2_000  # characters of a text to search by
SETTLED = 50  # answered documents by which one more changes little
KEPT = 12  # rankings: 100 MB at 1,000,000 documents

routes = APIRouter()


@dataclass(frozen=True)
class Search:
    """What is looked for; a text goes before likeness, and that before a class.

    Attributes:
        class_name: documents are ranked by it where nothing else ranks them; states are of it.
        text: documents like it.
        like: id of a document; documents like it.
        state: one of STATES.
    """

    class_name: str = ""
    text: str = ""
    like: str = ""
    state: str = UNANSWERED

    @property
    def by(self) -> Literal["text", "like", "class", "order"]:
        """What ranks the documents."""
        if self.text.strip():
            return "text"
        return "like" if self.like else "class" if self.class_name else "order"


@dataclass(frozen=True)
class Found:
    """Documents in their order, as they were found.

    Attributes:
        ranking: of them.
        version: of the labels by which they were found.
        counts: documents in each state.
    """

    ranking: Ranking
    version: int
    counts: dict[str, int]


class Finder:
    """Searches an index; what was found lately is kept, so that its pages follow one another.

    Args:
        workspace: the index and its labels.
        directions: of the classes.
    """

    def __init__(self, workspace: Workspace, directions: Directions) -> None:
        self._workspace, self._directions = workspace, directions
        self._found = Recent[tuple[Search, int], Found](KEPT)

    def find(self, search: Search, version: int | None = None) -> Found:
        """What is found; with a version, as it was found then, if that is still known.

        Raises:
            RequestError: there is no such document or state.
            UnknownClassError: there is no such class.
            EmptyClassError: nothing is known that the class could be searched by.
            ModelError: a text cannot be embedded, as the encoder cannot be had.
        """
        scene = self._workspace.now()
        for wanted in (version, scene.version):
            if wanted is not None and (found := self._found.get((search, wanted))) is not None:
                return found
        found = self._search(scene, search)
        self._found.keep((search, scene.version), found)
        return found

    def vector(self, scene: Scene, search: Search, behind: int = 0) -> FloatVector | None:
        """(dim,) float32 what documents are ranked by; None for nothing.

        Args:
            scene: as it is now.
            search: what is looked for.
            behind: actions that what was learned of a class may be older; one for fifty answered
                documents, which move it little, in any case.

        Raises:
            RequestError: as for `find`, and its other errors.
        """
        index = scene.index
        if search.by == "text":
            encoder = self._workspace.encoder()
            index.check_encoder(encoder)
            vector: FloatVector = encoder.encode([search.text])[0]
            return vector
        if search.by == "like":
            return np.asarray(index.embeddings(np.array([self._workspace.row_of(search.like)]))[0])
        if search.by == "order":
            return None
        position = index.pool.class_position(search.class_name)
        behind = max(behind, int(np.count_nonzero(scene.annotation.answered)) // SETTLED)
        direction: FloatVector = self._directions.of(scene, behind)[1][position]
        if not direction.any():
            labelled = scene.annotation.labelled(again=True)
            raise nothing_to_search_by(index, [position], labelled, AUTO)
        return direction

    def _search(self, scene: Scene, search: Search) -> Found:
        pool = scene.index.pool
        position = pool.class_position(search.class_name) if search.class_name else None
        among = documents_in(scene.annotation, search.state, position)
        if search.by == "like":
            among[self._workspace.row_of(search.like)] = False
        ranking = Ranking(scene.index, among, self.vector(scene, search))
        return Found(ranking, scene.version, counted_states(scene.annotation, position))


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
    found: Found = request.app.state.finder.find(search, version)
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
