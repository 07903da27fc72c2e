"""The index folder: manifest, checksums, stable reading, lock, atomic publish."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import FloatMatrix
from ..errors import (
    IndexDamagedError,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
    IndexSchemaError,
)
from ..pool.files import held_still

if TYPE_CHECKING:
    import pyarrow as pa

CACHE = "cache"  # folder inside the index
SCHEMA_VERSION = 2  # 1 has neither class names nor the mean
MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
DOCUMENTS = "documents.parquet"
CLASS_NAMES = "class_names.npy"
NAME_FEEDBACK = "name_feedback.npy"
TEXT_HASHES = "text_hashes.npy"  # came with schema 2 too; an index may lack it
JOURNAL = "journal.jsonl"
DATA = (VECTORS, DOCUMENTS, CLASS_NAMES, NAME_FEEDBACK, TEXT_HASHES)
ATTEMPTS = 10  # to read a folder that is being swapped


@dataclass(frozen=True)
class EncoderInfo:
    """The encoder of an index; all None where vectors came without one."""

    name: str | None = None
    fingerprint: str | None = None
    max_length: int | None = None
    precision: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What an index is made of, and the bytes and sha256 of its files.

    `mean` is the mean embedding of the documents that can be searched.
    """

    name: str
    source: str
    n: int
    dim: int
    dtype: str
    encoder: EncoderInfo
    classes: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    backend: str
    paper: Mapping[str, Any] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    created: str = ""
    tool_version: str = ""
    schema_version: int = SCHEMA_VERSION
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredIndex:
    """The files of an index as one build wrote them.

    Attributes:
        folder: where they lie.
        manifest: what they are.
        vectors: (n, dim) float32 or float16, memory-mapped.
        documents: open, so that it outlives a rebuild of the folder.
        by_class: (q, dim) float32 by file name, as far as the index has them.
    """

    folder: Path
    manifest: Manifest
    vectors: FloatMatrix
    documents: pa.NativeFile
    by_class: Mapping[str, FloatMatrix]


def damage(folder: Path, what: str) -> IndexDamagedError:
    """The error that says that an index is damaged, and how."""
    return IndexDamagedError(f"the index in {folder} is damaged: {what}; build it again")


def read_stable(folder: Path) -> StoredIndex:
    """The index in a folder, the files of one build also where another takes its place meanwhile.

    Raises:
        IndexMissingError: as for `read_manifest`.
        IndexSchemaError: as for `read_manifest`.
        IndexDamagedError: as for `read_manifest`, or a file cannot be read or has another shape.
    """
    for attempt in count(1):
        try:
            stored = _read_once(folder)
            # a rebuild may have swapped the folder between these reads
            if read_manifest(current_folder(folder)) == stored.manifest:
                break
        except IndexFolderError:
            if attempt == ATTEMPTS:
                raise
    manifest, shape = stored.manifest, stored.vectors.shape
    if shape != (manifest.n, manifest.dim):
        raise damage(folder, f"{VECTORS} has shape {shape}, not {(manifest.n, manifest.dim)}")
    if manifest.mean and len(manifest.mean) != manifest.dim:
        raise damage(folder, f"its mean has {len(manifest.mean)} dimensions, not {manifest.dim}")
    return stored


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the index in a folder, its schema and its files' sizes checked.

    Raises:
        IndexMissingError: there is no index.
        IndexSchemaError: a newer version of the tool wrote it.
        IndexDamagedError: the manifest cannot be read, or a file is missing or has another size.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise IndexMissingError(
            f"there is no index in {folder}; build one with: classemb-index build SOURCE --out {folder}"
        ) from cause
    try:
        table = json.loads(text)
        version = int(table["schema_version"])
    except (ValueError, KeyError, TypeError) as cause:
        raise damage(folder, f"{MANIFEST} cannot be read") from cause
    if version > SCHEMA_VERSION:
        raise IndexSchemaError(
            f"the index in {folder} has schema {version}, this version reads up to {SCHEMA_VERSION}; "
            "upgrade classemb-index, or build the index again with --force"
        )
    try:
        table["encoder"] = EncoderInfo(**table["encoder"])
        table["classes"] = tuple(table["classes"])
        table["mean"] = tuple(table.get("mean", ()))
        table.pop("backend_parameters", None)  # always empty; older versions wrote it
        table["groups"] = {group: tuple(names) for group, names in table["groups"].items()}
        manifest = Manifest(**table)
        sizes = {name: facts["bytes"] for name, facts in manifest.files.items() if facts["sha256"]}
    except (KeyError, TypeError, AttributeError) as cause:
        raise damage(folder, f"{MANIFEST} lacks what it should have") from cause
    for name, size in sizes.items():
        try:
            there = (folder / name).stat().st_size
        except FileNotFoundError as cause:
            raise damage(folder, f"{name} is missing") from cause
        if there != size:
            raise damage(folder, f"{name} has {there} bytes, not {size}")
    return manifest


def current_folder(folder: Path) -> Path:
    """The folder that holds the index now: itself, or the one put aside by an interrupted swap."""
    aside = _sibling(folder, "old")
    return aside if not folder.exists() and aside.exists() else folder


