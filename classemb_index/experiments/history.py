"""How labels have grown, class by class, and what could be learned from them at each time."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import keep, kept
from ..labels.annotation import Annotation
from ..labels.log import Action
from ..models.crossval import Figure
from ..watch import SILENT, Watcher
from .training import probe_figures

STEP = 10  # documents between two points, doubled until there are few enough
MOST = 12  # points
FEWEST = 4  # positives, and negatives, of a class that has an F1
NAME, PRACTICE = "history", "practice"  # under which the points are kept


@dataclass(frozen=True)
class Point:
    """Where an annotation stood after one action.

    Attributes:
        action: its number; 0 for before the first.
        at: when it was, ISO 8601 in UTC; "" for before the first.
        labelled: documents of which something was known.
        positives: by class, how many had it.
        f1: by class, cross-validated on these documents with its 95 % interval, as `train` says it of
            a probe; a class with fewer than 4 positives or negatives has none.
    """

    action: int
    at: str
    labelled: int
    positives: Mapping[str, int]
    f1: Mapping[str, Figure]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Point:
        """The same from JSON."""
        f1 = {name: Figure(*figure) for name, figure in values["f1"].items()}
        return cls(**{**values, "f1": f1})


def label_history(
    index: EmbeddingIndex,
    annotation: Annotation,
    actions: Sequence[Action],
    *,
    watch: Watcher = SILENT,
) -> list[Point]:
    """At most 12 points from the first answer to the last, for the classes as they are now.

    They lie 10 answered documents apart, or 20, 40, ..., so that the coarser are among the finer ones.
    What is computed for one is kept with the index: with new answers only new points are. The documents
    were selected, so the F1 is not that of the pool. Those that are held out for measurement count in none.

    Args:
        index: over the annotation's pool.
        annotation: of it.
        actions: of its store.
        watch: is told how many points are done.
    """
    at_of = {action.number: action.at for action in actions}
    source = annotation.source
    plain = index.with_pool(source, PRACTICE if source.is_practice else "")  # for all answers alike
    name = f"{NAME}-{PRACTICE}" if source.is_practice else NAME
    before: Mapping[str, Any] = kept(plain, name) or {}
    cuts = _cuts(annotation)
    keys = _keys(annotation, cuts)
    known = {key: before[key] for key in keys if key in before}
    for done, (cut, key) in enumerate(zip(cuts, keys, strict=True)):
        watch.progress(done, len(cuts))
        if key not in known:
            known[key] = asdict(_point(index, annotation, cut, at_of.get(cut, "")))
            keep(plain, name, known)  # one at a time, so that what is interrupted goes on
    watch.progress(len(cuts), len(cuts))
    points = [Point.of(known[key]) for key in keys]
    return [own for own in points if own.labelled]


def _cuts(annotation: Annotation) -> list[int]:
    """Numbers of the actions after which a point lies: 0, those of each step, the last."""
    pool, is_counted = annotation.pool, annotation.counted
    seen: set[str] = set()
    sizes: dict[int, int] = {}  # by action, documents that were answered up to it
    for action, document, number, _, _ in annotation.log.answers:
        row = pool.row_of.get(document)
        if number is not None and row is not None and is_counted[row]:
            seen.add(document)
            sizes[action] = len(seen)
    step = STEP
    while len(seen) // step > MOST - 2:
        step *= 2
    cuts = {0: 0}  # by the step that it is the first to reach
    for action, size in sorted(sizes.items()):
        cuts.setdefault(size // step, action)
    return sorted({*cuts.values(), max(sizes, default=0)})


def _point(index: EmbeddingIndex, annotation: Annotation, cut: int, at: str) -> Point:
    labelled, names = annotation.until(cut).labelled(), index.pool.classes
    yes = labelled.counts
    no = (labelled.known & ~labelled.labels).sum(axis=0)
    has_enough = {name for c, name in enumerate(names) if yes[c] >= FEWEST and no[c] >= FEWEST}
    try:
        figures = probe_figures(index, labelled) if has_enough else {}
    except RequestError:  # what is labelled teaches nothing yet
        figures = {}
    f1 = {name: own.f1 for name, own in figures.items() if own and name in has_enough}
    positives = dict(zip(names, yes.tolist(), strict=True))
    return Point(cut, at, len(labelled), positives, f1)


def _keys(annotation: Annotation, cuts: Sequence[int]) -> list[str]:
    """For each cut, a digest of all that its point hangs on beside the index itself."""
    pool, register, held_out = annotation.pool, annotation.log.register, annotation.held_out
    classes = [(number, vars(own)) for number, own in register.classes.items()]
    without = np.flatnonzero(held_out & annotation.source.is_known).tolist()
    facts = [pool.classes, dict(pool.descriptions), classes, register.merges, without]
    digest = hashlib.sha256(json.dumps(facts).encode())
    is_gone = {pool.ids[row] for row in np.flatnonzero(held_out).tolist()}
    answers = [own for own in annotation.log.answers if own[1] not in is_gone]
    answers.sort(key=itemgetter(0))
    keys, start = [], 0
    for cut in cuts:
        stop = bisect_right(answers, cut, lo=start, key=itemgetter(0))
        text = json.dumps(answers[start:stop])[1:-1]  # the same, wherever the cuts before lie
        digest.update(f"{text}, ".encode() if text else b"")
        keys.append(digest.hexdigest())
        start = stop
    return keys
