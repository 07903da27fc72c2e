"""Which classifier a model's name stands for, and what others need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .bert import BertClassifier
from .contracts import BERT, PROBE, TUNED, Classifier, Training
from .devices import cpu_cores, resolve_device
from .hub import MINILM
from .masked_lm import DEFAULT_MASKED_LM, MaskedLanguageModel
from .named import NamePrior
from .probe import ProbeClassifier
from .tuned import IndexedTexts, TunedClassifier

MOST_WORKERS = 4  # each holds a model of its own
FEW_FOR_BERT = 1000  # labelled documents; from 600 nothing was learned, more were not tried


@dataclass(frozen=True)
class Kind:
    """A kind of classifier.

    Attributes:
        name: of the kind, as a model's folder records it.
        make: of an index, the classes' names and how to train; not yet trained.
        is_fine_tuned: a language model is trained on texts: it fills a GPU alone, and is
            cross-validated in few folds.
        is_whole: all of a language model of its own is trained: it needs a labelled document, many
            of them to say anything, and is asked for surprisal before it is fine-tuned.
    """

    name: str
    make: Callable[[IndexedTexts, NamePrior | None, Training], Classifier]
    is_fine_tuned: bool = False
    is_whole: bool = False


CLASSIFIERS: Mapping[str, Kind] = {
    PROBE: Kind(PROBE, lambda index, prior, _: ProbeClassifier(index.embeddings(), prior)),
    TUNED: Kind(
        TUNED,
        lambda index, prior, training: TunedClassifier(index, training, prior),
        is_fine_tuned=True,
    ),
}
ANY_OTHER_NAME = Kind(
    BERT,
    lambda index, _, training: BertClassifier(index.pool, training),
    is_fine_tuned=True,
    is_whole=True,
)


def kind_of(model: str) -> Kind:
    """The kind of classifier that a model's name stands for; any name but a few is a BERT's."""
    return CLASSIFIERS.get(model, ANY_OTHER_NAME)


def make_classifier(
    index: IndexedTexts, training: Training, prior: NamePrior | None = None
) -> Classifier:
    """The classifier that `training.model` names: "probe", "tuned", or a BERT to fine-tune.

    Args:
        index: the documents: a BERT reads their texts, the probe their embeddings, "tuned" both.
        training: how to train.
        prior: of the classes, for the probe and "tuned"; None for plain heads.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the device or precision is unknown or not there, or "tuned" cannot be
            trained as asked.
        EncoderMismatchError: "tuned" finds another encoder than the index's.
    """
    return kind_of(training.model).make(index, prior, training)


def too_few_labels(training: Training, n_labelled: int) -> str | None:
    """What a reader should know of so few labels for this model; None where they are enough."""
    if not kind_of(training.model).is_whole or n_labelled >= FEW_FOR_BERT:
        return None
    return (
        f"{n_labelled:,} labelled documents are few for a BERT that is fine-tuned as a whole: from 600 a "
        f"small one learned no rare class; --model {PROBE} and --model {TUNED} are made for so few"
    )


def load_masked_lm(name: str | None, model: str, device: str) -> MaskedLanguageModel:
    """The masked language model of that name; without one, the classifier's own model.

    Args:
        name: a hub name or local path, or None.
        model: the classifier's; "probe", "tuned" and "minilm" have no masked-LM head, so that
            the paper's BERT takes their place.
        device: "auto", "cpu" or "cuda".

    Raises:
        ModelError: it cannot be had, or has no masked-LM head.
    """
    has_head = kind_of(model).is_whole and model != MINILM
    return MaskedLanguageModel(name or (model if has_head else DEFAULT_MASKED_LM), device=device)


def default_workers(cells: int, training: Training) -> int:
    """Worker processes for so many cells: one on a GPU, else one a core, at most four."""
    is_fine_tuned = kind_of(training.model).is_fine_tuned
    on_gpu = is_fine_tuned and resolve_device(training.device) == "cuda"
    return 1 if on_gpu else max(1, min(cells, cpu_cores(), MOST_WORKERS))
