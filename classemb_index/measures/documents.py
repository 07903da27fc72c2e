"""The JSON form that the entries of all measures share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def json_entry(entry: DataclassInstance) -> dict[str, Any]:
    """The fields in their order; a class's name stands under "class"."""
    return {"class" if key == "class_name" else key: v for key, v in asdict(entry).items()}
