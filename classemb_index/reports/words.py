"""The report's tables, and what their numbers say in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Mask
from ..measures.curves import BASELINE, FEWEST_DOCUMENTS, ClassScore, Comparison, Summary
from ..measures.geometry import ClassDistance
from ..measures.proximity import ClassProximity
from ..measures.rounds import FULL
from ..measures.statistics import FEWEST_SEEDS, Estimate
from ..pool.documents import SPLITS
from ..pool.pool import Pool
from ..pool.published import Published
from .corpus import Corpus, RunConfig
from .page import escape, table

SHA256 = re.compile("[0-9a-f]{64}")
NOTHING = "–"
STRATEGY_WORDS = {FULL: "whole train split"}
ALGORITHM_1 = "class-embedding"


def splits_table(corpora: Sequence[Corpus]) -> str:
    """Table 1: documents a split and macro-F1, the paper's row and one of ours for each run."""
    rows = []
    for corpus in corpora:
        paper = corpus.paper
        if paper.documents is not None or paper.macro_f1 is not None:
            documents = paper.documents or {}
            sizes = [f"{documents[s]:,}" if s in documents else NOTHING for s in SPLITS]
            rows.append([corpus.name, "paper", *sizes, _number(paper.macro_f1, 2), NOTHING])
        sizes = [NOTHING] * 3
        if corpus.index is not None:
            sizes = [f"{int(mask.sum()):,}" for mask in _splits(corpus.index.pool)]
        full = [(run.model, run.summary.full) for run in corpus.runs if run.summary.full]
        for model, curve in full:
            scores = [f"{curve.macro_f1[0]:.3f}", f"{curve.micro_f1[0]:.3f}"]
            rows.append([corpus.name, f"ours, {model}", *sizes, *scores])
        if not full:
            rows.append([corpus.name, "ours", *sizes, "not run", "not run"])
    return table(["corpus", "", *SPLITS, "macro-F1", "micro-F1"], rows, words=2)


def full_words(corpus: Corpus) -> str:
    """How far each of our classifiers is from the paper's on the whole train split."""
    published = corpus.paper.macro_f1
    if published is None:
        return ""
    differences = []
    for run in corpus.runs:
        if run.summary.full:
            ours = run.summary.full.macro_f1[0]
            differences.append(f"{escape(run.model)} {_signed(ours - published)}")
    if not differences:
        return ""
    return (
        f"{escape(corpus.name)}, macro-F1 minus the paper's {published:.2f}: {'; '.join(differences)}. "
        "Where classifier, embeddings or documents are not the paper's, it is not the same measurement."
    )


def proximity_table(proximity: Sequence[ClassProximity], classes: Sequence[str]) -> str:
    """Table 2 or 3: for each size the nearest, the farthest, random order and the paper's row."""
    rows = []
    for size in dict.fromkeys(entry.n_labelled for entry in proximity):
        entries = [entry for entry in proximity if entry.n_labelled == size]
        rows.append([str(size), "nearest", *(_number(e.hits) for e in entries)])
        rows.append(["", "farthest", *(_number(e.farthest) for e in entries)])
        rows.append(["", "random order", *(_number(e.expected) for e in entries)])
        if any(e.paper is not None for e in entries):
            rows.append(["", "paper", *(_number(e.paper) for e in entries)])
    return table(["labelled", "", *classes], rows, words=2)


def proximity_words(proximity: Sequence[ClassProximity], name: str) -> str:
    """Whether the nearest documents have the class, and which of our rows the paper's is like."""
    known = [e for e in proximity if e.hits is not None and e.farthest is not None]
    if not known:
        return "No class had a labelled document."
    above = sum(e.hits > e.expected for e in known if e.hits is not None)
    text = (
        f"The nearest documents have the class more often than random order in {above} of "
        f"{len(known)} cells (a cell is a class at one size)."
    )
    cells = [
        (float(e.paper), e.hits, e.farthest, e.expected)
        for e in known
        if e.paper is not None and e.hits is not None and e.farthest is not None
    ]
    if not cells:
        return text
    paper, nearest, farthest, expected = np.array(cells).T
    distances = {
        "nearest": float(np.abs(paper - nearest).mean()),
        "farthest": float(np.abs(paper - farthest).mean()),
        "random order": float(np.abs(paper - expected).mean()),
    }
    closest = min(distances, key=lambda row: distances[row])
    means = ", ".join(f"{row} {value:.1f}" for row, value in distances.items())
    return (
        f"{text} The paper's counts are below ours in {int((paper < nearest).sum())} of {len(cells)} "
        f"and closest to our **{closest}** counts (mean absolute difference: {means}). With these "
        f"embeddings and documents the table is {'' if closest == 'nearest' else 'not '}found again "
        f"for {escape(name)}."
    )


