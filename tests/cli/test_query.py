"""`query`: what is shown, what programs get, and which labelled set is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, draw_labelled, query_classes
from classemb_index.queries.methods import METHODS
from tests.support.commands import Outcome, json_of
from tests.support.fakes import HashEncoder
from tests.support.places import minilm_or_skip

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

NOTHING_LABELLED = "the name counts 16; 0 positives, 0 negatives"
QUERY_KEYS = {"k", "n_labelled", "n_unlabelled", "classes"}
ANSWER_KEYS = {"class", "n_labelled", "method", "why", "has_query", "neighbours"}
OUTLOOK_KEYS = {"progress", "prevalence"}
NEIGHBOUR_KEYS = {"rank", "row", "id", "score", "has_class", "text"}
LIKE_KEYS = {"rank", "row", "id", "score", "labels", "text"}
ONE_OF_THREE = "Error: a query asks for --class, --like or --text; give one of them\n"


class WordsEncoder(HashEncoder):
    """An encoder that is loaded by name; texts are alike as far as they share words."""

    def __init__(self, name: str = "words", **options: object) -> None:
        super().__init__(dim=64)
        self.name = name

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.stack([super(WordsEncoder, self).encode(t.split()).sum(axis=0) for t in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Sentence-BERT is an encoder of words."""
    monkeypatch.setattr("classemb_index.models.encoder.SentenceBertEncoder", WordsEncoder)
    monkeypatch.setattr("classemb_index.index.index.SentenceBertEncoder", WordsEncoder)


@pytest.fixture
def named(cli: Cli, toy_source: Path, words: None) -> EmbeddingIndex:
    """indexes/toy, built of the toy pool with an encoder of words."""
    outcome = cli("build", toy_source.name, "--encoder", "words", "--classes", "classes.json")
    assert outcome.code == 0, outcome.err
    return EmbeddingIndex.open("indexes/toy")


