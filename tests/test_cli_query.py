"""`query`: what is shown, what programs get, and which labelled set is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from conftest import Outcome, json_of
from rich.console import Console

from classemb_index import Pool, draw_labelled

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

QUERY_KEYS = {"k", "n_labelled", "n_unlabelled", "classes"}
ANSWER_KEYS = {"class", "n_labelled", "method", "has_query", "neighbours"}
NEIGHBOUR_KEYS = {"rank", "row", "id", "score", "has_class"}


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
        assert set(answer) == ANSWER_KEYS
        assert answer["method"] == "centroid" and answer["has_query"]
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
    assert "c: 0 of 1 labelled documents" in shown.out
    assert "no labelled document, so no centroid to query with" in shown.out


def test_query_marks_documents_whose_labels_nobody_knows(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    np.save(tmp_path / "vectors.npy", np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], np.float32))
    lines = [{"id": "x", "text": "x", "labels": ["a"]}]
    lines += [{"id": id_, "text": id_, "labels": None} for id_ in ("y", "z")]
    write_jsonl(lines, "open.jsonl")
    cli("build", "open.jsonl", "--embeddings", "vectors.npy")
    outcome = cli("query", "indexes/open", "--class", "a", "-k", 2)
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
    display = import_module("classemb_index.cli.display")
    monkeypatch.setattr(display, "_out", Console(width=30, highlight=False))
    shown = [line.split()[:4] for line in cli(*arguments).out.splitlines()]
    for neighbour in answer["neighbours"]:
        mark = "✓" if neighbour["has_class"] else "·"
        score = f"{neighbour['score']:.3f}"
        assert [str(neighbour["rank"]), score, mark, neighbour["id"]] in shown
