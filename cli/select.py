"""`classemb-index select`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display.classes import show_outlooks, show_selection
from .display.console import note, show_json, show_written
from .display.progress import documents_progress
from .options import (
    Base,
    CountTries,
    Describe,
    Descriptions,
    Device,
    DiscriminatorEpochs,
    Index,
    Json,
    Labelled,
    LabelledSize,
    MaskedLM,
    NoNames,
    NoNearDuplicates,
    Seed,
    choose_labelled,
    class_names_of,
    open_index,
    pool_surprisal,
    strategy_options,
)


def select(
    index: Index = None,
    strategy: Annotated[
        str,
        typer.Option(
            help="portfolio (for rare classes), random, class-embedding (Algorithm 1), cvirs, dal, alps, "
            "uncertainty, max-uncertainty, anchoral, seals or balanced."
        ),
    ] = "class-embedding",
    batch: Annotated[int, typer.Option(min=1, help="Documents to select.")] = 50,
    labelled: Labelled = None,
    labelled_size: LabelledSize = None,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle", help="Let known labels answer after each pick, as in a simulation."
        ),
    ] = False,
    model: Annotated[
        str,
        typer.Option(
            help="Classifier that most strategies look at, trained on the labelled set: 'probe' "
            "(logistic heads), or a BERT by hub name or path."
        ),
    ] = "probe",
    learning_rate: Annotated[
        float, typer.Option(min=1e-9, help="Of a BERT: Adam's, at its peak.")
    ] = 5e-5,
    epochs: Annotated[int, typer.Option(min=1, help="Of a BERT: at most.")] = 15,
    max_length: Annotated[int, typer.Option(min=1, help="Of a BERT: tokens it reads.")] = 512,
    masked_lm: MaskedLM = None,
    discriminator_epochs: DiscriminatorEpochs = 500,
    base: Base = "uncertainty",
    count_tries: CountTries = False,
    no_near_duplicates: NoNearDuplicates = None,
    describe: Describe = None,
    descriptions: Descriptions = None,
    no_names: NoNames = False,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the batch with its texts, as JSONL.")
    ] = None,
) -> None:
    """Select the next batch of documents to label."""
    from classemb_index.labels.progress import class_outlooks
    from classemb_index.models.contracts import Training
    from classemb_index.strategies.selection import (
        NEED_CLASSIFIER,
        check_batch,
        involved,
        oracle_of,
        picks_json,
        select_batch,
        select_json,
        selection_state,
        train_classifier,
        write_picks,
    )

    opened = open_index(index, device)
    chosen, history = choose_labelled(opened.pool, labelled, labelled_size, seed)
    answer = oracle_of(opened.pool, chosen) if oracle else None
    check_batch(strategy, chosen, batch)
    names = class_names_of(opened, describe, descriptions, no_names)
    choices = strategy_options(names, base, count_tries, no_near_duplicates, discriminator_epochs)
    asked = involved([strategy], choices)
    classifier = None
    if NEED_CLASSIFIER & asked:
        settings = Training(
            model=model,
            epochs=epochs,
            learning_rate=learning_rate,
            max_length=max_length,
            device=device,
        )
        classifier = train_classifier(opened, chosen, settings, seed)
    with documents_progress("Surprisal") as watch:
        surprisal = pool_surprisal(opened, asked, masked_lm, model, watch)
    state = selection_state(opened, chosen, seed, answer, classifier, surprisal, choices, history)
    selection = select_batch(strategy, state, batch)
    if selection.note:
        note(selection.note)
    elif selection.skipped:
        silent = ", ".join(opened.pool.classes[c] for c in selection.skipped)
        note(f"no labelled document and nothing else to ask with: {silent}")
    if out is not None:
        write_picks(opened.pool, selection, strategy, out)
    outlooks = class_outlooks(opened.pool, chosen, history, range(len(opened.pool.classes)))
    if as_json:
        show_json(select_json(opened.pool, selection, strategy, seed, outlooks))
        return
    if out is not None:
        show_written([out])
    else:
        show_selection(opened.pool, picks_json(opened.pool, selection))
    show_outlooks(opened.pool, outlooks)
