"""`classemb-index annotate` where what the page needs is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = """
import sys
for name in ("fastapi", "starlette", "uvicorn", "jinja2"):
    sys.modules[name] = None
sys.argv = ["classemb-index", "annotate", *sys.argv[1:]]
from classemb_index.cli.main import app
app()
"""


def run_without(*words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process that cannot import the packages of the extra."""
    command = [sys.executable, "-c", WITHOUT, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_missing_extra_is_one_line_with_the_way_out() -> None:
    ended = run_without("nowhere")
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr == (
        "Error: the page needs fastapi; install it with: pip install 'classemb-index[web]'\n"
    )


@pytest.mark.parametrize("option", ["--batch", "--overlap", "--no-practice"])
def test_help_needs_no_extra(option: str) -> None:
    ended = run_without("--help")
    assert ended.returncode == 0 and option in ended.stdout
