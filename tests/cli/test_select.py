"""`select`: the batch as a table, as JSON and as a file for the annotators."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, Pool, Record, draw_labelled
from tests.support.commands import Outcome, json_of
from tests.support.places import shared_or_skip
from tests.support.pools import topic_vectors

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

CLASS_EMBEDDING = ("--strategy", "class-embedding")
SELECT_KEYS = {"strategy", "batch", "seed", "selected", "skipped_classes"}
PICK_KEYS = {"rank", "row", "id", "class", "score", "step"}


@pytest.mark.parametrize(
    ("strategy", "has_class", "has_score"),
    [
        ("random", False, False),
        ("class-embedding", True, True),
        ("cvirs", False, True),
        ("dal", False, False),
        ("uncertainty", False, True),
        ("max-uncertainty", False, True),
        pytest.param("alps", False, False, marks=pytest.mark.model),
    ],
)
def test_select_json_has_the_keys_of_the_contract(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, strategy: str, has_class: bool, has_score: bool
) -> None:
    arguments = ["select", "indexes/toy", "--strategy", strategy, "--labelled-size", 20]
    if strategy == "alps":
        arguments += ["--masked-lm", shared_or_skip("models", "bert-tiny-mlm")]
    arguments += ["--discriminator-epochs", 5]
    found = json_of(cli(*arguments, "--batch", 7, "--seed", 3, "--json"))
    assert set(found) >= SELECT_KEYS
    assert (found["strategy"], found["batch"], found["seed"]) == (strategy, 7, 3)
    assert found["skipped_classes"] == []
    assert [pick["rank"] for pick in found["selected"]] == list(range(1, 8))
    unlabelled = draw_labelled(toy_pool, 20, 3).unlabelled
    for pick in found["selected"]:
        assert set(pick) == PICK_KEYS
        assert toy_pool.ids[pick["row"]] == pick["id"] and unlabelled[pick["row"]]
        assert (pick["class"] is not None, pick["score"] is not None) == (has_class, has_score)


def test_select_max_uncertainty_looks_at_a_probe_of_the_labelled_set(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    arguments = ["select", "indexes/toy", "--strategy", "max-uncertainty", "--labelled-size", 20]
    picks = json_of(cli(*arguments, "--batch", 5, "--seed", 3, "--json"))["selected"]
    vectors, labelled = topic_vectors(toy_pool), draw_labelled(toy_pool, 20, 3)
    p = np.stack(
        [
            LogisticRegression(class_weight="balanced", max_iter=1000)
            .fit(vectors[labelled.rows], toy_pool.labels[labelled.rows, c])
            .predict_proba(vectors)[:, 1]
            for c in range(3)
        ]
    )
    scores = np.where(labelled.unlabelled, (1 - np.abs(2 * p - 1)).max(axis=0), -1)
    best = np.argsort(-scores)[:5]
    assert [pick["row"] for pick in picks] == best.tolist()
    assert [pick["score"] for pick in picks] == pytest.approx(scores[best], abs=1e-4)


@pytest.mark.model
def test_select_can_look_at_a_bert_of_the_labelled_set(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--strategy", "cvirs", "--labelled-size", 20]
    arguments += ["--batch", 5, "--model", shared_or_skip("models", "bert-tiny-mlm")]
    arguments += ["--epochs", 1, "--max-length", 16, "--learning-rate", 1e-3, "--json"]
    outcome = cli(*arguments)
    assert len({pick["id"] for pick in json_of(outcome)["selected"]}) == 5
    assert outcome.err == ""


def test_select_shows_picks_that_no_class_asked_for(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--labelled-size", 20, "--batch", 3, "--strategy"]
    for strategy in ("uncertainty", "dal"):
        arguments_of = [*arguments, strategy, "--discriminator-epochs", 5]
        picks = json_of(cli(*arguments_of, "--json"))["selected"]
        lines = [line.split() for line in cli(*arguments_of).out.splitlines()]
        for pick in picks:
            score = [] if pick["score"] is None else [f"{pick['score']:.3f}"]
            start = [str(pick["rank"]), *score, "-", pick["id"]]
            assert any(line[: len(start)] == start for line in lines)


def test_select_takes_portfolio_where_no_strategy_is_named(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--labelled-size", 20, "--batch", 6, "--json"]
    found = json_of(cli(*arguments))
    assert found["strategy"] == "portfolio"
    assert found == json_of(cli(*arguments, "--strategy", "portfolio"))


def test_select_is_the_same_for_the_same_seed(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--strategy", "random", "--labelled-size", 20, "--json"]
    first, second = (json_of(cli(*arguments, "--seed", 3, "--batch", 7)) for _ in range(2))
    assert first == second
    assert json_of(cli(*arguments, "--seed", 4, "--batch", 7))["selected"] != first["selected"]


def test_select_shows_a_table(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", *CLASS_EMBEDDING, "--labelled-size", 20, "--batch", 3]
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
    arguments = ["select", "indexes/toy", *CLASS_EMBEDDING, "--labelled-size", 20, "--batch", 5]
    picks = json_of(cli(*arguments, "--json"))["selected"]
    outcome = cli(*arguments, "--out", "batch.jsonl")
    assert outcome.out.splitlines()[:2] == ["wrote batch.jsonl", "Classes so far"]
    assert ["a", "-", "unknown:"] in [line.split()[:3] for line in outcome.out.splitlines()]
    lines = [json.loads(line) for line in (tmp_path / "batch.jsonl").read_text().splitlines()]
    added = {"strategy": "class-embedding", "labels": None}
    assert lines == [{**pick, **added, "text": toy_pool.text(pick["row"])} for pick in picks]


def test_select_out_and_json_do_both(cli: Cli, toy_built: Outcome, tmp_path: Path) -> None:
    arguments = ["indexes/toy", "--labelled-size", 20, "--batch", 5, "--out", "b.jsonl"]
    found = json_of(cli("select", *arguments, "--json"))
    lines = (tmp_path / "b.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [p["id"] for p in found["selected"]]


def test_select_with_oracle_counts_all_classes_of_a_pick(cli: Cli, toy_built: Outcome) -> None:
    arguments = [
        "select",
        "indexes/toy",
        *CLASS_EMBEDDING,
        "--labelled-size",
        20,
        "--batch",
        30,
        "--json",
    ]
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
    outcome = cli(
        "select", "indexes/toy", *CLASS_EMBEDDING, "--labelled", file, "--batch", 2, "--json"
    )
    assert json_of(outcome)["skipped_classes"] == ["b", "c"]
    assert outcome.err == "Note: no labelled document and nothing else to ask with: b, c\n"


def test_select_that_falls_back_to_random_says_so(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    empty = toy_pool.ids[int(np.flatnonzero(toy_pool.selectable & ~toy_pool.labels.any(axis=1))[0])]
    file = write_jsonl([empty], "labelled.txt")
    outcome = cli(
        "select", "indexes/toy", *CLASS_EMBEDDING, "--labelled", file, "--batch", 2, "--json"
    )
    found = json_of(outcome)
    assert found["skipped_classes"] == ["a", "b", "c"]
    assert [pick["class"] for pick in found["selected"]] == [None, None]
    assert outcome.err == "Note: no class has a labelled document: the batch is random\n"


def test_select_portfolio_says_step_and_class_of_every_pick(cli: Cli, toy_built: Outcome) -> None:
    arguments = ["select", "indexes/toy", "--strategy", "portfolio", "--labelled-size", 20]
    found = json_of(cli(*arguments, "--batch", 10, "--json"))
    steps = [pick["step"] for pick in found["selected"]]
    # given vectors have no names: boundaries ask first, then uncertainty
    asked = steps.count("boundary")
    assert 0 < asked <= 9
    assert steps == ["boundary"] * asked + ["uncertainty"] * (10 - asked)
    assert all(pick["class"] in "abc" for pick in found["selected"])
    shown = cli(*arguments, "--batch", 10).out.splitlines()
    assert shown[1].split() == ["rank", "score", "class", "step", "id", "text"]


@pytest.fixture
def half_labelled(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """Ten documents of known labels, three of them with "a"; thirty that nobody has labelled."""
    labels = [("a",)] * 3 + [("b",)] * 7 + [None] * 30
    records = [Record(f"d{i}", f"text {i}", own, None) for i, own in enumerate(labels)]
    return index_of(records, np.random.default_rng(0).normal(size=(40, 4)))


def test_select_portfolio_needs_no_oracle_and_tells_the_outlook_of_each_class(
    cli: Cli, half_labelled: EmbeddingIndex
) -> None:
    arguments = ["select", half_labelled.folder, "--strategy", "portfolio", "--batch", 10]
    assert {c["prevalence"] for c in json_of(cli(*arguments, "--json"))["classes"]} == {None}
    drawn = [json.dumps({"id": f"d{i}", "strategy": "random"}) for i in range(10)]
    Path("drawn.jsonl").write_text("\n".join(drawn))
    arguments += ["--labelled", "drawn.jsonl"]
    found = json_of(cli(*arguments, "--json"))
    assert {pick["row"] for pick in found["selected"]} <= set(range(10, 40))
    assert [entry["class"] for entry in found["classes"]] == ["a", "b"]
    first = found["classes"][0]
    assert (first["progress"]["n_labelled"], first["progress"]["verdict"]) == (3, "unknown")
    exact = binomtest(3, 10).proportion_ci(0.95, method="exact")
    share = first["prevalence"]
    assert share["share"] == 0.3
    assert (share["low"], share["high"]) == pytest.approx((exact.low, exact.high))
    shown = cli(*arguments).out
    assert f"30.0% [{exact.low:.1%}, {exact.high:.1%}]" in shown


def test_a_batch_that_came_back_says_what_each_class_yielded(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    files = []
    for number, strategy in enumerate(("random", "portfolio")):
        before = [*files] or ["--labelled-size", 0]
        files += ["--labelled", f"b{number}.jsonl"]
        options = ["--strategy", strategy, "--batch", 20, "--out", f"b{number}.jsonl"]
        assert cli("select", "indexes/toy", *options, *before).code == 0
    found = json_of(cli("select", "indexes/toy", *files, "--batch", 1, "--json"))
    picks = [json.loads(line) for line in Path("b1.jsonl").read_text().splitlines()]
    for position, entry in enumerate(found["classes"]):
        name = toy_pool.classes[position]
        searched = [p for p in picks if p["class"] == name and p["step"] != "uncertainty"]
        hits = sum(bool(toy_pool.labels[p["row"], position]) for p in searched)
        progress = entry["progress"]
        assert (progress["searched"], progress["found"]) == (len(searched), hits)
        assert [batch["documents"] for batch in progress["batches"]] == [20, 20]


def test_no_names_and_a_description_exclude_each_other(cli: Cli, toy_built: Outcome) -> None:
    outcome = cli("select", "indexes/toy", "--batch", 1, "--no-names", "--describe", "a=fire")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        1,
        "Error: --no-names hides what --describe says; leave one of them out",
    )
