"""ALPS: documents that surprise a pre-trained masked language model in different ways (2020)."""

from __future__ import annotations

import warnings

import numpy as np

from ..arrays import FloatMatrix, Rows
from ..errors import RequestError
from .base import Aid, Selection, SelectionState, Strategy, for_no_class


def select_alps(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents, each near the centre of a cluster of surprisal embeddings.

    Labels are not looked at, so it selects from an unlabelled pool too.

    Raises:
        RequestError: no masked language model was named.
    """
    if state.surprisal is None:
        raise RequestError(
            "the strategy 'alps' needs a masked language model; name one with --masked-lm NAME|PATH"
        )
    rows = state.unlabelled_rows
    return for_no_class(rows[cluster_selection(state.surprisal.of(rows), batch, state.rng)])


ALPS = Strategy(select_alps, frozenset({Aid.SURPRISAL}))


def cluster_selection(embeddings: FloatMatrix, batch: int, rng: np.random.Generator) -> Rows:
    """The document nearest to each of `batch` k-means centres (Yuan, Lin, Boyd-Graber, EMNLP 2020).

    A centre whose nearest document is taken takes its next nearest; ties go to the lower
    row. One k-means++ start, which the article leaves open.

    Args:
        embeddings: (n_u, d) float32.
        batch: how many centres, at most n_u.
        rng: gives k-means its seed.

    Returns:
        (batch,) int64 positions in `embeddings`, in the order of the centres.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    k_means = KMeans(batch, n_init=1, random_state=int(rng.integers(2**31)))
    # several threads add up in any order, and the same seed would not give the same centres
    with threadpool_limits(1), warnings.catch_warnings():
        # equal documents leave centres without one: they take the next
        warnings.simplefilter("ignore", ConvergenceWarning)
        centres = k_means.fit(embeddings).cluster_centers_
    picked: list[int] = []
    for centre in centres:
        # not by inner products, whose rounding hangs on the row: equal documents must tie
        distances = np.square(embeddings - centre).sum(axis=1)
        distances[picked] = np.inf
        picked.append(int(np.argmin(distances)))
    return np.array(picked, dtype=np.int64)
