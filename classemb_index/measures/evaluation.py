"""How good a model is on documents that nobody labelled, estimated from a sample of known design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, Mask

LEVEL = 0.95
GRID = 100  # quantiles that stand for a confidence distribution


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval.

    Attributes:
        estimate: None where the sample says nothing of it.
        low: lower end.
        high: upper end.
    """

    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class ClassEvaluation:
    precision: Interval
    recall: Interval
    f1: Interval
    documents: Interval
    missed: Interval
    prevalence: Interval
    given: int
    answered: int
    positives: int


def evaluate_class(n, given, decided, labels, pi, next_weight):
    """One class."""
    hits = labels & decided
    misses = labels & ~decided
    w = 1 / pi
    k = int(hits.sum())
    wrong = int((decided & ~labels).sum())
    seen_not = int((~decided & ~labels).sum())
    # share of true among given
    sw = w[decided].sum()
    p = float(w[hits].sum() / sw) if k + wrong else None
    var = float((w[decided] * (w[decided] - 1)).sum())
    tp_q = share_quantiles(p, sw * sw / var if var > 1e-9 else np.inf, int(decided.sum()))
    tp_q = np.clip(outward(tp_q * given), k, given - wrong)
    fn = float(w[misses].sum())
    v = float((w[misses] * (w[misses] - 1)).sum())
    m = int(misses.sum())
    fn_q = np.clip(outward(total_quantiles(fn, v, next_weight)), m, n - given - seen_not)
    tp = None if p is None else p * given
    if given == 0: tp = 0.0
    prec = Interval(p, *(_ends(tp_q / given) if given else (0., 1.)))
    t, f = np.meshgrid(tp_q, fn_q)
    total = t + f
    with np.errstate(invalid="ignore", divide="ignore"):
        rec = np.where(total > 0, t / total, np.nan)
        f1 = np.where(total + given > 0, 2 * t / (given + total), np.nan)
    re = None if tp is None or tp + fn == 0 else tp / (tp + fn)
    fe = None if tp is None or given + tp + fn == 0 else 2 * tp / (given + tp + fn)
    return prec, Interval(re, *_ends(rec)), Interval(fe, *_ends(f1)), Interval(None if tp is None else tp + fn, *_ends(total)), Interval(fn, *_ends(fn_q))


U = (np.arange(GRID) + 0.5) / GRID


def share_quantiles(p, size, n):
    from scipy.special import betaincinv
    if p is None or n == 0:
        return np.concatenate([np.zeros(GRID), np.ones(GRID)])
    if not np.isfinite(size):
        return np.full(2 * GRID, p)
    x = p * size
    lower = betaincinv(x, size - x + 1, U) if x > 0 else np.zeros(GRID)
    upper = betaincinv(x + 1, size - x, U) if x < size else np.ones(GRID)
    return np.concatenate([lower, upper])


def total_quantiles(total, variance, next_weight):
    from scipy.special import gammaincinv
    if total > 0 and variance > 0:
        lower = gammaincinv(total**2 / variance, U) * variance / total
    else:
        lower = np.full(GRID, total)
    mean, var = total + next_weight, variance + next_weight * (next_weight)
    upper = gammaincinv(mean**2 / var, U) * var / mean if next_weight > 0 else lower
    return np.concatenate([lower, upper])


def _ends(values):
    v = values[~np.isnan(values)]
    if not v.size: return 0., 1.
    a, b = np.quantile(v, [.025, .975])
    return float(a), float(b)


def outward(q):
    return np.concatenate([np.floor(q[:GRID] + 1e-9), np.ceil(q[GRID:] - 1e-9)])
