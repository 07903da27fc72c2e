"""Which classes a word stands for, and classes in the user's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..arrays import Counts, FloatMatrix
from ..errors import RequestError, SourceError
from ..index.build import embed_class_names
from ..index.index import EmbeddingIndex
from ..models.contracts import Encoder
from ..pool.documents import GROUPS
from ..pool.files import json_file
from ..pool.pool import Pool

ALL = "all"


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
    if any(pool.groups.values()):
        groups = {
            group: [pool.class_position(name) for name in pool.groups[group]]
            for group in ("rare", "frequent")
            if pool.groups.get(group)
        }
        return {**groups, ALL: every}, None
    counts = pool.labels[pool.answerable].sum(axis=0)
    rare, note = resolve_classes(pool, ["rare"], counts)
    frequent, _ = resolve_classes(pool, ["frequent"], counts)
    return {"rare": rare, "frequent": frequent, ALL: every}, note


def resolve_classes(
    pool: Pool, selectors: Sequence[str], counts: Counts
) -> tuple[list[int], str | None]:
    """The class positions that names and the words rare, frequent and all stand for.

    Args:
        pool: has the classes and, perhaps, declared groups.
        selectors: class names, "rare", "frequent" or "all"; each class is kept once.
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
        if selector == "all":
            positions += range(len(pool.classes))
        elif selector not in GROUPS or selector in pool.classes:
            positions.append(pool.class_position(selector))
        elif pool.groups.get(selector):
            positions += [pool.class_position(name) for name in pool.groups[selector]]
        else:
            order = np.argsort(counts, kind="stable")
            half = max(1, len(order) // 2)
            # of a single class both halves are that class
            chosen = order[:half] if selector == "rare" else order[min(half, len(order) - 1) :]
            amount = "fewest" if selector == "rare" else "most"
            names = ", ".join(pool.classes[c] for c in sorted(chosen))
            positions += sorted(int(c) for c in chosen)
            notes.append(
                f"no {selector} group is declared: taken are the classes with the {amount} "
                f"labelled documents, {names}"
            )
    if not positions:
        raise RequestError(
            "the pool has no classes to query; add labels to its documents and build the index again"
        )
    return list(dict.fromkeys(positions)), "; ".join(dict.fromkeys(notes)) or None


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
    known = index.class_names
    names = hidden(index)
    if known is not None:
        names[:] = known
    if positions:
        encoder = encoder or index.load_encoder()
        index.check_encoder(encoder)
        names[positions] = embed_class_names(list(descriptions.values()), encoder)
    return names


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
