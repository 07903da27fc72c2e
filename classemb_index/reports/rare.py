"""The report of the experiment on rare classes, as Markdown and one HTML page, from results alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..index.index import EmbeddingIndex
from ..measures.curves import learning_curves, seed_scores
from ..measures.rare import BASELINES, RareMeasures, measure_rare, rare_scores
from ..measures.rounds import RoundResult
from ..measures.statistics import Estimate, paired
from ..models.contracts import Training
from .figures import save_panels
from .page import code, escape, table, write_page
from .words import interval

WITH_PROBE, NO_NAMES, NOISE_NAMES, FINE_TUNED = "probe", "no-names", "noise-names", "bert"
RUNS = (WITH_PROBE, NO_NAMES, NOISE_NAMES, FINE_TUNED)  # of a pool; also the names of their folders
NAMES = {WITH_PROBE: "all", NOISE_NAMES: "half noise", NO_NAMES: "none"}  # that classes have in it
SHOWN = ("random", "uncertainty", "max-uncertainty", "class-embedding", "portfolio")
PORTFOLIO = "portfolio"

BANDS = "Lines are means over seeds, bands one standard deviation."
NAMED = (
    "What class names are worth: the same strategies with the same seeds, the probe's heads starting "
    "from the names and plain. Areas under the macro-F1 curve, with 95 % bootstrap intervals of the "
    "paired differences."
)
ROBUSTNESS = (
    "Portfolio without any class name (then the probe is a plain one, also under the baselines that it is "
    "compared with), with half of the names replaced by random directions, and on the "
    "paper's classes of EURLEX57K, where rare means 7 %. Differences are areas under the macro-F1 curve, "
    "seed by seed, with 95 % bootstrap intervals."
)
FEW_SEEDS = "Below five seeds there is no interval, and nothing is claimed: only means are given."


@dataclass(frozen=True)
class PoolRuns:
    """One pool and its runs.

    Attributes:
        index: the pool and its embeddings.
        runs: rounds by run, one of RUNS; empty where not run.
    """

    index: EmbeddingIndex
    runs: Mapping[str, Sequence[RoundResult]]

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.index.manifest.name

    @property
    def rare(self) -> list[str]:
        """Names of the rare classes."""
        return list(self.index.pool.groups["rare"])

    def measures(self, run: str, beside: Sequence[str] = ()) -> list[RareMeasures]:
        """The measures of one run; with the baselines of the probe's run where they are named."""
        rounds = [*self.runs[run], *(r for r in self.runs[WITH_PROBE] if r.strategy in beside)]
        return measure_rare(rounds, self.rare)


def write_rare_report(
    pools: Sequence[PoolRuns], out: Path, scale: str, fine_tuned: Training
) -> list[Path]:
    """Write report.html, report.md, measures.json and the figures; returns the paths of all.

    Args:
        pools: the pools of the experiment; the last is the one where rare means 7 %.
        out: folder, made where it is missing.
        scale: its name.
        fine_tuned: how the BERT was trained.
    """
    out.mkdir(parents=True, exist_ok=True)
    title = "classemb-index: learning rare classes"
    *rare_pools, usual = pools
    parts = [f"# {title}", _opening(scale), "## Pools", _pools_table(pools)]
    parts += ["## Learning curves with the probe", "![macro-F1](pools.svg)"]
    parts += ["![F1 of the rare classes](pools-rare.svg)", BANDS]
    for pool in rare_pools:
        parts += _strategies(pool, WITH_PROBE, f"## {escape(pool.name)}: all strategies, probe")
    parts += ["## Named and plain heads", NAMED, _names(rare_pools)]
    parts += ["## Robustness", ROBUSTNESS, _robustness(rare_pools, usual)]
    model = escape(Path(fine_tuned.model).name)
    for pool in pools:
        if pool.runs[FINE_TUNED]:
            heading = f"## {escape(pool.name)}: {model}, fine-tuned"
            parts += _strategies(pool, FINE_TUNED, heading, FEW_SEEDS)
    figures = _save_curves(rare_pools, out)
    written = write_page("\n\n".join(parts) + "\n", title, out)
    measures = {
        pool.name: {run: [asdict(m) for m in pool.measures(run)] for run in pool.runs}
        for pool in pools
    }
    document = json.dumps(measures, ensure_ascii=False) + "\n"
    (out / "measures.json").write_text(document, encoding="utf-8")
    return [*written, out / "measures.json", *figures]


def measures_table(measures: Sequence[RareMeasures]) -> str:
    """What every strategy did, best area first."""
    header = ["strategy", "area", "rare area", "at the end", "rare at the end", "rare found"]
    header += ["never seen", *(f"labels to {base}'s end" for base in BASELINES), "s a round"]
    rows = []
    for m in sorted(measures, key=lambda m: -m.area.mean):
        rows.append(
            [
                code(m.strategy),
                *(f"{e.mean:.3f}" for e in (m.area, m.rare_area, m.final, m.rare_final)),
                f"{m.found.mean:.1f}",
                f"{m.never_seen.mean:.2f}",
                *(_reach(m, base) for base in BASELINES),
                f"{sum(m.seconds.values()):.2f}",
            ]
        )
    return table(header, rows)


