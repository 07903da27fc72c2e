"""Documents that resemble nothing labelled, against a loop over all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index.models.familiarity import (
    familiarity_limit,
    kept_for_comparison,
    unfamiliar,
)
from tests.support.pools import dot, unit


def test_the_limit_is_a_percentile_of_each_labelled_documents_nearest_other() -> None:
    vectors = unit(np.random.default_rng(0).standard_normal((40, 4)))
    rows = vectors.tolist()
    nearest = [max(dot(a, b) for j, b in enumerate(rows) if j != i) for i, a in enumerate(rows)]
    assert familiarity_limit(vectors) == pytest.approx(np.percentile(nearest, 1), abs=1e-6)


def test_documents_beyond_the_limit_are_unfamiliar() -> None:
    rng = np.random.default_rng(1)
    near = unit(np.array([1.0, 0, 0, 0]) + 0.2 * rng.standard_normal((50, 4)))
    limit = familiarity_limit(near)
    asked = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [-1, 0, 0, 0]], dtype=np.float32)
    assert unfamiliar(asked, near, limit).tolist() == [False, True, True]


def test_few_labelled_documents_make_nothing_unfamiliar() -> None:
    vectors = unit(np.random.default_rng(0).standard_normal((19, 3)))
    assert familiarity_limit(vectors) is None
    assert not unfamiliar(-vectors, vectors, None).any()


def test_kept_documents_are_a_draw_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classemb_index.models.familiarity.MOST_KEPT", 10)
    vectors = unit(np.random.default_rng(0).standard_normal((30, 3)))
    kept = kept_for_comparison(vectors, np.random.default_rng(0))
    assert (kept.shape, kept.dtype) == ((10, 3), np.float16)
    assert {tuple(row) for row in kept.tolist()} <= {
        tuple(row) for row in vectors.astype(np.float16).tolist()
    }


def test_a_mark_is_that_of_the_nearest_of_all_labelled_documents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("classemb_index.models.familiarity.AT_ONCE", 7)
    monkeypatch.setattr("classemb_index.models.familiarity.BLOCK", 11)
    rng = np.random.default_rng(0)
    asked, labelled = unit(rng.standard_normal((60, 3))), unit(rng.standard_normal((25, 3)))
    expected = [max(dot(a, b) for b in labelled.tolist()) < 0.9 for a in asked.tolist()]
    assert unfamiliar(asked, labelled, 0.9).tolist() == expected
    assert 5 < sum(expected) < 55
