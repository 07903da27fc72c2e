"""`train` and `predict` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Outcome, json_of
from tests.support.keywords import keyword_index
from tests.support.tiny import write_tiny

Cli = Callable[..., Outcome]

pytestmark = pytest.mark.usefixtures("toy_built")


@pytest.fixture
def unknown(cli: Cli, tmp_path: Path) -> str:
    """An index of documents of which nothing is known."""
    lines = [{"id": f"u{i}", "text": f"document {i}"} for i in range(6)]
    (tmp_path / "unknown.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    import numpy as np

    np.save(tmp_path / "u.npy", np.eye(6, 8, dtype=np.float32))
    (tmp_path / "u.json").write_text('["a"]')
    words = ["unknown.jsonl", "--embeddings", "u.npy", "--classes", "u.json"]
    assert cli("build", *words).code == 0
    return "indexes/unknown"


def test_train_shows_each_class_and_writes_the_model(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("train", "indexes/toy", "--out", "model")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "5-fold cross-validation"
    assert [line.split()[0] for line in lines[2:5]] == ["a", "b", "c"]
    assert lines[-1] == "wrote model"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "README.md",
        "classemb.json",
        "labelled.safetensors",
        "probe.safetensors",
    ]


def test_train_prints_what_stands_in_the_folder(cli: Cli, tmp_path: Path) -> None:
    found = json_of(cli("train", "indexes/toy", "--out", "model", "--json"))
    assert found.pop("model") == "model"
    assert found == json.loads((tmp_path / "model" / "classemb.json").read_text())


def test_predict_writes_a_row_a_document(cli: Cli, tmp_path: Path) -> None:
    assert cli("train", "indexes/toy", "--out", "model").code == 0
    found = json_of(cli("predict", "indexes/toy", "--model", "model", "--out", "p.csv", "--json"))
    assert (found["file"], found["documents"], found["written"]) == ("p.csv", 120, 120)
    assert len((tmp_path / "p.csv").read_text(encoding="utf-8-sig").splitlines()) == 121
    outcome = cli("predict", "indexes/toy", "--model", "model", "--out", "q.csv")
    assert outcome.out.splitlines()[-1] == "wrote q.csv"


def test_predictions_are_not_taken_for_answers(cli: Cli) -> None:
    assert cli("train", "indexes/toy", "--out", "model").code == 0
    assert cli("predict", "indexes/toy", "--model", "model", "--out", "p.csv").code == 0
    outcome = cli("labels", "import", "p.csv", "--index", "indexes/toy")
    assert outcome.code == 1 and "no 'labels'" in outcome.err


@pytest.mark.parametrize("given", [["--above", "0.5"], ["--class", "a"]])
def test_half_a_short_list_is_refused(cli: Cli, given: list[str]) -> None:
    outcome = cli("predict", "indexes/toy", "--model", "model", "--out", "p.csv", *given)
    assert (outcome.code, outcome.err) == (
        1,
        "Error: --above and --class make a short list together; give both or neither\n",
    )


def test_options_of_a_source_are_refused_for_an_index(cli: Cli) -> None:
    assert cli("train", "indexes/toy", "--out", "model").code == 0
    words = ["--model", "model", "--out", "p.csv", "--text-field", "body"]
    outcome = cli("predict", "indexes/toy", *words)
    assert (outcome.code, outcome.err) == (
        1,
        "Error: --id-field, --text-field, --labels-field, --encoding and --skip-bad say how a source is "
        "read, and this is an index; leave them out\n",
    )


def test_nothing_labelled_is_one_line(cli: Cli, unknown: str) -> None:
    outcome = cli("train", unknown, "--out", "model")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == (
        "Error: nothing is labelled, so there is nothing to train on; hand out a batch with: "
        "classemb-index next --out batch.csv"
    )


def test_a_class_that_is_left_out_is_said_in_a_note(cli: Cli) -> None:
    assert cli("classes", "add", "d", "--index", "indexes/toy").code == 0
    outcome = cli("train", "indexes/toy", "--out", "model")
    assert outcome.code == 0
    assert "Note: d is left out: no positive is labelled" in outcome.err.splitlines()


def test_train_says_that_the_labels_are_few_for_a_bert(cli: Cli, tmp_path: Path) -> None:
    tiny = write_tiny(tmp_path / "tiny", ["the", "council"])
    outcome = cli("train", "indexes/toy", "--model", tiny, "--epochs", 1, "--out", "model")
    assert outcome.code == 0, outcome.err
    assert (
        outcome.err.count("labelled documents are few for a BERT that is fine-tuned as a whole")
        == 1
    )
    assert "few" not in cli("train", "indexes/toy", "--out", "probe").err


def test_predict_writes_the_same_for_an_index_and_its_texts_by_what_was_tuned(
    cli: Cli, tmp_path: Path
) -> None:
    pool = keyword_index(tmp_path, 64).pool
    tuned = ["--model", "tuned", "--epochs", 1, "--blend", 0.5, "--device", "cpu"]
    outcome = cli("train", "index", *tuned, "--out", "model")
    assert outcome.code == 0, outcome.err
    assert "few" not in outcome.err
    rows = [json.dumps({"id": id_, "text": pool.text(row)}) for row, id_ in enumerate(pool.ids)]
    (tmp_path / "texts.jsonl").write_text("\n".join(rows))
    found = []
    for source in ("index", "texts.jsonl"):
        outcome = cli("predict", source, "--model", "model", "--out", f"{source}.csv")
        assert outcome.code == 0, outcome.err
        lines = (tmp_path / f"{source}.csv").read_text().splitlines()[1:]
        found.append([float(cell) for line in lines for cell in line.split(",")[-2:]])
    assert len(found[0]) == 128 and max(found[0]) - min(found[0]) > 0.1
    assert found[0] == pytest.approx(found[1], abs=1e-2)


def test_a_model_that_is_there_is_refused_before_anything_is_opened(
    cli: Cli, tmp_path: Path
) -> None:
    assert cli("train", "indexes/toy", "--out", "model").code == 0
    outcome = cli("train", "indexes/none", "--out", "model")
    assert (outcome.code, outcome.err) == (
        1,
        "Error: model exists; choose another --out, or --force to replace it\n",
    )
    assert cli("train", "indexes/toy", "--out", "model", "--force").code == 0


def test_errors_of_a_model_are_one_line(cli: Cli, tmp_path: Path, unknown: str) -> None:
    outcome = cli("predict", "indexes/toy", "--model", "model", "--out", "p.csv")
    assert outcome.err == (
        "Error: there is no model in model; train one with: classemb-index train --out model\n"
    )
    assert cli("train", "indexes/toy", "--out", "model").code == 0
    outcome = cli("predict", unknown, "--model", "model", "--out", "p.csv")
    assert outcome.code == 1 and len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith("Error: the model in model reads embeddings of no known encoder")
    (tmp_path / "model" / "classemb.json").write_text("{")
    outcome = cli("predict", "indexes/toy", "--model", "model", "--out", "p.csv")
    assert outcome.err == (
        "Error: the model in model is damaged: classemb.json cannot be read; train it again\n"
    )
    assert not (tmp_path / "p.csv").exists()
