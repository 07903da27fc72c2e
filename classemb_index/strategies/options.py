"""What a user may choose of the strategies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..arrays import FloatMatrix
    from ..index.index import EmbeddingIndex

MOST_EPOCHS = 500  # of a discriminator of DAL


@dataclass(frozen=True)
class StrategyOptions:
    """What a user may choose of the strategies; each option concerns some of them only.

    Which, the strategies' rows say. Where the settings of a run are recorded, an option is known
    by the "key" of its metadata, else by its name.

    Attributes:
        base: the strategy that selects from the sub-pool of "anchoral" or "seals".
        count_tries: in "class-embedding" a pick counts for the class that asked for it,
            whatever its labels turn out to be.
        no_near_duplicates: documents with a higher cosine similarity to a labelled or
            picked one are kept out of the batch; None allows them ("portfolio" takes 0.95).
        discriminator_epochs: that "dal" trains a discriminator for, at most.
        name_vectors: (q, dim) float32 embeddings of class names or descriptions, zero for a
            class without one; None takes the index's own.
    """

    base: str = field(
        default="uncertainty",
        metadata={"help": "Base strategy that selects from the sub-pool of anchoral and seals."},
    )
    count_tries: bool = field(
        default=False,
        metadata={
            "help": "In class-embedding, a pick counts for the class that asked for it, whatever its "
            "labels."
        },
    )
    no_near_duplicates: float | None = field(
        default=None,
        metadata={
            "help": "Keep documents more similar than that to a labelled or picked one out of a batch; "
            "portfolio takes 0.95.",
            "metavar": "COSINE",
        },
    )
    discriminator_epochs: int = field(
        default=MOST_EPOCHS,
        metadata={"help": "Most epochs of each of dal's discriminators.", "min": 1},
    )
    name_vectors: FloatMatrix | None = field(default=None, metadata={"key": "names"})

    def on(self, index: EmbeddingIndex) -> StrategyOptions:
        """The same options with the index's own class names where none were given."""
        if self.name_vectors is not None:
            return self
        return replace(self, name_vectors=index.name_vectors)
