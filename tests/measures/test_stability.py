"""When to stop: kappa of successive predictions, and classes that are still worth a search."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from classemb_index import Batch, EmbeddingIndex
from classemb_index.labels.batches import NO_CLASS
from classemb_index.labels.labelled import labelled_set
from classemb_index.labels.progress import class_progress
from classemb_index.measures.stability import judge_stopping, mean_kappa


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_scikit_learns_averaged_over_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.random((50, 3)) < 0.4
    second = first ^ (rng.random((50, 3)) < 0.2)
    expected = np.mean([cohen_kappa_score(first[:, c], second[:, c]) for c in range(3)])
    assert mean_kappa(first, second) == pytest.approx(expected)


def test_a_class_that_both_never_decide_for_is_stable() -> None:
    nobody = np.zeros((10, 1), dtype=bool)
    assert mean_kappa(nobody, nobody) == 1
    assert mean_kappa(nobody, ~nobody) == 0


def history(sizes: list[int], rows: np.ndarray) -> list[Batch]:
    parts = np.split(rows, np.cumsum(sizes)[:-1])
    return [
        Batch(part, np.full(len(part), NO_CLASS), ("",) * len(part), "random") for part in parts
    ]


def test_kappas_are_those_of_heads_before_and_after_each_of_the_last_three_batches(
    toy_index: EmbeddingIndex,
) -> None:
    pool, sizes = toy_index.pool, [30, 4, 3, 3]
    rows = np.flatnonzero(pool.selectable)[:40]
    labelled = labelled_set(pool, rows, "by hand")
    batches = history(sizes, rows)
    progress = class_progress(labelled, batches)
    found = judge_stopping(toy_index, labelled, batches, progress)
    embeddings, asked = toy_index.embeddings(), np.flatnonzero(pool.selectable)  # fewer than 2,000
    decided = []
    for size in np.cumsum(sizes):
        heads = [
            LogisticRegression(class_weight="balanced", max_iter=1000).fit(
                embeddings[rows[:size]], pool.labels[rows[:size], c]
            )
            for c in range(len(pool.classes))
        ]
        decided.append([head.predict(embeddings[asked]) for head in heads])
    expected = [
        np.mean([cohen_kappa_score(*pair) for pair in zip(before, after, strict=True)])
        for before, after in pairwise(decided)
    ]
    assert found.kappas == pytest.approx(expected, abs=1e-6)
    # no class is done: each is worth a search, or was never searched for
    assert set(found.open_classes) == set(pool.classes)
    assert not found.stop


def test_it_stops_where_predictions_are_stable_and_no_class_is_open(
    toy_index: EmbeddingIndex,
) -> None:
    pool = toy_index.pool
    rows = np.flatnonzero(pool.selectable)[:40]
    labelled = labelled_set(pool, rows, "by hand")
    # three batches of nothing that a class could learn from
    unknown = np.ones_like(labelled.labels)
    unknown[37:] = False
    labelled = replace(labelled, labels=labelled.labels & unknown, cells=unknown)
    batches = history([37, 1, 1, 1], rows)
    done = [replace(own, verdict="enough") for own in class_progress(labelled, batches)]
    found = judge_stopping(toy_index, labelled, batches, done)
    assert found.kappas == (1.0, 1.0, 1.0)
    assert (found.is_stable, found.open_classes, found.stop) == (True, (), True)
    assert found.why == (
        "predictions are stable: mean kappa 1.000 over the last 3 batches, stop at 0.99"
    )


def test_two_batches_cannot_be_stable_yet(toy_index: EmbeddingIndex) -> None:
    pool = toy_index.pool
    rows = np.flatnonzero(pool.selectable)[:20]
    labelled = labelled_set(pool, rows, "by hand")
    batches = history([10, 10], rows)
    found = judge_stopping(toy_index, labelled, batches, class_progress(labelled, batches))
    assert (len(found.kappas), found.is_stable) == (1, False)
    assert found.why.startswith("predictions are compared over 3 batches, 1 can be compared yet; ")
