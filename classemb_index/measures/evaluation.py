"""How good a model is on the documents that nobody labelled: a sample is drawn, labelled, measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Mask, Rows, Scores
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.annotation import Annotation
from ..labels.batches import NO_CLASS, Batch
from ..labels.exchange.base import whole
from ..labels.log import Pick
from ..labels.schema import EVALUATION
from ..models.card import write_card
from ..models.folder import EVALUATION as FILE
from ..models.saved import SavedModel
from ..pool.pool import Pool
from .design import ClassDesign, Drawn, SampleDesign
from .estimates import ClassEstimate, Interval, estimate_class, mean_f1
from .sample import FLOOR, draw, inclusion_probabilities


@dataclass(frozen=True)
class Evaluation:
    """What a sample says of a model.

    Attributes:
        sample: how it was drawn.
        answered: documents of it whose labels are known for every class of the model.
        classes: an estimate a class, in the model's order.
        labelled: (q,) documents that are labelled otherwise and have the class: known, not estimated.
    """

    sample: SampleDesign
    answered: int
    classes: tuple[ClassEstimate, ...]
    labelled: tuple[int, ...]

    @property
    def missing(self) -> int:
        """Documents of the sample that are not answered, or not for every class."""
        return len(self.sample.documents) - self.answered

    @property
    def macro_f1(self) -> Interval:
        """Mean of the classes' F1."""
        return mean_f1(self.classes)

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        rows = zip(self.sample.names, self.classes, self.labelled, strict=True)
        return {
            "model_checksum": self.sample.model,
            "sample": self.sample.name,
            "drawn_at": self.sample.at,
            "seed": self.sample.seed,
            "size": len(self.sample.documents),
            "answered": self.answered,
            "missing": self.missing,
            "population": self.sample.population,
            "macro_f1": vars(self.macro_f1),
            "classes": [
                {"class": name, **own.document(), "labelled": labelled}
                for name, own, labelled in rows
            ],
        }

    def save(self, model: SavedModel) -> Path:
        """Write it as JSON into the model's folder and its figures into the model's card.

        Returns:
            The path of the JSON file.
        """
        path = model.folder / FILE
        with whole(path) as unfinished:
            text = json.dumps(self.document(), ensure_ascii=False, indent=1, allow_nan=False)
            unfinished.write_text(text + "\n", encoding="utf-8")
        write_card(model.folder, model.facts)
        return path


@dataclass(frozen=True)
class SampleState:
    """How far the answers to a sample are.

    Attributes:
        size: documents of the sample.
        answered: of them, for every class of the model.
    """

    size: int
    answered: int


def draw_sample(
    index: EmbeddingIndex,
    annotation: Annotation,
    model: SavedModel,
    size: int = 200,
    *,
    seed: int = 0,
) -> tuple[SampleDesign, Batch]:
    """A sample of the documents that nobody labelled, to be labelled for measurement only.

    The population is what predictions are for: every selectable document that is not labelled, not
    skipped, in no batch that is out and in no sample drawn before. Rare classes get documents near
    and above their thresholds, and every document has a chance (`inclusion_probabilities`). The
    order is random and the batch says nothing of scores and classes, so that whoever labels it
    is not led, and the part that was labelled first is a random part.

    Nothing is written: `save` the design into the index's folder before the batch is handed out.

    Args:
        index: whose documents they are.
        annotation: of it.
        model: to be measured.
        size: documents to draw.
        seed: of the draw.

    Raises:
        RequestError: no document is left, or fewer than `size`.
        UnknownClassError: the pool lacks a class of the model.
    """
    pool = index.pool
    model.check_classes(pool.classes)
    rows = np.flatnonzero(annotation.labelled().unlabelled & ~pool.is_known)
    if not len(rows):
        raise RequestError(
            "every document that can be selected is labelled, skipped or handed out, so there is none to "
            "measure on; take back a batch with: labels undo, or add documents"
        )
    if not 1 <= size <= len(rows):
        raise RequestError(
            f"asked for a sample of {size} documents, {len(rows)} are left that nobody labelled; "
            "lower --size"
        )
    scores = model.probabilities(index, rows)
    decided = np.asarray(scores >= model.thresholds)
    chances = inclusion_probabilities(scores, decided, size)
    places = draw(chances, np.random.default_rng(seed))
    classes = [
        ClassDesign(name, float(model.thresholds[c]), int(own.sum()), _heaviest(chances[~own]))
        for c, (name, own) in enumerate(zip(model.classes, decided.T, strict=True))
    ]
    documents = [
        Drawn(pool.ids[rows[i]], float(chances[i]), scores[i].tolist(), decided[i].tolist())
        for i in places.tolist()
    ]
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    checksum = str(model.facts["checksum"])
    design = SampleDesign(at, checksum, seed, FLOOR, len(rows), tuple(classes), tuple(documents))
    nobody = np.full(size, NO_CLASS, dtype=np.int64)
    return design, Batch(rows[places], nobody, (design.name,) * size, EVALUATION)


