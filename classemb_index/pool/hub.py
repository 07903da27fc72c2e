"""Data sets of the Hugging Face hub as rows, streamed through the library `datasets`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, SourceError
from ..models.hub import hub_answers, quieten_hub
from .fields import Fields
from .files import Raw

HUB = "hub:"


def hub_rows(name: str, fields: Fields) -> Iterator[Raw]:
    """The rows of a data set of the hub, or of a local folder of the same form.

    Rows without ids get the split and the position in it.

    Raises:
        MissingExtraError: `datasets` is not installed.
        SourceError: the data set cannot be read.
    """
    try:
        import datasets
    except ImportError as cause:
        raise MissingExtraError(
            "hub:NAME needs 'datasets', which is not installed; run: pip install 'classemb-index[hub]'"
        ) from cause
    address, _, revision = name.partition("@")
    path, _, config = address.partition(":")
    if not Path(path).exists() and not hub_answers():
        raise SourceError(
            f"{HUB}{name} cannot be read: the hub is not reached; give a local copy with --source"
        )
    datasets.disable_progress_bars()
    quieten_hub()
    try:
        splits = datasets.load_dataset(
            path, config or None, revision=revision or None, streaming=True
        )
        for split, rows in splits.items():
            features = rows.features or {}
            for number, row in enumerate(rows):
                cells = {key: _value(value, features.get(key)) for key, value in row.items()}
                # data sets of the hub seldom have ids, but always an order
                cells.setdefault(fields.id or "id", f"{split}-{number}")
                part = fields.split or "split"
                cells[part] = cells.get(part) or split
                yield f"{HUB}{name}, {split} row {number}", cells
    except Exception as cause:  # whatever a client of the network may raise
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise SourceError(
            f"{HUB}{name} cannot be read ({reason}); check the name and the network"
        ) from cause


def _value(value: Any, feature: Any) -> Any:
    """Class numbers as names (-1 is the hub's word for unknown), everything else as it is."""
    inner = getattr(feature, "feature", feature)
    if value is None or not hasattr(inner, "int2str"):
        return value
    if value == -1:
        return None
    return [inner.int2str(v) for v in (value if isinstance(value, list) else [value])]
