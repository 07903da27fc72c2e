"""Named heads: one linear model a class, from its name alone to thousands of labels.

The derivation stands in docs/queries.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, Rows, Scores
from .heads import penalised_heads

# chosen on classes of EURLEX57K and arXiv that no recipe has, see docs/findings.md;
# a strength is a logit by cosine similarity
STRENGTHS = np.array([0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 25, 30])
USUAL, SPREAD, ANY = 17.0, 6.0, 0.02  # of a strength before labels: about normal, and any a little
CLASSES = 5.0  # that the usual strengths weigh as much as
SHARE = 0.01  # of the pool that is expected to have a class
OFFSET_SPREAD = 1.0  # of the logit of that share
PENALTY = 0.1  # half of it times the squared distance from the name is added to the loss
NODES = 7  # of the quadrature over the offset
FURTHEST = 60.0  # logit that an offset is looked for at
HALVINGS = 16  # of that range
ROUNDS = 60  # of EM


class NamedHeads(NamedTuple):
    """A linear model a class: its logit of an embedding e is weights @ e + offset.

    Attributes:
        weights: (q, dim) float32.
        offsets: (q,) float32; the logistic function of a logit is the class's probability.
        cuts: (q,) float32 logits at which the expected F1 is best.
        strengths: (q,) float64, how much the name counts: the logit by its cosine similarity.
    """

    weights: FloatMatrix
    offsets: FloatVector
    cuts: FloatVector
    strengths: Scores


@dataclass(frozen=True)
class NamePrior:
    """What is known of the classes before a document is labelled.

    Attributes:
        names: (q, dim) float32 unit vectors of names or descriptions; zero for a class without one.
        mean: (dim,) float32 mean embedding of the pool.
        background: (s, dim) float32 embeddings of a random part of the pool.
    """

    names: FloatMatrix
    mean: FloatVector
    background: FloatMatrix

    def of(self, positions: Rows) -> NamePrior:
        """The same of these classes alone."""
        return NamePrior(self.names[positions], self.mean, self.background)

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        parts = (self.names, self.mean, self.background)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    def similarities(self, embeddings: FloatMatrix) -> FloatMatrix:
        """(m, q) inner products of the names with the embeddings minus the pool's mean."""
        return np.asarray((embeddings - self.mean) @ self.names.T)

    @cached_property
    def offsets(self) -> Scores:
        """(len(STRENGTHS), q) the offset with which a class's mean probability over the pool is 1 %.

        For each strength of its name, by bisection.
        """
        from scipy.special import expit

        similarities = self.similarities(self.background)
        found = np.empty((len(STRENGTHS), len(self.names)))
        for i, strength in enumerate(STRENGTHS):
            logits = np.float32(strength) * similarities
            low = np.full(logits.shape[1], -FURTHEST, dtype=np.float32)
            high = -low
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                is_above = expit(logits + middle).mean(axis=0) > SHARE
                low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
            found[i] = (low + high) / 2
        return found


def fit_named_heads(
    embeddings: FloatMatrix, labels: BoolMatrix, known: BoolMatrix, prior: NamePrior
) -> NamedHeads:
    """`named_heads` of all classes of the prior, with their cuts."""
    classes = np.arange(len(prior.names))
    strengths = name_strengths(prior.similarities(embeddings), labels, known, prior)
    weights, offsets = named_heads(embeddings, labels, known, prior, classes, strengths)
    cuts = best_cuts(prior.background @ weights.T + offsets)
    return NamedHeads(weights, offsets, cuts, strengths)


