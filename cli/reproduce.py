"""`classemb-index reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .display import note, reproduction_progress, show_written
from .options import Device, MaskedLM, Workers


def reproduce(
    corpus: Annotated[str, typer.Argument(help="eurlex or arxiv, or another recipe.")],
    scale: Annotated[
        str,
        typer.Option(
            help="small: what two cores do within about an hour. "
            "paper: the paper's models and sizes (GPU, hub)."
        ),
    ] = "small",
    source: Annotated[
        str | None, typer.Option(help="A local copy in place of the recipe's own source.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="BERT to fine-tune in place of the scale's, by name or path; as small as that, for its "
            "learning rate."
        ),
    ] = None,
    masked_lm: MaskedLM = None,
    device: Device = "auto",
    workers: Workers = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Default reproductions/CORPUS-SCALE. Run again = go on."),
    ] = None,
) -> None:
    """Run the paper end to end on one corpus: build, analyze, simulate, report."""
    from classemb_index.reproduce import reproduce as run

    folder = out or Path("reproductions") / f"{Path(corpus).stem}-{scale}"
    note(f"scale {scale}; everything is written to {folder}")
    with reproduction_progress() as watcher:
        written = run(
            corpus,
            scale,
            folder,
            watcher,
            source=source,
            model=model,
            masked_lm=masked_lm,
            device=device,
            workers=workers,
        )
    show_written(written)
