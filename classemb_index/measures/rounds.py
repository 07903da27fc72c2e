"""The rounds of a simulation, and the file that holds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from ..errors import RunError
from ..labels.batches import Batch
from ..pool.pool import Pool

CONFIG = "config.json"
ROUNDS = "rounds.jsonl"
SUMMARY = "summary.json"
FULL = "full"  # in place of a strategy: trained once on the whole train split (Table 1)


@dataclass(frozen=True)
class RoundResult:
    """One round: the classifier's scores on the test split, and what was selected next.

    Attributes:
        strategy: the query strategy's name.
        seed: of the initial labelled set, the classifier and the selection.
        round: from 0.
        n_labelled: documents that the classifier was trained on.
        macro_f1: on the test split.
        micro_f1: on the test split.
        f1: each class's, by name.
        labelled_counts: labelled documents of each class, by name.
        selected: ids in the order they were picked; empty in the last round.
        picked_for: the class that asked for each of them, by name; None where none did.
        steps: the strategy's step that picked each; empty for strategies of one step.
        seconds: "train", "predict" and "select".
        epochs: that the classifier was trained for.
        n_dev: dev documents used for early stopping; their labels cost too.
        skipped_classes: names of classes that could not ask for documents.
        note: what a reader should know, such as a fallback to random.
        share: of the trained layers in the answer of "tuned", the rest is the heads'; None for
            another classifier.
    """

    strategy: str
    seed: int
    round: int
    n_labelled: int
    macro_f1: float
    micro_f1: float
    f1: dict[str, float]
    labelled_counts: dict[str, int]
    selected: list[str]
    seconds: dict[str, float]
    epochs: int
    n_dev: int
    skipped_classes: list[str] = field(default_factory=list)
    note: str | None = None
    picked_for: list[str | None] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    share: float | None = None

    def batch(self, pool: Pool) -> Batch:
        """What was selected, as the batch that the next round's strategy knows of."""
        nothing: list[str | None] = [None] * len(self.selected)
        return Batch.of_ids(
            pool,
            self.selected,
            self.picked_for or nothing,  # rounds of earlier versions do not say which class asked
            self.steps or [""] * len(self.selected),
            self.strategy,
        )

    @property
    def is_full(self) -> bool:
        """True when it is no round of a strategy but the training on the whole train split."""
        return self.strategy == FULL

    def macro_f1_of(self, classes: Sequence[str]) -> float:
        """Mean F1 of these classes alone, on the test split."""
        return float(np.mean([self.f1[name] for name in classes]))


def read_rounds(folder: Path) -> list[RoundResult]:
    """The rounds in a run folder; a line that an interruption cut is left out.

    Raises:
        RunError: a line is not a round.
    """
    path = folder / ROUNDS
    if not path.exists():
        return []
    complete, _, _ = path.read_bytes().rpartition(b"\n")  # bytes: the cut may be inside a letter
    names = {entry.name for entry in fields(RoundResult)}
    results = []
    for number, line in enumerate(complete.split(b"\n") if complete else [], start=1):
        try:
            values = json.loads(line)
            results.append(RoundResult(**{k: v for k, v in values.items() if k in names}))
        except (ValueError, TypeError, AttributeError) as cause:
            raise RunError(
                f"{path}, line {number} is no round of a simulation; choose another --out"
            ) from cause
    return results
