"""The classes that a user names: in groups or as a plain list, as an argument or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import RecipeError, SourceError
from .cells import clean_name
from .documents import GROUPS
from .files import json_object, read_text

Classes: TypeAlias = Mapping[str, Sequence[str]] | Sequence[str]  # by group, or without groups

FILE_FORMS = 'it holds {"frequent": [...], "rare": [...]}, a JSON list of names, or a name a line'


def read_classes(path: Path) -> Mapping[str, tuple[str, ...]] | tuple[str, ...]:
    """The classes in a file: JSON groups, a JSON list, or plain text with a name a line.

    Of groups, other keys than "frequent" and "rare" are notes.

    Raises:
        SourceError: the file is missing, or begins as JSON and is none.
        RecipeError: it names no class, or one twice.
    """
    if not path.exists() or path.is_dir():
        raise SourceError(f"there is no file {path}")
    text = read_text(path).strip()
    if text.startswith("{"):
        table = json_object(text, str(path))
        groups = {name: table[name] for name in GROUPS if name in table}
        if not any(groups.values()):
            raise RecipeError(
                f'{path} has no class groups; it needs {{"frequent": [...], "rare": [...]}}'
            )
        return checked_groups(groups, str(path))
    names = _json_list(text, path) if text.startswith("[") else text.splitlines()
    names = [name for name in names if not isinstance(name, str) or name.strip()]
    if not names:
        raise RecipeError(f"{path} names no class; {FILE_FORMS}")
    return checked_groups({"": names}, str(path))[""]


def checked_groups(groups: Mapping[str, Any], where: str) -> Mapping[str, tuple[str, ...]]:
    """Class groups whose names are strings, cleaned (see `clean_name`), each once.

    Raises:
        RecipeError: a group is no list of names, or a class is named twice.
    """
    lists = all(isinstance(group, (list, tuple)) for group in groups.values())
    given = [name for group in groups.values() for name in group] if lists else []
    if not lists or not all(isinstance(name, str) for name in given):
        raise RecipeError(f"{where}: a class group is a list of class names")
    names = [clean_name(name) for name in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"{where} names a class twice: {', '.join(twice)}")
    return {group: tuple(map(clean_name, members)) for group, members in groups.items()}


def checked_classes(
    classes: Classes, where: str
) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """The groups of the classes, none of a plain list, and all names in their order.

    Raises:
        RecipeError: they are no names, or one is named twice.
    """
    if not isinstance(classes, Mapping):
        return {}, checked_groups({"": classes}, where)[""]
    groups = checked_groups(classes, where)
    return groups, tuple(name for names in groups.values() for name in names)


def _json_list(text: str, path: Path) -> list[Any]:
    try:
        return list(json.loads(text))
    except (ValueError, RecursionError) as cause:
        raise SourceError(f"{path} begins as a JSON list and is none ({cause})") from cause