def evaluate(
    index: EmbeddingIndex,
    annotation: Annotation,
    model: SavedModel,
    *,
    allow_missing: bool = False,
) -> Evaluation:
    """Precision, recall and F1 of each class, from the last sample that was drawn for the model.

    They hold for the population that the sample was drawn from. What was labelled for training
    is not in it: a model is better on what it has seen.

    Args:
        index: over the annotation's pool.
        annotation: with the answers to the sample.
        model: whose decisions were measured when the sample was drawn.
        allow_missing: take what is answered as a random part of the sample, each probability
            times its share. It is one where the file was labelled from its top; where the
            hard documents were left out it is none.

    Raises:
        RequestError: no sample was drawn for the model, none of its documents is answered, or
            some are not and `allow_missing` is False.
        UnknownClassError: the pool has no longer a class of the model.
        LabelStoreError: the design's file is missing or damaged.
    """
    pool, design = index.pool, _last_design(index.folder, annotation, model)
    positions = [_position(pool.classes, name) for name in design.names]
    rows, is_answered = _answered(pool, design, positions)
    _check_answered(is_answered, allow_missing)
    labels = pool.labels[rows[is_answered]][:, positions]
    decided, scores = design.decided[is_answered], design.scores[is_answered]
    share = float(is_answered.mean())
    chances = design.probabilities[is_answered] * share
    classes = [
        estimate_class(
            labels[:, c],
            decided[:, c],
            chances,
            scores=scores[:, c],
            size=design.population,
            predicted=own.predicted,
            heaviest=own.heaviest / share,
        )
        for c, own in enumerate(design.classes)
    ]
    others = pool.labels[annotation.counted & pool.is_known][:, positions].sum(axis=0)
    return Evaluation(design, len(labels), tuple(classes), tuple(others.tolist()))


def sample_state(
    index: EmbeddingIndex, annotation: Annotation, model: SavedModel
) -> SampleState | None:
    """How far the answers are to the sample that `evaluate` measures by; None where there is none.

    Raises:
        RequestError: the pool has no longer a class of the sample.
        LabelStoreError: as for `evaluate`.
    """
    try:
        design = _last_design(index.folder, annotation, model)
    except RequestError:
        return None
    positions = [_position(index.pool.classes, name) for name in design.names]
    _, is_answered = _answered(index.pool, design, positions)
    return SampleState(len(is_answered), int(is_answered.sum()))


def check_of_sample(annotation: Annotation, places: Iterable[tuple[str, str]]) -> None:
    """Nothing, when each of these documents was drawn for measurement.

    Args:
        annotation: with the samples that were drawn.
        places: where a document stands, and its id.

    Raises:
        RequestError: one was not, or no sample was drawn.
    """
    drawn = {pick.document for picks in _samples(annotation).values() for pick in picks}
    others = [(place, id_) for place, id_ in places if id_ not in drawn]
    if others:
        place, id_ = others[0]
        more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
        raise RequestError(
            f"{place}: document {id_!r}{more} is in no sample that `evaluate --out` drew, so its chance "
            "is unknown; nothing was imported. Take in other labels with: labels import"
        )


def _samples(annotation: Annotation) -> dict[str, tuple[Pick, ...]]:
    """The picks of each sample that stands, by the name of its design, first to last."""
    return {
        handed.picks[0].step: handed.picks
        for handed in annotation.handed_out
        if handed.strategy == EVALUATION and handed.picks
    }


def _last_design(folder: Path, annotation: Annotation, model: SavedModel) -> SampleDesign:
    """The last sample that was drawn for the model."""
    names = list(_samples(annotation))
    draw_one = f"draw one with: classemb-index evaluate --model {model.folder} --out sample.csv"
    if not names:
        raise RequestError(f"no sample was drawn yet; {draw_one}")
    designs = [SampleDesign.read(folder, name) for name in reversed(names)]
    for design in designs:
        if design.model == model.facts["checksum"]:
            return design
    if designs[0].names != model.classes:
        raise RequestError(
            f"the last sample was drawn for a model of the classes {', '.join(designs[0].names)}, the one "
            f"in {model.folder} has {', '.join(model.classes)}; {draw_one}"
        )
    raise RequestError(
        f"the last sample was drawn for another model than the one in {model.folder}, whose decisions "
        f"its chances do not fit; {draw_one}"
    )


def _answered(pool: Pool, design: SampleDesign, positions: Sequence[int]) -> tuple[Rows, Mask]:
    """Rows of a sample's documents, -1 for one that is gone, and which are known for these classes."""
    rows = np.array([pool.row_of.get(id_, -1) for id_ in design.ids], dtype=np.int64)
    return rows, (rows >= 0) & pool.known[rows][:, positions].all(axis=1)


def _position(classes: Sequence[str], name: str) -> int:
    if name not in classes:
        raise RequestError(
            f"the sample was drawn for the class {name!r}, which the pool has no longer; train again and "
            "draw another sample"
        )
    return classes.index(name)


def _check_answered(is_answered: Mask, allow_missing: bool) -> None:
    n, missing = len(is_answered), int(np.count_nonzero(~is_answered))
    if missing == n:
        raise RequestError(
            f"none of the {n} documents of the sample is answered yet; take the answers in with: "
            "classemb-index labels import"
        )
    if missing and not allow_missing:
        raise RequestError(
            f"{missing} of the {n} documents of the sample are not answered for every class; label them, "
            "or --allow-missing takes those that are answered as a random part of it"
        )


def _heaviest(chances: Scores) -> float:
    return float(1 / chances.min()) if len(chances) else 0.0
