"""Logistic heads, and the top of the index's own encoder trained on from them (LP-FT)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..arrays import BLOCK, BoolMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks
from ..errors import RequestError
from .activations import KeptActivations
from .blend import best_share, blended
from .contracts import TUNED, OnEpoch, Steps, Training
from .encoder import SentenceBertEncoder
from .folder import HEADS, TOP
from .folds import near_duplicate_groups, stratified_folds
from .layers import OUTPUT_BIAS, SplitEncoder, TopLayers
from .named import NamePrior
from .saved import EmbeddedTexts
from .starts import Start, heads_of

TUNED_STEPS = Steps(3, 1e-3, 128)
PREDICT_BATCH = 32
FOLDS = 2  # that the share is chosen with
FEW = 10  # positives or negatives below which a class is left to its head


class IndexedTexts(EmbeddedTexts, Protocol):
    """As much of an index as this classifier looks at."""

    @property
    def cache(self) -> Path:
        """Folder for what is computed once."""

    @property
    def documents_digest(self) -> str:
        """sha256 of its documents."""

    def load_encoder(
        self, *, device: str | None = None, precision: str = "auto"
    ) -> SentenceBertEncoder:
        """The encoder of its embeddings, on a device of its own where one is named."""


class TunedClassifier:
    """The probe's heads, blended with the encoder's top layers trained on from them.

    Linear probing, then fine-tuning (Kumar et al., ICLR 2022): the output layer starts as the heads,
    so that the first steps do not spoil what the encoder knows. Only its top layers and the output
    layer are trained, by the cross-entropy that the heads are the best of (plain heads weigh both
    sides of a class equally), with Adam at a constant rate and without dropout; what lies below is
    computed once a document. The logit of the answer is (1 - share) times the heads' plus share times
    the trained layers', and a probability of 0.5 is where the heads decide. Where no blend is asked
    for, cross-validation on the labelled documents chooses the share (`best_share`); at 0 nothing
    more is trained and the answer is that of the heads. So is the answer for a class with fewer than 10
    positives or negatives, whose head knows its name. The dev split is not used.

    One thread or several give the same up to rounding; the same machine, seed and threads give
    the same.

    Args:
        index: gives embeddings, texts and the encoder.
        training: how to train.
        prior: of the classes; None, or one without a name, for plain heads.

    Attributes:
        share: of the trained layers in the answer, after `fit`; 0 where no class is trained.

    Raises:
        RequestError: the index has no encoder, or it cannot be trained as asked.
        ModelError: the encoder cannot be had, or is of a make that cannot be cut.
        EncoderMismatchError: the model of its name is another one by now.
    """

    uses_dev = False

    def __init__(
        self,
        index: IndexedTexts,
        training: Training | None = None,
        prior: NamePrior | None = None,
    ) -> None:
        training = training or Training(model=TUNED)
        if training.blend is not None and not 0 <= training.blend <= 1:
            raise RequestError(f"a blend of {training.blend} is no share; give one from 0 to 1")
        encoder = index.load_encoder(device=training.device, precision=training.precision)
        length = min(TUNED_STEPS.max_length, encoder.max_length)
        self._training = training
        self._steps = training.steps(TUNED_STEPS._replace(max_length=length))
        self._split = SplitEncoder(encoder, training.layers, self._steps.max_length)
        self._activations = KeptActivations(
            self._split, index.pool.texts_of, index.cache, index.documents_digest
        )
        self._index = index
        self._heads = heads_of(prior)
        self._names = None if prior is None or not prior.names.any() else prior.digest
        self.share = 0.0

    def settings(self) -> Mapping[str, Any]:
        """See Classifier; what is the default or not there is filled in here."""
        encoder, blend = self._split.encoder, self._training.blend
        return {
            "model": TUNED,
            **self._steps._asdict(),
            "batch_size": self._training.batch_size,
            "layers": self._training.layers,
            **({"blend_folds": FOLDS} if blend is None else {"blend": blend}),
            **({} if self._names is None else {"names": self._names}),
            "device": encoder.device,
            "precision": encoder.precision,
        }

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
        """See Classifier; the seed orders the documents and breaks ties among folds."""
        known = np.ones_like(labels) if known is None else known
        examples = _Examples(rows, labels & known, known)
        share = self._training.blend
        if share is None:
            share = self._validated_share(examples, seed)
        self._fitted = self._fit(examples, seed, is_tuned=share > 0)
        self.share = 0.0 if self._fitted.top is None else share
        if on_epoch:
            on_epoch(self._steps.epochs, None)
        return self._steps.epochs

    def logits(self, rows: Rows) -> FloatMatrix:
        """(len(rows), q) float32 whose sigmoid is the probability; infinite for an untrained class."""
        found = blended(*self._scores(self._fitted, rows), self._shares)
        return found - self._fitted.start.cuts

    @property
    def _shares(self) -> FloatVector:
        """(q,) of each class: 0 where it is left to its head."""
        return np.where(self._fitted.is_tuned, self.share, 0).astype(np.float32)

    def probabilities(self, rows: Rows) -> FloatMatrix:
        """See Classifier."""
        from scipy.special import expit

        return np.asarray(expit(self.logits(rows)), dtype=np.float32)

    def representations(self, rows: Rows) -> FloatMatrix:
        """See Classifier: the tuned embeddings, of unit length; at share 0 the stored ones."""
        top = self._fitted.top
        if top is None:
            return np.asarray(self._index.embeddings(rows))
        return self._by_block(rows, top.embed, self._split.encoder.dim)

    def save(self, folder: Path) -> None:
        """Write heads and trained layers as safetensors; both decide at logit 0."""
        from safetensors.numpy import save_file

        start, top = self._fitted.start, self._fitted.top
        offsets = start.offsets - start.cuts
        heads = {"weights": start.weights, "offsets": offsets, "shares": self._shares}
        save_file(heads, folder / HEADS)
        if top is not None:
            state = top.state()
            state[OUTPUT_BIAS] = state[OUTPUT_BIAS] - start.cuts
            save_file(state, folder / TOP)

    def _validated_share(self, examples: _Examples, seed: int) -> float:
        """The share that is best on documents that neither model of a fold has seen."""
        groups = near_duplicate_groups(self._index.embeddings(examples.rows))
        k = min(FOLDS, int(groups.max(initial=0)) + 1)
        if k < FOLDS:
            return 0.0
        folds = stratified_folds(examples.labels, groups, k, np.random.default_rng([seed, 0]))
        of_heads = np.empty(examples.labels.shape, dtype=np.float32)
        of_top = np.empty_like(of_heads)
        compared = examples.has_enough
        for f in range(k):
            fitted = self._fit(examples.of(folds != f), seed, is_tuned=True)
            out = folds == f
            of_heads[out], of_top[out] = self._scores(fitted, examples.rows[out])
            compared = compared & fitted.is_tuned
        weights = fitted.start.cell_weights(examples.labels, examples.known & compared)
        return best_share(of_heads, of_top, examples.labels, weights)

    def _fit(self, examples: _Examples, seed: int, is_tuned: bool) -> _Fitted:
        embeddings = self._index.embeddings(examples.rows)
        start = self._heads(embeddings, examples.labels, examples.known)
        able = np.isfinite(start.offsets) & examples.has_enough
        if not is_tuned or not able.any():
            return _Fitted(start, np.zeros_like(able), None)
        top = TopLayers(self._split, start.weights, np.where(able, start.offsets, 0))
        weights = start.cell_weights(examples.labels, examples.known & able)
        self._train(top, examples, weights, seed)
        return _Fitted(start, able, top)

    def _train(
        self, top: TopLayers, examples: _Examples, cell_weights: FloatMatrix, seed: int
    ) -> None:
        import torch

        weights = torch.from_numpy(cell_weights).to(top.device)
        targets = torch.from_numpy(examples.labels.astype(np.float32)).to(top.device)
        optimizer = torch.optim.Adam(top.parameters(), self._steps.learning_rate)
        rng = np.random.default_rng([seed, 1])
        for _ in range(self._steps.epochs):
            order = rng.permutation(len(examples.rows))
            for part in blocks(len(order), self._training.batch_size):
                own = order[part]
                logits = top.logits(self._activations.of(examples.rows[own]))
                loss: Any = torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, targets[own], weights[own], reduction="sum"
                )
                optimizer.zero_grad()
                (loss / max(1, int(np.count_nonzero(cell_weights[own])))).backward()
                optimizer.step()

    def _scores(self, fitted: _Fitted, rows: Rows) -> tuple[FloatMatrix, FloatMatrix]:
        """(len(rows), q) logits of the heads, and of the trained layers where there are any."""
        start = fitted.start
        of_heads = np.empty((len(rows), len(start.offsets)), dtype=np.float32)
        for part in blocks(len(rows), BLOCK):
            of_heads[part] = self._index.embeddings(rows[part]) @ start.weights.T + start.offsets
        if fitted.top is None:
            return of_heads, of_heads
        return of_heads, self._by_block(rows, fitted.top.logits, of_heads.shape[1])

    def _by_block(self, rows: Rows, ask: Callable[..., Any], width: int) -> FloatMatrix:
        import torch

        found = np.empty((len(rows), width), dtype=np.float32)
        with torch.inference_mode():
            for part in blocks(len(rows), PREDICT_BATCH):
                found[part] = ask(self._activations.of(rows[part])).cpu().numpy()
        return found


class _Examples(NamedTuple):
    """Rows (m,) of the pool, their labels (m, q) where known, and known cells (m, q)."""

    rows: Rows
    labels: BoolMatrix
    known: BoolMatrix

    @property
    def has_enough(self) -> Mask:
        """(q,) True for classes with positives and negatives that can be trained on."""
        negatives = self.known & ~self.labels
        return np.asarray(np.minimum(self.labels.sum(axis=0), negatives.sum(axis=0)) >= FEW)

    def of(self, inside: Mask) -> _Examples:
        return _Examples(self.rows[inside], self.labels[inside], self.known[inside])


class _Fitted(NamedTuple):
    """Heads, what was trained on from them, and (q,) True for the classes that it was trained for."""

    start: Start
    is_tuned: Mask
    top: TopLayers | None
