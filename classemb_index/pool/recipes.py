"""Index recipes: TOML files that say what an index is made of, found by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import RecipeError, SourceError
from .cells import clean_name
from .classes import Classes, checked_classes, checked_groups
from .documents import GROUPS, SPLITS, Record
from .fields import Fields
from .findings import Findings
from .hub import HUB
from .matching import with_a_class
from .readers import FILES
from .sampling import cut_classes, draw_splits
from .sources import Reading, read_records

CLASSES = "the argument classes"  # in messages

KINDS: Mapping[str, type | tuple[type, ...]] = {
    "a table": dict,
    "a list": list,
    "a string": str,
    "a string or a list": (str, list),
    "a whole number": int,
    "a number": (int, float),
    "true or false": bool,
}

KEYS = {
    "": dict.fromkeys(("pool", "encoder", "index", "paper"), "a table"),
    "pool": dict.fromkeys(("source", "encoding"), "a string")
    | dict.fromkeys(("drop_unclassed", "drop_other_labels", "skip_bad"), "true or false")
    | dict.fromkeys(("fields", "rename", "splits", "classes", "sample", "cut"), "a table"),
    "pool.fields": {"text": "a string or a list"}
    | dict.fromkeys(("id", "labels", "split", "label_separator"), "a string"),
    "pool.classes": dict.fromkeys(GROUPS, "a list"),
    "pool.sample": dict.fromkeys((*SPLITS, "seed"), "a whole number"),
    "pool.cut": {"seed": "a whole number", "classes": "a table"},
    "encoder": {"name": "a string", "max_length": "a whole number"},
    "index": {"backend": "a string"},
    "paper": {"classes": "a list"}
    | dict.fromkeys(("macro_f1", "margin", "loss_to_random"), "a number")
    | dict.fromkeys(("corpus", "table"), "a string")
    | dict.fromkeys(("proximity", "documents", "figures"), "a table"),
}


@dataclass(frozen=True)
class Recipe:
    """What an index is made of.

    Attributes:
        name: the index's name, and its folder's under indexes/.
        source: where the pool comes from (see files.FORMS).
        reading: fields, encoding, and other names for labels and splits.
        classes: "frequent" and "rare" to class names; empty means all labels.
        drop_unclassed: leave out documents known to have none of the classes.
        drop_other_labels: labels that are no class are other classes, as in a research corpus: a
            document that has only such is known to have none of the classes.
        sample: split sizes to draw, with "seed"; empty means every document.
        cut: most documents of a class in the train split, by class; others are left out
            at random, so that the class is rarer than in its source.
        cut_seed: of that.
        encoder: the encoder's name, or None for the default.
        max_length: tokens that the encoder reads, or None for its own limit.
        backend: the index's backend.
        paper: the published numbers, shown beside ours (see `Published`).
    """

    name: str
    source: str
    reading: Reading = field(default_factory=Reading)
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop_unclassed: bool = False
    drop_other_labels: bool = False
    sample: Mapping[str, int] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)
    cut_seed: int = 0
    encoder: str | None = None
    max_length: int | None = None
    backend: str = "auto"
    paper: Mapping[str, Any] = field(default_factory=dict)

    def with_source(self, source: str) -> Recipe:
        """The same recipe on a local copy of its source."""
        return replace(self, source=source)

    def read_by(
        self,
        *,
        id: str | None = None,
        text: tuple[str, ...] = (),
        labels: str | None = None,
        encoding: str | None = None,
        skip_bad: bool = False,
    ) -> Recipe:
        """The same recipe with other fields or another encoding, where they are given.

        Args:
            id: the field of the ids.
            text: the fields of the text.
            labels: the field of the labels.
            encoding: of a text file.
            skip_bad: go on past records that are wrong, also where the recipe does not say so.
        """
        reading = self.reading
        fields = replace(
            reading.fields,
            id=id or reading.fields.id,
            text=text or reading.fields.text,
            labels=labels or reading.fields.labels,
        )
        return replace(
            self,
            reading=replace(
                reading,
                fields=fields,
                encoding=encoding or reading.encoding,
                skip_bad=skip_bad or reading.skip_bad,
            ),
        )

    def records(
        self, classes: Classes | None = None, found: Findings | None = None
    ) -> Iterator[Record]:
        """The records that the recipe describes, streamed.

        Args:
            classes: by group or as a list; None takes the recipe's own. Where splits are drawn, they
                are drawn among the documents that have one of them.
            found: is told what a reader should know of the source.

        Raises:
            SourceError: as for `read_records`.
            MissingExtraError: as for `read_records`.
        """
        counts = Findings() if found is None else found
        _, names = checked_classes(self.classes if classes is None else classes, CLASSES)

        def read() -> Iterator[Record]:
            counts.restart()
            found = read_records(self.source, self.reading, names, counts)
            if not self.sample:
                return found
            return draw_splits(
                with_a_class(found, names, counts, self.drop_other_labels), self.sample
            )

        return cut_classes(read, self.cut, self.cut_seed) if self.cut else read()


def recipe_names() -> list[str]:
    """The names of the recipes that come with the tool."""
    folder = resources.files("classemb_index.indexes")
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def find_recipe(source: str | Path) -> Recipe:
    """The recipe of that name or file, or the plain recipe of any other source.

    Raises:
        RecipeError: the file is missing, is not TOML, or has a key that is not known.
        SourceError: there is no recipe, file or folder of that name.
    """
    text = str(source)
    if text in recipe_names():
        file = resources.files("classemb_index.indexes") / f"{text}.toml"
        return parse_recipe(text, file.read_text(encoding="utf-8"))
    if text.endswith(".toml"):
        path = Path(text)
        if not path.is_file():
            raise RecipeError(
                f"there is no recipe {text}; by name there are {', '.join(recipe_names())}"
            )
        try:
            return parse_recipe(path.stem, path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as cause:
            raise RecipeError(f"recipe {path.stem} is not UTF-8 ({cause}); convert it") from cause
    if not text.startswith(HUB) and not Path(text).exists() and not Path(text).suffix:
        raise SourceError(
            f"there is no recipe, file or folder {text!r}; recipes: {', '.join(recipe_names())}"
        )
    return Recipe(name=_source_name(text), source=text)


def parse_recipe(name: str, text: str) -> Recipe:
    """The recipe in a TOML text.

    Raises:
        RecipeError: it is not TOML, a key is unknown or a value is of the wrong kind.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise RecipeError(f"recipe {name} is not TOML: {cause}") from cause
    _check_keys(name, table)
    pool, encoder = table.get("pool", {}), table.get("encoder", {})
    if not isinstance(pool.get("source"), str):
        raise RecipeError(f"recipe {name} has no [pool] source; say where its documents come from")
    fields = dict(pool.get("fields", {}))
    if "text" in fields:
        texts = fields["text"]
        fields["text"] = (texts,) if isinstance(texts, str) else tuple(texts)
    return Recipe(
        name=name,
        source=pool["source"],
        reading=Reading(
            Fields(**fields),
            {clean_name(label): clean_name(name) for label, name in pool.get("rename", {}).items()},
            pool.get("splits", {}),
            pool.get("encoding"),
            bool(pool.get("skip_bad", False)),
        ),
        classes=checked_groups(pool.get("classes", {}), f"recipe {name}"),
        drop_unclassed=bool(pool.get("drop_unclassed", False)),
        drop_other_labels=bool(pool.get("drop_other_labels", False)),
        sample=pool.get("sample", {}),
        cut=pool.get("cut", {}).get("classes", {}),
        cut_seed=pool.get("cut", {}).get("seed", 0),
        encoder=encoder.get("name"),
        max_length=encoder.get("max_length"),
        backend=table.get("index", {}).get("backend", "auto"),
        paper=table.get("paper", {}),
    )