def table_4(corpora: Sequence[Corpus]) -> str:
    """Table 4: the paper's name of each class, where it has one, beside ours; group and documents."""
    parts = []
    for corpus in corpora:
        if corpus.index is None:
            continue
        pool = corpus.index.pool
        groups = {name: group for group, names in pool.groups.items() for name in names}
        published = corpus.paper.classes
        has_paper = len(published) == len(pool.classes)  # else the index has classes of its own
        counts = [pool.labels[mask].sum(axis=0) for mask in _splits(pool)]
        rows = [
            [
                f"{place + 1}",
                *([published[place]] if has_paper else []),
                name,
                groups.get(name, NOTHING),
                *(f"{int(count[place]):,}" for count in counts),
            ]
            for place, name in enumerate(pool.classes)
        ]
        ours = f"ours, {corpus.name}"
        header = ["class", *(["paper"] if has_paper else []), ours, "group", *SPLITS]
        parts.append(table(header, rows, words=len(header) - len(SPLITS)))
    return "\n\n".join(parts) or "No index was given."


def areas_table(comparisons: Sequence[Comparison]) -> str:
    """Area and last point of each strategy's macro-F1 curve, and the paired differences to random."""
    rows = [
        [
            entry.strategy,
            str(entry.area.seeds),
            interval(entry.area),
            interval(entry.area_difference, "+"),
            interval(entry.final),
            interval(entry.final_difference, "+"),
            entry.verdict or NOTHING,
        ]
        for entry in sorted(comparisons, key=lambda entry: -entry.area.mean)
    ]
    header = ["strategy", "seeds", "area", "minus random", "at the end", "minus random", "verdict"]
    return table(header, rows)


def curves_words(corpus: Corpus, summary: Summary) -> str:
    """Which strategies differ from random, and what Algorithm 1 does beside the paper's sentences."""
    by_name = {entry.strategy: entry for entry in summary.comparisons}
    if BASELINE not in by_name or len(by_name) < 2:
        return (
            "The run lacks random selection or any other strategy, so there is nothing to compare."
        )
    others = [entry for entry in summary.comparisons if entry.strategy != BASELINE]
    if all(entry.verdict is None for entry in others):
        pairs = min(e.area_difference.seeds if e.area_difference else 0 for e in others)
        parts = [
            f"Seeds shared with random: {pairs}, an interval needs {FEWEST_SEEDS}. So **nothing is "
            "claimed** about which strategy is better; the table only says what was seen."
        ]
    else:
        groups = {
            verdict: [entry.strategy for entry in others if entry.verdict == verdict]
            for verdict in ("above random", "below random", "undecided", None)
        }
        parts = [
            "Area under the macro-F1 curve, by the 95 % interval of the paired differences: "
            + "; ".join(
                f"{verdict or 'without an interval'}: {escape(', '.join(names))}"
                for verdict, names in groups.items()
                if names
            )
            + "."
        ]
    if ALGORITHM_1 in by_name:
        parts.append(_algorithm_1(corpus.paper, summary, by_name))
    return " ".join(parts)


def supported_part(summary: Summary) -> str:
    """The comparison once more without the classes that have hardly a test document; empty without any."""
    if not summary.supported:
        return ""
    tiny = [c for c in summary.classes if c.support < FEWEST_DOCUMENTS]
    names = ", ".join(f"{escape(c.class_name)} ({c.support})" for c in tiny)
    return (
        f"Classes with fewer than {FEWEST_DOCUMENTS} test documents: {names}. Each is "
        f"{1 / len(summary.classes):.2f} of the macro-F1, so that one document found or missed shows in "
        f"a curve. The same without them:\n\n"
        f"{areas_table(summary.supported)}"
    )


