"""What a model is trained on, and its two trainers: scores of every fold, then the model itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, Mask, Rows
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet, labelled_set
from ..models.bert import BertClassifier
from ..models.calibration import Calibration
from ..models.contracts import PROBE, TUNED, Classifier, Training
from ..models.crossval import Left, can_train, trainings
from ..models.folder import HEADS
from ..models.heads import logistic_heads
from ..models.named import NamePrior, name_strengths, named_heads
from ..models.probe import ProbeClassifier
from ..models.tuned import TunedClassifier
from ..queries.names import name_prior
from ..watch import Watcher

SMALLEST = 1e-7  # probability, as float32 knows those near 1


@dataclass(frozen=True)
class Examples:
    """What a model is trained on.

    Attributes:
        index: the documents and their embeddings.
        rows: (m,) of the labelled documents.
        classes: names of the q classes that can be learned.
        labels: (m, q).
        known: (m, q) True for the cells that train.
        positions: of these classes in the pool, (q,).
        left_out: by the name of each other class, why it cannot be learned.
    """

    index: EmbeddingIndex
    rows: Rows
    classes: tuple[str, ...]
    labels: BoolMatrix
    known: BoolMatrix
    positions: Rows
    left_out: Mapping[str, str]

    def texts_of(self, rows: Rows) -> list[str]:
        """The texts of these rows of the pool."""
        return self.index.pool.texts_of(rows)


def examples_of(index: EmbeddingIndex, labelled: LabelledSet) -> Examples:
    """The cells that can train a model, and why a class is left out.

    Raises:
        RequestError: nothing is labelled, or no class has both a positive and a negative.
    """
    names = index.pool.classes
    if not len(labelled) or not names:
        raise RequestError(
            "nothing is labelled, so there is nothing to train on; hand out a batch with: classemb-index "
            "next --out batch.csv"
        )
    labels, known = labelled.labels, np.asarray(labelled.known)
    trained = can_train(labels, known)
    left_out = {
        names[c]: "no positive" if not (labels & known)[:, c].any() else "no negative"
        for c in np.flatnonzero(~trained)
    }
    if not trained.any():
        raise RequestError(
            "no class has both a labelled document that has it and one that has not, so there is nothing "
            f"to tell apart ({'; '.join(f'{name}: {why}' for name, why in left_out.items())}); label more"
        )
    classes = tuple(name for name, is_in in zip(names, trained, strict=True) if is_in)
    own = known[:, trained].any(axis=1)
    return Examples(
        index,
        labelled.rows[own],
        classes,
        labels[own][:, trained] & known[own][:, trained],
        known[own][:, trained],
        np.flatnonzero(trained),
        left_out,
    )


def labels_digest(examples: Examples) -> str:
    """sha256 of the labelled documents' ids, classes and cells."""
    ids = [examples.index.pool.ids[row] for row in examples.rows.tolist()]
    digest = hashlib.sha256(json.dumps([ids, examples.classes]).encode())
    digest.update(examples.labels.tobytes())
    digest.update(np.ascontiguousarray(examples.known).tobytes())
    return digest.hexdigest()


class Trainer(Protocol):
    """Trains a kind of model, once for each part of a cross-validation and once on all."""

    def settings(self) -> Mapping[str, Any]:
        """How, JSON-ready; "model" is its name."""

    def scores(self, folds: Rows, work: Path) -> dict[Left, FloatMatrix]:
        """(m, q) scores by the model of each of `trainings`, NaN where it has none.

        Args:
            folds: (m,) of the documents.
            work: folder in which finished parts are kept.
        """

    def write(self, draft: Path, calibration: Calibration) -> None:
        """Train on all examples, and write the model's own files."""


