"""Index recipes: TOML files that say what an index is made of, found by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import RecipeError, SourceError
from .documents import GROUPS, SPLITS, Record
from .files import json_file
from .sampling import cut_classes, draw_splits
from .sources import FILES, HUB, Fields, Reading, read_records

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
    "pool": {"source": "a string", "drop_unclassed": "true or false"}
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
        reading: fields, and other names for labels and splits.
        classes: "frequent" and "rare" to class names; empty means all labels.
        drop_unclassed: leave out documents known to have none of the classes.
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

    def records(self, classes: Mapping[str, Sequence[str]] | None = None) -> Iterator[Record]:
        """The records that the recipe describes, streamed.

        Args:
            classes: by group; None takes the recipe's own. Where splits are drawn, they are drawn
                among the documents that have one of them.

        Raises:
            SourceError: as for `read_records`.
            MissingExtraError: as for `read_records`.
        """
        groups = classes if classes is not None else self.classes

        def read() -> Iterator[Record]:
            found = read_records(self.source, self.reading)
            return draw_splits(_with_a_class(found, groups), self.sample) if self.sample else found

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
        reading=Reading(Fields(**fields), pool.get("rename", {}), pool.get("splits", {})),
        classes=checked_groups(pool.get("classes", {}), f"recipe {name}"),
        drop_unclassed=bool(pool.get("drop_unclassed", False)),
        sample=pool.get("sample", {}),
        cut=pool.get("cut", {}).get("classes", {}),
        cut_seed=pool.get("cut", {}).get("seed", 0),
        encoder=encoder.get("name"),
        max_length=encoder.get("max_length"),
        backend=table.get("index", {}).get("backend", "auto"),
        paper=table.get("paper", {}),
    )


def read_classes(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The class groups in a JSON file: {"frequent": [...], "rare": [...]}; other keys are notes.

    Raises:
        SourceError: the file is missing or is not one JSON object.
        RecipeError: it has neither group, or names a class twice.
    """
    table = json_file(path)
    groups = {name: table[name] for name in GROUPS if name in table}
    if not any(groups.values()):
        raise RecipeError(
            f'{path} has no class groups; it needs {{"frequent": [...], "rare": [...]}}'
        )
    return checked_groups(groups, str(path))


def checked_groups(groups: Mapping[str, Any], where: str) -> Mapping[str, tuple[str, ...]]:
    """Class groups whose names are strings, each once.

    Raises:
        RecipeError: a group is no list of names, or a class is named twice.
    """
    lists = all(isinstance(group, (list, tuple)) for group in groups.values())
    names = [name for group in groups.values() for name in group] if lists else []
    if not lists or not all(isinstance(name, str) for name in names):
        raise RecipeError(f"{where}: a class group is a list of class names")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"{where} names a class twice: {', '.join(twice)}")
    return {group: tuple(members) for group, members in groups.items()}


def _with_a_class(
    records: Iterable[Record], groups: Mapping[str, Sequence[str]]
) -> Iterator[Record]:
    wanted = {name for names in groups.values() for name in names}
    return (r for r in records if not wanted or r.labels is None or wanted.intersection(r.labels))


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
        name = name.removesuffix(suffix)
    return name or "pool"
