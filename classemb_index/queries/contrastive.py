"""Queries in the pool embedded again with an encoder that is tuned on the labelled set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..errors import IndexFolderError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.tuning import TuningSettings, check_can_tune, tune_encoder
from ..watch import SILENT, Watcher
from .build import build_queries, nothing_to_search_by
from .search import ClassQueryResult, answer_queries

CONTRASTIVE = "contrastive"
ENCODER, INDEX = "encoder", "index"  # folders of a tuned index


def query_tuned(
    index: EmbeddingIndex,
    positions: Sequence[int],
    labelled: LabelledSet,
    *,
    k: int = 10,
    watch: Watcher = SILENT,
) -> ClassQueryResult:
    """The k unlabelled documents nearest to each class's centroid in the tuned index.

    As `query_classes`, whose answer it is, but that the method is called "contrastive".

    Args:
        index: the pool and its encoder.
        positions: of the classes.
        labelled: the documents whose labels may be seen.
        k: neighbours of each class.
        watch: is told how many documents are embedded, once the encoder is tuned.

    Raises:
        EmptyClassError: no class has a labelled document, or their embeddings cancel out.
        RequestError: k is above the number of unlabelled documents; or as `tuned_index`, which
            also raises other errors.
    """
    if not labelled.counts[list(positions)].any():
        raise nothing_to_search_by(index, positions, labelled, CONTRASTIVE)
    tuned = tuned_index(index, labelled, watch=watch).with_pool(index.pool, index.labels_digest)
    queries = build_queries(tuned, positions, labelled, "centroid")
    named = [replace(query, method=CONTRASTIVE) for query in queries]
    return answer_queries(tuned, named, labelled, k, CONTRASTIVE)


def tuned_index(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    *,
    seed: int = 0,
    settings: TuningSettings | None = None,
    watch: Watcher = SILENT,
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
        watch: is told how many documents are embedded, once the encoder is tuned.

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
            check_can_tune()  # before a model is loaded in vain
            encoder = tune_encoder(
                index.load_encoder(),
                index.pool.texts_of(labelled.rows),
                labelled.labels,
                folder / ENCODER,
                known=labelled.cells,
                seed=seed,
                settings=settings,
            )
            return EmbeddingIndex.build(
                index.pool,
                encoder,
                folder / INDEX,
                index.manifest.backend,
                paper=index.manifest.paper,
                force=True,  # a damaged one is made again
                device=index.device,
                watch=watch,
            )
    except OSError as cause:
        raise IndexFolderError(
            f"the index in {index.folder} cannot be written ({cause.strerror or cause}), and a tuned "
            "encoder and its vectors are kept there; copy the index to a folder of your own, or choose "
            "another --method"
        ) from cause


def _folder(
    index: EmbeddingIndex, labelled: LabelledSet, seed: int, settings: TuningSettings
) -> Path:
    """Where the tuned index of this labelled set is kept."""
    fingerprint = index.manifest.encoder.fingerprint
    asked = [fingerprint, index.documents_digest, seed, vars(settings)]
    digest = hashlib.sha256(json.dumps(asked).encode())
    digest.update(labelled.rows.tobytes() + labelled.labels.tobytes())
    if labelled.cells is not None:
        digest.update(labelled.cells.tobytes())
    return index.cache / f"contrastive-{digest.hexdigest()[:16]}"
