"""The scripts under examples/, on small data."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.commands import Outcome
from tests.support.pools import json_lines, topic_records
from tests.support.tiny import write_tiny

EXAMPLES = Path(__file__).parents[2] / "examples"
WORDS = ["document", "on", "a", "b", "c", "d"]


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def found(
    tmp_path: Path, cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What the annotation of 80 documents of four topics leaves behind; commands run in this process."""
    script = example("annotate")

    def call(self: Any, asked: list[str]) -> tuple[int, str, str]:
        monkeypatch.chdir(self.folder)
        outcome = cli(*asked)
        return outcome.code, outcome.out, outcome.err

    monkeypatch.setattr(script.Annotator, "call", call)
    write_tiny(tmp_path / "tiny", WORDS, "BertModel")
    source = tmp_path / "topics.jsonl"
    source.write_text(json_lines(topic_records(120, 0, "abcd")))
    script.annotate(
        str(source),
        out=tmp_path / "work",
        classes="a,b,c",
        added="d",
        renamed="b=B",
        first=70,
        later=10,
        batches=4,
        batch=6,
        encoder=str(tmp_path / "tiny"),
        seed=0,
    )
    return dict(json.loads((tmp_path / "work" / "steps.json").read_text()))


def test_an_annotation_from_nothing_takes_classes_and_documents_in_on_its_way(
    found: dict[str, Any], tmp_path: Path
) -> None:
    before, last = found["found"][0], found["found"][-1]
    assert set(before) == {"a", "b", "c"} and not any(before.values())
    assert set(last) == {"a", "B", "c", "d"}
    told = [line for step in found["steps"] for line in step["told"]]
    assert told == ["Note: 70 of 80 taken over, 10 encoded"]
    lines = (tmp_path / "work" / "labelled.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + 24
    assert all(0 < last[name] <= n for name, n in found["in_pool"].items())
    for name, judged in found["predicted"].items():
        left = found["in_pool"][name] - last[name]
        # d came late: it is unknown of documents that had been labelled before
        assert judged["left"] <= left if name == "d" else judged["left"] == left
        assert 0 <= judged["right"] <= min(judged["predicted"], judged["left"])
