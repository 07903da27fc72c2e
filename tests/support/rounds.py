"""Rounds of which only some parts matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from classemb_index import RoundResult


def scored_round(
    strategy: str,
    seed: int,
    n_labelled: int,
    macro_f1: float,
    micro_f1: float = 0.0,
    f1: Mapping[str, float] | None = None,
) -> RoundResult:
    """A round of which only the scores matter."""
    return RoundResult(
        strategy=strategy,
        seed=seed,
        round=0,
        n_labelled=n_labelled,
        macro_f1=macro_f1,
        micro_f1=micro_f1,
        f1=dict(f1 or {}),
        labelled_counts={},
        selected=[],
        seconds={},
        epochs=1,
        n_dev=0,
    )


def without_seconds(results: Iterable[RoundResult]) -> list[RoundResult]:
    """The rounds without how long they took, which is another time on every run."""
    return [replace(result, seconds={}) for result in results]