def differences_table(measures: Sequence[RareMeasures]) -> str:
    """Portfolio's areas minus those of every other strategy."""
    portfolio = next(m for m in measures if m.strategy == PORTFOLIO)
    rows = [
        [
            code(other),
            interval(found, "+"),
            interval(portfolio.rare_differences[other], "+"),
            verdict(found),
        ]
        for other, found in sorted(portfolio.differences.items(), key=lambda d: d[1].mean)
    ]
    header = ["portfolio minus", "macro-F1 area", "rare classes' area", "by macro-F1 area"]
    return table(header, rows)


def verdict(difference: Estimate) -> str:
    """What an interval allows to say of portfolio."""
    if difference.low is None:
        return "no claim: too few seeds"
    if not difference.excludes_zero:
        return "undecided"
    return "above" if difference.mean > 0 else "below"


def _save_curves(pools: Sequence[PoolRuns], out: Path) -> list[Path]:
    """Learning curves with the probe, of all classes and of the rare ones: a panel a pool."""
    shown = {p.name: [r for r in p.runs[WITH_PROBE] if r.strategy in SHOWN] for p in pools}
    panels = [(p.name, learning_curves(shown[p.name])) for p in pools]
    rare_panels = [(p.name, learning_curves(rare_scores(shown[p.name], p.rare))) for p in pools]
    return [
        *save_panels(panels, "macro-F1 on the test split", out / "pools"),
        *save_panels(rare_panels, "F1 of the rare classes", out / "pools-rare"),
    ]


def _strategies(pool: PoolRuns, run: str, *opening: str) -> list[str]:
    """What every strategy of a run did, below its heading."""
    measures = pool.measures(run)
    return [*opening, measures_table(measures), differences_table(measures)]


def _reach(measures: RareMeasures, base: str) -> str:
    reach = measures.reach.get(base)
    if reach is None or not reach.seeds:
        return "-"
    if reach.labels is None:
        return "never"
    seeds = "" if reach.reached == reach.seeds else f" ({reach.reached} of {reach.seeds})"
    return f"{reach.labels:.0f}{seeds}"


def _opening(scale: str) -> str:
    return (
        f"Scale {scale}. Every strategy of a seed starts from the same 100 random labelled documents and "
        "adds 50 a round up to 600; no dev labels are used by the probe (logistic heads on the index's "
        "embeddings, which start from the class names). Areas are means of the learning curve by the "
        "trapezoid rule. *Rare found* counts labels of rare classes among what was selected, *never "
        "seen* classes of which nothing was labelled at the end, *labels to an end* the median labels "
        "at which the macro-F1 of that baseline at 600 labels is reached with the same seed (in brackets "
        "how many seeds reach it, where not all do; the median is theirs). "
        "A strategy is called above another only when the whole 95 % bootstrap interval of the paired "
        "differences over seeds lies above 0."
    )


def _pools_table(pools: Sequence[PoolRuns]) -> str:
    header = ["pool", "to select from", "test", "classes", "rare", "rarest", "most frequent rare"]
    rows = []
    for runs in pools:
        pool = runs.index.pool
        train = pool.labels[pool.selectable]
        shares = train[:, [pool.class_position(name) for name in runs.rare]].mean(axis=0)
        sizes = [len(train), int(np.count_nonzero(pool.splits == "test"))]
        sizes += [len(pool.classes), len(runs.rare)]
        rows.append([runs.name, *map(str, sizes), f"{shares.min():.2%}", f"{shares.max():.2%}"])
    return table(header, rows)


def _names(pools: Sequence[PoolRuns]) -> str:
    rows = []
    for pool in pools:
        named, plain = (seed_scores(pool.runs[run])[0] for run in (WITH_PROBE, NO_NAMES))
        for strategy in (name for name in plain if name in named):
            own, other = named[strategy], plain[strategy]
            areas = [f"{np.mean(list(by_seed.values())):.3f}" for by_seed in (own, other)]
            rows.append([pool.name, code(strategy), *areas, interval(paired(own, other), "+")])
    return table(["pool", "strategy", "named", "plain", "named minus plain"], rows, words=2)


def _robustness(rare_pools: Sequence[PoolRuns], usual: PoolRuns) -> str:
    header = ["pool", "names", "area", *(f"minus {base}" for base in BASELINES)]
    rows = []
    for pool in rare_pools:
        for run, words in NAMES.items():
            rows.append([pool.name, words, *_beside_baselines(pool, run)])
    rows.append([usual.name, "all; rare is 7 %", *_beside_baselines(usual, WITH_PROBE)])
    return table(header, rows, words=2)


def _beside_baselines(pool: PoolRuns, run: str) -> list[str]:
    beside = BASELINES if run == NOISE_NAMES else ()  # the other runs have their own
    portfolio = next(m for m in pool.measures(run, beside) if m.strategy == PORTFOLIO)
    differences = [portfolio.differences.get(base) for base in BASELINES]
    return [f"{portfolio.area.mean:.3f}", *(interval(d, "+") for d in differences)]
