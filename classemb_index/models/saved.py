"""SavedModel: a trained model in its folder, and what it says of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..arrays import BLOCK, BoolMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks
from ..errors import EncoderMismatchError, ModelFolderError, RequestError, UnknownClassError
from .blend import blended
from .calibration import Calibration
from .contracts import BERT, TUNED, ClassifiedTexts
from .familiarity import unfamiliar
from .folder import HEADS, LABELLED, TOP, read_facts

if TYPE_CHECKING:
    from .encoder import SentenceBertEncoder
    from .finetuned import FineTuned
    from .tuned_top import TunedTop

UNIT = "unit"  # the only normalisation of embeddings that there is
UNLIKE_UNIT = 1e-2  # that a length may differ from 1; float16 keeps three digits


class EncoderNames(Protocol):
    """The encoder that an index names; all None where its vectors came without one."""

    @property
    def name(self) -> str | None:
        """The name that it was asked for by."""

    @property
    def fingerprint(self) -> str | None:
        """Of the encoder."""


class Manifested(Protocol):
    """What an index's manifest says of its embeddings."""

    @property
    def encoder(self) -> EncoderNames:
        """What embedded the documents."""

    @property
    def dim(self) -> int:
        """Length of an embedding."""


class EmbeddedTexts(Protocol):
    """As much of an index as a model looks at."""

    @property
    def manifest(self) -> Manifested:
        """What it is made of."""

    @property
    def vectors_digest(self) -> str:
        """sha256 of its embeddings."""

    @property
    def pool(self) -> ClassifiedTexts:
        """Its documents."""

    def embeddings(self, rows: Rows | None = None) -> FloatMatrix:
        """(len(rows), dim) unit embeddings."""


