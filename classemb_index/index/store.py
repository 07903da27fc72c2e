"""The index folder as it is read: manifest, checksums, an open that a rebuild cannot disturb."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import ByteMatrix, FloatMatrix
from ..durable import CHECKSUM, checksum_of, file_digest
from ..errors import IndexDamagedError, IndexMissingError, IndexSchemaError

if TYPE_CHECKING:
    import pyarrow as pa

CACHE = "cache"  # folder inside the index
SCHEMA_VERSION = (
    3  # 1 has neither class names nor the mean; in both, files lie under their own names
)
MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
DOCUMENTS = "documents.parquet"
CLASS_NAMES = "class_names.npy"
NAME_FEEDBACK = "name_feedback.npy"
TEXT_HASHES = "text_hashes.npy"  # an index of schema 1 or 2 may lack it
DATA = (VECTORS, DOCUMENTS, CLASS_NAMES, NAME_FEEDBACK, TEXT_HASHES)
SEALED = 3  # schema from which on a manifest has one


@dataclass(frozen=True)
class EncoderInfo:
    """The encoder of an index; all None where vectors came without one."""

    name: str | None = None
    fingerprint: str | None = None
    max_length: int | None = None
    precision: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What an index is made of, and the name, bytes and sha256 of its files.

    Attributes:
        source: of its pool, as the user wrote it.
        place: the source's absolute path; "" where it is no file or folder, or of schema 1 or 2.
        mean: embedding of the documents that can be searched.
        files: by what they hold, such as VECTORS; the name has the digest in it.
        checksum: of all the rest, see `checksum_of`.
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
    place: str = ""
    paper: Mapping[str, Any] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    created: str = ""
    tool_version: str = ""
    schema_version: int = SCHEMA_VERSION
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checksum: str = ""

    def name_of(self, file: str) -> str:
        """The name that a file has in the folder."""
        return str(self.files.get(file, {}).get("name", file))

    def sealed(self) -> Manifest:
        """The same with its checksum."""
        return replace(self, checksum=checksum_of(json.loads(json.dumps(asdict(self)))))


@dataclass(frozen=True)
class StoredIndex:
    """The files of an index as one build wrote them, open, so that they outlive the next build.

    Attributes:
        folder: where they lie.
        manifest: what they are.
        vectors: (n, dim) float32 or float16, memory-mapped.
        documents: the documents file.
        hashes: (n, 16) uint8, see `text_hashes`; None where a version before wrote none.
        by_class: (q, dim) float32 by file, as far as the index has them.
    """

    folder: Path
    manifest: Manifest
    vectors: FloatMatrix
    documents: pa.NativeFile
    hashes: ByteMatrix | None
    by_class: Mapping[str, FloatMatrix]

    def documents_bytes(self) -> pa.Buffer:
        """The documents file, memory-mapped."""
        self.documents.seek(0)
        return self.documents.read_buffer()

    def is_intact(self, file: str) -> bool:
        """True when the file has the sha256 of the manifest."""
        return not damaged_files(self.folder, self.manifest, [file])


def damage(folder: Path, what: str) -> IndexDamagedError:
    """The error that says that an index is damaged, and how."""
    return IndexDamagedError(f"the index in {folder} is damaged: {what}; build it again")


def read_stable(folder: Path) -> StoredIndex:
    """The index in a folder; where a build removes its files meanwhile, the one that it wrote.

    Raises:
        IndexMissingError: as for `read_manifest`.
        IndexSchemaError: as for `read_manifest`.
        IndexDamagedError: as for `read_manifest`, or a file is missing, has another size or shape, or
            cannot be read.
    """
    manifest = read_manifest(folder)
    while True:
        try:
            return _opened(folder, manifest)
        except IndexDamagedError:
            latest = read_manifest(folder)
            if latest == manifest:
                raise
            manifest = latest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the index in a folder, its schema and its checksum checked.

    Raises:
        IndexMissingError: there is no index.
        IndexSchemaError: a newer version of the tool wrote it.
        IndexDamagedError: the manifest cannot be read, or is not as it was written.
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
    if version >= SEALED and table.get(CHECKSUM) != checksum_of(table):
        raise damage(folder, f"{MANIFEST} does not have the checksum that stands in it")
    try:
        table["encoder"] = EncoderInfo(**table["encoder"])
        table["classes"] = tuple(table["classes"])
        table["mean"] = tuple(table.get("mean", ()))
        table.pop("backend_parameters", None)  # always empty; older versions wrote it
        table["groups"] = {group: tuple(names) for group, names in table["groups"].items()}
        table["files"] = {
            file: {**facts, "bytes": facts["bytes"], "sha256": facts["sha256"]}
            for file, facts in table["files"].items()
        }
        return Manifest(**table)
    except (KeyError, TypeError, AttributeError) as cause:
        raise damage(folder, f"{MANIFEST} lacks what it should have") from cause


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


def damaged_files(folder: Path, manifest: Manifest, files: Iterable[str]) -> list[str]:
    """The names of those of these files that are missing or whose sha256 is not the manifest's."""
    damaged = []
    for file in files:
        name = manifest.name_of(file)
        try:
            right = file_digest(folder / name) == manifest.files[file]["sha256"]
        except FileNotFoundError:
            right = False
        if not right:
            damaged.append(name)
    return damaged


def _opened(folder: Path, manifest: Manifest) -> StoredIndex:
    import pyarrow as pa

    for file, facts in manifest.files.items():
        _check_size(folder, manifest.name_of(file), facts["bytes"])
    vectors = _array(folder, manifest, VECTORS, mapped=True)
    shape = (manifest.n, manifest.dim)
    if vectors.shape != shape:
        raise damage(folder, f"{manifest.name_of(VECTORS)} has shape {vectors.shape}, not {shape}")
    if manifest.mean and len(manifest.mean) != manifest.dim:
        raise damage(folder, f"its mean has {len(manifest.mean)} dimensions, not {manifest.dim}")
    documents = manifest.name_of(DOCUMENTS)
    try:
        opened = pa.memory_map(str(folder / documents))
    except (OSError, ValueError) as cause:
        raise damage(folder, f"{documents} cannot be read") from cause
    hashes = None
    if TEXT_HASHES in manifest.files:
        hashes = _array(folder, manifest, TEXT_HASHES, mapped=True)
    by_class = {
        file: _by_class(folder, manifest, file)
        for file in (CLASS_NAMES, NAME_FEEDBACK)
        if file in manifest.files
    }
    return StoredIndex(folder, manifest, vectors, opened, hashes, by_class)


def _check_size(folder: Path, name: str, size: int) -> None:
    try:
        there = (folder / name).stat().st_size
    except FileNotFoundError as cause:
        raise damage(folder, f"{name} is missing") from cause
    if there != size:
        raise damage(folder, f"{name} has {there} bytes, not {size}")


def _by_class(folder: Path, manifest: Manifest, file: str) -> FloatMatrix:
    vectors = _array(folder, manifest, file)
    if vectors.shape != (len(manifest.classes), manifest.dim):
        name = manifest.name_of(file)
        raise damage(folder, f"{name} does not hold a vector for each class")
    return np.asarray(vectors, dtype=np.float32)


def _array(folder: Path, manifest: Manifest, file: str, *, mapped: bool = False) -> Any:
    name = manifest.name_of(file)
    try:
        return np.load(folder / name, mmap_mode="r" if mapped else None)
    except (OSError, ValueError) as cause:
        raise damage(folder, f"{name} cannot be read") from cause
