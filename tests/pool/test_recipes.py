"""Recipes: found by name, checked whole; the paper's classes; splits drawn; class files."""

from __future__ import annotations

import gzip
import json
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from classemb_index import ClassembError, Pool, Record
from classemb_index.pool.classes import read_classes
from classemb_index.pool.recipes import Recipe, find_recipe, parse_recipe, recipe_names
from classemb_index.pool.sampling import cut_classes, draw_splits
from tests.support.errors import refusal
from tests.support.places import shared_or_skip
from tests.support.sources import Text

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


def message_of(name: str, text: str) -> str:
    return refusal(ClassembError, lambda: parse_recipe(name, text))


def unsplit(n: int) -> list[Record]:
    return [Record(f"d{i}", f"text {i}", None, None) for i in range(n)]


def test_seven_recipes_come_with_the_tool() -> None:
    assert recipe_names() == [
        "arxiv",
        "arxiv-rare",
        "demo",
        "eurlex",
        "eurlex-other",
        "eurlex-rare",
        "reuters",
    ]
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
    pool = Pool.read(find_recipe("eurlex").with_source(str(path)))
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
    pool = Pool.read(find_recipe("arxiv").with_source(str(path)))
    assert len(pool) == 40
    assert pool.labels.sum(axis=0).tolist() == [20, 0, 0, 0, 0, 0, 0, 20, 0, 0]
    # 40 documents in the proportions 13,174 : 13,414 : 13,131
    assert Counter(pool.splits.tolist()) == {"train": 13, "dev": 14, "test": 13}


