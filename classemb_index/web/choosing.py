"""Which documents an annotator gets next: a batch by the strategy, some of it for a second opinion."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import RequestError
from ..labels.annotation import Annotation, hand_out
from ..labels.log import Pick
from ..labels.schema import EVALUATION, OVERLAP
from ..strategies.selection import BatchRequest, check_strategy, next_batch
from .workspace import Workspace

ORIGIN = "annotate"  # of all that the page writes
NOTHING_LEFT = "every document that can be selected is answered, skipped, or with somebody"


@dataclass(frozen=True)
class Choice:
    """How documents are chosen.

    Attributes:
        batch: documents that are chosen together; each batch learns from all answers before it.
        strategy: the query strategy's name.
        overlap: share of an annotator's documents that another one has too.
        seed: of the draw of these.
    """

    batch: int = 20
    strategy: str = "portfolio"
    overlap: float = 0.0
    seed: int = 0

    def check(self) -> None:
        """Nothing, when documents can be chosen so.

        Raises:
            RequestError: there is no such strategy, the batch is empty, or the share is none.
        """
        check_strategy(self.strategy)
        if self.batch < 1:
            raise RequestError(
                f"a batch of {self.batch} documents is none; --batch takes 1 or more"
            )
        if not 0 <= self.overlap <= 1:
            raise RequestError(
                f"an overlap of {self.overlap:g} is no share; --overlap takes a number from 0 to 1, "
                "such as 0.1"
            )


def choose(workspace: Workspace, annotators: Sequence[str], choice: Choice) -> dict[str, list[str]]:
    """Select a batch for each annotator in one selection and hand it out; nobody else selects meanwhile.

    The picks are dealt in turn, so that each gets as good ones as the others.

    Returns:
        By annotator the documents, in the order in which they are to be answered; none where none is
        left.

    Raises:
        RequestError: there is no class to answer for, or as for `next_batch`.
        LabelStoreError: the store cannot be read or written.
    """
    with workspace.store.handing_out():
        scene = workspace.now()
        annotation, pool = scene.annotation, scene.index.pool
        if not pool.classes:
            raise RequestError("there is no class to answer for yet; add one under Classes")
        labelled = annotation.labelled()
        places = {who: _shared_places(annotation, who, choice) for who in annotators}
        shared: dict[str, list[str]] = {}
        for who in annotators:
            drawn = {document for documents in shared.values() for document in documents}
            shared[who] = draw_shared(annotation, who, sum(places[who]), choice.seed, drawn)
        turns = [
            who
            for turn in range(choice.batch)
            for who in annotators
            if turn < choice.batch - len(shared[who])
        ][: labelled.n_unlabelled]
        own: dict[str, list[str]] = {who: [] for who in annotators}
        if turns:
            request = BatchRequest(choice.strategy, len(turns), seed=len(annotation.handed_out))
            found = next_batch(scene.index, labelled, request, history=annotation.history)
            for who in dict.fromkeys(turns):
                part = found.part([place for place, turn in enumerate(turns) if turn == who])
                hand_out(pool, part, workspace.store, annotator=who, origin=ORIGIN)
                own[who] = part.ids(pool)
        for who, documents in shared.items():
            if documents:
                picks = [Pick(document, None, "") for document in documents]
                workspace.store.hand_out(
                    picks, OVERLAP, offered=pool.classes, annotator=who, origin=ORIGIN
                )
        return {
            who: list(_merged(places[who], iter(shared[who]), iter(own[who]))) for who in annotators
        }


def shared_places(given: int, n: int, overlap: float) -> list[bool]:
    """Which of an annotator's next n documents another one has too, evenly spread.

    After any number m of documents floor(m * overlap) were such.

    Args:
        given: documents that he got before.
        n: how many follow.
        overlap: share of them, from 0 to 1.
    """
    # 100 * 0.29 is less than 29
    so_far = [math.floor(round(m * overlap, 9)) for m in range(given, given + n + 1)]
    return [after > before for before, after in pairwise(so_far)]


def draw_shared(
    annotation: Annotation, annotator: str, n: int, seed: int, but: Collection[str] = ()
) -> list[str]:
    """Documents that one other annotator has answered or has, drawn at random.

    Never one that two had, that is held out for measurement, or that somebody skipped.

    Args:
        annotation: of the pool.
        annotator: for whom.
        n: how many; fewer where there are not so many.
        seed: of the draw; what was handed out so far is a part of it.
        but: documents that a third one gets now.
    """
    if not n:
        return []
    pool, row_of = annotation.pool, annotation.pool.row_of
    had_by = defaultdict[str, set[str]](set)
    for handed in annotation.handed_out:
        for pick in handed.picks:
            had_by[pick.document].add(handed.annotator)
    for _, document, number, _, who in annotation.log.answers:
        if number is not None:
            had_by[document].add(who)
    may_be = annotation.counted & ~annotation.skipped
    rows = sorted(
        row_of[document]
        for document, who in had_by.items()
        if len(who - {""} or who) == 1 and annotator not in who and document not in but
        if document in row_of and may_be[row_of[document]]
    )
    rng = np.random.default_rng([seed, len(annotation.handed_out)])
    drawn = rng.permutation(rows)[:n]
    return [pool.ids[row] for row in drawn]


def _shared_places(annotation: Annotation, annotator: str, choice: Choice) -> list[bool]:
    """The places of the annotator's next batch that are for documents of somebody else's."""
    given = sum(
        len(handed.picks)
        for handed in annotation.handed_out
        if handed.annotator == annotator and handed.strategy != EVALUATION
    )
    return shared_places(given, choice.batch, choice.overlap)


def _merged(is_shared: Sequence[bool], shared: Iterator[str], own: Iterator[str]) -> Iterator[str]:
    """Each place's document; where one kind is used up, the other goes on."""
    for wants_shared in is_shared:
        first, second = (shared, own) if wants_shared else (own, shared)
        document = next(first, None) or next(second, None)
        if document is not None:
            yield document
