"""Recipes: found by name, checked whole; the paper's classes; splits drawn; class files."""

from __future__ import annotations

import gzip
import json
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from conftest import shared_or_skip

from classemb_index import ClassembError, Pool, Record
from classemb_index.recipes import (
    draw_splits,
    find_recipe,
    parse_recipe,
    read_classes,
    recipe_names,
)

TABLE_4 = {  # names as the corpora write them, in the paper's order
    "arxiv": (
        "High-Energy Physics",
        "Statistical Mechanics",
        "Quantum Physics",
        "Superconductivity",
        "Strongly Correlated Electrons",
        "Atomic and Molecular Clusters",
        "Networking and Internet Architecture",
        "Formal Languages and Automata Theory",
        "Human-Computer Interaction",
        "Other Computer Science",
    ),
    "eurlex": (
        "import",
        "export refund",
        "pip fruit",
        "fruit vegetable",
        "citrus fruit",
        "quantitative restriction",
        "Germany",
        "Portugal",
        "ship's flag",
        "gaming",
    ),
}
TABLES_2_AND_3 = {
    "100": [1, 0, 0, 0, 0, 0, 7, 2, 0, 0],
    "200": [2, 0, 0, 0, 0, 0, 7, 2, 0, 0],
    "500": [1, 0, 0, 0, 0, 0, 7, 2, 0, 0],
    "1500": [2, 0, 0, 0, 0, 0, 7, 1, 0, 0],
}
PLAIN = '[pool]\nsource = "pool.csv"\n'


class Text(str):
    """A string that can be watched."""


def message_of(name: str, text: str) -> str:
    with pytest.raises(ClassembError) as error:
        parse_recipe(name, text)
    return str(error.value)


def unsplit(n: int) -> list[Record]:
    return [Record(f"d{i}", f"text {i}", None, None) for i in range(n)]


def test_three_recipes_come_with_the_tool() -> None:
    assert recipe_names() == ["arxiv", "demo", "eurlex"]
    assert [find_recipe(name).name for name in recipe_names()] == recipe_names()


@pytest.mark.parametrize("name", TABLE_4)
def test_a_recipe_of_the_paper_has_the_classes_of_table_4(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.classes == {"frequent": TABLE_4[name][:5], "rare": TABLE_4[name][5:]}
    assert recipe.drop_unclassed
    assert recipe.encoder == "sentence-transformers/all-mpnet-base-v2"
    assert set(recipe.reading.rename.values()) == set(TABLE_4[name])


@pytest.mark.parametrize(
    ("name", "table", "sizes", "macro_f1"),
    [
        ("eurlex", "Table 2", (10294, 1901, 1905), 0.93),
        ("arxiv", "Table 3", (13174, 13414, 13131), 0.79),
    ],
)
def test_a_recipe_of_the_paper_has_its_published_numbers(
    name: str, table: str, sizes: tuple[int, ...], macro_f1: float
) -> None:
    paper = find_recipe(name).paper
    assert paper["table"] == table
    assert paper["proximity"] == TABLES_2_AND_3
    assert paper["documents"] == dict(zip(("train", "dev", "test"), sizes, strict=True))
    assert paper["macro_f1"] == macro_f1


@pytest.mark.data
def test_the_eurovoc_ids_of_the_eurlex_recipe_are_those_of_its_label_table() -> None:
    path = shared_or_skip("data", "eurlex57k", "eurovoc_labels.json.gz")
    labels = json.loads(gzip.decompress(path.read_bytes()))
    rename = find_recipe("eurlex").reading.rename
    assert {id_: labels[id_]["label"] for id_ in rename} == rename


@pytest.mark.data
@pytest.mark.parametrize("name", TABLE_4)
def test_the_classes_of_a_recipe_are_those_of_the_corpus_beside_the_checkout(name: str) -> None:
    folder = {"eurlex": "eurlex57k"}.get(name, name)
    assert find_recipe(name).classes == read_classes(shared_or_skip("data", folder, "classes.json"))


def test_the_eurlex_recipe_reads_a_local_copy_with_ids_or_names(
    write_jsonl: Callable[..., Path],
) -> None:
    path = write_jsonl(
        [
            {"id": "1", "text": "one", "labels": ["693", "x"], "split": "train"},
            {"id": "2", "text": "two", "labels": ["gaming", "ship's flag"], "split": "dev"},
            {"id": "3", "text": "three", "labels": ["x"], "split": "test"},
        ]
    )
    pool = find_recipe("eurlex").with_source(str(path)).read_pool()
    assert (pool.name, pool.source) == ("eurlex", str(path))
    assert pool.classes == TABLE_4["eurlex"]
    assert list(pool.ids) == ["1", "2"]
    assert [[pool.classes[c] for c in row.nonzero()[0]] for row in pool.labels] == [
        ["citrus fruit"],
        ["ship's flag", "gaming"],
    ]


def test_the_arxiv_recipe_keeps_documents_of_its_classes_and_draws_their_splits(
    write_jsonl: Callable[..., Path],
) -> None:
    lines = [
        {"id": f"{i}", "title": "T", "abstract": f"text {i}", "categories": categories}
        for i, categories in enumerate(["hep-th hep-ph", "cs.FL math.CO", "math.CO"] * 20)
    ]
    path = write_jsonl(lines, "arxiv-metadata-oai-snapshot.json")
    pool = find_recipe("arxiv").with_source(str(path)).read_pool()
    assert len(pool) == 40
    assert pool.labels.sum(axis=0).tolist() == [20, 0, 0, 0, 0, 0, 0, 20, 0, 0]
    # 40 documents in the proportions 13,174 : 13,414 : 13,131
    assert Counter(pool.splits.tolist()) == {"train": 13, "dev": 14, "test": 13}


def test_a_class_file_takes_the_place_of_the_recipes_classes(
    write_jsonl: Callable[..., Path],
) -> None:
    path = write_jsonl([{"id": "1", "text": "one", "labels": ["gaming", "x"]}])
    pool = find_recipe("eurlex").with_source(str(path)).read_pool(classes={"rare": ["x"]})
    assert pool.classes == ("x",)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/pool.jsonl.gz", "pool"),
        ("pool.v2.csv", "pool.v2"),
        ("/data/acts.parquet", "acts"),
        ("arxiv-metadata-oai-snapshot.json", "arxiv-metadata-oai-snapshot"),
        ("hub:owner/name", "name"),
        ("hub:owner/name:config@refs/convert/parquet", "name-config"),
    ],
)
def test_any_other_source_is_a_plain_recipe_named_after_it(source: str, name: str) -> None:
    recipe = find_recipe(source)
    assert (recipe.name, recipe.source) == (name, source)
    assert not recipe.classes and not recipe.sample and recipe.encoder is None


