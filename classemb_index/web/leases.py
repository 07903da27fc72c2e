"""Documents that wait for an answer, in order, each lent to one tab of a browser at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

LOST = 15 * 60.0  # seconds after which a tab that says nothing has no documents any more


class Queue:
    """Documents in the order in which they are to be answered; who shares it has the lock.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._tab_of: dict[str, str] = {}  # by document; "" where nobody has it
        self._heard: dict[str, float] = {}  # by tab, when it last asked
        self._clock = clock

    def __len__(self) -> int:
        return len(self._tab_of)

    def add(self, documents: Iterable[str]) -> None:
        """Put documents last; those that are there stay where they are."""
        for document in documents:
            self._tab_of.setdefault(document, "")

    def put_first(self, document: str, tab: str) -> None:
        """Give a tab a document before all others."""
        self._heard[tab] = self._clock()
        self._tab_of.pop(document, None)
        self._tab_of = {document: tab, **self._tab_of}

    def remove(self, document: str) -> None:
        """Take a document out, wherever it is."""
        self._tab_of.pop(document, None)

    def waiting(self, tab: str) -> list[str]:
        """What a tab may have: its own documents first, then those that no other has."""
        now = self._clock()
        self._heard[tab] = now
        for lost in [other for other, at in self._heard.items() if now - at >= LOST]:
            self.release(lost)
        own = [document for document, holder in self._tab_of.items() if holder == tab]
        return own + [document for document, holder in self._tab_of.items() if not holder]

    def lend(self, document: str, tab: str) -> None:
        """Keep a document for a tab, so that no other gets it."""
        self._tab_of[document] = tab

    def release(self, tab: str) -> None:
        """Free what a tab has, in its place."""
        self._heard.pop(tab, None)
        for document, holder in self._tab_of.items():
            if holder == tab:
                self._tab_of[document] = ""
