"""Each class's share, estimated from the documents that were labelled at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..arrays import Mask, Rows
from .batches import NO_CLASS, Batch
from .labelled import LabelledSet

LEVEL = 0.95  # of the intervals
RANDOM = "random"  # the strategy whose documents are a random sample


@dataclass(frozen=True)
class DocumentCount:
    """How many documents may have a class among those of which it is unknown, whole numbers.

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
        documents: that have the class among those of which it is unknown.
        note: what the sample is.
    """

    position: int
    share: float
    low: float
    high: float
    sample: int
    positives: int
    documents: DocumentCount
    note: str


def estimate_prevalence(labelled: LabelledSet, history: Sequence[Batch] = ()) -> list[Prevalence]:
    """The share of each class that was labelled at random, in the order of the classes.

    The sample is the batches of the strategy "random" in which every document is known to have
    the class or not. Documents that another strategy selected are never the sample: it looks for
    rare classes, so among its documents they are not rare. Nor are those of which nobody knows
    why they were labelled.
    After another strategy's batch the unlabelled set is no longer like the pool, so
    only batches with none between them are taken together: the largest such group, the
    earlier of equal ones. The share is that of the documents which were unlabelled before it:
    the whole pool where the group comes first.

    Intervals are those of Clopper and Pearson (Biometrika 26, 1934), without an
    approximation: at least 95 % of samples give one that holds the share. That a sample
    is drawn without replacement makes them wider than need be. Each holds for its class
    alone, not for all classes at once.

    The number of documents that are left follows from the share of the documents outside the sample:
    those labelled since that have the class are taken off, so that what a strategy has
    found is not promised again. Where all labelled documents are the sample it is the
    share times the unlabelled documents.

    Args:
        labelled: the labelled set.
        history: its batches, first to last, as far as they are known.
    """
    batches = [_unexplained(labelled, history), *history]
    known = np.array([labelled.known_of(batch.rows).all(axis=0) for batch in batches])
    is_random = known & np.array([batch.strategy == RANDOM for batch in batches])[:, None]
    samples: dict[bytes, _Sample | None] = {}
    prevalences = []
    for position, own in enumerate(is_random.T):
        if (key := own.tobytes()) not in samples:
            samples[key] = _random_sample(batches, own)
        if (sample := samples[key]) is not None:
            prevalences.append(_prevalence(labelled, position, sample))
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
    """

    rows: Rows
    before: int
    since: Rows


def _random_sample(batches: Sequence[Batch], is_random: Mask) -> _Sample | None:
    """The largest group of random batches that follow each other; None where there is none."""
    best = None
    for of_random, group in groupby(range(len(batches)), lambda i: bool(is_random[i])):
        places = list(group)
        rows = _rows([batches[i] for i in places])
        if of_random and len(rows) > (0 if best is None else len(best.rows)):
            before, since = _rows(batches[: places[0]]), _rows(batches[places[-1] + 1 :])
            best = _Sample(rows, len(before), since)
    return best


def _prevalence(labelled: LabelledSet, position: int, sample: _Sample) -> Prevalence:
    """The share of one class in the sample, and what follows for the documents that are left."""
    n, tail = len(sample.rows), (1 - LEVEL) / 2
    positives = int(labelled.labels_of(sample.rows)[:, position].sum())
    found = int(labelled.labels_of(sample.since)[:, position].sum())
    unanswered = int((~labelled.known_of(sample.since)[:, position]).sum())
    outside, left = labelled.n_unlabelled + len(sample.since), labelled.n_unlabelled + unanswered
    shares = positives / n, lower_bound(positives, n, tail), upper_bound(positives, n, tail)
    with_class = [min(max(share * outside - found, 0), left) for share in shares]
    documents = DocumentCount(
        round(with_class[0]), math.floor(with_class[1]), math.ceil(with_class[2])
    )
    return Prevalence(position, *shares, n, positives, documents, _note(sample))


def _unexplained(labelled: LabelledSet, history: Sequence[Batch]) -> Batch:
    """The labelled documents that stand in no batch."""
    rows = np.setdiff1d(labelled.rows, _rows(history))
    return Batch(rows, np.full(len(rows), NO_CLASS, dtype=np.int64), ("",) * len(rows))


def _rows(batches: Sequence[Batch]) -> Rows:
    return np.concatenate([np.empty(0, dtype=np.int64), *(batch.rows for batch in batches)])


def _note(sample: _Sample) -> str:
    n = len(sample.rows)
    after = f" after the first {sample.before}" if sample.before else ""
    return f"from {n} document{'s' * (n != 1)} selected at random{after}"
