"""The encoder tuned on the labelled set, and the pool embedded again with it.

This is SetFit's first stage (Tunstall et al. 2022, arXiv:2209.11055) for documents with several
classes: pairs of labelled documents are drawn together where they share a class and apart where
they share none. The paper of the class centroids leaves the encoder as it is.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .class_names import own_encoder
from .encoder import SentenceBertEncoder
from .errors import IndexFolderError, MissingExtraError, RequestError
from .index import EmbeddingIndex, Progress
from .labelled import LabelledSet
from .store import DOCUMENTS
from .surprisal import CACHE
from .types import BoolMatrix, Mask, Rows

ENCODER, INDEX = "encoder", "index"  # folders of a tuned index


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


def tuned_index(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    *,
    seed: int = 0,
    settings: TuningSettings | None = None,
    progress: Progress | None = None,
) -> EmbeddingIndex:
    """The same pool, row for row, embedded with the index's encoder after tuning.

    It is kept in the index folder and opened when the same labelled set, settings and
    seed are asked for again. Of an interrupted call the embedded chunks are kept, for
    as long as tuning gives the same weights.

    Args:
        index: the pool and its encoder.
        labelled: the documents whose labels may be seen.
        seed: of the pairs and their order.
        settings: of the tuning; None takes the defaults.
        progress: called with documents embedded and in all, once the encoder is tuned.

    Raises:
        RequestError: the index has no encoder, or the labels give no pairs.
        ModelError: its encoder cannot be had.
        EncoderMismatchError: the model of its encoder's name is another one by now.
        IndexFolderError: the index folder cannot be written.
        MissingExtraError: `datasets` is not installed.
    """
    from filelock import FileLock

    settings = settings or TuningSettings()
    folder = _folder(index, labelled, seed, settings)
    with suppress(IndexFolderError):
        return EmbeddingIndex.open(folder / INDEX, device=index.device)
    try:
        folder.parent.mkdir(exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            with suppress(IndexFolderError):  # what another process made meanwhile
                return EmbeddingIndex.open(folder / INDEX, device=index.device)
            encoder = tune_encoder(index, labelled, folder / ENCODER, seed=seed, settings=settings)
            return EmbeddingIndex.build(
                index.pool,
                encoder,
                folder / INDEX,
                index.manifest.backend,
                paper=index.manifest.paper,
                force=True,  # a damaged one is made again
                device=index.device,
                progress=progress,
            )
    except OSError as cause:
        raise IndexFolderError(
            f"the index in {index.folder} cannot be written ({cause.strerror or cause}), and a tuned "
            "encoder and its vectors are kept there; copy the index to a folder of your own, or choose "
            "another --method"
        ) from cause


def tune_encoder(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    folder: Path,
    *,
    seed: int = 0,
    settings: TuningSettings | None = None,
) -> SentenceBertEncoder:
    """The index's encoder after one pass over `contrastive_pairs`, written to `folder`.

    The squared difference between a pair's cosine similarity and 1 or 0 is made small
    (SetFit's loss), on the index's device and at its maximum length.

    Raises:
        MissingExtraError: `datasets` is not installed.
        RequestError, ModelError, EncoderMismatchError: as for `tuned_index`.
    """
    try:
        from datasets import Dataset
    except ImportError as cause:
        raise MissingExtraError(
            "tuning an encoder needs 'datasets', which is not installed; "
            "run: pip install 'classemb-index[hub]'"
        ) from cause
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from transformers.trainer_callback import PrinterCallback

    class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
        def add_model_card_callback(self, default_args_dict: object) -> None:
            """No card, and no progress bar of the making of one."""

    settings = settings or TuningSettings()
    rng = np.random.default_rng(seed)
    firsts, seconds, is_positive = contrastive_pairs(labelled.labels, settings.per_document, rng)
    encoder = own_encoder(index)
    model = encoder.model.float()  # whatever the checkpoint has
    texts = index.pool.texts_of(labelled.rows)
    pairs = {
        "first": [texts[place] for place in firsts],
        "second": [texts[place] for place in seconds],
        "label": is_positive.astype(float),
    }
    with tempfile.TemporaryDirectory(prefix="classemb-") as checkpoints:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=checkpoints,
            num_train_epochs=1,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="linear",
            warmup_steps=settings.warm_up,
            bf16=encoder.precision == "bfloat16",
            use_cpu=encoder.device == "cpu",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=seed,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # several would multiply the batch
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict(pairs),
            loss=CosineSimilarityLoss(model),
        )
        trainer.remove_callback(PrinterCallback)  # it prints to stdout
        trainer.train()
    model.save(str(folder), create_model_card=False)
    return SentenceBertEncoder(
        str(folder.resolve()), device=index.device, max_length=encoder.max_length
    )


def contrastive_pairs(
    labels: BoolMatrix, per_document: int, rng: np.random.Generator
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

    Returns:
        (p,) places of the first and of the second among the labelled documents, and (p,)
        True for positive pairs, which come first.

    Raises:
        RequestError: there is no positive or no negative pair, or `per_document` is below 1.
    """
    if per_document < 1:
        raise RequestError(f"asked for {per_document} pairs per document; ask for 1 or more")
    has_class = labels.any(axis=1)
    share = labels / np.maximum(labels.sum(axis=0) - 1, 1)  # of the other documents of a class
    positives: list[tuple[int, int]] = []
    negatives: list[tuple[int, int]] = []
    for first, classes in enumerate(labels):
        weights = share[:, classes].sum(axis=1)
        weights[first] = 0
        apart = ~labels[:, classes].any(axis=1) & (has_class | classes.any())
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


def _folder(
    index: EmbeddingIndex, labelled: LabelledSet, seed: int, settings: TuningSettings
) -> Path:
    """Where the tuned index of this labelled set is kept."""
    documents = index.manifest.files[DOCUMENTS]["sha256"]
    asked = [index.manifest.encoder.fingerprint, documents, seed, vars(settings)]
    digest = hashlib.sha256(json.dumps(asked).encode())
    digest.update(labelled.rows.tobytes() + labelled.labels.tobytes())
    return index.folder / CACHE / f"contrastive-{digest.hexdigest()[:16]}"
