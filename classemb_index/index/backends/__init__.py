"""Vector search behind one contract: each backend in its own file, with one library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ...errors import RequestError

if TYPE_CHECKING:
    from ...arrays import FloatMatrix
    from .base import VectorIndex


@dataclass(frozen=True)
class Backend:
    """A row of the table of backends.

    Attributes:
        about: what searches, for help texts.
        open: gives the backend over (n, dim) unit vectors, memory-mapped or not, on the device
            "auto", "cpu" or "cuda".
        library: what it needs beside the tool's own dependencies, or None.
    """

    about: str
    open: Callable[[FloatMatrix, str], VectorIndex]
    library: str | None = None

    def is_installed(self) -> bool:
        """True when its library is there."""
        return self.library is None or find_spec(self.library) is not None


def _flat(vectors: FloatMatrix, device: str) -> VectorIndex:
    from .faiss import FlatIndex

    return FlatIndex(vectors, device)


def _exact(vectors: FloatMatrix, device: str) -> VectorIndex:
    from .exact import ExactIndex

    return ExactIndex(vectors, device)


# "auto" is the first whose library is installed
BACKENDS: Mapping[str, Backend] = {
    "flat": Backend("FAISS", _flat, library="faiss"),
    "exact": Backend("torch", _exact),
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
