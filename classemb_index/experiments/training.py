"""From labels to a model: cross-validated, calibrated, and written whole into a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, Mask, Rows
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet, labelled_set
from ..models.bert import BertClassifier
from ..models.calibration import METHOD, Calibration, reliability
from ..models.card import write_card
from ..models.classifier import kind_of
from ..models.contracts import PROBE, Training
from ..models.crossval import (
    CrossValidation,
    Figure,
    Left,
    can_train,
    cross_validate,
    trainings,
)
from ..models.familiarity import PERCENTILE, familiarity_limit, kept_for_comparison
from ..models.folder import (
    FORMAT,
    HEADS,
    LABELLED,
    WORK,
    check_model_folder,
    draft_of,
    publish,
)
from ..models.folds import NEAR_DUPLICATE, near_duplicate_groups, stratified_folds
from ..models.heads import logistic_heads
from ..models.saved import UNIT, SavedModel
from ..watch import SILENT, Watcher

FOLDS = 5  # of a probe
FOLDS_OF_BERT = 3  # each fold more costs a BERT another three trainings or more
PACKAGES = ("classemb-index", "numpy", "scikit-learn", "torch", "transformers")
C = 1.0  # inverse strength of the L2 penalty of a head, as the probe has it


@dataclass(frozen=True)
class Examples:
    """What a model is trained on.

    Attributes:
        index: the documents and their embeddings.
        rows: (m,) of the labelled documents.
        classes: names of the q classes that can be learned.
        labels: (m, q).
        known: (m, q) True for the cells that train.
        left_out: by the name of each other class, why it cannot be learned.
    """

    index: EmbeddingIndex
    rows: Rows
    classes: tuple[str, ...]
    labels: BoolMatrix
    known: BoolMatrix
    left_out: Mapping[str, str]

    def texts_of(self, rows: Rows) -> list[str]:
        """The texts of these rows of the pool."""
        return self.index.pool.texts_of(rows)


def train(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    folder: str | Path,
    training: Training | None = None,
    *,
    seed: int = 0,
    force: bool = False,
    watch: Watcher = SILENT,
) -> SavedModel:
    """Train a model on the labelled set, say how good it is, and write it to a folder.

    Thresholds, calibration and figures come from a nested cross-validation, whose folds keep
    near-duplicates (cosine above 0.95) together. The folder is there whole or not at all; an
    interrupted training of a BERT goes on from its last finished fold.

    Args:
        index: the pool and its embeddings.
        labelled: whose known cells train; unknown ones train nothing.
        folder: gets the model.
        training: how to train; None is a probe. A BERT stops early on the dev split's known labels.
        seed: of folds, intervals and a BERT.
        force: replace a model that is there.
        watch: is told which fold is trained.

    Raises:
        ModelFolderError: the folder holds something, or another process is training it.
        RequestError: nothing is labelled, or no class has both a positive and a negative.
        ModelError: the model cannot be had.
    """
    folder, training = Path(folder), training or Training(model=PROBE)
    check_model_folder(folder, force)
    examples = examples_of(index, labelled)
    embeddings = index.embeddings(examples.rows)
    groups = near_duplicate_groups(embeddings)
    is_bert = kind_of(training.model).is_fine_tuned
    k = min(FOLDS_OF_BERT if is_bert else FOLDS, int(groups.max()) + 1)
    folds = stratified_folds(examples.labels, groups, k, np.random.default_rng([seed, 0]))
    trainer: _ProbeTrainer | _BertTrainer
    trainer = (_BertTrainer if is_bert else _ProbeTrainer)(examples, training, seed, watch)
    key = json.dumps([_key_facts(examples, training, seed), folds.tolist()], sort_keys=True)
    with draft_of(folder, hashlib.sha256(key.encode()).hexdigest()) as draft:
        scores = trainer.scores(folds, draft / WORK)
        rng = np.random.default_rng([seed, 1])
        found = cross_validate(scores, examples.labels, examples.known, folds, groups, rng)
        trainer.write(draft, found.calibration)
        kept = kept_for_comparison(embeddings, np.random.default_rng([seed, 2]))
        _save_arrays(draft / LABELLED, {"labelled": kept})
        facts = {
            **_facts(examples, training, seed),
            "training": trainer.settings(),
            "cross_validation": {
                "folds": k,
                "groups": int(groups.max()) + 1,
                "near_duplicate": NEAR_DUPLICATE,
                "macro_f1": found.macro_f1,
                "micro_f1": found.micro_f1,
            },
            "calibration": {"method": METHOD, "reliability": _reliability(examples, found)},
            "familiarity": {
                "percentile": PERCENTILE,
                "limit": familiarity_limit(kept),
                "compared_with": len(kept),
            },
            "classes": _class_facts(examples, found),
        }
        write_card(draft, facts)
        publish(draft, folder, facts)
    return SavedModel.open(folder, device=training.device)


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
        left_out,
    )


class _ProbeTrainer:
    """Heads on stored embeddings: those of all folds are solved together."""

    def __init__(self, examples: Examples, training: Training, seed: int, watch: Watcher) -> None:
        self._examples = examples
        self._embeddings = examples.index.embeddings(examples.rows)

    def settings(self) -> Mapping[str, Any]:
        return {"model": PROBE, "c": C, "class_weight": "balanced"}

    def scores(self, folds: Rows, work: Path) -> dict[Left, FloatMatrix]:
        labels, known = self._examples.labels, self._examples.known
        lefts = list(trainings(int(folds.max()) + 1))
        used = np.concatenate([known & _inside(folds, left)[:, None] for left in lefts], axis=1)
        repeated = np.tile(labels, len(lefts))
        able = can_train(repeated, used)
        weights, offsets = logistic_heads(self._embeddings, repeated[:, able], used[:, able], C)
        found = np.full(used.shape, np.nan, dtype=np.float32)
        found[:, able] = self._embeddings @ weights.T + offsets
        return dict(zip(lefts, np.split(found, len(lefts), axis=1), strict=True))

    def write(self, draft: Path, calibration: Calibration) -> None:
        weights, offsets = logistic_heads(
            self._embeddings, self._examples.labels, self._examples.known, C
        )
        _save_arrays(draft / HEADS, {"weights": weights, "offsets": offsets})


class _BertTrainer:
    """A BERT that is fine-tuned for each fold; the scores of finished folds are kept."""

    def __init__(self, examples: Examples, training: Training, seed: int, watch: Watcher) -> None:
        pool = examples.index.pool
        rows = np.flatnonzero((pool.splits == "dev") & pool.is_known)
        self._dev = labelled_set(pool, rows, "the dev split")
        self._columns = [pool.classes.index(name) for name in examples.classes]
        self._examples, self._seed, self._watch = examples, seed, watch
        self._classifier = BertClassifier(examples, training)

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
                self._fit(_inside(folds, left))
                partial = path.with_suffix(".partial")
                with partial.open("wb") as file:
                    np.save(file, self._logits(~_inside(folds, left)))
                partial.replace(path)
            found[left] = np.load(path)
        self._watch.progress(len(lefts), len(lefts) + 1)
        return found

    def write(self, draft: Path, calibration: Calibration) -> None:
        self._fit(np.ones(len(self._examples.rows), dtype=bool))
        self._classifier.save(draft, calibration.slopes, calibration.offsets)

    def _fit(self, inside: Mask) -> None:
        examples, dev = self._examples, self._dev
        self._classifier.fit(
            examples.rows[inside],
            examples.labels[inside],
            dev.rows,
            dev.labels[:, self._columns],
            self._seed,
            known=examples.known[inside],
            dev_known=dev.known[:, self._columns],
        )
        self._able = can_train(examples.labels[inside], examples.known[inside])

    def _logits(self, asked: Mask) -> FloatMatrix:
        from scipy.special import logit

        found = np.full(self._examples.labels.shape, np.nan, dtype=np.float32)
        shares = self._classifier.probabilities(self._examples.rows[asked]).astype(np.float64)
        found[asked] = logit(np.clip(shares, 1e-7, 1 - 1e-7))
        found[:, ~self._able] = np.nan
        return found


def _inside(folds: Rows, left: Left) -> Mask:
    """(m,) True for documents of none of these folds."""
    return ~np.isin(folds, left)


def _save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    save_file({key: np.ascontiguousarray(x) for key, x in arrays.items()}, path)


def _key_facts(examples: Examples, training: Training, seed: int) -> Mapping[str, Any]:
    """What tells a training from another one."""
    index = examples.index
    return {
        "training": vars(training),
        "seed": seed,
        "vectors": index.vectors_digest,
        "documents": index.documents_digest,
        "labels": labels_digest(examples),
    }


def labels_digest(examples: Examples) -> str:
    """sha256 of the labelled documents' ids, classes and cells."""
    ids = [examples.index.pool.ids[row] for row in examples.rows.tolist()]
    digest = hashlib.sha256(json.dumps([ids, examples.classes]).encode())
    digest.update(examples.labels.tobytes())
    digest.update(np.ascontiguousarray(examples.known).tobytes())
    return digest.hexdigest()


