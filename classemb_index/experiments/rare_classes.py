"""The experiment on rare classes: all strategies on four pools where rare means 0.1 to 1 %."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, unit
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..measures.rounds import read_rounds
from ..models.classifier import kind_of
from ..models.contracts import PROBE, Training
from ..pool.recipes import Recipe, find_recipe
from ..queries.classes import hidden
from ..reports.rare import (
    FINE_TUNED,
    NO_NAMES,
    NOISE_NAMES,
    RUNS,
    WITH_PROBE,
    PoolRuns,
    write_rare_report,
)
from ..strategies.options import StrategyOptions
from ..strategies.selection import STRATEGIES
from ..watch import SILENT, Watcher
from .reproduce import Experiment, Scale, built_index, open_reproduction, run_plan
from .schedule import Schedule
from .simulation import MODELS, Models, Plan

RARE_CLASSES = "rare-classes"
POOLS = ("eurlex-rare", "arxiv-rare", "reuters", "eurlex-other")
COMPARED = ("random", "uncertainty", "max-uncertainty", "portfolio")
REPORT = "report"


@dataclass(frozen=True)
class Study:
    """Pools, strategies and seeds of the experiment.

    Attributes:
        pools: recipes in whose pools rare means 0.1 to 1 %.
        usual: the recipe of the paper's classes, of which the rare ones have 7 %.
        strategies: that are run on the pools with the probe.
        seeds: of the runs with the probe; others than those that the code was tried with.
        fine_tuned_pools: names of the pools that a BERT is fine-tuned on, by scale.
        fine_tuned_seeds: of these runs.
        discriminator_epochs: of "dal".
        schedule: of every run; the paper's by default.
    """

    pools: tuple[str, ...] = POOLS
    usual: str = "eurlex"
    strategies: tuple[str, ...] = tuple(STRATEGIES)
    seeds: tuple[int, ...] = tuple(range(100, 120))
    fine_tuned_pools: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"small": POOLS[:1], "paper": POOLS}
    )
    fine_tuned_seeds: tuple[int, ...] = tuple(range(100, 103))
    discriminator_epochs: int = 1
    schedule: Schedule = Schedule()

    def recipes(self, sources: Mapping[str, str]) -> list[Recipe]:
        """Of the pools, the usual one last, on local copies where they are named.

        Raises:
            RequestError: a copy is named for a pool that is not there.
        """
        recipes = {recipe.name: recipe for recipe in map(find_recipe, (*self.pools, self.usual))}
        if unknown := sorted(set(sources) - set(recipes)):
            raise RequestError(
                f"no pool {unknown[0]!r}; --source takes POOL=PATH for {', '.join(recipes)}"
            )
        return [
            recipe.with_source(sources[name]) if name in sources else recipe
            for name, recipe in recipes.items()
        ]

    def plans(self, index: EmbeddingIndex, scale: Scale, device: str) -> dict[str, Plan]:
        """What is run with the probe on one of the pools, by run folder."""
        plan = Plan(
            strategies=self.strategies,
            seeds=self.seeds,
            schedule=self.schedule,
            training=Training(model=PROBE, device=device),
            options=StrategyOptions(discriminator_epochs=self.discriminator_epochs),
            masked_lm=scale.masked_lm,
        )
        strategies = {NO_NAMES: COMPARED, NOISE_NAMES: ("portfolio",)}
        variants = {
            variant: replace(
                plan,
                strategies=strategies[variant],
                options=StrategyOptions(name_vectors=vectors),
            )
            for variant, vectors in other_names(index).items()
        }
        return {WITH_PROBE: plan, **variants}

    def usual_plan(self, device: str) -> Plan:
        """What is run with the probe on the paper's classes: portfolio beside its baselines."""
        return Plan(
            strategies=(*COMPARED, "class-embedding"),
            seeds=self.seeds,
            schedule=self.schedule,
            training=Training(model=PROBE, device=device),
        )

    def fine_tuned_plan(self, fine_tuned: Experiment, device: str) -> Plan:
        """What is run with a fine-tuned BERT: portfolio beside its baselines."""
        return Plan(
            strategies=COMPARED,
            seeds=self.fine_tuned_seeds,
            schedule=replace(self.schedule, dev_size=fine_tuned.dev_size),
            training=replace(fine_tuned.classifier, device=device),
        )


STUDY = Study()


