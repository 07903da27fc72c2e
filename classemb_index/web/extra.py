"""Whether what the page needs is installed; nothing of it is imported here before."""

from __future__ import annotations

from ..errors import MissingExtraError


def check_web() -> None:
    """Nothing, when what the page needs is installed.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import fastapi  # noqa: F401
        import jinja2  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as cause:
        raise MissingExtraError(
            f"the page needs {cause.name}; install it with: pip install 'classemb-index[web]'"
        ) from cause
