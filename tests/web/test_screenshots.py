"""Every page at a desk's and a phone's width, light and dark; the pictures of docs/ are made here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from classemb_index import EmbeddingIndex, Pool
from tests.support.browsing import document_of, expect
from tests.support.places import minilm_or_skip
from tests.web.conftest import Served, complaints_of

pytestmark = [pytest.mark.browser, pytest.mark.model]
TO = os.environ.get("CLASSEMB_SCREENSHOTS")  # a folder that pictures are written to
ANSWERS = 24  # of the hidden labels, before the pictures
PAGES = {
    "annotate": "/",
    "find": "/find?class=vibration",
    "classes": "/classes",
    "progress": "/progress",
}
IN_DOCS = {("annotate", 1280, "light"), ("annotate", 390, "dark")} | {
    (name, 1280, "light") for name in PAGES
}


class Practised(NamedTuple):
    """A server over a part of the demo, some of which was answered; and a browser."""

    browser: Any
    served: Served


@pytest.fixture(scope="module")
def practised(
    browser: Any, serve_once: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory
) -> Practised:
    from classemb_index import SentenceBertEncoder

    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=128)
    folder = tmp_path_factory.mktemp("demo") / "demo"
    EmbeddingIndex.build(Pool.read("demo", limit=400), encoder, folder)
    served = serve_once(folder, "--annotator", "ada")
    page = browser.new_page()
    served.let_in(page)
    document_of(page)
    page.click("#oracle")
    expect(page.locator("#state")).to_contain_text(f"{ANSWERS} answered today", timeout=60_000)
    page.click("#oracle")
    page.close()
    return Practised(browser, served)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page(practised: Practised, name: str, width: int, scheme: str, tmp_path: Path) -> None:
    served = practised.served
    context = practised.browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    complaints = complaints_of(page)
    served.let_in(page)
    page.goto(served.origin + PAGES[name])
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert not complaints
    suffix = {1280: "", 390: "-phone"}[width] + {"light": "", "dark": "-dark"}[scheme]
    picture = (Path(TO) if TO else tmp_path) / f"{name}{suffix}.png"
    if not TO or (name, width, scheme) in IN_DOCS:
        page.screenshot(path=picture)
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    context.close()
