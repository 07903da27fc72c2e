"""`classemb-index build`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .choices import BACKENDS
from .display.console import err, note
from .display.machine import show_info
from .display.progress import documents_progress, reading
from .options import INDEXES, Device, with_options

if TYPE_CHECKING:
    from classemb_index.arrays import FloatMatrix
    from classemb_index.models.encoder import SentenceBertEncoder
    from classemb_index.pool.pool import Pool
    from classemb_index.pool.recipes import Recipe


@dataclass(frozen=True)
class PoolChoice:
    """Which documents and classes of the source are indexed.

    Attributes:
        classes: a file of class names.
        limit: of documents.
        drop_unclassed: leave out documents known to have no class.
        drop_other_labels: whether labels that are no class are other classes.
    """

    classes: Path | None = field(
        default=None,
        metadata={
            "help": 'Class names: JSON {"frequent": [...], "rare": [...]}, a JSON list, or a name a line.'
        },
    )
    limit: int | None = field(
        default=None, metadata={"help": "Index the first N documents only.", "min": 1}
    )
    drop_unclassed: bool = field(
        default=False, metadata={"help": "Leave out documents with none of the classes."}
    )
    drop_other_labels: bool = field(
        default=False,
        metadata={
            "help": "Documents that have only labels that are no class are known to have no class; "
            "else they count as unlabelled."
        },
    )

    def read(self, recipe: Recipe) -> Pool:
        """The pool, with its notes."""
        from classemb_index.pool.classes import read_classes
        from classemb_index.pool.pool import Pool

        with reading(recipe.source):
            pool = Pool.read(
                recipe,
                classes=read_classes(self.classes) if self.classes else None,
                limit=self.limit,
                drop_unclassed=self.drop_unclassed,
                drop_other_labels=self.drop_other_labels,
            )
        for sentence in pool.notes:
            note(sentence)
        return pool


@dataclass(frozen=True)
class SourceChoice:
    """How the source is read, where its recipe or a look at it would not say.

    Attributes:
        id_field: of the ids.
        text_field: of the texts.
        labels_field: of the labels.
        encoding: of a text file.
        skip_bad: go on past records that are wrong.
    """

    id_field: str | None = field(
        default=None, metadata={"help": "Field or column of the ids; default: id."}
    )
    text_field: list[str] | None = field(
        default=None,
        metadata={"help": "Field of the texts; repeat it to join several; default: text."},
    )
    labels_field: str | None = field(
        default=None, metadata={"help": "Field of the labels; default: labels."}
    )
    encoding: str | None = field(
        default=None,
        metadata={
            "help": "Of a text file, such as cp1252; default: UTF-8, or UTF-16 with its mark."
        },
    )
    skip_bad: bool = field(
        default=False,
        metadata={"help": "Go on past records that are wrong, and count them at the end."},
    )

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe, read so."""
        return recipe.read_by(
            id=self.id_field,
            text=tuple(self.text_field or ()),
            labels=self.labels_field,
            encoding=self.encoding,
            skip_bad=self.skip_bad,
        )


