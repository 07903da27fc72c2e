"""How a sample for measurement was drawn: what is kept of it beside the label store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolMatrix, Scores
from ..errors import LabelStoreError
from ..labels.exchange.base import whole

FORMAT = 1
PREFIX = "evaluation-"  # of the files in the index folder, before the sample's name


@dataclass(frozen=True)
class ClassDesign:
    """What is known of one class in the population.

    Attributes:
        name: of the class.
        threshold: from which the model gives it.
        predicted: documents that the model gives the class.
        heaviest: largest 1 / probability among the others; 0 where there are none.
    """

    name: str
    threshold: float
    predicted: int
    heaviest: float


@dataclass(frozen=True)
class Drawn:
    """A document of the sample.

    Attributes:
        id: of the document.
        probability: of its inclusion.
        scores: q, the model's.
        decided: q, whether the model gives the class.
    """

    id: str
    probability: float
    scores: Sequence[float]
    decided: Sequence[bool]


@dataclass(frozen=True)
class SampleDesign:
    """A sample and all that its estimates need: nothing is asked of the model a second time.

    Attributes:
        at: when it was drawn, ISO 8601 in UTC.
        model: checksum of the model whose decisions are measured.
        seed: of the draw.
        floor: share of the sample that is spread evenly.
        population: documents that it was drawn from.
        classes: of the model.
        documents: of the sample, in the order in which they are labelled.
        format_version: of the file.
    """

    at: str
    model: str
    seed: int
    floor: float
    population: int
    classes: tuple[ClassDesign, ...]
    documents: tuple[Drawn, ...]
    format_version: int = FORMAT

    @property
    def name(self) -> str:
        """Digest of everything in it, 12 digits: the step of its picks, and in its file's name."""
        return hashlib.sha256(self._text().encode()).hexdigest()[:12]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names."""
        return tuple(own.name for own in self.classes)

    @property
    def ids(self) -> list[str]:
        """The documents' ids."""
        return [own.id for own in self.documents]

    @property
    def probabilities(self) -> Scores:
        """(m,) of inclusion, float64."""
        return np.array([own.probability for own in self.documents])

    @property
    def scores(self) -> Scores:
        """(m, q) the model's probabilities, float64."""
        shape = len(self.documents), len(self.classes)
        return np.array([own.scores for own in self.documents], dtype=float).reshape(shape)

    @property
    def decided(self) -> BoolMatrix:
        """(m, q) True where the model gives the class."""
        shape = len(self.documents), len(self.classes)
        return np.array([own.decided for own in self.documents], dtype=bool).reshape(shape)

    def save(self, folder: Path) -> Path:
        """Write it into an index folder, under its own name: no file is ever replaced by another.

        No build touches the file. Returns its path.
        """
        path = folder / f"{PREFIX}{self.name}.json"
        with whole(path) as unfinished:
            unfinished.write_text(self._text(), encoding="utf-8")
        return path

    @classmethod
    def read(cls, folder: Path, name: str) -> SampleDesign:
        """The design of this name in an index folder.

        Raises:
            LabelStoreError: it is missing, damaged, or a newer version wrote it.
        """
        path = folder / f"{PREFIX}{name}.json"
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError) as cause:
            raise LabelStoreError(_lost(path, "is missing or is no text")) from cause
        if hashlib.sha256(text.encode()).hexdigest()[:12] != name:
            raise LabelStoreError(_lost(path, "is not what was written: its checksum is another"))
        facts: dict[str, Any] = json.loads(text)
        if facts["format_version"] > FORMAT:
            raise LabelStoreError(
                f"{path} has format {facts['format_version']}, this version reads up to {FORMAT}; "
                "upgrade classemb-index"
            )
        facts["classes"] = tuple(ClassDesign(**own) for own in facts["classes"])
        facts["documents"] = tuple(Drawn(**own) for own in facts["documents"])
        return cls(**facts)

    def _text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def _lost(path: Path, what: str) -> str:
    return (
        f"{path} {what}; put a copy of it in its place, or draw another sample with: "
        "classemb-index evaluate --out"
    )
