"""A small corpus with published numbers, and models that reproduce it within seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from classemb_index.experiments.reproduce import Experiment, Scale, reproduce
from classemb_index.experiments.schedule import Schedule
from classemb_index.experiments.simulation import Models
from classemb_index.models.contracts import PROBE, Training
from tests.support.fakes import NamedEncoder, fake_masked_lm
from tests.support.pools import json_lines, topic_records
from tests.support.watchers import Recorder

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
    name="small",
    words="tiny, for a test.",
    encoder="hash",
    experiments=(Experiment("probe", Training(model=PROBE), seeds=2),),
    masked_lm="fake",
    discriminator_epochs=1,
    schedule=Schedule(initial=10, batch=5, budget=15),
)


SMALL_MODELS = Models(encoder=NamedEncoder, masked_lm=fake_masked_lm)


def write_recipe(folder: Path) -> None:
    """toy.toml, and toy.jsonl that it reads."""
    (folder / "toy.toml").write_text(RECIPE, encoding="utf-8")
    (folder / "toy.jsonl").write_text(json_lines(topic_records(DOCUMENTS)), encoding="utf-8")


def use_small_models(
    monkeypatch: pytest.MonkeyPatch, scale: Scale = TINY, models: Models = SMALL_MODELS
) -> None:
    """The command `reproduce` knows one scale, "small", and has the models of this file."""
    module = "classemb_index.experiments.reproduce"
    monkeypatch.setattr(f"{module}.SCALES", {"small": scale})
    monkeypatch.setattr(f"{module}.reproduce", partial(reproduce, models=models))


class Reproduction(NamedTuple):
    """What one reproduction wrote and told."""

    folder: Path
    written: list[Path]
    watcher: Recorder
