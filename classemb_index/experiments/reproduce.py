"""The paper from end to end: build, analyze, simulate, report, at one of two scales."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import RequestError, RunError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..index.replacing import is_same_place
from ..index.store import MANIFEST
from ..measures.curves import read_summary
from ..models.classifier import kind_of
from ..models.contracts import DEFAULT_MODEL, PROBE, Training
from ..models.encoder import DEFAULT_ENCODER
from ..models.hub import MINILM
from ..pool.pool import Pool
from ..pool.recipes import Recipe
from ..queries.classes import hidden
from ..reports.corpus import read_corpora
from ..reports.figures import save_run_curves
from ..reports.paper import write_report
from ..reports.tables import save_analysis
from ..strategies.options import MOST_EPOCHS, StrategyOptions
from ..watch import SILENT, Watcher
from .run_folder import run_simulation
from .schedule import Schedule
from .simulation import MODELS, Models, Plan

SETTINGS = "reproduction.json"
SMALL_BERT = "google/bert_uncased_L-2_H-128_A-2"
# the paper's strategies, and the baselines of the field
REPRODUCED = ("random", "class-embedding", "cvirs", "dal", "alps", "uncertainty", "max-uncertainty")


@dataclass(frozen=True)
class Experiment:
    """One run of all strategies.

    Attributes:
        folder: its run folder.
        classifier: how it is trained.
        seeds: one run of every strategy for each, from 0.
        dev_size: dev documents for early stopping; None takes the dev split.
    """

    folder: str
    classifier: Training
    seeds: int
    dev_size: int | None = None


@dataclass(frozen=True)
class Scale:
    """How much of the paper's setting is run.

    Attributes:
        name: its own.
        words: what a reader of the results should know of the scale as it comes.
        encoder: of the index.
        experiments: each on the paper's schedule, and once on the whole train split.
        masked_lm: of "alps".
        discriminator_epochs: of "dal".
        schedule: of every experiment but for its dev documents; the paper's by default.
        strategies: that are run; by default the paper's and the baselines of the field.
        other_model: the BERT that takes the place of the scale's own; None where none does.
        other_masked_lm: what "alps" asks in place of that BERT or the scale's own model; None where
            it asks these.
    """

    name: str
    words: str
    encoder: str
    experiments: Sequence[Experiment]
    masked_lm: str
    discriminator_epochs: int = MOST_EPOCHS
    schedule: Schedule = Schedule()
    strategies: tuple[str, ...] = REPRODUCED
    other_model: str | None = None
    other_masked_lm: str | None = None

    def sentence(self) -> str:
        """The words, and which models are not the scale's own."""
        parts = [self.words]
        if self.other_model is not None:
            parts.append(f"But the BERT is {self.other_model}.")
        if self.other_masked_lm is not None:
            parts.append(f"ALPS asks {self.other_masked_lm}.")
        return " ".join(parts)

    def settings(self) -> dict[str, Any]:
        """What the results depend on, JSON-ready; default schedule and strategies are left out."""
        left_out = {"name", "other_model", "other_masked_lm"}
        if self.schedule == Schedule():
            left_out.add("schedule")
        if self.strategies == REPRODUCED:
            left_out.add("strategies")
        experiments = [asdict(e) | {"classifier": e.classifier.of_bert()} for e in self.experiments]
        values = asdict(self) | {"words": self.sentence(), "experiments": experiments}
        kept = {key: value for key, value in values.items() if key not in left_out}
        return {"scale": self.name, **kept}

    def plans(self, experiment: Experiment, device: str) -> list[Plan]:
        """Every strategy with every seed, and once the whole train split."""
        options = StrategyOptions(discriminator_epochs=self.discriminator_epochs)
        plan = Plan(
            strategies=self.strategies,
            seeds=tuple(range(experiment.seeds)),
            schedule=replace(self.schedule, dev_size=experiment.dev_size),
            training=replace(experiment.classifier, device=device),
            options=options,
            masked_lm=self.masked_lm,
        )
        return [plan, replace(plan, strategies=(), seeds=(0,), full=True)]

    def with_model(self, model: str | None, masked_lm: str | None) -> Scale:
        """The same scale with another BERT to fine-tune, which ALPS takes too unless told otherwise."""
        experiments = [
            e
            if model is None or not kind_of(e.classifier.model).is_whole
            else replace(e, classifier=replace(e.classifier, model=model))
            for e in self.experiments
        ]
        return replace(
            self,
            experiments=experiments,
            masked_lm=masked_lm or model or self.masked_lm,
            other_model=model,
            other_masked_lm=None if masked_lm == model else masked_lm,
        )


SMALL = Scale(
    name="small",
    words="small, for a machine with two cores: MiniLM embeddings; logistic heads on them (10 "
    "seeds) and a fine-tuned small BERT at 64 tokens with 200 dev documents (2 seeds); DAL's "
    "discriminators stop after 50 epochs. Neither the paper's encoder nor its BERT-base.",
    encoder=MINILM,
    experiments=(
        Experiment("probe", Training(model=PROBE), seeds=10),
        Experiment(
            "bert",
            Training(model=SMALL_BERT, learning_rate=2e-3, max_length=64),
            seeds=2,
            dev_size=200,
        ),
    ),
    masked_lm=SMALL_BERT,
    discriminator_epochs=50,
)
PAPER = Scale(
    name="paper",
    words="paper: all-mpnet-base-v2 embeddings, bert-base-uncased fine-tuned at 512 tokens, the "
    "whole dev split, 5 seeds.",
    encoder=DEFAULT_ENCODER,
    experiments=(Experiment("bert", Training(model=DEFAULT_MODEL), seeds=5),),
    masked_lm=DEFAULT_MODEL,
)
SCALES = {scale.name: scale for scale in (SMALL, PAPER)}


