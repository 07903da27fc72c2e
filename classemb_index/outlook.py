"""The outlook for each class: how far its search has come, and how many documents may have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .enough import ClassProgress, class_progress
from .history import Batch
from .labelled import LabelledSet
from .pool import Pool
from .prevalence import Prevalence, estimate_prevalence


@dataclass(frozen=True)
class ClassOutlook:
    """One class.

    Attributes:
        position: the class's position.
        progress: positives so far, and whether further search is likely to pay.
        prevalence: its share; None where all labels are known or nothing is labelled at random.
    """

    position: int
    progress: ClassProgress
    prevalence: Prevalence | None


def class_outlooks(
    pool: Pool, labelled: LabelledSet, history: Sequence[Batch], classes: Sequence[int]
) -> list[ClassOutlook]:
    """The outlook of these classes, in their order."""
    progress = class_progress(labelled, history)
    found = {}
    if not pool.is_known[np.flatnonzero(labelled.unlabelled)].all():
        shares = estimate_prevalence(labelled, history) or []
        found = {share.position: share for share in shares}
    return [ClassOutlook(c, progress[c], found.get(c)) for c in classes]
