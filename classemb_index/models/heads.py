"""Many logistic heads at once: all classes and all folds of a cross-validation in one descent."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, blocks

MOST_CELLS = 8_000_000  # of documents by heads that are solved together: 32 MB in float32
TOLERANCE = 3e-3  # of the gradient, in coordinates in which the loss bends by about 1
CURVATURE = 0.25  # at most, of log(1 + exp(-margin))


def logistic_heads(
    embeddings: FloatMatrix, labels: BoolMatrix, used: BoolMatrix, c: float = 1.0
) -> tuple[FloatMatrix, FloatVector]:
    """Weights and offset of each head, as `probe.logistic_head` gives it of the cells that are used.

    The heads have nothing to do with each other; they are solved together because one product of
    matrices serves them all.

    Args:
        embeddings: (m, dim) float32.
        labels: (m, p) the labels of each head.
        used: (m, p) True for the cells that train a head; both labels occur among them.
        c: inverse strength of the L2 penalty.

    Returns:
        (p, dim) float32, and (p,) float32.
    """
    start = np.zeros_like(labels, dtype=np.float32)
    return penalised_heads(
        embeddings, labels, balanced_weights(labels, used) * np.float32(c), start
    )


def penalised_heads(
    embeddings: FloatMatrix,
    labels: BoolMatrix,
    cell_weights: FloatMatrix,
    start: FloatMatrix,
    offset_penalty: float = 0.0,
) -> tuple[FloatMatrix, FloatVector]:
    """Weights w and offset b of each head with the least penalised logistic loss.

    The loss is sum_i u_i log(1 + exp(-y_i (s_i + w.e_i + b))) + |w|^2 / 2 + r b^2 / 2, with y 1 or -1.

    Args:
        embeddings: (m, dim) float32.
        labels: (m, p) the labels of each head.
        cell_weights: (m, p) float32 u; 0 where a cell trains nothing.
        start: (m, p) float32 s, logits to which w and b add; finite.
        offset_penalty: r.

    Returns:
        (p, dim) float32, and (p,) float32.
    """
    p = labels.shape[1]
    weights = np.zeros((p, embeddings.shape[1]), dtype=np.float32)
    offsets = np.zeros(p, dtype=np.float32)
    for part in blocks(p, max(1, MOST_CELLS // max(1, len(embeddings)))):
        weights[part], offsets[part] = _solved(
            embeddings, labels[:, part], cell_weights[:, part], start[:, part], offset_penalty
        )
    return weights, offsets


def _solved(
    embeddings: FloatMatrix,
    labels: BoolMatrix,
    cell_weights: FloatMatrix,
    start: FloatMatrix,
    offset_penalty: float,
) -> tuple[FloatMatrix, FloatVector]:
    """The heads of one block, found in coordinates in which the loss bends alike in all directions."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    dim, p = embeddings.shape[1], labels.shape[1]
    signs = np.where(labels, np.float32(1), np.float32(-1))
    penalty = np.ones((dim + 1, 1), np.float32)
    penalty[dim] = offset_penalty
    with_one = np.concatenate([embeddings, np.ones((len(embeddings), 1), np.float32)], axis=1)
    with threadpool_limits(1):  # threads that wait for each other cost more than such products
        back = _coordinates(with_one, float(cell_weights.mean()) if cell_weights.size else 0.0)
        rotated = with_one @ back

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        given = flat.reshape(dim + 1, p).astype(np.float32)
        margins = signs * (start + rotated @ given)
        small = np.exp(-np.abs(margins))  # does not overflow
        # of log(1 + exp(-margin)): the slope first, then the value
        slopes = -cell_weights * signs * np.where(margins > 0, small, 1) / (1 + small)
        values = cell_weights * (np.maximum(-margins, 0) + np.log1p(small))
        heads = back @ given
        total = np.sum(values, dtype=np.float64)
        total += 0.5 * np.sum(penalty * heads**2, dtype=np.float64)
        down = rotated.T @ slopes + back.T @ (penalty * heads)
        return float(total), down.astype(np.float64).ravel()

    with threadpool_limits(1):
        found = minimize(
            loss,
            np.zeros((dim + 1) * p),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 1000, "gtol": TOLERANCE, "ftol": 1e-12},
        )
    heads = back @ found.x.reshape(dim + 1, p).astype(np.float32)
    return heads[:dim].T, heads[dim]


def _coordinates(with_one: FloatMatrix, weight: float) -> FloatMatrix:
    """(dim + 1, dim + 1) the inverse root of what the second derivative is about: 1 + u/4 X'X."""
    bend = np.eye(with_one.shape[1]) + weight * CURVATURE * (with_one.T @ with_one)
    values, vectors = np.linalg.eigh(bend)
    return np.asarray(vectors / np.sqrt(values), dtype=np.float32)


def balanced_weights(labels: BoolMatrix, used: BoolMatrix) -> FloatMatrix:
    """(m, p) weights by which the two sides of each head weigh the same; 0 where a cell is not used."""
    weights = np.zeros(labels.shape, dtype=np.float32)
    both = np.count_nonzero(used, axis=0)
    for side in (labels & used, ~labels & used):
        share = both / (2 * np.maximum(np.count_nonzero(side, axis=0), 1))
        weights += side * share.astype(np.float32)
    return weights
