"""`classemb-index select`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from classemb_index.models.contracts import PROBE, Training
from classemb_index.strategies.options import StrategyOptions

from .choices import STRATEGIES
from .display.classes import show_outlooks, show_selection
from .display.console import note, show_json, show_written
from .display.progress import documents_progress
from .options import (
    ClassWords,
    Index,
    Json,
    LabelledChoice,
    MaskedLM,
    NoNames,
    open_annotated,
    with_options,
)


@with_options(
    known=LabelledChoice(),
    words=ClassWords(),
    options=StrategyOptions(),
    training=Training(model=PROBE),
)
def select(
    index: Index = None,
    strategy: Annotated[str, typer.Option(help=f"Query strategy: {STRATEGIES}.")] = "portfolio",
    batch: Annotated[int, typer.Option(min=1, help="Documents to select.")] = 50,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle", help="Let known labels answer after each pick, as in a simulation."
        ),
    ] = False,
    *,
    known: LabelledChoice,
    words: ClassWords,
    no_names: NoNames = False,
    options: StrategyOptions,
    training: Training,
    masked_lm: MaskedLM = None,
    as_json: Json = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the batch with its texts, to be filled in: .csv, .tsv, .jsonl or .parquet."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also documents that were handed out or skipped before."),
    ] = False,
    free_after: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="Documents that were out for so long are handed out again."
        ),
    ] = None,
    annotator: Annotated[str, typer.Option(help="Who gets the batch.")] = "",
) -> None:
    """Select the next batch of documents to label."""
    from classemb_index.labels.annotation import picks_of
    from classemb_index.labels.progress import class_outlooks
    from classemb_index.labels.store import LabelStore
    from classemb_index.labels.tables import check_out, write_batch
    from classemb_index.strategies.selection import (
        BatchRequest,
        next_batch,
        oracle_of,
    )

    if out is not None:
        check_out(out, force)
    opened, annotation = open_annotated(index, training.device)
    pool = opened.pool
    chosen, history = known.of(
        annotation, again=again, age=None if free_after is None else timedelta(days=free_after)
    )
    request = BatchRequest(
        strategy, batch, options, training, masked_lm, words.texts(), no_names, known.seed
    )
    answer = oracle_of(pool, chosen) if oracle else None
    with documents_progress("Surprisal") as watch:
        selection = next_batch(opened, chosen, request, history=history, oracle=answer, watch=watch)
    if selection.note:
        note(selection.note)
    elif selection.skipped:
        silent = ", ".join(pool.classes[c] for c in selection.skipped)
        note(f"no labelled document and nothing else to ask with: {silent}")
    if out is not None:
        write_batch(pool, selection, out)
        if known.is_default and not pool.is_known[pool.selectable].all():
            picks, by = picks_of(pool, selection), selection.strategy or strategy
            LabelStore(opened.folder).hand_out(picks, by, annotator=annotator, origin=str(out))
    outlooks = class_outlooks(pool, chosen, history, range(len(pool.classes)))
    if as_json:
        show_json(selection.document(pool, known.seed, outlooks))
        return
    if out is not None:
        show_written([out])
    else:
        show_selection(pool, selection.picks(pool))
    show_outlooks(pool, outlooks)
