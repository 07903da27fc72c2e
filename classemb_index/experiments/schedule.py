"""How many labels a simulation starts from, adds a round and ends with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Schedule:
    """Sizes of the labelled set, by the paper's defaults (Section 4.2).

    Attributes:
        initial: random labelled documents at the start, the same for every strategy of a seed.
        batch: documents a round; the last round takes what the budget leaves.
        budget: labelled documents in all.
        dev_size: dev documents for early stopping; None takes the whole dev split.
    """

    initial: int = field(
        default=100, metadata={"help": "Random labelled documents at the start.", "min": 1}
    )
    batch: int = field(default=50, metadata={"help": "Documents selected a round.", "min": 1})
    budget: int = field(default=600, metadata={"help": "Labelled documents in all.", "min": 1})
    dev_size: int | None = field(
        default=None,
        metadata={"help": "Dev documents for early stopping; default: the dev split.", "min": 0},
    )

    def sizes(self) -> list[int]:
        """The size of the labelled set in every round."""
        return [*range(self.initial, self.budget, self.batch), self.budget]
