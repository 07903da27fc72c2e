"""`labels`: a batch goes out, comes back, is corrected and taken back, and survives a build."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.commands import Outcome, json_of

Cli = Callable[..., Outcome]

AT = ("--index", "index")


@pytest.fixture
def build(cli: Cli, tmp_path: Path, write_jsonl: Callable[..., Path]) -> Callable[[], Outcome]:
    """Builds an index of twelve documents that nobody labelled, each with a direction of its own."""
    write_jsonl([{"id": f"d{i}", "text": f"text {i}"} for i in range(12)])
    (tmp_path / "classes.json").write_text('{"rare": ["a"], "frequent": ["b"]}')
    np.save(tmp_path / "v.npy", np.eye(12, dtype=np.float32))
    words = ("build", "pool.jsonl", "--classes", "classes.json", "--embeddings", "v.npy")
    return lambda: cli(*words, "--out", "index")


def counted(entry: dict[str, Any]) -> dict[str, Any]:
    """What a class's entry says of its labels."""
    return {key: entry[key] for key in ("class", "group", "description", "yes", "no", "unknown")}


def ids_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def select(cli: Cli, out: str, *rest: object) -> Outcome:
    return cli("select", "index", "--strategy", "random", "--batch", 4, "--out", out, *rest)


def test_two_annotators_get_different_documents_and_a_skipped_one_stays_away(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    assert build().code == 0
    for name in ("ada", "bob"):
        assert select(cli, f"{name}.csv", "--annotator", name).code == 0
    ada, bob = ids_of(tmp_path / "ada.csv"), ids_of(tmp_path / "bob.csv")
    assert not set(ada) & set(bob)
    (tmp_path / "back.csv").write_text(
        f"id,labels,skip\n{ada[0]},a; b,\n{ada[1]},-,\n{ada[2]},,x\n", encoding="utf-8"
    )
    imported = cli("labels", "import", "back.csv", *AT, "--annotator", "ada")
    assert imported.out == (
        "3 filled rows; 2 accepted; 0 known already; 1 skipped; 0 with answers that differ\n"
    )
    status = json_of(cli("labels", "status", *AT, "--json"))
    assert status["documents"] == {"answered": 2, "handed_out": 5, "skipped": 1, "held_out": 0}
    assert [counted(entry) for entry in status["classes"]] == [
        {"class": "b", "group": "frequent", "description": None, "yes": 1, "no": 1, "unknown": 10},
        {"class": "a", "group": "rare", "description": None, "yes": 1, "no": 1, "unknown": 10},
    ]
    assert select(cli, "third.csv").code == 0
    assert not set(ids_of(tmp_path / "third.csv")) & {*ada, *bob}
    assert select(cli, "fourth.csv").err.splitlines()[-1] == (
        "Error: asked for 4 documents, 0 are left in the unlabelled set; lower --batch"
    )
    assert select(cli, "again.csv", "--again").code == 0
    assert select(cli, "old.csv", "--free-after", 0).code == 0
    assert not {ada[0], ada[1], ada[2]} & set(ids_of(tmp_path / "old.csv"))


def test_answers_survive_a_build_and_undo_takes_them_back(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    (tmp_path / "back.csv").write_text("id,labels\nd3,a\nd5,-\n", encoding="utf-8")
    assert cli("labels", "import", "back.csv", *AT).code == 0
    assert build().code == 0
    found = json_of(cli("query", "index", "--class", "a", "-k", 10, "--json"))
    assert (found["n_labelled"], found["n_unlabelled"]) == (2, 10)
    assert cli("labels", "export", *AT, "--out", "all.csv").out == "wrote all.csv\n"
    assert ids_of(tmp_path / "all.csv") == ["d3", "d5"]
    assert cli("labels", "undo", *AT).out == "undone: 1 (2 documents)\n"
    (log,) = [json_of(cli("labels", "log", *AT, "--json"))["actions"]]
    assert [(a["origin"], a["undoes"], a["is_undone"]) for a in log] == [
        ("back.csv", None, True),
        ("undo", 1, False),
    ]
    status = json_of(cli("labels", "status", *AT, "--json"))
    assert status["documents"] == {"answered": 0, "handed_out": 0, "skipped": 0, "held_out": 0}


def test_undo_takes_back_one_action_by_its_number(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    for name, id_ in (("one.csv", "d3"), ("two.csv", "d5")):
        (tmp_path / name).write_text(f"id,labels,note\n{id_},a,look again\n", encoding="utf-8")
        assert cli("labels", "import", name, *AT).out.endswith("; 1 notes\n")
    assert cli("labels", "undo", *AT, "--action", 1).out == "undone: 1 (1 documents)\n"
    assert cli("labels", "undo", *AT, "--action", 1).err == (
        "Error: action 1 is taken back already; see: labels log\n"
    )
    exported = cli("labels", "export", *AT, "--out", "all.json", "--format", "label-studio")
    assert exported.err == (
        "Note: the notes on 1 documents are not in the file: it has known documents only, and "
        "notes only with --format table\n"
    )
    assert cli("labels", "export", *AT, "--out", "all.csv").err == ""
    assert (tmp_path / "all.csv").read_text(encoding="utf-8-sig").splitlines()[1] == (
        "d5,text 5,,,,a,,look again"
    )


def test_verify_reads_the_answers_too(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    (tmp_path / "back.csv").write_text("id,labels\nd3,a\n", encoding="utf-8")
    cli("labels", "import", "back.csv", *AT)
    assert cli("verify", "index").out.splitlines()[-2] == (
        "labels.sqlite can be read, with 1 actions"
    )
    (tmp_path / "index" / "labels.sqlite").write_bytes(b"something else" * 1000)
    outcome = cli("verify", "index")
    assert outcome.code == 1
    assert "labels.sqlite is damaged: file is not a database" in outcome.err


def test_a_file_of_answers_that_differ_is_shown_row_by_row(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    (tmp_path / "one.csv").write_text("id,labels\nd3,a\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("id,labels\nd3,b\n", encoding="utf-8")
    cli("labels", "import", "one.csv", *AT)
    outcome = cli("labels", "import", "two.csv", *AT)
    assert [line.split()[-4:] for line in outcome.out.splitlines()[2:4]] == [
        ["d3", "b", "no", "yes"],
        ["d3", "a", "yes", "no"],
    ]
    assert outcome.out.splitlines()[-1].endswith(
        "0 accepted; 0 known already; 0 skipped; 1 with answers that differ"
    )
    assert "--replace lets them" in outcome.err
    missing = cli("labels", "import", "none.csv", *AT)
    assert (missing.code, missing.err.splitlines()[-1]) == (1, "Error: there is no file none.csv")


def test_classes_change_and_earlier_answers_stay(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    assert build().code == 0
    (tmp_path / "back.csv").write_text("id,labels\nd0,a\nd1,b\n", encoding="utf-8")
    assert cli("labels", "import", "back.csv", *AT).code == 0
    added = cli("classes", "add", "c", "--group", "rare", "--describe", "the third", *AT)
    assert (added.code, added.out) == (0, "classes: b, a, c\n")
    assert cli("classes", "rename", "a", "alpha", *AT).out == "classes: b, alpha, c\n"
    assert json_of(cli("classes", "list", *AT, "--json"))["classes"] == [
        {"class": "b", "group": "frequent", "description": None, "yes": 1, "no": 1, "unknown": 10},
        {"class": "alpha", "group": "rare", "description": None, "yes": 1, "no": 1, "unknown": 10},
        {
            "class": "c",
            "group": "rare",
            "description": "the third",
            "yes": 0,
            "no": 0,
            "unknown": 12,
        },
    ]
    assert "the third" in cli("classes", "list", *AT).out
    assert cli("classes", "merge", "alpha", "b", *AT).out == "classes: b, c\n"
    assert build().code == 0  # what the source says of its classes is as it was
    assert cli("classes", "describe", "b", "the second", *AT).out == "classes: b, c\n"
    assert cli("classes", "remove", "c", *AT).out == "classes: b\n"
    assert cli("labels", "undo", *AT, "--last", "3").code == 0
    assert cli("query", "index", "--class", "a", "--method", "centroid", "-k", 1).code == 0
    log = cli("labels", "log", *AT).out
    assert "classes rename a -> alpha" in log


def test_classes_alone_lists_them(
    cli: Cli, build: Callable[[], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build().code == 0
    monkeypatch.setenv("CLASSEMB_INDEX", "index")
    shown = cli("classes")
    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines()[-2:]] == ["b", "a"]


def test_a_pool_is_built_without_classes_and_given_some_after(
    cli: Cli, write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    write_jsonl([{"id": f"d{i}", "text": f"text {i}"} for i in range(12)])
    np.save(tmp_path / "v.npy", np.eye(12, dtype=np.float32))
    assert cli("build", "pool.jsonl", "--embeddings", "v.npy", "--out", "index").code == 0
    refused = cli("query", "index", "--class", "rare")
    assert (refused.code, refused.err.splitlines()[-1]) == (
        1,
        "Error: the pool has no classes to query; name some with: classemb-index classes add NAME",
    )
    assert "no classes yet" in cli("classes", "list", *AT).out
    assert cli("classes", "add", "a", *AT).out == "classes: a\n"
    (tmp_path / "back.csv").write_text("id,labels\nd3,a\nd4,-\n", encoding="utf-8")
    assert cli("labels", "import", "back.csv", *AT).code == 0
    assert cli("query", "index", "--class", "a", "-k", 3).code == 0


def test_a_class_that_is_taken_is_one_error_line(cli: Cli, build: Callable[[], Outcome]) -> None:
    assert build().code == 0
    outcome = cli("classes", "add", "a", *AT)
    assert (outcome.code, outcome.err) == (
        1,
        "Error: the class 'a' is there already; the pool has: b, a\n",
    )


def test_a_batch_for_label_studio_comes_back_annotated(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    tool = ("--format", "label-studio", "--config", "config.xml")
    assert select(cli, "batch.json", *tool).out.startswith("wrote batch.json\nwrote config.xml\n")
    assert '<Choice value="a"/>' in (tmp_path / "config.xml").read_text(encoding="utf-8")
    tasks = json.loads((tmp_path / "batch.json").read_text(encoding="utf-8"))
    for number, task in enumerate(tasks, start=1):
        task |= {"id": number, "annotations": [{"id": 9, "completed_by": number % 2, "result": []}]}
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    imported = cli("labels", "import", "export.json", *AT)
    assert "export.json is read as label-studio" in imported.err
    assert imported.out.startswith("4 filled rows; 4 accepted; ")
    actions = json_of(cli("labels", "log", *AT, "--json"))["actions"]
    assert [(a["annotator"], a["documents"]) for a in actions] == [("", 4), ("1", 2), ("0", 2)]
    assert cli("labels", "export", *AT, "--out", "all.jsonl", "--format", "doccano").code == 0
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["label"] for line in lines] == [["-"]] * 4


def test_annotators_who_contradict_each_other_are_shown_and_one_can_be_taken(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    build()
    lines = [
        {"text": "text 3", "id": "d3", "label": "a", "answer": answer, "_annotator_id": who}
        for who, answer in (("ada", "accept"), ("bob", "reject"))
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "answers.jsonl").write_text(text, encoding="utf-8")
    both = cli("labels", "import", "answers.jsonl", *AT)
    assert both.out.splitlines()[2].split()[-6:] == ["d3", "a", "yes", "(ada)", "no", "(bob)"]
    assert both.out.splitlines()[-1].startswith("2 filled rows; 0 accepted; ")
    assert "--by takes one of them" in both.err
    assert cli("labels", "import", "answers.jsonl", *AT, "--by", "bob").code == 0
    status = json_of(cli("labels", "status", *AT, "--json"))
    assert counted(status["classes"][1]) == {
        "class": "a",
        "group": "rare",
        "description": None,
        "yes": 0,
        "no": 1,
        "unknown": 11,
    }


def test_a_format_is_refused_without_a_file_and_by_its_name(
    cli: Cli, build: Callable[[], Outcome]
) -> None:
    build()
    without = cli("select", "index", "--format", "doccano")
    assert without.err.splitlines()[-1] == (
        "Error: --format and --config say how --out is written; name a file with --out"
    )
    unknown = select(cli, "batch.json", "--format", "brat")
    assert unknown.err.splitlines()[-1] == (
        "Error: no format 'brat'; the formats are table, label-studio, argilla, doccano, prodigy"
    )
    help_ = cli("labels", "import", "--help").out
    assert "doccano (JSON Lines)" in " ".join(help_.split())


def test_next_takes_a_batch_in_and_hands_the_next_one_out(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    assert build().code == 0
    first = cli("next", "index", "--batch", 4, "--out", "b1.csv", "--annotator", "ada")
    assert first.code == 0, first.err
    ids = ids_of(tmp_path / "b1.csv")
    (tmp_path / "b1.csv").write_text(
        "id,labels\n" + "".join(f"{id_},a\n" for id_ in ids), encoding="utf-8"
    )
    second = cli(
        "next", "index", "--import", "b1.csv", "--batch", 5, "--annotator", "ada", "--json"
    )
    assert second.code == 0, second.err
    assert "4 filled rows; 4 accepted" in second.err
    shown = [pick["id"] for pick in json_of(second)["selected"]]
    assert len(shown) == 5 and not set(shown) & set(ids)
    third = json_of(cli("next", "index", "--batch", 50, "--json"))["selected"]
    assert {pick["id"] for pick in third} == {f"d{i}" for i in range(12)} - {*ids, *shown}
    status = json_of(cli("status", "index", "--json"))
    assert status == json_of(cli("labels", "status", *AT, "--json"))
    assert [(b["documents"], b["answered"]) for b in status["batches"]] == [(4, 4), (5, 0), (3, 0)]
    assert [batch["annotator"] for batch in status["batches"]] == ["ada", "ada", ""]
    nothing = cli("next", "index")
    assert (nothing.code, nothing.err.splitlines()[-1]) == (
        1,
        "Error: asked for 20 documents, 0 are left in the unlabelled set; lower --batch",
    )


def test_who_selects_at_the_same_time_gets_other_documents(
    cli: Cli, build: Callable[[], Outcome], tmp_path: Path
) -> None:
    assert build().code == 0
    asked = [sys.executable, "-c", "from classemb_index.cli.main import app; app()"]
    running = [
        subprocess.Popen([*asked, "next", "index", "--batch", "3", "--out", f"{name}.csv"])
        for name in "pqrs"
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    ids = [id_ for name in "pqrs" for id_ in ids_of(tmp_path / f"{name}.csv")]
    assert sorted(ids) == sorted(f"d{i}" for i in range(12))


def test_status_says_how_far_it_is(cli: Cli, build: Callable[[], Outcome], tmp_path: Path) -> None:
    assert build().code == 0
    (tmp_path / "one.csv").write_text("id,labels\nd0,a\nd1,b\nd2,-\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("id,labels\nd0,a\nd1,a\nd2,-\n", encoding="utf-8")
    assert cli("labels", "import", "one.csv", *AT, "--annotator", "ada").code == 0
    assert cli("labels", "import", "two.csv", *AT, "--annotator", "bob", "--replace").code == 0
    shown = cli("status", "index").out
    assert "3 documents answered" in shown
    assert "label a batch of" in shown  # no estimate without a random batch
    assert "go on: predictions are compared over 3 batches, 0 can be compared yet" in shown
    (every, *_) = json_of(cli("status", "index", "--json"))["agreement"]
    # 6 cells, of which the two of d1 differ: 5 of 12 answers are yes
    assert (every["class"], every["documents"], every["cells"], every["agreed"]) == (None, 3, 6, 4)
