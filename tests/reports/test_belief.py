"""How far a model can be believed: sentences whose numbers can be read off."""

from __future__ import annotations

from typing import Any

from classemb_index.reports.belief import (
    class_sentence,
    evaluation_sentences,
    measured_sentence,
    model_sentences,
)


def figure(value: float | None, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "estimate": value, "low": low, "high": high}


def test_a_class_is_told_by_what_happens_to_a_hundred_documents() -> None:
    row = {
        "precision": figure(0.7, 0.6, 0.8),
        "recall": figure(0.5, 0.404, 0.6),
        "f1": figure(0.6, 0.5, 0.7),
    }
    assert class_sentence(row) == (
        "Of 100 documents that it gives the class, 60 to 80 have it; of 100 that have it, it finds "
        "40 to 60."
    )
    row["f1"] = figure(0.6, 0.2, 0.7)
    assert class_sentence(row).endswith("40 to 60. That is little to go by.")
    assert class_sentence({"f1": None}) == "Too few unlike documents are labelled to test it."


def test_a_model_names_the_classes_of_which_little_is_known_and_those_left_out() -> None:
    facts = {
        "labels": {"documents": 1200, "left_out": {"c": "no negative"}},
        "classes": [{"class": "a", "positives": 10}, {"class": "b", "positives": 9}],
    }
    first, _, few, left_out = model_sentences(facts)
    assert first.startswith("It learned from 1,200 labelled documents.")
    assert few == (
        "Hardly anything can be said yet of b: fewer than 10 labelled documents have it."
    )
    assert left_out == "c is left out: no negative is labelled."


def test_a_measurement_says_how_many_documents_a_model_finds() -> None:
    row = {
        "recall": figure(0.7, 0.6, 0.8),
        "precision": figure(0.9, 0.9, 0.9),
        "documents": figure(1300, 1000, 2000),
    }
    assert measured_sentence(row) == (
        "Of 100 documents with this class the model finds 60 to 80; of 100 that it gives the class, 90 "
        "have it; 1,000 to 2,000 documents have it."
    )
    row["precision"] = figure(None, 0, 1)
    assert measured_sentence(row) == (
        "Of 100 documents with this class the model finds 60 to 80; 1,000 to 2,000 documents have it."
    )
    row["recall"] = figure(None, 0, 1)
    row["documents"] = figure(0, 0, 7)
    assert measured_sentence(row) == (
        "0 to 7 documents have it; the sample holds none, so nobody can say how many the model finds."
    )


def test_missing_answers_are_told() -> None:
    whole = {"answered": 200, "population": 50_000, "missing": 0}
    assert len(evaluation_sentences(whole)) == 1
    assert evaluation_sentences({**whole, "missing": 3})[1].startswith("3 documents of the sample")