def _check_keys(name: str, table: Mapping[str, Any]) -> None:
    for section, known in KEYS.items():
        inner, where = table, section or "top level"
        for part in filter(None, section.split(".")):
            inner = inner.get(part, {})
        if unknown := sorted(set(inner) - set(known)):
            raise RecipeError(
                f"recipe {name} has unknown keys in [{where}]: {', '.join(unknown)}; "
                f"known are {', '.join(sorted(known))}"
            )
        for key, value in inner.items():
            if not isinstance(value, KINDS[known[key]]):
                raise RecipeError(
                    f"recipe {name}: {key} in [{where}] must be {known[key]}, not {value!r}"
                )
    pool = table.get("pool", {})
    for key, value in {**pool.get("rename", {}), **pool.get("splits", {})}.items():
        if not isinstance(value, str):
            raise RecipeError(f"recipe {name}: {key!r} must stand for a name, not for {value!r}")
    for part in ("sample", "cut"):
        if (seed := pool.get(part, {}).get("seed", 0)) < 0:
            raise RecipeError(f"recipe {name}: seed in [pool.{part}] must be from 0, not {seed}")
    declared = [c for group in pool.get("classes", {}).values() for c in group]
    cut = pool.get("cut", {}).get("classes", {})
    if unknown := sorted(set(cut) - set(declared)) if declared else []:
        raise RecipeError(
            f"recipe {name}: [pool.cut.classes] names {', '.join(unknown)}; the classes are "
            f"{', '.join(map(str, declared))}"
        )
    for key, value in cut.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RecipeError(
                f"recipe {name}: [pool.cut.classes] keeps {value!r} documents of {key!r}; it must be a "
                "whole number from 0"
            )
    if unknown := sorted(set(pool.get("splits", {}).values()) - set(SPLITS)):
        raise RecipeError(
            f"recipe {name}: [pool.splits] names {', '.join(unknown)}; a split is {', '.join(SPLITS)}"
        )


def _source_name(source: str) -> str:
    if source.startswith(HUB):
        source = source.removeprefix(HUB).partition("@")[0].replace(":", "-")
    name = Path(source).name
    for suffix in (".gz", *FILES):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name or "pool"
