"""The model card: read by the hub's own library, and true to the facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from classemb_index.errors import ModelFolderError
from classemb_index.models.card import model_card, write_card

FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
ROW = {"positives": 7, "negatives": 20, "threshold": 0.25, "slope": 2.0, "offset": -1.0}
FACTS: dict[str, Any] = {
    "kind": "probe",
    "created": "2030-01-01T00:00:00+00:00",
    "versions": {"numpy": "2.0"},
    "seed": 3,
    "index": {"name": 'some "pool"', "documents": 1000},
    "encoder": {"name": "minilm", "fingerprint": "abc", "max_length": 256},
    "dim": 384,
    "normalisation": "unit",
    "labels": {"documents": 27, "sha256": "def", "left_out": {"noise": "no positive"}},
    "training": {"model": "probe", "c": 1.0},
    "cross_validation": {
        "folds": 5,
        "groups": 26,
        "near_duplicate": 0.95,
        "macro_f1": 0.8,
        "micro_f1": 0.75,
    },
    "calibration": {
        "method": "Platt scaling",
        "reliability": [{"low": 0.2, "high": 0.3, "n": 1200, "mean": 0.25, "share": 0.2}],
    },
    "familiarity": {"percentile": 1, "limit": 0.4, "compared_with": 27},
    "classes": [
        {"class": "fire | smoke", **ROW, "precision": FIGURE, "recall": FIGURE, "f1": FIGURE},
        {"class": "leak", **ROW, "precision": None, "recall": None, "f1": None},
    ],
}


def test_the_hubs_own_library_reads_the_metadata(tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    write_card(tmp_path, FACTS)
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.library_name == "classemb-index"
    assert data.tags == ["text-classification", "multi-label", "classemb-index"]
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value) == ("f1", 0.8)
    assert result.dataset_name == 'some "pool"'


def test_a_class_has_its_counts_figures_and_threshold() -> None:
    lines = model_card(FACTS).splitlines()
    figures = "0.800 [0.70, 0.90] | 0.800 [0.70, 0.90] | 0.800 [0.70, 0.90]"
    assert f"| fire \\| smoke | 7 | 20 | {figures} | 0.250 |" in lines
    assert "| leak | 7 | 20 | - | - | - | 0.250 |" in lines
    assert "| 0.2 to 0.3 | 0.250 | 0.200 | 1,200 |" in lines


def test_the_card_says_what_the_figures_are_not() -> None:
    card = model_card(FACTS)
    assert "they are no random sample" in card and "classemb-index evaluate" in card
    assert "noise: no positive labelled." in card
    assert "Not measured." in card


def test_what_evaluate_found_is_shown_once_it_is_there(tmp_path: Path) -> None:
    known, open_ = ({"estimate": estimate, "low": 0.1, "high": 0.9} for estimate in (0.75, None))
    row = {"class": "leak", "precision": known, "recall": known, "f1": open_}
    found = {"population": 12345, "answered": 200, "classes": [row]}
    (tmp_path / "evaluation.json").write_text(json.dumps(found))
    write_card(tmp_path, FACTS)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| leak | 0.75 [0.10, 0.90] | 0.75 [0.10, 0.90] | - [0.10, 0.90] |" in card.splitlines()
    assert "12,345 documents that nobody had labelled, estimated from a sample of 200" in card
    assert "Not measured." not in card


def test_an_evaluation_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(ModelFolderError, match=r"evaluation\.json cannot be read; write it again"):
        write_card(tmp_path, FACTS)


def test_a_bert_says_how_a_pipeline_loads_it() -> None:
    training = {"model": "bert-base-uncased", "max_length": 128}
    card = model_card({**FACTS, "kind": "bert", "training": training})
    assert "pipeline_tag: text-classification" in card
    assert "classify(texts, truncation=True, max_length=128)" in card


def test_a_probe_says_whether_it_starts_from_the_class_names() -> None:
    plain = model_card({**FACTS, "training": {"model": "probe", "class_weight": "balanced"}})
    named = model_card({**FACTS, "training": {"model": "probe", "names": "f00d"}})
    assert "(logistic heads on sentence embeddings)" in plain
    assert "(logistic heads on sentence embeddings that start from the class names)" in named


def test_a_tuned_model_says_what_its_scores_are_made_of() -> None:
    training = {"model": "tuned", "layers": 2, "share": 0.3}
    card = model_card({**FACTS, "kind": "tuned", "training": training})
    assert "library_name: classemb-index" in card
    assert "(70% of the logit from logistic heads on sentence embeddings, 30% from the" in card
    assert "encoder's top 2 trained on from them, but the heads alone for a class with" in card
    assert "pipeline" not in card
    alone = model_card({**FACTS, "kind": "tuned", "training": training | {"share": 0.0}})
    assert "alone: the layers trained on from them were not clearly better" in alone