def find_scale(name: str) -> Scale:
    """The scale of that name.

    Raises:
        RequestError: there is none; the message names the choices.
    """
    if name not in SCALES:
        raise RequestError(f"no scale {name!r}; there are {', '.join(SCALES)}")
    return SCALES[name]


def reproduce(
    recipe: Recipe,
    scale: Scale,
    out: Path,
    *,
    device: str = "auto",
    workers: int | None = None,
    watch: Watcher = SILENT,
    models: Models = MODELS,
) -> list[Path]:
    """Build, analyze, simulate and report one of the paper's corpora; run again, it goes on.

    Every simulation has all strategies on the paper's schedule (Section 4.2), and one
    training on the whole train split (Table 1).

    Args:
        recipe: of the corpus.
        scale: how much is run.
        out: folder for the index, the analysis, a run folder an experiment, and the report.
        device: "auto", "cpu" or "cuda".
        workers: processes; None as `run_simulation`.
        watch: is told how it goes on.
        models: how names become models.

    Returns:
        The paths of the report.

    Raises:
        RequestError: the index in `out` is another one.
        RunError: `out` is of another reproduction.
        ClassembError: as building, simulating and the report.
    """
    watch.stage("Loading the models")
    masked_lm = models.masked_lm(scale.masked_lm, PROBE, device)  # fails before the work
    parts = {"index", "analysis", "report", *(e.folder for e in scale.experiments)}
    open_reproduction(out, {"corpus": recipe.name, **scale.settings()}, parts)
    watch.stage("Building the index")
    given: dict[str, Any] = {"device": device, "watch": watch, "models": models}
    index = built_index(recipe, scale.encoder, out / "index", **given)
    watch.stage("Surprisal of the pool")
    PoolSurprisal(index, masked_lm, watch).compute()
    for experiment in scale.experiments:
        folder = out / experiment.folder
        for plan in scale.plans(experiment, device):
            # the paper's classifier knows no class names
            options = replace(plan.options, name_vectors=hidden(index))
            run_plan(folder, index, replace(plan, models=models, options=options), workers, watch)
        name = index.manifest.name
        save_run_curves(read_summary(folder), name, experiment.classifier.model, folder)
    watch.stage("Writing the report")
    corpora = read_corpora([out / "index", *(out / e.folder for e in scale.experiments)])
    for corpus in corpora:
        if corpus.analysis is not None:
            save_analysis(corpus.analysis, out / "analysis")
    return write_report(corpora, out / "report", scale.sentence())


def run_plan(
    folder: Path, index: EmbeddingIndex, plan: Plan, workers: int | None, watch: Watcher
) -> None:
    """Simulate into a run folder, one stage of a reproduction."""
    watch.stage(f"{index.manifest.name}, {folder.name}: {', '.join(plan.names())}")
    for _ in run_simulation(folder, index, plan, workers=workers, watch=watch):
        pass


def built_index(
    recipe: Recipe,
    encoder: str,
    folder: Path,
    *,
    device: str = "auto",
    watch: Watcher = SILENT,
    models: Models = MODELS,
) -> EmbeddingIndex:
    """The index in the folder when it is the one that is asked for, else a new one.

    Raises:
        RequestError: the folder has another source's or encoder's index.
    """
    if (folder / MANIFEST).is_file():
        index = EmbeddingIndex.open(folder, device=device)
        manifest = index.manifest
        is_source = recipe.source == manifest.source or is_same_place(manifest, recipe.source)
        if not is_source or manifest.encoder.name != encoder:
            raise RequestError(
                f"the index in {folder} is {manifest.source} embedded with {manifest.encoder.name}, not "
                f"{recipe.source} with {encoder}; choose another --out"
            )
        return index
    pool = Pool.read(recipe)
    return EmbeddingIndex.build(
        pool,
        models.encoder(encoder, device=device, max_length=recipe.max_length),
        folder,
        recipe.backend,
        paper=recipe.paper,
        device=device,
        watch=watch,
    )


def open_reproduction(out: Path, settings: Mapping[str, Any], parts: Collection[str]) -> None:
    """Write what is reproduced, or see that the folder is of the same reproduction.

    Args:
        out: its folder.
        settings: what its results depend on.
        parts: names of what may lie in the folder already.

    Raises:
        RunError: the folder is of something else.
    """
    path = out / SETTINGS
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    if not path.exists():
        if out.exists() and any(
            entry.name not in parts and not entry.name.startswith(".")  # locks of a build
            for entry in out.iterdir()
        ):
            raise RunError(f"{out} is there and is no reproduction; choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise RunError(
            f"{path} has other settings than are asked for now; give the same ones to continue, or "
            "choose another --out"
        )
