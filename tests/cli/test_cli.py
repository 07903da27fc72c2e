"""Building, inspecting, the default index, and the command line as it is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from classemb_index import EmbeddingIndex, Pool
from tests.support.commands import Outcome, json_of
from tests.support.folders import age, manifest_of, write_manifest
from tests.support.places import HEAVY, installed

Cli = Callable[..., Outcome]


def toy(tmp_path: Path) -> EmbeddingIndex:
    return EmbeddingIndex.open(tmp_path / "indexes" / "toy")


def test_build_writes_an_index_named_after_its_source_and_shows_it(
    toy_built: Outcome, tmp_path: Path
) -> None:
    assert toy_built.code == 0
    assert "toy in indexes/toy" in toy_built.out
    for fact in ("120 (dev 24, test 24, train 72)", "120 x 8 float32", "none: vectors were given"):
        assert fact in toy_built.out
    index = toy(tmp_path)
    assert index.pool.classes == ("a", "b", "c") and index.pool.groups["rare"] == ("c",)
    np.testing.assert_allclose(index.embeddings(), np.load(tmp_path / "vectors.npy"), atol=1e-6)


def test_build_again_replaces_the_index_of_the_same_source(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    np.save(tmp_path / "first.npy", np.load(tmp_path / "vectors.npy")[:50])
    again = cli("build", "toy.jsonl", "--embeddings", "first.npy", "--limit", 50)
    assert again.code == 0
    assert len(toy(tmp_path)) == 50


def test_a_note_says_that_vectors_without_an_encoder_and_ids_are_not_compared(
    cli: Cli, toy_source: Path, toy_pool: Pool, tmp_path: Path
) -> None:
    note = (
        "Note: vectors are taken row for row, and nothing is compared with the documents; --ids FILE "
        "says which is whose, --encoder NAME compares some\n"
    )
    words = ("build", toy_source.name, "--embeddings", "vectors.npy")
    assert cli(*words).err == note
    (tmp_path / "ids.txt").write_text("\n".join(toy_pool.ids))
    assert cli(*words, "--ids", "ids.txt").err == ""


def test_build_names_a_class_that_no_document_has(
    cli: Cli, toy_source: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.json").write_text(json.dumps({"rare": ["c", "gaming"]}))
    outcome = cli("build", toy_source.name, "--embeddings", "vectors.npy", "--classes", "more.json")
    assert "Note: no document has the class 'gaming'\n" in outcome.err
    assert toy(tmp_path).pool.classes == ("c", "gaming")


def test_info_shows_classes_with_groups_and_shares(
    cli: Cli, toy_built: Outcome, toy_pool: Pool
) -> None:
    outcome = cli("info", "indexes/toy")
    assert outcome.code == 0
    for name, group, count in zip(
        "abc", ("frequent", "frequent", "rare"), toy_pool.labels.sum(axis=0), strict=True
    ):
        (line,) = [line for line in outcome.out.splitlines() if line.split()[:1] == [name]]
        assert line.split() == [name, group, str(count), f"{count / 120:.2%}"]


def test_info_json_is_the_manifest(cli: Cli, toy_built: Outcome, tmp_path: Path) -> None:
    manifest = json.loads((tmp_path / "indexes/toy/manifest.json").read_text())
    assert json_of(cli("info", "indexes/toy", "--json")) == manifest


def test_verify_says_what_is_right(cli: Cli, toy_built: Outcome) -> None:
    outcome = cli("verify", "indexes/toy")
    assert outcome.code == 0
    files, documents, vectors, whole = outcome.out.splitlines()
    assert files == "3 files have the bytes and sha256 of the manifest"
    assert documents == "120 documents with unique ids, one for each vector"
    assert vectors.startswith("all vectors have unit length (within ")
    assert whole == "indexes/toy is whole"


def test_doctor_finds_what_this_machine_has(cli: Cli) -> None:
    findings = json_of(cli("doctor", "--json"))
    names = [finding["what"] for finding in findings]
    assert names == ["python", "torch", "faiss", "minilm", "hub"]
    assert all(set(finding) == {"what", "is_fine", "detail"} for finding in findings)
    shown = cli("doctor")
    assert shown.code == 0
    assert all(name in shown.out for name in names)


def test_without_an_index_the_last_built_is_taken_and_a_note_says_so(
    cli: Cli, toy_built: Outcome
) -> None:
    cli("build", "toy.jsonl", "--embeddings", "vectors.npy", "--out", "indexes/later")
    outcome = cli("verify")
    assert outcome.err == "Note: using the index indexes/later\n"
    assert outcome.out.endswith("indexes/later is whole\n")


def test_the_environment_names_the_index_before_the_last_built(
    cli: Cli, toy_built: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("build", "toy.jsonl", "--embeddings", "vectors.npy", "--out", "elsewhere")
    cli("build", "toy.jsonl", "--embeddings", "vectors.npy", "--out", "indexes/later")
    monkeypatch.setenv("CLASSEMB_INDEX", "elsewhere")
    assert cli("verify").err == "Note: using the index elsewhere\n"
    assert cli("verify", "indexes/toy").err == ""


@pytest.mark.parametrize(
    "command",
    [
        ["query", "--class", "a", "--labelled-size", "20"],
        ["select", "--labelled-size", "20", "--batch", "3"],
        ["analyze", "--sizes", "10", "-k", "10"],
        ["simulate", "--model", "probe", "--seeds", "1", "--initial", "10", "--budget", "20"],
        ["info"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_takes_the_default_index_and_keeps_stdout_for_json(
    cli: Cli, toy_built: Outcome, command: list[str]
) -> None:
    outcome = cli(*command, "--json")
    assert "Note: using the index indexes/toy\n" in outcome.err
    json_of(outcome)


def test_the_command_line_runs_as_a_module_from_another_directory(tmp_path: Path) -> None:
    outcome = installed("-m", "classemb_index.cli", "--help", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    for command in ("build", "query", "select", "analyze", "simulate", "info", "verify", "doctor"):
        assert f"\n  {command} " in outcome.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    outcome = installed("-X", "importtime", "-m", "classemb_index.cli", "--help", folder=tmp_path)
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in outcome.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "typer" in imported
    assert not imported & HEAVY


def test_a_query_by_centroid_of_a_faiss_index_imports_no_torch(
    toy_built: Outcome, tmp_path: Path
) -> None:
    pytest.importorskip("faiss", reason="needs FAISS (the 'cpu' or 'gpu' extra)")
    asked = ["query", "indexes/toy", "--class", "a", "--method", "centroid", "--json"]
    command = ["-X", "importtime", "-m", "classemb_index.cli", *asked, "--labelled-size", "20"]
    outcome = installed(*command, folder=tmp_path)
    assert len(json.loads(outcome.stdout)["classes"][0]["neighbours"]) == 10
    imported = {line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines()}
    assert "faiss" in imported and "torch" not in imported


def test_info_json_of_an_index_of_an_earlier_version_lacks_a_key_that_was_always_empty(
    cli: Cli, toy_built: Outcome, tmp_path: Path
) -> None:
    folder = tmp_path / "indexes/toy"
    age(folder, 2)
    told = json_of(cli("info", "indexes/toy", "--json"))
    write_manifest(folder, manifest_of(folder) | {"backend_parameters": {}})
    assert json_of(cli("info", "indexes/toy", "--json")) == told


def test_every_command_and_option_has_help() -> None:
    group = get_command(import_module("classemb_index.cli.main").commands)
    assert len(group.commands) == 18
    labels, classes = group.commands["labels"], group.commands["classes"]
    assert list(labels.commands) == ["import", "export", "log", "undo", "status"]
    assert list(classes.commands) == ["list", "add", "rename", "merge", "remove", "describe"]
    for name, command in {**group.commands, **labels.commands, **classes.commands}.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"
