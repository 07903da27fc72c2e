"""A pool under annotation: the source's labels with the answers of people over them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np

from ..arrays import Mask
from ..pool.pool import Pool
from .batches import Batch
from .known import KnownCells
from .labelled import LabelledSet, labelled_set
from .log import Answer, HandedOut, LabelLog, Pick
from .schema import EVALUATION
from .store import LabelStore

IMPORT = "import"  # the strategy of answers to documents that were never handed out


@dataclass(frozen=True)
class Annotation:
    """What is known of a pool's documents, and who is busy with which.

    Attributes:
        pool: of the index, its labels with the answers over them, and its classes as they are now: an
            answer changes its own cell, all other cells are as the source says.
        skipped: (n,) True for documents that somebody skipped and nobody answered.
        answered: (n,) True for documents that somebody answered.
        log: what stands in the store.
        digest: sha256 of classes and labels; "" where they are the source's.
        uses_sample: learn from documents that were handed out for measurement too.
        cells: that the pool was made of; None where it is the source's.
    """

    pool: Pool
    skipped: Mask
    answered: Mask
    log: LabelLog
    digest: str = ""
    uses_sample: bool = False
    cells: KnownCells | None = field(default=None, repr=False, compare=False)

    @property
    def source(self) -> Pool:
        """The pool without the answers."""
        return self.pool if self.cells is None else self.cells.source

    @property
    def handed_out(self) -> tuple[HandedOut, ...]:
        """The batches that were handed out, first to last."""
        return self.log.batches

    @property
    def has_begun(self) -> bool:
        """Whether anything was answered, skipped or handed out."""
        return bool(self.handed_out or self.answered.any() or self.skipped.any())

    @classmethod
    def of(cls, pool: Pool, store: LabelStore, before: Annotation | None = None) -> Annotation:
        """The pool with the store's answers; those to documents and classes that it lacks wait.

        Args:
            pool: as its source has it.
            store: of the answers.
            before: the same of an earlier moment: where only answers came since, it takes in these.

        Raises:
            LabelStoreError: the store is damaged or a newer version wrote it.
        """
        return cls._replayed(pool, store.read(), before)

    @classmethod
    def _replayed(cls, pool: Pool, log: LabelLog, before: Annotation | None = None) -> Annotation:
        nobody = np.zeros(len(pool), dtype=bool)
        if not (log.register.classes or log.answers or pool.is_practice):
            return cls(pool, nobody, nobody, log)
        if before and before.cells and before.cells.source is pool and log.goes_on(before.log):
            cells, rest = before.cells.copy(), len(before.log.answers)
        else:
            cells, rest = KnownCells(pool, log.register), 0
            for merge in log.register.merges:
                stop = bisect_left(log.answers, merge.action, lo=rest, key=itemgetter(0))
                cells.answer(log.answers[rest:stop])
                cells.merge(merge.gone, merge.into)
                rest = stop
        cells.answer(log.answers[rest:])
        return cls(cells.pool, cells.skipped, cells.answered, log, cells.digest(), cells=cells)

    def until(self, action: int) -> Annotation:
        """The same with the answers up to this action alone; classes and batches are those of now."""
        answers = [own for own in self.log.answers if own[0] <= action]
        replayed = self._replayed(self.source, replace(self.log, answers=answers))
        return replace(replayed, uses_sample=self.uses_sample)

    @cached_property
    def held_out(self) -> Mask:
        """(n,) True for documents that were handed out for measurement, answered or not.

        Nothing learns from them and nobody gets them a second time, so that what is measured
        on them holds for documents that no model has seen. `with_sample` gives them up.
        """
        is_held = np.zeros(len(self.pool), dtype=bool)
        for handed in self.handed_out:
            if handed.strategy == EVALUATION and not self.uses_sample:
                rows = (self.pool.row_of.get(pick.document) for pick in handed.picks)
                is_held[[row for row in rows if row is not None]] = True
        return is_held

    def with_sample(self) -> Annotation:
        """The same with no document held out: a model that learns from it is not measured by it."""
        return replace(self, uses_sample=True)

    @property
    def counted(self) -> Mask:
        """(n,) True for selectable documents that are not held out."""
        return np.asarray(self.pool.selectable & ~self.held_out)

    @cached_property
    def history(self) -> tuple[Batch, ...]:
        """The documents of each batch that came back, in the order of the batches; each once.

        Documents that were answered and never handed out come first, as a batch of the strategy
        "import": nobody knows why they were labelled, so they are no random sample. Documents that
        are held out are in none.
        """
        pool = self.pool
        back = {pool.ids[row] for row in np.flatnonzero(self.counted & pool.is_known).tolist()}
        given = {pick.document for handed in self.handed_out for pick in handed.picks}
        others = [pool.ids[row] for row in np.flatnonzero(self.counted & self.answered).tolist()]
        picks = [Pick(document, None, "") for document in others if document not in given]
        batches = [_batch(pool, picks, IMPORT)] if picks else []
        for handed in self.handed_out:
            picks = [pick for pick in handed.picks if pick.document in back]
            back.difference_update(pick.document for pick in picks)
            if picks:
                batches.append(_batch(pool, picks, handed.strategy))
        return tuple(batches)

    def out(self, age: timedelta | None = None) -> Mask:
        """(n,) True for documents that were handed out and are neither answered nor skipped yet.

        Args:
            age: from which a batch counts as lost, and its documents are free; None for never.
        """
        is_out = np.zeros(len(self.pool), dtype=bool)
        now = datetime.now(UTC)
        for handed in self.handed_out:
            if age is not None and now - datetime.fromisoformat(handed.at) >= age:
                continue
            rows = (self.pool.row_of.get(pick.document) for pick in handed.picks)
            is_out[[row for row in rows if row is not None]] = True
        return np.asarray(is_out & ~self.pool.is_known & ~self.skipped)

    def labelled(self, *, again: bool = False, age: timedelta | None = None) -> LabelledSet:
        """Every selectable document of which something is known, and what may be handed out.

        Documents that are held out are in neither.

        Args:
            again: documents that are out or were skipped may be handed out once more.
            age: see `out`.
        """
        rows = np.flatnonzero(self.counted & self.pool.is_known)
        labelled = labelled_set(
            self.pool, rows, f"the {len(rows)} documents whose labels are known"
        )
        labelled = labelled.without(self.held_out)
        if again:
            return labelled
        return replace(labelled, unlabelled=labelled.unlabelled & ~self.out(age) & ~self.skipped)

    @cached_property
    def said_by(self) -> dict[tuple[str, str], dict[str, bool]]:
        """By document and class, what each annotator said last; classes have their present names."""
        name_of = self.log.register.names_now
        said = defaultdict[tuple[str, str], dict[str, bool]](dict)
        for _, document, number, answer, annotator in self.log.answers:
            if (name := name_of.get(number or 0)) is not None:
                said[document, name][annotator] = answer == "yes"
        return said

    @cached_property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The classes that each document was to be answered for when it was last handed out, by id."""
        there = set(self.pool.classes)
        offered: dict[str, tuple[str, ...]] = {}
        for handed in self.handed_out:
            names = tuple(name for name in handed.offered if name in there)
            offered |= {pick.document: names for pick in handed.picks}
        return offered

    def cells_of(self, document: str) -> dict[str, bool | None]:
        """Of each class whether one document has it; None where that is unknown.

        Who said what of it, and when, is `LabelStore.standing`.

        Raises:
            RequestError: the pool has no such document.
        """
        pool, row = self.pool, self.pool.document_row(document)
        cells = zip(pool.classes, pool.labels[row].tolist(), pool.known[row].tolist(), strict=True)
        return {name: has if known else None for name, has, known in cells}

    def document(self) -> dict[str, Any]:
        """Documents by state, and each class's answers among the selectable ones, as JSON.

        Documents that are held out are counted as such, and in no class.
        """
        pool = self.pool
        rows = np.flatnonzero(self.counted & pool.is_known)
        yes = pool.labels[rows].sum(axis=0)
        known = pool.known[rows].sum(axis=0)
        n = int(self.counted.sum())
        group_of = {name: group for group, names in pool.groups.items() for name in names}
        return {
            "documents": {
                "answered": int(self.answered.sum()),
                "handed_out": int(self.out().sum()),
                "skipped": int(self.skipped.sum()),
                "held_out": int(self.held_out.sum()),
            },
            "classes": [
                {
                    "class": name,
                    "group": group_of.get(name),
                    "description": pool.descriptions.get(name),
                    "yes": int(yes[c]),
                    "no": int(known[c] - yes[c]),
                    "unknown": n - int(known[c]),
                }
                for c, name in enumerate(pool.classes)
            ],
        }


