"""Each class's share, estimated from the documents that were labelled at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..arrays import Rows
from .batches import NO_CLASS, Batch
from .labelled import LabelledSet

LEVEL = 0.95  # of the intervals
RANDOM = "random"  # the strategy whose documents are a random sample


@dataclass(frozen=True)
class DocumentCount:
    """How many unlabelled documents may have a class, whole numbers.

    Attributes:
        estimate: the likeliest.
        low: of the 95 % interval, rounded down.
        high: rounded up.
    """

    estimate: int
    low: int
    high: int


@dataclass(frozen=True)
class Prevalence:
    """The estimated share of one class.

    Attributes:
        position: the class's position.
        share: of the sample's documents that have the class, 0 to 1.
        low: of the exact two-sided 95 % interval.
        high: of the same.
        sample: documents in the random sample.
        positives: of them that have the class.
        documents: of the unlabelled set that have the class.
        note: what the sample is, and what is taken on trust.
    """

    position: int
    share: float
    low: float
    high: float
    sample: int
    positives: int
    documents: DocumentCount
    note: str


def estimate_prevalence(
    labelled: LabelledSet, history: Sequence[Batch] = ()
) -> list[Prevalence] | None:
    """The share of every class, in their order; None where nothing is labelled at random.

    Documents that a strategy selected are never the sample: it looks for rare classes, so
    among its documents they are not rare. The sample is the batches of the strategy
    "random", and on trust those of which nobody knows the strategy and no line names a
    class: files of ids, and labelled documents that stand in no batch, as the first ones.
    After another strategy's batch the unlabelled set is no longer like the pool, so
    only batches with none between them are taken together: the largest such group, the
    earlier of equal ones. The share is that of the documents which were unlabelled before it:
    the whole pool where the group comes first.

    Intervals are those of Clopper and Pearson (Biometrika 26, 1934), without an
    approximation: at least 95 % of samples give one that holds the share. That a sample
    is drawn without replacement makes them wider than need be. Each holds for its class
    alone, not for all classes at once.

    The number of unlabelled documents follows from the share of the documents outside the sample:
    those labelled since that have the class are taken off, so that what a strategy has
    found is not promised again. Where all labelled documents are the sample it is the
    share times the unlabelled documents.

    Args:
        labelled: the labelled set.
        history: its batches, first to last, as far as they are known.
    """
    sample = _random_sample(labelled, history)
    if sample is None:
        return None
    n = len(sample.rows)
    positives = labelled.labels_of(sample.rows).sum(axis=0).tolist()
    since = labelled.labels_of(sample.since).sum(axis=0).tolist()
    outside = labelled.n_unlabelled + len(sample.since)
    tail = (1 - LEVEL) / 2
    prevalences = []
    for position, (count, known) in enumerate(zip(positives, since, strict=True)):
        shares = count / n, lower_bound(count, n, tail), upper_bound(count, n, tail)
        left = [min(max(s * outside - known, 0), labelled.n_unlabelled) for s in shares]
        documents = DocumentCount(round(left[0]), math.floor(left[1]), math.ceil(left[2]))
        prevalences.append(Prevalence(position, *shares, n, count, documents, _note(sample)))
    return prevalences


def lower_bound(positives: int, documents: int, tail: float) -> float:
    """The share at which so many positives or more have the probability `tail`; 0 for none.

    The lower end of Clopper and Pearson's interval: a quantile of the beta distribution.
    """
    from scipy.special import betaincinv

    if positives == 0:
        return 0.0
    return float(betaincinv(positives, documents - positives + 1, tail))


def upper_bound(positives: int, documents: int, tail: float) -> float:
    """The share at which so many positives or fewer have the probability `tail`; 1 for all."""
    return 1 - lower_bound(documents - positives, documents, tail)


@dataclass(frozen=True)
class _Sample:
    """Documents labelled at random, one batch straight after another.

    Attributes:
        rows: (s,) the documents.
        before: how many were labelled before them.
        since: rows that were labelled after them.
        on_trust: whether nobody knows that they were drawn at random.
    """

    rows: Rows
    before: int
    since: Rows
    on_trust: bool


def _random_sample(labelled: LabelledSet, history: Sequence[Batch]) -> _Sample | None:
    """The largest group of batches that were labelled at random; None where none was."""
    batches = [_unexplained(labelled, history), *history]
    best = None
    for is_random, group in groupby(range(len(batches)), lambda i: _is_random(batches[i])):
        places = list(group)
        own = [batches[i] for i in places]
        rows = _rows(own)
        if is_random and len(rows) > (0 if best is None else len(best.rows)):
            best = _Sample(
                rows,
                len(_rows(batches[: places[0]])),
                _rows(batches[places[-1] + 1 :]),
                any(batch.strategy is None and len(batch.rows) for batch in own),
            )
    return best


def _unexplained(labelled: LabelledSet, history: Sequence[Batch]) -> Batch:
    """The labelled documents that stand in no batch."""
    rows = np.setdiff1d(labelled.rows, _rows(history))
    return Batch(rows, np.full(len(rows), NO_CLASS, dtype=np.int64), ("",) * len(rows))


def _is_random(batch: Batch) -> bool:
    """Whether it is a random sample, or may be one for all that is known."""
    asked = bool((batch.classes != NO_CLASS).any()) or any(batch.steps)
    return batch.strategy == RANDOM or (batch.strategy is None and not asked)


def _rows(batches: Sequence[Batch]) -> Rows:
    return np.concatenate([np.empty(0, dtype=np.int64), *(batch.rows for batch in batches)])


def _note(sample: _Sample) -> str:
    n = len(sample.rows)
    words = f"from {n} document{'s' * (n != 1)}"
    after = f" after the first {sample.before}" if sample.before else ""
    if not sample.on_trust:
        return f"{words} selected at random{after}"
    return f"{words}{after and f' labelled{after}'}, if chosen at random"
