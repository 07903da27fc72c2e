"""Query strategies by name, and the door through which a batch is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import RequestError
from ..history import NO_CLASS, Batch
from ..index import EmbeddingIndex
from ..labelled import LabelledSet
from ..pool import Pool
from .alps import cluster_selection, select_alps
from .anchoral import select_anchoral
from .balanced import balanced_scores, select_balanced
from .base import (
    MOST_EPOCHS,
    Oracle,
    Selection,
    SelectionState,
    Strategy,
    StrategyOptions,
    Surprisal,
    TrainedClassifier,
)
from .class_embedding import select_class_embedding
from .cvirs import cvirs_scores, select_cvirs
from .dal import discriminative_selection, select_dal
from .max_uncertainty import select_max_uncertainty
from .near_duplicates import without_near_duplicates
from .portfolio import select_portfolio
from .random import select_random
from .seals import select_seals
from .uncertainty import select_uncertainty

STRATEGIES: dict[str, Strategy] = {
    "random": select_random,
    "class-embedding": select_class_embedding,
    "cvirs": select_cvirs,
    "dal": select_dal,
    "alps": select_alps,
    "uncertainty": select_uncertainty,
    "max-uncertainty": select_max_uncertainty,
    "portfolio": select_portfolio,
    "anchoral": select_anchoral,
    "seals": select_seals,
    "balanced": select_balanced,
}
PAPER_STRATEGIES = tuple(STRATEGIES)[:7]
HAVE_BASE = frozenset({"anchoral", "seals"})
NEED_CLASSIFIER = frozenset(
    {"cvirs", "dal", "uncertainty", "max-uncertainty", "portfolio", "balanced"}
)
NEED_MASKED_LM = frozenset({"alps"})

__all__ = [
    "HAVE_BASE",
    "MOST_EPOCHS",
    "NEED_CLASSIFIER",
    "NEED_MASKED_LM",
    "NO_CLASS",
    "PAPER_STRATEGIES",
    "STRATEGIES",
    "Oracle",
    "Selection",
    "SelectionState",
    "Strategy",
    "StrategyOptions",
    "Surprisal",
    "TrainedClassifier",
    "balanced_scores",
    "check_batch",
    "check_options",
    "check_strategy",
    "cluster_selection",
    "cvirs_scores",
    "discriminative_selection",
    "involved",
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


def check_options(options: StrategyOptions) -> None:
    """Nothing, when the options can be followed.

    Raises:
        RequestError: the base strategy is unknown or has a base itself, or the cosine
            similarity is not one.
    """
    check_strategy(options.base)
    if options.base in HAVE_BASE:
        bases = ", ".join(name for name in STRATEGIES if name not in HAVE_BASE)
        raise RequestError(f"{options.base!r} cannot be a base strategy; there are: {bases}")
    limit = options.no_near_duplicates
    if limit is not None and not 0 < limit < 1:
        raise RequestError(
            f"a cosine similarity of {limit} tells no near-duplicates; --no-near-duplicates takes a "
            "number between 0 and 1, such as 0.95"
        )


def involved(names: Iterable[str], options: StrategyOptions) -> set[str]:
    """These strategies, and the base strategy where one of them has one."""
    found = set(names)
    return found | {options.base} if found & HAVE_BASE else found


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
    options: StrategyOptions | None = None,
    history: Sequence[Batch] = (),
) -> SelectionState:
    """What a strategy is given for one batch, with its randomness from `seed`."""
    rng = np.random.default_rng(seed)
    options = options or StrategyOptions()
    return SelectionState(index, labelled, rng, oracle, classifier, surprisal, options, history)


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
    strategy = check_batch(name, state.labelled, batch)
    check_options(state.options)
    # portfolio keeps near-duplicates out as it goes
    if state.options.no_near_duplicates is None or strategy is select_portfolio:
        return strategy(state, batch)
    return without_near_duplicates(strategy, state, batch, state.options.no_near_duplicates)
