"""A small corpus with published numbers, and models that reproduce it within seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from classemb_index import Schedule
from classemb_index.errors import ModelError
from classemb_index.experiments.reproduce import Experiment, Scale
from classemb_index.experiments.simulation import Event
from classemb_index.models.contracts import PROBE, Training
from classemb_index.watch import Watcher
from tests.support.fakes import HashEncoder
from tests.support.pools import topic_records

DOCUMENTS = 360  # of which 216 are train: 100 labelled ones leave more than 100
PAPER = {
    "corpus": "eurlex",
    "table": "Table 2",
    "macro_f1": 0.93,
    "margin": 0.2,
    "loss_to_random": 0.15,
    "documents": {"train": 10294, "dev": 1901, "test": 1905},
    "figures": {
        "macro_f1": "Figure 1",
        "distances": "Figure 3",
        "components": "Figure 5",
        "micro_f1": "Figure 7",
    },
    "classes": ["Import", "Pip Fruit", "Gaming"],
    "proximity": {"100": [1, 0, 7]},
}
RECIPE = """
[pool]
source = "toy.jsonl"

[pool.classes]
frequent = ["a", "b"]
rare = ["c"]

[paper]
table = "Table 2"
macro_f1 = 0.93
proximity = { 100 = [1, 0, 7] }
"""
TINY = Scale(
    words="tiny, for a test.",
    encoder="hash",
    experiments=(Experiment("probe", Training(model=PROBE), seeds=2),),
    masked_lm="fake",
    discriminator_epochs=1,
)


class NamedEncoder(HashEncoder):
    """A hash encoder under the name that it is asked for by."""

    def __init__(self, name: str, *, device: str, max_length: int | None) -> None:
        super().__init__()
        self.name = name


class FakeMaskedLM:
    """Surprisal that follows from a text's bytes; counts the texts that it was asked for."""

    texts = 0
    precision = "float32"

    def __init__(self, name: str, *, device: str = "auto") -> None:
        self.name = name
        self.fingerprint = f"fake {name}"

    def surprisal(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
        FakeMaskedLM.texts += len(texts)
        digests = [list(hashlib.sha256(text.encode()).digest()) for text in texts]
        return np.array([digest * 4 for digest in digests], dtype=np.float32)


class MissingModel:
    """A model that cannot be had."""

    def __init__(self, name: str, **settings: object) -> None:
        raise ModelError(f"there is no model {name}")


def write_recipe(folder: Path) -> None:
    """toy.toml, and toy.jsonl that it reads."""
    (folder / "toy.toml").write_text(RECIPE, encoding="utf-8")
    lines = [
        json.dumps({"id": r.id, "text": r.text, "labels": r.labels, "split": r.split})
        for r in topic_records(DOCUMENTS)
    ]
    (folder / "toy.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def use_small_models(monkeypatch: pytest.MonkeyPatch, scale: Scale = TINY) -> None:
    """`reproduce` knows one scale, "small", with models of this file and curves of two rounds."""
    monkeypatch.setattr("classemb_index.experiments.reproduce.SCALES", {"small": scale})
    monkeypatch.setattr("classemb_index.experiments.reproduce.SentenceBertEncoder", NamedEncoder)
    monkeypatch.setattr("classemb_index.experiments.reproduce.MaskedLanguageModel", FakeMaskedLM)
    schedule = partial(Schedule, initial=10, batch=5, budget=15)
    monkeypatch.setattr("classemb_index.experiments.reproduce.Schedule", schedule)


@dataclass
class Recorder(Watcher):
    """A watcher that remembers; after `most` rounds it interrupts."""

    most: int | None = None
    stages: list[str] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    announced: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    results: list[tuple[str, int, float]] = field(default_factory=list)

    def stage(self, words: str) -> None:
        self.stages.append(words)

    def progress(self, done: int, total: int) -> None:
        self.counts.append((done, total))

    def rounds(self, total: int) -> None:
        self.announced.append(total)

    def epoch(self, epoch: Event) -> None:
        self.events.append(epoch)

    def round_done(self, strategy: str, seed: int, macro_f1: float) -> None:
        if len(self.results) == self.most:
            raise KeyboardInterrupt
        self.results.append((strategy, seed, macro_f1))


class Reproduction(NamedTuple):
    """What one reproduction wrote and told."""

    folder: Path
    written: list[Path]
    watcher: Recorder
