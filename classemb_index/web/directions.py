"""What the classes are searched by, fitted once for a state of the labels."""

from __future__ import annotations

from threading import Lock

from ..arrays import FloatMatrix
from ..models.named import NamePrior
from ..queries.names import name_prior
from ..queries.speaks import class_directions
from .workspace import Scene


class Directions:
    """The directions of all classes, and what of them outlasts a label."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._prior: tuple[tuple[str, ...], NamePrior] | None = None
        self._fitted: tuple[tuple[str, ...], tuple[int, FloatMatrix]] | None = None

    def of(self, scene: Scene, behind: int = 0) -> tuple[int, FloatMatrix]:
        """The version of the labels that they were learned from, and (q, dim) float32 unit vectors.

        A class of which nothing is known is a row of zeros.

        Args:
            scene: as it is now.
            behind: how many actions they may be older, where the classes are the same.

        Raises:
            ModelError: a name is not embedded yet, and the encoder cannot be had.
            EncoderMismatchError: the same, and the model of its name is another one by now.
        """
        pool = scene.index.pool
        texts = tuple(pool.descriptions.get(name, name) for name in pool.classes)
        with self._lock:
            if self._fitted is not None:
                known, fitted = self._fitted
                if known == texts and 0 <= scene.version - fitted[0] <= behind:
                    return fitted
            if self._prior is None or self._prior[0] != texts:
                self._prior = texts, name_prior(scene.index)
            labelled = scene.annotation.labelled(again=True)
            directions = class_directions(scene.index, labelled, self._prior[1])
            self._fitted = texts, (scene.version, directions)
            return self._fitted[1]
