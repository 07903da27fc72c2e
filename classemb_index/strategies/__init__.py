"""Query strategies by name, and the door through which a batch is asked for."""

from __future__ import annotations

import numpy as np

from ..errors import RequestError
from ..index import EmbeddingIndex
from ..labelled import LabelledSet
from ..pool import Pool
from .base import NO_CLASS, Oracle, Selection, SelectionState, Strategy
from .class_embedding import select_class_embedding
from .random import select_random

STRATEGIES: dict[str, Strategy] = {
    "random": select_random,
    "class-embedding": select_class_embedding,
}

__all__ = [
    "NO_CLASS",
    "STRATEGIES",
    "Oracle",
    "Selection",
    "SelectionState",
    "Strategy",
    "check_strategy",
    "oracle_of",
    "select_batch",
    "selection_state",
]


def check_strategy(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        RequestError: there is none; the message names the choices.
    """
    if name not in STRATEGIES:
        raise RequestError(f"no strategy {name!r}; there are: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


def oracle_of(pool: Pool, labelled: LabelledSet) -> Oracle:
    """The oracle that answers with the pool's own labels.

    Raises:
        RequestError: labels of unlabelled documents are unknown.
    """
    unknown = int(np.count_nonzero(labelled.unlabelled & ~pool.is_known))
    if unknown:
        raise RequestError(
            f"the labels of {unknown} unlabelled documents are unknown, so there is no oracle; "
            "leave out --oracle"
        )
    return lambda row: np.asarray(pool.labels[row])


def selection_state(
    index: EmbeddingIndex, labelled: LabelledSet, seed: int, oracle: Oracle | None = None
) -> SelectionState:
    """What a strategy is given for one batch, with its randomness from `seed`."""
    return SelectionState(index, labelled, np.random.default_rng(seed), oracle)


def select_batch(name: str, state: SelectionState, batch: int) -> Selection:
    """The next batch to label by the strategy of that name.

    Raises:
        RequestError: no such strategy, or fewer than `batch` documents are unlabelled.
    """
    strategy = check_strategy(name)
    left = state.labelled.n_unlabelled
    if not 1 <= batch <= left:
        raise RequestError(
            f"asked for {batch} documents, {left} are left in the unlabelled set; lower --batch"
        )
    return strategy(state, batch)
