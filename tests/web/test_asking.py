"""What the page asks of a document that is shown stops when another one is."""

from __future__ import annotations

from typing import Any

from tests.support.browsing import document_of, next_after


def test_what_was_asked_of_earlier_documents_holds_no_connection(browser_page: Any) -> None:
    asked: list[str] = []
    stopped: list[str] = []
    browser_page.route(
        "**/api/explain*", lambda route: asked.append(route.request.url)
    )  # no answer
    browser_page.on("requestfailed", lambda request: stopped.append(request.url))
    browser_page.reload()
    shown = document_of(browser_page)
    for _ in range(8):  # a browser has six connections to a server
        browser_page.keyboard.press("0")
        shown = next_after(browser_page, shown)
    stopped = [url for url in stopped if "/api/explain" in url]
    assert len(asked) >= 6
    assert stopped == asked[: len(stopped)]
    assert len(asked) - len(stopped) <= 1
