"""Predictions in a file: what stands there, in which order, and what an interruption leaves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from classemb_index import EmbeddingIndex, LabelStore, Pool, Record, SavedModel, train
from classemb_index.errors import ClassembError, RequestError, UnknownClassError
from classemb_index.experiments import prediction
from classemb_index.experiments.prediction import (
    ShortList,
    predict_index,
    predict_records,
)
from classemb_index.labels import changes
from classemb_index.labels.labelled import labelled_set
from tests.support.fakes import HashEncoder
from tests.support.pools import topic_records

ALL = np.arange(120)


@pytest.fixture
def index(toy_pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    return EmbeddingIndex.build(toy_pool, HashEncoder(), tmp_path / "index")


@pytest.fixture
def model(index: EmbeddingIndex, tmp_path: Path) -> SavedModel:
    model = train(
        index, labelled_set(index.pool, index.pool.rows("train"), "train"), tmp_path / "model"
    )
    vars(model)["encoder"] = HashEncoder()
    return model


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of predictions: predicted a list, numbers as numbers."""
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    for row in rows:
        row["predicted"] = row["predicted"].split("; ") if row["predicted"] else []
        row["unfamiliar"] = {"true": True, "false": False, "": None}[row["unfamiliar"]]
        row.update({key: float(x) for key, x in row.items() if key.startswith("p:")})
    return rows