def hand_out(
    pool: Pool, batch: Batch, store: LabelStore, *, annotator: str = "", origin: str = ""
) -> None:
    """Write into the store that a batch was given to somebody.

    Nothing is written where the labels of all selectable documents are known: nobody is to answer.

    Raises:
        LabelStoreError: the store cannot be written.
    """
    if pool.is_known[pool.selectable].all():
        return
    columns = zip(batch.ids(pool), batch.asked_by(pool), batch.steps, strict=True)
    picks = [Pick(*pick) for pick in columns]
    store.hand_out(
        picks, batch.strategy or "", offered=pool.classes, annotator=annotator, origin=origin
    )


def answers_to(document: str, labels: Sequence[str] | None, classes: Sequence[str]) -> list[Answer]:
    """What a filled cell says of a document: yes to the classes named, no to all others.

    Args:
        document: its id.
        labels: class names, all of them in `classes`; None where it was skipped.
        classes: all that the annotator chose from.
    """
    if labels is None:
        return [Answer(document, None, "skip")]
    return [Answer(document, name, "yes" if name in labels else "no") for name in classes]


def _batch(pool: Pool, picks: Sequence[Pick], strategy: str) -> Batch:
    """These picks; one for a class that the pool has no longer is for no class."""
    documents, names, steps = zip(*picks, strict=True)
    asked_by = [name if name in pool.classes else None for name in names]
    return Batch.of_ids(pool, documents, asked_by, steps, strategy)
