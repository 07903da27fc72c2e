"""Which classifier a name stands for."""

from __future__ import annotations

from ..arrays import FloatMatrix
from .bert import BertClassifier
from .contracts import PROBE, ClassifiedTexts, Classifier, Training
from .probe import ProbeClassifier


def make_classifier(
    pool: ClassifiedTexts, embeddings: FloatMatrix, settings: Training
) -> Classifier:
    """The classifier that `settings.model` names: "probe", or a BERT to fine-tune.

    Args:
        pool: the documents; a BERT reads their texts.
        embeddings: (n, dim) float32 of all of them, for the probe.
        settings: how to train.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the device or precision is unknown or not there.
    """
    if settings.model == PROBE:
        return ProbeClassifier(embeddings)
    return BertClassifier(pool, settings)
