"""One batch by every strategy, at 10,000 and 100,000 documents, beside small-text's counterparts."""

from __future__ import annotations

import argparse
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import in_turn, median, save
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from classemb_index import (
    EmbeddingIndex,
    Pool,
    ProbeClassifier,
    Record,
    StrategyOptions,
    cvirs_scores,
    draw_labelled,
)
from classemb_index.strategies.base import SelectionState
from classemb_index.strategies.dal import discriminative_selection
from classemb_index.strategies.selection import STRATEGIES, oracle_of, select_batch

CLASSES, DIM, LENGTH = 10, 384, 128
LABELLED, BATCH = 600, 50
DIFFERENCES = {
    "cvirs": "argsort once in place of ranks, the other classes' sum as the margin, plain Hamming "
    "distance (its entropy distance is computed and not used), every pair of documents compared",
    "dal": "single-label data only, the remainder of the batch in the last mini-query; here both with "
    "the same logistic regression",
    "alps": "EmbeddingKMeans on the same surprisal embeddings: ten k-means starts or one, as "
    "scikit-learn's default has it, nearest by inner product; it has no surprisal of its own",
    "uncertainty": "no multi-label uncertainty; PredictionEntropy takes the probabilities as one "
    "distribution",
    "random": "none",
}


class Fixed:
    """A small-text classifier whose probabilities and embeddings are given."""

    def __init__(self, probabilities: np.ndarray, embeddings: np.ndarray) -> None:
        self._probabilities, self._embeddings = probabilities, embeddings

    def predict_proba(self, dataset: Any) -> np.ndarray:
        """Those of the documents in the data set."""
        return self._probabilities[dataset.x[:, 0].astype(int)]

    def embed(self, dataset: Any, pbar: object = None) -> np.ndarray:
        """Those of the documents in the data set."""
        return self._embeddings[dataset.x[:, 0].astype(int)]


class Logistic:
    """A small-text classifier and its own factory: logistic regression on given embeddings."""

    def __init__(self, embeddings: np.ndarray) -> None:
        self._embeddings = embeddings

    def new(self) -> Logistic:
        """Another one."""
        return Logistic(self._embeddings)

    def fit(self, dataset: Any) -> Logistic:
        """Train on a data set."""
        model = LogisticRegression(class_weight="balanced")
        self._model = model.fit(self._embeddings[dataset.x[:, 0].astype(int)], dataset.y)
        return self

    def predict_proba(self, dataset: Any) -> np.ndarray:
        """(n, 2)."""
        return self._model.predict_proba(self._embeddings[dataset.x[:, 0].astype(int)])


class GivenSurprisal:
    """Surprisal embeddings of every row."""

    def __init__(self, embeddings: np.ndarray) -> None:
        self._embeddings = embeddings

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Those of these rows."""
        return self._embeddings[rows]


def main() -> None:
    """Measure every strategy at every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--discriminator-epochs", type=int, default=50)
    options = parser.parse_args()
    found = {
        str(n): measure(n, options.repeats, options.discriminator_epochs) for n in options.sizes
    }
    save(
        "strategies",
        {
            "settings": vars(options)
            | {"classes": CLASSES, "dim": DIM, "labelled": LABELLED, "batch": BATCH},
            "small-text computes something else": DIFFERENCES,
            "documents": found,
        },
    )


