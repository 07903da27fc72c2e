"""`analyze`: tables on stdout, one JSON document, and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from conftest import Outcome, json_of

from classemb_index import Pool, draw_labelled

Cli = Callable[..., Outcome]
WriteJsonl = Callable[..., Path]

ANALYZE_KEYS = {"top_k", "proximity", "distances", "pca"}
PROXIMITY_KEYS = {"n_labelled", "class", "hits", "in_unlabelled", "expected", "lift"}


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