def message_of(kind: type[ClassembError], ask: Callable[[], object]) -> str:
    with pytest.raises(kind) as error:
        ask()
    return str(error.value)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_form_holds_ids_probabilities_and_decisions(
    suffix: str, index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    out = tmp_path / f"p.{suffix}"
    found = predict_index(model, index, out)
    rows, expected = read(out), model.probabilities(index, ALL)
    assert [row["id"] for row in rows] == list(index.pool.ids)
    shown = [[row[f"p:{name}"] for name in model.classes] for row in rows]
    np.testing.assert_allclose(shown, expected, rtol=1e-6)
    decided = model.decide(expected)
    assert [row["predicted"] for row in rows] == [
        [name for name, has in zip(model.classes, own, strict=True) if has] for own in decided
    ]
    unfamiliar = model.unfamiliar(index.embeddings())
    assert [row["unfamiliar"] for row in rows] == unfamiliar.tolist()
    assert found.document() == {
        "documents": 120,
        "written": 120,
        "decided": dict(zip(model.classes, decided.sum(axis=0).tolist(), strict=True)),
        "unfamiliar": int(unfamiliar.sum()),
    }


def test_a_source_gets_what_its_index_gets(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    predict_index(model, index, tmp_path / "one.jsonl")
    predict_records(model, iter(topic_records()), tmp_path / "two.jsonl")
    for one, two in zip(read(tmp_path / "one.jsonl"), read(tmp_path / "two.jsonl"), strict=True):
        assert (one.pop("id"), one.pop("predicted")) == (two.pop("id"), two.pop("predicted"))
        assert one == pytest.approx(two, rel=1e-4)


def test_a_short_list_has_the_likeliest_first(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classemb_index.experiments.unfinished.BLOCK", 7)
    column = model.probabilities(index, ALL)[:, 1].tolist()
    above = sorted(column)[80]
    found = predict_index(model, index, tmp_path / "p.jsonl", shortlist=ShortList("b", above))
    expected = sorted((row for row in range(120) if column[row] >= above), key=lambda r: -column[r])
    assert [row["id"] for row in read(tmp_path / "p.jsonl")] == [f"d{r}" for r in expected]
    assert (found.documents, found.written) == (120, len(expected))


def test_a_short_list_may_be_empty(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    predict_index(model, index, tmp_path / "p.csv", shortlist=ShortList("a", 1.0))
    assert read(tmp_path / "p.csv") == []
    assert (tmp_path / "p.csv").read_text(encoding="utf-8-sig").startswith('"id","predicted"')


def test_a_short_list_of_an_unknown_class_names_the_choices(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    def ask() -> None:
        predict_index(model, index, tmp_path / "p.csv", shortlist=ShortList("d", 0.5))

    assert message_of(UnknownClassError, ask) == (
        f"the model in {model.folder} does not know the class 'd'; it knows: a, b, c"
    )


def test_documents_that_resemble_nothing_labelled_are_marked(
    index_of: Callable[..., EmbeddingIndex], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    near = np.array([1.0, 0, 0, 0, 0]) + 0.3 * rng.standard_normal((40, 5))
    far = np.array([[-1.0, 0, 0, 0, 0], [-1.0, 0.1, 0, 0, 0]])
    records = [Record(f"d{i}", "text", ("x",) if i % 2 else (), None) for i in range(40)]
    records += [Record(f"far{i}", "text", None, None) for i in range(2)]
    index = index_of(records, np.concatenate([near, far]))
    model = train(index, labelled_set(index.pool, np.arange(40), "near"), tmp_path / "model")
    predict_index(model, index, tmp_path / "p.jsonl")
    marked = [row["id"] for row in read(tmp_path / "p.jsonl") if row["unfamiliar"]]
    assert marked[-2:] == ["far0", "far1"] and len(marked) <= 3  # one of 40 is the 1st percentile


@pytest.fixture
def blocks_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "BLOCK", 10)
    monkeypatch.setattr(prediction, "BLOCK_OF_TEXTS", 10)


def stop_after(monkeypatch: pytest.MonkeyPatch, blocks: int) -> list[int]:
    """Interrupt a prediction after so many blocks; grows by the size of each block."""
    ask, sizes = SavedModel.probabilities_of, []

    def asked(self: SavedModel, **given: Any) -> np.ndarray:
        if len(sizes) == blocks:
            raise KeyboardInterrupt
        found = ask(self, **given)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(SavedModel, "probabilities_of", asked)
    return sizes


@pytest.mark.usefixtures("blocks_of_ten")
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_an_interrupted_prediction_goes_on_and_gives_the_same_file(
    suffix: str,
    is_streamed: bool,
    index: EmbeddingIndex,
    model: SavedModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(name: str) -> None:
        out = tmp_path / f"{name}.{suffix}"
        if is_streamed:
            predict_records(model, iter(topic_records()), out)
        else:
            predict_index(model, index, out)

    ask("whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            ask("part")
    assert not (tmp_path / f"part.{suffix}").exists()
    left = tmp_path / f".part.{suffix}.partial"
    for name in ("scores.f32", "ids.jsonl"):
        with (left / name).open("ab") as file:
            file.write(b"half a block")
    sizes = stop_after(monkeypatch, 100)
    ask("part")
    assert sizes == [10] * 7
    assert (tmp_path / f"part.{suffix}").read_bytes() == (tmp_path / f"whole.{suffix}").read_bytes()
    assert not left.exists()


@pytest.mark.usefixtures("blocks_of_ten")
def test_what_another_model_has_predicted_is_not_gone_on_from(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            predict_index(model, index, tmp_path / "p.csv")
    few = labelled_set(index.pool, index.pool.rows("train")[:30], "few")
    other = train(index, few, tmp_path / "other")
    sizes = stop_after(monkeypatch, 100)
    predict_index(other, index, tmp_path / "p.csv")
    assert sizes == [10] * 12


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_source_that_has_changed_meanwhile_is_refused(
    model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: Sequence[Record] = topic_records()
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            predict_records(model, records, tmp_path / "p.csv")
    changed = [records[0]._replace(text="another"), *records[1:]]
    said = message_of(RequestError, lambda: predict_records(model, changed, tmp_path / "p.csv"))
    assert said == (
        "the documents are not those that an interrupted prediction has read; remove "
        f"{tmp_path / '.p.csv.partial'} to begin again"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda pool: changes.renamed(pool, "b", "B"),
        lambda pool: changes.merged(pool, "b", "a"),
        lambda pool: changes.removed(pool, "b"),
    ],
)
def test_a_class_that_has_gone_since_the_training_is_not_predicted(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path, change: Callable[[Pool], Any]
) -> None:
    store = LabelStore(index.folder)
    store.change_classes(changes.added(index.pool, "new"))
    predict_index(model, index, tmp_path / "p.csv")
    store.change_classes(change(index.pool))
    said = message_of(UnknownClassError, lambda: predict_index(model, index, tmp_path / "q.csv"))
    assert said == (
        f"the model in {model.folder} knows classes that the pool has not: b; the pool's classes have "
        "changed, so train again"
    )


def test_a_file_that_is_there_is_replaced_with_force_alone(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    out = tmp_path / "p.csv"
    out.write_text("mine")
    assert message_of(RequestError, lambda: predict_index(model, index, out)) == (
        f"{out} exists; choose another --out, or --force to replace it"
    )
    assert out.read_text() == "mine"
    predict_index(model, index, out, force=True)
    assert len(read(out)) == 120


def test_a_file_of_no_known_form_names_the_forms(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path
) -> None:
    said = message_of(RequestError, lambda: predict_index(model, index, tmp_path / "p.xlsx"))
    assert said == (
        f"{tmp_path / 'p.xlsx'} has no known form; predictions are written to .csv, .tsv, .jsonl, .parquet"
    )


def test_no_more_than_a_block_is_held(
    index: EmbeddingIndex, model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "BLOCK", 16)
    sizes = stop_after(monkeypatch, 100)
    predict_index(model, index, tmp_path / "p.csv")
    assert sizes == [16] * 7 + [8]
