"""Query strategies by name, and the door through which a batch is asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.batches import NO_CLASS, Batch
from ..labels.labelled import LabelledSet
from ..labels.progress import ClassOutlook
from ..models.classifier import make_classifier
from ..models.contracts import PROBE, Classifier, Surprisal, TrainedClassifier, Training
from ..pool.pool import Pool
from .alps import select_alps
from .anchoral import select_anchoral
from .base import Oracle, Selection, SelectionState, Strategy, StrategyOptions, select_random
from .class_embedding import select_class_embedding
from .cvirs import select_cvirs
from .dal import select_dal
from .near_duplicates import without_near_duplicates
from .portfolio import select_portfolio
from .seals import select_seals
from .uncertainty import select_balanced, select_max_uncertainty, select_uncertainty

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


def classifier_for(index: EmbeddingIndex, settings: Training) -> Classifier:
    """The classifier that `settings.model` names, for the documents of an index; not yet trained."""
    return make_classifier(index.pool, index.embeddings(), settings)


def train_classifier(
    index: EmbeddingIndex, labelled: LabelledSet, settings: Training, seed: int
) -> Classifier:
    """A classifier trained on the labelled set, for a strategy that looks at one.

    A BERT stops early on the dev documents with known labels, where there are any.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the pool has no classes, or a BERT is to be trained and nothing is labelled.
    """
    if not index.pool.classes:
        raise RequestError(
            f"the pool {index.pool.name} has no classes to learn; add labels to its documents, or select "
            "with --strategy random"
        )
    if not len(labelled) and settings.model != PROBE:
        raise RequestError(
            f"no document is labelled, so {settings.model!r} has nothing to be trained on; label "
            "some, or select with --strategy random"
        )
    classifier = classifier_for(index, settings)
    dev = index.pool.known_rows("dev")
    classifier.fit(labelled.rows, labelled.labels, dev, index.pool.labels[dev], seed)
    return classifier


def picks_json(pool: Pool, selection: Selection) -> list[dict[str, Any]]:
    """The picks of a selection, in order."""
    steps = selection.steps or ("",) * len(selection.rows)
    picks = zip(selection.rows, selection.classes, selection.scores, steps, strict=True)
    return [
        {
            "rank": rank,
            "row": int(row),
            "id": pool.ids[row],
            "class": None if c == NO_CLASS else pool.classes[c],
            "score": None if math.isnan(score) else float(score),
            "step": step or None,
        }
        for rank, (row, c, score, step) in enumerate(picks, start=1)
    ]


def select_json(
    pool: Pool,
    selection: Selection,
    strategy: str,
    seed: int,
    outlooks: Sequence[ClassOutlook] = (),
) -> dict[str, Any]:
    """The answer of `select`."""
    return {
        "strategy": strategy,
        "batch": len(selection.rows),
        "seed": seed,
        "selected": picks_json(pool, selection),
        "skipped_classes": [pool.classes[c] for c in selection.skipped],
        "note": selection.note,
        "classes": [
            {"class": pool.classes[outlook.position], **outlook.document()} for outlook in outlooks
        ],
    }


def write_picks(pool: Pool, selection: Selection, strategy: str, path: Path) -> None:
    """Write a selection as JSONL, a pick a line with its text, for the annotators."""
    lines = (
        json.dumps(
            {**pick, "strategy": strategy, "text": pool.text(pick["row"])}, ensure_ascii=False
        )
        + "\n"
        for pick in picks_json(pool, selection)
    )
    path.write_text("".join(lines), encoding="utf-8")
