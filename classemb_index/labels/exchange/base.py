"""What a format is given and gives back, and what the files of several tools share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeAlias

from ...errors import SourceError
from ...pool.cells import NONE_OF_THEM, clean_name
from ...pool.files import Raw, json_object, opened
from ...pool.findings import Findings

DOCUMENT_ID = "document_id"  # the field that carries our ids where "id" is the tool's own
OWN_IDS = (
    DOCUMENT_ID,
    "external_id",
    "id",
)  # fields in which people keep their ids, the surest first
QUESTION = "labels"  # what the classes are asked as, in tools whose questions have names

Rows: TypeAlias = Sequence[Mapping[str, Any]]  # cells by column


@dataclass(frozen=True)
class Filled:
    """What somebody said of a document.

    Attributes:
        place: where it stands.
        document: the id.
        labels: class names as they were written, each once; None where the document was skipped.
        who: said so, as the tool names him; "" where the file does not say.
        asked: the classes that he was asked for; None for all of the pool.
        unasked: the classes that the file says are unknown; None where it does not say which are.
        text: of the document, where the id may be the tool's own number: only the text tells.
        unclear: the tool does not say whether this is an answer.
        note: what he wrote beside it; None for nothing.
    """

    place: str
    document: str
    labels: tuple[str, ...] | None
    who: str = ""
    asked: tuple[str, ...] | None = None
    unasked: tuple[str, ...] | None = None
    text: str | None = None
    unclear: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Returned:
    """A file that came back, and what its reader should know.

    Attributes:
        path: of the file.
        classes: of the pool; between these, other separators than ";" part names in a cell.
        told: is told what a user should know of the file.
    """

    path: Path
    classes: Sequence[str] = ()
    told: Findings = field(default_factory=Findings)


@dataclass(frozen=True)
class Sheet:
    """Documents on their way to a tool.

    Attributes:
        rows: in their order, each with rank, row, id, text and labels (names; None where it is to
            be labelled); those of a batch have class (that asked), step, score and strategy too,
            those that are known in part unknown (names); note (text or None) where any has one.
        classes: of the pool.
        annotator: who gave the labels; "" where nobody is named.
    """

    rows: Rows
    classes: Sequence[str]
    annotator: str = ""


@dataclass(frozen=True)
class Format:
    """A row of the table of formats.

    Attributes:
        about: whose it is, for help texts.
        suffixes: how a file that is written in it may end.
        claims: True for the first record of a file that can be one of its own.
        read: gives what a file says; raises SourceError where it makes no sense.
        write: writes a sheet to a file; the suffix is one of `suffixes`.
        config: gives what a project in the tool is set up with, for the pool's classes; None where
            it needs nothing of the kind.
        keeps_unknown: whether a document that is known for a part of the classes can be written.
        keeps_notes: whether notes can be written.
    """

    about: str
    suffixes: tuple[str, ...]
    claims: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Returned], Iterator[Filled]]
    write: Callable[[Sheet, Path], None]
    config: Callable[[Sequence[str]], str] | None = None
    keeps_unknown: bool = False
    keeps_notes: bool = False


def records(path: Path) -> Iterator[Raw]:
    """The JSON objects of a file, each with its place; unpacked where gzip.

    One a line is streamed, empty lines are passed over; a JSON array is loaded whole.

    Raises:
        SourceError: the file cannot be read, or holds something else.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}")
    with opened(path) as file:
        is_array = next(_visible(file), "") == "["
        file.seek(0)
        if is_array:
            yield from _elements(file.read(), path)
            return
        for number, line in enumerate(file, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                yield place, json_object(line, place)


def first_record(path: Path) -> Mapping[str, Any]:
    """The first JSON object of a file.

    Raises:
        SourceError: there is none.
    """
    for _, record in islice(records(path), 1):
        return record
    raise SourceError(f"{path} holds no record; there is nothing to read")


def own_id(place: str, *holders: object, fields: Sequence[str] = OWN_IDS) -> str:
    """The pool's id of a document, from the first object and field that has one.

    It is a string or a whole number; "007" and 7 are two ids.

    Raises:
        SourceError: there is none, or it is something else.
    """
    for key in fields:
        for holder in holders:
            if isinstance(holder, Mapping) and (found := holder.get(key)) is not None:
                return id_text(place, found)
    raise SourceError(
        f"{place}: no {' and no '.join(map(repr, fields))}; without the pool's id nobody knows which "
        f"document it is, so give the tool documents that `--format` wrote"
    )


def id_text(place: str, found: object) -> str:
    """An id as the pool writes it.

    Raises:
        SourceError: it is no string and no whole number.
    """
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise SourceError(f"{place}: the id is {found!r}; every row names a document")
    return str(found)


def names(place: str, value: object) -> tuple[str, ...]:
    """The class names that a tool wrote, each once; "-" alone is none of them.

    Raises:
        SourceError: they are no strings.
    """
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise SourceError(f"{place}: the labels are {value!r}; they are class names in a list")
    return () if found == [NONE_OF_THEM] else tuple(dict.fromkeys(map(clean_name, found)))


def objects(place: str, what: str, value: object) -> list[dict[str, Any]]:
    """The JSON objects in a list; none where it is null.

    Raises:
        SourceError: it is no list of objects.
    """
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SourceError(f"{place}: {what!r} is no list of objects; is it the export of a tool?")
    return found


def mapping(place: str, what: str, value: object) -> dict[str, Any]:
    """A JSON object; an empty one where it is null.

    Raises:
        SourceError: it is something else.
    """
    if value is not None and not isinstance(value, dict):
        raise SourceError(f"{place}: {what!r} is {value!r}, not an object")
    return value or {}


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write under; the file gets its own name when all of it is there."""
    unfinished = path.with_name(f".{os.getpid()}.partial.{path.name}")  # its suffix says the form
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_array(found: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write one JSON array."""
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_lines(found: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write JSON Lines."""
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in found)
    path.write_text("".join(lines), encoding="utf-8")


def asked_for(row: Mapping[str, Any]) -> dict[str, Any]:
    """Why a document of a batch is in it, without what is not known."""
    keys = ("class", "step", "score", "strategy")
    return {key: row[key] for key in keys if row.get(key) is not None}


def _visible(file: IO[str]) -> Iterator[str]:
    """The characters of a file that are no white space."""
    while character := file.read(1):
        if not character.isspace():
            yield character


def _elements(text: str, path: Path) -> Iterator[Raw]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as cause:
        raise SourceError(
            f"{path} is half-written or no JSON ({cause.msg}: line {cause.lineno} column "
            f"{cause.colno}); export it again"
        ) from cause
    except (ValueError, RecursionError) as cause:  # a number too long, objects nested too deep
        raise SourceError(f"{path} cannot be read as JSON ({cause})") from cause
    for number, record in enumerate(found, start=1):
        place = f"{path}, record {number}"
        if not isinstance(record, dict):
            raise SourceError(f"{place} is a JSON {type(record).__name__}, not an object")
        yield place, record
