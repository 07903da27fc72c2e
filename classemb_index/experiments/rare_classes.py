"""The experiment on rare classes: all strategies on four pools where rare means 0.1 to 1 %."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..measures.rounds import read_rounds
from ..models.contracts import PROBE, Training
from ..models.masked_lm import MaskedLanguageModel
from ..pool.recipes import find_recipe
from ..reports.rare import PoolRuns, write_rare_report
from ..strategies.base import StrategyOptions
from ..strategies.selection import STRATEGIES
from ..watch import Watcher
from .reproduce import (
    SCALES,
    Experiment,
    Scale,
    built_index,
    open_reproduction,
    run_experiment,
)

RARE_CLASSES = "rare-classes"

POOLS = ("eurlex-rare", "arxiv-rare", "reuters", "eurlex-other")

USUAL = "eurlex"  # the paper's classes, of which the rare ones have 7 %

SEEDS = range(100, 120)  # others than those that the code was tried with

FINE_TUNED_SEEDS = range(100, 103)

FINE_TUNED_POOLS: Mapping[str, tuple[str, ...]] = {"small": POOLS[:1], "paper": POOLS}

DISCRIMINATOR_EPOCHS = 1

COMPARED = ("random", "uncertainty", "max-uncertainty", "portfolio")

VARIANTS = ("no-names", "noise-names")  # of portfolio

REPORT = "report"


def reproduce_rare_classes(
    scale_name: str,
    out: Path,
    watcher: Watcher,
    *,
    sources: Mapping[str, str] | None = None,
    model: str | None = None,
    masked_lm: str | None = None,
    device: str = "auto",
    workers: int | None = None,
) -> list[Path]:
    """Build the pools, simulate all strategies on each, and report; run again, it goes on.

    With the probe on every pool: all strategies (20 seeds); portfolio without names and with
    half of the names replaced by noise; and on the paper's own classes of EURLEX57K, where
    rare means 7 %, portfolio beside its baselines. Then portfolio and its baselines with a
    fine-tuned BERT (3 seeds): at scale "small" on one pool, at scale "paper" on all.

    Args:
        scale_name: "small" or "paper": which models.
        out: folder for a folder a pool (index and runs) and the report.
        watcher: is told how it goes on.
        sources: local copies in place of the recipes' sources, by recipe.
        model: a BERT to fine-tune in place of the scale's.
        masked_lm: for "alps", in place of that BERT.
        device: "auto", "cpu" or "cuda".
        workers: processes; None as `simulate`.

    Returns:
        The paths of the report.

    Raises:
        RequestError: there is no such scale or pool.
        RunError: `out` is of another reproduction.
        ClassembError: as building and simulating.
    """
    if scale_name not in SCALES:
        raise RequestError(f"no scale {scale_name!r}; there are {', '.join(SCALES)}")
    sources = sources or {}
    if unknown := sorted(set(sources) - {*POOLS, USUAL}):
        raise RequestError(
            f"no pool {unknown[0]!r}; --source takes POOL=PATH for {', '.join([*POOLS, USUAL])}"
        )
    scale = SCALES[scale_name].with_model(model, masked_lm)
    fine_tuned = next(e for e in scale.experiments if e.classifier.model != PROBE)
    watcher.stage("Loading the models")
    surprisal_of = MaskedLanguageModel(scale.masked_lm, device=device)  # fails before the work
    open_reproduction(out, _settings(scale_name, scale, fine_tuned), {*POOLS, USUAL, REPORT})
    indexes = _indexes(scale.encoder, out, watcher, sources, device)

    probe = Training(model=PROBE, device=device)
    options = StrategyOptions(discriminator_epochs=DISCRIMINATOR_EPOCHS)
    for name in POOLS:
        folder, index = out / name, indexes[name]
        watcher.stage(f"{name}: surprisal of the pool")
        surprisal = PoolSurprisal(index, surprisal_of, watcher.progress)
        len(surprisal.embeddings)
        run = partial(
            run_experiment,
            index=index,
            seeds=SEEDS,
            settings=probe,
            watcher=watcher,
            workers=workers,
        )
        run(folder / "probe", strategies=list(STRATEGIES), surprisal=surprisal, options=options)
        for variant, names in other_names(index).items():
            run(folder / variant, strategies=["portfolio"], options=StrategyOptions(names=names))
    run_experiment(
        out / USUAL / "probe",
        indexes[USUAL],
        [*COMPARED, "class-embedding"],
        SEEDS,
        probe,
        watcher,
        workers=workers,
    )
    for name in FINE_TUNED_POOLS[scale_name]:
        run_experiment(
            out / name / "bert",
            indexes[name],
            COMPARED,
            FINE_TUNED_SEEDS,
            replace(fine_tuned.classifier, device=device),
            watcher,
            dev_size=fine_tuned.dev_size,
            workers=workers,
        )
    watcher.stage("Writing the report")
    runs = ("probe", *VARIANTS, "bert")
    pools = [
        PoolRuns(index, {run: read_rounds(out / name / run) for run in runs})
        for name, index in indexes.items()
    ]
    return write_rare_report(pools, out / REPORT, scale_name, fine_tuned.classifier)


def _indexes(
    encoder: str, out: Path, watcher: Watcher, sources: Mapping[str, str], device: str
) -> dict[str, EmbeddingIndex]:
    """The index of each pool, by name."""
    indexes = {}
    for name in (*POOLS, USUAL):
        recipe = find_recipe(name)
        recipe = recipe.with_source(sources[name]) if name in sources else recipe
        watcher.stage(f"{name}: building the index")
        indexes[name] = built_index(recipe, encoder, out / name / "index", device, watcher)
    return indexes


def other_names(index: EmbeddingIndex) -> dict[str, FloatMatrix]:
    """Class names that fail: none at all, and half of them (rounded up) replaced by noise.

    Noise is a random direction; which classes it takes is drawn from a fixed seed.
    """
    rng = np.random.default_rng(0)
    names = index.class_names
    assert names is not None  # built_index embeds them
    noisy = names.copy()
    half = rng.permutation(len(names))[: (len(names) + 1) // 2]
    noise = rng.standard_normal((len(half), names.shape[1])).astype(np.float32)
    noisy[half] = noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return dict(zip(VARIANTS, (np.zeros_like(names), noisy), strict=True))


def _settings(scale_name: str, scale: Scale, fine_tuned: Experiment) -> dict[str, Any]:
    """What the results depend on, beside the documents."""
    return {
        "corpus": RARE_CLASSES,
        "scale": scale_name,
        "encoder": scale.encoder,
        "pools": [*POOLS, USUAL],
        "seeds": [*SEEDS],
        "discriminator_epochs": DISCRIMINATOR_EPOCHS,
        "masked_lm": scale.masked_lm,
        "fine_tuned": {
            "pools": FINE_TUNED_POOLS[scale_name],
            "seeds": [*FINE_TUNED_SEEDS],
            "dev_size": fine_tuned.dev_size,
            "classifier": asdict(fine_tuned.classifier),
        },
    }