def latest_index(parent: Path) -> Path:
    """The index that was built last among those directly under `parent`.

    Raises:
        IndexMissingError: there is none.
    """
    manifests = list(parent.glob(f"[!.]*/{MANIFEST}"))
    if not manifests:
        raise IndexMissingError(
            f"there is no index under {parent}; build one with: classemb-index build"
        )
    return max(manifests, key=lambda path: path.stat().st_mtime_ns).parent


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A draft folder beside `folder`, under a lock; what it holds survives an interruption.

    Raises:
        IndexLockedError: another process is building the same index.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_sibling(folder, "lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as cause:
        raise IndexLockedError(
            f"another process is building {folder}; wait for it, or choose another --out"
        ) from cause
    try:
        _finish_swap(folder)
        draft = _sibling(folder, "building")
        draft.mkdir(exist_ok=True)
        try:
            yield draft
        finally:
            if draft.exists() and not (draft / JOURNAL).exists():
                shutil.rmtree(draft)  # nothing in it that a later build could use
    finally:
        lock.release()


def publish(draft: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Put a finished draft in the place of `folder`: a reader sees the old index or the new one.

    What lies in the folder and is no build's (labels, the cache) is there afterwards too.

    Returns:
        The manifest as written, with the checksums of all files.
    """
    folder = folder.resolve()  # the swap takes the place of the folder, not of a link to it
    files = {}
    for path in sorted(draft.iterdir()):
        if path.name in DATA:
            files[path.name] = {"bytes": path.stat().st_size, "sha256": file_digest(path)}
            fsync(path)
    manifest = Manifest(**{**vars(manifest), "files": files})
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    (draft / MANIFEST).write_text(text, encoding="utf-8")
    fsync(draft / MANIFEST)
    with held_still(folder):  # an answer written meanwhile would stay behind
        _carry(folder, draft)
        (draft / JOURNAL).unlink(missing_ok=True)
        fsync(draft)
        if folder.exists():
            folder.rename(_sibling(folder, "old"))
        draft.rename(folder)
        fsync(folder.parent)
        _finish_swap(folder)
    return manifest


def file_digest(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """The names of files whose sha256 is not the manifest's."""
    return [
        name
        for name, facts in manifest.files.items()
        if file_digest(folder / name) != facts["sha256"]
    ]


def check_replaceable(folder: Path, source: str, force: bool) -> None:
    """Nothing, when a build of `source` may take the place of what is in `folder`.

    Raises:
        IndexFolderError: the folder is no index, another source's and `force` is False,
            or the working directory, which cannot be swapped.
    """
    if folder.resolve() == Path.cwd():
        raise IndexFolderError(
            f"{folder} is the working directory, and a build replaces its folder as a whole; "
            "choose another --out"
        )
    folder = current_folder(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / MANIFEST).is_file():
        raise IndexFolderError(f"{folder} is there and is no index; choose another --out")
    if force:
        return
    try:
        other = read_manifest(folder).source
    except IndexFolderError as cause:
        raise type(cause)(f"{cause}; --force replaces it") from cause
    if os.path.normpath(other) != os.path.normpath(source):
        raise IndexFolderError(
            f"{folder} is an index of {other}, not of {source}; choose another --out, or --force"
        )


def link_or_copy(path: Path | str, target: Path | str) -> None:
    """The same file under another name; a copy where the disk knows no links."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, target, follow_symlinks=False)


def fsync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_once(folder: Path) -> StoredIndex:
    import pyarrow as pa

    place = current_folder(folder)
    manifest = read_manifest(place)
    try:
        vectors = np.load(place / VECTORS, mmap_mode="r")
        documents = pa.memory_map(str(place / DOCUMENTS))
    except (OSError, ValueError) as cause:
        raise damage(folder, f"{VECTORS} or {DOCUMENTS} cannot be read") from cause
    return StoredIndex(place, manifest, vectors, documents, _read_by_class(place, manifest))


def _read_by_class(place: Path, manifest: Manifest) -> dict[str, FloatMatrix]:
    by_class = {}
    for name in (CLASS_NAMES, NAME_FEEDBACK):
        if name not in manifest.files:
            continue
        try:
            vectors = np.load(place / name)
        except (OSError, ValueError) as cause:
            raise damage(place, f"{name} cannot be read") from cause
        if vectors.shape != (len(manifest.classes), manifest.dim):
            raise damage(place, f"{name} does not hold a vector for each class")
        by_class[name] = np.asarray(vectors, dtype=np.float32)
    return by_class


def _sibling(folder: Path, role: str) -> Path:
    folder = folder.resolve()
    return folder.parent / f".{folder.name}.{role}"


def _finish_swap(folder: Path) -> None:
    aside = _sibling(folder, "old")
    if not aside.exists():
        return
    if folder.exists():
        shutil.rmtree(aside)
    else:
        aside.rename(folder.resolve())


def _carry(folder: Path, draft: Path) -> None:
    """Link into the draft what lies in the folder beside the files that a build writes."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name in (*DATA, MANIFEST, JOURNAL):
            continue
        target = draft / path.name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(target, ignore_errors=True)  # an interrupted build linked it
            shutil.copytree(path, target, symlinks=True, copy_function=link_or_copy)
        else:
            link_or_copy(path, target)