def _facts(examples: Examples, training: Training, seed: int) -> dict[str, Any]:
    index = examples.index
    manifest, encoder = index.manifest, index.manifest.encoder
    return {
        "format_version": FORMAT,
        "kind": "bert" if kind_of(training.model).is_fine_tuned else PROBE,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in PACKAGES},
        "seed": seed,
        "index": {
            "name": manifest.name,
            "documents": len(index),
            "documents_sha256": index.documents_digest,
            "vectors_sha256": index.vectors_digest,
        },
        "encoder": {
            "name": encoder.name,
            "fingerprint": encoder.fingerprint,
            "max_length": encoder.max_length,
        },
        "dim": manifest.dim,
        "normalisation": UNIT,
        "labels": {
            "documents": len(examples.rows),
            "sha256": labels_digest(examples),
            "left_out": dict(examples.left_out),
        },
    }


def _class_facts(examples: Examples, found: CrossValidation) -> list[dict[str, Any]]:
    rule = found.calibration
    rows = []
    for c, name in enumerate(examples.classes):
        positives = int(examples.labels[:, c].sum())
        figures = found.figures[c]
        own: Mapping[str, Figure | None] = (
            dict.fromkeys(("precision", "recall", "f1")) if figures is None else figures._asdict()
        )
        rows.append(
            {
                "class": name,
                "positives": positives,
                "negatives": int(examples.known[:, c].sum()) - positives,
                "threshold": float(rule.thresholds[c]),
                "slope": float(rule.slopes[c]),
                "offset": float(rule.offsets[c]),
                **{key: x and x._asdict() for key, x in own.items()},
            }
        )
    return rows


def _reliability(examples: Examples, found: CrossValidation) -> list[dict[str, Any]]:
    """Of all cells that were cross-validated together."""
    cells = examples.known & np.isfinite(found.probabilities).all(axis=0)
    table = reliability(found.probabilities[cells], examples.labels[cells])
    return [row._asdict() for row in table]
