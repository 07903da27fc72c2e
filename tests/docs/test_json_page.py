"""docs/json.md says of every key what real output has: its place, its type, whether it is optional."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from classemb_index import EmbeddingIndex, RoundResult
from classemb_index.models.contracts import Training
from classemb_index.reports.rare import PoolRuns, write_rare_report
from tests.support.commands import Outcome, json_of
from tests.support.pictures import leave_pictures_blank
from tests.support.pools import json_lines, topic_records
from tests.support.tiny import write_tiny
from tests.support.unlabelled import scene

Cli = Callable[..., Outcome]
Documents = dict[str, list[Any]]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "json.md"
HEADER = "| key | type | meaning | since |"
WORDS = ["document", "on", "nothing", "a", "b", "c"]
RECIPE = """
[pool]
source = "some.jsonl"

[pool.classes]
frequent = ["a", "b"]
rare = ["c", "d"]

[encoder]
name = "tiny"

[paper]
corpus = "toy"
table = "Table 2"
macro_f1 = 0.93
margin = 0.2
loss_to_random = 0.15
documents = { train = 72, dev = 24, test = 24 }
figures = { macro_f1 = "Figure 1" }
classes = ["A", "B", "C", "D"]

[paper.proximity]
20 = [1, 0, 7, 0]
"""


TYPES = {"boolean": bool, "int": int, "float": float, "string": str, "object": dict}


@dataclass
class Key:
    """A row of the page, and the rows below it.

    Attributes:
        type: as the page writes it, without "or null" and "optional".
        may_be_null: whether the page says "or null".
        is_optional: whether the page says "optional".
        below: keys of an object, "{}" for any; "[]" for the elements of a list.
    """

    type: str = ""
    may_be_null: bool = False
    is_optional: bool = False
    below: dict[str, Key] = field(default_factory=dict)


def read_page(text: str) -> dict[str, Key]:
    """The keys of each document, by the headings of the page."""
    documents: dict[str, Key] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line == HEADER:
            documents[heading] = Key()
        elif line.startswith("| `"):
            path, words, _, since = (cell.strip() for cell in line.strip("|").split(" | "))
            assert re.fullmatch(r"0\.1\.0|index schema [23]", since), line
            _add(documents[heading], path.strip("`"), words)
    return documents


def _add(document: Key, path: str, words: str) -> None:
    key = document
    for part in re.findall(r"\[\]|\{[^}]+\}|[^.\[\]{}]+", path):
        key.type = key.type or ("list of object" if part == "[]" else "object")
        key = key.below.setdefault("{}" if part.startswith("{") else part, Key())
    assert not key.type, f"{path} is there twice, or below what is in it"
    words, comma, optional = words.partition(", ")
    assert optional == ("optional" if comma else ""), words
    outside = re.sub(r"\(.*\)", "", words)  # elements that may be null stand in brackets
    key.may_be_null, key.is_optional = outside.endswith(" or null"), bool(optional)
    key.type = words.removesuffix(" or null") if key.may_be_null else words


def differences(page: Key, found: Sequence[Any]) -> list[str]:
    """What the page says and these documents do not, or the other way round."""
    seen: set[tuple[str, str]] = set()  # a place, and "value", "null" or "missing" there
    return [*dict.fromkeys(_walk(page, found, "", seen)), *_never(page, "", seen)]


def _walk(key: Key, values: Sequence[Any], path: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    for value in values:
        seen.add((path, "null" if value is None else "value"))
        if value is None and not key.may_be_null:
            yield f"{path}: null, and the page does not say so"
        elif value is not None and not has_type(value, key.type):
            yield f"{path}: {type(value).__name__}, and the page says {key.type}"
        elif isinstance(value, list) and "[]" in key.below:
            yield from _walk(key.below["[]"], value, f"{path}[]", seen)
        elif isinstance(value, dict):
            yield from _keys(key, value, path, seen)


def _keys(key: Key, value: dict[str, Any], path: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    any_key = key.below.get("{}")
    for name in value if any_key else key.below.keys() | value.keys():
        below = any_key or key.below.get(name)
        place = f"{path}.{'{}' if any_key else name}".removeprefix(".")
        if below is None:
            yield f"{place}: not on the page"
        elif name in value:
            yield from _walk(below, [value[name]], place, seen)
        else:
            seen.add((place, "missing"))
            if not below.is_optional:
                yield f"{place}: missing, and the page does not say optional"


def _never(key: Key, path: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    """What the page says and nothing shows."""
    for name, below in key.below.items():
        place = f"{path}[]" if name == "[]" else f"{path}.{name}".removeprefix(".")
        for said, happened in (
            (True, "value"),
            (below.may_be_null, "null"),
            (below.is_optional, "missing"),
        ):
            if said and (place, happened) not in seen:
                yield f"{place}: on the page, and never {happened}"
        yield from _never(below, place, seen)


def has_type(value: Any, words: str) -> bool:
    """Whether a value is of the type that the page names."""
    if words.startswith("list of "):
        inner = words.removeprefix("list of ").strip("()")
        may_be_null = inner.endswith(" or null")
        inner = inner.removesuffix(" or null")
        return isinstance(value, list) and all(
            may_be_null if x is None else has_type(x, inner) for x in value
        )
    return type(value) is TYPES[words]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a CSV file; an empty cell is None."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{k: _cell(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _cell(text: str) -> int | float | str | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path, toy_built: Outcome, monkeypatch: pytest.MonkeyPatch) -> Path:
    """indexes/toy, indexes/some with unknown labels and published numbers, and tiny models."""
    leave_pictures_blank(monkeypatch)
    assert toy_built.code == 0
    write_tiny(tmp_path / "tiny", WORDS, "BertModel")
    write_tiny(tmp_path / "tiny-lm", WORDS)
    (tmp_path / "some.toml").write_text(RECIPE)
    records = [
        r._replace(labels=None if r.split == "train" and i % 3 else (*r.labels, *"d"[: i == 4]))
        for i, r in enumerate(topic_records(200))
    ]
    (tmp_path / "some.jsonl").write_text(json_lines(records))
    drawn = [r.id for r in records if r.split == "train" and r.labels is not None]
    lines = [json.dumps({"id": id_, "strategy": "random"}) for id_ in drawn]
    (tmp_path / "drawn.jsonl").write_text("\n".join(lines))
    first = next(r for r in topic_records() if r.labels == ("a",) and r.split == "train")
    (tmp_path / "one.txt").write_text(first.id)
    return tmp_path


def queries(cli: Cli) -> Documents:
    """Of indexes without a model and with one, with labels and without, after a batch and before."""
    by_class = [
        ["toy", "--class", "all", "--labelled", "one.txt", "--method", "centroid"],
        ["toy", "--class", "all", "--labelled", "picks.jsonl"],
        ["some", "--class", "rare"],
        ["some", "--class", "rare", "--labelled", "drawn.jsonl"],
    ]
    ask = [["some", "--like", "d0"], ["some", "--text", "document on a"]]
    found = [
        [
            json_of(cli("query", f"indexes/{name}", *rest, "-k", 30, "--json"))
            for name, *rest in asked
        ]
        for asked in (by_class, ask)
    ]
    return {"query by class": found[0], "query --like and --text": found[1]}


def annotations(cli: Cli, folder: Path) -> Documents:
    """A batch filled in, imported on trial and for good, contradicted and undone."""
    at = ("--index", "indexes/some")
    known = next(r for r in topic_records(200) if r.split == "test")
    (folder / "filled.csv").write_text(f"id,labels\nnobody,a\n{known.id},zebra\n", encoding="utf-8")
    task = {"text": "t", "id": known.id, "label": "c"}
    lines = [{**task, "answer": said, "_annotator_id": said} for said in ("accept", "reject")]
    (folder / "two.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    (folder / "other.csv").write_text(f"id,labels\n{known.id},d\n", encoding="utf-8")
    found = [
        json_of(cli("labels", "import", "filled.csv", *at, "--dry-run", "--json")),
        json_of(cli("labels", "import", "two.jsonl", *at, "--dry-run", "--json")),
        json_of(cli("labels", "import", "other.csv", *at, "--json")),
        json_of(cli("labels", "import", "other.csv", *at, "--replace", "--json")),
    ]
    assert cli("labels", "undo", *at).code == 0
    loose = ("--index", "indexes/loose")
    assert cli("labels", "import", "other.csv", *at, "--replace").code == 0  # a run sees answers
    assert cli("build", "some.jsonl", "--encoder", "tiny", "--out", "indexes/loose").code == 0
    assert cli("classes", "add", "zebra", "--describe", "document on a", *loose).code == 0
    again = ("labels", "import", "again.csv", "--annotator")
    for number in range(4):
        out = f"loose{number}.jsonl"
        strategy = "class-embedding" if number else "random"
        asked = ("select", "indexes/loose", "--strategy", strategy, "--batch", 5, "--out", out)
        written = cli(*asked)
        assert written.code == 0
        ids = [line["id"] for line in lines_of(folder / out)]
        filled = "".join(f"{id_},{'a' if place else 'zebra'}\n" for place, id_ in enumerate(ids))
        (folder / "again.csv").write_text(f"id,labels\n{filled}", encoding="utf-8")
        assert all(cli(*again, who, *loose).code == 0 for who in ("ada", "bob"))
    return {
        "labels import": found,
        "labels status": [
            json_of(cli("labels", "status", "--index", f"indexes/{name}", *rest, "--json"))
            for name, *rest in (("some",), ("loose", "--gain"))
        ],
        "classes list": [
            json_of(cli("classes", "list", "--index", f"indexes/{name}", "--json"))
            for name in ("some", "loose")
        ],
        "labels log": [json_of(cli("labels", "log", *at, "--json"))],
    }


def evaluations(cli: Cli, folder: Path) -> Documents:
    """Of a sample that tells of every class, and of one document, which does not."""
    made = scene(folder / "measured")
    at = [made.index, "--model", made.model.folder]
    found = []
    for size in (60, 1):
        assert cli("evaluate", *at, "--out", f"{size}.csv", "--size", size).code == 0
        with (folder / f"{size}.csv").open(encoding="utf-8-sig", newline="") as file:
            made.answer([row["id"] for row in csv.DictReader(file)])
        found.append(json_of(cli("evaluate", *at, "--json")))
    return {"evaluate": [*found, read(made.model.folder / "evaluation.json")]}


def selections(cli: Cli, folder: Path) -> Documents:
    """Strategies with and without steps, classes and scores; picks.jsonl and named.jsonl."""
    asked = [
        ["toy", "class-embedding", "--labelled-size", 20, "--out", "picks.jsonl"],
        ["toy", "class-embedding", "--labelled", "one.txt"],
        ["some", "portfolio", "--out", "named.jsonl"],
        ["some", "class-embedding"],
        ["some", "random", "--labelled", "drawn.jsonl"],
        ["toy", "random", "--labelled", "picks.jsonl"],
    ]
    found = [
        json_of(
            cli("select", f"indexes/{name}", "--strategy", strategy, *rest, "--batch", 6, "--json")
        )
        for name, strategy, *rest in asked
    ]
    lines = [line for name in ("picks", "named") for line in lines_of(folder / f"{name}.jsonl")]
    cli("select", "indexes/toy", "--strategy", "random", "--out", "random.jsonl", "--batch", 2)
    lines += lines_of(folder / "random.jsonl")
    filled = {**lines[0], "labels": ["a"]}  # as an annotator leaves it
    return {"select": found, "a line of select --out": [*lines, filled]}


def analyses(cli: Cli, folder: Path) -> Documents:
    """With published numbers and without, with methods and without."""
    asked = [
        ["toy", "--sizes", "2,20", "--methods", "all", "--out", "one"],
        ["some", "--sizes", 20, "-k", 3, "--seed", 0, "--out", "two"],
        ["toy", "--labelled", "one.txt", "--methods", "auto", "--out", "three"],
    ]
    found = []
    for name, *rest in asked:
        found.append(json_of(cli("analyze", f"indexes/{name}", "-k", 5, *rest, "--json")))
    tables = {
        f"{name}.csv": [row for out in outs for row in rows_of(folder / out / f"{name}.csv")]
        for name, outs in (
            ("proximity", ("one", "two", "three")),
            ("distances", ("one", "three")),
            ("methods", ("one", "three")),
        )
    }
    return {"analyze": [*found, read(folder / "one" / "analysis.json")], **tables}


def simulations(cli: Cli, folder: Path) -> Documents:
    """Every strategy with one seed, a few with enough for intervals, and two that fine-tune."""
    schedule = ["--initial", 10, "--batch", 5, "--budget", 15, "--workers", 1, "--json"]
    options = ["--count-tries", "--no-near-duplicates", 0.99, "--discriminator-epochs", 2]
    few = [x for name in ("random", "uncertainty", "portfolio") for x in ("--strategy", name)]
    fine_tuned = ["--model", "tiny", "--strategy", "portfolio", "--epochs", 1, "--dev-size", 4]
    tuned = ["--model", "tuned", "--strategy", "random", "--epochs", 1]
    asked = [
        ["some", "--model", "probe", "--strategy", "all", *options, "--masked-lm", "tiny-lm"],
        ["some", "--model", "probe", "--no-names", "--full", *few],
        ["toy", *fine_tuned],
        ["some", *tuned, "--blend", 1, "--full"],
        ["some", *tuned],
    ]
    found: Documents = {"simulate": []}
    for (name, *rest), seeds in zip(asked, (1, 5, 1, 1, 1), strict=True):
        run = folder / f"run-{len(found['simulate'])}"
        arguments = [f"indexes/{name}", *rest, *schedule, "--seeds", seeds, "--out", run]
        found["simulate"].append(json_of(cli("simulate", *arguments)))
        for file in ("config.json", "summary.json"):
            found.setdefault(file, []).append(read(run / file))
        found.setdefault("a line of rounds.jsonl", []).extend(lines_of(run / "rounds.jsonl"))
    return found


def models(cli: Cli, folder: Path) -> Documents:
    """A probe with an encoder and without, a BERT, what is tuned, and one of hardly any labels."""
    lines = [{"id": str(i), "text": f"document {i}", "labels": ["a"][i:]} for i in range(6)]
    few = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "few.jsonl").write_text(few, encoding="utf-8")
    assert cli("build", "few.jsonl", "--encoder", "tiny").code == 0
    tiny = ["--model", "tiny", "--epochs", 1]
    asked = {"toy": [], "some": [], "few": [], "loose": tiny}
    trained = [
        json_of(cli("train", f"indexes/{name}", "--out", f"model-{name}", *rest, "--json"))
        for name, rest in asked.items()
    ]
    tuned = ["train", "indexes/some", "--model", "tuned", "--epochs", 1, "--json", "--out"]
    trained += [
        json_of(cli(*tuned, "model-tuned")),
        json_of(cli(*tuned, "model-half", "--blend", 1)),
    ]
    predicted = [
        json_of(
            cli("predict", f"indexes/{name}", "--model", f"model-{name}", "--out", out, "--json")
        )
        for name, out in (("toy", "toy.csv"), ("few", "few.csv"))
    ]
    return {"train": trained, "predict": predicted}


def reproductions(cli: Cli, folder: Path) -> Documents:
    """What stands in their folders before the first index, which has no source here."""
    found: Documents = {}
    for heading, arguments in {
        "reproduction.json": ["some.toml", "--source", "none.jsonl"],
        "reproduction.json of rare-classes": ["rare-classes", "--source", "eurlex-rare=none.jsonl"],
    }.items():
        found[heading] = []
        for scale in ("small", "paper"):
            out = folder / f"{heading} {scale}"
            models = ["--masked-lm", "tiny-lm", "--out", out, "--scale", scale]
            assert cli("reproduce", *arguments, *models).code == 1
            found[heading].append(read(out / "reproduction.json"))
    return found


def measures(folder: Path) -> Documents:
    """Of one pool that stands for two, with a strategy that reaches no baseline's end."""
    index = EmbeddingIndex.open(folder / "indexes" / "some")
    one, five = (
        [RoundResult(**line) for line in lines_of(folder / run / "rounds.jsonl")]
        for run in ("run-0", "run-1")
    )
    one = [replace(r, macro_f1=0.0) if r.strategy == "dal" else r for r in one]
    runs = {"probe": five, "no-names": one, "noise-names": one, "bert": one}
    write_rare_report([PoolRuns(index, runs)] * 2, folder / "rare", "small", Training())
    return {"measures.json": [read(folder / "rare" / "measures.json")]}


