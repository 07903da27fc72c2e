"""What more labels are likely to gain: scores by hand, and what a curve says of the next labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classemb_index import EmbeddingIndex, ProbeClassifier, Record
from classemb_index.labels.labelled import labelled_set
from classemb_index.measures import gain
from classemb_index.measures.gain import likely_gains


@pytest.fixture
def noisy(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """200 documents on a line across two classes, with noise; a third class has two documents."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    labels = [("a",) if value + 0.7 * rng.standard_normal() > 0.5 else ("b",) for value in x]
    labels[0] += ("c",)
    labels[1] += ("c",)
    records = [Record(f"d{i}", f"text {i}", own, "train") for i, own in enumerate(labels)]
    vectors = np.stack([x, *rng.standard_normal((7, 200))], axis=1)
    return index_of(records, vectors)


def test_scores_are_those_of_probes_on_the_documents_held_out(
    noisy: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gain, "REPEATS", 1)
    pool = noisy.pool
    labelled = labelled_set(pool, np.arange(100), "the first")
    mean, a, b = likely_gains(noisy, labelled, seed=3)
    assert (mean.class_name, a.class_name, b.class_name) == (None, "a", "b")  # c has two documents
    assert a.sizes == (25, 50, 75)
    order = np.random.default_rng(3).permutation(100)
    asked = np.sort(order[:25])
    for size, score in zip(a.sizes, a.f1, strict=True):
        rows, none = np.sort(order[25:][:size]), np.zeros(0, dtype=np.int64)
        probe = ProbeClassifier(noisy.embeddings())
        probe.fit(rows, pool.labels[rows], none, pool.labels[none], 0)
        decided = probe.probabilities(asked)[:, 0] > 0.5
        assert score == pytest.approx(f1_score(pool.labels[asked, 0], decided))
    x = np.log(a.sizes)
    slope = np.polyfit(x, a.f1, 1)[0]
    assert a.gain == pytest.approx(np.clip(slope * np.log(150 / 100), 0, 1 - a.f1[-1]))
    assert mean.gain == pytest.approx((a.gain + b.gain) / 2)


def test_the_interval_holds_the_gain_and_never_promises_more_than_is_left(
    noisy: EmbeddingIndex,
) -> None:
    for own in likely_gains(noisy, labelled_set(noisy.pool, np.arange(60), "the first")):
        assert 0 <= own.low <= own.high <= 1
        assert own.low - 0.05 <= own.gain <= own.high + 0.05
        assert own.gain <= 1 - own.f1[-1] + 1e-9


def test_unknown_cells_are_neither_learnt_from_nor_scored(noisy: EmbeddingIndex) -> None:
    labelled = labelled_set(noisy.pool, np.arange(100), "the first")
    known = np.ones_like(labelled.labels)
    known[:, 1] = False
    partly = replace(labelled, labels=labelled.labels & known, cells=known)
    assert [own.class_name for own in likely_gains(noisy, partly)] == [None, "a"]


def test_where_no_class_has_enough_documents_nothing_is_promised(noisy: EmbeddingIndex) -> None:
    assert likely_gains(noisy, labelled_set(noisy.pool, np.arange(3), "three")) == []