class SavedModel:
    """A trained model in a folder. Make one with `train`, or `open` it.

    Attributes:
        folder: where it lies.
        facts: what its classemb.json says, see docs/json.md.
        classes: q names of the classes that it knows, in the order of its columns.
        thresholds: (q,) float32; a document has a class whose probability reaches it.
    """

    def __init__(
        self, folder: Path, facts: Mapping[str, Any], arrays: Mapping[str, Any], device: str
    ) -> None:
        self.folder = folder
        self.facts = facts
        self.classes = tuple(str(row["class"]) for row in facts["classes"])
        self.thresholds = _column(facts, "threshold")
        self._calibration = Calibration(
            _column(facts, "slope"), _column(facts, "offset"), self.thresholds
        )
        self._arrays = arrays
        self._device = device

    @classmethod
    def open(cls, folder: str | Path, *, device: str = "auto") -> SavedModel:
        """The model in a folder; nothing heavy is loaded before it is asked.

        Args:
            folder: written by `train`.
            device: "auto", "cpu" or "cuda", for an encoder or a BERT.

        Raises:
            ModelFolderError: there is no model, a newer version wrote it, it is damaged, or it reads
                embeddings of another normalisation.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        folder = Path(folder)
        facts = read_facts(folder)
        if facts["normalisation"] != UNIT:
            raise ModelFolderError(
                f"the model in {folder} reads embeddings of normalisation {facts['normalisation']!r}, "
                f"and those of this version are of {UNIT!r} length; train it again"
            )
        files = [LABELLED, *([HEADS] if facts["kind"] != BERT else [])]
        try:
            arrays = {key: x for file in files for key, x in load_file(folder / file).items()}
        except (OSError, SafetensorError) as cause:
            raise ModelFolderError(
                f"the model in {folder} is damaged: {files[-1]} cannot be read; train it again"
            ) from cause
        return cls(folder, facts, arrays, device)

    @property
    def reads_embeddings(self) -> bool:
        """False for a fine-tuned BERT, which reads texts alone."""
        return bool(self.facts["kind"] != BERT)

    @property
    def reads_texts(self) -> bool:
        """False for a probe, and for what was tuned in vain: these read embeddings alone."""
        return not self.reads_embeddings or bool(self._share)

    def probabilities(self, index: EmbeddedTexts, rows: Rows) -> FloatMatrix:
        """(len(rows), q) float32 calibrated probability of each class.

        Args:
            index: whose documents the rows are.
            rows: in any order.

        Raises:
            EncoderMismatchError: the index was embedded with another encoder.
        """
        self.check_index(index)
        found = np.empty((len(rows), len(self.classes)), dtype=np.float32)
        for part in blocks(len(rows), BLOCK):
            own = rows[part]
            found[part] = self.probabilities_of(
                texts=index.pool.texts_of(own) if self.reads_texts else None,
                embeddings=index.embeddings(own) if self.reads_embeddings else None,
            )
        return found

    def probabilities_of(
        self, *, texts: Sequence[str] | None = None, embeddings: FloatMatrix | None = None
    ) -> FloatMatrix:
        """(n, q) float32 calibrated probability of each class, of documents that are in no index.

        Args:
            texts: n texts; a model that reads embeddings makes them with its encoder, unless they are
                given.
            embeddings: (n, dim) of unit length, by the model's encoder; a BERT needs none, and to a
                probe they are all it needs.

        Raises:
            RequestError: what the model reads is not given, or the embeddings are of another
                dimension or not of unit length.
            ModelError: the encoder cannot be had.
            EncoderMismatchError: the model of its name is another one by now.
        """
        if self.reads_texts and texts is None:
            instead = "beside" if self.reads_embeddings else "not"
            raise RequestError(f"the model in {self.folder} reads texts, {instead} embeddings")
        if texts is not None and not self.reads_embeddings:
            return self._fine_tuned.probabilities(texts)
        if embeddings is None:
            if texts is None:
                raise RequestError("neither texts nor embeddings are given; give one of them")
            embeddings = self.encoder.encode(texts)
        self._check_embeddings(embeddings)
        scores = embeddings @ self._arrays["weights"].T + self._arrays["offsets"]
        if texts is not None and self._share:
            scores = blended(scores, self._tuned_top.logits(texts), self._arrays["shares"])
        return self._calibration.probabilities(scores)

    def decide(self, probabilities: FloatMatrix) -> BoolMatrix:
        """(n, q) True where a probability reaches the threshold of its class."""
        return self._calibration.decide(probabilities)

    @property
    def familiarity_limit(self) -> float | None:
        """The cosine below which a document resembles nothing labelled; None below 20 of these."""
        limit: float | None = self.facts["familiarity"]["limit"]
        return limit

    def unfamiliar(self, embeddings: FloatMatrix) -> Mask:
        """(n,) True for documents that resemble nothing that was labelled.

        Their cosine to the nearest labelled document is below the 1st percentile of what the
        labelled documents have to their nearest other one. Below 20 of them none is.

        Args:
            embeddings: (n, dim) of unit length, by the model's encoder.
        """
        return unfamiliar(embeddings, self._arrays["labelled"], self.familiarity_limit)

    def check_index(self, index: EmbeddedTexts) -> None:
        """Nothing, when the embeddings of an index are those that the model was trained on.

        A BERT reads texts and takes any index. Where vectors came without an encoder, they must be
        the very same ones.

        Raises:
            EncoderMismatchError: they are of another encoder.
        """
        own = self.facts["encoder"]
        if not self.reads_embeddings or self.has_embeddings_of(index):
            return
        there = index.manifest.encoder.name
        raise EncoderMismatchError(
            f"the model in {self.folder} reads embeddings of {_named(own['name'])}, and the index has "
            f"those of {_named(there)} or of another version or length of it; use an index of the same "
            "encoder, or train on this one"
        )

    def has_embeddings_of(self, index: EmbeddedTexts) -> bool:
        """Whether an index was embedded as the one that the model was trained on."""
        own, there = self.facts["encoder"], index.manifest.encoder
        if own["fingerprint"] is None and there.fingerprint is None:
            return bool(self.facts["index"]["vectors_sha256"] == index.vectors_digest)
        return bool(own["fingerprint"] == there.fingerprint)

    def check_classes(self, classes: Sequence[str]) -> None:
        """Nothing, when every class of the model is one of these.

        Raises:
            UnknownClassError: one was renamed, merged or removed since the model was trained.
        """
        if gone := [name for name in self.classes if name not in classes]:
            raise UnknownClassError(
                f"the model in {self.folder} knows classes that the pool has not: {', '.join(gone)}; the "
                "pool's classes have changed, so train again"
            )

    @cached_property
    def encoder(self) -> SentenceBertEncoder:
        """The encoder of the embeddings that it reads, loaded when it is first asked for.

        Raises:
            RequestError: the vectors that it was trained on came without an encoder.
            ModelError: it cannot be had.
            EncoderMismatchError: the model of that name is another one by now.
        """
        from .encoder import SentenceBertEncoder

        own = self.facts["encoder"]
        if own["name"] is None:
            raise RequestError(
                f"the model in {self.folder} was trained on vectors that came without an encoder, so no "
                "text can be embedded for it; predict for the index"
            )
        encoder = SentenceBertEncoder(
            own["name"], device=self._device, max_length=own["max_length"]
        )
        if encoder.fingerprint != own["fingerprint"]:
            raise EncoderMismatchError(
                f"the model in {self.folder} was trained on embeddings of {own['name']!r}, which is "
                "another model by now; train again on an index that is built with it"
            )
        return encoder

    @cached_property
    def _fine_tuned(self) -> FineTuned:
        from .finetuned import FineTuned

        return FineTuned(self.folder, self.facts["training"]["max_length"], self._device)

    @cached_property
    def _tuned_top(self) -> TunedTop:
        from .tuned_top import TunedTop

        own = self.facts["training"]
        return TunedTop(self.folder / TOP, self.encoder, own["layers"], own["max_length"])

    @property
    def _share(self) -> float:
        """Of the trained layers in the scores."""
        return float(self.facts["training"]["share"]) if self.facts["kind"] == TUNED else 0.0

    def _check_embeddings(self, embeddings: FloatMatrix) -> None:
        dim = self.facts["dim"]
        if embeddings.ndim != 2 or embeddings.shape[1] != dim:
            raise RequestError(f"embeddings have shape {embeddings.shape}, not (n, {dim})")
        lengths = np.linalg.norm(embeddings, axis=1)
        if len(lengths) and not np.abs(lengths - 1).max() < UNLIKE_UNIT:
            raise RequestError(
                "embeddings are not of unit length, and the model was trained on such; scale them"
            )


def _column(facts: Mapping[str, Any], key: str) -> FloatVector:
    return np.array([row[key] for row in facts["classes"]], dtype=np.float32)


def _named(name: str | None) -> str:
    return "no known encoder" if name is None else repr(name)
