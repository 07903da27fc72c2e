"""`classemb-index train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classemb_index.models.contracts import PROBE, Training

from .display.console import note, show_json, show_written
from .display.models import show_model
from .display.progress import draws_progress
from .options import Index, Json, NoNames, open_annotated, with_options


@with_options(training=Training(model=PROBE))
def train(
    index: Index = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    training: Training,
    no_names: NoNames = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the folds, of intervals and of what is fine-tuned.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    with_sample: Annotated[
        bool,
        typer.Option(
            "--with-sample",
            help="Learn from the sample of `evaluate` too: it measures no such model.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a model on all labels so far, cross-validate it, and write it to a folder."""
    from classemb_index.experiments.training import train as train_
    from classemb_index.models.classifier import too_few_labels
    from classemb_index.models.folder import check_model_folder
    from classemb_index.queries.classes import hidden

    check_model_folder(out, force)  # before anything is opened in vain
    opened, annotation = open_annotated(index, training.device)
    labelled = (annotation.with_sample() if with_sample else annotation).labelled()
    note(f"labelled set: {labelled.origin}")
    names = hidden(opened) if no_names else None
    if few := too_few_labels(training, len(labelled)):
        note(few)
    with draws_progress("Cross-validating") as watch:
        model = train_(
            opened,
            labelled,
            out,
            training,
            name_vectors=names,
            seed=seed,
            force=force,
            watch=watch,
        )
    for name, why in model.facts["labels"]["left_out"].items():
        note(f"{name} is left out: {why} is labelled")
    if as_json:
        show_json({"model": str(out), **model.facts})
        return
    show_model(model)
    show_written([out])
