"""Folds of a cross-validation that keep near-duplicates together and classes spread."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, Rows, blocks

NEAR_DUPLICATE = 0.95  # cosine similarity from which two documents stay in one fold
BLOCK = 1024  # documents that are compared with all others at once


def near_duplicate_groups(embeddings: FloatMatrix, most_alike: float = NEAR_DUPLICATE) -> Rows:
    """The group of each document: documents that are more alike than that, and those like them.

    Args:
        embeddings: (m, dim) float32 of unit length.
        most_alike: cosine similarity above which two documents are in one group.

    Returns:
        (m,) int64, groups numbered from 0 in the order of their first document.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    m = len(embeddings)
    pairs = [np.zeros((2, 0), dtype=np.int64)]
    for part in blocks(m, BLOCK):
        first, second = np.nonzero(embeddings[part] @ embeddings[part.start :].T > most_alike)
        pairs.append(np.stack([first, second]) + part.start)
    ends = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(ends.shape[1], dtype=bool), (ends[0], ends[1])), shape=(m, m))
    groups = connected_components(links, directed=False)[1].astype(np.int64)
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def stratified_folds(labels: BoolMatrix, groups: Rows, k: int, rng: np.random.Generator) -> Rows:
    """The fold of each document: each class is spread over the folds, and no group is parted.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011) over groups: the
    class with the fewest documents left comes first, and its groups go, the largest first, where
    most of the class is still wanted; ties go where most documents are wanted, then by chance.

    Args:
        labels: (m, q) bool.
        groups: (m,) from `near_duplicate_groups`.
        k: folds.
        rng: breaks ties, and the order of groups of one size.

    Returns:
        (m,) int64 from 0 to k - 1.
    """
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    sizes = np.bincount(groups, minlength=n_groups)
    positives = np.zeros((n_groups, labels.shape[1]), dtype=np.int64)
    np.add.at(positives, groups, labels)
    wanted = np.tile(positives.sum(axis=0) / k, (k, 1))  # (k, q), falls as groups are placed
    room = np.full(k, len(groups) / k)
    fold_of = np.full(n_groups, -1, dtype=np.int64)
    order = rng.permutation(n_groups)

    def place(group: int, wants: np.ndarray) -> None:
        best = np.lexsort((rng.random(k), -room, -wants))[0]
        fold_of[group] = best
        wanted[best] -= positives[group]
        room[best] -= sizes[group]

    left = positives.sum(axis=0)
    while left.any():
        c = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        own = order[(fold_of[order] < 0) & (positives[order, c] > 0)]
        for group in own[np.argsort(-positives[own, c], kind="stable")]:
            place(group, wanted[:, c])
        left = positives[fold_of < 0].sum(axis=0)
    rest = order[fold_of[order] < 0]
    for group in rest[np.argsort(-sizes[rest], kind="stable")]:
        place(group, room)
    return fold_of[groups]
