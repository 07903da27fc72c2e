"""The desk: who gets which document next, and what they answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock, Thread

from ..errors import ClassembError, RequestError, UnknownClassError, in_one_line
from ..labels.annotation import answers_to
from ..labels.log import Answer, Note
from ..labels.outstanding import answered_by, last_answer, last_sample, out_of_sample, out_to
from ..labels.schema import EVALUATION
from .choosing import NOTHING_LEFT, ORIGIN, Choice, choose
from .conflicts import check_conflict, repeated
from .handed import AnnotatorState, Handed, Purpose, handed_of
from .leases import Queue
from .workspace import Workspace

AGAIN = 10.0  # seconds after which documents are chosen again where that failed


@dataclass
class _Annotator:
    """What the desk knows of one."""

    name: str
    queue: Queue
    answered: dict[str, str]  # documents, with when the last time
    again: dict[str, int] = field(default_factory=dict)  # taken back, with the action that did
    is_choosing: bool = False
    is_waiting: bool = False  # got nothing while it was being chosen
    why: str = ""
    failed: tuple[int, float] = (-1, 0.0)  # the store's last action, and when


class Desk:
    """Hands documents to the tabs of annotators and takes their answers; for the threads of one process.

    What is handed out stands in the store, so that after a crash the same documents come first. Which tab
    has which of them is kept here alone.

    Args:
        workspace: the index and its store.
        choice: how documents are chosen.

    Raises:
        RequestError: they cannot be chosen so, see `Choice.check`.
    """

    def __init__(self, workspace: Workspace, choice: Choice = Choice()) -> None:
        choice.check()
        self._workspace, self._store, self._choice = workspace, workspace.store, choice
        self._row_of = workspace.now().index.pool.row_of
        self._lock = RLock()
        self._annotators: dict[str, _Annotator] = {}
        self._sample, self._sample_queue = 0, Queue()
        self._wanting: list[_Annotator] = []  # documents to be chosen
        self._is_busy = False  # choosing

    def next(
        self, annotator: str, tab: str, n: int = 3, purpose: Purpose = "training"
    ) -> list[Handed]:
        """The next documents of a tab, which no other tab gets; what it has and did not answer first.

        For training the next batch is chosen meanwhile, when less than half of one is left for the tab.
        Where nothing is there, `state` says whether it is being chosen, or why not.

        Args:
            annotator: by name.
            tab: of a browser, by a name of its own.
            n: at most so many.
            purpose: "evaluation" for the last sample that was drawn for measurement.

        Raises:
            LabelStoreError: the store cannot be read.
        """
        own = self._annotator(annotator)
        with self._lock:
            queue = self._queue(annotator, purpose)
            handed = self._lend(own, queue, tab, n, purpose)
            if not (handed or own.is_choosing):  # other processes hand out, and take answers back
                self._add(queue, self._out(own, purpose))
                handed = self._lend(own, queue, tab, n, purpose)
            if purpose == "training":
                self._choose_ahead(own, len(own.queue.waiting(tab)))
                own.is_waiting = own.is_choosing and not handed
            return handed

    def answer(
        self,
        annotator: str,
        tab: str,
        document: str,
        labels: Sequence[str] | None,
        shown: Sequence[str],
        *,
        note: str | None = None,
        seen: int = 0,
        replace: bool = False,
    ) -> int:
        """Write an answer: yes to the classes named, no to the others that were shown.

        Whoever says again what they said already, as after a lost connection, writes nothing.

        Args:
            annotator: by name.
            tab: of the browser.
            document: its id.
            labels: class names; None skips the document.
            shown: the classes that the page showed, under the names of that time.
            note: on the document; None leaves the annotator's earlier one, "" takes it away.
            seen: `Handed.seen` of when it was shown.
            replace: answer even if somebody answered otherwise since.

        Returns:
            The action's number; it is in the store.

        Raises:
            ConflictError: somebody answered otherwise since.
            RequestError: the pool has no such document, or no class was shown.
            UnknownClassError: there never was such a class.
            LabelStoreError: the store cannot be written.
        """
        self._workspace.row_of(document)
        own = self._annotator(annotator)
        with self._lock:
            standing = self._store.standing(document)
            answers = self._answers(document, labels, shown)
            notes = (
                [] if note in (None, standing.notes.get(annotator, "")) else [Note(document, note)]
            )
            number = None if notes else repeated(standing, annotator, answers, seen, replace)
            if number is None:
                if not replace:
                    check_conflict(standing, annotator, answers, seen)
                number = self._store.record(
                    answers, notes=notes, annotator=annotator, origin=ORIGIN
                )
            for queue in (own.queue, self._sample_queue):
                queue.remove(document)
            own.again.pop(document, None)
            if labels is not None:
                own.answered[document] = datetime.now(UTC).isoformat()
            return number

    def undo(self, annotator: str, tab: str) -> tuple[Handed, list[str] | None]:
        """Take back the annotator's last answer that stands; its document is the tab's next.

        Returns:
            The document, and the classes that it was said to have; None where it was skipped.

        Raises:
            RequestError: no answer of the annotator stands.
            LabelStoreError: the store cannot be written.
        """
        own = self._annotator(annotator)
        with self._lock:
            number = last_answer(self._store, annotator, ORIGIN)
            if number is None:
                raise RequestError("there is no answer of yours on this page to take back")
            answers = self._store.answers_of(number)
            self._store.take_back(number, annotator=annotator)
            document = answers[0].document
            standing = self._store.standing(document)
            if not any(annotator in said for said in standing.said_by.values()):
                own.answered.pop(document, None)
            own.again[document] = self._store.last_action()
            is_sample = any(out.strategy == EVALUATION for out in standing.handed)
            purpose: Purpose = "evaluation" if is_sample else "training"
            self._queue(annotator, purpose).put_first(document, tab)
            handed = handed_of(standing, annotator, purpose, own.again[document])
        if handed is None:
            raise RequestError(f"{document!r} is answered by somebody else at this moment")
        yes = [answer.class_name for answer in answers if answer.said == "yes"]
        return handed, None if answers[0].said == "skip" else [name for name in yes if name]

    def release(self, tab: str) -> None:
        """Free the documents of a tab that is closed."""
        with self._lock:
            for queue in (self._sample_queue, *(own.queue for own in self._annotators.values())):
                queue.release(tab)

    def state(self, annotator: str, purpose: Purpose = "training") -> AnnotatorState:
        """How far an annotator is.

        Raises:
            LabelStoreError: the store cannot be read.
        """
        own = self._annotator(annotator)
        with self._lock:
            queue = self._queue(annotator, purpose)
            today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            since = today.astimezone(UTC).isoformat()
            counts = len(own.answered), sum(at >= since for at in own.answered.values()), len(queue)
            if purpose == "training":
                return AnnotatorState(*counts, own.is_choosing or own.is_waiting, own.why)
            if not self._sample:
                return AnnotatorState(
                    *counts, False, "no sample was drawn to measure a model on yet"
                )
            why = "" if len(queue) else "every document of the sample is answered or skipped"
            return AnnotatorState(*counts, False, why)

    def _annotator(self, name: str) -> _Annotator:
        """What is known of an annotator, at first from the store."""
        if (own := self._annotators.get(name)) is None:
            own = _Annotator(name, Queue(), answered_by(self._store, name))
            self._add(own.queue, out_to(self._store, name))
            with self._lock:
                own = self._annotators.setdefault(name, own)
        return own

    def _queue(self, annotator: str, purpose: Purpose) -> Queue:
        """The annotator's documents; those of the last sample for measurement are everybody's."""
        if purpose == "training":
            return self._annotator(annotator).queue
        if (number := last_sample(self._store)) != self._sample:
            self._sample, self._sample_queue = number, Queue()
            self._add(self._sample_queue, out_of_sample(self._store, number))
        return self._sample_queue

    def _add(self, queue: Queue, documents: Iterable[str]) -> None:
        """Put documents last; one that the pool lost when it was built again is none."""
        queue.add(document for document in documents if document in self._row_of)

    def _out(self, own: _Annotator, purpose: Purpose) -> list[str]:
        if purpose == "training":
            return out_to(self._store, own.name)
        return out_of_sample(self._store, self._sample)

    def _lend(
        self, own: _Annotator, queue: Queue, tab: str, n: int, purpose: Purpose
    ) -> list[Handed]:
        """Up to n documents for a tab; those that are not to be answered any more are taken out."""
        lent: list[Handed] = []
        waiting = queue.waiting(tab)
        while waiting and (missing := n - len(lent)):
            asked, waiting = waiting[:missing], waiting[missing:]
            for document, standing in self._store.standings(asked).items():
                handed = handed_of(standing, own.name, purpose, own.again.get(document, 0))
                if handed is None:
                    queue.remove(document)
                else:
                    queue.lend(document, tab)
                    lent.append(handed)
        return lent

    def _answers(
        self, document: str, labels: Sequence[str] | None, shown: Sequence[str]
    ) -> list[Answer]:
        """What is answered, of classes under their present names.

        A class that was removed meanwhile keeps its answer in the log, and has it when it comes back.
        """
        if labels is None:
            return answers_to(document, None, ())
        register = self._store.register()
        unknown = {*labels, *shown} - register.numbers.keys()
        if unknown and (unknown := unknown - {*self._workspace.now().index.pool.classes}):
            raise UnknownClassError(f"no class {min(unknown)!r}; load the page again")
        yes = [register.name_now(name) or name for name in labels]
        asked = dict.fromkeys([*(register.name_now(name) or name for name in shown), *yes])
        if not asked:
            raise RequestError("no class was shown, so there is nothing to answer; skip it instead")
        return answers_to(document, yes, list(asked))

    def _choose_ahead(self, own: _Annotator, left: int) -> None:
        """Have the next batch chosen when less than half of one is left for a tab."""
        if own.is_choosing or 2 * left >= self._choice.batch:
            return
        last, at = own.failed
        if own.why and last == self._store.last_action() and time.monotonic() - at < AGAIN:
            return
        own.is_choosing = True
        self._wanting.append(own)
        if not self._is_busy:
            self._is_busy = True
            Thread(target=self._choose, name="choosing documents", daemon=True).start()

    def _choose(self) -> None:
        """Choose for all who want documents, together, until nobody does."""
        while True:
            with self._lock:
                wanting, self._wanting = self._wanting, []
                self._is_busy = bool(wanting)
            if not wanting:
                return
            chosen, why, last = dict[str, list[str]](), "", -1
            try:
                last = self._store.last_action()
                chosen = choose(self._workspace, [own.name for own in wanting], self._choice)
            except (ClassembError, OSError) as refused:  # such as a full disk
                why = str(refused)
            except Exception as error:  # nobody waits for this thread: the page tells it
                logging.getLogger(__name__).exception("choosing documents")
                why = f"choosing documents failed: {in_one_line(error)}"
            with self._lock:
                for own in wanting:
                    documents = chosen.get(own.name, [])
                    own.queue.add(documents)
                    own.why = why or ("" if documents else NOTHING_LEFT)
                    own.failed, own.is_choosing = (last, time.monotonic()), False