def test_a_recipe_file_is_read_with_everything_it_says(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        [pool]
        source = "pool.csv"
        drop_unclassed = true
        [pool.fields]
        id = "no"
        text = ["title", "body"]
        label_separator = "|"
        [pool.classes]
        rare = ["b", "a"]
        [pool.rename]
        "1" = "a"
        [pool.splits]
        eval = "dev"
        [pool.sample]
        train = 2
        seed = 7
        [encoder]
        name = "minilm"
        max_length = 128
        [index]
        backend = "exact"
        """
    )
    recipe = find_recipe(path)
    fields = recipe.reading.fields
    assert (recipe.name, recipe.source) == ("mine", "pool.csv")
    assert (fields.id, fields.text, fields.labels) == ("no", ("title", "body"), "labels")
    assert fields.label_separator == "|"
    assert recipe.reading.rename == {"1": "a"} and recipe.reading.splits == {"eval": "dev"}
    assert recipe.classes == {"rare": ("b", "a")} and recipe.drop_unclassed
    assert recipe.sample == {"train": 2, "seed": 7}
    assert (recipe.encoder, recipe.max_length, recipe.backend) == ("minilm", 128, "exact")


def test_one_text_field_may_be_named_by_itself() -> None:
    recipe = parse_recipe("mine", PLAIN + '[pool.fields]\ntext = "body"')
    assert recipe.reading.fields.text == ("body",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[pol]\n[encodr]",
            "recipe mine has unknown keys in [top level]: encodr, pol; "
            "known are encoder, index, paper, pool",
        ),
        (
            PLAIN + 'label = "x"',
            "recipe mine has unknown keys in [pool]: label; "
            "known are classes, drop_unclassed, fields, rename, sample, source, splits",
        ),
        (
            PLAIN + "[pool.classes]\ncommon = []",
            "recipe mine has unknown keys in [pool.classes]: common; known are frequent, rare",
        ),
        (
            PLAIN + "[pool.sample]\nvalidation = 3",
            "recipe mine has unknown keys in [pool.sample]: validation; "
            "known are dev, seed, test, train",
        ),
        (
            PLAIN + "[pool.fields]\ntitle = 't'",
            "recipe mine has unknown keys in [pool.fields]: title; "
            "known are id, label_separator, labels, split, text",
        ),
        (
            PLAIN + "[encoder]\ndevice = 'cpu'",
            "recipe mine has unknown keys in [encoder]: device; known are max_length, name",
        ),
        ("pool = 3", "recipe mine: pool in [top level] must be a table, not 3"),
        (PLAIN + "classes = 3", "recipe mine: classes in [pool] must be a table, not 3"),
        (
            PLAIN + "drop_unclassed = 'no'",
            "recipe mine: drop_unclassed in [pool] must be true or false, not 'no'",
        ),
        (
            PLAIN + "[pool.sample]\ntrain = 'all'",
            "recipe mine: train in [pool.sample] must be a whole number, not 'all'",
        ),
        (
            PLAIN + "[pool.classes]\nrare = 'a'",
            "recipe mine: rare in [pool.classes] must be a list, not 'a'",
        ),
        (
            PLAIN + "[pool.classes]\nrare = [1]",
            "recipe mine: a class group is a list of class names",
        ),
        (
            PLAIN + "[pool.classes]\nfrequent = ['b', 'a']\nrare = ['a', 'b']",
            "recipe mine names a class twice: a, b",
        ),
        (
            "[encoder]\nname = 'minilm'",
            "recipe mine has no [pool] source; say where its documents come from",
        ),
        (
            "[pool",
            "recipe mine is not TOML: "
            "Expected ']' at the end of a table declaration (at end of document)",
        ),
    ],
)
def test_a_wrong_recipe_is_refused(text: str, message: str) -> None:
    assert message_of("mine", text) == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "eurlx",
            "there is no recipe, file or folder 'eurlx'; recipes: arxiv, demo, eurlex",
        ),
        (
            "absent.toml",
            "there is no recipe absent.toml; by name there are arxiv, demo, eurlex",
        ),
    ],
)
def test_an_unknown_recipe_is_answered_with_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClassembError) as error:
        find_recipe(source)
    assert str(error.value) == message


def test_a_recipe_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"# Gr\xfc\xdfe\n")
    with pytest.raises(ClassembError) as error:
        find_recipe(path)
    assert str(error.value) == (
        "recipe mine is not UTF-8 ('utf-8' codec can't decode byte 0xfc in position 4: "
        "invalid start byte); convert it"
    )


def test_drawn_splits_have_the_sizes_asked_for_and_the_order_of_the_source() -> None:
    drawn = list(draw_splits(unsplit(20), {"train": 6, "dev": 3, "test": 2, "seed": 1}))
    assert Counter(record.split for record in drawn) == {"train": 6, "dev": 3, "test": 2}
    numbers = [int(record.id[1:]) for record in drawn]
    assert numbers == sorted(set(numbers))


def test_the_same_seed_draws_the_same_splits_and_another_seed_others() -> None:
    def draw(seed: int) -> list[Record]:
        return list(draw_splits(unsplit(50), {"train": 10, "test": 10, "seed": seed}))

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


def test_every_document_is_equally_likely_to_be_drawn_into_every_split() -> None:
    draws = 2000
    counts: Counter[tuple[str, str | None]] = Counter()
    for seed in range(draws):
        sample = {"train": 3, "dev": 2, "test": 1, "seed": seed}
        counts.update((record.id, record.split) for record in draw_splits(unsplit(12), sample))
    for record in unsplit(12):
        for split, share in {"train": 3 / 12, "dev": 2 / 12, "test": 1 / 12}.items():
            deviation = (draws * share * (1 - share)) ** 0.5
            assert abs(counts[record.id, split] - draws * share) < 4.5 * deviation


def test_with_fewer_documents_than_asked_for_the_splits_keep_their_proportions() -> None:
    drawn = list(draw_splits(unsplit(10), {"train": 600, "dev": 300, "test": 100}))
    assert Counter(record.split for record in drawn) == {"train": 6, "dev": 3, "test": 1}


def test_documents_that_have_a_split_pass_through_and_take_no_place_of_the_sample() -> None:
    own = [Record("t", "text", None, "test"), Record("v", "text", None, "dev")]
    records = [own[0], *unsplit(5), own[1]]
    drawn = list(draw_splits(records, {"train": 2}))
    assert drawn[:2] == own
    assert [record.split for record in drawn[2:]] == ["train", "train"]


def test_drawing_holds_no_more_documents_than_it_draws() -> None:
    alive: set[weakref.ref[Text]] = set()
    most = 0

    def records() -> Iterator[Record]:
        nonlocal most
        for number in range(2000):
            text = Text(f"text {number}")
            alive.add(weakref.ref(text, alive.discard))
            most = max(most, len(alive))
            yield Record(str(number), text, None, None)

    assert len(list(draw_splits(records(), {"train": 30, "test": 20}))) == 50
    assert most <= 52


def test_a_class_file_gives_its_groups_and_ignores_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text('{"rare": ["b"], "frequent": ["a", "c"], "codes": {"a": 1}}')
    assert read_classes(path) == {"frequent": ("a", "c"), "rare": ("b",)}


def test_the_classes_of_a_file_stand_with_the_frequent_first(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text('{"rare": ["b"], "frequent": ["c"]}')
    pool = Pool.from_records([Record("x", "one", ("b",), None)], classes=read_classes(path))
    assert pool.classes == ("c", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"common": ["a"]}, ' has no class groups; it needs {"frequent": [...], "rare": [...]}'),
        (
            {"frequent": [], "rare": []},
            ' has no class groups; it needs {"frequent": [...], "rare": [...]}',
        ),
        ({"rare": "a"}, ": a class group is a list of class names"),
        ({"rare": 3}, ": a class group is a list of class names"),
        ({"rare": ["a", None]}, ": a class group is a list of class names"),
        ({"frequent": ["a"], "rare": ["b", "a"]}, " names a class twice: a"),
    ],
)
def test_a_wrong_class_file_is_refused(
    tmp_path: Path, content: Mapping[str, object], message: str
) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ClassembError) as error:
        read_classes(path)
    assert str(error.value) == f"{path}{message}"
