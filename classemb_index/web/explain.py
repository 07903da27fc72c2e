"""Why a document is shown: the passage that matched and the words that speak for the class, kept lately."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from ..arrays import unit
from ..errors import RequestError
from ..models.tokens import TokenMeaning
from ..queries.speaks import Passage, Why, why
from .directions import Directions
from .find import Id, Wanted
from .finder import Finder, Search
from .recent import Recent
from .workspace import Workspace

KEPT = 400  # explanations
BEHIND = 20  # actions that the labels behind one may be older
METHOD: dict[TokenMeaning, str] = {
    "shares": "Marked words add most to the score; each has its exact share in it.",
    "similarity": "Marked words are the most similar to what is searched for. This encoder does not "
    "average its words, so they are not shares in the score.",
    "none": "Of this encoder nothing can be said of single words.",
}
LIKENESS = (
    "Marked words add most to what both have beyond an average document; each has its exact share."
)

routes = APIRouter()


class Explainer:
    """Explanations of documents, made when they are asked for; threads may share it.

    Args:
        workspace: the index and its labels.
        directions: of the classes.
        finder: knows what texts and documents are searched by.
    """

    def __init__(self, workspace: Workspace, directions: Directions, finder: Finder) -> None:
        self._workspace, self._directions, self._finder = workspace, directions, finder
        self._kept = Recent[tuple[object, ...], dict[str, Any]](KEPT)

    def of(self, id_: str, search: Search) -> dict[str, Any]:
        """Why a document is shown for a class, a text, or another document.

        Args:
            id_: of the document.
            search: its state is not looked at. Of a text or a document, words speak for that by which
                it differs from the pool's mean: else "a" and "that" speak for a sentence.

        Returns:
            "method", a sentence; "score" of the best passage; "passage" with "text", "marks" in it and
            "start" in the document; "marks" in the whole text; "passages", how many there are; and
            "is_whole", False where the text was too long to be looked at to its end. Marks are pairs of
            the first character and the one past the last, counted in Unicode code points, rising.

        Raises:
            RequestError: nothing is searched for, or there is no such document; the index has no encoder.
            UnknownClassError: there is no such class.
            EmptyClassError: nothing is known that the class could be searched by.
            ModelError: the encoder cannot be had.
        """
        scene = self._workspace.now()
        text = self._workspace.text(id_)
        if search.by == "order":
            raise RequestError("a document is explained for a class, a text or another document")
        encoder = self._workspace.encoder()
        # a class's own labels move it, a text or a document stays what it is
        version = self._directions.of(scene, BEHIND)[0] if search.by == "class" else 0
        key = (id_, search.by, search.class_name, search.text, search.like, version)
        if (known := self._kept.get(key)) is not None:
            return known
        vector = self._finder.vector(scene, search, BEHIND)
        assert vector is not None  # as something ranks the documents
        if search.by != "class":
            vector = vector - scene.index.mean
        made = explained(text, why(encoder, text, unit(vector[None])[0], scene.index.mean))
        if search.by != "class" and made["method"] == METHOD["shares"]:
            made["method"] = LIKENESS
        self._kept.keep(key, made)
        return made


def explained(text: str, found: Why) -> dict[str, Any]:
    """An explanation as JSON, see `Explainer.of`."""
    best = found.passages[0]
    return {
        "method": METHOD[found.meaning],
        "score": best.score,
        "passage": {
            "text": text[best.start : best.end],
            "start": best.start,
            "marks": _marks([best], best.start),
        },
        "marks": _marks(found.passages),
        "passages": len(found.passages),
        "is_whole": found.is_whole,
    }


def _marks(passages: tuple[Passage, ...] | list[Passage], start: int = 0) -> list[list[int]]:
    """The words of all passages, each once where passages overlap."""
    spans = {(word.start - start, word.end - start) for own in passages for word in own.words}
    return [list(span) for span in sorted(spans)]


@routes.get("/api/explain")
def explain(request: Request, id_: Id, search: Wanted) -> dict[str, Any]:
    """Why a document is shown."""
    explainer: Explainer = request.app.state.explainer
    return explainer.of(id_, search)
