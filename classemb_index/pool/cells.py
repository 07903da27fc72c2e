"""Label cells: whatever stands for labels in a row of a file, and the class names that it means."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..errors import RecordError
from .findings import Findings

SEPARATOR = ";"
OTHER_SEPARATORS = "#|,/"  # taken as such only between names that are known
NONE_OF_THEM = "-"  # looked at, none of the classes; an empty list means it too
MISSING = ("nan", "none", "na", "null", "n/a", "<na>", "#n/a")  # unknown, in any case
SHOWN = 60  # characters of a cell in a message

_LITERAL = r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|-?\d+)"""
_PYTHON_LIST = re.compile(rf"\[\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*\s*,?\s*\]")


def clean_name(text: str) -> str:
    """A name without space around it, in the one form of Unicode (NFC) that names are compared in."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def has_controls(text: str) -> bool:
    """Whether it holds control characters, or half of one, which UTF-8 cannot write."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


class LabelCells:
    """Reads the label cells of one file, of whatever form, into class names.

    A cell is a list of names, a list written as text (JSON, or Python's), or names in a text parted
    by the separator. `[]` and "-" are none of the classes; null, an empty text, NaN and the words
    that stand for it are unknown. A name that is known is never split or taken for such a word.

    Args:
        classes: names that are known; other separators are split at only between these.
        separator: of names in a text.
        rename: other names of labels.
        found: is told of words for unknown and of separators.
    """

    def __init__(
        self,
        classes: Collection[str] = (),
        separator: str = SEPARATOR,
        rename: Mapping[str, str] | None = None,
        found: Findings | None = None,
    ) -> None:
        self._separator = separator
        self._found = Findings() if found is None else found
        self._names = _Names(frozenset(classes), rename or {}, self._found)

    def read(self, place: str, cell: object) -> tuple[str, ...] | None:
        """The class names in a cell, each once; () for none of them, None for unknown.

        Raises:
            RecordError: it is neither names nor a list of names; the message names the place.
        """
        parts = self._parts(place, cell)
        if not parts:
            return None if parts is None else ()
        names = [name for part in parts for name in self._names[_text(place, part, parts)]]
        if not self._names.words.isdisjoint(names):
            return self._with_words(place, names, parts)
        return tuple(dict.fromkeys(names)) or None

    def _parts(self, place: str, cell: object) -> Sequence[Any] | None:
        if isinstance(cell, (list, tuple)):
            return cell
        if not isinstance(cell, str):
            return None if cell is None else (cell,)
        text = cell.strip()
        if not text:
            return None
        if text[0] == "[" and text[-1] == "]" and clean_name(text) not in self._names.known:
            return _list_in(place, text)
        return text.split(self._separator)

    def _with_words(
        self, place: str, names: Sequence[str], parts: Sequence[Any]
    ) -> tuple[str, ...] | None:
        """The names among which there are words that are none, or may be."""
        if len(set(names)) < len(names) and {*names} <= {"0", "1"}:
            raise _by_position(place, parts)
        missing = [name for name in names if name in self._names.missing]
        self._found.missing.update(missing)
        left = tuple(dict.fromkeys(name for name in names if name not in missing))
        if NONE_OF_THEM in left and len(left) > 1:
            others = ", ".join(repr(name) for name in left if name != NONE_OF_THEM)
            raise RecordError(
                f"{place}: {NONE_OF_THEM!r} means none of the classes and stands beside {others}; "
                "leave one of them out",
                "labels that cannot be read",
            )
        return () if left == (NONE_OF_THEM,) else left or None


class _Names(dict[str, tuple[str, ...]]):
    """The class names that a text without the separator means; each text is looked at once."""

    def __init__(self, known: frozenset[str], rename: Mapping[str, str], found: Findings) -> None:
        super().__init__()
        self.known = known
        self.missing: set[str] = set()  # texts so far that stand for unknown
        self.words = {NONE_OF_THEM, "0", "1"}  # and those that are names only in some cells
        self._rename = rename
        self._found = found

    def __missing__(self, text: str) -> tuple[str, ...]:
        name = clean_name(text)
        if name in self.known or name in self._rename:
            names: tuple[str, ...] = (self._rename.get(name, name),)
        elif name.casefold() in MISSING:
            names = (name,)
            self.missing.add(name)
            self.words.add(name)
        else:
            names = self._split(name) or ((name,) if name else ())
        self[text] = names
        return names

    def _split(self, name: str) -> tuple[str, ...]:
        """The known names that another separator parts."""
        for separator in OTHER_SEPARATORS if self.known else "":
            parts = split_at(name, separator)
            if len(parts) > 1 and self.known.issuperset(parts):
                self._found.separators.setdefault(separator, name)
                return parts
        return ()


def split_at(name: str, separator: str) -> tuple[str, ...]:
    """The names that a separator parts, cleaned; empty ones are left out."""
    return tuple(filter(None, map(clean_name, name.split(separator))))


def _json_list(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _python_list(text: str) -> list[Any] | None:
    """Names in quotes and whole numbers; nothing is evaluated, and 'a' 'b' is not 'ab'."""
    if not _PYTHON_LIST.fullmatch(text):
        return None
    try:
        return list(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


# lists as they are written in a text
LISTS: Sequence[Callable[[str], list[Any] | None]] = (_json_list, _python_list)


def _list_in(place: str, text: str) -> list[Any]:
    for read in LISTS:
        if (found := read(text)) is not None:
            return found
    raise RecordError(
        f"{place}: the labels {_shown(text)} look like a list and are none; "
        'write ["a", "b"], or a; b',
        "labels that cannot be read",
    )


def _text(place: str, part: object, parts: Sequence[Any]) -> str:
    """A name as text; numbers may be whole."""
    if type(part) is str:
        return part
    if isinstance(part, int) and not isinstance(part, bool):
        return str(part)
    if isinstance(part, float) and part != part:
        return "nan"
    if len(parts) > 1 and all(number in (0, 1) for number in parts):
        raise _by_position(place, parts)
    if isinstance(part, float):
        raise RecordError(
            f"{place}: a label is {part!r}, not a whole number or a name; a table program writes 1 as "
            "1.0 where another cell of the column is empty: save the labels as text",
            "labels that cannot be read",
        )
    raise RecordError(
        f"{place}: labels must be a list of names, or null where they are unknown",
        "labels that cannot be read",
    )


def _by_position(place: str, parts: Sequence[Any]) -> RecordError:
    return RecordError(
        f"{place}: the labels {_shown(list(parts))} are zeros and ones by position; "
        "write the names of the classes that are one",
        "labels that cannot be read",
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
