"""The folder of an index as a script reads it, and how a test changes what it says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HASHES = "text_hashes.npy"
NEW = {"place", "checksum"}  # what came with schema 3


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest, unchecked."""
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def file_in(folder: Path, file: str) -> Path:
    """Where a file of an index lies, by what it holds."""
    return folder / manifest_of(folder)["files"][file].get("name", file)


def write_manifest(folder: Path, table: dict[str, Any]) -> None:
    """Write a manifest, with its checksum where its schema has one."""
    rest = {key: value for key, value in table.items() if key != "checksum"}
    if table["schema_version"] > 2:
        text = json.dumps(rest, sort_keys=True)
        rest["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(rest), encoding="utf-8")


def reseal(folder: Path, file: str) -> None:
    """Make the manifest agree with a file that was changed."""
    table, content = manifest_of(folder), file_in(folder, file).read_bytes()
    table["files"][file] |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    write_manifest(folder, table)


def drop(folder: Path, *files: str) -> None:
    """Take files out of an index and its manifest."""
    table = manifest_of(folder)
    for file in files:
        file_in(folder, file).unlink()
        del table["files"][file]
        write_manifest(folder, table)


def age(folder: Path, schema: int) -> None:
    """Make of an index one that a version with schema 1 or 2 wrote."""
    younger = {1: (HASHES, "class_names.npy", "name_feedback.npy"), 2: (HASHES,)}[schema]
    drop(folder, *(file for file in younger if file in manifest_of(folder)["files"]))
    table = manifest_of(folder)
    for file, facts in table["files"].items():
        (folder / facts.pop("name")).rename(folder / file)
    kept = {key: value for key, value in table.items() if key not in NEW}
    if schema == 1:
        del kept["mean"]
    write_manifest(folder, kept | {"schema_version": schema})
