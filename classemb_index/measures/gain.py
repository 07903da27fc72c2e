"""What more labels are likely to gain: learning curves from subsets of the labels so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolMatrix, Rows
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.contracts import THRESHOLD
from ..models.probe import ProbeClassifier
from ..queries.names import name_prior

NEXT = 50  # labels
REPEATS = 12
HELD_OUT = 0.25  # of the labelled documents, in each repeat
SHARES = (1 / 3, 2 / 3, 1.0)  # of the others, that are learnt from
FEWEST = 4  # positives, and negatives, of a class that has a curve
DRAWS = 1000  # of the bootstrap

Decisions = NDArray[np.int64]  # (repeats, shares, q, 2) hits, and predicted and true together


@dataclass(frozen=True)
class Gain:
    """What the next labels are likely to gain for one class.

    Attributes:
        class_name: the class; None for the mean over the classes that have a curve.
        sizes: labelled documents that were learnt from, rising.
        f1: on held-out labelled documents, for each size.
        next_labels: how many labels more.
        gain: of F1, where the curve goes on as it went.
        low: of the 95 % bootstrap interval over repeats.
        high: of the same.
    """

    class_name: str | None
    sizes: tuple[int, ...]
    f1: tuple[float, ...]
    next_labels: int
    gain: float
    low: float
    high: float

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        found = {"class" if key == "class_name" else key: v for key, v in asdict(self).items()}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in found.items()}


def likely_gains(
    index: EmbeddingIndex, labelled: LabelledSet, *, next_labels: int = NEXT, seed: int = 0
) -> list[Gain]:
    """The mean over the classes, then each class with at least 4 positives and 4 negatives.

    Twelve times a quarter of the labelled documents is held out, and the probe learns from a third,
    two thirds and all of the others. The counts of the repeats together give one F1 a class
    and size. It is taken to rise with the logarithm of the labels, a straight line through the three
    (inverse power laws, as in Figueroa et al., BMC Med. Inform. Decis. Mak. 12:8, 2012, need more sizes),
    and never to fall. Repeats overlap, so the interval is narrower than that of new labels would be.
    The documents are those that a strategy selected: the scores are not those of the pool.

    Args:
        index: the pool and its embeddings.
        labelled: the labelled set.
        next_labels: how many more.
        seed: of the draws.
    """
    m, known = len(labelled), labelled.known
    counts = labelled.labels.sum(axis=0), (known & ~labelled.labels).sum(axis=0)
    positions = np.flatnonzero((counts[0] >= FEWEST) & (counts[1] >= FEWEST))
    if not positions.size:
        return []
    rng, held_out = np.random.default_rng(seed), round(m * HELD_OUT)
    sizes = [max(1, round((m - held_out) * share)) for share in SHARES]
    probe = ProbeClassifier(index.embeddings(), name_prior(index))
    repeats = [
        _repeat(probe, labelled, rng.permutation(m), held_out, sizes) for _ in range(REPEATS)
    ]
    decisions = np.stack(repeats)[:, :, positions]
    growth = np.log((m + next_labels) / m)
    gains, f1 = _gains(decisions, sizes, growth), _f1(decisions)
    drawn = rng.integers(0, REPEATS, (DRAWS, REPEATS))
    spread = np.stack([_gains(decisions[places], sizes, growth) for places in drawn])
    names = [index.pool.classes[c] for c in positions]
    of_classes = [
        _gain(name, sizes, f1[:, c], next_labels, gains[c], spread[:, c])
        for c, name in enumerate(names)
    ]
    mean = _gain(None, sizes, f1.mean(axis=1), next_labels, gains.mean(), spread.mean(axis=1))
    return [mean, *of_classes]


def _repeat(
    probe: ProbeClassifier,
    labelled: LabelledSet,
    order: Rows,
    held_out: int,
    sizes: Sequence[int],
) -> Decisions:
    """(shares, q, 2) what probes of rising size decide on the first documents of the order."""
    asked, others = np.sort(order[:held_out]), order[held_out:]
    return np.stack([_decided(probe, labelled, np.sort(others[:size]), asked) for size in sizes])


def _decided(
    probe: ProbeClassifier, labelled: LabelledSet, learnt: Rows, asked: Rows
) -> NDArray[np.int64]:
    nobody, labels, known = np.zeros(0, dtype=np.int64), labelled.labels, labelled.known
    probe.fit(labelled.rows[learnt], labels[learnt], nobody, labels[:0], 0, known=known[learnt])
    predicted: BoolMatrix = probe.probabilities(labelled.rows[asked]) > THRESHOLD
    predicted, true = predicted & known[asked], labels[asked]
    hits = (predicted & true).sum(axis=0)
    return np.stack([hits, predicted.sum(axis=0) + true.sum(axis=0)], axis=-1)


def _f1(decisions: Decisions) -> NDArray[np.float64]:
    """(shares, classes) F1 of the repeats' counts together."""
    hits, named = np.moveaxis(decisions.sum(axis=0), -1, 0)
    return np.asarray(2 * hits / np.maximum(named, 1), dtype=np.float64)


def _gains(decisions: Decisions, sizes: Sequence[int], growth: float) -> NDArray[np.float64]:
    """(classes,) rise of F1 along a straight line over the logarithm of the size, at most to 1."""
    f1, x = _f1(decisions), np.log(sizes)
    slopes = (x - x.mean()) @ (f1 - f1.mean(axis=0)) / np.square(x - x.mean()).sum()
    return np.asarray(np.clip(slopes * growth, 0, 1 - f1[-1]), dtype=np.float64)


def _gain(
    name: str | None,
    sizes: Sequence[int],
    f1: NDArray[np.float64],
    next_labels: int,
    gain: float,
    spread: NDArray[np.float64],
) -> Gain:
    low, high = np.percentile(spread, (2.5, 97.5))
    scores = tuple(float(score) for score in f1)
    return Gain(name, tuple(sizes), scores, next_labels, float(gain), float(low), float(high))
