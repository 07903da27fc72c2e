"""`analyze`: tables on stdout, one JSON document, and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, draw_labelled
from classemb_index.measures.methods import COMPARED
from tests.support.commands import Outcome, json_of
from tests.support.pictures import leave_pictures_blank
from tests.support.pools import topic_vectors

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

ANALYZE_KEYS = {"top_k", "proximity", "distances", "pca"}
PROXIMITY_KEYS = {"n_labelled", "class", "hits", "in_unlabelled", "expected", "lift"}
METHOD_KEYS = {"n_labelled", "class", "group", "method", "draws"}
METHOD_MEASURES = ("precision", "recall", "average_precision", "lift")
CHOICES = ", ".join(COMPARED)


@pytest.fixture
def toy_names(toy_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy index has an embedding of each class's name."""
    vectors = topic_vectors(toy_pool)
    names = np.stack([vectors[toy_pool.labels[:, c]].mean(axis=0) for c in range(3)])
    monkeypatch.setattr(EmbeddingIndex, "name_vectors", property(lambda _: names))


def strict_json_of(outcome: Outcome) -> Any:
    """The JSON document, in which NaN would be an error."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} in JSON")

    json_of(outcome)
    return json.loads(outcome.out, parse_constant=refuse)


def test_analyze_json_has_the_keys_of_the_contract(cli: Cli, toy_built: Outcome) -> None:
    found = json_of(
        cli("analyze", "indexes/toy", "--sizes", "10,20", "--top-k", 15, "--seeds", 3, "--json")
    )
    assert set(found) >= ANALYZE_KEYS
    assert found["top_k"] == 15
    assert len(found["draws"]) == 6  # two sizes, three seeds
    entries = [(entry["n_labelled"], entry["class"]) for entry in found["proximity"]]
    assert entries == [(size, name) for size in (10, 20) for name in "abc"]
    for entry in found["proximity"]:
        assert set(entry) >= PROXIMITY_KEYS
    assert [entry["class"] for entry in found["distances"]] == ["a", "b", "c"]
    assert all(set(entry) == {"class", "same", "other"} for entry in found["distances"])
    first, second = found["pca"]["explained_variance"]
    assert first >= second > 0 and first + second <= 1


def test_analyze_shows_tables_and_where_the_pictures_are(cli: Cli, toy_built: Outcome) -> None:
    outcome = cli("analyze", "indexes/toy", "--sizes", "10,20", "--top-k", 15, "--seed", 2)
    assert outcome.code == 0
    assert "|L| = 10: documents with the class among 15 (draws: 1)" in outcome.out
    assert "|L| = 20: documents with the class among 15 (draws: 1)" in outcome.out
    assert (
        "Cosine distance to class centroids (20 labelled documents drawn with seed 2)"
        in outcome.out
    )
    assert "PCA: two components explain" in outcome.out
    assert outcome.err == "Note: --out DIR writes the figures and tables\n"


def test_analyze_out_writes_figures_tables_and_the_document(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    outcome = cli(
        "analyze", "indexes/toy", "--sizes", "10", "--top-k", 15, "--out", "found", "--json"
    )
    names = [
        "analysis.json",
        "distances.csv",
        "distances.png",
        "distances.svg",
        "pca.png",
        "pca.svg",
        "proximity.csv",
        "proximity.tex",
    ]
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == names
    written = (tmp_path / "found" / "analysis.json").read_text(encoding="utf-8")
    assert json.loads(written) == json_of(outcome)


def test_analyze_of_given_ids_uses_these_alone(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    ids = [toy_pool.ids[row] for row in draw_labelled(toy_pool, 12, 5).rows]
    file = write_jsonl(ids, "labelled.txt")
    given = json_of(cli("analyze", "indexes/toy", "--labelled", file, "-k", 15, "--json"))
    drawn = json_of(cli("analyze", "indexes/toy", "--sizes", 12, "--seed", 5, "-k", 15, "--json"))
    assert given["draws"] == ["the labelled ids given"]
    assert {key: given[key] for key in ("proximity", "distances", "pca")} == {
        key: drawn[key] for key in ("proximity", "distances", "pca")
    }


def test_analyze_of_documents_that_are_all_alike_is_still_json(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    write_jsonl([{"id": f"d{i}", "text": "same", "labels": ["a"]} for i in range(6)], "same.jsonl")
    np.save(tmp_path / "vectors.npy", np.ones((6, 2), dtype=np.float32))
    cli("build", "same.jsonl", "--embeddings", "vectors.npy")
    found = json_of(cli("analyze", "indexes/same", "--sizes", 3, "-k", 2, "--json"))
    assert found["pca"]["explained_variance"] == [0, 0]


def test_analyze_methods_json_has_the_keys_of_the_contract(
    cli: Cli, toy_built: Outcome, toy_names: None
) -> None:
    options = ["--methods", "all", "--sizes", "0,8", "--top-k", 10, "--json"]
    found = strict_json_of(cli("analyze", "indexes/toy", *options))
    entries = found["methods"]
    subjects = [("a", None), ("b", None), ("c", None)]
    subjects += [(None, "rare"), (None, "frequent"), (None, "all")]
    assert [(e["n_labelled"], e["class"], e["group"], e["method"]) for e in entries] == [
        (size, *subject, method) for size in (0, 8) for subject in subjects for method in COMPARED
    ]
    for entry in entries:
        assert set(entry) >= METHOD_KEYS
        for measure in METHOD_MEASURES:
            if entry["draws"]:
                assert set(entry[measure]) == {"mean", "low", "high", "seeds"}
            else:
                assert entry[measure] is None
    (auto,) = [
        e for e in entries if (e["n_labelled"], e["group"], e["method"]) == (8, "all", "auto")
    ]
    assert auto["precision"]["low"] < auto["precision"]["mean"] < auto["precision"]["high"]
    assert (auto["draws"], auto["queried"]) == (5, 15)
    assert {entry["n_labelled"] for entry in found["proximity"]} == {8}
    assert found["draws"][0] == "no labelled document" and len(found["draws"]) == 6


def test_analyze_compares_no_methods_unless_asked(cli: Cli, toy_built: Outcome) -> None:
    outcome = cli("analyze", "indexes/toy", "--sizes", 10, "-k", 15, "--seed", 0, "--json")
    assert json_of(outcome)["methods"] == []
    shown = cli("analyze", "indexes/toy", "--sizes", 10, "-k", 15, "--seed", 0).out
    assert "query methods" not in shown


def test_analyze_shows_a_table_of_methods_a_size(
    cli: Cli, toy_built: Outcome, toy_names: None
) -> None:
    options = ["--methods", "centroid, label-name,auto", "--sizes", "0,4", "-k", 10]
    outcome = cli("analyze", "indexes/toy", *options)
    assert outcome.code == 0
    none, four = outcome.out.split("precision@10 of query methods in %")[1:]
    assert none.startswith(" (draws: 1)") and four.startswith(" (draws: 5)")
    assert "No class has a query with centroid." in none
    assert "95 % interval" not in none and "common" not in none
    lines = {line.split("  ")[0]: line.split() for line in four.splitlines() if line.strip()}
    assert four.splitlines()[2].split() == [
        "class", "random", "at", "most", "centroid", "name", "auto",
    ]  # fmt: skip
    assert {"a", "b", "c", "rare: mean", "frequent: mean", "all: mean"} <= set(lines)
    assert lines["c"][0] == "c" and lines["c"][3].endswith("*")
    assert "rare: common" in lines and "all: common" in lines
    assert "Below a mean stands its 95 % interval over draws." in four
    assert "* over the classes and draws that have a query with this method, not all." in four


def test_analyze_table_shows_the_numbers_of_the_json(cli: Cli, toy_built: Outcome) -> None:
    options = ["--methods", "centroid", "--sizes", "30", "-k", 10, "--seed", 1]
    found = json_of(cli("analyze", "indexes/toy", *options, "--json"))["methods"]
    shown = cli("analyze", "indexes/toy", *options).out.split("query methods in %")[1]
    rows = [line.split() for line in shown.splitlines()[2:8]]
    for entry, row in zip(found, rows, strict=True):
        shares = (entry["prevalence"], entry["ceiling"], entry["precision"]["mean"])
        cells = [f"{100 * x:.0f}" if x >= 0.0995 else f"{100 * x:.1f}" for x in shares]
        assert row[-3:] == cells
        assert row[0] == (entry["class"] or f"{entry['group']}:")


def test_analyze_methods_of_a_narrow_terminal_stand_in_several_tables(
    cli: Cli, toy_built: Outcome, toy_names: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import import_module

    display = import_module("classemb_index.cli.display.console")
    monkeypatch.setattr(display.out, "width", 80)
    outcome = cli("analyze", "indexes/toy", "--methods", "all", "--sizes", 20, "-k", 10)
    assert outcome.code == 0
    assert outcome.out.count("precision@10 of query methods") > 1
    shown = outcome.out.split("Cosine distance")[1]
    for word in ("centroid", "centred", "rocchio", "probe", "margin", "mixed", "multi-", "auto"):
        assert word in shown
    assert max(len(line) for line in shown.splitlines() if "mean" in line) <= 80


def test_analyze_out_writes_the_table_and_pictures_of_the_methods(
    cli: Cli, toy_built: Outcome, tmp_path: Path, toy_names: None
) -> None:
    options = ["--methods", "all", "--sizes", "0,10", "-k", 15, "--out", "found"]
    outcome = cli("analyze", "indexes/toy", *options)
    names = {path.name for path in (tmp_path / "found").iterdir()}
    written = {
        "methods.csv",
        "methods.png",
        "methods.svg",
        "methods-classes.png",
        "methods-classes.svg",
    }
    assert written < names and {"pca.png", "proximity.csv", "analysis.json"} < names
    assert all(f"wrote found/{name}" in outcome.out for name in written)
    pictured = (tmp_path / "found" / "methods-classes.svg").read_text(encoding="utf-8")
    assert "10 labelled documents" in pictured  # not 0, though it was asked for too
    document = (tmp_path / "found" / "analysis.json").read_text(encoding="utf-8")
    assert "NaN" not in document and len(json.loads(document)["methods"]) == 2 * 6 * len(COMPARED)


def test_analyze_without_any_label_shows_the_methods_alone(
    cli: Cli,
    toy_built: Outcome,
    tmp_path: Path,
    toy_names: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave_pictures_blank(monkeypatch)
    options = ["--methods", "label-name,centroid", "--sizes", 0, "-k", 15]
    found = strict_json_of(cli("analyze", "indexes/toy", *options, "--json", "--out", "found"))
    assert (found["proximity"], found["distances"]) == ([], [])
    assert found["pca"] == {"explained_variance": [0, 0], "n_points": 0}
    assert found["draws"] == ["no labelled document"]
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == [
        "analysis.json",
        "methods-classes.png",
        "methods-classes.svg",
        "methods.csv",
        "methods.png",
        "methods.svg",
    ]
    shown = cli("analyze", "indexes/toy", *options).out
    assert shown.startswith("|L| = 0: precision@15 of query methods in % (draws: 1)\n")


def test_analyze_methods_of_given_ids_are_those_of_the_same_draw(
    cli: Cli, toy_built: Outcome, toy_pool: Pool, write_jsonl: WriteJsonl
) -> None:
    ids = [toy_pool.ids[row] for row in draw_labelled(toy_pool, 12, 5).rows]
    file = write_jsonl(ids, "labelled.txt")
    options = ["--methods", "all", "-k", 15, "--json"]
    given = json_of(cli("analyze", "indexes/toy", "--labelled", file, *options))
    drawn = json_of(cli("analyze", "indexes/toy", "--sizes", 12, "--seed", 5, *options))
    assert given["methods"] == drawn["methods"] != []


def test_analyze_methods_of_a_pool_with_unknown_labels_count_the_known_ones(
    cli: Cli, tmp_path: Path, write_jsonl: WriteJsonl
) -> None:
    documents = [{"id": f"d{i}", "text": f"text {i}", "labels": ["ab"[i % 2]]} for i in range(10)]
    documents += [{"id": f"u{i}", "text": "unknown", "labels": None} for i in range(5)]
    write_jsonl(documents, "some.jsonl")
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).standard_normal((15, 4)))
    cli("build", "some.jsonl", "--embeddings", "vectors.npy")
    outcome = cli(
        "analyze", "indexes/some", "--sizes", 4, "-k", 6, "--methods", "centroid", "--json"
    )
    for entry in json_of(outcome)["methods"]:
        if entry["draws"]:  # all six that are left and known are looked at
            assert entry["recall"]["mean"] == 1
            assert entry["precision"]["mean"] == pytest.approx(entry["prevalence"])
    assert (
        "no rare group is declared: taken are the classes with the fewest labelled documents, a"
        in outcome.err
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--methods", "centroid,x"], f"no query method 'x'; there are: {CHOICES}"),
        (["--methods", ""], f"no query method ''; there are: {CHOICES}"),
        (
            ["--methods", "contrastive"],
            "contrastive tunes an encoder and embeds the pool again for every draw, so analyze leaves "
            f"it out; there are: {CHOICES}",
        ),
        (
            ["--sizes", "0,10"],
            "without a labelled document no class has a centroid; leave 0 out of --sizes, or compare "
            "the query methods, some of which need no label, with --methods all",
        ),
        (
            ["--methods", "all", "--sizes", "0", "--top-k", 100],
            "asked for the 100 nearest documents, 72 with known labels are left beside 0 labelled; "
            "lower --top-k or --sizes",
        ),
    ],
)
def test_analyze_methods_refuses_what_it_cannot_do(
    cli: Cli, toy_built: Outcome, options: list[object], message: str
) -> None:
    outcome = cli("analyze", "indexes/toy", *options)
    assert (outcome.code, outcome.out, outcome.err) == (1, "", f"Error: {message}\n")


def test_analyze_help_names_every_method(cli: Cli) -> None:
    shown = " ".join(cli("analyze", "--help").out.split()).replace("- ", "-")
    assert f"all, or some of {', '.join(COMPARED)}." in shown
