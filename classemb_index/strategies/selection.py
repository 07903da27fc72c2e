"""Query strategies by name, and the door through which a batch is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from ..arrays import FloatMatrix
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..labels.batches import Batch
from ..labels.labelled import LabelledSet, labelled_set
from ..models.classifier import kind_of, load_masked_lm, make_classifier
from ..models.contracts import PROBE, Classifier, MaskedLM, Training
from ..pool.pool import Pool
from ..queries.classes import class_vectors
from ..queries.names import name_prior
from ..watch import SILENT, Watcher
from .alps import ALPS
from .anchoral import ANCHORAL
from .base import RANDOM, Aid, Oracle, Selection, SelectionState, Strategy
from .class_embedding import CLASS_EMBEDDING
from .cvirs import CVIRS
from .dal import DAL
from .near_duplicates import without_near_duplicates
from .options import StrategyOptions
from .portfolio import PORTFOLIO
from .seals import SEALS
from .uncertainty import BALANCED, MAX_UNCERTAINTY, UNCERTAINTY

STRATEGIES: Mapping[str, Strategy] = {
    "random": RANDOM,
    "class-embedding": CLASS_EMBEDDING,
    "cvirs": CVIRS,
    "dal": DAL,
    "alps": ALPS,
    "uncertainty": UNCERTAINTY,
    "max-uncertainty": MAX_UNCERTAINTY,
    "portfolio": PORTFOLIO,
    "anchoral": ANCHORAL,
    "seals": SEALS,
    "balanced": BALANCED,
}
OF_EVERY_STRATEGY = ("no_near_duplicates",)  # options


@dataclass(frozen=True)
class BatchRequest:
    """What a batch is asked for with.

    Attributes:
        strategy: the query strategy's name.
        size: documents to select.
        options: of the strategies.
        training: of the classifier that most strategies look at.
        masked_lm: name of the masked language model of "alps"; None takes the classifier's own
            model before fine-tuning, or the paper's BERT.
        descriptions: classes in the user's words, by name, in place of the class names.
        hide_names: no class has a name.
        seed: of any random choice.
    """

    strategy: str = "portfolio"
    size: int = 50
    options: StrategyOptions = StrategyOptions()
    training: Training = Training(model=PROBE)
    masked_lm: str | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)
    hide_names: bool = False
    seed: int = 0


def next_batch(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    request: BatchRequest,
    *,
    history: Sequence[Batch] = (),
    oracle: Oracle | None = None,
    watch: Watcher = SILENT,
) -> Selection:
    """The documents to label next; what the strategy looks at is made for it.

    Args:
        index: the pool and its embeddings.
        labelled: the labelled set.
        request: how many, by which strategy, and how its models are trained.
        history: the batches that were labelled so far, first to last, where they are known.
        oracle: answers with a picked document's labels at once; None in a real annotation batch.
        watch: is told how far the surprisal of the pool is, where it is computed.

    Raises:
        RequestError: there is no such strategy, fewer documents are unlabelled, an option cannot be
            followed, or there is nothing to train a classifier on.
        UnknownClassError: a description is of a class that the pool does not have.
        ModelError: a model cannot be had.
    """
    _check_batch(request.strategy, labelled, request.size)
    vectors = class_vectors(index, request.descriptions, request.hide_names)
    options = request.options if vectors is None else replace(request.options, name_vectors=vectors)
    check_options(options)
    classifier = surprisal = None
    aids = aids_of([request.strategy], options)
    if Aid.CLASSIFIER in aids:
        classifier = train_classifier(
            index, labelled, request.training, request.seed, options.name_vectors
        )
    if Aid.SURPRISAL in aids:
        model = load_masked_lm(request.masked_lm, request.training.model, index.device)
        surprisal = PoolSurprisal(index, model, watch)
        surprisal.compute()
    state = SelectionState(
        index,
        labelled,
        np.random.default_rng(request.seed),
        oracle,
        classifier,
        surprisal,
        options=options,
        history=history,
    )
    return select_batch(request.strategy, state, request.size)


def select_batch(name: str, state: SelectionState, batch: int) -> Selection:
    """The next batch to label by the strategy of that name; its base strategy is handed in here.

    Raises:
        RequestError: no such strategy, fewer than `batch` documents are unlabelled, or
            the state lacks what the strategy looks at.
    """
    strategy = _check_batch(name, state.labelled, batch)
    check_options(state.options)
    if Aid.BASE in strategy.looks_at:
        state = replace(state, base=STRATEGIES[state.options.base].select)
    most_alike = state.options.no_near_duplicates
    if most_alike is None or strategy.keeps_apart:
        selection = strategy.select(state, batch)
    else:
        selection = without_near_duplicates(strategy.select, state, batch, most_alike)
    return replace(selection, strategy=name)


def check_strategy(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        RequestError: there is none; the message names the choices.
    """
    if name not in STRATEGIES:
        raise RequestError(f"no strategy {name!r}; there are: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


def check_options(options: StrategyOptions) -> None:
    """Nothing, when the options can be followed.

    Raises:
        RequestError: the base strategy is unknown or has a base itself, or the cosine
            similarity is not one.
    """
    if Aid.BASE in check_strategy(options.base).looks_at:
        bases = ", ".join(name for name, s in STRATEGIES.items() if Aid.BASE not in s.looks_at)
        raise RequestError(f"{options.base!r} cannot be a base strategy; there are: {bases}")
    limit = options.no_near_duplicates
    if limit is not None and not 0 < limit < 1:
        raise RequestError(
            f"a cosine similarity of {limit} tells no near-duplicates; --no-near-duplicates takes a "
            "number between 0 and 1, such as 0.95"
        )


def aids_of(names: Iterable[str], options: StrategyOptions) -> set[Aid]:
    """All that these strategies look at, and the base strategy where one of them has one."""
    return {aid for name in names for row in _rows(name, options) for aid in row.looks_at}


def settings_of(
    name: str, options: StrategyOptions, masked_lm: MaskedLM | None = None
) -> dict[str, Any]:
    """What the picks of a strategy depend on beside the classifier, JSON-ready.

    Arrays are known by their sha256, and what is None or False is left out. An option that no
    row names changes nothing, so none can be forgotten.

    Args:
        name: of the strategy.
        options: with the names that are searched by (`StrategyOptions.on`).
        masked_lm: what "alps" asks.
    """
    rows = _rows(name, options)
    asked = [key for row in rows for key in row.options]
    key_of = {f.name: f.metadata.get("key", f.name) for f in fields(options)}
    settings = {
        key_of[key]: _recorded(getattr(options, key)) for key in (*asked, *OF_EVERY_STRATEGY)
    }
    if (version := max(row.version for row in rows)) > 1:
        settings["version"] = version
    if masked_lm is not None and any(Aid.SURPRISAL in row.looks_at for row in rows):
        settings |= {"masked_lm": masked_lm.name, "fingerprint": masked_lm.fingerprint}
    return {
        key: value for key, value in settings.items() if value is not None and value is not False
    }


def oracle_of(pool: Pool, labelled: LabelledSet) -> Oracle:
    """The oracle that answers with the pool's own labels.

    Raises:
        RequestError: labels of unlabelled documents are unknown.
    """
    unknown = int(np.count_nonzero(labelled.unlabelled & ~pool.is_complete))
    if unknown:
        raise RequestError(
            f"the labels of {unknown} unlabelled documents are unknown, so there is no oracle; "
            "leave out --oracle"
        )
    return lambda row: np.asarray(pool.labels[row])


def classifier_for(
    index: EmbeddingIndex, training: Training, name_vectors: FloatMatrix | None = None
) -> Classifier:
    """The classifier that `training.model` names, for the documents of an index; not yet trained.

    Args:
        index: the pool and its embeddings.
        training: how to train.
        name_vectors: (q, dim) of the classes' names or descriptions, zero for a class without one;
            None takes the index's own. Without any name, heads are plain.
    """
    prior = None if kind_of(training.model).is_whole else name_prior(index, name_vectors)
    return make_classifier(index, training, prior)


def train_classifier(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    training: Training,
    seed: int,
    name_vectors: FloatMatrix | None = None,
) -> Classifier:
    """A classifier trained on the labelled set, for a strategy that looks at one.

    Cells that are unknown train nothing. A BERT stops early on the dev documents with known labels,
    where there are any.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the pool has no classes, or a BERT is to be trained and nothing is labelled.
    """
    pool = index.pool
    if not pool.classes:
        raise RequestError(
            f"the pool {pool.name} has no classes to learn; name some with: classemb-index classes add "
            "NAME, or select with --strategy random"
        )
    if not len(labelled) and kind_of(training.model).is_whole:
        raise RequestError(
            f"no document is labelled, so {training.model!r} has nothing to be trained on; label "
            "some, or select with --strategy random"
        )
    classifier = classifier_for(index, training, name_vectors)
    dev = labelled_set(
        pool, np.flatnonzero((pool.splits == "dev") & pool.is_known), "the dev split"
    )
    classifier.fit(
        labelled.rows,
        labelled.labels,
        dev.rows,
        dev.labels,
        seed,
        known=labelled.cells,
        dev_known=dev.cells,
    )
    return classifier


def _check_batch(name: str, labelled: LabelledSet, batch: int) -> Strategy:
    """The strategy of that name, when it can select so many.

    Raises:
        RequestError: no such strategy, or fewer than `batch` documents are unlabelled.
    """
    strategy = check_strategy(name)
    left = labelled.n_unlabelled
    if not 1 <= batch <= left:
        raise RequestError(
            f"asked for {batch} documents, {left} are left in the unlabelled set; lower --batch"
        )
    return strategy


def _rows(name: str, options: StrategyOptions) -> list[Strategy]:
    """The strategy's row, and its base strategy's where it has one."""
    row = check_strategy(name)
    return [row, check_strategy(options.base)] if Aid.BASE in row.looks_at else [row]


def _recorded(value: object) -> object:
    return hashlib.sha256(value.tobytes()).hexdigest() if isinstance(value, np.ndarray) else value
