"""`build` on its way out: by Ctrl-C or a request to end it says what is kept, and leaves no texts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from classemb_index import EmbeddingIndex, Pool
from classemb_index.index.build import CHUNK
from tests.support.fakes import HashEncoder

# the command line with an encoder that waits in one of its calls, once it has said so
WAITING = """
import signal, sys, time
from importlib import import_module
from classemb_index.models import encoder
from tests.support.fakes import HashEncoder

class Waiting(HashEncoder):
    def __init__(self, *_, **__):
        super().__init__()

    def encode(self, texts):
        vectors = super().encode(texts)
        if self.calls == WAITS_IN:
            print("waiting", flush=True)
            time.sleep(60)
        return vectors

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
WAITS_IN = int(sys.argv.pop(1))
encoder.SentenceBertEncoder = Waiting
import_module("classemb_index.cli.main").app()
"""


def interrupted(folder: Path, how: signal.Signals, waits_in: int) -> tuple[int, str]:
    """Exit code and stderr of a build of two parts that gets a signal in a call of its encoder."""
    records = [{"id": str(i), "text": f"text {i}", "labels": ["x"]} for i in range(CHUNK + 1)]
    (folder / "pool.jsonl").write_text("\n".join(map(json.dumps, records)))
    (folder / "temporary").mkdir()
    words = ["build", str(folder / "pool.jsonl"), "--out", str(folder / "index"), "--encoder", "x"]
    child = subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-c", WAITING, str(waits_in), *words],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"TMPDIR": str(folder / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stdout.readline() == "waiting\n"
    assert any((folder / "temporary").glob("classemb-*"))
    child.send_signal(how)
    return child.wait(timeout=30), child.communicate()[1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_an_interrupted_build_leaves_its_parts_and_no_temporary_texts(
    tmp_path: Path, how: signal.Signals
) -> None:
    assert interrupted(tmp_path, how, waits_in=2) == (
        130,
        "Interrupted: finished parts are kept, and the same command goes on from there\n",
    )
    assert list((tmp_path / "temporary").glob("classemb-*")) == []
    encoder = HashEncoder()
    EmbeddingIndex.build(Pool.read(tmp_path / "pool.jsonl"), encoder, tmp_path / "index")
    assert encoder.calls == 2  # the second part, and the class name


def test_a_build_that_is_interrupted_before_its_first_part_leaves_nothing(tmp_path: Path) -> None:
    assert interrupted(tmp_path, signal.SIGTERM, waits_in=1) == (
        130,
        "Interrupted: no part was finished\n",
    )
    assert list((tmp_path / "temporary").glob("classemb-*")) == []
    assert not (tmp_path / "index").exists()
