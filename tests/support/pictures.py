"""Pictures that no test looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

BLANK = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def leave_pictures_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are written without what is drawn on them, which takes most of their time."""
    monkeypatch.setattr("classemb_index.reports.figures._save", _save_blank)


def _save_blank(figure: Any, stem: Path) -> list[Path]:
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg")]
    for path in paths:
        path.write_text(BLANK)
    return paths
