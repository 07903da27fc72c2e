"""CVIRS: category vector inconsistency and ranking of scores (Reyes et al., 2018)."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from ..arrays import BoolMatrix, FloatMatrix, Scores, blocks
from .base import Aid, Selection, SelectionState, Strategy, highest

PAIRS = 1 << 20


def select_cvirs(state: SelectionState, batch: int) -> Selection:
    """The `batch` unlabelled documents of the highest CVIRS score.

    Label vectors of which a part is unknown are compared with none.
    """
    labelled = state.labelled
    probabilities = state.trained().probabilities(state.unlabelled_rows)
    known = labelled.labels[labelled.known.all(axis=1)]
    return highest(state, cvirs_scores(probabilities, known), batch)


CVIRS = Strategy(select_cvirs, frozenset({Aid.CLASSIFIER}))


def cvirs_scores(probabilities: FloatMatrix, labelled: BoolMatrix, *, pairs: int = PAIRS) -> Scores:
    """How informative each document is: small margins, and a label vector unlike the labelled ones.

    The product of two parts of Reyes, Morell and Ventura ("Effective active learning
    strategy for multi-label learning", Neurocomputing 273, 2018): the Borda aggregate of
    the ranks by margin |2p - 1| of every class, and the mean inconsistency of the
    predicted label vector (p > 0.5) with each labelled one, from entropies in bits.
    Equal margins are ranked by row. Label vectors repeat: each pair of distinct ones is
    compared once, so time and memory are linear in the documents.

    The `small-text` package's strategy of the same name is another formula: it takes
    argsort for ranks, other classes' probabilities for the margin, and the plain
    Hamming distance, and its scores are not comparable with these.

    Args:
        probabilities: (n_u, q) predicted for the unlabelled documents.
        labelled: (m, q) the labelled documents' labels; without any, every score is 0.
        pairs: of distinct label vectors that are compared at once; a matter of memory alone.

    Returns:
        (n_u,) float64 in [0, 1]; higher is to be labelled first.
    """
    predicted = probabilities > 0.5
    return _margin_rank(probabilities) * _inconsistency(predicted, labelled.astype(bool), pairs)


def _margin_rank(probabilities: FloatMatrix) -> Scores:
    """(n_u,) the share of documents with a greater margin, averaged over classes (Borda)."""
    n, q = probabilities.shape
    if n == 1:
        return np.ones(1)
    below = np.zeros(n)
    for column in probabilities.T:
        margins = np.abs(2 * column.astype(np.float64) - 1)  # in float32, 0 and 1e-9 tie
        order = np.argsort(margins, kind="stable")
        below[order] += np.arange(n - 1, -1, -1)  # n_u - rank
    return np.asarray(below / (q * (n - 1)))


def _inconsistency(predicted: BoolMatrix, labelled: BoolMatrix, pairs: int) -> Scores:
    """(n_u,) mean inconsistency of each predicted label vector with the labelled ones."""
    if not len(labelled):
        return np.zeros(len(predicted))
    vectors, place, _ = _distinct(predicted)
    others, _, counts = _distinct(labelled)
    means = np.empty(len(vectors))
    for block in blocks(len(vectors), max(1, pairs // len(others))):
        means[block] = _pair_inconsistency(vectors[block], others) @ counts / len(labelled)
    return np.asarray(means[place])


def _pair_inconsistency(first: BoolMatrix, second: BoolMatrix) -> Scores:
    """(len(first), len(second)) normalised entropy distance of each pair of label vectors."""
    q = first.shape[1]
    sizes, other_sizes = first.sum(axis=1)[:, None], second.sum(axis=1)[None, :]
    both = first.astype(float) @ second.T.astype(float)
    only_first, only_second = sizes - both, other_sizes - both
    neither = q - both - only_first - only_second
    differ, agree = only_first + only_second, both + neither
    joint = (
        _entropy(differ / q)
        + differ / q * _entropy(_share(only_first, differ))
        + agree / q * _entropy(_share(both, agree))
    )
    own = _entropy(sizes / q) + _entropy(other_sizes / q)
    distance = _share(2 * joint - own, joint)
    return np.where(differ == q, 1.0, np.where(differ == 0, 0.0, distance))


def _distinct(vectors: BoolMatrix) -> tuple[BoolMatrix, np.ndarray, np.ndarray]:
    """The distinct rows, which of them each row is, and how often each occurs."""
    packed = np.ascontiguousarray(np.packbits(vectors, axis=1))
    keys = packed.view(f"V{packed.shape[1]}").ravel()
    _, first, place, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    return vectors[first], place, counts


def _entropy(p: Scores) -> Scores:
    """Binary entropy in bits; 0 at 0 and 1."""
    return np.asarray((entr(p) + entr(1 - p)) / np.log(2))


def _share(part: Scores, whole: Scores) -> Scores:
    """part / whole; 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
