"""AnchorAL (Lesci, Vlachos, NAACL 2024), multi-label: a base strategy near anchors of each class."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows, Scores
from ..labels.labelled import LabelledSet
from .base import Aid, Selection, SelectionState, Strategy, select_from

ANCHORS = 10  # of a class
NEIGHBOURS = 50  # of an anchor
SUBPOOL = 500


def select_anchoral(state: SelectionState, batch: int) -> Selection:
    """What the base strategy selects in the sub-pool of AnchorAL."""
    return select_from(state, anchoral_subpool(state), batch)


ANCHORAL = Strategy(select_anchoral, frozenset({Aid.BASE}), options=("base",))


def anchoral_subpool(
    state: SelectionState,
    anchors_a_class: int = ANCHORS,
    neighbours: int = NEIGHBOURS,
    size: int = SUBPOOL,
) -> Rows:
    """Up to 500 unlabelled documents near the classes' anchors, rising.

    "AnchorAL: computationally efficient active learning for large and imbalanced datasets"
    (arXiv:2404.05623) is made for one label a document. Here a document may be an anchor of
    several classes, and each class may fill a share of the sub-pool in inverse proportion to its
    labelled documents, with its own best candidates; what the shares leave is filled with the
    best of all. A candidate's score is its mean similarity to the anchors that returned it. No
    anchor, no candidate.

    Args:
        state: what is selected from.
        anchors_a_class: at most.
        neighbours: of an anchor.
        size: of the sub-pool, at most.
    """
    labelled, index = state.labelled, state.index
    embeddings = index.embeddings(labelled.rows)
    anchors, anchor_classes = _anchors(embeddings, labelled, anchors_a_class, state.rng)
    if not len(anchors):
        return anchors
    k = min(neighbours, labelled.n_unlabelled)
    nearest = index.search(embeddings[anchors], k, among=labelled.unlabelled)
    rows, place = np.unique(nearest.rows, return_inverse=True)
    place = place.reshape(nearest.rows.shape)
    picked = np.zeros(len(rows), dtype=bool)
    positions = np.unique(anchor_classes)
    shares = 1 / labelled.counts[positions]
    quotas = np.floor(size * shares / shares.sum() + 1e-9).astype(int)
    for c, quota in zip(positions, quotas, strict=True):
        own = anchor_classes == c
        scores = _mean_similarity(place[own], nearest.scores[own], len(rows))
        picked |= _best(scores, quota)
    scores = _mean_similarity(place, nearest.scores, len(rows))
    picked |= _best(np.where(picked, -np.inf, scores), size - int(picked.sum()))
    return np.asarray(rows[picked])


def _anchors(
    embeddings: FloatMatrix, labelled: LabelledSet, most: int, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Places among the labelled documents by k-means++, and the class of each."""
    from sklearn.cluster import kmeans_plusplus

    anchors = [np.zeros(0, dtype=np.int64)]
    for column in labelled.labels.T:
        members = np.flatnonzero(column)
        if len(members) > most:
            seed = int(rng.integers(2**31))
            chosen = kmeans_plusplus(embeddings[members], most, random_state=seed)[1]
            members = members[np.unique(chosen)]
        anchors.append(members)
    sizes = [len(members) for members in anchors[1:]]
    return np.concatenate(anchors), np.repeat(np.arange(len(sizes)), sizes)


def _mean_similarity(place: Rows, similarities: FloatMatrix, n: int) -> Scores:
    """(n,) each candidate's mean similarity to the anchors that returned it; -inf without one."""
    returned = np.bincount(place.ravel(), minlength=n)
    total = np.bincount(place.ravel(), weights=similarities.ravel(), minlength=n)
    means = np.full(n, -np.inf)
    return np.asarray(np.divide(total, returned, out=means, where=returned > 0))


def _best(scores: Scores, count: int) -> Mask:
    """(n,) True for the `count` highest that are not -inf, ties to the lower place."""
    chosen = np.argsort(-scores, kind="stable")[: max(0, count)]
    best = np.zeros(len(scores), dtype=bool)
    best[chosen] = True
    return best & np.isfinite(scores)
