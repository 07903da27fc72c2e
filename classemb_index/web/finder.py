"""What is searched for on the page Find, and what was found lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..arrays import FloatVector
from ..queries.build import nothing_to_search_by
from ..queries.methods import AUTO
from ..queries.ranking import Ranking
from ..queries.states import UNANSWERED, counted_states, documents_in
from .directions import Directions
from .recent import Recent
from .workspace import Scene, Workspace

SETTLED = 50  # answered documents by which one more changes little
KEPT = 12  # rankings: 100 MB at 1,000,000 documents


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