def reproduce_rare_classes(
    scale: Scale,
    out: Path,
    *,
    sources: Mapping[str, str] | None = None,
    study: Study = STUDY,
    device: str = "auto",
    workers: int | None = None,
    watch: Watcher = SILENT,
    models: Models = MODELS,
) -> list[Path]:
    """Build the pools, simulate all strategies on each, and report; run again, it goes on.

    With the probe on every pool: all strategies (20 seeds); portfolio and its baselines without
    names, when the probe is a plain one; portfolio with half of the names replaced by noise; and on
    the paper's own classes of EURLEX57K, where rare means 7 %, portfolio beside its baselines. Then
    portfolio and its baselines with a fine-tuned BERT (3 seeds): at scale "small" on one pool, at
    scale "paper" on all.

    Args:
        scale: which models.
        out: folder for a folder a pool (index and runs) and the report.
        sources: local copies in place of the recipes' sources, by recipe.
        study: pools, strategies and seeds.
        device: "auto", "cpu" or "cuda".
        workers: processes; None as `run_simulation`.
        watch: is told how it goes on.
        models: how names become models.

    Returns:
        The paths of the report.

    Raises:
        RequestError: there is no such pool.
        RunError: `out` is of another reproduction.
        ClassembError: as building and simulating.
    """
    recipes = study.recipes(sources or {})
    names = [recipe.name for recipe in recipes]
    *rare, usual = names
    fine_tuned = next(e for e in scale.experiments if kind_of(e.classifier.model).is_whole)
    watch.stage("Loading the models")
    masked_lm = models.masked_lm(scale.masked_lm, PROBE, device)  # fails before the work
    open_reproduction(out, _settings(study, names, scale, fine_tuned), {*names, REPORT})
    given: dict[str, Any] = {"device": device, "watch": watch, "models": models}
    indexes = {}
    for recipe in recipes:
        watch.stage(f"{recipe.name}: building the index")
        indexes[recipe.name] = built_index(
            recipe, scale.encoder, out / recipe.name / "index", **given
        )
    for name in rare:
        watch.stage(f"{name}: surprisal of the pool")
        PoolSurprisal(indexes[name], masked_lm, watch).compute()
        for run, plan in study.plans(indexes[name], scale, device).items():
            run_plan(out / name / run, indexes[name], replace(plan, models=models), workers, watch)
    others = {usual: (WITH_PROBE, study.usual_plan(device))}
    others |= {
        name: (FINE_TUNED, study.fine_tuned_plan(fine_tuned, device))
        for name in study.fine_tuned_pools[scale.name]
    }
    for name, (run, plan) in others.items():
        run_plan(out / name / run, indexes[name], replace(plan, models=models), workers, watch)
    watch.stage("Writing the report")
    pools = [
        PoolRuns(index, {run: read_rounds(out / name / run) for run in RUNS})
        for name, index in indexes.items()
    ]
    return write_rare_report(pools, out / REPORT, scale.name, fine_tuned.classifier)


def other_names(index: EmbeddingIndex) -> dict[str, FloatMatrix]:
    """Class names that fail: none at all, and half of them (rounded up) replaced by noise.

    Noise is a random direction; which classes it takes is drawn from a fixed seed.
    """
    rng = np.random.default_rng(0)
    own = index.name_vectors
    assert own is not None  # built_index embeds them
    noisy = own.copy()
    half = rng.permutation(len(own))[: (len(own) + 1) // 2]
    noise = rng.standard_normal((len(half), own.shape[1])).astype(np.float32)
    noisy[half] = unit(noise)
    return {NO_NAMES: hidden(index), NOISE_NAMES: noisy}


def _settings(
    study: Study, pools: list[str], scale: Scale, fine_tuned: Experiment
) -> dict[str, Any]:
    """What the results depend on, beside the documents."""
    return {
        "corpus": RARE_CLASSES,
        "scale": scale.name,
        "encoder": scale.encoder,
        "pools": pools,
        "seeds": [*study.seeds],
        "discriminator_epochs": study.discriminator_epochs,
        "masked_lm": scale.masked_lm,
        "fine_tuned": {
            "pools": study.fine_tuned_pools[scale.name],
            "seeds": [*study.fine_tuned_seeds],
            "dev_size": fine_tuned.dev_size,
            "classifier": fine_tuned.classifier.of_bert(),
        },
    }