def named_heads(
    embeddings: FloatMatrix,
    labels: BoolMatrix,
    known: BoolMatrix,
    prior: NamePrior,
    positions: Rows,
    strengths: Scores,
) -> tuple[FloatMatrix, FloatVector]:
    """The heads that are most probable given the labels, for zero labels to thousands.

    For class c with unit name n, z = e - mean of the pool and y = 1 or -1:
    w, b = argmin sum_i log(1 + exp(-y_i (w.z_i + b))) + PENALTY / 2 |w - a n|^2 + (b - b0)^2 / 2,
    the mode under normal priors of w around the name and of b around b0, with which one document of
    a hundred is expected to have the class. Sides are not balanced: where documents were chosen by what
    their embeddings are like, the loss is still that of the pool. How much the name counts, a, is
    `name_strengths`.

    Args:
        embeddings: (m, dim) float32 of the labelled documents; m may be 0.
        labels: (m, p) of the heads.
        known: (m, p) True for the cells that train.
        prior: of the classes.
        positions: (p,) the class of each head; heads of a class may differ in what they know.
        strengths: (p,) of its name.

    Returns:
        Weights (p, dim) and offsets (p,) as `NamedHeads` has them.
    """
    names, centred = prior.names[positions], embeddings - prior.mean
    pairs = zip(strengths, prior.offsets[:, positions].T, strict=True)
    before = np.array([np.interp(strength, STRENGTHS, offsets) for strength, offsets in pairs])
    named = strengths.astype(np.float32)[:, None] * names
    beyond, added = penalised_heads(
        centred,
        labels,
        known.astype(np.float32) / np.float32(PENALTY),
        centred @ named.T + before.astype(np.float32),
        1 / (PENALTY * OFFSET_SPREAD**2),
    )
    weights = named + beyond
    return weights, (before + added - weights @ prior.mean).astype(np.float32)


def name_strengths(
    similarities: FloatMatrix, labels: BoolMatrix, known: BoolMatrix, prior: NamePrior
) -> Scores:
    """(q,) how much each name counts, learned from how well names alone tell the labelled documents.

    The marginal likelihood of each of STRENGTHS a, under logits a s + b with similarity s and the
    offset b integrated out; a priori a has the distribution that is most probable for all named classes
    together (empirical Bayes by EM: a pool whose names mislead is learned from all of them, one such
    name from its own documents). The mean of the posterior distribution comes back.

    Args:
        similarities: (m, q) of the labelled documents to the names.
        labels: (m, q).
        known: (m, q) True for the cells that count.
        prior: of the classes.
    """
    usual = np.exp(-0.5 * ((STRENGTHS - USUAL) / SPREAD) ** 2) + ANY
    usual /= usual.sum()
    evidence = _evidence(similarities, labels, known, prior.offsets)
    likelihood = np.exp(evidence - evidence.max(axis=0))
    has_name = prior.names.any(axis=1)
    share, named = usual, np.count_nonzero(has_name)
    for _ in range(ROUNDS):
        posterior = share[:, None] * likelihood
        posterior /= posterior.sum(axis=0)
        share = (CLASSES * usual + posterior[:, has_name].sum(axis=1)) / (CLASSES + named)
    return np.asarray(STRENGTHS @ posterior)


def best_cuts(logits: FloatMatrix) -> FloatVector:
    """(q,) the logit at which the expected F1 of each class is best over these documents.

    With calibrated probabilities the F1 that is expected of the first k documents is about
    2 sum of the k highest / (k + sum of all) (Lewis, SIGIR 1995; Ye et al., ICML 2012).

    Args:
        logits: (s, q) of documents of the pool; 0 for none.
    """
    from scipy.special import expit

    if not len(logits):
        return np.zeros(logits.shape[1], dtype=np.float32)
    falling = -np.sort(-logits, axis=0)
    hits = np.cumsum(expit(falling.astype(np.float64)), axis=0)
    f1 = 2 * hits / (np.arange(1, len(logits) + 1)[:, None] + hits[-1])
    best = np.argmax(f1, axis=0)
    return np.asarray(falling[best, np.arange(logits.shape[1])], dtype=np.float32)


def _evidence(
    similarities: FloatMatrix, labels: BoolMatrix, known: BoolMatrix, offsets: Scores
) -> Scores:
    """(len(STRENGTHS), q) log of the marginal likelihood, by quadrature over the offset."""
    from scipy.special import logsumexp

    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    signs = np.where(labels, np.float32(-1), np.float32(1))
    found = np.empty((len(STRENGTHS), NODES, labels.shape[1]))
    for i, strength in enumerate(STRENGTHS):
        for j, node in enumerate(nodes):
            own = (offsets[i] + OFFSET_SPREAD * node).astype(np.float32)
            logits = np.float32(strength) * similarities + own
            found[i, j] = -np.sum(known * np.logaddexp(0, signs * logits), axis=0)
    return np.asarray(logsumexp(found + np.log(weights / weights.sum())[:, None], axis=1))
