"""The server on one machine: its address, and how it is started and stopped."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RequestError
from ..index.store import CACHE
from .access import LOOPBACK, Access
from .choosing import Choice
from .workspace import Workspace

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE = 2  # seconds that requests have when the server is stopped
KEPT = Path(CACHE) / "page.json"  # in the index folder


def serve(
    folder: Path,
    told: Callable[[Access], None],
    *,
    host: str = LOOPBACK,
    port: int = 0,
    annotator: str = "",
    choice: Choice = Choice(),
    is_practice: bool | None = None,
) -> None:
    """Serve an index until the process is told to stop.

    Args:
        folder: of the index.
        told: is given the address once the server can be reached.
        host: to listen on; anything but loopback lets other machines in.
        port: 0 takes the one that the index was served on before, else a free one.
        annotator: the name of who gives none on the page.
        choice: how documents are chosen.
        is_practice: hide the labels of the source; None as `Workspace.open` decides.

    Raises:
        RequestError: nothing can listen there, the annotator has no usable name, or the index folder
            cannot be written.
        IndexMissingError: as for `EmbeddingIndex.open`, and its other errors.
    """
    import uvicorn

    from .app import clean_annotator

    annotator = clean_annotator(annotator) if annotator else ""
    workspace = Workspace.open(folder, is_practice=is_practice)
    workspace.now()
    kept = KeptAddress.of(workspace.folder)
    with closing(listening(host, port, kept)) as door:
        bound = door.getsockname()[1]
        access = Access(host, bound, kept.token if kept.is_for(host, bound) else None)
        KeptAddress(host, bound, access.token).keep(workspace.folder)
        app = application(workspace, access, annotator=annotator, choice=choice)
        settings = uvicorn.Config(
            app,
            log_config=None,  # uvicorn's own needs a stdout
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=GRACE,
        )
        told(access)
        workspace.load_ahead()
        try:
            uvicorn.Server(settings).run(sockets=[door])
        finally:
            app.state.jobs.close()


def application(
    workspace: Workspace, access: Access, *, annotator: str = "", choice: Choice = Choice()
) -> FastAPI:
    """All pages over an index."""
    # SciPy looks into torch where it is loaded; in a thread it would meet one that is half loaded
    with suppress(ImportError):
        import torch  # noqa: F401

    from . import annotate, classes, explain, find, model, poolmap, progress
    from .app import create_app
    from .desk import Desk
    from .directions import Directions
    from .finder import Finder
    from .jobs import Jobs
    from .suggestions import Suggestions
    from .trained import Trained

    directions = Directions()
    finder = Finder(workspace, directions)
    return create_app(
        workspace,
        access,
        [
            annotate.routes,
            find.routes,
            explain.routes,
            classes.routes,
            progress.routes,
            poolmap.routes,
            model.routes,
        ],
        annotator=annotator,
        desk=Desk(workspace, choice),
        suggestions=Suggestions(workspace),
        finder=finder,
        explainer=explain.Explainer(workspace, directions, finder),
        jobs=Jobs(),
        trained=Trained(workspace),
        pool_map=poolmap.PoolMap(workspace),
    )


@dataclass(frozen=True)
class KeptAddress:
    """Where an index was served last, so that pages that are open go on after a restart.

    The file can be read by its owner only, as it holds the token.
    """

    host: str = ""
    port: int = 0
    token: str = ""

    @classmethod
    def of(cls, folder: Path) -> KeptAddress:
        """What stands in the index folder; empty where nothing usable does."""
        try:
            found = json.loads((folder / KEPT).read_bytes())
            return cls(str(found["host"]), int(found["port"]), str(found["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def is_for(self, host: str, port: int) -> bool:
        """Whether the token may be used again."""
        return bool(self.token) and (self.host, self.port) == (host, port)

    def keep(self, folder: Path) -> None:
        """Write it into the index folder.

        Raises:
            RequestError: it cannot be written, and so could no answer.
        """
        path = folder / KEPT
        try:
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                json.dump(asdict(self), file)
        except OSError as cause:
            raise RequestError(
                f"{folder} cannot be written, so no answer could be kept: {cause.strerror}; "
                "annotate a copy of it where you may write and there is room"
            ) from cause


def listening(host: str, port: int, kept: KeptAddress) -> socket.socket:
    """A socket that listens; without a port on the one of last time, or a free one.

    Raises:
        RequestError: nothing can listen there.
    """
    if not port and kept.port and kept.host == host:
        try:
            return listening(host, kept.port, KeptAddress())
        except RequestError:
            pass  # another server has it
    try:
        (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        both = address[0] == "::" and socket.has_dualstack_ipv6()  # every address means IPv4 too
        made = socket.create_server(address[:2], family=family, backlog=128, dualstack_ipv6=both)
    except (OSError, UnicodeError) as cause:  # a name that DNS cannot hold is no text to it
        why = getattr(cause, "strerror", None) or cause
        raise RequestError(
            f"nothing can listen on {host!r}, port {port}: {why}; choose another --host or --port"
        ) from cause
    # what it accepts takes this over; else an answer's body waits 40 ms for the browser's delayed ACK
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
