"""`classemb-index simulate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from classemb_index.experiments.schedule import Schedule
from classemb_index.models.contracts import Training
from classemb_index.strategies.options import StrategyOptions

from .choices import STRATEGIES
from .display.console import note, show_json, show_written
from .display.progress import rounds_progress
from .display.studies import show_summary
from .options import (
    ClassWords,
    Index,
    Json,
    MaskedLM,
    NoNames,
    Workers,
    choose_strategies,
    open_annotated,
    parse_seeds,
    with_options,
)


@with_options(
    schedule=Schedule(), training=Training(), options=StrategyOptions(), words=ClassWords()
)
def simulate(
    index: Index = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help=f"Query strategy: {STRATEGIES}; or all; may be repeated. Default: random and "
            "class-embedding.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Train on the whole train split (Table 1); alone or beside."),
    ] = False,
    seeds: Annotated[str, typer.Option(help="5 is seeds 0 to 4; 3,7 and 10-14 work too.")] = "5",
    *,
    schedule: Schedule,
    training: Training,
    masked_lm: MaskedLM = None,
    options: StrategyOptions,
    words: ClassWords,
    no_names: NoNames = False,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; default runs/INDEX-MODEL. Run again = resume.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure what query strategies gain: train, select and label, round by round."""
    from classemb_index.experiments.run_folder import run_simulation
    from classemb_index.experiments.simulation import Plan
    from classemb_index.measures.curves import read_summary, shares_words
    from classemb_index.measures.rounds import SUMMARY
    from classemb_index.models.classifier import too_few_labels
    from classemb_index.queries.classes import class_vectors
    from classemb_index.reports.figures import save_run_curves

    opened, _ = open_annotated(index, training.device)
    name = opened.manifest.name
    vectors = class_vectors(opened, words.texts(), no_names)
    plan = Plan(
        choose_strategies(strategies, full),
        tuple(parse_seeds(seeds)),
        schedule,
        training,
        replace(options, name_vectors=vectors),
        masked_lm,
        full,
    )
    folder = out or Path("runs") / f"{name}-{Path(training.model).name}"
    if few := too_few_labels(training, schedule.budget):
        note(few)
    with rounds_progress("Surprisal") as watch:
        for result in run_simulation(folder, opened, plan, workers=workers, watch=watch):
            if result.note:
                note(f"{result.strategy}, seed {result.seed}, round {result.round}: {result.note}")
    summary = read_summary(folder)
    if shares := shares_words(summary.curves):
        note(shares)
    pictures = save_run_curves(summary, name, training.model, folder)
    if as_json:
        show_json({"run": str(folder), "summary": SUMMARY, **summary.document()})
        return
    show_summary(summary)
    show_written([folder / SUMMARY, *pictures])