def trainer_of(
    examples: Examples,
    training: Training,
    seed: int,
    watch: Watcher,
    name_vectors: FloatMatrix | None,
) -> Trainer:
    """The trainer of the kind of model that `training.model` names; the arguments are those of `train`.

    Raises:
        ModelError: the model cannot be had.
    """
    if training.model not in (PROBE, TUNED):
        return _BertTrainer(examples, BertClassifier(examples, training), seed, watch)
    prior = name_prior(examples.index, name_vectors).of(examples.positions)
    if training.model == PROBE:
        return _ProbeTrainer(examples, prior)
    return _TunedTrainer(examples, TunedClassifier(examples.index, training, prior), seed, watch)


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays to a safetensors file."""
    from safetensors.numpy import save_file

    save_file({key: np.ascontiguousarray(x) for key, x in arrays.items()}, path)


class _ProbeTrainer:
    """Heads on stored embeddings: those of all folds are solved together.

    Where any class has a name they are named heads.
    """

    def __init__(self, examples: Examples, prior: NamePrior) -> None:
        self._examples, self._prior = examples, prior
        self._embeddings = examples.index.embeddings(examples.rows)

    def settings(self) -> Mapping[str, Any]:
        return ProbeClassifier(self._embeddings, self._prior).settings()

    def scores(self, folds: Rows, work: Path) -> dict[Left, FloatMatrix]:
        labels, known = self._examples.labels, self._examples.known
        lefts = list(trainings(int(folds.max()) + 1))
        used = [known & _inside(folds, left)[:, None] for left in lefts]
        able = np.concatenate([can_train(labels, own) for own in used])
        weights, offsets = self._heads(used, able)
        found = np.full((len(labels), len(able)), np.nan, dtype=np.float32)
        found[:, able] = self._embeddings @ weights.T + offsets
        return dict(zip(lefts, np.split(found, len(lefts), axis=1), strict=True))

    def write(self, draft: Path, calibration: Calibration) -> None:
        known = self._examples.known
        weights, offsets = self._heads([known], np.ones(known.shape[1], dtype=bool))
        save_arrays(draft / HEADS, {"weights": weights, "offsets": offsets})

    def _heads(self, used: Sequence[BoolMatrix], able: Mask) -> tuple[FloatMatrix, FloatVector]:
        """Weights (p, dim) and offsets (p,) of the heads of all classes in each of these trainings.

        Args:
            used: of each training the (m, q) cells that train.
            able: (trainings * q,) p of them True: heads that can be trained.
        """
        prior, labels, k = self._prior, self._examples.labels, len(used)
        own = np.tile(labels, k)[:, able], np.concatenate(used, axis=1)[:, able]
        if not prior.names.any():
            return logistic_heads(self._embeddings, *own)
        similarities = prior.similarities(self._embeddings)
        strengths = [name_strengths(similarities, labels, cells, prior) for cells in used]
        positions = np.tile(np.arange(labels.shape[1]), k)[able]
        return named_heads(
            self._embeddings, *own, prior, positions, np.concatenate(strengths)[able]
        )


Own = TypeVar("Own", bound=Classifier)


class _FineTuned(Generic[Own]):
    """A classifier that is fine-tuned for each fold; the scores of finished folds are kept."""

    def __init__(self, examples: Examples, classifier: Own, seed: int, watch: Watcher) -> None:
        pool = examples.index.pool
        rows = np.flatnonzero((pool.splits == "dev") & pool.is_known)
        self._dev = labelled_set(pool, rows, "the dev split")
        self._examples, self._seed, self._watch = examples, seed, watch
        self._classifier = classifier

    def settings(self) -> Mapping[str, Any]:
        return self._classifier.settings()

    def scores(self, folds: Rows, work: Path) -> dict[Left, FloatMatrix]:
        lefts = list(trainings(int(folds.max()) + 1))
        self._watch.stage(f"Cross-validating: {len(lefts)} trainings, and one on all labels")
        found = {}
        for done, left in enumerate(lefts):
            self._watch.progress(done, len(lefts) + 1)
            path = work / f"without-{'-'.join(map(str, left))}.npy"
            if not path.exists():
                scores = self._scores_without(_inside(folds, left))
                partial = path.with_suffix(".partial")
                with partial.open("wb") as file:
                    np.save(file, scores)
                partial.replace(path)
            found[left] = np.load(path)
        self._watch.progress(len(lefts), len(lefts) + 1)
        return found

    def _fit_all(self) -> None:
        self._fit(np.ones(len(self._examples.rows), dtype=bool))

    def _fit(self, inside: Mask) -> None:
        examples, dev = self._examples, self._dev
        self._classifier.fit(
            examples.rows[inside],
            examples.labels[inside],
            dev.rows,
            dev.labels[:, examples.positions],
            self._seed,
            known=examples.known[inside],
            dev_known=dev.known[:, examples.positions],
        )

    def _scores_without(self, inside: Mask) -> FloatMatrix:
        """(m, q) logits of the documents outside, by a model of those inside; NaN for all others."""
        from scipy.special import logit

        examples = self._examples
        able = can_train(examples.labels[inside], examples.known[inside])
        found = np.full(examples.labels.shape, np.nan, dtype=np.float32)
        if able.any():
            self._fit(inside)
            shares = self._classifier.probabilities(examples.rows[~inside]).astype(np.float64)
            found[~inside] = logit(np.clip(shares, SMALLEST, 1 - SMALLEST))
            found[:, ~able] = np.nan
        return found


class _BertTrainer(_FineTuned[BertClassifier]):
    """A BERT, whose output layer takes the calibration in."""

    def write(self, draft: Path, calibration: Calibration) -> None:
        self._fit_all()
        self._classifier.save(draft, calibration.slopes, calibration.offsets)


class _TunedTrainer(_FineTuned[TunedClassifier]):
    """Heads and the top of the index's encoder; what they are blended by is known once trained."""

    def settings(self) -> Mapping[str, Any]:
        return {**self._classifier.settings(), "share": self._classifier.share}

    def write(self, draft: Path, calibration: Calibration) -> None:
        self._fit_all()
        self._classifier.save(draft)


def _inside(folds: Rows, left: Left) -> Mask:
    """(m,) True for documents of none of these folds."""
    return ~np.isin(folds, left)
