"""Array types, named by what they hold."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatMatrix: TypeAlias = NDArray[np.float32]

FloatVector: TypeAlias = NDArray[np.float32]

BoolMatrix: TypeAlias = NDArray[np.bool_]

Mask: TypeAlias = NDArray[np.bool_]

Rows: TypeAlias = NDArray[np.int64]

Counts: TypeAlias = NDArray[np.int64]

Scores: TypeAlias = NDArray[np.float64]
