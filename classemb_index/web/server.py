"""The server on one machine: its address, and how it is started and stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, RequestError
from .access import LOOPBACK, Access
from .workspace import Workspace

if TYPE_CHECKING:
    from fastapi import FastAPI


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


def serve(
    folder: Path,
    told: Callable[[Access], None],
    *,
    host: str = LOOPBACK,
    port: int = 0,
    annotator: str = "",
) -> None:
    """Serve an index until the process is told to stop.

    Args:
        folder: of the index.
        told: is given the address once the server can be reached.
        host: to listen on; anything but loopback lets other machines in.
        port: 0 takes a free one.
        annotator: the name of who gives none on the page.

    Raises:
        MissingExtraError: the extra `web` is not installed.
        RequestError: nothing can listen there.
        IndexMissingError: as for `EmbeddingIndex.open`, and its other errors.
    """
    import uvicorn

    workspace = Workspace.open(folder)
    workspace.now()
    with closing(_listening(host, port)) as listening:
        access = Access(host, listening.getsockname()[1])
        app = application(workspace, access, annotator=annotator)
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False
        )
        told(access)
        uvicorn.Server(settings).run(sockets=[listening])


def application(workspace: Workspace, access: Access, *, annotator: str = "") -> FastAPI:
    """All pages over an index."""
    from . import annotate
    from .app import create_app

    return create_app(workspace, access, [annotate.routes], annotator=annotator)


def _listening(host: str, port: int) -> socket.socket:
    try:
        (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as cause:
        raise RequestError(
            f"nothing can listen on {host}, port {port}: {cause.strerror or cause}; choose another --port"
        ) from cause
