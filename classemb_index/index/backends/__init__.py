"""Vector search behind one contract: each backend in its own file, with one library."""

from __future__ import annotations

from importlib.util import find_spec

from ...arrays import FloatMatrix
from ...errors import RequestError
from .base import VectorIndex

BACKENDS = ("flat", "exact")


def resolve_backend(name: str) -> str:
    """The backend that "auto" stands for: flat where FAISS is installed, else exact.

    Raises:
        RequestError: there is no such backend.
    """
    if name == "auto":
        return "flat" if find_spec("faiss") else "exact"
    if name not in BACKENDS:
        raise RequestError(f"no backend {name!r}; there are auto, {', '.join(BACKENDS)}")
    return name


def open_backend(name: str, vectors: FloatMatrix, device: str = "auto") -> VectorIndex:
    """The backend of that name over (n, dim) unit vectors, memory-mapped or not.

    Raises:
        RequestError: there is no such backend or device.
        MissingExtraError: its library is not installed.
    """
    from .exact import ExactIndex

    exact = ExactIndex(vectors, device)
    if resolve_backend(name) == "exact":
        return exact
    from .faiss import FlatIndex

    return FlatIndex(vectors, exact, device)
