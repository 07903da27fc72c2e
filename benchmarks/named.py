"""Named heads against plain ones, as a query, as a classifier and under every strategy.

    python benchmarks/named.py eurlex-rare=INDEX arxiv-rare=INDEX reuters=INDEX eurlex-other=INDEX

Random labels: ten draws of 0 to 1,000 labelled documents; precision@100 over the rare classes of the
unlabelled documents, and macro-F1 on the test split. Strategies: twenty seeds of 100 + 10 x 50 labels,
each with named and with plain heads, and portfolio without each of its parts. Writes
results/named.json; pools that are there and not named stay.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from common import RESULTS

from classemb_index import EmbeddingIndex
from classemb_index.errors import EmptyClassError
from classemb_index.experiments.simulation import Cell, Plan, Simulator
from classemb_index.labels.labelled import LabelledSet, draw_labelled, nothing_labelled
from classemb_index.measures.statistics import estimate
from classemb_index.models.contracts import THRESHOLD, Training
from classemb_index.models.f1 import f1_scores
from classemb_index.models.named import NamePrior
from classemb_index.models.probe import ProbeClassifier
from classemb_index.queries.classes import hidden
from classemb_index.queries.names import name_prior
from classemb_index.queries.search import query_classes
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.portfolio import PORTFOLIO, Limits, select_portfolio
from classemb_index.strategies.selection import STRATEGIES

FILE = RESULTS / "named.json"
SIZES, DRAWS = (0, 50, 100, 200, 300, 500, 1000), range(500, 510)
SEEDS, TOLD = range(300, 320), (100, 150, 200, 300, 600)
TOP = 100
ALIKE_ALLOWED = 0.999999  # cosine: only copies are kept apart
WITHOUT_TURNS = "portfolio without class turns"
NO_TURNS = partial(select_portfolio, limits=Limits(guided=0))


@dataclass(frozen=True)
class Run:
    """A strategy with its classifier.

    Attributes:
        strategy: its name.
        is_named: whether the classes have names.
        options: of the strategy.
    """

    strategy: str
    is_named: bool = True
    options: StrategyOptions = StrategyOptions()


RUNS = {
    "random": Run("random"),
    "max-uncertainty": Run("max-uncertainty"),
    "portfolio": Run("portfolio"),
    WITHOUT_TURNS: Run(WITHOUT_TURNS),
    "portfolio with near-duplicates": Run(
        "portfolio", options=StrategyOptions(no_near_duplicates=ALIKE_ALLOWED)
    ),
    "plain random": Run("random", False),
    "plain max-uncertainty": Run("max-uncertainty", False),
    "plain portfolio": Run("portfolio", False),
}


def main() -> None:
    pools = dict(word.split("=", 1) for word in sys.argv[1:])
    found = json.loads(FILE.read_text())["pools"] if FILE.exists() else {}
    with ProcessPoolExecutor(2) as workers:
        for name, figures in zip(pools, workers.map(study, pools.values()), strict=True):
            found[name] = figures
            write(found)


def write(found: dict[str, Any]) -> None:
    """The file, with what is found so far."""
    settings = {
        "draws of random labels": list(DRAWS),
        "seeds of strategies": list(SEEDS),
        "encoder": "minilm, 128 tokens",
        "an estimate": "mean, low and high of its 95 % bootstrap interval",
        "macro_f1": "named, plain, named - plain",
        "precision": f"precision@{TOP} over rare classes: auto, expanded-name, probe; their ceiling",
        "area": "of macro-F1 over labels: the run's, the run's - random's, rare classes' F1",
        "curve": f"macro-F1 at {', '.join(map(str, TOLD))} labels",
    }
    text = json.dumps({"settings": settings, "pools": found}, separators=(",", ":"))
    FILE.write_text(text + "\n")
    print(text)


def study(folder: str) -> dict[str, Any]:
    """All figures of one pool."""
    index = EmbeddingIndex.open(folder)
    with patch.dict(STRATEGIES, {WITHOUT_TURNS: replace(PORTFOLIO, select=NO_TURNS)}):
        return {"random labels": of_random_labels(index), "strategies": of_strategies(index)}


def of_random_labels(index: EmbeddingIndex) -> dict[str, Any]:
    """By size: macro-F1 of named and plain heads, and precision of three query methods."""
    pool, prior = index.pool, name_prior(index)
    has_test = len(pool.known_rows("test")) > 0
    found: dict[str, Any] = {}
    for size in SIZES:
        sets = [draw_labelled(pool, size, s) if size else nothing_labelled(pool) for s in DRAWS]
        sets = sets if size else sets[:1]
        scores = (
            np.array([_f1(index, own, prior) for own in sets]) if has_test else np.zeros((1, 2))
        )
        told = [scores[:, 0], scores[:, 1], scores[:, 0] - scores[:, 1]]
        found[str(size)] = {
            "macro_f1": [_told(values) for values in told] if has_test else None,
            "precision": [
                *(_told(_precision(index, sets, m)) for m in ("auto", "expanded-name", "probe")),
                round(float(np.mean([_ceiling(index, own) for own in sets])), 3),
            ],
        }
    return found


def of_strategies(index: EmbeddingIndex) -> dict[str, Any]:
    """By run: areas and the curve."""
    rounds = {name: _rounds(index, run) for name, run in RUNS.items()}
    areas = {name: own[..., 0].mean(axis=1) for name, own in rounds.items()}
    sizes = Plan((), ()).schedule.sizes()
    return {
        name: {
            "area": [
                _told(areas[name]),
                _told(areas[name] - areas["random"]),
                _told(own[..., 1].mean(axis=1)),
            ],
            "curve": [round(float(own[:, sizes.index(n), 0].mean()), 3) for n in TOLD],
            "minus max-uncertainty": _told(areas[name] - areas["max-uncertainty"]),
            "rare positives at the end": round(float(own[:, -1, 2].mean())),
        }
        for name, own in rounds.items()
    }


def _rounds(index: EmbeddingIndex, run: Run) -> np.ndarray:
    """(seeds, rounds, 3) macro-F1, mean F1 of the rare classes, and labelled documents of them."""
    options = run.options if run.is_named else replace(run.options, name_vectors=hidden(index))
    plan = Plan((run.strategy,), tuple(SEEDS), training=Training(model="probe"), options=options)
    simulator, rare = Simulator(index, plan), index.pool.groups.get("rare", ())
    rounds = [
        [
            (
                result.macro_f1,
                float(np.mean([result.f1[name] for name in rare])),
                sum(result.labelled_counts[name] for name in rare),
            )
            for result in simulator.rounds_of(Cell(run.strategy, seed))
        ]
        for seed in SEEDS
    ]
    return np.array(rounds)


def _f1(index: EmbeddingIndex, labelled: LabelledSet, prior: NamePrior) -> tuple[float, float]:
    """Macro-F1 on the test split of named and of plain heads."""
    pool = index.pool
    test, nobody = pool.known_rows("test"), np.zeros(0, dtype=np.int64)
    found = []
    for probe in (ProbeClassifier(index.embeddings(), p) for p in (prior, None)):
        probe.fit(labelled.rows, labelled.labels, nobody, labelled.labels[:0], 0)
        predicted = probe.probabilities(test) > THRESHOLD
        found.append(f1_scores(predicted, pool.labels[test]).macro)
    return found[0], found[1]


def _precision(index: EmbeddingIndex, sets: list[LabelledSet], method: str) -> np.ndarray:
    """Of each set the mean over rare classes of precision@100; 0 for a class without a query."""
    rare = _rare(index)
    found = []
    for own in sets:
        try:
            answers = query_classes(index, rare, own, k=TOP, method=method).classes
        except EmptyClassError:  # no class has anything that the method could search by
            found.append(0.0)
            continue
        hits = [sum(mark is True for mark in answer.has_class) for answer in answers]
        found.append(float(np.mean(hits)) / TOP)
    return np.array(found)


def _ceiling(index: EmbeddingIndex, labelled: LabelledSet) -> float:
    """The highest precision@100 that any order can have."""
    left = index.pool.labels[labelled.unlabelled][:, _rare(index)].sum(axis=0)
    return float(np.mean(np.minimum(left / TOP, 1)))


def _rare(index: EmbeddingIndex) -> list[int]:
    return [index.pool.class_position(name) for name in index.pool.groups["rare"]]


def _told(values: np.ndarray) -> list[float]:
    """Mean, low and high, with three digits; the mean alone below five values."""
    found = estimate(np.asarray(values, dtype=float).tolist())
    ends = (found.mean, found.low, found.high)
    return [round(end, 3) for end in ends if end is not None]


if __name__ == "__main__":
    main()
