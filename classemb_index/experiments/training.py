"""From labels to a model: cross-validated, calibrated, and written whole into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatMatrix, Rows
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.calibration import METHOD, reliability
from ..models.card import write_card
from ..models.classifier import kind_of
from ..models.contracts import PROBE, Training
from ..models.crossval import ClassFigures, CrossValidation, Figure, cross_validate
from ..models.familiarity import PERCENTILE, familiarity_limit, kept_for_comparison
from ..models.folder import FORMAT, LABELLED, WORK, check_model_folder, draft_of, publish
from ..models.folds import NEAR_DUPLICATE, near_duplicate_groups, stratified_folds
from ..models.saved import UNIT, SavedModel
from ..watch import SILENT, Watcher
from .trainers import Examples, Trainer, examples_of, labels_digest, save_arrays, trainer_of

FOLDS = 5  # of a probe
FOLDS_OF_BERT = 3  # each fold more costs a BERT another three trainings or more
PACKAGES = ("classemb-index", "numpy", "scikit-learn", "torch", "transformers")


def train(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    folder: str | Path,
    training: Training | None = None,
    *,
    name_vectors: FloatMatrix | None = None,
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
        name_vectors: (q, dim) embeddings of the classes' names or descriptions, zero for a class
            without one; None takes the index's own. Without any name, a probe has plain heads.
        seed: of folds, intervals and a BERT.
        force: replace a model that is there.
        watch: is told which fold is trained.

    Raises:
        ModelFolderError: the folder holds something, or another process is training it.
        RequestError: nothing is labelled, or no class has both a positive and a negative.
        ModelError: the model cannot be had.
    """
    folder, training = Path(folder).absolute(), training or Training(model=PROBE)
    check_model_folder(folder, force)
    examples = examples_of(index, labelled)
    split = _split(examples, training, seed)
    trainer = trainer_of(examples, training, seed, watch, name_vectors)
    with draft_of(folder, _key(examples, trainer, seed, split)) as draft:
        found = _validated(examples, trainer, split, draft / WORK, seed)
        trainer.write(draft, found.calibration)
        kept = kept_for_comparison(
            index.embeddings(examples.rows), np.random.default_rng([seed, 2])
        )
        save_arrays(draft / LABELLED, {"labelled": kept})
        facts = {
            **_facts(examples, training, seed),
            "training": trainer.settings(),
            **_validation_facts(examples, split, found),
            "familiarity": {
                "percentile": PERCENTILE,
                "limit": familiarity_limit(kept),
                "compared_with": len(kept),
            },
        }
        write_card(draft, facts)
        publish(draft, folder, facts)
    return SavedModel.open(folder, device=training.device)


def probe_figures(
    index: EmbeddingIndex, labelled: LabelledSet, *, seed: int = 0
) -> dict[str, ClassFigures | None]:
    """The figures of each class, by its name, of the probe that `train` makes of these labels.

    None where a class cannot be cross-validated; a class that cannot be learned is left out.

    Raises:
        RequestError: nothing is labelled, or no class has both a positive and a negative.
    """
    examples, training = examples_of(index, labelled), Training(model=PROBE)
    split = _split(examples, training, seed)
    trainer = trainer_of(examples, training, seed, SILENT, None)
    found = _validated(examples, trainer, split, Path(), seed)
    return dict(zip(examples.classes, found.figures, strict=True))


class _Split(NamedTuple):
    """Groups of near-duplicates and folds of the examples, (m,) each, and how many folds."""

    groups: Rows
    folds: Rows
    k: int


def _split(examples: Examples, training: Training, seed: int) -> _Split:
    groups = near_duplicate_groups(examples.index.embeddings(examples.rows))
    most = FOLDS_OF_BERT if kind_of(training.model).is_fine_tuned else FOLDS
    k = min(most, int(groups.max()) + 1)
    folds = stratified_folds(examples.labels, groups, k, np.random.default_rng([seed, 0]))
    return _Split(groups, folds, k)


def _validated(
    examples: Examples, trainer: Trainer, split: _Split, work: Path, seed: int
) -> CrossValidation:
    scores = trainer.scores(split.folds, work)
    rng = np.random.default_rng([seed, 1])
    return cross_validate(scores, examples.labels, examples.known, split.folds, split.groups, rng)


def _key(examples: Examples, trainer: Trainer, seed: int, split: _Split) -> str:
    """Tells a training from another one."""
    index = examples.index
    own = [index.vectors_digest, index.documents_digest, labels_digest(examples), seed]
    return json.dumps([*own, trainer.settings(), split.folds.tolist()], sort_keys=True)


def _facts(examples: Examples, training: Training, seed: int) -> dict[str, Any]:
    index = examples.index
    manifest, encoder = index.manifest, index.manifest.encoder
    return {
        "format_version": FORMAT,
        "kind": kind_of(training.model).name,
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


def _validation_facts(examples: Examples, split: _Split, found: CrossValidation) -> dict[str, Any]:
    return {
        "cross_validation": {
            "folds": split.k,
            "groups": int(split.groups.max()) + 1,
            "near_duplicate": NEAR_DUPLICATE,
            "macro_f1": found.macro_f1,
            "micro_f1": found.micro_f1,
        },
        "calibration": {"method": METHOD, "reliability": _reliability(examples, found)},
        "classes": _class_facts(examples, found),
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
