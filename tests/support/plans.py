"""Plans of small simulations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from classemb_index import Plan, Schedule, Training
from classemb_index.experiments.simulation import Models
from classemb_index.strategies.selection import classifier_for
from tests.support.fakes import fake_masked_lm


def probe_plan(
    strategies: Sequence[str],
    seeds: Sequence[int],
    schedule: Schedule,
    *,
    classifier: Any = None,
    make_masked_lm: Callable[..., Any] = fake_masked_lm,
    **options: Any,
) -> Plan:
    """A plan with the probe, or with this classifier in its place, and no real language model."""
    make = classifier_for if classifier is None else lambda *_: classifier
    return Plan(
        strategies=tuple(strategies),
        seeds=tuple(seeds),
        schedule=schedule,
        training=Training(model="probe"),
        models=Models(classifier=make, masked_lm=make_masked_lm),
        **options,
    )
