"""The scripts under examples/, on small data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pools import json_lines, topic_records
from tests.support.tiny import write_tiny

ROOT = Path(__file__).parents[2]
WORDS = ["document", "on", "a", "b", "c", "d"]


@pytest.fixture
def found(tmp_path: Path) -> dict[str, dict[str, object]]:
    """What the annotation of 80 documents of four topics leaves behind."""
    write_tiny(tmp_path / "tiny", WORDS, "BertModel")
    (tmp_path / "topics.jsonl").write_text(json_lines(topic_records(120, 0, "abcd")))
    words = ["topics.jsonl", "--out", "work", "--encoder", str(tmp_path / "tiny")]
    words += ["--classes", "a,b,c", "--added", "d", "--renamed", "b=B"]
    words += ["--first", "70", "--later", "10", "--batch", "6", "--batches", "4"]
    script = ROOT / "examples" / "annotate.py"
    done = subprocess.run(
        [sys.executable, script, *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "work" / "steps.json").read_text())


def test_an_annotation_from_nothing_takes_classes_and_documents_in_on_its_way(
    found: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    before, last = found["found"][0], found["found"][-1]
    assert set(before) == {"a", "b", "c"} and not any(before.values())
    assert set(last) == {"a", "B", "c", "d"}
    told = [line for step in found["steps"] for line in step["told"]]
    assert told == ["Note: 70 of 80 taken over, 10 encoded"]
    lines = (tmp_path / "work" / "labelled.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + 24
    assert all(0 < last[name] <= n for name, n in found["in_pool"].items())
