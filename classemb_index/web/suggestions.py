"""What a model of all answers so far says of a document, for those who ask to see it."""

from __future__ import annotations

from threading import Lock

import numpy as np

from ..models.contracts import PROBE, Classifier, Training
from ..strategies.selection import train_classifier
from .workspace import Scene, Workspace


class Suggestions:
    """Probabilities by class, of a probe that is trained once for each state of the answers.

    Args:
        workspace: the index and its answers.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._fitted: tuple[int, Classifier] | None = None
        self._lock = Lock()

    def of(self, document: str) -> dict[str, float]:
        """The probability of each class for one document.

        Raises:
            RequestError: there is no such document, or there are no classes.
        """
        row = self._workspace.row_of(document)
        scene = self._workspace.recent()
        chances = self._classifier(scene).probabilities(np.array([row]))[0]
        return dict(zip(scene.index.pool.classes, map(float, chances), strict=True))

    def _classifier(self, scene: Scene) -> Classifier:
        with self._lock:
            if self._fitted is None or self._fitted[0] != scene.version:
                labelled = scene.annotation.labelled()
                training = Training(model=PROBE)
                self._fitted = scene.version, train_classifier(scene.index, labelled, training, 0)
            return self._fitted[1]
