"""From a classifier's scores to probabilities and decisions, learned on scores out of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, Mask
from .contracts import THRESHOLD

METHOD = "Platt scaling on out-of-fold scores"
FEW = 5  # positives or negatives below which a class borrows its slope
BINS = 10  # of a reliability table
STEPS, SLOPE_ERROR, RIDGE = 100, 1e-6, 1e-12  # of Newton's method


@dataclass(frozen=True)
class Calibration:
    """Probabilities of scores, and the threshold of each class.

    Attributes:
        slopes: (q,) float32, not negative: a higher score never has a lower probability.
        offsets: (q,) float32; the probability is 1 / (1 + exp(-(slope * score + offset))).
        thresholds: (q,) float32; a document has a class whose probability reaches it.
    """

    slopes: FloatVector
    offsets: FloatVector
    thresholds: FloatVector

    def probabilities(self, scores: FloatMatrix) -> FloatMatrix:
        """(n, q) float32 of (n, q) scores; NaN stays NaN."""
        from scipy.special import expit

        return np.asarray(expit(scores * self.slopes + self.offsets), dtype=np.float32)

    def decide(self, probabilities: FloatMatrix) -> BoolMatrix:
        """(n, q) True where a probability reaches the threshold of its class."""
        return np.asarray(probabilities >= self.thresholds)


class Bin(NamedTuple):
    """A row of a reliability table.

    Attributes:
        low: of the probabilities, which are at least that.
        high: they are below that, in the last bin at most that.
        n: cells.
        mean: their mean probability.
        share: how many of them are positive, from 0 to 1.
    """

    low: float
    high: float
    n: int
    mean: float
    share: float


def calibrate(scores: FloatMatrix, labels: BoolMatrix, known: BoolMatrix) -> Calibration:
    """Slope, offset and threshold of each class, learned from scores that its training did not see.

    Platt scaling with his smoothed targets (Advances in Large Margin Classifiers, 1999). A class
    with fewer than 5 positives or negatives borrows the median slope of the others, 1 where there
    are none; its offset makes the mean probability its smoothed share. The threshold is that of the
    best F1 on these scores, half way to the next score; 0.5 where both sides are not scored.

    Args:
        scores: (m, q) float32; NaN where no model could be trained without the document.
        labels: (m, q).
        known: (m, q) True for the cells that count.
    """
    q = labels.shape[1]
    slopes, offsets = np.full(q, np.nan), np.zeros(q)
    cells = known & np.isfinite(scores)
    for c in range(q):
        own = cells[:, c]
        if _fewest(labels[own, c]) >= FEW:
            slopes[c], offsets[c] = platt(scores[own, c], labels[own, c])
    borrowed = np.isnan(slopes)
    slopes[borrowed] = np.median(slopes[~borrowed]) if not borrowed.all() else 1.0
    for c in np.flatnonzero(borrowed).tolist():
        has = labels[known[:, c], c]
        share = (np.count_nonzero(has) + 1) / (len(has) + 2)
        offsets[c] = _offset_for(slopes[c] * scores[cells[:, c], c], share)
    found = Calibration(_float32(slopes), _float32(offsets), np.full(q, THRESHOLD, np.float32))
    probabilities = found.probabilities(scores)
    for c in range(q):
        own = cells[:, c]
        if _fewest(labels[own, c]) > 0:
            found.thresholds[c] = best_threshold(probabilities[own, c], labels[own, c])
    return found


def platt(scores: FloatVector, has_class: Mask) -> tuple[float, float]:
    """Slope and offset of a sigmoid over scores, by Platt's smoothed targets; the slope is at least 0.

    Newton's method with halved steps (Lin, Lin and Weng, Machine Learning 68, 2007).

    Args:
        scores: (m,) finite.
        has_class: (m,) both True and False occur.
    """
    from scipy.special import expit

    n_yes = int(np.count_nonzero(has_class))
    n_no = len(has_class) - n_yes
    targets = np.where(has_class, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2))
    values = scores.astype(np.float64)

    def loss(slope: float, offset: float) -> float:
        logits = slope * values + offset
        return float(np.sum(np.logaddexp(0, logits) - targets * logits))

    slope, offset = 0.0, float(np.log((n_yes + 1) / (n_no + 1)))
    for _ in range(STEPS):
        shares = expit(slope * values + offset)
        error, bend = shares - targets, shares * (1 - shares)
        down = np.array([np.sum(error * values), np.sum(error)])
        if np.abs(down).max() < SLOPE_ERROR:
            break
        mixed = np.sum(bend * values)
        hessian = [[np.sum(bend * values**2) + RIDGE, mixed], [mixed, np.sum(bend) + RIDGE]]
        step, size, before = np.linalg.solve(hessian, down), 1.0, loss(slope, offset)
        while size > RIDGE and loss(slope - size * step[0], offset - size * step[1]) > before:
            size /= 2
        slope, offset = slope - size * step[0], offset - size * step[1]
    if slope >= 0:
        return float(slope), float(offset)
    share = np.mean(targets)
    return 0.0, float(np.log(share / (1 - share)))


def best_threshold(probabilities: FloatVector, has_class: Mask) -> float:
    """The threshold with the highest F1, half way between two probabilities; of equals the highest.

    Probabilities that are all the same tell no documents apart: then it is 0.5.

    Args:
        probabilities: (m,) finite.
        has_class: (m,) at least one is True.
    """
    order = np.argsort(-probabilities, kind="stable")
    falling = probabilities[order].astype(np.float64)
    if falling[0] == falling[-1]:
        return THRESHOLD
    hits = np.cumsum(has_class[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + hits[-1])
    is_cut = np.append(falling[:-1] > falling[1:], True)  # equal probabilities are not parted
    last = int(np.argmax(np.where(is_cut, f1, -1)))
    below = falling[last + 1] if last + 1 < len(falling) else 0.0
    return float((falling[last] + below) / 2)


def reliability(probabilities: FloatVector, has_class: Mask, bins: int = BINS) -> Sequence[Bin]:
    """How often what has a probability has the class, in bins of one width; empty ones are left out.

    Args:
        probabilities: (m,) from 0 to 1.
        has_class: (m,) what is true.
        bins: how many.
    """
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    table = []
    for i in np.unique(place).tolist():
        own = place == i
        mean, share = float(np.mean(probabilities[own])), float(np.mean(has_class[own]))
        table.append(Bin(i / bins, (i + 1) / bins, int(own.sum()), mean, share))
    return table


def _fewest(has_class: Mask) -> int:
    """The documents on the smaller side."""
    yes = int(np.count_nonzero(has_class))
    return min(yes, len(has_class) - yes)


def _offset_for(logits: FloatVector, share: float) -> float:
    """The offset by which logits have this mean probability; for none, its own logit."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    wanted = float(logit(share))
    if not len(logits):
        return wanted
    spread = float(np.abs(logits).max()) + 1
    values = logits.astype(np.float64)
    return float(
        brentq(lambda b: expit(values + b).mean() - share, wanted - spread, wanted + spread)
    )


def _float32(values: np.ndarray) -> FloatVector:
    return np.asarray(values, dtype=np.float32)
