"""What a reader should know of a pool before working with it, in sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ..arrays import BoolMatrix, Mask
from .cells import OTHER_SEPARATORS, split_at
from .documents import SPLITS
from .findings import Findings, some

CODE = re.compile(r"(?:[a-z]{0,2}|label|class|category|topic)[\W_]*\d+(?:[\W_]\d+)*[\W_]*", re.I)
NEVER_IN_NAMES = "#|"  # separators that hardly a name holds


def pool_notes(
    classes: Sequence[str],
    labels: BoolMatrix,
    is_known: Mask,
    splits: np.ndarray[tuple[int], np.dtype[np.str_]],
    found: Findings,
    *,
    declared: bool,
) -> tuple[str, ...]:
    """The notes on a pool that was read.

    Args:
        classes: of the pool.
        labels: (n, q), see `Pool`.
        is_known: (n,), see `Pool`.
        splits: (n,), see `Pool`.
        found: what was counted while it was read.
        declared: whether the classes were named, and are not just all labels.
    """
    return (
        *found.sentences(classes),
        *_separated(found.unmatched if declared else classes, classes, declared),
        *_twins(classes),
        *_codes(classes),
        *_absent(classes, labels, is_known),
        *_splits(splits),
    )


def _absent(classes: Sequence[str], labels: BoolMatrix, is_known: Mask) -> Iterator[str]:
    """Classes without a document; not where nothing is labelled, which says it of all."""
    absent = [classes[int(c)] for c in np.flatnonzero(~labels.any(axis=0))]
    if not classes:
        yield (
            "the pool has no classes; name them with --classes FILE, or add them later with "
            "`classemb-index classes add`"
        )
    elif not is_known.any():
        yield "no document is labelled yet; classes are found by their names"
    elif len(absent) == 1:
        yield f"no document has the class {absent[0]!r}"
    elif absent:
        yield f"no document has the classes {some(absent)}"


def _splits(splits: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Iterator[str]:
    """Splits without a document, where there are splits at all."""
    there = set(np.unique(splits).tolist())
    if not there & {*SPLITS}:
        return
    if missing := [split for split in SPLITS if split not in there]:
        yield f"no document is in the {' or '.join(missing)} split"
    if not there & {"train", ""}:
        yield "no document can be searched or selected: all are in the dev or test split"


def _twins(classes: Collection[str]) -> Iterator[str]:
    """Classes whose names differ in case or space only."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault("".join(name.casefold().split()), []).append(name)
    if twins := [", ".join(map(repr, names)) for names in alike.values() if len(names) > 1]:
        more = f", and {len(twins) - 1} more such" if len(twins) > 1 else ""
        yield (
            f"the classes {twins[0]} differ in case or space only{more}; "
            "if they are one, write them alike"
        )


def _codes(classes: Sequence[str]) -> Iterator[str]:
    """Names that say nothing to an encoder, where half of them are such."""
    codes = [name for name in classes if CODE.fullmatch(name)]
    if codes and 2 * len(codes) >= len(classes):
        yield (
            f"class names look like codes: {some(codes)}; a class can be found by its name only where "
            "that says what it is: rename them in a recipe's [pool.rename], or describe them"
        )


def _separated(labels: Collection[str], classes: Collection[str], declared: bool) -> Iterator[str]:
    """Labels that look like several names which another character parts.

    '#' and '|' are hardly ever in a name; the others are where one part is a declared class, or all
    parts are labels by themselves or in another such label.
    """
    parts_of = {
        (label, separator): split_at(label, separator)
        for separator in OTHER_SEPARATORS
        for label in labels
        if separator in label
    }
    times = Counter(part for parts in parts_of.values() for part in parts)
    known = set(classes) | {part for part, n in times.items() if n > 1 and not declared}
    enough = any if declared else all
    for separator in OTHER_SEPARATORS:
        alike = [
            label
            for (label, by), parts in parts_of.items()
            if by == separator and len(parts) > 1
            if separator in NEVER_IN_NAMES or enough(part in known for part in parts)
        ]
        if alike:
            verb = "looks" if len(alike) == 1 else "look"
            yield (
                f"{some(alike)} {verb} like several labels separated by {separator!r}; "
                "separate them with ';', or write a JSON list"
            )
