"""Settings of a run: what the picks of a strategy depend on, and nothing else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Schedule, StrategyOptions
from classemb_index.experiments.simulation import Simulator
from classemb_index.strategies.selection import OF_EVERY_STRATEGY, STRATEGIES, settings_of
from tests.support.fakes import FakeMaskedLM
from tests.support.plans import probe_plan

OTHER: dict[str, Any] = {  # than the default
    "base": "dal",
    "count_tries": True,
    "no_near_duplicates": 0.9,
    "discriminator_epochs": 3,
    "name_vectors": np.eye(3, 8, dtype=np.float32),
}
NAMED = [(name, key) for name, row in STRATEGIES.items() for key in row.options]
NOT_NAMED = [
    (name, key)
    for name, row in STRATEGIES.items()
    for key in OTHER
    if key not in row.options and key not in OF_EVERY_STRATEGY
]


def test_every_option_is_named_by_a_strategy_or_concerns_all() -> None:
    named = {key for _, key in NAMED}
    assert named.isdisjoint(OF_EVERY_STRATEGY)
    assert named | set(OF_EVERY_STRATEGY) == {field.name for field in fields(StrategyOptions)}
    assert set(OTHER) == {field.name for field in fields(StrategyOptions)}


@pytest.mark.parametrize(
    ("name", "key"), [*NAMED, *((name, key) for name in STRATEGIES for key in OF_EVERY_STRATEGY)]
)
def test_an_option_that_concerns_a_strategy_changes_its_settings(name: str, key: str) -> None:
    changed = settings_of(name, StrategyOptions(**{key: OTHER[key]}))
    assert changed != settings_of(name, StrategyOptions())


@pytest.mark.parametrize(("name", "key"), NOT_NAMED)
def test_an_option_that_a_strategy_does_not_look_at_leaves_its_settings(
    name: str, key: str
) -> None:
    changed = settings_of(name, StrategyOptions(**{key: OTHER[key]}))
    assert changed == settings_of(name, StrategyOptions())


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_masked_language_model_is_a_setting_of_alps_and_of_what_is_based_on_it(name: str) -> None:
    own = {"masked_lm": "tiny", "fingerprint": "fake tiny"}
    options = StrategyOptions(base="alps")
    with_it = settings_of(name, options, FakeMaskedLM("tiny"))
    without = settings_of(name, options)
    asks = name in ("alps", "anchoral", "seals")
    assert with_it == (without | own if asks else without)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({}, {"random": {}, "class-embedding": {}, "seals": {"base": "uncertainty"}}),
        (
            {"base": "dal", "discriminator_epochs": 3},
            {
                "random": {},
                "class-embedding": {},
                "seals": {"base": "dal", "discriminator_epochs": 3},
            },
        ),
        (
            {"base": "class-embedding", "count_tries": True},
            {
                "random": {},
                "class-embedding": {"count_tries": True},
                "seals": {"base": "class-embedding", "count_tries": True},
            },
        ),
        (
            {"no_near_duplicates": 0.9},
            {
                "random": {"no_near_duplicates": 0.9},
                "class-embedding": {"no_near_duplicates": 0.9},
                "seals": {"base": "uncertainty", "no_near_duplicates": 0.9},
            },
        ),
    ],
)
def test_the_settings_of_a_strategy_are_the_options_that_concern_it(
    toy_index: EmbeddingIndex, options: dict[str, Any], settings: dict[str, Any]
) -> None:
    names, chosen = ["random", "class-embedding", "seals"], StrategyOptions(**options)
    assert {name: settings_of(name, chosen) for name in names} == settings
    plan = probe_plan(names, [0], Schedule(), options=chosen, full=True)
    assert Simulator(toy_index, plan).config()["strategies"] == {**settings, "full": {}}


def test_other_class_names_are_other_settings_of_portfolio(toy_index: EmbeddingIndex) -> None:
    def of(names: np.ndarray | None) -> dict[str, Any]:
        return settings_of("portfolio", StrategyOptions(name_vectors=names).on(toy_index))

    first, second = np.eye(3, 8, dtype=np.float32), np.eye(3, 8, 1, dtype=np.float32)
    assert of(None) == {"version": 2}  # the index has none of its own
    assert of(first) == of(first.copy()) != of(second)
    assert list(of(first)) == ["names", "version"]
