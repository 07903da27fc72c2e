"""`classemb-index build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classemb_index.index.backends import BACKENDS

from .display.console import note
from .display.machine import show_info
from .display.progress import documents_progress, reading
from .options import INDEXES, Device

BACKEND_HELP = f"{', '.join(f'{name} ({row.about})' for name, row in BACKENDS.items())} or auto."


def build(
    source: Annotated[
        str,
        typer.Argument(
            help="A recipe (demo, eurlex, arxiv, FILE.toml), a .jsonl[.gz], .csv or .parquet file, "
            "a corpus in its native form, or hub:NAME."
        ),
    ] = "demo",
    local: Annotated[
        str | None,
        typer.Option("--source", help="A local copy in place of the recipe's own source."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Index folder; default indexes/NAME.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="'minilm', a local path or a hub name; default: the recipe's."),
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(help="Vectors made elsewhere (.npy), row for row.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help=BACKEND_HELP)] = None,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    max_length: Annotated[
        int | None, typer.Option(min=1, help="Tokens to read of a text; default: the model's own.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help='JSON file: {"frequent": [...], "rare": [...]}.')
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Index the first N documents only.")
    ] = None,
    drop_unclassed: Annotated[
        bool, typer.Option("--drop-unclassed", help="Leave out documents with none of the classes.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace another source's index.")] = False,
) -> None:
    """Embed a pool once and write its index."""
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.index.store import check_replaceable
    from classemb_index.models.encoder import DEFAULT_ENCODER, SentenceBertEncoder
    from classemb_index.pool.files import read_vectors
    from classemb_index.pool.pool import Pool
    from classemb_index.pool.recipes import find_recipe, read_classes

    recipe = find_recipe(source) if local is None else find_recipe(source).with_source(local)
    folder = out or INDEXES / recipe.name
    check_replaceable(folder, recipe.source, force)
    with reading(recipe.source):
        pool = Pool.read(
            recipe,
            classes=read_classes(classes) if classes else None,
            limit=limit,
            drop_unclassed=drop_unclassed,
        )
    for name in pool.absent_classes():
        note(f"no document has the class {name!r}")
    vectors = read_vectors(embeddings) if embeddings else None
    model = None
    if vectors is None or encoder:
        model = SentenceBertEncoder(
            encoder or recipe.encoder or DEFAULT_ENCODER,
            device=device,
            precision=precision,
            max_length=max_length or recipe.max_length,
        )
    with documents_progress("Embedding") as watch:
        index = EmbeddingIndex.build(
            pool,
            model,
            folder,
            backend or recipe.backend,
            embeddings=vectors,
            paper=recipe.paper if classes is None else None,  # it is about the recipe's classes
            force=force,
            device=device,
            watch=watch,
        )
    show_info(index)
