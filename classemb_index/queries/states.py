"""How far documents have come: which are answered, which are not, and which have a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import Mask
from ..errors import RequestError
from ..labels.annotation import Annotation

UNANSWERED = "unanswered"


@dataclass(frozen=True)
class State:
    """A state that documents can be in.

    Attributes:
        says: what it is, in a few words.
        holds: (n,) True for its documents; of the class at a position where one is asked for.
        of_class: whether it is a state towards one class, and nothing without one.
    """

    says: str
    holds: Callable[[Annotation, int | None], Mask]
    of_class: bool = False


def _known(annotation: Annotation, position: int | None) -> Mask:
    """Of which it is known whether they have the class, or without one anything."""
    pool = annotation.pool
    return pool.is_known if position is None else np.asarray(pool.known[:, position])


def _unanswered(annotation: Annotation, position: int | None) -> Mask:
    return ~_known(annotation, position) & ~annotation.skipped


def _yes(annotation: Annotation, position: int | None) -> Mask:
    pool = annotation.pool
    return np.asarray(pool.labels[:, position] & pool.known[:, position])


def _no(annotation: Annotation, position: int | None) -> Mask:
    pool = annotation.pool
    return np.asarray(~pool.labels[:, position] & pool.known[:, position])


STATES: Mapping[str, State] = {
    UNANSWERED: State("not answered yet", _unanswered),
    "all": State("all", lambda annotation, _: np.ones(len(annotation.pool), dtype=bool)),
    "answered": State("answered", _known),
    "yes": State("yes to the class", _yes, of_class=True),
    "no": State("no to the class", _no, of_class=True),
    "skipped": State("skipped", lambda annotation, _: annotation.skipped),
    "out": State("handed out", lambda annotation, _: annotation.out()),
}


def documents_in(annotation: Annotation, state: str, position: int | None = None) -> Mask:
    """(n,) True for the documents of a state that can be searched.

    That is none of the dev and test split, and none that are held out for measurement: who
    finds them by a class would measure what was found.

    Args:
        annotation: what is known of the documents.
        state: one of STATES.
        position: a class; "unanswered" and "answered" are then of that class.

    Raises:
        RequestError: there is no such state, or it is of a class and there is none.
    """
    if state not in STATES:
        raise RequestError(f"no state {state!r}; there are: {', '.join(STATES)}")
    own = STATES[state]
    if own.of_class and position is None:
        raise RequestError(f"{state!r} is said of a class; name one")
    return np.asarray(own.holds(annotation, position) & annotation.counted)


def counted_states(annotation: Annotation, position: int | None = None) -> dict[str, int]:
    """How many documents are in each state, those of a class left out where there is none."""
    return {
        name: int(np.count_nonzero(documents_in(annotation, name, position)))
        for name, state in STATES.items()
        if position is not None or not state.of_class
    }
