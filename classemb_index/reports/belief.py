"""How far a model can be believed, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FEW = 10  # positives, below which cross-validation says little
WIDE = 0.4  # of an interval of F1


def model_sentences(facts: Mapping[str, Any]) -> list[str]:
    """What holds for a trained model as a whole.

    Args:
        facts: of its classemb.json.
    """
    labels, classes = facts["labels"], facts["classes"]
    sentences = [
        f"It learned from {labels['documents']:,} labelled documents. The figures say how it decides "
        "labelled documents that it has not seen: each was decided by a model of the others.",
        "Labelled documents were chosen, not drawn by chance, so the figures are not those of the whole "
        "pool; an evaluation sample measures these.",
    ]
    few = [row["class"] for row in classes if row["positives"] < FEW]
    if few:
        sentences.append(
            f"Hardly anything can be said yet of {', '.join(few)}: fewer than {FEW} labelled documents "
            "have it."
        )
    sentences += [
        f"{name} is left out: {why} is labelled." for name, why in labels["left_out"].items()
    ]
    return sentences


def class_sentence(row: Mapping[str, Any]) -> str:
    """What cross-validation says of one class.

    Args:
        row: of the classes in classemb.json.
    """
    if row["f1"] is None:
        return "Too few unlike documents are labelled to test it."
    precision, recall, f1 = row["precision"], row["recall"], row["f1"]
    sentence = (
        f"Of 100 documents that it gives the class, {_of_100(precision)} have it; of 100 that have it, it "
        f"finds {_of_100(recall)}."
    )
    return sentence + (" That is little to go by." if f1["high"] - f1["low"] > WIDE else "")


def evaluation_sentences(found: Mapping[str, Any]) -> list[str]:
    """What holds for a measurement as a whole.

    Args:
        found: `Evaluation.document`.
    """
    sentences = [
        f"Measured on {found['answered']:,} of {found['population']:,} documents that nobody had labelled, "
        "drawn by chance; the ranges are 95 % intervals, each for itself."
    ]
    if found["missing"]:
        sentences.append(
            f"{found['missing']:,} documents of the sample are not answered; the others are taken as a "
            "random part of it, which they are not where the hard ones were left out."
        )
    return sentences


def measured_sentence(row: Mapping[str, Any]) -> str:
    """What a measurement says of one class in the documents that nobody had labelled.

    Args:
        row: of the classes in `Evaluation.document`.
    """
    documents = f"{_count(row['documents'])} documents have it"
    recall, precision = row["recall"], row["precision"]
    if recall["estimate"] is None:
        return f"{documents}; the sample holds none, so nobody can say how many the model finds."
    found = f"Of 100 documents with this class the model finds {_of_100(recall)}"
    if precision["estimate"] is None:
        return f"{found}; {documents}."
    return f"{found}; of 100 that it gives the class, {_of_100(precision)} have it; {documents}."


def _of_100(figure: Mapping[str, float]) -> str:
    return _range(round(100 * figure["low"]), round(100 * figure["high"]))


def _count(figure: Mapping[str, float]) -> str:
    return _range(round(figure["low"]), round(figure["high"]))


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
