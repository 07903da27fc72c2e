"""`classemb-index simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display import note, rounds_progress, show_curves, show_json, show_written
from .options import Device, Index, Json, open_index, parse_seeds


def simulate(
    index: Index = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy", help="random or class-embedding; may be repeated. Default: both."
        ),
    ] = None,
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
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Run folder; default runs/INDEX-MODEL. Run again = resume.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure what query strategies gain: train, select and label, round by round."""
    from classemb_index.classifier import BertSettings
    from classemb_index.results import SUMMARY, make_classifier, read_summary, run_simulation
    from classemb_index.simulation import Schedule, check_simulation

    opened = open_index(index, device)
    names = list(dict.fromkeys(strategies or ["random", "class-embedding"]))
    schedule = Schedule(initial, batch, budget, dev_size)
    check_simulation(opened.pool, names, schedule)
    folder = out or Path("runs") / f"{opened.manifest.name}-{Path(model).name}"
    settings = BertSettings(
        model=model,
        epochs=epochs,
        learning_rate=learning_rate,
        max_length=max_length,
        device=device,
        precision=precision,
    )
    classifier = make_classifier(opened, settings)
    chosen = parse_seeds(seeds)
    with rounds_progress(len(schedule.sizes()), len(chosen) * len(names)) as progress:
        for result in run_simulation(
            folder, opened, names, chosen, classifier, schedule, on_event=progress.on_event
        ):
            progress.on_result(result)
            if result.note:
                note(f"{result.strategy}, seed {result.seed}, round {result.round}: {result.note}")
    curves = read_summary(folder)
    if as_json:
        show_json({"run": str(folder), "summary": SUMMARY, "curves": [vars(c) for c in curves]})
        return
    show_curves(curves)
    show_written([folder / name for name in (SUMMARY, "curves.png", "curves.svg")])
