"""The probe: logistic heads on the stored embeddings, for machines without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import BLOCK, BoolMatrix, FloatMatrix, FloatVector, Mask, Rows, blocks
from .contracts import PROBE, OnEpoch


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
    """One logistic regression a class on frozen embeddings, classes weighted equally.

    A class that no document is known to have gets probability 0, one that all have of which
    it is known gets 1. The dev split is not used.

    Args:
        embeddings: (n, dim) float32 of the whole pool, memory-mapped or not.
        c: inverse strength of the L2 penalty.
        block: documents whose embeddings are held at once.
    """

    uses_dev = False

    def __init__(self, embeddings: FloatMatrix, c: float = 1.0, block: int = BLOCK) -> None:
        self._embeddings = embeddings
        self._c = c
        self._block = block

    def settings(self) -> Mapping[str, Any]:
        """See Classifier."""
        return {"model": PROBE, "c": self._c, "class_weight": "balanced"}

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
        if on_epoch:
            on_epoch(1, None)
        return 1

    @property
    def heads(self) -> tuple[FloatMatrix, FloatVector]:
        """(q, dim) weights and (q,) offsets, after `fit`; infinite where it knows only one side."""
        return self._weights, self._offsets

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