def test_a_class_file_takes_the_place_of_the_recipes_classes(
    write_jsonl: Callable[..., Path],
) -> None:
    path = write_jsonl([{"id": "1", "text": "one", "labels": ["gaming", "x"]}])
    pool = Pool.read(find_recipe("eurlex").with_source(str(path)), classes={"rare": ["x"]})
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
        [pool.cut]
        seed = 9
        [pool.cut.classes]
        b = 30
        a = 0
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
    assert (fields.id, fields.text, fields.labels) == ("no", ("title", "body"), None)
    assert fields.label_separator == "|"
    assert recipe.reading.rename == {"1": "a"} and recipe.reading.splits == {"eval": "dev"}
    assert recipe.classes == {"rare": ("b", "a")} and recipe.drop_unclassed
    assert recipe.sample == {"train": 2, "seed": 7}
    assert (recipe.cut, recipe.cut_seed) == ({"b": 30, "a": 0}, 9)
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
            "known are classes, cut, drop_other_labels, drop_unclassed, encoding, fields, rename, "
            "sample, skip_bad, source, splits",
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
            PLAIN + "[pool.cut]\nmost = 3",
            "recipe mine has unknown keys in [pool.cut]: most; known are classes, seed",
        ),
        (PLAIN + "cut = 3", "recipe mine: cut in [pool] must be a table, not 3"),
        (
            PLAIN + "[pool.cut]\nclasses = ['a']",
            "recipe mine: classes in [pool.cut] must be a table, not ['a']",
        ),
        (
            PLAIN + "[pool.cut]\nseed = 'x'",
            "recipe mine: seed in [pool.cut] must be a whole number, not 'x'",
        ),
        (
            PLAIN + "[pool.cut.classes]\na = 3\nb = -1",
            "recipe mine: [pool.cut.classes] keeps -1 documents of 'b'; "
            "it must be a whole number from 0",
        ),
        (
            PLAIN + "[pool.classes]\nrare = ['a']\n[pool.cut.classes]\nb = 3\na = 1",
            "recipe mine: [pool.cut.classes] names b; the classes are a",
        ),
        (
            PLAIN + "[pool.cut.classes]\na = true",
            "recipe mine: [pool.cut.classes] keeps True documents of 'a'; "
            "it must be a whole number from 0",
        ),
        (
            PLAIN + "[pool.cut]\nseed = -1",
            "recipe mine: seed in [pool.cut] must be from 0, not -1",
        ),
        (
            PLAIN + "[pool.cut.classes]\na = 'few'",
            "recipe mine: [pool.cut.classes] keeps 'few' documents of 'a'; "
            "it must be a whole number from 0",
        ),
        (
            PLAIN + "[pool.cut.classes]\na = 0.5",
            "recipe mine: [pool.cut.classes] keeps 0.5 documents of 'a'; "
            "it must be a whole number from 0",
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
            "there is no recipe, file or folder 'eurlx'; recipes: arxiv, arxiv-rare, demo, eurlex, "
            "eurlex-other, eurlex-rare, reuters",
        ),
        (
            "absent.toml",
            "there is no recipe absent.toml; by name there are arxiv, arxiv-rare, demo, eurlex, "
            "eurlex-other, eurlex-rare, reuters",
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


def mixed(n: int = 120) -> list[Record]:
    """Documents of a, of b, of both and of neither, in every split and in none."""
    labels = [("a",), ("b",), ("a", "b"), ("c",), (), None]
    splits = ["train", "train", None, "dev", "test"]
    return [Record(f"d{i}", f"text {i}", labels[i % 6], splits[i % 5]) for i in range(n)]


def cut(records: list[Record], most: Mapping[str, int], seed: int = 0) -> list[Record]:
    return list(cut_classes(lambda: iter(records), most, seed))


def in_train(records: list[Record], name: str) -> int:
    """Documents of the class that are to be searched: the train split, and no split."""
    return sum(r.split in ("train", None) and name in (r.labels or ()) for r in records)


@pytest.mark.parametrize("seed", range(10))
def test_a_cut_leaves_no_more_of_a_class_than_it_says(seed: int) -> None:
    records = mixed()
    assert (in_train(records, "a"), in_train(records, "b")) == (24, 24)
    kept = cut(records, {"a": 15, "b": 6}, seed)
    # what is left out for b was of a too in part
    assert in_train(kept, "b") == 6 and 6 <= in_train(kept, "a") <= 15
    assert in_train(kept, "c") == in_train(records, "c")


def test_a_cut_of_one_class_leaves_as_many_as_it_says() -> None:
    assert in_train(cut(mixed(), {"a": 15}), "a") == 15
    assert in_train(cut(mixed(), {"a": 0}), "a") == 0


def test_a_cut_leaves_out_documents_of_its_classes_in_train_and_no_others() -> None:
    records = mixed()
    kept = cut(records, {"a": 3})
    left_out = [record for record in records if record not in kept]
    assert kept == [record for record in records if record not in left_out]  # in their order
    assert len(left_out) == 24 - 3
    for record in left_out:
        assert record.split in ("train", None) and "a" in (record.labels or ())
    assert {record.split for record in left_out} == {"train", None}


def test_a_document_of_two_classes_is_left_out_once_for_both() -> None:
    both = [Record(f"d{i}", "text", ("a", "b"), "train") for i in range(10)]
    kept = cut(both, {"a": 2, "b": 7})
    assert len(kept) == 2  # first down to 7 for b, then to 2 for a


def test_the_class_of_the_largest_number_is_cut_first() -> None:
    both = [Record(f"d{i}", "text", ("a", "b"), "train") for i in range(10)]
    alone = [Record(f"e{i}", "text", ("b",), "train") for i in range(2)]
    left = [cut([*both, *alone], {"a": 2, "b": 7}, seed) for seed in range(30)]
    assert {in_train(kept, "a") for kept in left} == {2}
    # b goes down to 7 of 12 first, which may cost those of b alone; a first would spare both of them
    assert {in_train(kept, "b") for kept in left} == {2, 3, 4}


def test_a_limit_above_what_there_is_changes_nothing() -> None:
    assert cut(mixed(), {"a": 24, "b": 1000, "absent": 3}) == mixed()


def test_the_same_seed_cuts_the_same_documents_and_another_seed_others() -> None:
    first, again, other = (cut(mixed(), {"a": 8, "b": 5}, seed) for seed in (3, 3, 4))
    assert first == again and first != other


def test_every_document_of_a_class_is_equally_likely_to_be_left_out() -> None:
    draws, records = 800, mixed(60)
    times: Counter[str] = Counter()
    for seed in range(draws):
        times.update(record.id for record in cut(records, {"a": 3}, seed))
    candidates = [r.id for r in records if r.split in ("train", None) and "a" in (r.labels or ())]
    assert len(candidates) == 12
    deviation = (draws * 3 / 12 * 9 / 12) ** 0.5
    for id_ in candidates:
        assert abs(times[id_] - draws * 3 / 12) < 4.5 * deviation


def test_a_recipe_cuts_what_it_has_renamed_and_drawn(
    tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    lines = [
        {"id": f"{i}", "text": f"text {i}", "labels": ["1"] if i % 2 else ["2"]} for i in range(200)
    ]
    source = write_jsonl(lines)
    recipe = parse_recipe(
        "mine",
        f"""
        [pool]
        source = "{source}"
        [pool.classes]
        frequent = ["two"]
        rare = ["one"]
        [pool.rename]
        1 = "one"
        2 = "two"
        [pool.sample]
        train = 100
        test = 60
        [pool.cut]
        seed = 5
        classes = {{ one = 7 }}
        """,
    )
    pool = Pool.read(recipe)
    one, train, test = pool.labels[:, 1], pool.splits == "train", pool.splits == "test"
    assert pool.classes == ("two", "one")
    assert (one & train).sum() == 7 and test.sum() == 60
    whole = Pool.read(replace(recipe, cut={}))
    kept = set(pool.ids)
    dropped = [row for row, id_ in enumerate(whole.ids) if id_ not in kept]
    assert whole.labels[dropped, 1].all() and (whole.splits[dropped] == "train").all()
    assert (~pool.labels[:, 1] & train).sum() == 100 - 7 - len(dropped)
    assert list(Pool.read(recipe).ids) == list(pool.ids)
    assert list(Pool.read(replace(recipe, cut_seed=6)).ids) != list(pool.ids)


SHARES = {  # least and most of the train split
    "eurlex-rare": (0.001, 0.01),
    "arxiv-rare": (0.001, 0.011),  # 130 of what the cut leaves are a little more than 1 %
    "eurlex-other": (0.002, 0.01),
    "reuters": (0.004, 0.01),
}
SOURCES = {
    "eurlex-rare": ("data", "eurlex57k", "reduced.jsonl.gz"),
    "arxiv-rare": ("data", "arxiv", "reduced.jsonl.gz"),
    "eurlex-other": ("data", "eurlex57k", "reduced.jsonl.gz"),
    "reuters": ("data", "reuters21578", "modapte.jsonl.gz"),
}


class Line(NamedTuple):
    """What a line of a corpus says of a document."""

    id: str
    labels: set[str]
    split: str


@cache
def lines_of(path: Path) -> list[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = map(json.loads, file)
        return [Line(line["id"], set(line["labels"]), line["split"]) for line in found]


class Corpus(NamedTuple):
    """A corpus beside the checkout: its pool as a recipe reads it, and its lines."""

    recipe: Recipe
    pool: Pool
    lines: list[Line]


@pytest.fixture(scope="module", params=SHARES)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    """Each of the recipes with rare classes on its corpus."""
    path = shared_or_skip(*SOURCES[request.param])
    recipe = find_recipe(request.param).with_source(str(path))
    return Corpus(recipe, Pool.read(recipe), lines_of(path))


def test_a_recipe_of_rare_classes_embeds_with_minilm_at_256_tokens() -> None:
    for name in SHARES:
        recipe = find_recipe(name)
        assert (recipe.encoder, recipe.max_length, recipe.paper) == ("minilm", 256, {})
        assert len(recipe.classes["rare"]) == {"eurlex-other": 20, "reuters": 13}.get(name, 5)
        assert set(recipe.cut) == (set(recipe.classes["rare"]) if "-rare" in name else set())


@pytest.mark.data
def test_rare_means_up_to_one_percent_of_the_train_split(corpus: Corpus) -> None:
    pool = corpus.pool
    least, most = SHARES[pool.name]
    train = pool.labels[pool.splits == "train"]
    shares = {name: float(train[:, pool.class_position(name)].mean()) for name in pool.classes}
    for name in pool.groups["rare"]:
        assert least <= shares[name] <= most, name
    for name in pool.groups.get("frequent", ()):
        assert shares[name] > 0.01, name


@pytest.mark.data
def test_a_cut_corpus_lacks_documents_of_its_cut_classes_in_train_alone(corpus: Corpus) -> None:
    pool, cut_to = corpus.pool, corpus.recipe.cut
    wanted = set(pool.classes)
    train = Counter(
        name
        for row, id_ in enumerate(pool.ids)
        for name in pool.known_labels(row)
        if pool.splits[row] == "train"
    )
    for name, most in cut_to.items():
        assert 0.8 * most <= train[name] <= most
    kept = set(pool.ids)
    missing = [
        line
        for line in corpus.lines
        if line.id not in kept and (wanted & line.labels or not corpus.recipe.drop_unclassed)
    ]
    assert bool(missing) == bool(cut_to)
    for line in missing:
        assert line.split == "train" and cut_to.keys() & line.labels


@pytest.mark.data
def test_the_classes_of_the_reuters_recipe_are_the_topics_of_more_than_30_training_documents() -> (
    None
):
    lines = lines_of(shared_or_skip(*SOURCES["reuters"]))
    train = [line for line in lines if line.split == "train"]
    topics = Counter(name for line in train for name in line.labels)
    classes = find_recipe("reuters").classes
    common = {name for name, count in topics.items() if count > 30}
    assert common == {*classes["frequent"], *classes["rare"]} and len(common) == 33
    assert set(classes["rare"]) == {name for name in common if topics[name] < len(train) / 100}


@pytest.mark.data
def test_the_labels_of_the_eurlex_other_recipe_are_spread_evenly_over_those_that_are_rare() -> None:
    lines = lines_of(shared_or_skip(*SOURCES["eurlex-other"]))
    train, test = (
        Counter(name for line in lines if line.split == split for name in line.labels)
        for split in ("train", "test")
    )
    n = sum(line.split == "train" for line in lines)
    rare = [
        name
        for name in sorted(train, key=lambda name: (-train[name], name))
        if 0.002 <= train[name] / n <= 0.01
        and test[name] >= 10
        and name not in (*TABLE_4["eurlex"], "export licence")
    ]
    assert len(rare) == 58
    expected = {rare[i * 58 // 20] for i in range(20)}
    assert set(find_recipe("eurlex-other").classes["rare"]) == expected


@pytest.mark.data
@pytest.mark.parametrize("name", ["eurlex-rare", "eurlex-other"])
def test_the_eurovoc_ids_of_a_recipe_of_rare_classes_are_those_of_the_label_table(
    name: str,
) -> None:
    path = shared_or_skip("data", "eurlex57k", "eurovoc_labels.json.gz")
    labels = json.loads(gzip.decompress(path.read_bytes()))
    recipe = find_recipe(name)
    assert {id_: labels[id_]["label"] for id_ in recipe.reading.rename} == recipe.reading.rename
    assert set(recipe.reading.rename.values()) == {c for g in recipe.classes.values() for c in g}


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
