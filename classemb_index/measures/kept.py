"""What is measured of an index once and kept beside its vectors."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..index.index import EmbeddingIndex
from ..index.store import CACHE

VERSION = 1  # raised when the same index gives other numbers


def kept(index: EmbeddingIndex, name: str) -> Any | None:
    """The JSON document that `keep` wrote for this very index; None where there is none.

    A file that was damaged, or that another index or another version wrote, is none.
    """
    try:
        found = json.loads(_path(index, name).read_bytes())
        document = found["document"]
        return document if found["digest"] == _digest(index, document) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(index: EmbeddingIndex, name: str, document: Any) -> None:
    """Write a JSON document into the index's folder; where that cannot be written, nothing is kept."""
    path = _path(index, name)
    text = json.dumps({"digest": _digest(index, document), "document": document})
    with suppress(OSError):  # a folder of somebody else's, or a full disk
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def _path(index: EmbeddingIndex, name: str) -> Path:
    return index.folder / CACHE / f"{name}.json"


def _digest(index: EmbeddingIndex, document: Any) -> str:
    """Of the document and of all that it depends on: the manifest names every file's sha256."""
    depends = [VERSION, version("classemb-index"), asdict(index.manifest), document]
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()
