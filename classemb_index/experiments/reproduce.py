"""The paper from end to end: build, analyze, simulate, report, at one of two scales."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import RequestError, RunError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..index.store import MANIFEST
from ..measures.rounds import FULL
from ..models.contracts import DEFAULT_MODEL, PROBE, Training
from ..models.encoder import DEFAULT_ENCODER, SentenceBertEncoder
from ..models.hub import MINILM
from ..models.masked_lm import MaskedLanguageModel
from ..pool.pool import Pool
from ..pool.recipes import Recipe, find_recipe
from ..reports.corpus import read_corpora
from ..reports.paper import write_report
from ..reports.tables import save_analysis
from ..strategies.base import MOST_EPOCHS, StrategyOptions
from ..strategies.selection import PAPER_STRATEGIES, classifier_for
from ..watch import Watcher
from .grid import default_workers
from .run_folder import run_simulation
from .simulation import Schedule, count_rounds

SETTINGS = "reproduction.json"

SMALL_BERT = "google/bert_uncased_L-2_H-128_A-2"


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
        words: what a reader of the results should know.
        encoder: of the index.
        experiments: each on the paper's schedule, and once on the whole train split.
        discriminator_epochs: of "dal".
        masked_lm: of "alps".
    """

    words: str
    encoder: str
    experiments: Sequence[Experiment]
    masked_lm: str
    discriminator_epochs: int = MOST_EPOCHS

    def with_model(self, model: str | None, masked_lm: str | None) -> Scale:
        """The same scale with another BERT to fine-tune, which ALPS takes too unless told otherwise.

        Its words say so.
        """
        if model is None and masked_lm is None:
            return self
        experiments = [
            e
            if model is None or e.classifier.model == PROBE
            else replace(e, classifier=replace(e.classifier, model=model))
            for e in self.experiments
        ]
        words = self.words if model is None else f"{self.words} But the BERT is {model}."
        masked_lm = masked_lm or model or self.masked_lm
        if masked_lm != model:
            words += f" ALPS asks {masked_lm}."
        return replace(self, words=words, experiments=experiments, masked_lm=masked_lm)


SCALES: Mapping[str, Scale] = {
    "small": Scale(
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
    ),
    "paper": Scale(
        words="paper: all-mpnet-base-v2 embeddings, bert-base-uncased fine-tuned at 512 tokens, the "
        "whole dev split, 5 seeds.",
        encoder=DEFAULT_ENCODER,
        experiments=(Experiment("bert", Training(model=DEFAULT_MODEL), seeds=5),),
        masked_lm=DEFAULT_MODEL,
    ),
}


def reproduce(
    name: str,
    scale_name: str,
    out: Path,
    watcher: Watcher,
    *,
    source: str | None = None,
    model: str | None = None,
    masked_lm: str | None = None,
    device: str = "auto",
    workers: int | None = None,
) -> list[Path]:
    """Build, analyze, simulate and report one of the paper's corpora; run again, it goes on.

    Every simulation has all strategies on the paper's schedule (Section 4.2), and one
    training on the whole train split (Table 1).

    Args:
        name: a recipe.
        scale_name: one of SCALES.
        out: folder for the index, the analysis, a run folder an experiment, and the report.
        watcher: is told how it goes on.
        source: a local copy in place of the recipe's source.
        model: a BERT in place of the scale's.
        masked_lm: for "alps", in place of that BERT.
        device: "auto", "cpu" or "cuda".
        workers: processes; None as `simulate`.

    Returns:
        The paths of the report.

    Raises:
        RequestError: there is no such scale, or the index in `out` is another one.
        RunError: `out` is of another reproduction.
        ClassembError: as building, simulating and the report.
    """
    if scale_name not in SCALES:
        raise RequestError(f"no scale {scale_name!r}; there are {', '.join(SCALES)}")
    scale = SCALES[scale_name].with_model(model, masked_lm)
    recipe = find_recipe(name) if source is None else find_recipe(name).with_source(source)
    watcher.stage("Loading the models")
    surprisal_of = MaskedLanguageModel(scale.masked_lm, device=device)  # fails before the work
    parts = {"index", "analysis", "report", *(e.folder for e in scale.experiments)}
    open_reproduction(out, {"corpus": recipe.name, "scale": scale_name, **asdict(scale)}, parts)
    watcher.stage("Building the index")
    index = built_index(recipe, scale.encoder, out / "index", device, watcher)
    watcher.stage("Surprisal of the pool")
    surprisal = PoolSurprisal(index, surprisal_of, watcher.progress)
    len(surprisal.embeddings)
    for experiment in scale.experiments:
        for strategies, seeds in (
            (PAPER_STRATEGIES, range(experiment.seeds)),
            ([FULL], range(1)),
        ):
            run_experiment(
                out / experiment.folder,
                index,
                strategies,
                seeds,
                replace(experiment.classifier, device=device),
                watcher,
                dev_size=experiment.dev_size,
                surprisal=surprisal,
                options=StrategyOptions(discriminator_epochs=scale.discriminator_epochs),
                workers=workers,
            )
    watcher.stage("Writing the report")
    runs = [out / experiment.folder for experiment in scale.experiments]
    corpora = read_corpora([out / "index", *runs])
    for corpus in corpora:
        if corpus.analysis is not None:
            save_analysis(corpus.analysis, out / "analysis")
    return write_report(corpora, out / "report", scale.words)


def run_experiment(
    folder: Path,
    index: EmbeddingIndex,
    strategies: Sequence[str],
    seeds: Sequence[int],
    settings: Training,
    watcher: Watcher,
    *,
    dev_size: int | None = None,
    surprisal: PoolSurprisal | None = None,
    options: StrategyOptions | None = None,
    workers: int | None = None,
) -> None:
    """Simulate into a run folder on the paper's schedule, one stage of a reproduction.

    Arguments are those of `run_simulation`; `workers` None takes its default.
    """
    schedule = Schedule(dev_size=dev_size)
    make = partial(classifier_for, settings=settings)
    watcher.stage(f"{index.manifest.name}, {folder.name}: {', '.join(strategies)}")
    watcher.rounds(count_rounds(strategies, seeds, schedule))
    for result in run_simulation(
        folder,
        index,
        strategies,
        seeds,
        make(index),
        schedule,
        surprisal=surprisal,
        options=options,
        workers=workers or default_workers(len(strategies) * len(seeds), settings),
        make=make,
        on_event=watcher.epoch,
    ):
        watcher.round_done(result.strategy, result.seed, result.macro_f1)


def built_index(
    recipe: Recipe, encoder: str, folder: Path, device: str, watcher: Watcher
) -> EmbeddingIndex:
    """The index in the folder when it is the one that is asked for, else a new one.

    Raises:
        RequestError: the folder has another source's or encoder's index.
    """
    if (folder / MANIFEST).is_file():
        index = EmbeddingIndex.open(folder, device=device)
        manifest = index.manifest
        found = (manifest.source, manifest.encoder.name)
        if found != (recipe.source, encoder):
            raise RequestError(
                f"the index in {folder} is {found[0]} embedded with {found[1]}, not {recipe.source} with "
                f"{encoder}; choose another --out"
            )
        return index
    pool = Pool.read(recipe)
    return EmbeddingIndex.build(
        pool,
        SentenceBertEncoder(encoder, device=device, max_length=recipe.max_length),
        folder,
        recipe.backend,
        paper=recipe.paper,
        device=device,
        progress=watcher.progress,
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
