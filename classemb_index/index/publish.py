"""Writing an index folder: a lock, a draft inside it, and the manifest that makes the draft the index.

A draft becomes the index in one step, the replacing of the manifest. Its data files have their
digests in their names, so they lie beside those of the index before until that step is done.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..durable import file_digest, fsync, only_writer
from ..errors import IndexFolderError, IndexLockedError
from .store import DATA, DOCUMENTS, MANIFEST, VECTORS, Manifest, read_manifest

LOCK = ".lock"
DRAFT = ".building"
JOURNAL = "journal.jsonl"  # of the draft
DIGITS = 12  # of the digest, in a file's name
NAMED = re.compile(
    "|".join(
        rf"{re.escape(stem)}-[0-9a-f]{{{DIGITS}}}\.{suffix}"
        for stem, _, suffix in (file.partition(".") for file in DATA)
    )
)


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A draft inside `folder`, under a lock; what it holds of an interrupted build is there again.

    Raises:
        IndexLockedError: another process is building the same index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    refusal = IndexLockedError(
        f"another process is building {folder}; wait for it, or choose another --out"
    )
    try:
        with only_writer(folder / LOCK, refusal):
            draft = folder / DRAFT
            _finish(draft, folder)
            draft.mkdir(exist_ok=True)
            try:
                yield draft
            finally:
                if not has_parts(folder):
                    shutil.rmtree(draft, ignore_errors=True)
                if [path.name for path in folder.iterdir()] == [LOCK]:
                    with suppress(OSError):  # some systems keep a file that is open
                        (folder / LOCK).unlink()
    finally:
        with suppress(OSError):  # only an empty folder goes
            folder.rmdir()


def has_parts(folder: Path) -> bool:
    """True when an interrupted build left something in `folder` that the next one goes on from."""
    draft = folder / DRAFT
    journal = (draft / JOURNAL).read_bytes() if (draft / JOURNAL).exists() else b""
    return journal.count(b"\n") > 1 or (draft / MANIFEST).exists()  # its first line is no part


def has_data(folder: Path) -> bool:
    """True when there are files in a folder that are called as those of an index are."""
    names = {path.name for path in folder.iterdir()}
    return {VECTORS, DOCUMENTS} <= names or any(map(NAMED.fullmatch, names))


def publish(
    folder: Path,
    manifest: Manifest,
    written: Sequence[str],
    kept: Mapping[str, Mapping[str, Any]],
) -> None:
    """Make the draft in `folder` its index: a reader sees the old index or the new one.

    Args:
        folder: of the index, locked.
        manifest: of the new index; its files are filled in here.
        written: the data files that lie in the draft.
        kept: by file, what the old manifest says of those that stay as they are.
    """
    draft, files = folder / DRAFT, dict(kept)
    for file in written:
        path = draft / file
        stem, _, suffix = file.partition(".")
        digest = file_digest(path)
        name = f"{stem}-{digest[:DIGITS]}.{suffix}"
        files[file] = {"name": name, "bytes": path.stat().st_size, "sha256": digest}
        fsync(path)
    table = asdict(replace(manifest, files=files).sealed())
    partial = draft / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fsync(partial)
    partial.replace(draft / MANIFEST)  # from here on the draft is whole, and can be finished
    if written:
        fsync(draft)
    _finish(draft, folder)


def _finish(draft: Path, folder: Path) -> None:
    """Make a whole draft the index of the folder, also where a build was killed while it did so."""
    if not (draft / MANIFEST).exists():
        return
    manifest = read_manifest(draft)
    written = [file for file in manifest.files if (draft / file).exists()]
    for file in written:
        (draft / file).replace(folder / manifest.name_of(file))
    if written:
        fsync(folder)  # the files stand before the manifest names them
    before = _names(folder)
    (draft / MANIFEST).replace(folder / MANIFEST)
    fsync(folder)
    for name in before - set(map(manifest.name_of, manifest.files)):
        with suppress(OSError):  # some systems keep a file that a reader has open
            (folder / name).unlink()
    shutil.rmtree(draft, ignore_errors=True)


def _names(folder: Path) -> set[str]:
    """The data files in a folder: those that its manifest names, and what a build left there."""
    names = {path.name for path in folder.iterdir() if NAMED.fullmatch(path.name)}
    with suppress(IndexFolderError):
        manifest = read_manifest(folder)
        names |= set(map(manifest.name_of, manifest.files))
    return names
