"""`classemb-index select`."""

from __future__ import annotations

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
    open_annotated,
    with_options,
)

if TYPE_CHECKING:
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.labels.batches import Batch


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

    def write(self, index: EmbeddingIndex, batch: Batch, is_default: bool) -> None:
        """Write the file; where the labelled set is the default one, its documents are out from now on."""
        from classemb_index.labels.annotation import hand_out
        from classemb_index.labels.exchange.files import write_batch, write_config
        from classemb_index.labels.store import LabelStore

        if self.out is None:
            return
        write_batch(index.pool, batch, self.out, self.format)
        if self.config is not None:
            write_config(index.pool, self.config, self.format)
        if is_default:
            store, origin = LabelStore(index.folder), str(self.out)
            hand_out(index.pool, batch, store, annotator=self.annotator, origin=origin)


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
    from classemb_index.labels.progress import class_outlooks
    from classemb_index.strategies.selection import BatchRequest, next_batch, oracle_of

    given.check()
    opened, annotation = open_annotated(index, training.device)
    pool = opened.pool
    chosen, history = known.of(annotation, again=given.again, age=given.age)
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
    given.write(opened, selection, known.is_default)
    outlooks = class_outlooks(pool, chosen, history, range(len(pool.classes)))
    if as_json:
        show_json(selection.document(pool, known.seed, outlooks))
        return
    if given.out is not None:
        show_written([given.out] if given.config is None else [given.out, given.config])
    else:
        show_selection(pool, selection.picks(pool))
    show_outlooks(pool, outlooks)
