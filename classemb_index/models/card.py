"""The model card: what a model is, how good it is, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .contracts import BERT, TUNED
from .folder import CARD, read_evaluation

FIGURES = ("precision", "recall", "f1")
NOT_FOR = """\
- **As a measure of the pool.** The labelled documents were selected by a strategy, or by whoever \
labelled them; they are no random sample. The cross-validated figures and the probabilities are \
those of the labelled documents. In the pool they are others: rare classes are rarer there, and of what \
is decided to have one, less is right. What holds for the pool is measured on a random sample, by \
`classemb-index evaluate`.
- **For decisions about single people or cases without somebody who reads the document.** The figures \
say how often the model is wrong.
- **For documents of another kind.** `predict` marks documents that resemble nothing labelled \
(column `unfamiliar`); what it says of them is a guess.
- **For classes that are not in the table**, or whose meaning has changed since: train again."""


def write_card(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write README.md into a model's folder, from its facts and from what `evaluate` left there.

    `evaluation.json`, where it is there, has `classes`: a list of objects with `class`, and
    `precision`, `recall` and `f1`, each an object with `estimate`, which may be null, `low` and
    `high`. Call this again once it is written.

    Raises:
        ModelFolderError: evaluation.json cannot be read.
    """
    (folder / CARD).write_text(model_card(facts, read_evaluation(folder)), encoding="utf-8")


def model_card(facts: Mapping[str, Any], evaluation: Mapping[str, Any] | None = None) -> str:
    """The card as Markdown, with the metadata of the Hugging Face hub on top.

    Args:
        facts: of classemb.json.
        evaluation: of evaluation.json, or None.
    """
    sections = [
        _metadata(facts),
        _title(facts),
        "## How good it is\n\n" + cross_validated(facts),
        "## In the pool\n\n" + measured_in_pool(evaluation),
        "## Probabilities\n\n" + reliability(facts),
        "## What it must not be used for\n\n" + NOT_FOR,
        "## How to use it\n\n" + _use(facts),
        "## How it was made\n\n" + _made(facts),
    ]
    return "\n\n".join(sections) + "\n"


def _metadata(facts: Mapping[str, Any]) -> str:
    lines = ["---"]
    if facts["kind"] != BERT:
        lines += ["library_name: classemb-index"]
    else:
        lines += ["library_name: transformers", "pipeline_tag: text-classification"]
    lines += ["tags:", "- text-classification", "- multi-label", "- classemb-index"]
    macro_f1 = facts["cross_validation"]["macro_f1"]
    if macro_f1 is not None:
        lines += [
            "model-index:",
            "- name: model",
            "  results:",
            "  - task:",
            "      type: text-classification",
            "    dataset:",
            "      type: labelled-documents",
            f"      name: {_quoted(facts['index']['name'])}",
            "    metrics:",
            "    - type: f1",
            "      name: macro-F1, cross-validated on the labelled documents",
            f"      value: {macro_f1:.4f}",
        ]
    return "\n".join([*lines, "---"])


def _title(facts: Mapping[str, Any]) -> str:
    labels, index = facts["labels"], facts["index"]
    lines = [
        f"# Classifier of {_plain(index['name'])}",
        "",
        f"Says which of {len(facts['classes'])} classes a document has, any number of them "
        f"({_plain(_what(facts))}). Trained on {labels['documents']:,} labelled documents, of "
        f"{index['documents']:,}.",
    ]
    if labels["left_out"]:
        reasons = "; ".join(f"{_plain(name)}: {why}" for name, why in labels["left_out"].items())
        lines += ["", f"Left out, as they cannot be learned: {reasons} labelled."]
    return "\n".join(lines)


def _what(facts: Mapping[str, Any]) -> str:
    training, heads = facts["training"], "logistic heads on sentence embeddings"
    if training.get("names"):
        heads += " that start from the class names"
    if facts["kind"] == BERT:
        return f"{training['model']}, fine-tuned"
    if facts["kind"] != TUNED:
        return heads
    if not training["share"]:
        return f"{heads} alone: the layers trained on from them were not clearly better"
    return (
        f"{1 - training['share']:.0%} of the logit from {heads}, {training['share']:.0%} from the "
        f"encoder's top {training['layers']} trained on from them, but the heads alone for a class with "
        "fewer than 10 positives or negatives"
    )