def measure(n: int, repeats: int, epochs: int) -> dict[str, Any]:
    """Seconds of one batch by each strategy among n documents, the classifier trained before."""
    rng = np.random.default_rng(0)
    labels = rng.random((n, CLASSES)) < np.linspace(0.3, 0.01, CLASSES)
    vectors = labels @ rng.standard_normal((CLASSES, DIM)) + rng.standard_normal((n, DIM))
    records = [
        Record(str(i), "text", tuple(f"c{c}" for c in np.flatnonzero(row)), "train")
        for i, row in enumerate(labels)
    ]
    surprisal = rng.gamma(1.0, 2.0, (n, LENGTH)) * (rng.random((n, LENGTH)) < 0.15)
    surprisal /= np.maximum(np.linalg.norm(surprisal, axis=1, keepdims=True), 1e-9)
    surprisal = surprisal.astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddingIndex.build(
            Pool.from_records(records), None, Path(folder) / "index", embeddings=np.float32(vectors)
        )
        labelled = draw_labelled(index.pool, LABELLED, 0)
        probe = ProbeClassifier(index.embeddings())
        nothing = np.zeros(0, dtype=np.int64)
        probe.fit(labelled.rows, labelled.labels, nothing, index.pool.labels[nothing], 0)
        oracle = oracle_of(index.pool, labelled)

        def ours(name: str) -> Callable[[], object]:
            return lambda: select_batch(
                name,
                SelectionState(
                    index,
                    labelled,
                    np.random.default_rng(0),
                    oracle,
                    probe,
                    GivenSurprisal(surprisal),
                    options=StrategyOptions(discriminator_epochs=epochs),
                ),
                BATCH,
            )

        unlabelled = np.flatnonzero(labelled.unlabelled)
        probabilities = probe.probabilities(np.arange(n))
        runs = {name: ours(name) for name in STRATEGIES}
        runs["cvirs, scores alone"] = lambda: cvirs_scores(
            probabilities[unlabelled], labelled.labels
        )
        runs["dal, logistic regression"] = lambda: discriminative_selection(
            index.embeddings(labelled.rows),
            index.embeddings(unlabelled),
            BATCH,
            np.random.default_rng(0),
            discriminator=logistic,
        )
        runs |= counterparts(index, labelled, unlabelled, probabilities, surprisal)
        seconds = in_turn(runs, repeats)
        tracemalloc.start()
        cvirs_scores(probabilities[unlabelled], labelled.labels)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return {
        "median": {name: median(values) for name, values in seconds.items()},
        "seconds": seconds,
        "cvirs_scores peak MB": round(peak / 1e6, 1),
    }


def counterparts(
    index: EmbeddingIndex,
    labelled: Any,
    unlabelled: np.ndarray,
    probabilities: np.ndarray,
    surprisal: np.ndarray,
) -> dict[str, Callable[[], object]]:
    """small-text's strategies on the same documents, probabilities and embeddings."""
    from small_text.data.datasets import SklearnDataset
    from small_text.query_strategies import (
        CategoryVectorInconsistencyAndRanking,
        DiscriminativeActiveLearning,
        EmbeddingKMeans,
        PredictionEntropy,
        RandomSampling,
    )

    numbers = np.arange(len(index))[:, None].astype(float)  # a document is known by its number
    dataset = SklearnDataset(numbers, np.zeros(len(index), dtype=int))
    fixed = Fixed(probabilities, surprisal)
    y = csr_matrix(labelled.labels.astype(int))

    def theirs(strategy: Any, **options: Any) -> Callable[[], object]:
        return lambda: strategy.query(
            fixed, dataset, unlabelled, labelled.rows, y, n=BATCH, **options
        )

    discriminative = DiscriminativeActiveLearning(Logistic(index.embeddings()), 10, pbar=None)
    return {
        "small-text RandomSampling": theirs(RandomSampling()),
        "small-text CVIRS": theirs(CategoryVectorInconsistencyAndRanking(pbar=None)),
        "small-text DAL, logistic regression": theirs(discriminative),
        "small-text EmbeddingKMeans": theirs(EmbeddingKMeans(), pbar=None),
        "small-text PredictionEntropy": theirs(PredictionEntropy()),
    }


def logistic(
    labelled: np.ndarray, unlabelled: np.ndarray, candidates: np.ndarray, seed: int
) -> np.ndarray:
    """The discriminator that small-text's strategy is given too."""
    x = np.concatenate([unlabelled, labelled])
    y = np.repeat([1, 0], [len(unlabelled), len(labelled)])
    model = LogisticRegression(class_weight="balanced").fit(x, y)
    return model.predict_proba(candidates)[:, 1]


if __name__ == "__main__":
    main()
