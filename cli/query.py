"""`classemb-index query`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError

from .display.classes import show_documents, show_neighbours
from .display.console import note, show_json
from .display.progress import documents_progress
from .options import (
    Describe,
    Descriptions,
    Device,
    Index,
    Json,
    Labelled,
    LabelledSize,
    Seed,
    choose_labelled,
    class_names_of,
    open_index,
)

if TYPE_CHECKING:
    from classemb_index.index.index import EmbeddingIndex


def query(
    class_names: Annotated[
        list[str] | None,
        typer.Option("--class", help="A class name, or rare, frequent or all; may be repeated."),
    ] = None,
    index: Index = None,
    like: Annotated[
        str | None, typer.Option(help="In place of a class: documents like the one of this id.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="In place of a class: documents like this text.")
    ] = None,
    top_k: Annotated[
        int, typer.Option("--top-k", "-k", min=1, help="Neighbours of each class.")
    ] = 10,
    method: Annotated[
        str,
        typer.Option(
            help="auto chooses for each class; centroid (Eq. 1), centred, rocchio, probe, margin, "
            "label-name, expanded-name, mixed, expanded-mixed, multi-centroid, contrastive (tunes the "
            "encoder)."
        ),
    ] = "auto",
    describe: Describe = None,
    descriptions: Descriptions = None,
    labelled: Labelled = None,
    labelled_size: LabelledSize = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Show the unlabelled documents closest to a class, a document or a text."""
    if (class_names is not None) + (like is not None) + (text is not None) != 1:
        raise RequestError("a query asks for --class, --like or --text; give one of them")
    opened = open_index(index, device)
    if class_names is None:
        _documents(opened, like, text, top_k, as_json)
        return
    from classemb_index.labels.progress import class_outlooks
    from classemb_index.queries.classes import resolve_classes
    from classemb_index.queries.search import query_classes, query_json

    chosen, history = choose_labelled(opened.pool, labelled, labelled_size, seed)
    classes, remark = resolve_classes(opened.pool, class_names, chosen.counts)
    if remark:
        note(remark)
    names = class_names_of(opened, describe, descriptions)
    with documents_progress("Embedding with the tuned encoder") as watch:
        result = query_classes(
            opened, classes, chosen, k=top_k, method=method, names=names, watch=watch
        )
    outlooks = class_outlooks(opened.pool, chosen, history, classes)
    if as_json:
        show_json(query_json(opened.pool, result, outlooks))
    else:
        show_neighbours(opened.pool, result, outlooks)


def _documents(
    index: EmbeddingIndex, like: str | None, text: str | None, top_k: int, as_json: bool
) -> None:
    """Documents like another, or like a text."""
    from classemb_index.queries.search import like_document, like_text, neighbours_json

    if like is not None:
        found = like_document(index, like, top_k)
    else:
        found = like_text(index, text or "", index.load_encoder(), top_k)
    if as_json:
        show_json(neighbours_json(index.pool, found, {"like": like, "text": text}))
    else:
        title = f"Documents like {like}" if text is None else f"Documents like {text!r}"
        show_documents(index.pool, found, title)
