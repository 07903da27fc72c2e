"""Options and arguments that several commands share, and what they stand for."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classemb_index.errors import RequestError

from .display.console import note

if TYPE_CHECKING:
    from datetime import timedelta

    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.labels.annotation import Annotation
    from classemb_index.labels.batches import Batch
    from classemb_index.labels.labelled import LabelledSet

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
LabelledFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the ids of the labelled documents, one a line; others stay hidden."
    ),
]
NoNames = Annotated[
    bool,
    typer.Option(
        "--no-names",
        help="Hide the class names from portfolio and from the probe, whose heads are plain then.",
    ),
]
MaskedLM = Annotated[
    str | None,
    typer.Option(
        help="Masked language model for alps, by hub name or path; "
        "default: the classifier's model before fine-tuning, else bert-base-uncased."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes that share the runs; default: a core each, at most 4; 1 on a GPU."
    ),
]


def open_index(folder: Path | None, device: str = "auto") -> EmbeddingIndex:
    """The index that a command works on, with the labels of its source."""
    from classemb_index.index.index import EmbeddingIndex

    return EmbeddingIndex.open(chosen_index(folder), device=device)


def open_annotated(folder: Path | None, device: str = "auto") -> tuple[EmbeddingIndex, Annotation]:
    """The index that a command works on, what people answered over its source's labels."""
    from classemb_index.queries.annotated import open_annotated

    return open_annotated(chosen_index(folder), device=device)


def chosen_index(folder: Path | None) -> Path:
    """The folder that a command names, or the one that stands for none, with a note."""
    from classemb_index.index.store import latest_index

    if folder is not None:
        return folder
    given = os.environ.get("CLASSEMB_INDEX")
    folder = Path(given) if given else latest_index(INDEXES)
    note(f"using the index {folder}")
    return folder


def as_many(asked: int, left: int) -> int:
    """As many documents as were asked for, or all that are left, which a note says."""
    if not 0 < left < asked:
        return asked
    note(f"asked for {asked} documents, {left} are left: these are all")
    return left


@dataclass(frozen=True)
class LabelledChoice:
    """Which documents' labels may be seen.

    Attributes:
        labelled: files of ids or batches.
        labelled_size: of a random draw.
        seed: of the draw, and of any random choice that follows.
    """

    labelled: list[Path] | None = field(
        default=None,
        metadata={
            "help": "File with the ids of the labelled documents, one a line, or a batch that `select "
            "--out` wrote; once for each batch, in the order they were labelled. Other labels stay "
            "hidden."
        },
    )
    labelled_size: int | None = field(
        default=None,
        metadata={
            "help": "Draw this many labelled documents; all other labels stay hidden. 0: none is "
            "labelled.",
            "min": 0,
        },
    )
    seed: int = field(
        default=0, metadata={"help": "Seed of the draw and of any random choice.", "min": 0}
    )

    @property
    def is_default(self) -> bool:
        """Whether neither files nor a size are given."""
        return not self.labelled and self.labelled_size is None

    def of(
        self, annotation: Annotation, *, again: bool = False, age: timedelta | None = None
    ) -> tuple[LabelledSet, Sequence[Batch]]:
        """The labelled set, and its batches where they are known.

        A note says which set is the default: once anything was handed out or answered, every
        document whose labels are known; documents that are out or were skipped are not
        handed out a second time, unless `again`, or they were out for `age`. Documents that are
        held out are labelled only where a file names them.

        Raises:
            RequestError: files and a size are given, or the pool cannot give such a set.
        """
        from classemb_index.labels.batches import read_batches
        from classemb_index.labels.labelled import default_labelled, draw_labelled, nothing_labelled

        size, pool = self.labelled_size, annotation.pool
        if self.labelled and size is not None:
            raise RequestError(
                "--labelled and --labelled-size exclude each other; give one of them"
            )
        held_out = annotation.held_out
        if self.labelled:
            labelled, history = read_batches(pool, self.labelled)
            return labelled.without(held_out), history
        if size is not None:
            drawn = draw_labelled(pool, size, self.seed, ~held_out) if size else None
            return (drawn or nothing_labelled(pool)).without(held_out), ()
        if annotation.has_begun:
            labelled, history = annotation.labelled(again=again, age=age), annotation.history
        else:
            labelled, history = default_labelled(pool, self.seed), ()
        note(f"labelled set: {labelled.origin}")
        return labelled, history


@dataclass(frozen=True)
class ClassWords:
    """What stands in place of the class names.

    Attributes:
        describe: CLASS=TEXT, in the user's words.
        descriptions: a file of such.
    """

    describe: list[str] | None = field(
        default=None,
        metadata={"help": "A class in your words; may be repeated.", "metavar": "CLASS=TEXT"},
    )
    descriptions: Path | None = field(
        default=None,
        metadata={"help": 'JSON file of classes in your words: {"class": "text", ...}.'},
    )

    def texts(self) -> dict[str, str]:
        """Descriptions by class."""
        from classemb_index.queries.classes import read_descriptions

        found = {} if self.descriptions is None else read_descriptions(self.descriptions)
        for entry in self.describe or []:
            name, equals, text = entry.partition("=")
            if not equals:
                raise RequestError(f"--describe takes CLASS=TEXT, not {entry!r}")
            found[name] = text
        return found


def with_options(**groups: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for every field with help of the dataclasses that it takes whole.

    Args:
        groups: by parameter of the command, an object that has the options' defaults; the
            command is given one of the same class. A field's metadata may hold "min" and
            "metavar" beside "help".
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            for name, defaults in groups.items():
                own = {option.name: given.pop(option.name) for option in _shown(defaults)}
                given[name] = replace(defaults, **own)
            command(**given)

        signature = inspect.signature(command, eval_str=True)
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for own in signature.parameters.values()
            for parameter in (_options(groups[own.name]) if own.name in groups else [own])
        ]
        vars(run)["__signature__"] = signature.replace(parameters=parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorated


def _shown(defaults: Any) -> list[Field[Any]]:
    return [option for option in fields(defaults) if "help" in option.metadata]


def _options(defaults: Any) -> list[inspect.Parameter]:
    """A parameter for typer for each shown field."""
    found = []
    names = vars(sys.modules[type(defaults).__module__])
    for option in _shown(defaults):
        kind = eval(str(option.type), names)  # only what is shown: other types may cost an import
        declared = [f"--{option.name.replace('_', '-')}"] if kind is bool else []
        about: dict[str, Any] = {
            key: option.metadata.get(key) for key in ("help", "min", "metavar")
        }
        found.append(
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=getattr(defaults, option.name),
                annotation=Annotated[kind, typer.Option(*declared, **about)],
            )
        )
    return found


def choose_strategies(names: list[str] | None, full: bool) -> tuple[str, ...]:
    """The strategies that --strategy names, "all" are all of them; the default without --full."""
    from classemb_index.strategies.selection import STRATEGIES

    chosen = list(names or ([] if full else ["random", "class-embedding"]))
    if ALL in chosen:
        place = chosen.index(ALL)
        chosen[place : place + 1] = STRATEGIES
    return tuple(dict.fromkeys(chosen))


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
