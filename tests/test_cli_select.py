"""`select`: the batch as a table, as JSON and as a file for the annotators."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Outcome, json_of

from classemb_index import Pool, draw_labelled

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

SELECT_KEYS = {"strategy", "batch", "seed", "selected", "skipped_classes"}
PICK_KEYS = {"rank", "row", "id", "class", "score"}


@pytest.mark.parametrize("strategy", ["random", "class-embedding"])
def test_select_json_has_the_keys_of_the_contract(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, strategy: str
) -> None:
    arguments = ["select", "indexes/toy", "--strategy", strategy, "--labelled-size", 20]
    found = json_of(cli(*arguments, "--batch", 7, "--seed", 3, "--json"))
    assert set(found) >= SELECT_KEYS
    assert (found["strategy"], found["batch"], found["seed"]) == (strategy, 7, 3)
    assert found["skipped_classes"] == []
    assert [pick["rank"] for pick in found["selected"]] == list(range(1, 8))
    unlabelled = draw_labelled(toy_pool, 20, 3).unlabelled
    for pick in found["selected"]:
        assert set(pick) == PICK_KEYS
        assert toy_pool.ids[pick["row"]] == pick["id"] and unlabelled[pick["row"]]
        is_random = strategy == "random"
        assert (pick["class"] is None) == (pick["score"] is None) == is_random


def test_select_is_the_same_for_the_same_seed(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--strategy", "random", "--labelled-size", 20, "--json"]
    first, second = (json_of(cli(*arguments, "--seed", 3, "--batch", 7)) for _ in range(2))
    assert first == second
    assert json_of(cli(*arguments, "--seed", 4, "--batch", 7))["selected"] != first["selected"]


def test_select_shows_a_table(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--labelled-size", 20, "--batch", 3]
    picks = json_of(cli(*arguments, "--json"))["selected"]
    outcome = cli(*arguments)
    assert "3 documents to label" in outcome.out
    lines = [line.split()[:4] for line in outcome.out.splitlines()]
    for pick in picks:
        expected = [str(pick["rank"]), f"{pick['score']:.3f}", pick["class"], pick["id"]]
        assert expected in lines
    assert outcome.err == ""


def test_select_out_writes_the_batch_with_its_texts(
    cli: Cli, toy_built: Outcome, tmp_path: Path, toy_pool: Pool
) -> None:
    arguments = ["select", "indexes/toy", "--labelled-size", 20, "--batch", 5]
    picks = json_of(cli(*arguments, "--json"))["selected"]
    outcome = cli(*arguments, "--out", "batch.jsonl")
    assert outcome.out == "wrote batch.jsonl\n"
    lines = [json.loads(line) for line in (tmp_path / "batch.jsonl").read_text().splitlines()]
    assert lines == [{**pick, "text": toy_pool.text(pick["row"])} for pick in picks]


def test_select_out_and_json_do_both(cli: Cli, toy_built: Outcome, tmp_path: Path) -> None:
    arguments = ["indexes/toy", "--labelled-size", 20, "--batch", 5, "--out", "b.jsonl"]
    found = json_of(cli("select", *arguments, "--json"))
    lines = (tmp_path / "b.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [p["id"] for p in found["selected"]]


def test_select_with_oracle_counts_all_classes_of_a_pick(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--labelled-size", 20, "--batch", 30, "--json"]
    without, with_oracle = json_of(cli(*arguments)), json_of(cli(*arguments, "--oracle"))
    assert [p["id"] for p in without["selected"]] != [p["id"] for p in with_oracle["selected"]]


def test_select_names_classes_without_a_centroid_on_stderr(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    train, labels = toy_pool.selectable, toy_pool.labels
    only_a = toy_pool.ids[
        int(np.flatnonzero(train & labels[:, 0] & ~labels[:, 1] & ~labels[:, 2])[0])
    ]
    file = write_jsonl([only_a], "labelled.txt")
    outcome = cli("select", "indexes/toy", "--labelled", file, "--batch", 2, "--json")
    assert json_of(outcome)["skipped_classes"] == ["b", "c"]
    assert outcome.err == "Note: no labelled document, so no centroid: b, c\n"


def test_select_that_falls_back_to_random_says_so(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    empty = toy_pool.ids[int(np.flatnonzero(toy_pool.selectable & ~toy_pool.labels.any(axis=1))[0])]
    file = write_jsonl([empty], "labelled.txt")
    outcome = cli("select", "indexes/toy", "--labelled", file, "--batch", 2, "--json")
    found = json_of(outcome)
    assert found["skipped_classes"] == ["a", "b", "c"]
    assert [pick["class"] for pick in found["selected"]] == [None, None]
    assert outcome.err == "Note: no class has a labelled document: the batch is random\n"
