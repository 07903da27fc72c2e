"""A sample for measurement: how likely each document is to be in it, and the draw."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, Rows, Scores

FLOOR = 0.5  # of the sample that is spread evenly over all documents
PRECISE = 0.6  # the precision and F1 that are assumed before anything is known
MISSED = 0.4  # share of positives that is assumed just below a threshold
FEWEST = 5  # documents that a class is taken to be predicted for, where it has fewer


def information(scores: FloatMatrix, decided: BoolMatrix) -> Scores:
    """How much each document is expected to tell about the F1 of all classes together.

    The variance of a class's estimated F1 is least when a document is drawn in proportion to the
    root of the mean square of its share in the error, z = (2 y d - F (y + d)) / D with decision d,
    label y, F1 F and D documents that have or are given the class (Sawade, Landwehr, Scheffer,
    "Active estimation of F-measures", NIPS 2010; for several classes and a draw without
    replacement: Yilmaz et al., "Sample efficient model evaluation", arXiv:2109.12043). Both take
    the model's probabilities for the chance of a label. Ours come from a model that learned from
    selected documents, and are wrong there, so a chance is taken from the rank alone: 0.6 for documents
    that are given the class, and behind the d-th, which is the last of those, 0.4 (d / rank)^2. So beyond
    the threshold each doubling of the rank gets about as many documents.

    Args:
        scores: (n, q) of the documents that may be drawn, higher is more likely.
        decided: (n, q) True where the model gives a class: to those of the highest scores.

    Returns:
        (n,) float64 above 0, of no scale.
    """
    from scipy.stats import rankdata

    n, q = scores.shape
    squares = np.zeros(n)
    in_range = PRECISE * (2 - 2 * PRECISE) ** 2 + (1 - PRECISE) * PRECISE**2
    for c in range(q):
        rank = rankdata(-scores[:, c])  # of equal scores the mean
        given = int(np.count_nonzero(decided[:, c]))
        scale = max(given, FEWEST)
        beyond = MISSED * PRECISE**2 * np.minimum(1, scale / rank) ** 2
        squares += np.where(decided[:, c], in_range, beyond) / scale**2
    return np.asarray(np.sqrt(squares))


def inclusion_probabilities(
    scores: FloatMatrix, decided: BoolMatrix, size: int, floor: float = FLOOR
) -> Scores:
    """How likely each document is to be in the sample; they sum to its size.

    Args:
        scores: (n, q) of the documents that may be drawn.
        decided: (n, q) True where the model gives a class.
        size: of the sample, 1 to n.
        floor: share of the sample that is spread evenly, so that what the model
            is wrong about everywhere can be seen too.

    Returns:
        (n,) float64, above 0 and at most 1.
    """
    told = information(scores, decided) if scores.shape[1] else np.ones(len(scores))
    return proportional((1 - floor) * told / told.sum() + floor / len(told), size)


def proportional(weights: Scores, size: int) -> Scores:
    """Probabilities in proportion to weights that sum to the size; what would exceed 1 is 1.

    Args:
        weights: (n,) above 0.
        size: 1 to n.
    """
    probabilities = np.ones(len(weights))
    free = np.ones(len(weights), dtype=bool)
    while free.any():
        left = size - np.count_nonzero(~free)
        probabilities[free] = weights[free] * (left / weights[free].sum())
        over = free & (probabilities >= 1)
        if not over.any():
            break
        probabilities[over] = 1
        free &= ~over
    return probabilities


def draw(probabilities: Scores, rng: np.random.Generator) -> Rows:
    """Positions of a sample of fixed size, in random order.

    Systematic sampling of a list in random order: documents lie on a line, each as long as its
    probability, and those are taken that a ruler with marks at distance 1 hits
    (Hartley, Rao, Annals of Mathematical Statistics 33, 1962). Each has exactly its probability.

    Args:
        probabilities: (n,) above 0, at most 1; they sum to a whole number.
        rng: of the draw.
    """
    order = rng.permutation(len(probabilities))
    return np.asarray(rng.permutation(order[systematic(probabilities[order], rng.random())]))


def systematic(probabilities: Scores, start: float) -> Rows:
    """Positions of the documents that a ruler hits whose first mark lies at `start`, rising.

    Args:
        probabilities: (n,) above 0, at most 1; they sum to a whole number.
        start: from 0 to below 1.
    """
    ends = np.cumsum(probabilities)
    size = round(float(ends[-1]))
    marks = (start + np.arange(size)) * (ends[-1] / size)  # the sum is whole but for rounding
    places = np.searchsorted(ends, marks, side="right")
    return np.asarray(np.minimum(places, len(ends) - 1))