def cross_validated(facts: Mapping[str, Any]) -> str:
    """A model's cross-validated figures by class, as Markdown."""
    validation = facts["cross_validation"]
    rows = [
        (
            _plain(row["class"]),
            str(row["positives"]),
            str(row["negatives"]),
            *(_figure(row[key]) for key in FIGURES),
            f"{row['threshold']:.3f}",
        )
        for row in facts["classes"]
    ]
    header = ("class", "positives", "negatives", "precision", "recall", "F1", "threshold")
    overall = ""
    if validation["macro_f1"] is not None:
        overall = (
            f" Macro-F1 {validation['macro_f1']:.3f}, micro-F1 {validation['micro_f1']:.3f}, over the "
            "classes that have figures."
        )
    return (
        f"Nested cross-validation on the labelled documents, {validation['folds']} folds; thresholds and "
        f"calibration of a fold come from the other folds, and documents with a cosine above "
        f"{validation['near_duplicate']} stay in one fold. In brackets the 95 % interval; `-` where "
        f"positives or negatives are not in two folds.{overall}\n\n" + _table(header, rows)
    )


def measured_in_pool(evaluation: Mapping[str, Any] | None) -> str:
    """What `evaluate` found of a model, or that it was not run, as Markdown."""
    if evaluation is None:
        return (
            "Not measured. `classemb-index evaluate --out` draws a sample to be labelled; what follows for "
            "the documents that nobody labelled, with intervals, is then shown here."
        )
    rows = [
        (_plain(str(row["class"])), *(_estimated(row[key]) for key in FIGURES))
        for row in evaluation.get("classes", [])
    ]
    words = (
        f"Of the {evaluation['population']:,} documents that nobody had labelled, estimated from a sample "
        f"of {evaluation['answered']:,} (`evaluation.json`); in brackets the 95 % interval."
    )
    return f"{words}\n\n" + _table(("class", "precision", "recall", "F1"), rows)


def reliability(facts: Mapping[str, Any]) -> str:
    """How often a model is right at which probability, as Markdown."""
    calibration = facts["calibration"]
    rows = [
        (
            f"{row['low']:.1f} to {row['high']:.1f}",
            f"{row['mean']:.3f}",
            f"{row['share']:.3f}",
            f"{row['n']:,}",
        )
        for row in calibration["reliability"]
    ]
    return (
        f"{calibration['method']}: a class with fewer than 5 positives or negatives borrows the median "
        "slope of the others. Out of fold, a pair of document and class with such a probability is a "
        "yes so often; of all classes together:\n\n"
        + _table(("probability", "mean", "observed share", "pairs"), rows)
    )


def _use(facts: Mapping[str, Any]) -> str:
    commands = (
        "```\nclassemb-index predict INDEX --model DIR --out predictions.csv\n"
        "classemb-index predict new.jsonl --model DIR --out predictions.csv\n```"
    )
    if facts["kind"] != BERT:
        return commands
    length = facts["training"]["max_length"]
    return (
        f"{commands}\n\nor, with the same calibrated probabilities:\n\n"
        '```python\nfrom transformers import pipeline\n\nclassify = pipeline("text-classification", '
        f'model="DIR", top_k=None)\nclassify(texts, truncation=True, max_length={length})\n```\n\n'
        "The threshold of each class stands in the table above."
    )


def _made(facts: Mapping[str, Any]) -> str:
    encoder, familiarity = facts["encoder"], facts["familiarity"]
    limit = familiarity["limit"]
    rows = [
        ("created", facts["created"]),
        ("encoder", f"{encoder['name'] or 'none, vectors were given'}"),
        ("fingerprint", encoder["fingerprint"] or "-"),
        ("tokens read", str(encoder["max_length"] or "-")),
        ("embeddings", f"{facts['dim']} dimensions, {facts['normalisation']} length"),
        ("training", ", ".join(f"{key} {value}" for key, value in facts["training"].items())),
        ("seed", str(facts["seed"])),
        ("labels", f"sha256 {facts['labels']['sha256']}"),
        ("groups of near-duplicates", str(facts["cross_validation"]["groups"])),
        (
            "unfamiliar",
            "never: too few labelled documents"
            if limit is None
            else f"nearest labelled document below cosine {limit:.3f}",
        ),
        ("versions", ", ".join(f"{name} {own}" for name, own in facts["versions"].items())),
    ]
    return _table(("what", "value"), [(what, _plain(value)) for what, value in rows])


def _figure(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "-"
    if figure.get("low") is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def _estimated(interval: Mapping[str, Any]) -> str:
    estimate = "-" if interval["estimate"] is None else f"{interval['estimate']:.2f}"
    return f"{estimate} [{interval['low']:.2f}, {interval['high']:.2f}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def lines() -> Iterator[str]:
        yield f"| {' | '.join(header)} |"
        yield "|" + " --- |" * len(header)
        for row in rows:
            yield f"| {' | '.join(row)} |"

    return "\n".join(lines())


def _plain(text: str) -> str:
    """Text that Markdown shows as it stands, also in a table."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """A YAML string."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
