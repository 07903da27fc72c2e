"""Portfolio: class names, class boundaries and class-weighted uncertainty in one batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..arrays import BLOCK, Counts, FloatMatrix, FloatVector, Rows, Scores, blocks
from ..index.index import EmbeddingIndex
from ..labels.batches import NO_CLASS, picks_by_class
from ..labels.progress import ENOUGH, REST
from ..models.probe import logistic_head
from .base import Aid, Selection, SelectionState, Strategy
from .uncertainty import class_uncertainty

COLD_START, BY_NAME, BY_BOUNDARY = "cold start", "name", "boundary"


@dataclass(frozen=True)
class Limits:
    """The constants of portfolio, which are ours.

    Attributes:
        most_alike: highest cosine similarity of a pick to a picked or labelled document.
        guided: tenths of the batch that classes may ask for in one step.
        most_a_class: picks of a class in one step.
        most_tries: name picks of a class of which no document is labelled.
        enough: positives from which a class gets no turn.
        nearest_name: documents near a name that the cold start looks at.
        nearest_turn: documents near a name or a boundary that a turn looks at.
        block: documents of the rest that are looked at together.
        held: documents whose embeddings are held at once.
    """

    most_alike: float = 0.95
    guided: int = 9
    most_a_class: int = 10
    most_tries: int = 30
    enough: int = ENOUGH
    nearest_name: int = 300
    nearest_turn: int = 200
    block: int = 1000
    held: int = BLOCK


LIMITS = Limits()


def select_portfolio(state: SelectionState, batch: int, limits: Limits = LIMITS) -> Selection:
    """A batch in three steps; no oracle answers inside it.

    1. Cold start: classes without a labelled document ask for what is nearest to their names.
    2. Class turns: classes with few labelled documents ask in turn for what is nearest to
       their names and to their boundaries (of balanced logistic heads on the embeddings).
    3. Rest: the largest class-weighted uncertainty of the classifier.

    Documents with a cosine similarity above 0.95 to a labelled or picked one are left out, until
    too few others are left. Without usable names step 1 falls away, and step 2 has boundaries alone.
    Names are class names or the user's descriptions; the method and its constants are ours. In a
    batch that is too small for every class, those that are declared rare ask before others of the
    same count, one document each.
    """
    draft = _Draft(state, batch, limits)
    _cold_start(state, draft)
    _class_turns(state, draft)
    note = _rest(state, draft)
    return draft.selection(_silent_classes(state, limits), note)


PORTFOLIO = Strategy(
    select_portfolio, frozenset({Aid.CLASSIFIER}), options=("name_vectors",), keeps_apart=True
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


def weighted_uncertainty(probabilities: FloatMatrix, counts: Counts) -> Scores:
    """(n_u, q) uncertainty 1 - |2p - 1| times (1 + n_c)^-1/2; the rest ranks by its sum."""
    return class_uncertainty(probabilities) / np.sqrt(1 + counts)


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


def _cold_start(state: SelectionState, draft: _Draft) -> None:
    counts, name_vectors = state.labelled.counts, state.name_vectors()
    tried = picks_by_class(state.history, len(counts), COLD_START)
    may_ask = (counts == 0) & (tried < draft.limits.most_tries)
    missing = np.flatnonzero(may_ask & name_vectors.any(axis=1))
    if not missing.size:
        return
    each = max(1, min(draft.limits.most_a_class, draft.most_guided // len(missing)))
    k = min(draft.limits.nearest_name, state.labelled.n_unlabelled)
    missing = _in_turn(state, missing, tried[missing], draft.most_guided)
    near = state.index.search(name_vectors[missing], k, among=state.labelled.unlabelled)
    for c, rows, scores in zip(missing.tolist(), near.rows, near.scores, strict=True):
        wanted = min(each, draft.most_guided - len(draft))
        for place, row in islice(draft.admitted(rows), wanted):
            draft.take(row, c, float(scores[place]), COLD_START)


def _class_turns(state: SelectionState, draft: _Draft) -> None:
    counts = state.labelled.counts
    positions = np.flatnonzero((counts > 0) & (counts < draft.limits.enough))
    positions = _in_turn(state, positions, counts[positions], min(draft.most_guided, draft.room))
    total = min(draft.most_guided, draft.room, draft.limits.most_a_class * len(positions))
    if total < 1:
        return
    positions = positions[:total]
    shares = class_shares(counts[positions], total, draft.limits.most_a_class)
    lists = _turn_lists(state, positions, draft.limits)
    for c, share in zip(positions.tolist(), shares.tolist(), strict=True):
        turns = [(step, draft.admitted(rows), scores) for step, rows, scores in lists[c]]
        taken, turn = 0, 0
        while taken < share and turns:
            step, candidates, scores = turns[turn % len(turns)]
            pick = next(candidates, None)
            if pick is None:
                turns.pop(turn % len(turns))
                continue
            place, row = pick
            draft.take(row, c, float(scores[place]), step)
            taken, turn = taken + 1, turn + 1


def _in_turn(state: SelectionState, positions: Rows, counts: Counts, room: int) -> Rows:
    """These classes by rising count, ties to the lower position.

    Where not all of them can ask in this batch, those that are declared rare come before others
    of the same count.
    """
    pool = state.index.pool
    is_other = ~np.isin(
        positions, [pool.class_position(name) for name in pool.groups.get("rare", ())]
    )
    return positions[np.lexsort((is_other & (len(positions) > room), counts))]


def _turn_lists(
    state: SelectionState, positions: Rows, limits: Limits
) -> dict[int, list[tuple[str, Rows, FloatVector]]]:
    """For each class its 200 nearest to the name and to the boundary, with their scores."""
    labelled, name_vectors = state.labelled, state.name_vectors()
    k = min(limits.nearest_turn, labelled.n_unlabelled)
    lists: dict[int, list[tuple[str, Rows, FloatVector]]] = {int(c): [] for c in positions}
    named = positions[name_vectors[positions].any(axis=1)]
    if named.size:
        near = state.index.search(name_vectors[named], k, among=labelled.unlabelled)
        for c, rows, scores in zip(named.tolist(), near.rows, near.scores, strict=True):
            lists[c].append((BY_NAME, rows, scores))
    known = labelled.known
    bounded = positions[(known & ~labelled.labels)[:, positions].any(axis=0)]
    if bounded.size:
        embeddings = state.index.embeddings(labelled.rows)
        heads = [
            logistic_head(embeddings[known[:, c]], labelled.labels[known[:, c], c]) for c in bounded
        ]
        logits = np.abs(_logits(state.index, state.unlabelled_rows, heads, limits.held))
        for c, distances in zip(bounded.tolist(), logits, strict=True):
            places = _smallest(distances, k)
            rows = state.unlabelled_rows[places]
            lists[c].append((BY_BOUNDARY, rows, -distances[places]))
    return lists


def _logits(
    index: EmbeddingIndex, rows: Rows, heads: list[tuple[FloatVector, float]], held: int
) -> FloatMatrix:
    """(len(heads), len(rows)) float32 what each head says of each row."""
    weights = np.stack([weights for weights, _ in heads], axis=1)
    offsets = np.array([offset for _, offset in heads], dtype=np.float32)
    logits = np.empty((len(heads), len(rows)), dtype=np.float32)
    for part in blocks(len(rows), held):
        logits[:, part] = (index.embeddings(rows[part]) @ weights + offsets).T
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
    by_class = weighted_uncertainty(state.trained().probabilities(rows), state.labelled.counts)
    scores = by_class.sum(axis=1)
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


def _silent_classes(state: SelectionState, limits: Limits) -> tuple[int, ...]:
    """Classes of which nothing is labelled, and that have no name or asked by it often enough."""
    counts, name_vectors = state.labelled.counts, state.name_vectors()
    tried = picks_by_class(state.history, len(counts), COLD_START)
    silent = (counts == 0) & ((tried >= limits.most_tries) | ~name_vectors.any(axis=1))
    return tuple(np.flatnonzero(silent).tolist())
