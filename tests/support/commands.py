"""What a command did, and another process beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HOLD_LOCK = """
import sys
from pathlib import Path
from classemb_index.index.publish import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


def json_of(outcome: Outcome) -> Any:
    """The one JSON document that a command printed."""
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@contextmanager
def lock_held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is building `folder`."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(folder)],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        yield child
    finally:
        child.communicate()
