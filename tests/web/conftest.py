"""A server over a small index: in this process, in one of its own, and in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from tests.support.places import minilm_or_skip

pytest.importorskip("fastapi", reason="needs the 'web' extra")

if TYPE_CHECKING:
    from starlette.testclient import TestClient

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
CLASSES = {"frequent": ["fall", "fire"], "rare": ["chemical leak"]}
SENTENCES = {
    "fall": "A worker slipped on the wet floor and fell down the stairs.",
    "fire": "Smoke and flames came from the packaging line and the fire brigade was called.",
    "chemical leak": "Hydraulic oil and solvent dripped from the press onto the ground.",
    "": "The canteen was refurbished and the new menu was well received by everybody.",
}
N = 60


def records() -> list[Record]:
    """60 unlabelled reports of three classes and none, told apart by their words."""
    names = list(SENTENCES)
    return [
        Record(f"r{i}", f"Report {i}\n{SENTENCES[names[i % 4]]} Case {i}.", None, None)
        for i in range(N)
    ]


def truth(id_: str) -> list[str]:
    """The classes that a document has."""
    name = list(SENTENCES)[int(id_[1:]) % 4]
    return [name] if name else []


@pytest.fixture(scope="session")
def reports_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the reports, by MiniLM."""
    from classemb_index import SentenceBertEncoder

    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=64)
    pool = Pool.from_records(records(), name="reports", classes=CLASSES)
    folder = tmp_path_factory.mktemp("web") / "reports"
    EmbeddingIndex.build(pool, encoder, folder)
    return folder


@pytest.fixture
def reports(reports_once: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may write answers into."""
    return Path(shutil.copytree(reports_once, tmp_path / "reports"))


class Served(NamedTuple):
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str  # with the token

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]

    def let_in(self, page: Any) -> None:
        """Open the first page with the token, which becomes a cookie."""
        page.goto(self.address)
        page.wait_for_url(f"{self.origin}/")


@contextmanager
def servers() -> Iterator[Callable[..., Served]]:
    """Starts servers over an index; they are stopped in the end."""
    running: list[subprocess.Popen[str]] = []

    def start(folder: Path, *options: str) -> Served:
        words = [sys.executable, "-m", "classemb_index.cli", "annotate", str(folder), *options]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        assert process.stdout is not None
        heard = []
        for line in process.stdout:
            heard.append(line)
            if re.match(r"http://\S+$", line):
                return Served(process, line.strip())
        raise AssertionError(f"no address came: {''.join(heard)}")

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts servers for a test."""
    with servers() as start:
        yield start


@pytest.fixture(scope="module")
def serve_once() -> Iterator[Callable[..., Served]]:
    """Starts servers for the tests of a module."""
    with servers() as start:
        yield start


@pytest.fixture
def served(serve: Callable[..., Served], reports: Path) -> Served:
    """A server over the reports."""
    return serve(reports, "--annotator", "ada")


@pytest.fixture
def client(reports: Path) -> Iterator[TestClient]:
    """A client that is let in, over the reports."""
    from tests.support.web import client_of

    with client_of(reports) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium: apt install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def complaints_of(page: Any) -> list[str]:
    """What the console or the page itself complains of from now on."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    return complaints


@pytest.fixture
def browser_page(browser: Any, served: Served) -> Iterator[Any]:
    """A page of the server; what its console or the page itself complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints = complaints_of(page)
    served.let_in(page)
    yield page
    context.close()
    assert [told for told in complaints if "409 (Conflict)" not in told] == []
