"""The active-learning simulation (Section 4.2): train, measure, select, and label again."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatMatrix, Rows
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..labels.batches import Batch
from ..labels.labelled import LabelledSet, draw_labelled, labelled_set
from ..measures.rounds import FULL, RoundResult
from ..models.classifier import load_masked_lm
from ..models.contracts import THRESHOLD, Blends, Classifier, Encoder, MaskedLM, Training
from ..models.devices import device_name
from ..models.encoder import SentenceBertEncoder
from ..models.f1 import f1_scores
from ..pool.pool import Pool
from ..strategies.base import Aid, Selection, SelectionState
from ..strategies.options import StrategyOptions
from ..strategies.selection import (
    aids_of,
    check_options,
    check_strategy,
    classifier_for,
    oracle_of,
    select_batch,
    settings_of,
)
from ..watch import SILENT, Epoch, Watcher
from .schedule import Schedule


class Cell(NamedTuple):
    """One strategy with one seed; the strategy "full" is one round on the whole train split."""

    strategy: str
    seed: int


@dataclass(frozen=True)
class Models:
    """What the names in a plan are turned into models by; pickled by name for worker processes.

    Attributes:
        encoder: of a name, with `device` and `max_length`.
        classifier: of an index, a training, and the names of its classes.
        masked_lm: of a name or None, the classifier's model and a device.
    """

    encoder: Callable[..., Encoder] = SentenceBertEncoder
    classifier: Callable[[EmbeddingIndex, Training, FloatMatrix | None], Classifier] = (
        classifier_for
    )
    masked_lm: Callable[[str | None, str, str], MaskedLM] = load_masked_lm


MODELS = Models()


@dataclass(frozen=True)
class Plan:
    """What is simulated: strategies by seeds on one schedule.

    It holds names, not models, so that a worker process, a continued run and a reader mean the
    same.

    Attributes:
        strategies: names of query strategies; one given twice is run once.
        seeds: one run of every strategy for each.
        schedule: sizes; the paper's by default.
        training: of the classifier.
        options: what may be chosen of the strategies.
        masked_lm: name of the masked language model of "alps"; None takes the classifier's own
            model before fine-tuning, or the paper's BERT.
        full: train on the whole train split too, once a seed (Table 1).
        models: how names become models.
    """

    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    schedule: Schedule = Schedule()
    training: Training = Training()
    options: StrategyOptions = StrategyOptions()
    masked_lm: str | None = None
    full: bool = False
    models: Models = MODELS

    def names(self) -> list[str]:
        """The strategies, each once, and "full" where it is planned."""
        return list(dict.fromkeys([*self.strategies, *([FULL] if self.full else [])]))

    def cells(self, finished: Iterable[RoundResult] = ()) -> list[Cell]:
        """The cells of which rounds are left to run beside the finished ones, seed by seed."""
        done = Counter(Cell(result.strategy, result.seed) for result in finished)
        cells = [Cell(name, seed) for seed in dict.fromkeys(self.seeds) for name in self.names()]
        return [cell for cell in cells if done[cell] < self.rounds_of(cell)]

    def rounds_of(self, cell: Cell) -> int:
        """How many rounds a cell has."""
        return 1 if cell.strategy == FULL else len(self.schedule.sizes())

    def n_rounds(self) -> int:
        """How many rounds there are in all."""
        return sum(self.rounds_of(cell) for cell in self.cells())

    def check(self, pool: Pool) -> None:
        """Nothing, when the pool can be simulated on as planned.

        Raises:
            RequestError: the pool has no classes, no test split or too few documents for
                the budget, or a strategy or an option of one is unknown.
        """
        for name in self.strategies:
            check_strategy(name)
        check_options(self.options)
        schedule = self.schedule
        if schedule.batch < 1 or not 1 <= schedule.initial <= schedule.budget:
            raise RequestError(
                f"initial {schedule.initial}, batch {schedule.batch} and budget {schedule.budget} do "
                "not fit: batch is at least 1 and initial is from 1 to budget"
            )
        if not pool.classes:
            raise RequestError(
                f"the pool {pool.name} has no classes to learn; add labels to its documents"
            )
        known = int(np.count_nonzero(pool.answerable))
        if schedule.budget > known:
            raise RequestError(
                f"a budget of {schedule.budget} labels, {known} documents of the pool have known "
                "labels; lower --budget"
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


def simulate(
    index: EmbeddingIndex,
    plan: Plan,
    *,
    finished: Sequence[RoundResult] = (),
    watch: Watcher = SILENT,
) -> Generator[RoundResult, None, None]:
    """What each strategy gains: a result a round, for every seed and strategy.

    Each round trains a fresh classifier on the labelled set, measures it on the test
    split, and lets the strategy select from the train split; the known labels answer.
    A round depends on its strategy, seed and number alone, so a simulation that goes
    on from `finished` rounds gives the same results as an uninterrupted one.

    Args:
        index: the pool and its embeddings; documents with unknown labels are left out.
        plan: what to run.
        finished: results of an interrupted simulation of the same plan.
        watch: is told of every epoch.

    Yields:
        The rounds that are not in `finished`.

    Raises:
        RequestError: as for `Plan.check`.
        ModelError: a model of the plan cannot be had.
    """
    plan.check(index.pool)
    simulator = Simulator(index, plan, watch)
    simulator.compute_surprisal()  # a model that cannot be had fails before a round
    yield from simulator.rounds(finished)


class Simulator:
    """Runs a plan's cells one after the other; its models are made once.

    Args:
        index: the pool and its embeddings.
        plan: what to run.
        watch: is told of every epoch.
    """

    def __init__(self, index: EmbeddingIndex, plan: Plan, watch: Watcher = SILENT) -> None:
        self._index, self._pool, self._plan, self._watch = index, index.pool, plan, watch
        self._options = plan.options.on(index)
        names = self._options.name_vectors
        self._classifier = plan.models.classifier(index, plan.training, names)
        self._test_rows = self._pool.known_rows("test")

    @cached_property
    def surprisal(self) -> PoolSurprisal:
        """Of the pool, by the plan's masked language model, which is loaded here."""
        plan, index = self._plan, self._index
        model = plan.models.masked_lm(plan.masked_lm, plan.training.model, index.device)
        return PoolSurprisal(index, model, self._watch)

    def config(self) -> dict[str, Any]:
        """What the results depend on, JSON-ready; equal for runs that can be continued."""
        manifest, plan = self._index.manifest, self._plan
        classifier = dict(self._classifier.settings())
        masked_lm = self.surprisal.masked_lm if self._looks_at(Aid.SURPRISAL) else None
        own = {name: settings_of(name, self._options, masked_lm) for name in plan.strategies}
        return {
            "index": {
                "name": manifest.name,
                "source": manifest.source,
                "n": manifest.n,
                "encoder": manifest.encoder.name,
                "vectors": self._index.vectors_digest,
                "documents": self._index.documents_digest,
                "answers": self._index.labels_digest or None,
            },
            "classifier": classifier,
            "schedule": asdict(plan.schedule),
            "strategies": {name: own.get(name, {}) for name in plan.names()},
            "machine": {"device": device_name(classifier.get("device", "cpu"))},
            "versions": _versions(),
        }

    def compute_surprisal(self) -> None:
        """Compute the surprisal of the pool, where a strategy of the plan looks at it."""
        if self._looks_at(Aid.SURPRISAL):
            self.surprisal.compute()

    def rounds(self, finished: Sequence[RoundResult] = ()) -> Generator[RoundResult, None, None]:
        """The rounds of the plan that are not in `finished`."""
        for cell in self._plan.cells(finished):
            yield from self.rounds_of(cell, finished)

    def rounds_of(
        self, cell: Cell, finished: Sequence[RoundResult] = ()
    ) -> Generator[RoundResult, None, None]:
        """The rounds of a cell that are not in `finished`."""
        done = [result for result in finished if (result.strategy, result.seed) == cell]
        done.sort(key=lambda result: result.round)
        if cell.strategy == FULL:
            rows = np.flatnonzero(self._pool.answerable)
            sizes = [len(rows)]
        else:
            rows = draw_labelled(self._pool, self._plan.schedule.initial, cell.seed).rows
            sizes = self._plan.schedule.sizes()
        history: list[Batch] = []
        for number, size in enumerate(sizes):
            if number < len(done):
                result = done[number]
            else:
                batch = sizes[number + 1] - size if number + 1 < len(sizes) else 0
                result = self._round(cell, self._labelled(rows, cell.seed), batch, history)
                yield result
            history.append(result.batch(self._pool))
            rows = np.concatenate([rows, history[-1].rows])

    def _round(
        self, cell: Cell, labelled: LabelledSet, batch: int, history: Sequence[Batch]
    ) -> RoundResult:
        pool, number = self._pool, len(history)
        dev_rows = self._dev_rows(cell.seed)
        started = time.perf_counter()
        epochs = self._classifier.fit(
            labelled.rows,
            labelled.labels,
            dev_rows,
            pool.labels[dev_rows],
            seed=_seed(cell.seed, number),
            on_epoch=lambda done, macro_f1: self._watch.epoch(Epoch(*cell, number, done, macro_f1)),
        )
        trained = time.perf_counter()
        predicted = self._classifier.probabilities(self._test_rows) > THRESHOLD
        f1 = f1_scores(predicted, pool.labels[self._test_rows])
        measured = time.perf_counter()
        selection = self._select(cell, labelled, batch, history) if batch else None
        selected = time.perf_counter()
        return RoundResult(
            strategy=cell.strategy,
            seed=cell.seed,
            round=number,
            n_labelled=len(labelled),
            macro_f1=f1.macro,
            micro_f1=f1.micro,
            f1=dict(zip(pool.classes, f1.per_class.tolist(), strict=True)),
            labelled_counts=dict(zip(pool.classes, labelled.counts.tolist(), strict=True)),
            selected=selection.ids(pool) if selection else [],
            seconds={
                "train": trained - started,
                "predict": measured - trained,
                "select": selected - measured,
            },
            epochs=epochs,
            n_dev=len(dev_rows),
            skipped_classes=[pool.classes[c] for c in selection.skipped] if selection else [],
            note=selection.note if selection else None,
            picked_for=selection.asked_by(pool) if selection else [],
            steps=list(selection.steps) if selection and any(selection.steps) else [],
            share=self._classifier.share if isinstance(self._classifier, Blends) else None,
        )

    def _select(
        self, cell: Cell, labelled: LabelledSet, batch: int, history: Sequence[Batch]
    ) -> Selection:
        looks_at = aids_of([cell.strategy], self._options)
        state = SelectionState(
            self._index,
            labelled,
            np.random.default_rng([cell.seed, len(history), zlib.crc32(cell.strategy.encode())]),
            oracle_of(self._pool, labelled),
            self._classifier,
            self.surprisal if Aid.SURPRISAL in looks_at else None,
            options=self._options,
            history=history,
        )
        return select_batch(cell.strategy, state, batch)

    def _labelled(self, rows: Rows, seed: int) -> LabelledSet:
        labelled = labelled_set(self._pool, rows, f"round of seed {seed}")
        # the oracle cannot answer for a document whose labels nobody knows
        return replace(labelled, unlabelled=labelled.unlabelled & self._pool.is_complete)

    def _dev_rows(self, seed: int) -> Rows:
        if not self._classifier.uses_dev:
            return np.zeros(0, dtype=np.int64)
        return draw_dev(self._pool, self._plan.schedule.dev_size, seed)

    def _looks_at(self, aid: Aid) -> bool:
        return aid in aids_of(self._plan.strategies, self._options)


def draw_dev(pool: Pool, size: int | None, seed: int) -> Rows:
    """Rows of the dev split for early stopping, rising: all, or a random draw of `size`."""
    rows = pool.known_rows("dev")
    if size is None:
        return rows
    return np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def _seed(seed: int, number: int) -> int:
    """A seed for the classifier of one round, the same for every strategy."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _versions() -> dict[str, str]:
    names = ("classemb-index", "torch", "transformers", "scikit-learn", "numpy")
    return {name: version(name) for name in names}
