"""What computes, as others see it: encoder, classifier, masked language model, and how to train."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:  # the command line makes options of `Training` before anything is computed
    from ..arrays import BoolMatrix, FloatMatrix, Rows


DEFAULT_MODEL = "bert-base-uncased"  # the paper's
PROBE = "probe"  # in place of a model's name: logistic heads on the stored embeddings
TUNED = "tuned"  # likewise: such heads, and the top of the index's own encoder trained on from them
BERT = "bert"  # what any other name is
PATIENCE = 3  # epochs without a better dev macro-F1; the paper gives none
THRESHOLD = 0.5
OnEpoch = Callable[[int, "float | None"], None]  # epochs done, dev macro-F1


class Encoder(Protocol):
    """Turns texts into unit embeddings."""

    @property
    def name(self) -> str:
        """The name that it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """Two encoders with the same fingerprint give the same embeddings."""

    @property
    def dim(self) -> int:
        """Length of an embedding."""

    @property
    def max_length(self) -> int:
        """Tokens that are read of a text; the rest is cut."""

    @property
    def precision(self) -> str:
        """ "float32" or "bfloat16": how the model computes; embeddings are float32."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """(len(texts), dim) float32 of unit length, in the order of the texts."""


@runtime_checkable
class CountsTokens(Protocol):
    """An encoder that can say which texts it does not read to their end."""

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than the encoder's window."""


class ClassifiedTexts(Protocol):
    """Documents of some classes, by row: as much of a pool as a classifier looks at."""

    @property
    def classes(self) -> tuple[str, ...]:
        """q class names."""

    def texts_of(self, rows: Rows) -> list[str]:
        """The texts of these rows, in their order."""


class TrainedClassifier(Protocol):
    """A classifier that has been trained on the labelled set."""

    def probabilities(self, rows: Rows) -> FloatMatrix:
        """(len(rows), q) float32 probability of each class."""

    def representations(self, rows: Rows) -> FloatMatrix:
        """(len(rows), d) float32: what the output layer is given."""


class Classifier(TrainedClassifier, Protocol):
    """Learns from rows of the pool and gives probabilities for rows of the pool."""

    @property
    def uses_dev(self) -> bool:
        """True when training looks at the dev split, whose labels then cost too."""

    def settings(self) -> Mapping[str, Any]:
        """What a reader needs to train the same classifier, JSON-ready; "model" is its name."""

    def fit(
        self,
        rows: Rows,
        labels: BoolMatrix,
        dev_rows: Rows,
        dev_labels: BoolMatrix,
        seed: int,
        on_epoch: OnEpoch | None = None,
        *,
        known: BoolMatrix | None = None,
        dev_known: BoolMatrix | None = None,
    ) -> int:
        """Forget everything and train on these rows; the epochs that were run.

        Of `labels` and `dev_labels` only cells count that are True in `known` and `dev_known`, of the
        same shapes; None takes all.
        """


@runtime_checkable
class Blends(Protocol):
    """A classifier whose answer is a blend."""

    @property
    def share(self) -> float:
        """Of the trained layers in the answer, after `fit`; the rest is the heads'."""


class Steps(NamedTuple):
    """How far a text is read and how long a model is trained on it.

    Attributes:
        epochs: at most.
        learning_rate: of Adam, at its peak.
        max_length: tokens to read of a text, at most what the model can.
    """

    epochs: int
    learning_rate: float
    max_length: int


BERT_STEPS = Steps(15, 5e-5, 512)  # ours where the paper leaves it open: the learning rate


@dataclass(frozen=True)
class Training:
    """How a classifier is trained; what the paper leaves open of BERT is ours (learning rate, patience).

    Attributes:
        model: a hub name, a local path, "minilm", "tuned", or "probe", whose other settings are fixed.
        epochs: as in Steps; None is what the kind of model takes by default, as for the next two.
        batch_size: documents in a training step.
        learning_rate: as in Steps.
        patience: epochs without a better dev macro-F1 until training stops.
        max_length: as in Steps.
        device: "auto", "cpu" or "cuda".
        precision: "auto", "float32" or "bfloat16".
        layers: of "tuned", the encoder's top layers that are trained.
        blend: of "tuned", share of its logits in the answer, from 0 to 1; None lets
            cross-validation choose.
    """

    model: str = field(
        default=DEFAULT_MODEL,
        metadata={
            "help": "Classifier: a BERT by hub name or path, 'minilm', 'probe' (logistic heads on the "
            "stored embeddings, which start from the class names), or 'tuned' (these heads and the top of "
            "the index's own encoder, trained on from them)."
        },
    )
    epochs: int | None = field(
        default=None,
        metadata={"help": "Of a BERT: at most, default 15. Of 'tuned': all, default 3.", "min": 1},
    )
    batch_size: int = 16
    learning_rate: float | None = field(
        default=None,
        metadata={
            "help": "Adam's, at its peak. Of a BERT: default 5e-5. Of 'tuned': default 1e-3.",
            "min": 1e-9,
        },
    )
    patience: int = PATIENCE
    max_length: int | None = field(
        default=None,
        metadata={
            "help": "Tokens read of a text. Of a BERT: default 512. Of 'tuned': default 128, at most "
            "the encoder's.",
            "min": 1,
        },
    )
    device: str = field(default="auto", metadata={"help": "auto, cpu or cuda."})
    precision: str = field(
        default="auto", metadata={"help": "Of a BERT and 'tuned': auto, float32 or bfloat16."}
    )
    layers: int = field(
        default=1, metadata={"help": "Of 'tuned': top layers that are trained.", "min": 1}
    )
    blend: float | None = field(
        default=None,
        metadata={
            "help": "Of 'tuned': share of its logits in the answer, 0 to 1; default: as "
            "cross-validation says."
        },
    )

    def steps(self, default: Steps) -> Steps:
        """The steps that were asked for, and these where none were."""
        return Steps(
            default.epochs if self.epochs is None else self.epochs,
            default.learning_rate if self.learning_rate is None else self.learning_rate,
            default.max_length if self.max_length is None else self.max_length,
        )

    def of_bert(self) -> dict[str, Any]:
        """What a BERT takes of it, by name, JSON-ready."""
        own = {**vars(self), **self.steps(BERT_STEPS)._asdict()}
        return {key: value for key, value in own.items() if key not in ("layers", "blend")}


class MaskedLM(Protocol):
    """A masked language model that says how surprising the tokens of a text are."""

    @property
    def name(self) -> str:
        """The name that it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """Models with the same fingerprint give the same surprisal."""

    @property
    def precision(self) -> str:
        """ "float32" or "bfloat16": how the model computes."""

    def surprisal(self, texts: Sequence[str], seed: int = 0) -> FloatMatrix:
        """(len(texts), length) float32, in nats; 0 where a token is not sampled."""


class Surprisal(Protocol):
    """Surprisal embeddings of the pool's documents (ALPS)."""

    def of(self, rows: Rows) -> FloatMatrix:
        """(len(rows), length) float32 of unit length, or zero."""
