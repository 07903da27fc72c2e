"""The report: Tables 1 to 4 and Figures 1 to 8, ours beside the paper's, as Markdown and one HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ..index.store import EncoderInfo
from ..measures.analysis import Analysis
from ..measures.curves import Curve, shares_words
from ..models.card import cross_validated, measured_in_pool, reliability
from .corpus import Corpus, Model, Run
from .figures import save_components, save_curves, save_distances
from .page import escape, write_page
from .words import (
    areas_table,
    classes_table,
    curves_words,
    distances_table,
    distances_words,
    full_words,
    oddities,
    proximity_table,
    proximity_words,
    settings_line,
    splits_table,
    supported_part,
    table_4,
)

FIGURES = "figures"  # folder inside the report's
MEASURES = {"macro_f1": "macro-F1", "micro_f1": "micro-F1"}


def write_report(corpora: Sequence[Corpus], out: Path, scale: str | None = None) -> list[Path]:
    """Write report.html, report.md and the figures; returns the paths of the first two.

    The page holds its pictures, so that it can be sent and opened as one file.

    Args:
        corpora: of `read_corpora`.
        out: folder, made where it is missing.
        scale: a sentence that says at what scale the experiments were run.
    """
    (out / FIGURES).mkdir(parents=True, exist_ok=True)
    title = f"classemb-index: {', '.join(corpus.name for corpus in corpora)}"
    parts = [f"# {escape(title)}", _opening(scale)]
    parts += _splits(corpora)
    for corpus in corpora:
        parts += _proximity(corpus)
    parts += ["## Table 4: the classes", table_4(corpora)]
    figures = _Figures(out)
    for corpus in corpora:
        for run in corpus.runs:
            parts += _curves(corpus, run, figures)
        for model in corpus.models:
            parts += _model(corpus, model)
    for corpus in corpora:
        parts += _geometry(corpus, figures)
    if any(corpus.paper.is_given for corpus in corpora):
        parts += ["## What is odd in the paper", oddities()]
    return write_page("\n\n".join(part for part in parts if part) + "\n", title, out)


class _Figures:
    """Gives each picture of a report a file of its own."""

    def __init__(self, out: Path) -> None:
        self._folder = out / FIGURES
        self._taken: set[Path] = set()

    def stem(self, *names: str) -> Path:
        """The path without suffix; names of corpora and folders may hold anything, and occur twice."""
        name = "-".join(re.sub(r"\W+", "-", name).strip("-") for name in names)
        stem, turn = self._folder / name, 1
        while stem in self._taken:
            turn += 1
            stem = self._folder / f"{name}-{turn}"
        self._taken.add(stem)
        return stem


def _opening(scale: str | None) -> str:
    text = (
        "Wertz, Bogojeska, Mirylenka, Kuhn, *Evaluating Pre-Trained Sentence-BERT with Class "
        "Embeddings in Active Learning for Multi-Label Text Classification*, AACL 2022: its tables "
        "and figures, ours beside the paper's numbers where it prints any. The paper's curves are "
        "pictures without numbers; of them its sentences are quoted."
    )
    return text if scale is None else f"{text}\n\n**Scale:** {escape(scale)}"


def _splits(corpora: Sequence[Corpus]) -> list[str]:
    return [
        "## Table 1: documents, and macro-F1 trained on the whole train split",
        splits_table(corpora),
        *(full_words(corpus) for corpus in corpora),
        *(
            line
            for corpus in corpora
            for run in corpus.runs
            if (full := run.summary.full)
            for line in (settings_line(run.config, [full.strategy]), _seeds_line([full]))
        ),
    ]


def _proximity(corpus: Corpus) -> list[str]:
    words = _numbered(corpus.paper.table, "unlabelled documents with the class")
    heading = f"## {escape(words)}, {escape(corpus.name)}"
    if corpus.analysis is None or corpus.index is None:
        return [heading, "Not measured: the index was not given."]
    analysis = corpus.analysis
    has_paper = any(entry.paper is not None for entry in analysis.proximity)
    rows = (
        "the farthest, random order and the paper's row"
        if has_paper
        else "the farthest and random order"
    )
    return [
        heading,
        f"Of the {analysis.top_k} unlabelled documents nearest to each class centroid, how many "
        f"have the class; beside it {rows}. Classes in the order of Table 4.",
        proximity_table(analysis.proximity, analysis.classes),
        proximity_words(analysis.proximity, corpus.name),
        f"> {_encoder_words(corpus.index.manifest.encoder)}; means over {escape(_draws(analysis))}.",
    ]


def _curves(corpus: Corpus, run: Run, pictures: _Figures) -> list[str]:
    summary = run.summary
    if not summary.curves:
        return []
    figures = corpus.paper.figures
    numbers = [figures[measure] for measure in MEASURES if measure in figures]
    heading = _numbered(" and ".join(numbers), "learning curves")
    links = []
    for measure, words in MEASURES.items():
        stem = pictures.stem(corpus.name, run.folder.name, measure)
        save_curves(
            summary.curves,
            f"{_numbered(figures.get(measure), words)}, {corpus.name}, {run.model}",
            stem,
            full=summary.full,
            measures=[measure],
        )
        links.append(f"![{words} by labelled documents]({_link(stem)})")
    return [
        f"## {escape(heading)}, {escape(corpus.name)}, {escape(run.model)}",
        "\n".join(links),
        areas_table(summary.comparisons),
        curves_words(corpus, summary),
        supported_part(summary),
        "### F1 a class at the largest labelled set",
        classes_table(summary.classes),
        _shares_line(summary.curves),
        settings_line(run.config, [curve.strategy for curve in summary.curves]),
        _seeds_line(summary.curves),
    ]


def _shares_line(curves: Sequence[Curve]) -> str:
    words = shares_words(curves)
    return f"> {escape(words[0].upper() + words[1:])}." if words else ""


def _model(corpus: Corpus, model: Model) -> list[str]:
    labels = model.facts["labels"]["documents"]
    return [
        f"## Model {escape(model.folder.name)} of {labels} labelled documents, {escape(corpus.name)}",
        "### On the labelled documents",
        cross_validated(model.facts),
        "### In the pool",
        measured_in_pool(model.evaluation),
        "### Probabilities",
        reliability(model.facts),
    ]


def _geometry(corpus: Corpus, pictures: _Figures) -> list[str]:
    if corpus.analysis is None:
        return []
    analysis = corpus.analysis
    figures = corpus.paper.figures
    first = _numbered(figures.get("distances"), "distances to class centroids")
    second = _numbered(figures.get("components"), "two principal components")
    distances = pictures.stem(corpus.name, "distances")
    components = pictures.stem(corpus.name, "pca")
    title = f"{corpus.name}, {analysis.figures_on}"
    save_distances(analysis.distances, f"{first}, {title}", distances)
    save_components(analysis.components, analysis.classes, f"{second}, {title}", components)
    explained = analysis.components.explained_variance
    return [
        f"## {escape(first)}, {escape(corpus.name)}",
        f"![cosine distance to the own centroid and to the others]({_link(distances)})",
        distances_table(analysis.distances),
        distances_words(analysis.distances, corpus.paper),
        f"> {escape(analysis.figures_on)}.",
        f"## {escape(second)}, {escape(corpus.name)}",
        f"![labelled documents and centroids]({_link(components)})",
        f"The two components explain {explained[0]:.1%} and {explained[1]:.1%} of the variance"
        f"{', so most of it is not in the picture' if sum(explained) < 0.5 else ''}.",
        f"> {escape(analysis.figures_on)}; a document with several classes is drawn once for each.",
    ]


def _numbered(number: str | None, words: str) -> str:
    """The words behind the paper's number of the table or figure, where it has one."""
    return f"{number}: {words}" if number else f"{words[0].upper()}{words[1:]}"


def _encoder_words(encoder: EncoderInfo) -> str:
    if encoder.name is None:
        return "Vectors made elsewhere, by an encoder that was not named"
    return f"Encoder {escape(encoder.name)} at {encoder.max_length} tokens ({encoder.precision})"


def _draws(analysis: Analysis) -> str:
    draws = max(entry.draws for entry in analysis.proximity)
    return f"{draws} random labelled sets a size (seeds from 0)"


def _seeds_line(curves: Sequence[Curve]) -> str:
    seeds = ", ".join(f"{curve.strategy} {max(curve.seeds)}" for curve in curves)
    return f"> Seeds: {escape(seeds)}."


def _link(stem: Path) -> str:
    return quote(f"{FIGURES}/{stem.name}.svg")
