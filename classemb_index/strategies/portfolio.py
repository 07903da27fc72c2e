"""Portfolio: classes ask in turn by their named heads, and uncertainty fills the batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..arrays import BLOCK, Counts, FloatMatrix, FloatVector, Mask, Rows, Scores, blocks
from ..labels.batches import NO_CLASS, picks_by_class
from ..labels.progress import ENOUGH, REST
from ..models.named import NamedHeads
from ..models.probe import ProbeClassifier
from ..queries.names import class_heads, name_prior
from .base import Aid, Selection, SelectionState, Strategy
from .uncertainty import class_uncertainty

BOUNDARY = "boundary"  # the step of a pick that a class asked for


@dataclass(frozen=True)
class Limits:
    """The constants of portfolio, which are ours.

    Attributes:
        most_alike: highest cosine similarity of a pick to a picked or labelled document.
        guided: tenths of the batch that classes may ask for.
        most_a_class: picks of a class in a batch.
        most_tries: picks of a class of which no document is labelled.
        enough: positives from which a class gets no turn.
        nearest: documents near its threshold that a class looks at.
        block: documents of the rest that are looked at together.
        held: documents whose embeddings are held at once.
    """

    most_alike: float = 0.95
    guided: int = 9
    most_a_class: int = 10
    most_tries: int = 30
    enough: int = ENOUGH
    nearest: int = 200
    block: int = 1000
    held: int = BLOCK


LIMITS = Limits()


def select_portfolio(state: SelectionState, batch: int, limits: Limits = LIMITS) -> Selection:
    """A batch in two steps; no oracle answers inside it.

    1. Class turns: classes with fewer than 40 labelled documents ask for what is nearest to the
       threshold of their named heads, those with the fewest documents for the most. Before a label
       a head is the class's name.
    2. Rest: the largest uncertainty of the classifier about any class.

    Documents with a cosine similarity above 0.95 to a labelled or picked one are left out, until
    too few others are left. A class without a name asks once a document of it is labelled. One of
    which none is found in 30 picks asks no more. Names are class names or the user's descriptions; the
    method and its constants are ours. In a batch that is too small for every class, those that are
    declared rare ask before others of the same count.
    """
    draft = _Draft(state, batch, limits)
    tries = picks_by_class(state.history, len(state.labelled.counts), but=REST)
    turns = _may_ask(state, tries, limits)
    _class_turns(state, draft, np.flatnonzero(turns), tries)
    note = _rest(state, draft)
    silent = np.flatnonzero(~turns & (state.labelled.counts == 0))
    return draft.selection(tuple(silent.tolist()), note)


PORTFOLIO = Strategy(
    select_portfolio,
    frozenset({Aid.CLASSIFIER}),
    options=("name_vectors",),
    keeps_apart=True,
    version=2,
)


def class_shares(counts: Counts, total: int, most: int = LIMITS.most_a_class) -> Counts:
    """(m,) how many of `total` picks each class may ask for, at most `most` each.

    Shares are proportional to 1 / (1 + n_c); what is left of a share, a fraction or what is
    above that, is carried to the next class.

    Args:
        counts: (m,) labelled documents of each, rising.
        total: of all classes.
        most: of one class.
    """
    weights = 1 / (1 + counts)
    shares = np.zeros(len(counts), dtype=np.int64)
    carried = 0.0
    for place, share in enumerate(total * weights / weights.sum()):
        carried += share
        shares[place] = min(most, int(carried + 1e-9))
        carried -= shares[place]
    return shares


class _Draft:
    """The batch so far, and what may still be added to it."""

    def __init__(self, state: SelectionState, batch: int, limits: Limits) -> None:
        limit = state.options.no_near_duplicates
        self.limits = limits
        self._most_alike = limits.most_alike if limit is None else limit
        self._index, self._batch = state.index, batch
        self.most_guided = batch * limits.guided // 10
        self._labelled = state.index.embeddings(state.labelled.rows)
        self._picks = np.empty((batch, self._labelled.shape[1]), dtype=np.float32)
        self._taken: dict[int, tuple[int, float, str]] = {}

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def room(self) -> int:
        """Documents that are missing."""
        return self._batch - len(self)

    def admitted(self, rows: Rows) -> Iterator[tuple[int, int]]:
        """Place and row of those that are not picked and like nothing picked or labelled.

        Each is looked at when it is asked for, so picks made meanwhile count.
        """
        embeddings = self._index.embeddings(rows)
        alike = (embeddings @ self._labelled.T).max(axis=1, initial=-1) > self._most_alike
        for place in np.flatnonzero(~alike).tolist():
            row = int(rows[place])
            if row in self._taken:
                continue
            similarities = self._picks[: len(self)] @ embeddings[place]
            if similarities.max(initial=-1) <= self._most_alike:
                yield place, row

    def take(self, row: int, position: int, score: float, step: str) -> None:
        self._picks[len(self)] = self._index.embeddings(np.array([row]))[0]
        self._taken[row] = position, score, step

    def is_taken(self, row: int) -> bool:
        return row in self._taken

    def selection(self, skipped: tuple[int, ...], note: str | None) -> Selection:
        classes, scores, steps = zip(*self._taken.values(), strict=True)
        return Selection(
            np.array(list(self._taken), dtype=np.int64),
            np.array(classes, dtype=np.int64),
            steps,
            scores=np.array(scores, dtype=np.float32),
            skipped=skipped,
            note=note,
        )


def _may_ask(state: SelectionState, tries: Counts, limits: Limits) -> Mask:
    """(q,) True for classes with few labelled documents that have something to ask by."""
    counts = state.labelled.counts
    can_begin = state.name_vectors().any(axis=1) & (tries < limits.most_tries)
    return np.asarray(np.where(counts == 0, can_begin, counts < limits.enough), dtype=bool)


def _class_turns(state: SelectionState, draft: _Draft, positions: Rows, tries: Counts) -> None:
    limits, counts = draft.limits, state.labelled.counts
    total = min(draft.most_guided, limits.most_a_class * len(positions))
    if total < 1:
        return
    positions = _in_turn(state, positions, tries, total)[:total]
    shares = class_shares(counts[positions], total, limits.most_a_class)
    near = _nearest_boundaries(state, positions, limits)
    for c, share, (rows, distances) in zip(positions.tolist(), shares.tolist(), near, strict=True):
        for place, row in islice(draft.admitted(rows), share):
            draft.take(row, c, -float(distances[place]), BOUNDARY)


def _in_turn(state: SelectionState, positions: Rows, tries: Counts, room: int) -> Rows:
    """These classes by rising count, then by rising tries, then by position.

    Where not all of them can ask in this batch, those that are declared rare come before others
    of the same count.
    """
    pool, counts = state.index.pool, state.labelled.counts
    is_other = ~np.isin(
        positions, [pool.class_position(name) for name in pool.groups.get("rare", ())]
    )
    few_can = len(positions) > room
    own = counts[positions], np.where(counts == 0, tries, 0)[positions]
    return positions[np.lexsort((is_other & few_can, own[1], own[0]))]


def _nearest_boundaries(
    state: SelectionState, positions: Rows, limits: Limits
) -> list[tuple[Rows, FloatVector]]:
    """For each class its 200 unlabelled rows nearest to its head's threshold, and their distances."""
    heads, rows = _heads(state), state.unlabelled_rows
    found = []
    logits = _logits(state, heads, positions, limits.held)
    for distances in np.abs(logits - heads.cuts[positions][:, None]):
        places = _smallest(distances, min(limits.nearest, len(rows)))
        found.append((rows[places], distances[places]))
    return found


