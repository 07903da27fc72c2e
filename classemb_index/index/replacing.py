"""Whether a build may write into a folder: what lies there, and whether it is of the same source."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import IndexFolderError
from ..pool.pool import Pool
from .publish import DRAFT, LOCK
from .store import MANIFEST, Manifest, read_manifest, read_stable
from .takeover import matching_rows, stored_hashes, text_hashes

SHARED = 0.5  # of the documents of the smaller of two pools from different places, to be one source


def check_folder(folder: Path, force: bool) -> None:
    """Nothing, when a build may write into `folder`.

    It may where nothing is, into an index, and into the working directory, whose files stay.

    Raises:
        IndexFolderError: the folder holds other files than an index's, or an index that
            cannot be read and `force` is False.
    """
    if not (folder / MANIFEST).is_file():
        if _is_free(folder):
            return
        raise IndexFolderError(f"{folder} is there and is no index; choose another --out")
    if not force:
        try:
            read_manifest(folder)
        except IndexFolderError as cause:
            raise type(cause)(f"{cause}; --force replaces it") from cause


def check_source(folder: Path, pool: Pool, force: bool) -> None:
    """Nothing, when the index in `folder`, if there is one, is of the pool's source.

    A source from another place is the same where it shares at least half of the documents of the
    smaller of the two, by their texts: it was moved, or is a copy that has grown or was cut.

    Raises:
        IndexFolderError: the index is another source's and `force` is False.
    """
    if force or not (folder / MANIFEST).is_file():
        return
    manifest = read_manifest(folder)
    if is_same_place(manifest, pool.source):
        return
    both = stored_hashes(read_stable(folder)), text_hashes(pool.texts_of, len(pool))
    smaller, larger = sorted(both, key=len)
    shared = int(np.count_nonzero(matching_rows(smaller, larger) >= 0))
    if shared < SHARED * len(smaller):
        raise IndexFolderError(
            f"{folder} is an index of {manifest.place or manifest.source}, which shares {shared} of "
            f"{len(smaller)} documents with {place_of(pool.source) or pool.source}; "
            "choose another --out, or --force"
        )


def is_same_place(manifest: Manifest, source: str) -> bool:
    """True when an index was read from this very file or folder, or from a source of the same name."""
    place = place_of(source)
    if place or manifest.place:
        return place == manifest.place
    return os.path.normpath(source) == os.path.normpath(manifest.source)


def place_of(source: str) -> str:
    """The absolute path of a source, links resolved; "" where it is no file or folder."""
    return os.path.realpath(source) if os.path.exists(source) else ""


def _is_free(folder: Path) -> bool:
    if not folder.exists() or folder.resolve() == Path.cwd():
        return True
    own = {LOCK, DRAFT}  # of a build that was interrupted
    return folder.is_dir() and (
        {path.name for path in folder.iterdir()} <= own or (folder / DRAFT).is_dir()
    )
