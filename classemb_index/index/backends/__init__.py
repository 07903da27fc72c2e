"""Vector search behind one contract: each backend in its own file, with one library."""

from __future__ import annotations

from collections.abc import Mapping

from ...arrays import FloatMatrix
from ...errors import RequestError
from .base import Backend, VectorIndex
from .exact import ExactIndex
from .faiss import FlatIndex

# "auto" is the first whose library is installed
BACKENDS: Mapping[str, Backend] = {
    "flat": Backend(FlatIndex, library="faiss"),
    "exact": Backend(ExactIndex),
}


def resolve_backend(name: str) -> str:
    """The backend that "auto" stands for: the first of the table whose library is installed.

    Raises:
        RequestError: there is no such backend.
    """
    if name == "auto":
        return next(name for name, backend in BACKENDS.items() if backend.is_installed())
    if name not in BACKENDS:
        raise RequestError(f"no backend {name!r}; there are auto, {', '.join(BACKENDS)}")
    return name


def open_backend(name: str, vectors: FloatMatrix, device: str = "auto") -> VectorIndex:
    """The backend of that name over (n, dim) unit vectors, memory-mapped or not.

    Raises:
        RequestError: there is no such backend or device.
        MissingExtraError: its library is not installed.
    """
    return BACKENDS[resolve_backend(name)].open(vectors, device)
