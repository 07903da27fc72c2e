"""Changes of classes that a user asks for: checked against the pool, as the label store takes them."""

from __future__ import annotations

from ..errors import RequestError
from ..pool.cells import NONE_OF_THEM, clean_name, has_controls
from ..pool.documents import GROUPS
from ..pool.pool import Pool
from .classes import ClassChange

NOT_IN_A_NAME = {";": "separates labels in a cell", "\n": "ends a line", "\r": "ends a line"}


def added(
    pool: Pool, name: str, *, group: str | None = None, description: str | None = None
) -> list[ClassChange]:
    """A class more, unknown of every document; one that was removed comes back with its labels.

    Args:
        pool: with its classes as they are.
        name: of the class.
        group: "frequent" or "rare"; None for neither.
        description: text that is embedded in place of the name.

    Raises:
        RequestError: the name is empty, taken or cannot stand in a cell, the group is none, or the
            description is empty.
    """
    name = _new_name(pool, name)
    if group is not None and group not in GROUPS:
        raise RequestError(f"no group {group!r}; a class is {' or '.join(GROUPS)}, or of no group")
    changes = [ClassChange("add", name, group)]
    return changes if description is None else [*changes, _described(name, description)]


def renamed(pool: Pool, name: str, new_name: str) -> list[ClassChange]:
    """Another name for a class, which keeps its labels and its batches.

    Raises:
        UnknownClassError: the pool has no such class.
        RequestError: the new name is empty, taken or cannot stand in a cell.
    """
    return [ClassChange("rename", _present(pool, name), _new_name(pool, new_name))]


def merged(pool: Pool, name: str, into: str) -> list[ClassChange]:
    """One class made a part of another: yes to either is yes, no to both is no.

    Raises:
        UnknownClassError: the pool has no such class.
        RequestError: both are one class.
    """
    gone, kept = _present(pool, name), _present(pool, into)
    if gone == kept:
        raise RequestError(
            f"{gone!r} cannot be merged into itself; name the class that it goes into"
        )
    return [ClassChange("merge", gone, kept)]


def removed(pool: Pool, name: str) -> list[ClassChange]:
    """A class less; its labels stay in the log.

    Raises:
        UnknownClassError: the pool has no such class.
    """
    return [ClassChange("remove", _present(pool, name))]


def described(pool: Pool, name: str, text: str) -> list[ClassChange]:
    """What a class is about, embedded in place of its name.

    Raises:
        UnknownClassError: the pool has no such class.
        RequestError: the text is empty.
    """
    return [_described(_present(pool, name), text)]


def _described(name: str, text: str) -> ClassChange:
    if not text.strip():
        raise RequestError(f"the description of {name!r} is empty; say what the class is about")
    return ClassChange("describe", name, text.strip())


def _present(pool: Pool, name: str) -> str:
    return pool.classes[pool.class_position(clean_name(name))]


def _new_name(pool: Pool, name: str) -> str:
    """The name without space around it, in Unicode's composed form."""
    name = clean_name(name)
    if not name or name == NONE_OF_THEM:
        raise RequestError(
            f"{name!r} is no name for a class; give it a word or two that say what it is about"
        )
    for mark, why in NOT_IN_A_NAME.items():
        if mark in name:
            raise RequestError(f"the class name {name!r} holds {mark!r}, which {why}; leave it out")
    if has_controls(name):
        raise RequestError(f"the class name {name!r} holds control characters; leave them out")
    if name in pool.classes:
        raise RequestError(
            f"the class {name!r} is there already; the pool has: {', '.join(pool.classes)}"
        )
    return name
