"""Who is told how long work goes on, and remembers it."""

from __future__ import annotations

from classemb_index.watch import Epoch, Watcher


class Recorder(Watcher):
    """A watcher that remembers; after `most` rounds it interrupts."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self.stages: list[str] = []
        self.counts: list[tuple[int, int]] = []
        self.taken: list[tuple[int, int]] = []
        self.cut: list[tuple[int, int, int]] = []
        self.announced: list[int] = []
        self.epochs: list[Epoch] = []
        self.results: list[tuple[str, int, float]] = []

    def stage(self, words: str) -> None:
        self.stages.append(words)

    def progress(self, done: int, total: int) -> None:
        self.counts.append((done, total))

    def taken_over(self, taken: int, total: int) -> None:
        self.taken.append((taken, total))

    def texts_cut(self, cut: int, encoded: int, max_length: int) -> None:
        self.cut.append((cut, encoded, max_length))

    def rounds(self, total: int) -> None:
        self.announced.append(total)

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def round_done(self, strategy: str, seed: int, macro_f1: float) -> None:
        if len(self.results) == self._most:
            raise KeyboardInterrupt
        self.results.append((strategy, seed, macro_f1))
