"""Folds: no near-duplicates on both sides, every class on all of them."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index.models.folds import near_duplicate_groups, stratified_folds
from tests.support.pools import unit


def slow_groups(embeddings: np.ndarray, most_alike: float) -> list[int]:
    """Groups by walking from document to document."""
    group = [-1] * len(embeddings)
    for start in range(len(embeddings)):
        if group[start] >= 0:
            continue
        number, ahead = max(group) + 1, [start]
        while ahead:
            i = ahead.pop()
            group[i] = number
            for j in range(len(embeddings)):
                alike = float(embeddings[i] @ embeddings[j])
                if group[j] < 0 and alike > most_alike:
                    group[j] = number
                    ahead.append(j)
    return group


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_found_as_by_walking_from_document_to_document(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classemb_index.models.folds.BLOCK", 7)  # groups reach over blocks
    rng = np.random.default_rng(seed)
    vectors = unit(rng.standard_normal((60, 3)))
    assert near_duplicate_groups(vectors, 0.95).tolist() == slow_groups(vectors, 0.95)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_parted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 40, 120)
    groups = np.unique(groups, return_inverse=True)[1]
    folds = stratified_folds(rng.random((120, 4)) < 0.2, groups, 5, rng)
    assert all(len(set(folds[groups == g])) == 1 for g in range(groups.max() + 1))


@pytest.mark.parametrize("seed", range(5))
def test_classes_and_documents_are_spread_over_the_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.random((200, 5)) < [0.025, 0.05, 0.1, 0.3, 0.5]
    folds = stratified_folds(labels, np.arange(200), 5, rng)
    for c in range(5):
        counts = np.bincount(folds[labels[:, c]], minlength=5)
        assert counts.max() - counts.min() <= 3, counts
    assert np.ptp(np.bincount(folds, minlength=5)) <= 4


def test_two_positives_are_in_two_folds() -> None:
    labels = np.zeros((20, 1), dtype=bool)
    labels[[3, 4]] = True
    folds = stratified_folds(labels, np.arange(20), 5, np.random.default_rng(0))
    assert folds[3] != folds[4]


def test_a_seed_gives_the_same_folds() -> None:
    labels = np.random.default_rng(0).random((50, 3)) < 0.3
    first, second = (
        stratified_folds(labels, np.arange(50), 3, np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
