"""The active-learning simulation (Section 4.2): train, measure, select, and label again."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Mask, Rows
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.batches import NO_CLASS, Batch
from ..labels.labelled import LabelledSet, draw_labelled, labelled_set
from ..measures.rounds import FULL, RoundResult
from ..models.contracts import THRESHOLD, Classifier, Surprisal
from ..models.f1 import f1_scores
from ..pool.pool import Pool
from ..strategies.base import Selection, SelectionState, StrategyOptions
from ..strategies.selection import (
    NEED_MASKED_LM,
    check_options,
    check_strategy,
    involved,
    select_batch,
)
from ..watch import Epoch

Event = Epoch


@dataclass(frozen=True)
class Schedule:
    """How many labels a simulation starts from, adds a round and ends with.

    Attributes:
        initial: random labelled documents at the start, the same for every strategy of a seed.
        batch: documents a round; the last round takes what the budget leaves.
        budget: labelled documents in all.
        dev_size: dev documents for early stopping; None takes the whole dev split.
    """

    initial: int = 100
    batch: int = 50
    budget: int = 600
    dev_size: int | None = None

    def sizes(self) -> list[int]:
        """The size of the labelled set in every round."""
        return [*range(self.initial, self.budget, self.batch), self.budget]


def simulate(
    index: EmbeddingIndex,
    strategies: Sequence[str],
    seeds: Sequence[int],
    classifier: Classifier,
    schedule: Schedule | None = None,
    *,
    surprisal: Surprisal | None = None,
    options: StrategyOptions | None = None,
    finished: Sequence[RoundResult] = (),
    on_event: Callable[[Event], None] | None = None,
) -> Generator[RoundResult, None, None]:
    """What each strategy gains: a result a round, for every seed and strategy.

    Each round trains a fresh classifier on the labelled set, measures it on the test
    split, and lets the strategy select from the train split; the known labels answer.
    A round depends on its strategy, seed and number alone, so a simulation that goes
    on from `finished` rounds gives the same results as an uninterrupted one.

    Args:
        index: the pool and its embeddings; documents with unknown labels are left out.
        strategies: names of query strategies; one given twice is run once. "full" is one
            round that is trained on the whole train split.
        seeds: one run of every strategy for each.
        classifier: trained and measured each round.
        schedule: sizes; the paper's by default.
        surprisal: of the pool's documents, for "alps".
        options: what may be chosen of the strategies; the defaults of each otherwise.
        finished: results of an interrupted simulation with the same arguments.
        on_event: called after every epoch.

    Yields:
        The rounds that are not in `finished`.

    Raises:
        RequestError: the pool has no classes, no test split or too few documents for
            the budget, or a strategy is unknown or lacks what it needs.
    """
    schedule, options = schedule or Schedule(), options or StrategyOptions()
    check_simulation(index.pool, strategies, schedule)
    check_options(options)
    check_surprisal(strategies, surprisal, options)
    for seed in dict.fromkeys(seeds):
        for strategy in dict.fromkeys(strategies):
            done = [r for r in finished if (r.strategy, r.seed) == (strategy, seed)]
            cell = _Cell(
                index,
                strategy,
                seed,
                classifier,
                schedule,
                surprisal,
                options,
                on_event,
            )
            yield from cell.rounds(sorted(done, key=lambda result: result.round))


def check_simulation(pool: Pool, strategies: Sequence[str], schedule: Schedule) -> None:
    """Nothing, when the pool can be simulated on as asked.

    Raises:
        RequestError: as for `simulate`.
    """
    for strategy in strategies:
        if strategy != FULL:
            check_strategy(strategy)
    if schedule.batch < 1 or not 1 <= schedule.initial <= schedule.budget:
        raise RequestError(
            f"initial {schedule.initial}, batch {schedule.batch} and budget {schedule.budget} do not "
            "fit: batch is at least 1 and initial is from 1 to budget"
        )
    if not pool.classes:
        raise RequestError(
            f"the pool {pool.name} has no classes to learn; add labels to its documents"
        )
    known = int(np.count_nonzero(pool.answerable))
    if schedule.budget > known:
        raise RequestError(
            f"a budget of {schedule.budget} labels, {known} documents of the pool have known labels; "
            "lower --budget"
        )
    if not pool.known_rows("test").size:
        raise RequestError(
            f"the pool {pool.name} has no test split with known labels to measure on; "
            "give its documents a split"
        )
    dev = len(pool.known_rows("dev"))
    if schedule.dev_size is not None and not 0 <= schedule.dev_size <= dev:
        raise RequestError(
            f"asked for {schedule.dev_size} dev documents, there are {dev}; lower --dev-size"
        )


def check_surprisal(
    strategies: Sequence[str], surprisal: Surprisal | None, options: StrategyOptions
) -> None:
    """Nothing, when the strategies that look at surprisal have it.

    Raises:
        RequestError: as for `simulate`.
    """
    if surprisal is None and (lacking := NEED_MASKED_LM & involved(strategies, options)):
        raise RequestError(
            f"the strategy {min(lacking)!r} needs a masked language model; name one with "
            "--masked-lm NAME|PATH"
        )


def count_rounds(strategies: Sequence[str], seeds: Sequence[int], schedule: Schedule) -> int:
    """How many rounds a simulation has in all."""
    rounds = sum(1 if name == FULL else len(schedule.sizes()) for name in dict.fromkeys(strategies))
    return rounds * len(dict.fromkeys(seeds))


class _Cell:
    """One strategy with one seed."""

    def __init__(
        self,
        index: EmbeddingIndex,
        strategy: str,
        seed: int,
        classifier: Classifier,
        schedule: Schedule,
        surprisal: Surprisal | None,
        options: StrategyOptions,
        on_event: Callable[[Event], None] | None,
    ) -> None:
        self._index, self._pool = index, index.pool
        self._strategy, self._seed = strategy, seed
        self._classifier, self._schedule = classifier, schedule
        self._surprisal, self._options = surprisal, options
        self._near: dict[int, Rows] = {}  # what SEALS has looked up
        self._on_event = on_event
        self._test_rows = self._pool.known_rows("test")
        self._dev_rows = np.zeros(0, dtype=np.int64)
        if classifier.uses_dev:
            self._dev_rows = draw_dev(self._pool, schedule.dev_size, seed)

    def rounds(self, done: Sequence[RoundResult]) -> Generator[RoundResult, None, None]:
        if self._strategy == FULL:
            rows = np.flatnonzero(self._pool.answerable)
            sizes = [len(rows)]
        else:
            rows = draw_labelled(self._pool, self._schedule.initial, self._seed).rows
            sizes = self._schedule.sizes()
        history: list[Batch] = []
        for number, size in enumerate(sizes):
            if number < len(done):
                result = done[number]
            else:
                batch = sizes[number + 1] - size if number + 1 < len(sizes) else 0
                result = self._round(number, self._labelled(rows), batch, history)
                yield result
            history.append(self._batch(result))
            rows = np.concatenate([rows, history[-1].rows])

    def _batch(self, result: RoundResult) -> Batch:
        place = {name: position for position, name in enumerate(self._pool.classes)}
        # rounds of earlier versions do not say which class asked
        asked = result.picked_for or [None] * len(result.selected)
        return Batch(
            np.array([self._pool.row_of[id_] for id_ in result.selected], dtype=np.int64),
            np.array([NO_CLASS if c is None else place[c] for c in asked], dtype=np.int64),
            tuple(result.steps or [""] * len(result.selected)),
            result.strategy,
        )

    def _round(
        self, number: int, labelled: LabelledSet, batch: int, history: Sequence[Batch]
    ) -> RoundResult:
        pool, names = self._pool, self._pool.classes
        started = time.perf_counter()
        epochs = self._classifier.fit(
            labelled.rows,
            labelled.labels,
            self._dev_rows,
            pool.labels[self._dev_rows],
            seed=_seed(self._seed, number),
            on_epoch=lambda epoch, macro_f1: self._tell(number, epoch, macro_f1),
        )
        trained = time.perf_counter()
        predicted = self._classifier.probabilities(self._test_rows) > THRESHOLD
        f1 = f1_scores(predicted, pool.labels[self._test_rows])
        measured = time.perf_counter()
        selection = self._select(number, labelled, batch, history) if batch else None
        selected = time.perf_counter()
        return RoundResult(
            strategy=self._strategy,
            seed=self._seed,
            round=number,
            n_labelled=len(labelled),
            macro_f1=f1.macro,
            micro_f1=f1.micro,
            f1=dict(zip(names, f1.per_class.tolist(), strict=True)),
            labelled_counts=dict(zip(names, labelled.counts.tolist(), strict=True)),
            selected=[pool.ids[row] for row in selection.rows] if selection else [],
            seconds={
                "train": trained - started,
                "predict": measured - trained,
                "select": selected - measured,
            },
            epochs=epochs,
            n_dev=len(self._dev_rows),
            skipped_classes=[names[c] for c in selection.skipped] if selection else [],
            note=selection.note if selection else None,
            picked_for=[None if c == NO_CLASS else names[c] for c in selection.classes]
            if selection
            else [],
            steps=list(selection.steps) if selection else [],
        )

    def _select(
        self, number: int, labelled: LabelledSet, batch: int, history: Sequence[Batch]
    ) -> Selection:
        rng = np.random.default_rng([self._seed, number, zlib.crc32(self._strategy.encode())])
        state = SelectionState(
            self._index,
            labelled,
            rng,
            self._oracle,
            self._classifier,
            self._surprisal,
            self._options,
            history,
            self._near,
        )
        return select_batch(self._strategy, state, batch)

    def _labelled(self, rows: Rows) -> LabelledSet:
        found = labelled_set(self._pool, rows, f"round of seed {self._seed}")
        # the oracle cannot answer for a document whose labels nobody knows
        unlabelled = found.unlabelled & self._pool.is_known
        return LabelledSet(found.rows, found.labels, unlabelled, found.origin)

    def _oracle(self, row: int) -> Mask:
        return np.asarray(self._pool.labels[row])

    def _tell(self, number: int, epoch: int, macro_f1: float | None) -> None:
        if self._on_event:
            self._on_event(Event(self._strategy, self._seed, number, epoch, macro_f1))


def draw_dev(pool: Pool, size: int | None, seed: int) -> Rows:
    """Rows of the dev split for early stopping, rising: all, or a random draw of `size`."""
    rows = pool.known_rows("dev")
    if size is None:
        return rows
    return np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def _seed(seed: int, number: int) -> int:
    """A seed for the classifier of one round, the same for every strategy."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
