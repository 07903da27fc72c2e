"""`classemb-index reproduce`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from classemb_index.errors import RequestError

from .display.console import note, show_written
from .display.progress import rounds_progress
from .options import Device, MaskedLM, Workers


def reproduce(
    corpus: Annotated[
        str,
        typer.Argument(
            help="eurlex or arxiv (the paper), another recipe, or rare-classes: all strategies on "
            "four pools where rare means 0.1 to 1 %."
        ),
    ],
    scale: Annotated[
        str,
        typer.Option(
            help="small: what two cores do within about an hour. "
            "paper: the paper's models and sizes (GPU, hub)."
        ),
    ] = "small",
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="A local copy in place of the recipe's own source; for rare-classes POOL=PATH, "
            "once for each pool (eurlex-rare, arxiv-rare, reuters, eurlex-other, eurlex)."
        ),
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
    """Run the paper, or the experiment on rare classes, end to end: build, simulate, report."""
    from classemb_index.experiments.rare_classes import RARE_CLASSES, reproduce_rare_classes
    from classemb_index.experiments.reproduce import find_scale
    from classemb_index.experiments.reproduce import reproduce as reproduce_paper
    from classemb_index.pool.recipes import find_recipe

    chosen = find_scale(scale).with_model(model, masked_lm)
    run: Callable[..., list[Path]]
    if corpus == RARE_CLASSES:
        run = partial(reproduce_rare_classes, sources=_by_pool(source or []))
    else:
        recipe, local = find_recipe(corpus), _only(source or [])
        run = partial(reproduce_paper, recipe if local is None else recipe.with_source(local))
    folder = out or Path("reproductions") / f"{Path(corpus).stem}-{scale}"
    note(f"scale {scale}; everything is written to {folder}")
    with rounds_progress() as watch:
        written = run(scale=chosen, out=folder, device=device, workers=workers, watch=watch)
    show_written(written)


def _by_pool(sources: list[str]) -> dict[str, str]:
    found = {}
    for entry in sources:
        pool, equals, path = entry.partition("=")
        if not equals:
            raise RequestError(f"for rare-classes --source takes POOL=PATH, not {entry!r}")
        found[pool] = path
    return found


def _only(sources: list[str]) -> str | None:
    if len(sources) > 1:
        raise RequestError(f"a corpus has one source, {len(sources)} were given; name one --source")
    return sources[0] if sources else None
