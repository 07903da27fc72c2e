"""Who is told how long work goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """Where a simulation stands: told after every epoch of a training.

    Attributes:
        strategy: the query strategy's name.
        seed: the seed.
        round: from 0.
        epoch: epochs done in this round.
        dev_macro_f1: after that epoch, where there is a dev split.
    """

    strategy: str
    seed: int
    round: int
    epoch: int
    dev_macro_f1: float | None


class Watcher:
    """Is told how work goes on, and does nothing; one that shows it overrides what it shows."""

    def stage(self, words: str) -> None:
        """A new stage begins."""

    def progress(self, done: int, total: int) -> None:
        """So many documents, texts or draws of this stage are done, of so many."""

    def taken_over(self, taken: int, total: int) -> None:
        """So many of a pool's documents have their vectors from the index that is replaced."""

    def texts_cut(self, cut: int, encoded: int, max_length: int) -> None:
        """So many of the texts that were encoded are longer than the encoder's window of tokens."""

    def rounds(self, total: int) -> None:
        """A simulation of so many rounds begins."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch of a round is done."""

    def round_done(self, strategy: str, seed: int, macro_f1: float) -> None:
        """A round is done, with this macro-F1 on the test split."""


SILENT = Watcher()
