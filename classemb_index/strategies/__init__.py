"""Query strategies by name, and the door through which a batch is asked for."""

from __future__ import annotations

import numpy as np

from ..errors import RequestError
from ..index import EmbeddingIndex
from ..labelled import LabelledSet
from ..pool import Pool
from .alps import cluster_selection, select_alps
from .base import (
    MOST_EPOCHS,
    NO_CLASS,
    Oracle,
    Selection,
    SelectionState,
    Strategy,
    Surprisal,
    TrainedClassifier,
)
from .class_embedding import select_class_embedding
from .cvirs import cvirs_scores, select_cvirs
from .dal import discriminative_selection, select_dal
from .max_uncertainty import select_max_uncertainty
from .random import select_random
from .uncertainty import select_uncertainty

STRATEGIES: dict[str, Strategy] = {
    "random": select_random,
    "class-embedding": select_class_embedding,
    "cvirs": select_cvirs,
    "dal": select_dal,
    "alps": select_alps,
    "uncertainty": select_uncertainty,
    "max-uncertainty": select_max_uncertainty,
}
NEED_CLASSIFIER = frozenset({"cvirs", "dal", "uncertainty", "max-uncertainty"})
NEED_MASKED_LM = frozenset({"alps"})

__all__ = [
    "MOST_EPOCHS",
    "NEED_CLASSIFIER",
    "NEED_MASKED_LM",
    "NO_CLASS",
    "STRATEGIES",
    "Oracle",
    "Selection",
    "SelectionState",
    "Strategy",
    "Surprisal",
    "TrainedClassifier",
    "check_batch",
    "check_strategy",
    "cluster_selection",
    "cvirs_scores",
    "discriminative_selection",
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
    index: EmbeddingIndex,
    labelled: LabelledSet,
    seed: int,
    oracle: Oracle | None = None,
    classifier: TrainedClassifier | None = None,
    surprisal: Surprisal | None = None,
    discriminator_epochs: int = MOST_EPOCHS,
) -> SelectionState:
    """What a strategy is given for one batch, with its randomness from `seed`."""
    rng = np.random.default_rng(seed)
    return SelectionState(index, labelled, rng, oracle, classifier, surprisal, discriminator_epochs)


def check_batch(name: str, labelled: LabelledSet, batch: int) -> Strategy:
    """The strategy of that name, when it can select so many.

    Raises:
        RequestError: no such strategy, or fewer than `batch` documents are unlabelled.
    """
    strategy = check_strategy(name)
    left = labelled.n_unlabelled
    if not 1 <= batch <= left:
        raise RequestError(
            f"asked for {batch} documents, {left} are left in the unlabelled set; lower --batch"
        )
    return strategy


def select_batch(name: str, state: SelectionState, batch: int) -> Selection:
    """The next batch to label by the strategy of that name.

    Raises:
        RequestError: no such strategy, fewer than `batch` documents are unlabelled, or
            the state lacks what the strategy looks at.
    """
    return check_batch(name, state.labelled, batch)(state, batch)
