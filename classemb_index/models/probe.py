"""The probe: logistic heads on the stored embeddings, for machines without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import BLOCK, BoolMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks
from .contracts import PROBE, OnEpoch
from .named import PENALTY, NamedHeads, NamePrior, fit_named_heads


def logistic_head(
    embeddings: FloatMatrix, has_class: Mask, c: float = 1.0
) -> tuple[FloatVector, float]:
    """Weight vector and offset of one logistic regression, the two sides weighted equally.

    Args:
        embeddings: (m, dim) float32.
        has_class: (m,) both True and False occur.
        c: inverse strength of the L2 penalty.

    Returns:
        (dim,) float32, and the offset: a document is on the class's side where
        weights @ embedding + offset is above 0.
    """
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=c, class_weight="balanced", max_iter=1000)
    # some BLAS kernels raise the flag on lanes that hold no number (numpy/numpy#24067,
    # OpenMathLib/OpenBLAS#1924); scikit-learn refuses a NaN among the embeddings itself
    with np.errstate(invalid="ignore"):
        head.fit(embeddings, has_class)
    return head.coef_[0].astype(np.float32), float(head.intercept_[0])


class ProbeClassifier:
    """One logistic regression a class on frozen embeddings: a named head, or a plain one.

    Named heads know something of every class before a label. Their probabilities are shifted in
    log odds, so that the one at which the expected F1 is best becomes 0.5: there decisions are made,
    and there a document is uncertain.

    Plain heads weigh both sides of a class equally. A class that no document is known to have gets
    probability 0, one that all have of which it is known gets 1.

    The dev split is not used.

    Args:
        embeddings: (n, dim) float32 of the whole pool, memory-mapped or not.
        prior: of the classes; None, or one without a name, for plain heads.
        c: inverse strength of the L2 penalty of plain heads.
        block: documents whose embeddings are held at once.

    Attributes:
        heads: the named heads of the last training; None of plain ones.
    """

    uses_dev = False

    def __init__(
        self,
        embeddings: FloatMatrix,
        prior: NamePrior | None = None,
        *,
        c: float = 1.0,
        block: int = BLOCK,
    ) -> None:
        self._embeddings = embeddings
        self._prior = prior if prior is not None and prior.names.any() else None
        self._c = c
        self._block = block
        self.heads: NamedHeads | None = None

    def settings(self) -> Mapping[str, Any]:
        """See Classifier."""
        if self._prior is None:
            return {"model": PROBE, "c": self._c, "class_weight": "balanced"}
        return {"model": PROBE, "c": 1 / PENALTY, "names": self._prior.digest}

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
        """See Classifier; the heads have one solution, so the seed changes nothing."""
        embeddings = self._embeddings[rows]
        if self._prior is not None:
            cells = np.ones_like(labels) if known is None else known
            self.heads = fit_named_heads(embeddings, labels, cells, self._prior)
            self._weights = self.heads.weights
            self._offsets = self.heads.offsets - self.heads.cuts
        else:
            self._fit_plain(embeddings, labels, known)
        if on_epoch:
            on_epoch(1, None)
        return 1

    def probabilities(self, rows: Rows) -> FloatMatrix:
        """See Classifier."""
        from scipy.special import expit

        probabilities = np.empty((len(rows), len(self._offsets)), dtype=np.float32)
        for part in blocks(len(rows), self._block):
            logits = self._embeddings[rows[part]] @ self._weights.T + self._offsets
            probabilities[part] = expit(logits)
        return probabilities

    def representations(self, rows: Rows) -> FloatMatrix:
        """See Classifier: the embeddings."""
        return np.asarray(self._embeddings[rows])

    def _fit_plain(
        self, embeddings: FloatMatrix, labels: BoolMatrix, known: BoolMatrix | None
    ) -> None:
        q = labels.shape[1]
        self._weights = np.zeros((q, embeddings.shape[1]), dtype=np.float32)
        self._offsets = np.full(q, -np.inf, dtype=np.float32)
        for c in range(q):
            own = slice(None) if known is None else known[:, c]
            column = labels[own, c]
            if column.any() and not column.all():
                self._weights[c], self._offsets[c] = logistic_head(embeddings[own], column, self._c)
            elif column.any():
                self._offsets[c] = np.inf
