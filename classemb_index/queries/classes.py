"""Which classes a word stands for, and classes in the user's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..arrays import Counts, FloatMatrix
from ..errors import RequestError, SourceError
from ..index.draft import embed_class_names
from ..index.index import EmbeddingIndex
from ..models.contracts import Encoder
from ..pool.documents import GROUPS
from ..pool.files import json_file
from ..pool.pool import Pool

ALL = "all"
MOST_LISTED = 20  # names in a sentence

NO_CLASSES = "the pool has no classes to query; name some with: classemb-index classes add NAME"


def class_groups(pool: Pool) -> tuple[dict[str, list[int]], str | None]:
    """Class positions by group: "rare", "frequent" and "all".

    Where the pool declares a group, it is as declared, and a group that is not declared is left
    out; where it declares none, the half of the classes with the fewest known documents is rare.

    Returns:
        The groups, and a note where they were not declared.

    Raises:
        RequestError: the pool has no classes.
    """
    every = list(range(len(pool.classes)))
    if not every:
        raise RequestError(NO_CLASSES)
    counts = pool.labels[pool.selectable].sum(axis=0)
    both = ("rare", "frequent")
    declared = [group for group in both if pool.groups.get(group)]
    groups: dict[str, list[int]] = {}
    notes = []
    for group in declared or both:
        groups[group], note = _group(pool, group, counts)
        notes.append(note)
    return {**groups, ALL: every}, notes[0]


def resolve_classes(
    pool: Pool, selectors: Sequence[str], counts: Counts
) -> tuple[list[int], str | None]:
    """The class positions that names and the words rare, frequent and all stand for.

    Args:
        pool: has the classes and, perhaps, declared groups.
        selectors: class names, "rare", "frequent" or "all"; each class is kept once. A word
            that is the name of a class is that class.
        counts: (q,) labelled documents; where no groups are declared, the half of
            the classes with the fewest is "rare" and the others are "frequent".

    Returns:
        The positions, and a note where a group was not declared.

    Raises:
        UnknownClassError: no class of that name.
        RequestError: the pool has no classes.
    """
    positions: list[int] = []
    notes = []
    for selector in selectors:
        if selector == ALL:
            positions += range(len(pool.classes))
        elif selector not in GROUPS or selector in pool.classes:
            positions.append(pool.class_position(selector))
        else:
            own, note = _group(pool, selector, counts)
            positions += own
            notes += [note] if note else []
    if not positions:
        raise RequestError(NO_CLASSES)
    return list(dict.fromkeys(positions)), "; ".join(dict.fromkeys(notes)) or None


def listed(names: Sequence[str]) -> str:
    """The names, parted by commas; of more than 20 the first 20, and how many more there are."""
    left = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {left} more" if left > 0 else "")


def described(
    index: EmbeddingIndex, descriptions: Mapping[str, str], encoder: Encoder | None = None
) -> FloatMatrix:
    """(q, dim) float32 embeddings of descriptions, and of the class names where there is none.

    A class that has neither (the index holds no names) is a row of zeros.

    Args:
        index: holds the class names.
        descriptions: class to text.
        encoder: the index's own; None loads it.

    Raises:
        UnknownClassError: a class is not in the pool.
        RequestError: a text is empty, or the index has no encoder.
        EncoderMismatchError: the encoder is another one.
    """
    positions = [index.pool.class_position(name) for name in descriptions]
    if empty := [name for name, text in descriptions.items() if not text.strip()]:
        raise RequestError(f"the description of {empty[0]!r} is empty; say what the class is about")
    own = index.name_vectors
    name_vectors = hidden(index) if own is None else own.copy()
    if positions:
        encoder = encoder or index.load_encoder()
        index.check_encoder(encoder)
        name_vectors[positions] = embed_class_names(list(descriptions.values()), encoder)
    return name_vectors


def class_vectors(
    index: EmbeddingIndex, descriptions: Mapping[str, str], hide_names: bool = False
) -> FloatMatrix | None:
    """(q, dim) float32: what classes are searched by in place of the index's own names.

    Args:
        index: holds the class names.
        descriptions: classes in the user's words, by name.
        hide_names: no class has a name.

    Returns:
        None where the index's own names serve.

    Raises:
        RequestError: names are hidden and described at once, or as for `described`.
        UnknownClassError: as for `described`.
    """
    if not hide_names:
        return described(index, descriptions) if descriptions else None
    if descriptions:
        raise RequestError("--no-names hides what --describe says; leave one of them out")
    return hidden(index)


def hidden(index: EmbeddingIndex) -> FloatMatrix:
    """(q, dim) zeros: no class has a name."""
    return np.zeros((len(index.pool.classes), index.manifest.dim), dtype=np.float32)


def read_descriptions(path: Path) -> dict[str, str]:
    """The descriptions in a JSON file: {"class": "what it is about", ...}.

    Raises:
        SourceError: the file is missing or is not one JSON object of strings.
    """
    table = json_file(path)
    if not all(isinstance(text, str) for text in table.values()):
        raise SourceError(f'{path} is no description file; it holds {{"class": "text", ...}}')
    return dict(table)


def _group(pool: Pool, group: str, counts: Counts) -> tuple[list[int], str | None]:
    """A group as declared, else the half of the classes with the fewest, or most, of the counts.

    Ties make the lower position rare. A note says what is taken where it is not declared.
    """
    if pool.groups.get(group):
        return [pool.class_position(name) for name in pool.groups[group]], None
    order = np.argsort(counts, kind="stable")
    half = max(1, len(order) // 2)
    # of a single class both halves are that class
    chosen = order[:half] if group == "rare" else order[min(half, len(order) - 1) :]
    amount = "fewest" if group == "rare" else "most"
    positions = sorted(chosen.tolist())
    return positions, (
        f"no {group} group is declared: taken are the classes with the {amount} labelled documents, "
        + listed([pool.classes[c] for c in positions])
    )