def test_every_key_of_real_output_is_on_the_page_with_its_type(cli: Cli, folder: Path) -> None:
    built = cli("build", "some.toml", "--max-length", 16)
    assert built.code == 0, built.err
    found = (
        selections(cli, folder) | annotations(cli, folder) | queries(cli) | analyses(cli, folder)
    )
    found |= simulations(cli, folder) | reproductions(cli, folder) | measures(folder)
    found |= models(cli, folder)
    infos = [json_of(cli("info", f"indexes/{name}", "--json")) for name in ("toy", "some")]
    found["manifest.json"] = [*infos, read(folder / "indexes" / "toy" / "manifest.json")]
    found |= evaluations(cli, folder)
    found["doctor"] = [json.loads(cli("doctor", "--json").out)]
    page = read_page(PAGE.read_text(encoding="utf-8"))
    assert page.keys() == found.keys()
    wrong = {name: differences(page[name], found[name]) for name in found}
    assert {name: lines for name, lines in wrong.items() if lines} == {}


SMALL_PAGE = """
## small

| key | type | meaning | since |
| --- | --- | --- | --- |
| `n` | int | a | 0.1.0 |
| `mean` | float or null | b | 0.1.0 |
| `words` | list of (string or null) | c | 0.1.0 |
| `found` | list of object | d | 0.1.0 |
| `found[].f1` | object, optional | e | 0.1.0 |
| `found[].f1.{class}` | float | f | 0.1.0 |
"""
SMALL = [
    {"n": 1, "mean": None, "words": ["a", None], "found": [{}]},
    {"n": 2, "mean": 0.5, "words": [], "found": [{"f1": {"a": 1.0, "b": 0.0}}]},
]


