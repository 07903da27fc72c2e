"""The model that the page trains, and what it predicted: files beside the index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ClassembError, RequestError, in_one_line
from ..experiments.prediction import predict_index
from ..experiments.training import train
from ..labels.annotation import hand_out
from ..labels.exchange.base import whole
from ..measures.evaluation import draw_sample, evaluate, sample_state
from ..models.contracts import Training
from ..models.folder import FACTS, read_evaluation
from ..models.saved import SavedModel
from ..reports.belief import (
    class_sentence,
    evaluation_sentences,
    measured_sentence,
    model_sentences,
)
from ..watch import Watcher
from .choosing import ORIGIN
from .workspace import Workspace

MODELS = "models"  # in the index folder


class Trained:
    """Trains, asks and measures the model of a page; in practice it is another one.

    Args:
        workspace: the index and its answers.
    """

    def __init__(self, workspace: Workspace) -> None:
        name = "practice" if workspace.is_practice else "page"
        self._workspace = workspace
        self.folder = workspace.folder / MODELS / name
        self.predictions = self.folder.with_name(f"{name}-predictions.csv")
        self._summary = self.predictions.with_suffix(".json")
        self._opened: tuple[int, SavedModel] | None = None

    def model(self) -> SavedModel | None:
        """The model; None before the first training.

        Raises:
            ModelFolderError: it cannot be used.
        """
        try:
            written = (self.folder / FACTS).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._opened is None or self._opened[0] != written:
            self._opened = written, SavedModel.open(self.folder)
        return self._opened[1]

    def needed(self) -> SavedModel:
        """The model.

        Raises:
            RequestError: there is none yet.
        """
        if (model := self.model()) is None:
            raise RequestError("there is no model yet; train one first")
        return model

    def train(self, kind: str, watch: Watcher) -> None:
        """Make the model of all labels so far; the one before stands until it is whole."""
        scene = self._workspace.now()
        self.folder.parent.mkdir(exist_ok=True)
        watch.stage("Cross-validating")
        labelled = scene.annotation.labelled()
        train(scene.index, labelled, self.folder, Training(model=kind), force=True, watch=watch)

    def predict(self, watch: Watcher) -> None:
        """Ask it of every document of the pool, into a table."""
        model, scene = self.needed(), self._workspace.now()
        watch.stage("Predicting")
        found = predict_index(
            model,
            scene.index,
            self.predictions,
            force=True,
            watch=watch,
            register=scene.annotation.log.register,
        )
        with whole(self._summary) as unfinished:
            text = json.dumps({"of": self._key(model), **found.document()}, ensure_ascii=False)
            unfinished.write_text(text, encoding="utf-8")

    def predicted(self, model: SavedModel) -> dict[str, Any] | None:
        """What the model predicted, counted; None where it was not asked, or of other documents."""
        try:
            found: dict[str, Any] = json.loads(self._summary.read_bytes())
        except (OSError, ValueError):
            return None
        is_current = self.predictions.is_file() and found.pop("of", None) == self._key(model)
        return found if is_current else None

    def draw(self, size: int) -> None:
        """Draw a sample to measure it by, and hand it out."""
        model, store = self.needed(), self._workspace.store
        with store.handing_out():
            scene = self._workspace.now()
            design, batch = draw_sample(scene.index, scene.annotation, model, size)
            design.save(scene.index.folder)
            hand_out(scene.index.pool, batch, store, origin=ORIGIN)

    def measure(self, *, allow_missing: bool) -> None:
        """Say by the sample how good it is, in its folder and its card."""
        model, scene = self.needed(), self._workspace.now()
        found = evaluate(scene.index, scene.annotation, model, allow_missing=allow_missing)
        found.save(model)

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        scene = self._workspace.now()
        n = len(scene.annotation.labelled())
        own: dict[str, Any] = {"labelled": n, "problem": ""}
        own |= dict.fromkeys(("model", "predictions", "sample", "evaluation"))
        try:
            if (model := self.model()) is not None:
                own["model"] = _model(model)
                own["predictions"] = self.predicted(model)
                own["evaluation"] = _evaluation(model)
                model.check_classes(scene.index.pool.classes)
                state = sample_state(scene.index, scene.annotation, model)
                own["sample"] = None if state is None else vars(state)
        except ClassembError as error:
            own["problem"] = in_one_line(error)
        return own

    def _key(self, model: SavedModel) -> list[str]:
        index = self._workspace.now().index
        return [model.facts["checksum"], index.documents_digest, index.vectors_digest]


def _model(model: SavedModel) -> dict[str, Any]:
    facts = model.facts
    validation = facts["cross_validation"]
    return {
        "kind": facts["kind"],
        "created": facts["created"],
        "documents": facts["labels"]["documents"],
        "folds": validation["folds"],
        "macro_f1": validation["macro_f1"],
        "sentences": model_sentences(facts),
        "classes": [{**row, "sentence": class_sentence(row)} for row in facts["classes"]],
    }


def _evaluation(model: SavedModel) -> Mapping[str, Any] | None:
    found = read_evaluation(model.folder)
    if found is None:
        return None
    return {
        "macro_f1": found["macro_f1"],
        "sentences": evaluation_sentences(found),
        "classes": [{**row, "sentence": measured_sentence(row)} for row in found["classes"]],
    }
