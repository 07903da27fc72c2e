"""The application of the page, in this process."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from classemb_index.web.access import CSRF, Access
from classemb_index.web.server import application
from classemb_index.web.workspace import Workspace

ORIGIN = "http://127.0.0.1:8000"


def client_of(folder: Path, annotator: str = "ada") -> TestClient:
    """A client that is let in, over the index in a folder."""
    access = Access("127.0.0.1", 8000)
    app = application(Workspace.open(folder), access, annotator=annotator)
    client = TestClient(app, base_url=ORIGIN, headers={CSRF: access.csrf, "Origin": ORIGIN})
    client.get(access.address)
    return client
