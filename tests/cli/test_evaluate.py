"""`evaluate`: a sample is drawn, filled in, taken in, and the model is measured by it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Outcome, json_of
from tests.support.unlabelled import Scene, scene

Cli = Callable[..., Outcome]

AT = ("index", "--model", "model")


@pytest.fixture
def made(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def ids_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def error_of(outcome: Outcome) -> str:
    assert outcome.code == 1 and outcome.err.count("Error:") == 1
    return outcome.err.splitlines()[-1]


def test_a_sample_goes_out_comes_back_and_measures_the_model(
    cli: Cli, made: Scene, tmp_path: Path
) -> None:
    drawn = cli("evaluate", *AT, "--out", "sample.csv", "--size", 80)
    assert drawn.code == 0, drawn.err
    first, kept, said = drawn.out.splitlines()
    assert first == "wrote sample.csv" and kept.startswith("wrote index/evaluation-")
    assert said == (
        "80 of 340 documents that nobody labelled; they are held out from now on: nothing learns from "
        "them"
    )
    ids = ids_of(tmp_path / "sample.csv")
    made.fill(tmp_path / "sample.csv", ids)
    assert cli("labels", "import", "sample.csv", "--index", "index").code == 0
    shown = cli("evaluate", *AT)
    assert shown.code == 0 and "macro-F1 0." in shown.out
    assert shown.out.startswith("Of 340 documents that nobody labelled, by 80 of them\n")
    assert shown.out.endswith("wrote model/evaluation.json\n")
    found = json_of(cli("evaluate", *AT, "--json"))
    assert json.loads((tmp_path / "model/evaluation.json").read_text()) == found
    assert [row["class"] for row in found["classes"]] == ["a", "b", "c"]
    for row in found["classes"]:
        assert row["f1"]["low"] <= row["f1"]["estimate"] <= row["f1"]["high"]
    status = cli("status", "index")
    assert "80 held out for evaluation" in status.out
    handed = cli("next", "index", "--batch", 300, "--out", "batch.csv")
    assert handed.code == 0 and not {*ids_of(tmp_path / "batch.csv")} & {*ids}


def test_a_filled_sample_is_taken_in_and_measured_by_one_command(
    cli: Cli, made: Scene, tmp_path: Path
) -> None:
    assert cli("evaluate", *AT, "--out", "sample.csv", "--size", 40).code == 0
    ids = ids_of(tmp_path / "sample.csv")
    made.fill(tmp_path / "sample.csv", ids[:30])
    assert error_of(cli("evaluate", *AT, "--import", "sample.csv")) == (
        "Error: 10 of the 40 documents of the sample are not answered for every class; label them, or "
        "--allow-missing takes those that are answered as a random part of it"
    )
    found = cli("evaluate", *AT, "--allow-missing", "--json")
    assert found.err.splitlines()[-1].startswith(
        "Note: 10 documents of the sample are not answered; the others are taken as a random part of it"
    )
    assert (json_of(found)["answered"], json_of(found)["missing"]) == (30, 10)


def test_what_cannot_be_measured_is_one_line(cli: Cli, made: Scene, tmp_path: Path) -> None:
    hint = "draw one with: classemb-index evaluate --model model --out sample.csv"
    assert error_of(cli("evaluate", *AT)) == f"Error: no sample was drawn yet; {hint}"
    assert error_of(cli("evaluate", *AT, "--out", "sample.csv", "--size", 341)) == (
        "Error: asked for a sample of 341 documents, 340 are left that nobody labelled; lower --size"
    )
    assert not list(tmp_path.glob("index/evaluation-*"))
    (tmp_path / "there.csv").write_text("mine")
    assert error_of(cli("evaluate", *AT, "--out", "there.csv")) == (
        "Error: there.csv exists; choose another --out, or --force to replace it"
    )
    assert cli("evaluate", *AT, "--out", "sample.csv", "--size", 40).code == 0
    assert error_of(cli("evaluate", *AT)) == (
        "Error: none of the 40 documents of the sample is answered yet; take the answers in with: "
        "classemb-index labels import"
    )
    made.fill(tmp_path / "other.csv", ["d0", "d1"])
    assert error_of(cli("evaluate", *AT, "--import", "other.csv")) == (
        "Error: other.csv, line 2: document 'd0' (and 1 more) is in no sample that `evaluate --out` "
        "drew, so its chance is unknown; nothing was imported. Take in other labels with: labels import"
    )
    assert error_of(cli("evaluate", *AT, "--out", "b.csv", "--json")) == (
        "Error: --out draws a sample, --import, --allow-missing and --json measure by one that is "
        "labelled; run it twice"
    )


def test_a_random_draw_and_a_file_of_ids_leave_the_sample_out(
    cli: Cli, made: Scene, tmp_path: Path
) -> None:
    assert cli("evaluate", *AT, "--out", "sample.csv", "--size", 200).code == 0
    ids = ids_of(tmp_path / "sample.csv")
    made.answer(ids)
    (tmp_path / "ids.txt").write_text("d0\nd1\nd2\nd3\n")
    for known in (("--labelled-size", 60), ("--labelled", "ids.txt"), ("--labelled-size", 0)):
        strategy = ("--strategy", "random", "--batch", 100, "--json")
        found = json_of(cli("select", "index", *known, *strategy))
        assert not {pick["id"] for pick in found["selected"]} & {*ids}


def test_only_train_with_sample_learns_from_the_sample(
    cli: Cli, made: Scene, tmp_path: Path
) -> None:
    assert cli("evaluate", *AT, "--out", "sample.csv", "--size", 40).code == 0
    made.answer(ids_of(tmp_path / "sample.csv"))
    for options, documents in (((), 60), (("--with-sample",), 100)):
        trained = cli("train", "index", "--out", f"of-{documents}", *options)
        assert trained.code == 0
        assert f"labelled set: the {documents} documents whose labels are known" in trained.err
    assert error_of(cli("evaluate", "index", "--model", "of-100")).startswith(
        "Error: the last sample was drawn for another model than the one in of-100"
    )
