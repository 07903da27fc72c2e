"""What the paper reports of a corpus, so that it can stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Published:
    """The numbers and names that a recipe quotes from the paper; what it leaves out is None or empty.

    Attributes:
        is_given: a recipe quotes the paper at all.
        corpus: the paper's name of the corpus.
        table: its number of the proximity table, as in "Table 2".
        figures: its numbers of "macro_f1", "micro_f1", "distances" and "components".
        documents: their number by split.
        classes: names in the order of Table 4.
        proximity: by size of the labelled set (as text), a count a class in that order.
        macro_f1: on the whole train split (Table 1).
        margin: of the distance to other centroids over that to the own (Section 5.2).
        loss_to_random: most macro-F1 that class embeddings lose to random (Section 4.3).
    """

    is_given: bool = False
    corpus: str | None = None
    table: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, int] | None = None
    classes: Sequence[str] = ()
    proximity: Mapping[str, Sequence[int]] = field(default_factory=dict)
    macro_f1: float | None = None
    margin: float | None = None
    loss_to_random: float | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Published:
        """What a recipe's [paper], or a manifest's, says; other keys are not looked at."""
        names = [name for name in cls.__dataclass_fields__ if name != "is_given"]
        return cls(bool(table), **{name: table[name] for name in names if name in table})

    def counts(self, size: int, n_classes: int) -> Sequence[int] | None:
        """The proximity counts at a size, where there is one for each of so many classes."""
        row = self.proximity.get(str(size))
        return row if row and len(row) == n_classes else None
