"""Batches: documents picked together, in order, with the class that asked for each; their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Counts, FloatVector, Rows
from ..errors import RequestError, SourceError
from ..pool.files import json_object, placed_lines
from ..pool.pool import Pool
from .labelled import LabelledSet, labelled_set

NO_CLASS = -1  # a pick that was made for no class


@dataclass(frozen=True)
class Batch:
    """Documents that were selected and labelled together, in the order they were picked.

    Attributes:
        rows: (b,) int64.
        classes: (b,) int64 position of the class that asked for each, or NO_CLASS.
        steps: (b,) the strategy's step that picked each; "" where it has none.
        strategy: that selected it; None where nobody knows.
        scores: (b,) float32 what the strategy ranked by, or NaN; None where nobody knows.
    """

    rows: Rows
    classes: Rows
    steps: tuple[str, ...]
    strategy: str | None = None
    scores: FloatVector | None = None

    @classmethod
    def of_ids(
        cls,
        pool: Pool,
        ids: Sequence[str],
        asked_by: Sequence[str | None],
        steps: Sequence[str],
        strategy: str | None = None,
    ) -> Batch:
        """The batch of these ids, with the name of the class that asked for each, or None."""
        position_of = {name: position for position, name in enumerate(pool.classes)}
        return cls(
            np.array([pool.row_of[id_] for id_ in ids], dtype=np.int64),
            np.array([NO_CLASS if c is None else position_of[c] for c in asked_by], dtype=np.int64),
            tuple(steps),
            strategy,
        )

    def part(self, places: Sequence[int]) -> Batch:
        """The picks at these places, in their order."""
        return Batch(
            self.rows[places],
            self.classes[places],
            tuple(self.steps[place] for place in places),
            self.strategy,
            None if self.scores is None else self.scores[places],
        )

    def ids(self, pool: Pool) -> list[str]:
        """The documents' ids."""
        return [pool.ids[row] for row in self.rows]

    def asked_by(self, pool: Pool) -> list[str | None]:
        """The name of the class that asked for each, or None."""
        return [None if c == NO_CLASS else pool.classes[c] for c in self.classes]

    def picks(self, pool: Pool) -> list[dict[str, Any]]:
        """The picks, JSON-ready, in order."""
        scores = np.full(len(self.rows), np.nan) if self.scores is None else self.scores
        columns = zip(
            self.rows, self.ids(pool), self.asked_by(pool), scores, self.steps, strict=True
        )
        return [
            {
                "rank": rank,
                "row": int(row),
                "id": id_,
                "class": asked_by,
                "score": None if np.isnan(score) else float(score),
                "step": step or None,
            }
            for rank, (row, id_, asked_by, score, step) in enumerate(columns, start=1)
        ]


def read_batches(pool: Pool, paths: Sequence[Path]) -> tuple[LabelledSet, tuple[Batch, ...]]:
    """The labelled set of these files together, and each file as a batch.

    A line is an id, or a JSON object as `select --out` writes it: "id" and, where they are
    known, "class" (null for none), "step" and "strategy"; other keys are not looked at. Of an
    id alone nobody knows why it was labelled: no class, no step, no strategy. Labels are the
    pool's, never the file's. An id that a file repeats counts once.

    Args:
        pool: what the ids belong to.
        paths: a file a batch, in the order in which they were labelled; unpacked where gzip.

    Raises:
        SourceError: a file is missing or has no id, or a line is not what it should be.
        RequestError: an id is unknown, cannot be labelled or stands in two files, or a
            file holds two strategies.
        UnknownClassError: a pick was made for a class that the pool does not have.
    """
    places: dict[int, str] = {}
    batches = []
    for path in paths:
        picks = _read_picks(pool, path)
        for row, (place, _) in picks.items():
            if row in places:
                raise RequestError(
                    f"{place}: document {pool.ids[row]!r} stands in {places[row]} already; "
                    "a document is labelled once, so name it in one batch"
                )
            places[row] = place
        batches.append(_batch([pick for _, pick in picks.values()]))
    origin = f"the ids in {paths[0] if len(paths) == 1 else f'{len(paths)} files'}"
    return labelled_set(pool, np.array(list(places), dtype=np.int64), origin), tuple(batches)


def picks_by_class(history: Sequence[Batch], q: int, but: str) -> Counts:
    """(q,) how many documents of these batches each class asked for, in any step but this one."""
    counts = np.zeros(q, dtype=np.int64)
    for batch in history:
        asked = (np.array(batch.steps, dtype=object) != but) & (batch.classes != NO_CLASS)
        np.add.at(counts, batch.classes[asked], 1)
    return counts


def misses_by_class(history: Sequence[Batch], labelled: LabelledSet) -> Counts:
    """(q,) how many documents were picked for each class and turned out not to have it."""
    misses = np.zeros(labelled.labels.shape[1], dtype=np.int64)
    for batch in history:
        places = np.flatnonzero(batch.classes != NO_CLASS)
        asking = batch.classes[places]
        has_not = labelled.known_of(batch.rows) & ~labelled.labels_of(batch.rows)
        np.add.at(misses, asking[has_not[places, asking]], 1)
    return misses


class _Pick(NamedTuple):
    """What one line says."""

    row: int
    position: int
    step: str
    strategy: str | None


def _batch(picks: Sequence[_Pick]) -> Batch:
    rows, positions, steps, strategies = zip(*picks, strict=True)
    return Batch(
        np.array(rows, dtype=np.int64),
        np.array(positions, dtype=np.int64),
        steps,
        strategies[0],
    )


def _read_picks(pool: Pool, path: Path) -> dict[int, tuple[str, _Pick]]:
    """Each row's place in a file and its pick, in the file's order."""
    picks: dict[int, tuple[str, _Pick]] = {}
    for place, line in placed_lines(path):
        with _named(place):
            pick = _pick(pool, place, line)
            above, known = picks.setdefault(pick.row, (place, pick))
            _, first = next(iter(picks.values()))
            if pick.strategy != first.strategy:
                raise RequestError(
                    f"the strategy is {pick.strategy or 'unknown'}, that of the lines above "
                    f"{first.strategy or 'unknown'}; a file is one batch, so split it"
                )
            if pick != known:
                raise RequestError(
                    f"document {pool.ids[pick.row]!r} stands in {above} with another class or "
                    "step; leave one of them out"
                )
    return picks


def _pick(pool: Pool, place: str, line: str) -> _Pick:
    facts: Mapping[str, Any] = {"id": line}
    if line.startswith("{") and line not in pool.row_of:
        facts = json_object(line, place)
    id_ = facts.get("id")
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        raise SourceError(f"{place} has no id; every line names a document of the pool")
    name, step, strategy = (_words(facts, key, place) for key in ("class", "step", "strategy"))
    row = int(pool.labelled_rows([str(id_)])[0])
    position = NO_CLASS if name is None else pool.class_position(name)
    return _Pick(row, position, step or "", strategy)


def _words(facts: Mapping[str, Any], key: str, place: str) -> str | None:
    value = facts.get(key)
    if value is not None and not isinstance(value, str):
        raise SourceError(f"{place} has the {key} {value!r}; it is a string, or null for none")
    return value


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Put the place before what is wrong with a request."""
    try:
        yield
    except RequestError as cause:
        raise type(cause)(f"{place}: {cause}") from cause
