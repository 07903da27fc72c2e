"""Files that are as they were written: checksums, waiting for the disk, and one writer at a time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKSUM = "checksum"  # key of a JSON object that holds its own


def checksum_of(table: Mapping[str, Any]) -> str:
    """sha256 of a JSON object without its checksum: keys sorted, as `json.dumps` writes it."""
    rest = {key: value for key, value in table.items() if key != CHECKSUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def only_writer(lock: Path, refusal: Exception) -> Iterator[None]:
    """Hold a lock file, or raise the refusal where another process holds it."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout as cause:
        raise refusal from cause
    try:
        yield
    finally:
        held.release()
