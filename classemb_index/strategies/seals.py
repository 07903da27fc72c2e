"""SEALS (Coleman et al., AAAI 2022): a base strategy on the labelled documents' neighbours."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from ..arrays import Rows
from ..index.index import EmbeddingIndex
from .base import Aid, Selection, SelectionState, Strategy, select_from

NEIGHBOURS = 100

# by number of neighbours and row
_near: WeakKeyDictionary[EmbeddingIndex, dict[int, dict[int, Rows]]] = WeakKeyDictionary()


def select_seals(state: SelectionState, batch: int, neighbours: int = NEIGHBOURS) -> Selection:
    """What the base strategy selects among the candidates of SEALS."""
    return select_from(state, seals_candidates(state, neighbours), batch)


SEALS = Strategy(select_seals, frozenset({Aid.BASE}), options=("base",))


def seals_candidates(state: SelectionState, neighbours: int = NEIGHBOURS) -> Rows:
    """The unlabelled documents among the 100 nearest of any labelled one, rising.

    "Similarity search for efficient active learning and search of rare concepts"
    (arXiv:2007.00077). Each labelled document is looked up once, among all documents that can
    be selected: what is near to it hangs on the index alone, and is kept as long as that is open.
    """
    labelled = state.labelled
    near = _near.setdefault(state.index, {}).setdefault(neighbours, {})
    new = np.array([row for row in labelled.rows.tolist() if row not in near], dtype=np.int64)
    if new.size:
        selectable = state.index.pool.selectable
        k = min(neighbours + 1, int(np.count_nonzero(selectable)))  # itself is one of them
        nearest = state.index.search(state.index.embeddings(new), k, among=selectable)
        for row, rows in zip(new.tolist(), nearest.rows, strict=True):
            near[row] = rows[rows != row][:neighbours]
    if not len(labelled):
        return np.zeros(0, dtype=np.int64)
    union = np.unique(np.concatenate([near[row] for row in labelled.rows.tolist()]))
    return np.asarray(union[labelled.unlabelled[union]])
