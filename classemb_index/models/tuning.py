"""An encoder tuned on labelled texts.

This is SetFit's first stage (Tunstall et al. 2022, arXiv:2209.11055) for documents with several
classes: pairs of labelled documents are drawn together where they share a class and apart where
they share none. The paper of the class centroids leaves the encoder as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolMatrix, Mask, Rows
from ..errors import MissingExtraError, RequestError
from .encoder import SentenceBertEncoder
from .trainer import on_one_device, shared_arguments, train


@dataclass(frozen=True)
class TuningSettings:
    """How the encoder is tuned; SetFit's own settings but for the number of pairs.

    Attributes:
        per_document: positive and negative pairs that a labelled document is the first of.
        batch_size: pairs in a training step; every pair is seen once.
        learning_rate: of AdamW, at its peak.
        warm_up: share of the steps in which the rate rises; then it falls linearly.
    """

    per_document: int = 10
    batch_size: int = 16
    learning_rate: float = 2e-5
    warm_up: float = 0.1


def check_can_tune() -> None:
    """Nothing, when the library that training reads its pairs with is installed.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import datasets  # noqa: F401
    except ImportError as cause:
        raise MissingExtraError(
            "tuning an encoder needs 'datasets', which is not installed; "
            "run: pip install 'classemb-index[hub]'"
        ) from cause


def tune_encoder(
    encoder: SentenceBertEncoder,
    texts: Sequence[str],
    labels: BoolMatrix,
    folder: Path,
    *,
    known: BoolMatrix | None = None,
    seed: int = 0,
    settings: TuningSettings | None = None,
) -> SentenceBertEncoder:
    """The encoder after one pass over `contrastive_pairs`, written to `folder`.

    The squared difference between a pair's cosine similarity and 1 or 0 is made small
    (SetFit's loss), on the encoder's device and at its maximum length.

    Args:
        encoder: its weights are changed.
        texts: m labelled ones.
        labels: (m, q), a row per text.
        folder: for the tuned encoder.
        known: as for `contrastive_pairs`.
        seed: of the pairs and their order.
        settings: None takes the defaults.

    Raises:
        MissingExtraError: `datasets` is not installed.
        RequestError: the labels give no pairs.
    """
    check_can_tune()
    settings = settings or TuningSettings()
    rng = np.random.default_rng(seed)
    firsts, seconds, is_positive = contrastive_pairs(labels, settings.per_document, rng, known)
    pairs = {
        "first": [texts[place] for place in firsts],
        "second": [texts[place] for place in seconds],
        "label": is_positive.astype(float),
    }
    model = encoder.model.float()  # whatever the checkpoint has
    with tempfile.TemporaryDirectory(prefix="classemb-") as checkpoints:
        own = {
            "output_dir": checkpoints,
            "num_train_epochs": 1,
            "per_device_train_batch_size": settings.batch_size,
            "learning_rate": settings.learning_rate,
            "warmup_steps": settings.warm_up,
        }
        shared = shared_arguments(encoder.device, encoder.precision, seed)
        train(_trainer(model, pairs, own | shared))
    model.save(str(folder), create_model_card=False)
    return SentenceBertEncoder(
        str(folder.resolve()), device=encoder.device, max_length=encoder.max_length
    )


def contrastive_pairs(
    labels: BoolMatrix,
    per_document: int,
    rng: np.random.Generator,
    known: BoolMatrix | None = None,
) -> tuple[Rows, Rows, Mask]:
    """As many positive as negative pairs of labelled documents.

    A pair is positive when the two share a class and negative when they share none; two
    documents without any class are neither. Every document is the first of `per_document`
    pairs of each kind that it has; the larger kind is then thinned at random to the size of
    the smaller. The second of a positive pair is drawn from a class of the first one's that
    is itself drawn, so that a rare class counts as much as a frequent one beside it. SetFit has
    one class a document; how it would pair several is ours.

    Args:
        labels: (m, q), a row per labelled document.
        per_document: at least 1; pairs may repeat.
        rng: of all draws.
        known: (m, q) True where it is known whether the document has the class; None where all are.
            Only documents that are known to share none are drawn apart.

    Returns:
        (p,) places of the first and of the second among the labelled documents, and (p,)
        True for positive pairs, which come first.

    Raises:
        RequestError: there is no positive or no negative pair, or `per_document` is below 1.
    """
    if per_document < 1:
        raise RequestError(f"asked for {per_document} pairs per document; ask for 1 or more")
    has_class = labels.any(axis=1)
    has_not = ~labels if known is None else known & ~labels
    share = labels / np.maximum(labels.sum(axis=0) - 1, 1)  # of the other documents of a class
    positives: list[tuple[int, int]] = []
    negatives: list[tuple[int, int]] = []
    for first, classes in enumerate(labels):
        weights = share[:, classes].sum(axis=1)
        weights[first] = 0
        apart = (has_not | has_not[first]).all(axis=1) & (has_class | classes.any())
        if weights.any():
            drawn = rng.choice(len(labels), per_document, p=weights / weights.sum())
            positives += [(first, second) for second in drawn]
        if apart.any():
            drawn = rng.choice(np.flatnonzero(apart), per_document)
            negatives += [(first, second) for second in drawn]
    if not positives:
        raise RequestError(
            f"no two of the {len(labels)} labelled documents share a class, so there is no positive "
            "pair to tune the encoder with; label a second document of a class"
        )
    if not negatives:
        raise RequestError(
            f"no two of the {len(labels)} labelled documents differ in all their classes, so there is no "
            "negative pair to tune the encoder with; label a document of another class, or of none"
        )
    n = min(len(positives), len(negatives))
    thinned = [
        np.array(pairs)[np.sort(rng.choice(len(pairs), n, replace=False))]
        for pairs in (positives, negatives)
    ]
    firsts, seconds = np.concatenate(thinned).T
    return firsts, seconds, np.arange(2 * n) < n


def _trainer(model: Any, pairs: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """A trainer of the model on these pairs with SetFit's loss."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
        def add_model_card_callback(self, default_args_dict: object) -> None:
            """No card, and no progress bar of the making of one."""

    return Trainer(
        model=model,
        args=on_one_device(SentenceTransformerTrainingArguments(**arguments)),
        train_dataset=Dataset.from_dict(pairs),
        loss=CosineSimilarityLoss(model),
    )
