"""The probe: logistic heads on the stored embeddings, for machines without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .classifier import OnEpoch
from .types import BoolMatrix, FloatMatrix, Rows

PROBE = "probe"


class ProbeClassifier:
    """One logistic regression a class on frozen embeddings, classes weighted equally.

    A class with no labelled document gets probability 0, one that every labelled
    document has gets 1. The dev split is not used.

    Args:
        embeddings: (n, dim) float32 of the whole pool, memory-mapped or not.
        c: inverse strength of the L2 penalty.
    """

    uses_dev = False

    def __init__(self, embeddings: FloatMatrix, c: float = 1.0) -> None:
        self._embeddings = embeddings
        self._c = c
        self._heads: list[Any] = []

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
    ) -> int:
        """See Classifier; the heads have one solution, so the seed changes nothing."""
        from sklearn.linear_model import LogisticRegression

        embeddings = self._embeddings[rows]
        self._heads = []
        for column in labels.T:
            if column.all() or not column.any():
                self._heads.append(float(column.all()))
                continue
            head = LogisticRegression(C=self._c, class_weight="balanced", max_iter=1000)
            self._heads.append(head.fit(embeddings, column))
        if on_epoch:
            on_epoch(1, None)
        return 1

    def probabilities(self, rows: Rows) -> FloatMatrix:
        """See Classifier."""
        embeddings = self._embeddings[rows]
        probabilities = np.empty((len(rows), len(self._heads)), dtype=np.float32)
        for c, head in enumerate(self._heads):
            constant = isinstance(head, float)
            probabilities[:, c] = head if constant else head.predict_proba(embeddings)[:, 1]
        return probabilities
