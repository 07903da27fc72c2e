"""Which classifier a model's name stands for, and what others need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..arrays import FloatMatrix
from .bert import BertClassifier
from .contracts import PROBE, ClassifiedTexts, Classifier, Training
from .devices import cpu_cores, resolve_device
from .hub import MINILM
from .masked_lm import DEFAULT_MASKED_LM, MaskedLanguageModel
from .named import NamePrior
from .probe import ProbeClassifier

MOST_WORKERS = 4  # each holds a model of its own


@dataclass(frozen=True)
class Kind:
    """A kind of classifier.

    Attributes:
        make: of the documents, their embeddings, the classes' names and how to train; not yet
            trained.
        is_fine_tuned: a language model is trained on texts: it needs a labelled document, fills
            a GPU alone, and is asked for surprisal before it is fine-tuned.
    """

    make: Callable[[ClassifiedTexts, FloatMatrix, NamePrior | None, Training], Classifier]
    is_fine_tuned: bool = False


CLASSIFIERS: Mapping[str, Kind] = {
    PROBE: Kind(lambda _, embeddings, prior, __: ProbeClassifier(embeddings, prior))
}
ANY_OTHER_NAME = Kind(
    lambda pool, _, __, training: BertClassifier(pool, training), is_fine_tuned=True
)


def kind_of(model: str) -> Kind:
    """The kind of classifier that a model's name stands for; any name but a few is a BERT's."""
    return CLASSIFIERS.get(model, ANY_OTHER_NAME)


def make_classifier(
    pool: ClassifiedTexts,
    embeddings: FloatMatrix,
    training: Training,
    prior: NamePrior | None = None,
) -> Classifier:
    """The classifier that `training.model` names: "probe", or a BERT to fine-tune.

    Args:
        pool: the documents; a BERT reads their texts.
        embeddings: (n, dim) float32 of all of them, for the probe.
        training: how to train.
        prior: of the classes, for the probe; None for plain heads.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the device or precision is unknown or not there.
    """
    return kind_of(training.model).make(pool, embeddings, prior, training)


def load_masked_lm(name: str | None, model: str, device: str) -> MaskedLanguageModel:
    """The masked language model of that name; without one, the classifier's own model.

    Args:
        name: a hub name or local path, or None.
        model: the classifier's; "probe" and "minilm" have no masked-LM head, so that
            the paper's BERT takes their place.
        device: "auto", "cpu" or "cuda".

    Raises:
        ModelError: it cannot be had, or has no masked-LM head.
    """
    has_head = kind_of(model).is_fine_tuned and model != MINILM
    return MaskedLanguageModel(name or (model if has_head else DEFAULT_MASKED_LM), device=device)


def default_workers(cells: int, training: Training) -> int:
    """Worker processes for so many cells: one for a BERT on a GPU, else one a core, at most four."""
    is_fine_tuned = kind_of(training.model).is_fine_tuned
    on_gpu = is_fine_tuned and resolve_device(training.device) == "cuda"
    return 1 if on_gpu else max(1, min(cells, cpu_cores(), MOST_WORKERS))
