"""Which classifier a name stands for, and training it on a labelled set."""

from __future__ import annotations

from .classifier import BertClassifier, BertSettings, Classifier
from .errors import RequestError
from .index import EmbeddingIndex
from .labelled import LabelledSet
from .probe import PROBE, ProbeClassifier
from .simulation import known_rows


def make_classifier(index: EmbeddingIndex, settings: BertSettings) -> Classifier:
    """The classifier that `settings.model` names: "probe", or a BERT to fine-tune."""
    if settings.model == PROBE:
        return ProbeClassifier(index.embeddings())
    return BertClassifier(index.pool, settings)


def train_classifier(
    index: EmbeddingIndex, labelled: LabelledSet, settings: BertSettings, seed: int
) -> Classifier:
    """A classifier trained on the labelled set, for a strategy that looks at one.

    A BERT stops early on the dev documents with known labels, where there are any.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the pool has no classes, or a BERT is to be trained and nothing is labelled.
    """
    if not index.pool.classes:
        raise RequestError(
            f"the pool {index.pool.name} has no classes to learn; add labels to its documents, or select "
            "with --strategy random"
        )
    if not len(labelled) and settings.model != PROBE:
        raise RequestError(
            f"no document is labelled, so {settings.model!r} has nothing to be trained on; label "
            "some, or select with --strategy random"
        )
    classifier = make_classifier(index, settings)
    dev = known_rows(index.pool, "dev")
    classifier.fit(labelled.rows, labelled.labels, dev, index.pool.labels[dev], seed)
    return classifier
