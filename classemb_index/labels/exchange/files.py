"""Batches and labels written in a format, and answers read from one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import RequestError
from ...pool.findings import Findings
from ...pool.pool import Pool
from ..batches import Batch
from ..log import Notes
from . import FORMATS
from .base import Filled, Format, Returned, Sheet, first_record, whole

AUTO = "auto"
NO_RECORDS = (".csv", ".tsv", ".parquet")  # forms that no tool but the table has


class LeftOut(NamedTuple):
    """What a file of labels does not say.

    Attributes:
        documents: known for a part of the classes, where the format cannot say so.
        notes: documents whose notes are not in the file: they are not, or the format has none.
    """

    documents: int
    notes: int


def check_out(path: Path, force: bool, format_: str = "table", config: Path | None = None) -> None:
    """Nothing, when a file of that format may be written there, and its config too.

    Raises:
        RequestError: a file exists and `force` is False, its folder does not, its name ends in
            no form that the format has, the format has no config, or there is no such format.
    """
    _check_form(path, format_)
    _check_place(path, force, "--out")
    if config is not None:
        _config_of(format_)
        _check_place(config, force, "--config")


def write_batch(pool: Pool, batch: Batch, path: Path, format_: str = "table") -> None:
    """Write a batch for the annotators, to be labelled. The file is there whole or not at all.

    Raises:
        RequestError: the name ends in no form that the format has, or there is no such format.
    """
    texts = pool.texts_of(batch.rows)
    rows = [
        {**pick, "strategy": batch.strategy, "text": text, "labels": None}
        for pick, text in zip(batch.picks(pool), texts, strict=True)
    ]
    _write(Sheet(rows, pool.classes), path, format_)


def write_labels(
    pool: Pool,
    path: Path,
    format_: str = "table",
    annotator: str = "",
    notes: Notes | None = None,
) -> LeftOut:
    """Write the documents whose labels are known, in the pool's order, as `read_filled` reads them.

    A document that is known for a part of the classes is left out where the format cannot say so.

    Args:
        pool: with the answers over its labels.
        path: the file; it is there whole or not at all.
        format_: a name of FORMATS.
        annotator: who gave the labels, for tools that keep that.
        notes: on the documents.

    Returns:
        What was left out.

    Raises:
        RequestError: the name ends in no form that the format has, or the format needs an annotator.
    """
    form, notes = _format(format_), notes or {}
    rows = np.flatnonzero(pool.is_known if form.keeps_unknown else pool.is_complete)
    noted = {pool.ids[row] for row in rows.tolist()} & notes.keys() if form.keeps_notes else set()
    is_partly = not pool.is_complete[rows].all()
    texts = pool.texts_of(rows)
    found = [
        {"rank": rank, "row": row, "id": pool.ids[row], "text": text}
        | {"labels": pool.known_labels(row)}
        | ({"unknown": _unknown(pool, row)} if is_partly else {})
        | ({"note": note_cell(notes.get(pool.ids[row], {})) or None} if noted else {})
        for rank, (row, text) in enumerate(zip(rows.tolist(), texts, strict=True), start=1)
    ]
    _write(Sheet(found, pool.classes, annotator), path, format_)
    return LeftOut(int(pool.is_known.sum()) - len(rows), len(notes) - len(noted))


def note_cell(texts: Mapping[str, str]) -> str:
    """A document's notes in one cell: one as it is, several a line each with who wrote it."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"{who}: {text}" if who else text for who, text in texts.items())


def _unknown(pool: Pool, row: int) -> list[str]:
    """The classes of which it is unknown whether one document has them."""
    return [pool.classes[c] for c in np.flatnonzero(~pool.known[row])]


def write_config(pool: Pool, path: Path, format_: str) -> None:
    """Write what a project in the tool is set up with, for the pool's classes.

    Raises:
        RequestError: the format has nothing of the kind, or there is no such format.
    """
    config = _config_of(format_)
    with whole(path) as unfinished:
        unfinished.write_text(config(pool.classes), encoding="utf-8")


def recognised(path: Path) -> str:
    """The format of a file: by its suffix, else by its first record.

    Raises:
        SourceError: the file cannot be read, or holds no record.
        RequestError: no format, or more than one, can have written that record.
    """
    if path.name.lower().removesuffix(".gz").endswith(NO_RECORDS):
        return "table"
    record = first_record(path)
    claiming = [name for name, row in FORMATS.items() if row.claims(record)]
    if len(claiming) == 1:
        return claiming[0]
    keys, them = ", ".join(record) or "none", " or ".join(claiming or FORMATS)
    which = "may be" if claiming else "is of no known format, not"
    raise RequestError(f"{path} {which} {them}: its first record has {keys}; say it with --format")


def read_filled(
    path: Path,
    format_: str = AUTO,
    *,
    by: str = "",
    empty_is_none: bool = False,
    classes: Sequence[str] = (),
    told: Findings | None = None,
) -> Iterator[Filled]:
    """The answers in a file, and what it skips.

    Args:
        path: the file; JSON Lines are streamed, a JSON array is loaded whole.
        format_: a name of FORMATS, or "auto" for what `recognised` finds.
        by: the annotator whose answers are read; "" for everybody's.
        empty_is_none: take an empty list of labels, where the tool does not say whether it is an
            answer, as none of the classes.
        classes: of the pool, by which names in a cell are told apart.
        told: is told what a user should know of the file.

    Raises:
        SourceError: the file cannot be read or makes no sense.
        RequestError: there is no such format, or `by` answered nothing; the message names who did.
    """
    file = Returned(path, classes, Findings() if told is None else told)
    found = _format(recognised(path) if format_ == AUTO else format_).read(file)
    if empty_is_none:
        found = (row if row.labels else replace(row, unclear=False) for row in found)
    return _answers_by(by, found) if by else found


def _answers_by(name: str, found: Iterable[Filled]) -> Iterator[Filled]:
    others = set()
    has_answered = False
    for row in found:
        if row.who == name:
            has_answered = True
            yield row
        else:
            others.add(row.who)
    if not has_answered:
        them = ", ".join(sorted(others - {""})) or "nobody by name"
        raise RequestError(f"{name!r} answered nothing in the file; who did: {them}")


def _write(sheet: Sheet, path: Path, format_: str) -> None:
    """Write the file under another name, then put it in its place."""
    _check_form(path, format_)
    with whole(path) as unfinished:
        FORMATS[format_].write(sheet, unfinished)


def _check_place(path: Path, force: bool, option: str) -> None:
    if not path.parent.is_dir():
        raise RequestError(
            f"there is no folder {path.parent} to write {path.name} into; make it first"
        )
    if path.exists() and not force:
        raise RequestError(f"{path} exists; choose another {option}, or --force to replace it")


def _check_form(path: Path, format_: str) -> None:
    suffixes = _format(format_).suffixes
    if path.name.lower().endswith(suffixes):
        return
    what = "a batch" if format_ == "table" else format_
    raise RequestError(f"{path} has no known form; {what} is written to {', '.join(suffixes)}")


def _config_of(name: str) -> Callable[[Sequence[str]], str]:
    if (config := _format(name).config) is None:
        those = ", ".join(name for name, row in FORMATS.items() if row.config)
        raise RequestError(f"{name} has no config; those that have one are {those}")
    return config


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise RequestError(f"no format {name!r}; the formats are {', '.join(FORMATS)}")
    return FORMATS[name]
