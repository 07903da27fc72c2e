"""What is done in a browser again and again; the page's CSP forbids `wait_for_function`."""

from __future__ import annotations

from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=60_000)  # ms: an encoder is loaded meanwhile


def document_of(page: Any) -> str:
    """The id of the document that is shown."""
    page.wait_for_selector("#desk:not([hidden]) #document-id:not(:empty)")
    return str(page.inner_text("#document-id"))


def next_after(page: Any, id_: str) -> str:
    """The id of the document that is shown after another one."""
    expect(page.locator("#document-id")).not_to_have_text(id_)
    return document_of(page)