def small(first: dict[str, Any]) -> list[Any]:
    return [SMALL[0] | first, SMALL[1]]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SMALL, []),
        (small({"more": 1}), ["more: not on the page"]),
        (small({"n": 1.0}), ["n: float, and the page says int"]),
        (small({"n": True}), ["n: bool, and the page says int"]),
        (small({"n": None}), ["n: null, and the page does not say so"]),
        (
            small({"mean": 0}),
            ["mean: int, and the page says float", "mean: on the page, and never null"],
        ),
        (small({"words": [1]}), ["words: list, and the page says list of (string or null)"]),
        (
            small({"found": [{"f1": {"a": "1"}}]}),
            [
                "found[].f1.{}: str, and the page says float",
                "found[].f1: on the page, and never missing",
            ],
        ),
        (
            SMALL[:1],
            [
                "mean: on the page, and never value",
                "found[].f1: on the page, and never value",
                "found[].f1.{}: on the page, and never value",
            ],
        ),
        (
            [{k: v for k, v in SMALL[0].items() if k != "n"}, SMALL[1]],
            ["n: missing, and the page does not say optional"],
        ),
    ],
)
def test_a_page_that_is_not_true_is_told_so(found: list[Any], expected: list[str]) -> None:
    assert differences(read_page(SMALL_PAGE)["small"], found) == expected


def test_a_row_that_is_left_out_is_found() -> None:
    page = SMALL_PAGE.replace("| `n` | int | a | 0.1.0 |\n", "")
    assert differences(read_page(page)["small"], SMALL) == ["n: not on the page"]
