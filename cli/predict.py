"""`classemb-index predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError

from .build import SourceChoice
from .display.console import note, show_json, show_written
from .display.models import show_predicted
from .display.progress import documents_progress
from .options import Device, Json, chosen_index, with_options

if TYPE_CHECKING:
    from classemb_index.experiments.prediction import Predicted, ShortList
    from classemb_index.models.saved import SavedModel
    from classemb_index.watch import Watcher


@with_options(by=SourceChoice())
def predict(
    target: Annotated[
        str | None,
        typer.Argument(
            help="Index folder, or any source that `build` takes; left out: $CLASSEMB_INDEX, else the "
            "last index under indexes/."
        ),
    ] = None,
    *,
    model: Annotated[Path, typer.Option(help="Folder written by `train`.")],
    out: Annotated[Path, typer.Option(help="The file: .csv, .tsv, .jsonl or .parquet.")],
    above: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="With --class: only documents with at least this probability, likeliest first.",
        ),
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", help="With --above: the class.")
    ] = None,
    device: Device = "auto",
    by: SourceChoice,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: Json = False,
) -> None:
    """Write which classes documents have: of an index from its vectors, or of new documents."""
    from classemb_index.experiments.prediction import check_out
    from classemb_index.models.saved import SavedModel

    check_out(out, force)
    shortlist = _shortlist(above, class_name)
    opened = SavedModel.open(model, device=device)
    with documents_progress("Predicting") as watch:
        found = _predicted(opened, target, by, out, shortlist, force, watch)
    if as_json:
        show_json({"file": str(out), "model": str(model), **found.document()})
        return
    show_predicted(opened, found)
    show_written([out])


def _predicted(
    model: SavedModel,
    target: str | None,
    by: SourceChoice,
    out: Path,
    shortlist: ShortList | None,
    force: bool,
    watch: Watcher,
) -> Predicted:
    """Of the index that is named or stands for none, else of the source."""
    from classemb_index.experiments.prediction import predict_index, predict_records
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.index.store import MANIFEST
    from classemb_index.pool.findings import Findings
    from classemb_index.pool.recipes import find_recipe

    if target is None or (Path(target) / MANIFEST).is_file():
        if by != SourceChoice():
            raise RequestError(
                "--id-field, --text-field, --labels-field, --encoding and --skip-bad say how a source is "
                "read, and this is an index; leave them out"
            )
        folder = chosen_index(None if target is None else Path(target))
        index = EmbeddingIndex.open(folder)
        return predict_index(model, index, out, shortlist=shortlist, force=force, watch=watch)
    recipe, told = by.of(find_recipe(target)), Findings()
    records = recipe.records(found=told)
    found = predict_records(
        model, records, out, source=recipe.source, shortlist=shortlist, force=force, watch=watch
    )
    for sentence in told.sentences(()):
        note(sentence)
    return found


def _shortlist(above: float | None, class_name: str | None) -> ShortList | None:
    from classemb_index.experiments.prediction import ShortList

    if (above is None) != (class_name is None):
        raise RequestError("--above and --class make a short list together; give both or neither")
    return None if above is None or class_name is None else ShortList(class_name, above)