def _algorithm_1(paper: Published, summary: Summary, by_name: Mapping[str, Comparison]) -> str:
    curves = {curve.strategy: curve for curve in summary.curves}
    own, random = curves[ALGORITHM_1], curves[BASELINE]
    gaps = {
        size: value - random.macro_f1[random.n_labelled.index(size)]
        for size, value in zip(own.n_labelled, own.macro_f1, strict=True)
        if size in random.n_labelled
    }
    size = min(gaps, key=lambda n: gaps[n])
    ranked = sorted(by_name.values(), key=lambda entry: -entry.area.mean)
    place = [entry.strategy for entry in ranked].index(ALGORITHM_1) + 1
    difference = by_name[ALGORITHM_1].area_difference
    text = (
        f"Algorithm 1 ({ALGORITHM_1}) is number {place} of {len(ranked)} by area, "
        f"{escape(interval(difference, '+'))} to random; its mean curve is at lowest "
        f"{_signed(gaps[size])} to random, at {size} labelled documents."
    )
    if paper.loss_to_random is not None:
        text += (
            f" The paper: class embeddings lose up to {paper.loss_to_random:.2f} macro-F1 to random "
            "selection and are below all baselines (Section 4.3)."
        )
    return text


def classes_table(classes: Sequence[ClassScore]) -> str:
    """F1 of each class, mean ± standard deviation over seeds, with its test documents.

    A column in which nothing varies, as with one seed, has means alone.
    """
    names = list(dict.fromkeys(name for entry in classes for name in entry.f1))
    varies = {name: any(entry.f1_sd[name] for entry in classes) for name in names}
    rows = [
        [
            entry.class_name,
            str(entry.support),
            *(
                f"{entry.f1[name]:.2f}" + (f" ± {entry.f1_sd[name]:.2f}" if varies[name] else "")
                for name in names
            ),
        ]
        for entry in classes
    ]
    header = ["class", "support", *(STRATEGY_WORDS.get(name, name) for name in names)]
    return table(header, rows)


def distances_table(distances: Sequence[ClassDistance]) -> str:
    """The numbers of Figures 3 and 4."""
    rows = []
    for d in distances:
        rows.append([d.class_name, *(_number(x, 3) for x in (d.same, d.other, d.margin))])
    return table(["class", "own centroid", "other centroids", "margin"], rows)


def distances_words(distances: Sequence[ClassDistance], paper: Published) -> str:
    """The mean margin beside the paper's."""
    margins = [d.margin for d in distances if d.margin is not None]
    if not margins:
        return "No two classes have a labelled document, so there is no margin."
    text = (
        f"Labelled documents are closer to their own centroid by {np.mean(margins):.2f} in the mean over "
        f"{len(margins)} classes ({sum(m > 0 for m in margins)} of them above 0)."
    )
    if paper.margin is not None:
        text += f" The paper: by around {paper.margin} (Section 5.2)."
    return text


def settings_line(config: RunConfig, strategies: Sequence[str]) -> str:
    """Settings and versions of a run, small."""
    parts = {
        "Embeddings": {"encoder": config.encoder or "given"},
        "classifier": config.classifier,
        "schedule": config.schedule,
        **{name: config.strategies.get(name, {}) for name in strategies},
        "machine": config.machine,
        "versions": config.versions,
    }
    return (
        "> "
        + "; ".join(f"{escape(name)}: {_pairs(values)}" for name, values in parts.items() if values)
        + "."
    )


def oddities() -> str:
    """What a reader of the paper should know before comparing."""
    return "\n".join(
        f"- {line}"
        for line in (
            "Tables 2 and 3 print the same counts for two different corpora.",
            'The embedding is said to have "380 elements"; all-mpnet-base-v2, which is named, has 768, '
            "and all-MiniLM-L6-v2 has 384.",
            "The text ends at 600 labelled documents, the axis of the figures at 900.",
            "Figures 7 and 8 have the same caption (micro-F1, arXiv); here Figure 7 is eurlex.",
            "`gaming` has 8 documents in all of EURLEX57K, one of them in the test split.",
            "How the documents were chosen, the learning rate, and the number of seeds are not given.",
        )
    )


def interval(found: Estimate | None, sign: str = "") -> str:
    """A mean with its interval, where it has one."""
    return NOTHING if found is None else found.text(sign)


def _splits(pool: Pool) -> list[Mask]:
    """Train, dev and test documents; those without a split are trained on too."""
    return [pool.selectable, pool.splits == "dev", pool.splits == "test"]


def _pairs(values: Mapping[str, Any]) -> str:
    """Settings as they are in JSON; a size that is None is all there is, a sha256 is cut."""
    return ", ".join(f"{escape(str(key))} {_setting(value)}" for key, value in values.items())


def _setting(value: object) -> str:
    if value is None:
        return "all"
    text = str(value)
    return escape(text[:12] if SHA256.fullmatch(text) else text)


def _number(value: float | None, digits: int = 0) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"
