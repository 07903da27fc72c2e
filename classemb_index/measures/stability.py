"""Whether more labels still change what a classifier says: when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays import BoolMatrix, Rows
from ..index.index import EmbeddingIndex
from ..labels.batches import Batch
from ..labels.labelled import LabelledSet
from ..labels.progress import ClassProgress
from ..models.contracts import THRESHOLD
from ..models.probe import ProbeClassifier
from ..queries.names import name_prior

STOP_SET = 2000  # documents
STABLE = 0.99  # mean kappa
BATCHES = 3  # in a row
DONE = ("enough", "exhausted")  # verdicts of a class that needs no further search


@dataclass(frozen=True)
class Stopping:
    """Whether to stop labelling.

    Attributes:
        kappas: of the last batches, first to last: how far the decisions after each agree with those
            before it, mean over classes; at most three.
        is_stable: whether there are three and their mean is 0.99 or more.
        open_classes: those that are neither "enough" nor "exhausted".
        stop: whether predictions are stable and no class is open.
        why: in words.
    """

    kappas: tuple[float, ...]
    is_stable: bool
    open_classes: tuple[str, ...]
    stop: bool
    why: str

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def judge_stopping(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    history: Sequence[Batch],
    progress: Sequence[ClassProgress],
) -> Stopping:
    """Whether to stop, by the predictions that the last batches changed and by each class's search.

    Stabilising predictions (Bloodgood, Vijay-Shanker, CoNLL 2009): a classifier is trained on the labels
    before and after a batch, and both decide on the same 2,000 random documents, whose labels
    nobody needs; where Cohen's kappa of their decisions has a mean of 0.99 or more over the last three
    batches, further ones change little. Ours: the classifier is the probe, of several classes the
    mean of their kappas is taken, and a class that is still worth a search holds the stop back:
    a class of which nothing was found yet is stable too.

    Args:
        index: the pool and its embeddings.
        labelled: the labelled set.
        history: its batches, first to last.
        progress: of every class.
    """
    pool = index.pool
    kappas = tuple(_kappas(index, labelled, history[-BATCHES:]))
    mean = float(np.mean(kappas)) if kappas else 0.0
    is_stable = len(kappas) == BATCHES and mean >= STABLE
    still = tuple(pool.classes[own.position] for own in progress if own.verdict not in DONE)
    words = [_stability_words(kappas, mean, is_stable)]
    if still:
        words.append(f"search is not done for {', '.join(still)}")
    return Stopping(kappas, is_stable, still, is_stable and not still, "; ".join(words))


def mean_kappa(first: BoolMatrix, second: BoolMatrix) -> float:
    """Mean over the classes of Cohen's kappa of two classifiers' decisions.

    Where both decide the same of all documents, chance leaves nothing to agree on: kappa is 1.

    Args:
        first: (n, q) decisions.
        second: (n, q) decisions on the same documents.
    """
    agreed = (first == second).mean(axis=0)
    p, q = first.mean(axis=0), second.mean(axis=0)
    by_chance = p * q + (1 - p) * (1 - q)
    kappas = np.ones(len(agreed))
    differs = by_chance < 1
    kappas[differs] = (agreed[differs] - by_chance[differs]) / (1 - by_chance[differs])
    return float(kappas.mean())


def _kappas(index: EmbeddingIndex, labelled: LabelledSet, last: Sequence[Batch]) -> list[float]:
    """The kappa of each of these batches."""
    if not index.pool.classes:
        return []
    selectable = np.flatnonzero(index.pool.selectable)
    size = min(STOP_SET, len(selectable))
    stop_set = np.sort(np.random.default_rng(0).choice(selectable, size, replace=False))
    rows: list[Rows] = [labelled.rows]
    for batch in reversed(last):
        rows.append(np.setdiff1d(rows[-1], batch.rows))
    probe = ProbeClassifier(index.embeddings(), name_prior(index))
    decided = [_decisions(probe, labelled, own, stop_set) for own in reversed(rows) if len(own)]
    return [mean_kappa(*pair) for pair in pairwise(decided)]


def _decisions(
    probe: ProbeClassifier, labelled: LabelledSet, rows: Rows, asked: Rows
) -> BoolMatrix:
    """(len(asked), q) what a probe that is trained on these labelled rows decides."""
    nobody, labels = np.zeros(0, dtype=np.int64), labelled.labels_of(rows)
    probe.fit(rows, labels, nobody, labels[:0], 0, known=labelled.known_of(rows))
    return np.asarray(probe.probabilities(asked) > THRESHOLD)


def _stability_words(kappas: Sequence[float], mean: float, is_stable: bool) -> str:
    if len(kappas) < BATCHES:
        return f"predictions are compared over {BATCHES} batches, {len(kappas)} can be compared yet"
    state = "stable" if is_stable else "still changing"
    rule = f"over the last {BATCHES} batches, stop at {STABLE:g}"
    return f"predictions are {state}: mean kappa {mean:.3f} {rule}"
