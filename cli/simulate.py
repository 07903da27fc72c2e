"""`classemb-index simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display.console import note, show_json, show_written
from .display.progress import documents_progress, rounds_progress
from .display.studies import show_summary
from .options import (
    Base,
    CountTries,
    Describe,
    Descriptions,
    Device,
    DiscriminatorEpochs,
    Index,
    Json,
    MaskedLM,
    NoNames,
    NoNearDuplicates,
    Workers,
    choose_strategies,
    class_names_of,
    open_index,
    parse_seeds,
    pool_surprisal,
    strategy_options,
)


def simulate(
    index: Index = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="A query strategy (see README), or all; may be repeated. "
            "Default: random and class-embedding.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Train on the whole train split (Table 1); alone or beside."),
    ] = False,
    model: Annotated[
        str,
        typer.Option(
            help="Classifier: a BERT by hub name or path, 'minilm', or 'probe' (logistic heads)."
        ),
    ] = "bert-base-uncased",
    seeds: Annotated[str, typer.Option(help="5 is seeds 0 to 4; 3,7 and 10-14 work too.")] = "5",
    initial: Annotated[
        int, typer.Option(min=1, help="Random labelled documents at the start.")
    ] = 100,
    batch: Annotated[int, typer.Option(min=1, help="Documents selected a round.")] = 50,
    budget: Annotated[int, typer.Option(min=1, help="Labelled documents in all.")] = 600,
    epochs: Annotated[int, typer.Option(min=1, help="Most epochs a round.")] = 15,
    dev_size: Annotated[
        int | None,
        typer.Option(min=0, help="Dev documents for early stopping; default: the dev split."),
    ] = None,
    learning_rate: Annotated[float, typer.Option(min=1e-9, help="Adam's, at its peak.")] = 5e-5,
    max_length: Annotated[int, typer.Option(min=1, help="Tokens the classifier reads.")] = 512,
    masked_lm: MaskedLM = None,
    discriminator_epochs: DiscriminatorEpochs = 500,
    base: Base = "uncertainty",
    count_tries: CountTries = False,
    no_near_duplicates: NoNearDuplicates = None,
    describe: Describe = None,
    descriptions: Descriptions = None,
    no_names: NoNames = False,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; default runs/INDEX-MODEL. Run again = resume.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure what query strategies gain: train, select and label, round by round."""
    from functools import partial

    from classemb_index.experiments.grid import default_workers
    from classemb_index.experiments.run_folder import run_simulation
    from classemb_index.experiments.simulation import Schedule, check_simulation, count_rounds
    from classemb_index.measures.curves import read_summary
    from classemb_index.measures.rounds import SUMMARY
    from classemb_index.models.contracts import Training
    from classemb_index.strategies.selection import classifier_for, involved

    opened = open_index(index, device)
    names = choose_strategies(strategies, full)
    words = class_names_of(opened, describe, descriptions, no_names)
    choices = strategy_options(words, base, count_tries, no_near_duplicates, discriminator_epochs)
    schedule = Schedule(initial, batch, budget, dev_size)
    check_simulation(opened.pool, names, schedule)
    folder = out or Path("runs") / f"{opened.manifest.name}-{Path(model).name}"
    settings = Training(
        model=model,
        epochs=epochs,
        learning_rate=learning_rate,
        max_length=max_length,
        device=device,
        precision=precision,
    )
    make = partial(classifier_for, settings=settings)
    chosen = parse_seeds(seeds)
    with documents_progress("Surprisal") as watch:
        surprisal = pool_surprisal(
            opened, involved(names, choices), masked_lm, model, watch.progress
        )
    with rounds_progress() as watch:
        watch.rounds(count_rounds(names, chosen, schedule))
        for result in run_simulation(
            folder,
            opened,
            names,
            chosen,
            make(opened),
            schedule,
            surprisal=surprisal,
            options=choices,
            workers=workers or default_workers(len(names) * len(chosen), settings),
            make=make,
            on_event=watch.epoch,
        ):
            watch.round_done(result.strategy, result.seed, result.macro_f1)
            if result.note:
                note(f"{result.strategy}, seed {result.seed}, round {result.round}: {result.note}")
    summary = read_summary(folder)
    if as_json:
        show_json({"run": str(folder), "summary": SUMMARY, **summary.document()})
        return
    show_summary(summary)
    show_written([folder / name for name in (SUMMARY, "curves.png", "curves.svg")])
