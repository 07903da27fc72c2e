"""How far the search for each class has come: positives so far, what its last picks yielded, its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from ..arrays import BoolMatrix, Counts, Mask
from ..pool.pool import Pool
from .batches import NO_CLASS, Batch
from .labelled import LabelledSet
from .prevalence import Prevalence, estimate_prevalence, upper_bound

REST = "uncertainty"
ENOUGH = 40  # positives from which a class gets no turn
LAST_BATCHES = 3  # whose yield is shown
FEWEST_PICKS = 30  # for a class, before the search for it may be called exhausted
LEAST_YIELD = 0.1  # below which further search is unlikely to pay
TAIL = 0.05  # of the one-sided 95 % bound
Verdict: TypeAlias = Literal["enough", "exhausted", "search on", "unknown"]


@dataclass(frozen=True)
class BatchYield:
    """One batch, seen from one class.

    Attributes:
        documents: of the batch of which it is known whether they have the class.
        found: of them that have it, whatever asked for them.
    """

    documents: int
    found: int


@dataclass(frozen=True)
class ClassProgress:
    """How far the search for one class has come.

    Attributes:
        position: the class's position.
        n_labelled: labelled documents that have the class.
        batches: the last three, in the order in which they were labelled.
        searched: documents of the last batches that were picked for the class, and answered for it.
        found: of them that have the class.
        upper: the one-sided 95 % upper bound on the share found / searched; None where
            nothing was searched.
        verdict: "enough", "exhausted", "search on" or "unknown".
        why: in words.
    """

    position: int
    n_labelled: int
    batches: tuple[BatchYield, ...]
    searched: int
    found: int
    upper: float | None
    verdict: Verdict
    why: str


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

    def document(self) -> dict[str, Any]:
        """Progress and prevalence as JSON."""
        share = self.prevalence
        return {
            "progress": _without_position(self.progress),
            "prevalence": None if share is None else _without_position(share),
        }


def class_progress(labelled: LabelledSet, history: Sequence[Batch]) -> list[ClassProgress]:
    """The progress of every class, in their order.

    - "enough": at least 40 documents have the class. From there on portfolio gives a class
      no turn either: the classifier's uncertainty serves it better than search.
    - "exhausted": at least 30 documents were picked for the class, and with 95 % confidence
      fewer than 10 % of such picks have it. With none found that takes 29 picks (by the rule of
      three about 3 / 0.1: Hanley, Lippman-Hand, JAMA 249(13), 1983), with one found 46.
    - "unknown": no document was ever picked for the class.
    - "search on": everything else.

    A document is picked for a class when a step that searches for classes took it. What portfolio
    takes by uncertainty names a class but was not searched for; what was labelled at random
    or for an unknown reason names none. Picks are counted back from the newest batch, whole batches,
    until they are 30 or more: what earlier queries yielded says little of the next.

    The bound is the exact one of Clopper and Pearson (Biometrika 26, 1934). It takes the picks as
    equally likely to have the class; the likeliest come first, so those to come yield
    less rather than more until new labels move the query. It holds for one look: of classes
    with 10 picks in each of ten batches, looked at after each, 23 % are called exhausted at some
    time when the true yield is 10 %, 5 % when it is 15 %, 1 % when it is 20 %. These rules are ours.

    Args:
        labelled: the labelled set.
        history: its batches, first to last, all of them labelled.
    """
    n_labelled = labelled.counts.tolist()
    cells = [(labelled.known_of(b.rows), labelled.labels_of(b.rows)) for b in history]
    searches = [_searches(batch, *own) for batch, own in zip(history, cells, strict=True)]
    last = [(known.sum(axis=0), own.sum(axis=0)) for known, own in cells[-LAST_BATCHES:]]
    progress = []
    for c, n in enumerate(n_labelled):
        batches = tuple(BatchYield(int(documents[c]), int(hits[c])) for documents, hits in last)
        searched, found = _last_picks(searches, c)
        upper = upper_bound(found, searched, TAIL) if searched else None
        verdict, why = _judge(n, searched, found, upper)
        progress.append(ClassProgress(c, n, batches, searched, found, upper, verdict, why))
    return progress


def class_outlooks(
    pool: Pool, labelled: LabelledSet, history: Sequence[Batch], positions: Sequence[int]
) -> list[ClassOutlook]:
    """The outlook of these classes, in their order."""
    progress = class_progress(labelled, history)
    shares: list[Prevalence] = []
    if not pool.is_known[np.flatnonzero(labelled.unlabelled)].all():
        shares = estimate_prevalence(labelled, history)
    share_of = {share.position: share for share in shares}
    return [ClassOutlook(c, progress[c], share_of.get(c)) for c in positions]


def _searches(batch: Batch, known: BoolMatrix, labels: BoolMatrix) -> tuple[Counts, Counts]:
    """(q,) answered documents of the batch that were picked for each class, and those that have it."""
    q = labels.shape[1]
    is_search: Mask = np.array([step != REST for step in batch.steps], dtype=bool)
    places = np.flatnonzero(is_search & (batch.classes != NO_CLASS))
    places = places[known[places, batch.classes[places]]]
    asking = batch.classes[places]
    hits = asking[labels[places, asking]]
    return np.bincount(asking, minlength=q), np.bincount(hits, minlength=q)


def _last_picks(searches: Sequence[tuple[Counts, Counts]], c: int) -> tuple[int, int]:
    """Picks for the class in the last batches, back to the 30th, and how many have it."""
    searched = found = 0
    for picked, hits in reversed(searches):
        if searched >= FEWEST_PICKS:
            break
        searched += int(picked[c])
        found += int(hits[c])
    return searched, found


def _judge(n: int, searched: int, found: int, upper: float | None) -> tuple[Verdict, str]:
    if n >= ENOUGH:
        return "enough", (
            f"{n} labelled documents have it; from {ENOUGH} on, uncertainty serves it better than search"
        )
    if upper is None:
        return "unknown", "no labelled document was picked for it"
    picks = f"{found} of the last {searched} picks for it {'has' if found == 1 else 'have'} it"
    bound = f"the yield is at most {100 * upper:.3g} % (95 % bound)"
    limit = f"{100 * LEAST_YIELD:g} %"
    if searched < FEWEST_PICKS:
        return "search on", f"{picks}; fewer than {FEWEST_PICKS} are too few to tell"
    if upper < LEAST_YIELD:
        return "exhausted", f"{picks}: {bound}, below {limit}"
    return "search on", f"{picks}: {bound}, which may be {limit} or more"


def _without_position(facts: ClassProgress | Prevalence) -> dict[str, Any]:
    return {key: value for key, value in asdict(facts).items() if key != "position"}
