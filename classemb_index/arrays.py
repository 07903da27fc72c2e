"""Array types, named by what they hold, and what every room does with arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatMatrix: TypeAlias = NDArray[np.float32]
FloatVector: TypeAlias = NDArray[np.float32]
BoolMatrix: TypeAlias = NDArray[np.bool_]
Mask: TypeAlias = NDArray[np.bool_]
ByteMatrix: TypeAlias = NDArray[np.uint8]
Rows: TypeAlias = NDArray[np.int64]
Counts: TypeAlias = NDArray[np.int64]
Scores: TypeAlias = NDArray[np.float64]

BLOCK = 65_536  # vectors that are held at once: 100 MB of 384 dimensions in float32


def unit(vectors: FloatMatrix) -> FloatMatrix:
    """The rows scaled to length 1, in their own precision; zeros stay zeros, and NaN stays NaN."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths != 0))


def blocks(n: int, size: int) -> Iterator[slice]:
    """Slices of `size` that cover 0 to n one after the other; the last is what is left."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