@dataclass(frozen=True)
class EncoderChoice:
    """What embeds the documents, or has embedded them.

    Attributes:
        encoder: its name or path.
        embeddings: a file of vectors.
        ids: the file of their ids.
        precision: that it computes at.
        max_length: tokens that it reads.
    """

    encoder: str | None = field(
        default=None,
        metadata={"help": "'minilm', a local path or a hub name; default: the recipe's."},
    )
    embeddings: Path | None = field(
        default=None, metadata={"help": "Vectors made elsewhere (.npy), row for row."}
    )
    ids: Path | None = field(
        default=None, metadata={"help": "Ids of the vectors, one a line, in their order."}
    )
    precision: str = field(default="auto", metadata={"help": "auto, float32 or bfloat16."})
    max_length: int | None = field(
        default=None,
        metadata={"help": "Tokens to read of a text; default: the model's own.", "min": 1},
    )

    def vectors(self, pool: Pool) -> FloatMatrix | None:
        """The given vectors in the order of the pool; None where none are given."""
        from classemb_index.errors import RequestError
        from classemb_index.pool.files import read_vectors, vectors_by_id

        if self.embeddings is None:
            if self.ids is not None:
                raise RequestError("--ids names the vectors of --embeddings; give both")
            return None
        vectors = read_vectors(self.embeddings)
        if self.ids is not None:
            return vectors_by_id(vectors, self.ids, pool.ids)
        if self.encoder is None:
            note(
                "vectors are taken row for row, and nothing is compared with the documents; --ids FILE "
                "says which is whose, --encoder NAME compares some"
            )
        return vectors

    def load(self, recipe: Recipe, device: str) -> SentenceBertEncoder | None:
        """The encoder; None where vectors are given and no encoder is named."""
        from classemb_index.models.encoder import DEFAULT_ENCODER, SentenceBertEncoder

        if self.embeddings and not self.encoder:
            return None
        return SentenceBertEncoder(
            self.encoder or recipe.encoder or DEFAULT_ENCODER,
            device=device,
            precision=self.precision,
            max_length=self.max_length or recipe.max_length,
        )


@with_options(embedder=EncoderChoice(), chosen=PoolChoice(), by=SourceChoice())
def build(
    source: Annotated[
        str,
        typer.Argument(
            help="A recipe (demo, eurlex, arxiv, FILE.toml), a .jsonl[.gz], .csv, .tsv or .parquet file, "
            "a corpus in its native form, or hub:NAME."
        ),
    ] = "demo",
    local: Annotated[
        str | None,
        typer.Option("--source", help="A local copy in place of the recipe's own source."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Index folder; default indexes/NAME.")] = None,
    *,
    embedder: EncoderChoice,
    backend: Annotated[str | None, typer.Option(help=f"{BACKENDS} or auto.")] = None,
    device: Device = "auto",
    chosen: PoolChoice,
    by: SourceChoice,
    force: Annotated[bool, typer.Option("--force", help="Replace another source's index.")] = False,
) -> None:
    """Embed a pool once and write its index."""
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.index.replacing import check_folder, check_source
    from classemb_index.pool.recipes import find_recipe

    recipe = find_recipe(source) if local is None else find_recipe(source).with_source(local)
    folder = out or INDEXES / recipe.name
    check_folder(folder, force)
    with _interruption_told(folder):
        pool = chosen.read(by.of(recipe))
        check_source(folder, pool, force)  # before a model is loaded in vain
        vectors = embedder.vectors(pool)
        model = embedder.load(recipe, device)
        with documents_progress("Embedding") as watch:
            index = EmbeddingIndex.build(
                pool,
                model,
                folder,
                backend or recipe.backend,
                embeddings=vectors,
                paper=None if chosen.classes else recipe.paper,  # it is about the recipe's classes
                force=force,
                device=device,
                watch=watch,
            )
    show_info(index)


def build_demo() -> Path:
    """The folder of the demo pool's index, built as `build` alone does."""
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.pool.recipes import find_recipe

    recipe = find_recipe("demo")
    folder = INDEXES / recipe.name
    with _interruption_told(folder), documents_progress("Embedding") as watch:
        pool, model = PoolChoice().read(recipe), EncoderChoice().load(recipe, "auto")
        EmbeddingIndex.build(pool, model, folder, recipe.backend, watch=watch)
    return folder


@contextmanager
def _interruption_told(folder: Path) -> Iterator[None]:
    """A line on stderr that says what an interrupted build leaves."""
    from classemb_index.index.publish import has_parts

    try:
        yield
    except KeyboardInterrupt:
        kept = "finished parts are kept, and the same command goes on from there"
        words = kept if has_parts(folder) else "no part was finished"
        err.print(f"Interrupted: {words}", soft_wrap=True)
        raise
