"""The model card: what a model is, how good it is, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .folder import CARD


def write_card(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write README.md into a model's folder, from its facts and from what `evaluate` left there."""
    (folder / CARD).write_text("", encoding="utf-8")
