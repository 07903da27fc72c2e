"""`classemb-index select`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError
from classemb_index.models.contracts import PROBE, Training
from classemb_index.strategies.options import StrategyOptions

from .choices import FORMATS, STRATEGIES
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
    as_many,
    chosen_index,
    open_annotated,
    with_options,
)

if TYPE_CHECKING:
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.labels.batches import Batch
    from classemb_index.labels.labelled import LabelledSet
    from classemb_index.strategies.base import Selection
    from classemb_index.strategies.selection import BatchRequest


@dataclass(frozen=True)
class HandOut:
    """The file that a batch is written to for somebody, and what may be in it.

    Attributes:
        out: the file; None prints the batch.
        format: of the file, a name of the table of formats.
        config: the file for what a project in the tool is set up with; None for none.
        force: replace it.
        again: also documents that were handed out or skipped before.
        free_after: days after which documents that are out may be handed out again.
        annotator: who gets it.
    """

    out: Path | None = field(
        default=None,
        metadata={
            "help": "Write the batch with its texts, to be filled in: .csv, .tsv, .jsonl, .parquet, "
            "or as --format has it."
        },
    )
    format: str = field(default="table", metadata={"help": f"Format of --out: {FORMATS}."})
    config: Path | None = field(
        default=None,
        metadata={"help": "With --out: also write what a project in the tool is set up with."},
    )
    force: bool = field(default=False, metadata={"help": "Replace the file of --out."})
    again: bool = field(
        default=False, metadata={"help": "Also documents that were handed out or skipped before."}
    )
    free_after: float | None = field(
        default=None,
        metadata={
            "help": "Documents that were out for so long are handed out again.",
            "min": 0,
            "metavar": "DAYS",
        },
    )
    annotator: str = field(default="", metadata={"help": "Who gets the batch."})

    @property
    def age(self) -> timedelta | None:
        """From which a batch counts as lost."""
        return None if self.free_after is None else timedelta(days=self.free_after)

    def check(self) -> None:
        """Nothing, when the file may be written."""
        from classemb_index.labels.exchange.files import check_out

        if self.out is not None:
            check_out(self.out, self.force, self.format, self.config)
        elif self.config is not None or self.format != "table":
            raise RequestError(
                "--format and --config say how --out is written; name a file with --out"
            )

    def write(self, index: EmbeddingIndex, batch: Batch) -> None:
        """Write the files that were asked for."""
        from classemb_index.labels.exchange.files import write_batch, write_config

        if self.out is not None:
            write_batch(index.pool, batch, self.out, self.format)
        if self.config is not None:
            write_config(index.pool, self.config, self.format)

    def hand_out(self, index: EmbeddingIndex, batch: Batch) -> None:
        """The batch's documents are out from now on."""
        from classemb_index.labels.annotation import hand_out
        from classemb_index.labels.store import LabelStore

        origin = "shown" if self.out is None else str(self.out)
        store = LabelStore(index.folder)
        hand_out(index.pool, batch, store, annotator=self.annotator, origin=origin)


def alone(folder: Path) -> AbstractContextManager[None]:
    """Nobody else chooses documents of this index to hand out meanwhile."""
    from classemb_index.labels.store import LabelStore

    return LabelStore(folder).handing_out() if folder.is_dir() else nullcontext()


@with_options(
    known=LabelledChoice(),
    words=ClassWords(),
    options=StrategyOptions(),
    training=Training(model=PROBE),
    given=HandOut(),
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
    given: HandOut,
) -> None:
    """Select the next batch of documents to label."""
    from classemb_index.strategies.selection import BatchRequest

    given.check()
    folder = chosen_index(index)
    will_be_out = given.out is not None and known.is_default
    with alone(folder) if will_be_out else nullcontext():
        opened, annotation = open_annotated(folder, training.device)
        chosen, history = known.of(annotation, again=given.again, age=given.age)
        request = BatchRequest(
            strategy,
            as_many(batch, chosen.n_unlabelled),
            options,
            training,
            masked_lm,
            words.texts(),
            no_names,
            known.seed,
        )
        selection = selected(opened, chosen, request, history, oracle)
        given.write(opened, selection)
        if will_be_out:
            given.hand_out(opened, selection)
    show_batch(opened, selection, chosen, history, given, seed=known.seed, as_json=as_json)


def selected(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    request: BatchRequest,
    history: Sequence[Batch],
    oracle: bool = False,
) -> Selection:
    """The batch that is asked for; notes say what is odd about it."""
    from classemb_index.strategies.selection import next_batch, oracle_of

    answer = oracle_of(index.pool, labelled) if oracle else None
    with documents_progress("Surprisal") as watch:
        found = next_batch(index, labelled, request, history=history, oracle=answer, watch=watch)
    if found.note:
        note(found.note)
    elif found.skipped:
        silent = ", ".join(index.pool.classes[c] for c in found.skipped)
        note(f"no labelled document and nothing else to ask with: {silent}")
    return found


def show_batch(
    index: EmbeddingIndex,
    selection: Selection,
    labelled: LabelledSet,
    history: Sequence[Batch],
    given: HandOut,
    *,
    seed: int,
    as_json: bool,
) -> None:
    """The batch, or the files that it was written to, and how far each class is."""
    from classemb_index.labels.progress import class_outlooks

    pool = index.pool
    outlooks = class_outlooks(pool, labelled, history, range(len(pool.classes)))
    if as_json:
        show_json(selection.document(pool, seed, outlooks))
        return
    if given.out is not None:
        show_written([given.out] if given.config is None else [given.out, given.config])
    else:
        show_selection(pool, selection.picks(pool))
    show_outlooks(pool, outlooks)