def _heads(state: SelectionState) -> NamedHeads:
    """The named heads of all classes: the classifier's own, or made here."""
    classifier = state.trained()
    if isinstance(classifier, ProbeClassifier) and classifier.heads is not None:
        return classifier.heads
    prior = name_prior(state.index, state.options.on(state.index).name_vectors)
    return class_heads(state.index, state.labelled, prior)


def _logits(state: SelectionState, heads: NamedHeads, positions: Rows, held: int) -> FloatMatrix:
    """(len(positions), n_u) float32 what these classes' heads say of each unlabelled document."""
    rows = state.unlabelled_rows
    logits = np.empty((len(positions), len(rows)), dtype=np.float32)
    weights, offsets = heads.weights[positions], heads.offsets[positions]
    for part in blocks(len(rows), held):
        logits[:, part] = weights @ state.index.embeddings(rows[part]).T + offsets[:, None]
    return logits


def _smallest(values: FloatVector, k: int) -> Rows:
    """The places of the k smallest, rising, ties to the lower place."""
    bound = np.partition(values, k - 1)[k - 1]
    places = np.flatnonzero(values <= bound)
    return places[np.argsort(values[places], kind="stable")[:k]]


def _rest(state: SelectionState, draft: _Draft) -> str | None:
    """Fill the batch with the most uncertain; a note where nothing is uncertain or all are alike."""
    if not draft.room:
        return None
    rows = state.unlabelled_rows
    by_class = class_uncertainty(state.trained().probabilities(rows))
    scores = by_class.max(axis=1)
    note = None
    order = np.argsort(-scores, kind="stable")
    if len(rows) > 1 and np.ptp(scores) == 0:
        order = state.rng.permutation(len(rows))
        note = "every document has the same uncertainty: the rest of the batch is random"
    for part in blocks(len(order), draft.limits.block):
        block = order[part]
        for place, row in draft.admitted(rows[block]):
            _take_uncertain(draft, row, by_class[block[place]], scores[block[place]])
            if not draft.room:
                return note
    for place in order.tolist():  # too few that are unlike: the cap is lifted
        if not draft.is_taken(int(rows[place])):
            _take_uncertain(draft, int(rows[place]), by_class[place], scores[place])
            if not draft.room:
                break
    return (
        note or "too few documents are unlike the labelled and picked ones: others fill the batch"
    )


def _take_uncertain(draft: _Draft, row: int, by_class: Scores, score: float) -> None:
    position = int(np.argmax(by_class)) if score > 0 else NO_CLASS
    draft.take(row, position, float(score), REST)
