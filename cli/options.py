"""Options and arguments that several commands share, and what they stand for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classemb_index.errors import RequestError

from .display.console import note

if TYPE_CHECKING:
    from classemb_index.arrays import FloatMatrix
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.index.kept import PoolSurprisal
    from classemb_index.labels.batches import Batch
    from classemb_index.labels.labelled import LabelledSet
    from classemb_index.pool.pool import Pool
    from classemb_index.strategies.base import StrategyOptions
    from classemb_index.watch import Watcher

ALL = "all"

INDEXES = Path("indexes")

Index = Annotated[
    Path | None,
    typer.Argument(
        help="Index folder; left out: $CLASSEMB_INDEX, else the last one under indexes/."
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]

Labelled = Annotated[
    list[Path] | None,
    typer.Option(
        help="File with the ids of the labelled documents, one a line, or a batch that `select --out` "
        "wrote; once for each batch, in the order they were labelled. Other labels stay hidden."
    ),
]

LabelledFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the ids of the labelled documents, one a line; others stay hidden."
    ),
]

Describe = Annotated[
    list[str] | None,
    typer.Option(metavar="CLASS=TEXT", help="A class in your words; may be repeated."),
]

Descriptions = Annotated[
    Path | None, typer.Option(help='JSON file of classes in your words: {"class": "text", ...}.')
]

NoNames = Annotated[bool, typer.Option("--no-names", help="Hide the class names from portfolio.")]

Base = Annotated[
    str, typer.Option(help="Base strategy that selects from the sub-pool of anchoral and seals.")
]

CountTries = Annotated[
    bool,
    typer.Option(
        "--count-tries",
        help="In class-embedding, a pick counts for the class that asked for it, whatever its labels.",
    ),
]

NoNearDuplicates = Annotated[
    float | None,
    typer.Option(
        metavar="COSINE",
        help="Keep documents more similar than that to a labelled or picked one out of a batch; "
        "portfolio takes 0.95.",
    ),
]

LabelledSize = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Draw this many labelled documents; all other labels stay hidden. 0: none is labelled.",
    ),
]

MaskedLM = Annotated[
    str | None,
    typer.Option(
        help="Masked language model for alps, by hub name or path; "
        "default: the classifier's model before fine-tuning, else bert-base-uncased."
    ),
]

DiscriminatorEpochs = Annotated[
    int, typer.Option(min=1, help="Most epochs of each of dal's discriminators.")
]

Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes that share the runs; default: a core each, at most 4; 1 on a GPU."
    ),
]

Seed = Annotated[int, typer.Option(min=0, help="Seed of the draw and of any random choice.")]


def open_index(folder: Path | None, device: str = "auto") -> EmbeddingIndex:
    """The index that a command works on."""
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.index.store import latest_index

    if folder is None:
        given = os.environ.get("CLASSEMB_INDEX")
        folder = Path(given) if given else latest_index(INDEXES)
        note(f"using the index {folder}")
    return EmbeddingIndex.open(folder, device=device)


def choose_labelled(
    pool: Pool, files: list[Path] | None, size: int | None, seed: int
) -> tuple[LabelledSet, Sequence[Batch]]:
    """The labelled set that the options ask for, and its batches where they are known.

    A note says which set is the default.
    """
    from classemb_index.labels.batches import read_batches
    from classemb_index.labels.labelled import default_labelled, draw_labelled, nothing_labelled

    if files and size is not None:
        raise RequestError("--labelled and --labelled-size exclude each other; give one of them")
    if files:
        return read_batches(pool, files)
    if size is not None:
        return draw_labelled(pool, size, seed) if size else nothing_labelled(pool), ()
    labelled = default_labelled(pool, seed)
    note(f"labelled set: {labelled.origin}")
    return labelled, ()


def class_names_of(
    index: EmbeddingIndex,
    describe: list[str] | None,
    descriptions: Path | None,
    no_names: bool = False,
) -> FloatMatrix | None:
    """Embeddings of the classes in the user's words; None where the index's own names serve."""
    from classemb_index.queries.classes import described, hidden, read_descriptions

    texts = {} if descriptions is None else read_descriptions(descriptions)
    for entry in describe or []:
        name, equals, text = entry.partition("=")
        if not equals:
            raise RequestError(f"--describe takes CLASS=TEXT, not {entry!r}")
        texts[name] = text
    if no_names:
        if texts:
            raise RequestError("--no-names hides what --describe says; leave one of them out")
        return hidden(index)
    return described(index, texts) if texts else None


def strategy_options(
    names: FloatMatrix | None,
    base: str,
    count_tries: bool,
    no_near_duplicates: float | None,
    discriminator_epochs: int,
) -> StrategyOptions:
    """What the options choose of the strategies."""
    from classemb_index.strategies.base import StrategyOptions
    from classemb_index.strategies.selection import check_options

    options = StrategyOptions(base, count_tries, no_near_duplicates, discriminator_epochs, names)
    check_options(options)
    return options


def choose_strategies(names: list[str] | None, full: bool) -> list[str]:
    """The strategies that --strategy and --full name; "all" are all of them."""
    from classemb_index.measures.rounds import FULL
    from classemb_index.strategies.selection import STRATEGIES

    chosen = list(names or ([] if full else ["random", "class-embedding"]))
    if ALL in chosen:
        place = chosen.index(ALL)
        chosen[place : place + 1] = STRATEGIES
    return list(dict.fromkeys([*chosen, *([FULL] if full else [])]))


def pool_surprisal(
    index: EmbeddingIndex,
    strategies: set[str],
    masked_lm: str | None,
    model: str,
    watch: Watcher,
) -> PoolSurprisal | None:
    """The surprisal embeddings that one of the strategies needs, computed; None where none does."""
    from classemb_index.index.kept import PoolSurprisal
    from classemb_index.models.masked_lm import load_masked_lm
    from classemb_index.strategies.selection import NEED_MASKED_LM

    if not NEED_MASKED_LM & strategies:
        return None
    surprisal = PoolSurprisal(index, load_masked_lm(masked_lm, model, index.device), watch)
    surprisal.compute()
    return surprisal


def parse_numbers(text: str, option: str) -> list[int]:
    """The whole numbers in "100,200,500"."""
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0:
        raise typer.BadParameter(
            f"{text!r} is no list of whole numbers such as 1,2,3", param_hint=option
        )
    return list(dict.fromkeys(numbers))


def parse_names(text: str) -> list[str]:
    """The words in "one, two"."""
    return [part.strip() for part in text.split(",")]


def parse_seeds(text: str) -> list[int]:
    """Seeds: "5" is the five seeds 0 to 4, "3,7" those two, "3," one, "10-14" a range."""
    first, dash, last = text.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) <= int(last):
        return list(range(int(first), int(last) + 1))
    numbers = parse_numbers(text, "--seeds")
    if "," in text:
        return numbers
    if numbers[0] < 1:
        raise typer.BadParameter("at least one seed is needed", param_hint="--seeds")
    return list(range(numbers[0]))


def chosen_seeds(seeds: str | None, seed: int | None) -> list[int] | None:
    """The seeds that --seeds or --seed name; None where neither is given."""
    if seeds is not None and seed is not None:
        raise RequestError("--seeds and --seed exclude each other; give one of them")
    if seed is not None:
        return [seed]
    return None if seeds is None else parse_seeds(seeds)
