"""`classemb-index query`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError

from .choices import METHODS as METHOD_NAMES
from .display.classes import show_documents, show_neighbours
from .display.console import note, show_json
from .display.progress import documents_progress
from .options import (
    ClassWords,
    Device,
    Index,
    Json,
    LabelledChoice,
    as_many,
    open_annotated,
    with_options,
)

if TYPE_CHECKING:
    from classemb_index.arrays import FloatMatrix
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.labels.labelled import LabelledSet
    from classemb_index.queries.search import ClassQueryResult


@with_options(words=ClassWords(), known=LabelledChoice())
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
        str | None,
        typer.Option(
            help=f"How a class is searched for: {METHOD_NAMES}; or contrastive, which tunes the encoder. "
            "auto, the default, goes by the name as far as it can be trusted, and by all labels."
        ),
    ] = None,
    *,
    words: ClassWords,
    known: LabelledChoice,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Show the unlabelled documents closest to a class, a document or a text."""
    if (class_names is not None) + (like is not None) + (text is not None) != 1:
        raise RequestError("a query asks for --class, --like or --text; give one of them")
    if class_names is None:
        of_classes = {
            "--method": method,
            "--labelled": known.labelled,
            "--labelled-size": known.labelled_size,
            "--describe": words.describe,
            "--descriptions": words.descriptions,
        }
        _refuse_class_options("--like" if text is None else "--text", of_classes)
        _documents(open_annotated(index, device)[0], like, text, top_k, as_json)
        return
    from classemb_index.labels.progress import class_outlooks
    from classemb_index.queries.classes import class_vectors, resolve_classes

    opened, annotation = open_annotated(index, device)
    chosen, history = known.of(annotation, again=True)  # what is out can be found all the same
    classes, remark = resolve_classes(opened.pool, class_names, chosen.counts)
    if remark:
        note(remark)
    name_vectors = class_vectors(opened, words.texts())
    k = as_many(top_k, chosen.n_unlabelled)
    result = _answers(opened, classes, chosen, k, method, name_vectors)
    outlooks = class_outlooks(opened.pool, chosen, history, classes)
    if as_json:
        show_json(result.document(opened.pool, outlooks))
    else:
        show_neighbours(opened.pool, result, outlooks)


def _refuse_class_options(asked: str, of_classes: Mapping[str, object]) -> None:
    """Refuses options that say how a class is searched for where none is asked for."""
    given = [option for option, value in of_classes.items() if value not in (None, [])]
    if not given:
        return
    *others, last = given
    names = f"{', '.join(others)} and {last}" if others else last
    says, it = ("say", "them") if others else ("says", "it")
    raise RequestError(
        f"{names} {says} how a class is searched for, and {asked} asks for no class; "
        f"leave {it} out, or give --class in place of {asked}"
    )


def _answers(
    index: EmbeddingIndex,
    classes: list[int],
    labelled: LabelledSet,
    top_k: int,
    method: str | None,
    name_vectors: FloatMatrix | None,
) -> ClassQueryResult:
    """The classes' neighbours; "contrastive" asks the tuned index, other methods the index."""
    from classemb_index.queries.contrastive import CONTRASTIVE, query_tuned
    from classemb_index.queries.methods import AUTO, METHODS, check_method
    from classemb_index.queries.search import query_classes

    method = AUTO if method is None else method
    check_method(method, (*METHODS, CONTRASTIVE))
    if method != CONTRASTIVE:
        return query_classes(
            index, classes, labelled, k=top_k, method=method, name_vectors=name_vectors
        )
    with documents_progress("Embedding with the tuned encoder") as watch:
        return query_tuned(index, classes, labelled, k=top_k, watch=watch)


def _documents(
    index: EmbeddingIndex, like: str | None, text: str | None, top_k: int, as_json: bool
) -> None:
    """Documents like another, or like a text."""
    from classemb_index.queries.search import like_document, like_text, neighbours_document

    left = int(index.pool.selectable.sum())
    if like is not None:
        row = index.pool.row_of.get(like)
        others = left if row is None else left - int(index.pool.selectable[row])
        found = like_document(index, like, as_many(top_k, others))
    else:
        found = like_text(index, text or "", index.load_encoder(), as_many(top_k, left))
    if as_json:
        show_json(neighbours_document(index.pool, found, {"like": like, "text": text}))
    else:
        title = f"Documents like {like}" if text is None else f"Documents like {text!r}"
        show_documents(index.pool, found, title)