def test_query_shows_ranks_scores_marks_ids_and_texts_and_counts_the_hits(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    arguments = ["indexes/toy", "--class", "c", "--labelled-size", 30, "--seed", 1, "-k", 5]
    outcome = cli("query", *arguments)
    (answer,) = json_of(cli("query", *arguments, "--json"))["classes"]
    assert f"c: {answer['n_labelled']} of 30 labelled documents" in outcome.out
    lines = [line.split() for line in outcome.out.splitlines()]
    for neighbour in answer["neighbours"]:
        mark = "✓" if neighbour["has_class"] else "·"
        text = toy_pool.text(neighbour["row"]).split()
        score = f"{neighbour['score']:.3f}"
        assert [str(neighbour["rank"]), score, mark, neighbour["id"], *text] in lines
    hits = sum(neighbour["has_class"] for neighbour in answer["neighbours"])
    left = draw_labelled(toy_pool, 30, 1).unlabelled
    with_c = int(toy_pool.labels[left, 2].sum())
    pattern = (
        r"hits: (\d+) of 5 with known labels \(random order: (.+); (\d+) in the unlabelled set"
    )
    shown = re.search(pattern, outcome.out)
    assert (int(shown[1]), int(shown[3])) == (hits, with_c)
    assert float(shown[2]) == pytest.approx(5 * with_c / 42, abs=0.06)
    assert outcome.err == ""


def test_query_json_has_the_keys_of_the_contract_and_nothing_else_is_on_stdout(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    found = json_of(cli("query", "indexes/toy", "--class", "all", "--labelled-size", 20, "--json"))
    assert set(found) == QUERY_KEYS
    assert (found["k"], found["n_labelled"], found["n_unlabelled"]) == (10, 20, 52)
    assert [answer["class"] for answer in found["classes"]] == ["a", "b", "c"]
    for c, answer in enumerate(found["classes"]):
        assert set(answer) == ANSWER_KEYS | OUTLOOK_KEYS
        assert answer["has_query"]
        assert [n["rank"] for n in answer["neighbours"]] == list(range(1, 11))
        scores = [n["score"] for n in answer["neighbours"]]
        assert scores == sorted(scores, reverse=True)
        for neighbour in answer["neighbours"]:
            assert set(neighbour) == NEIGHBOUR_KEYS
            assert toy_pool.ids[neighbour["row"]] == neighbour["id"]
            assert neighbour["has_class"] is bool(toy_pool.labels[neighbour["row"], c])


def test_query_by_group_asks_for_the_declared_classes(cli: Cli, toy_built: Outcome) -> None:
    found = json_of(cli("query", "indexes/toy", "--class", "rare", "--labelled-size", 20, "--json"))
    assert [answer["class"] for answer in found["classes"]] == ["c"]


def test_query_without_declared_groups_says_what_is_taken(cli: Cli, toy_source: Path) -> None:
    cli("build", toy_source.name, "--embeddings", "vectors.npy")
    outcome = cli("query", "indexes/toy", "--class", "rare", "--labelled-size", 20, "--json")
    assert outcome.err == (
        "Note: no rare group is declared: taken are the classes with the fewest labelled documents, b\n"
    )
    assert [answer["class"] for answer in json_of(outcome)["classes"]] == ["b"]


def test_query_by_default_draws_the_labelled_set_and_says_so(cli: Cli, toy_built: Outcome) -> None:
    outcome = cli("query", "indexes/toy", "--class", "c", "--json")
    assert json_of(outcome)["n_labelled"] == 36
    assert outcome.err == "Note: labelled set: 36 labelled documents drawn with seed 0\n"


def test_query_from_a_file_of_ids(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    chosen = toy_pool.ids[int(np.flatnonzero(toy_pool.selectable & toy_pool.labels[:, 2])[0])]
    file = write_jsonl([chosen], "labelled.txt")
    found = json_of(cli("query", "indexes/toy", "--class", "c", "--labelled", file, "--json"))
    assert (found["n_labelled"], found["n_unlabelled"]) == (1, 71)
    assert chosen not in {n["id"] for n in found["classes"][0]["neighbours"]}


def test_query_reports_a_class_without_a_labelled_document(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    labels, train = toy_pool.labels, toy_pool.selectable
    only_a = toy_pool.ids[
        int(np.flatnonzero(train & labels[:, 0] & ~labels[:, 1] & ~labels[:, 2])[0])
    ]
    file = write_jsonl([only_a], "labelled.txt")
    arguments = ["query", "indexes/toy", "--class", "a", "--class", "c", "--labelled", file]
    first, second = json_of(cli(*arguments, "--json"))["classes"]
    assert first["has_query"] and len(first["neighbours"]) == 10
    assert (second["has_query"], second["neighbours"], second["n_labelled"]) == (False, [], 0)
    shown = cli(*arguments)
    assert "c: 0 of 1 labelled documents\n  nothing that auto could search by\n" in shown.out


def test_query_marks_documents_whose_labels_nobody_knows(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    np.save(tmp_path / "vectors.npy", np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], np.float32))
    lines = [{"id": "x", "text": "x", "labels": ["a"]}]
    lines += [{"id": id_, "text": id_, "labels": None} for id_ in ("y", "z")]
    write_jsonl(lines, "open.jsonl")
    cli("build", "open.jsonl", "--embeddings", "vectors.npy")
    outcome = cli("query", "indexes/open", "--class", "a", "-k", 2, "--method", "centroid")
    assert [line.split() for line in outcome.out.splitlines() if "?" in line] == [
        ["1", "0.800", "?", "y", "y"],
        ["2", "0.600", "?", "z", "z"],
    ]
    assert "hits" not in outcome.out
    assert outcome.err == "Note: labelled set: the 1 documents whose labels are known\n"


def test_query_expects_from_random_order_what_the_known_documents_have(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    # x is labelled; of three other known documents two have the class, nine more are unknown
    lines = [{"id": id_, "text": id_, "labels": ["a"]} for id_ in ("x", "y", "z")]
    lines.append({"id": "w", "text": "w", "labels": []})
    lines += [{"id": f"u{i}", "text": "u", "labels": None} for i in range(9)]
    write_jsonl(lines, "partly.jsonl")
    vectors = np.array([[1, i / 100] for i in range(13)], dtype=np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    cli("build", "partly.jsonl", "--embeddings", "vectors.npy")
    file = write_jsonl(["x"], "labelled.txt")
    outcome = cli("query", "indexes/partly", "--class", "a", "--labelled", file, "-k", 4)
    assert (
        "hits: 2 of 3 with known labels (random order: 2.0; 2 in the unlabelled set)"
    ) in outcome.out


def test_what_looks_like_markup_or_emoji_is_shown_as_it_is(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    ids = ["x", "doc:key:1", "[bold]2[/bold]", "a\\"]
    labels = [["[red]a:key:"], [], [], []]
    lines = [
        {"id": id_, "text": f"text of {id_}", "labels": own}
        for id_, own in zip(ids, labels, strict=True)
    ]
    write_jsonl(lines, "odd.jsonl")
    np.save(tmp_path / "vectors.npy", np.array([[1, i / 10] for i in range(4)], np.float32))
    cli("build", "odd.jsonl", "--embeddings", "vectors.npy")
    file = write_jsonl(["x"], "labelled.txt")
    outcome = cli("query", "indexes/odd", "--class", "[red]a:key:", "--labelled", file, "-k", 3)
    for id_ in ids[1:]:
        assert f" {id_} " in outcome.out and f"text of {id_}" in outcome.out
    assert "[red]a:key:: 1 of 1 labelled documents" in outcome.out


def test_in_a_narrow_terminal_only_the_text_is_cut(
    cli: Cli, toy_built: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["query", "indexes/toy", "--class", "c", "--labelled-size", 30, "-k", 5]
    (answer,) = json_of(cli(*arguments, "--json"))["classes"]
    display = import_module("classemb_index.cli.display.console")
    monkeypatch.setattr(display.out, "width", 30)
    shown = [line.split()[:4] for line in cli(*arguments).out.splitlines()]
    for neighbour in answer["neighbours"]:
        mark = "✓" if neighbour["has_class"] else "·"
        score = f"{neighbour['score']:.3f}"
        assert [str(neighbour["rank"]), score, mark, neighbour["id"]] in shown


def test_query_by_default_goes_by_auto_and_says_what_by(cli: Cli, named: EmbeddingIndex) -> None:
    arguments = ["query", "indexes/toy", "--class", "all", "--labelled-size", 30]
    found = json_of(cli(*arguments, "--json"))["classes"]
    expected = query_classes(named, [0, 1, 2], draw_labelled(named.pool, 30, 0), method="auto")
    shown = cli(*arguments).out
    for answer, own in zip(found, expected.classes, strict=True):
        count = answer["n_labelled"]
        assert 1 < count < 40
        why = answer["why"]
        assert re.fullmatch(rf"the name counts \d+; {count} positives, {30 - count} negatives", why)
        assert (answer["method"], why) == ("auto", own.why)
        assert [n["row"] for n in answer["neighbours"]] == own.neighbours.rows.tolist()
        assert (
            f"{answer['class']}: {count} of 30 labelled documents; method auto ({why})"
        ) in shown


@pytest.mark.parametrize("method", [method for method in METHODS if method != "auto"])
def test_query_by_a_method_that_the_user_names_gives_no_reason(
    cli: Cli, named: EmbeddingIndex, method: str
) -> None:
    arguments = ["query", "indexes/toy", "--class", "b", "--labelled-size", 30, "--method", method]
    (answer,) = json_of(cli(*arguments, "--json"))["classes"]
    assert (answer["method"], answer["why"]) == (method, None)
    (own,) = query_classes(named, [1], draw_labelled(named.pool, 30, 0), method=method).classes
    assert [n["row"] for n in answer["neighbours"]] == own.neighbours.rows.tolist()
    scores = [n["score"] for n in answer["neighbours"]]
    np.testing.assert_allclose(scores, own.neighbours.scores, atol=1e-6)
    assert f"labelled documents; method {method}\n" in cli(*arguments).out


def test_query_by_an_unknown_method_is_refused_with_the_choices(
    cli: Cli, toy_built: Outcome
) -> None:
    outcome = cli(
        "query", "indexes/toy", "--class", "a", "--labelled-size", 9, "--method", "nearest"
    )
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "Error: no query method 'nearest'; there are: auto, centroid, centred, rocchio, probe, "
        "margin, label-name, mixed, multi-centroid, expanded-name, expanded-mixed, contrastive\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--class", "a", "--like", "d0"],
        ["--class", "a", "--text", "words"],
        ["--like", "d0", "--text", "words"],
        ["--class", "a", "--like", "d0", "--text", "words"],
        ["--like", "", "--text", ""],
    ],
)
def test_query_asks_for_one_of_a_class_a_document_and_a_text(
    cli: Cli, toy_built: Outcome, arguments: list[str]
) -> None:
    assert cli("query", "indexes/toy", *arguments) == (1, "", ONE_OF_THREE)


@pytest.mark.parametrize("asked", [["--like", "d7"], ["--text", "words"]])
@pytest.mark.parametrize(
    ("options", "given", "says", "them"),
    [
        (["--method", "auto"], "--method", "says", "it"),
        (["--method", ""], "--method", "says", "it"),
        (["--labelled", "ids.txt"], "--labelled", "says", "it"),
        (["--labelled-size", "0"], "--labelled-size", "says", "it"),
        (["--describe", "a=words"], "--describe", "says", "it"),
        (["--descriptions", "words.json"], "--descriptions", "says", "it"),
        (
            ["--describe", "a=words", "--method", "probe", "--labelled-size", "9"],
            "--method, --labelled-size and --describe",
            "say",
            "them",
        ),
    ],
)
def test_what_says_how_a_class_is_searched_for_is_refused_without_a_class(
    cli: Cli,
    toy_built: Outcome,
    asked: list[str],
    options: list[str],
    given: str,
    says: str,
    them: str,
) -> None:
    assert cli("query", "indexes/toy", *asked, *options) == (
        1,
        "",
        f"Error: {given} {says} how a class is searched for, and {asked[0]} asks for no class; "
        f"leave {them} out, or give --class in place of {asked[0]}\n",
    )


def test_query_by_contrastive_asks_the_tuned_index(
    cli: Cli, named: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "classemb_index.queries.contrastive.tuned_index", lambda index, *rest, **named: index
    )
    arguments = ["query", "indexes/toy", "--class", "b", "--labelled-size", 30, "-k", 4]
    outcome = cli(*arguments, "--method", "contrastive")
    assert "labelled documents; method contrastive\n" in outcome.out and outcome.err == ""
    (answer,) = json_of(cli(*arguments, "--method", "contrastive", "--json"))["classes"]
    (by_centroid,) = json_of(cli(*arguments, "--method", "centroid", "--json"))["classes"]
    assert answer == by_centroid | {"method": "contrastive"}


def test_query_help_names_every_method(cli: Cli) -> None:
    shown = " ".join(cli("query", "--help").out.split()).replace("- ", "-")
    assert f"{', '.join(METHODS)}; or contrastive, which tunes the encoder." in shown


def test_query_like_a_document_gives_its_nearest_with_their_labels(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    found = json_of(cli("query", "indexes/toy", "--like", "d7", "-k", 4, "--json"))
    neighbours = found.pop("neighbours")
    assert found == {"k": 4, "like": "d7", "text": None}
    vectors = EmbeddingIndex.open("indexes/toy").embeddings()
    scores = vectors @ vectors[7]
    others = [row for row in np.flatnonzero(toy_pool.selectable) if row != 7]
    expected = sorted(others, key=lambda row: -scores[row])[:4]
    assert [n["row"] for n in neighbours] == expected
    for rank, neighbour in enumerate(neighbours, start=1):
        assert set(neighbour) == LIKE_KEYS
        row = neighbour["row"]
        assert (neighbour["rank"], neighbour["id"]) == (rank, toy_pool.ids[row])
        assert neighbour["score"] == pytest.approx(scores[row], abs=1e-5)
        names = [name for name, has in zip("abc", toy_pool.labels[row], strict=True) if has]
        assert neighbour["labels"] == names


def test_query_like_a_document_shows_labels_ids_and_texts(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    found = json_of(cli("query", "indexes/toy", "--like", "d7", "-k", 30, "--json"))
    outcome = cli("query", "indexes/toy", "--like", "d7", "-k", 30)
    title, header, *lines = outcome.out.splitlines()
    assert (title, header.split()) == (
        "Documents like d7",
        ["rank", "score", "labels", "id", "text"],
    )
    for neighbour, line in zip(found["neighbours"], lines, strict=True):
        labels = ", ".join(neighbour["labels"]) or "-"
        text = toy_pool.text(neighbour["row"])
        expected = f"{neighbour['rank']} {neighbour['score']:.3f} {labels} {neighbour['id']} {text}"
        assert line.split() == expected.split()
    assert {len(neighbour["labels"]) for neighbour in found["neighbours"]} >= {0, 1, 2}
    assert outcome.err == ""


def test_query_like_a_document_leaves_unknown_labels_open(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    np.save(tmp_path / "vectors.npy", np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], np.float32))
    lines = [{"id": "x", "text": "x", "labels": ["a"]}, {"id": "y", "text": "y", "labels": []}]
    write_jsonl([*lines, {"id": "z", "text": "z", "labels": None}], "open.jsonl")
    cli("build", "open.jsonl", "--embeddings", "vectors.npy")
    found = json_of(cli("query", "indexes/open", "--like", "x", "-k", 2, "--json"))
    assert [n["labels"] for n in found["neighbours"]] == [[], None]
    shown = cli("query", "indexes/open", "--like", "x", "-k", 2).out.splitlines()
    assert [line.split() for line in shown[2:]] == [
        ["1", "0.800", "-", "y", "y"],
        ["2", "0.600", "?", "z", "z"],
    ]


def test_query_like_a_text_gives_what_shares_its_words(cli: Cli, named: EmbeddingIndex) -> None:
    found = json_of(cli("query", "indexes/toy", "--text", "document 41 on", "-k", 3, "--json"))
    neighbours = found.pop("neighbours")
    assert found == {"k": 3, "like": None, "text": "document 41 on"}
    assert neighbours[0]["id"] == "d41"
    scores = named.embeddings() @ WordsEncoder().encode(["document 41 on"])[0]
    expected = sorted(np.flatnonzero(named.pool.selectable), key=lambda row: -scores[row])[:3]
    assert [n["row"] for n in neighbours] == expected
    assert all(set(neighbour) == LIKE_KEYS for neighbour in neighbours)
    shown = cli("query", "indexes/toy", "--text", "document 41 on", "-k", 3).out
    assert shown.startswith("Documents like 'document 41 on'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--like", "d777"], "no document 'd777' in the pool; --like takes an id of the pool"),
        (["--like", ""], "no document '' in the pool; --like takes an id of the pool"),
        (["--text", ""], "the text to search by is empty; say what the documents are about"),
        (["--text", " "], "the text to search by is empty; say what the documents are about"),
        (["--class", "d"], "no class 'd'; the pool has: a, b, c"),
        (
            ["--class", "a", "--describe", "about air"],
            "--describe takes CLASS=TEXT, not 'about air'",
        ),
        (["--class", "a", "--describe", "d=dams"], "no class 'd'; the pool has: a, b, c"),
        (
            ["--class", "a", "--describe", "a="],
            "the description of 'a' is empty; say what the class is about",
        ),
        (
            ["--class", "a", "--descriptions", "absent.json"],
            "there is no file absent.json",
        ),
        (
            ["--class", "a", "--descriptions", "classes.json"],
            'classes.json is no description file; it holds {"class": "text", ...}',
        ),
    ],
)
def test_query_refuses_what_it_cannot_answer(
    cli: Cli, named: EmbeddingIndex, arguments: list[str], message: str
) -> None:
    labelled = ["--labelled-size", "30"] if "--class" in arguments else []
    outcome = cli("query", "indexes/toy", *arguments, *labelled)
    assert outcome == (1, "", f"Error: {message}\n")


@pytest.mark.parametrize(
    "arguments", [["--text", "words"], ["--class", "a", "--describe", "a=words"]]
)
def test_query_in_words_needs_the_encoder_of_the_vectors(
    cli: Cli, toy_built: Outcome, arguments: list[str]
) -> None:
    labelled = ["--labelled-size", "30"] if "--class" in arguments else []
    outcome = cli("query", "indexes/toy", *arguments, *labelled)
    assert outcome == (
        1,
        "",
        "Error: the index in indexes/toy has no encoder, its vectors were given, so no text can be "
        "compared with them; build it again with --encoder beside --embeddings\n",
    )


def test_query_takes_descriptions_in_place_of_the_class_names(
    cli: Cli, named: EmbeddingIndex, tmp_path: Path
) -> None:
    file = {"a": "document 10", "b": "document 12", "c": "document 25"}
    (tmp_path / "words.json").write_text(json.dumps(file))
    arguments = ["query", "indexes/toy", "--class", "all", "--method", "label-name", "-k", 1]
    arguments += ["--labelled-size", 1, "--json"]

    def first(*described: str) -> list[str]:
        found = json_of(cli(*arguments, *described))["classes"]
        return [answer["neighbours"][0]["id"] for answer in found]

    assert first("--descriptions", "words.json") == ["d10", "d12", "d25"]
    # of a file and an option the option counts, and what it does not name keeps its name
    assert first("--descriptions", "words.json", "--describe", "b=document 31") == [
        "d10",
        "d31",
        "d25",
    ]
    one, two, three = first("--describe", "b=document 31")
    assert two == "d31" and (one, three) == (first()[0], first()[2])


def test_a_description_may_hold_an_equals_sign(cli: Cli, named: EmbeddingIndex) -> None:
    arguments = ["query", "indexes/toy", "--class", "a", "--labelled-size", 1, "-k", 1]
    arguments += ["--method", "label-name", "--describe", "a=x=1 document 31"]
    (answer,) = json_of(cli(*arguments, "--json"))["classes"]
    assert answer["neighbours"][0]["id"] == "d31"


COLD = [
    ("p1", "the pressure relief valve of the steam boiler leaked"),
    ("p2", "steam boiler inspected, pressure relief valve replaced"),
    ("s1", "a worker slipped on the wet floor of the canteen"),
    ("s2", "the wet floor was slippery and a visitor fell"),
    ("v1", "hands were numb after hours with a vibrating hammer drill"),
    ("m1", "the minutes of the meeting were approved without changes"),
]


def write_cold_start(folder: Path, write_jsonl: WriteJsonl) -> None:
    """cold.jsonl, of which no label is known, and classes.json that declares two classes."""
    write_jsonl([{"id": id_, "text": text, "labels": None} for id_, text in COLD], "cold.jsonl")
    groups = {"frequent": ["wet floor"], "rare": ["steam boiler pressure"]}
    (folder / "classes.json").write_text(json.dumps(groups))


def asked_cold(cli: Cli, encoder: str) -> None:
    """Build and query by names alone, from the command line."""
    outcome = cli("build", "cold.jsonl", "--encoder", encoder, "--classes", "classes.json")
    assert outcome.code == 0, outcome.err
    outcome = cli("query", "--class", "all", "-k", 2, "--json")
    found = json_of(outcome)
    assert outcome.err == (
        "Note: using the index indexes/cold\nNote: labelled set: no labelled document\n"
    )
    assert (found["n_labelled"], found["n_unlabelled"]) == (0, 6)
    floor, boiler = found["classes"]
    for answer in (floor, boiler):
        assert (answer["method"], answer["why"]) == ("auto", NOTHING_LABELLED)
        assert [n["has_class"] for n in answer["neighbours"]] == [None, None]
    assert {n["id"] for n in floor["neighbours"]} == {"s1", "s2"}
    assert {n["id"] for n in boiler["neighbours"]} == {"p1", "p2"}


def test_classes_of_a_pool_without_a_known_label_are_found_by_their_names(
    cli: Cli, words: None, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    write_cold_start(tmp_path, write_jsonl)
    asked_cold(cli, "words")
    shown = cli("query", "--class", "rare", "-k", 2).out
    assert shown.startswith(
        f"steam boiler pressure: 0 of 0 labelled documents; method auto ({NOTHING_LABELLED})\n"
    )
    assert "hits" not in shown


@pytest.mark.model
def test_classes_of_a_pool_without_a_known_label_are_found_by_their_names_with_minilm(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    write_cold_start(tmp_path, write_jsonl)
    asked_cold(cli, minilm_or_skip())
    arguments = ["--class", "wet floor", "--describe", "wet floor=injuries by vibrating tools"]
    (answer,) = json_of(cli("query", *arguments, "-k", 1, "--json"))["classes"]
    assert answer["neighbours"][0]["id"] == "v1"
    found = json_of(cli("query", "--text", "minutes of a committee", "-k", 1, "--json"))
    assert found["neighbours"][0]["id"] == "m1"


def test_a_pool_without_a_known_label_and_without_names_cannot_be_queried_by_class(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    write_cold_start(tmp_path, write_jsonl)
    np.save(tmp_path / "vectors.npy", np.eye(6, dtype=np.float32))
    cli("build", "cold.jsonl", "--embeddings", "vectors.npy", "--classes", "classes.json")
    outcome = cli("query", "--class", "rare", "--method", "label-name")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[-1] == (
        "Error: the index holds no embedding of the names of steam boiler pressure; "
        "build it again with its encoder"
    )


def test_of_many_classes_twenty_are_shown_and_json_has_all(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    names = [f"c{i:02}" for i in range(44)]
    lines = [{"id": f"d{i}", "text": f"text {i}", "labels": [names[i]]} for i in range(44)]
    write_jsonl([*lines, {"id": "z", "text": "z", "labels": None}], "many.jsonl")
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).standard_normal((45, 4)))
    cli("build", "many.jsonl", "--embeddings", "vectors.npy")
    arguments = ["query", "indexes/many", "--class", "rare", "-k", 1, "--method", "centroid"]
    outcome = cli(*arguments)
    titles = [line for line in outcome.out.splitlines() if "labelled documents; method" in line]
    assert [title.partition(":")[0] for title in titles] == names[:20]
    assert outcome.out.splitlines()[-1] == (
        "2 more of 22 classes are not shown; --class NAME shows one, --json gives all"
    )
    assert outcome.err.splitlines()[-1] == (
        "Note: no rare group is declared: taken are the classes with the fewest labelled documents, "
        f"{', '.join(names[:20])} and 2 more"
    )
    found = json_of(cli(*arguments, "--json"))["classes"]
    assert [answer["class"] for answer in found] == names[:22]
    shown = cli("query", "indexes/many", "--class", "c21", "-k", 1, "--method", "centroid").out
    assert shown.startswith("c21: 1 of 44 labelled documents; method centroid\n")
    assert "not shown" not in shown


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (("query", "indexes/toy", "--like", "d0", "-k", 72), 71),
        (("query", "indexes/toy", "--text", "words", "-k", 73), 72),
        (("query", "indexes/toy", "--class", "a", "-k", 37), 36),
        (("select", "indexes/toy", "--strategy", "random", "--batch", 37), 36),
    ],
)
def test_where_fewer_are_left_all_of_them_are_given(
    cli: Cli,
    toy_built: Outcome,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    left: int,
) -> None:
    monkeypatch.setattr(EmbeddingIndex, "load_encoder", lambda _: HashEncoder())
    monkeypatch.setattr(EmbeddingIndex, "check_encoder", lambda *_: None)
    outcome = cli(*arguments, "--json")
    asked = arguments[-1]
    assert f"Note: asked for {asked} documents, {left} are left: these are all" in outcome.err
    found = json_of(outcome)
    rows = found.get("selected") or found.get("neighbours") or found["classes"][0]["neighbours"]
    assert len({entry["row"] for entry in rows}) == left
