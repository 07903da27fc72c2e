"""Labelled documents of which some classes are unknown: neither positives nor negatives of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, query_classes
from classemb_index.labels.labelled import LabelledSet, draw_labelled, labelled_set
from classemb_index.models.tuning import contrastive_pairs
from classemb_index.queries.build import build_queries
from classemb_index.queries.methods import AUTO, METHODS
from classemb_index.strategies import portfolio
from classemb_index.strategies.cvirs import cvirs_scores, select_cvirs
from classemb_index.strategies.options import StrategyOptions
from tests.support.fakes import Given
from tests.support.pools import selection_state, unit


@pytest.fixture
def names(toy_index: EmbeddingIndex) -> np.ndarray:
    shape = len(toy_index.pool.classes), toy_index.manifest.dim
    return unit(np.random.default_rng(5).standard_normal(shape))


@pytest.fixture
def partly(toy_index: EmbeddingIndex) -> LabelledSet:
    """60 labelled documents; four in ten cells are unknown, and none of the first class."""
    labelled = draw_labelled(toy_index.pool, 60, 0)
    known = np.random.default_rng(1).random(labelled.labels.shape) < 0.6
    known[:, 0] = True
    return replace(labelled, labels=labelled.labels & known, cells=known)


@pytest.mark.parametrize("method", [method for method in METHODS if method != AUTO])
def test_a_class_is_searched_by_the_documents_known_for_it(
    toy_index: EmbeddingIndex, partly: LabelledSet, names: np.ndarray, method: str
) -> None:
    pool = toy_index.pool
    for c in range(len(pool.classes)):
        alone = labelled_set(pool, partly.rows[partly.known[:, c]], "those known for the class")
        (expected,) = build_queries(toy_index, [c], alone, method, names)
        (found,) = build_queries(toy_index, [c], partly, method, names)
        assert (found.method, found.why) == (expected.method, expected.why)
        np.testing.assert_array_equal(found.vectors, expected.vectors)


def test_labelled_documents_are_searched_for_classes_that_are_unknown_of_them(
    toy_index: EmbeddingIndex, partly: LabelledSet
) -> None:
    k = partly.n_unlabelled + 1
    first, second = (
        query_classes(toy_index, [c], partly, k=most).classes[0] for c, most in ((0, k - 1), (1, k))
    )
    unknown = set(partly.rows[~partly.known[:, 1]].tolist())
    unlabelled = set(np.flatnonzero(partly.unlabelled).tolist())
    assert set(first.neighbours.rows.tolist()) == unlabelled
    assert set(second.neighbours.rows.tolist()) <= unlabelled | unknown
    everything = query_classes(toy_index, [1], partly, k=len(unlabelled) + len(unknown)).classes[0]
    assert set(everything.neighbours.rows.tolist()) == unlabelled | unknown


def test_classes_are_answered_together_as_they_are_alone(
    toy_index: EmbeddingIndex, partly: LabelledSet
) -> None:
    positions = range(len(toy_index.pool.classes))
    together = query_classes(toy_index, positions, partly, k=7).classes
    for position, found in zip(positions, together, strict=True):
        (alone,) = query_classes(toy_index, [position], partly, k=7).classes
        assert found.neighbours.rows.tolist() == alone.neighbours.rows.tolist()
        assert found.has_class == alone.has_class


def test_the_boundary_of_a_class_is_that_of_the_documents_known_for_it(
    toy_index: EmbeddingIndex, partly: LabelledSet, names: np.ndarray
) -> None:
    options = StrategyOptions(name_vectors=names)
    turned = replace(partly, labels=partly.labels ^ ~partly.known)
    state, other = (
        selection_state(toy_index, own, 0, None, Given(np.zeros((120, 4))), options=options)
        for own in (partly, turned)
    )
    for one, two in zip(portfolio._heads(state), portfolio._heads(other), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-3)


def test_cvirs_compares_with_label_vectors_that_are_wholly_known(
    toy_index: EmbeddingIndex, partly: LabelledSet
) -> None:
    n, q = len(toy_index), len(toy_index.pool.classes)
    probabilities = np.random.default_rng(2).random((n, q)).astype(np.float32)
    found = select_cvirs(selection_state(toy_index, partly, 0, None, Given(probabilities)), 5)
    whole = partly.labels[partly.known.all(axis=1)]
    assert 0 < len(whole) < len(partly)
    scores = cvirs_scores(probabilities[np.flatnonzero(partly.unlabelled)], whole)
    np.testing.assert_allclose(found.scores, np.sort(scores)[::-1][:5], atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_documents_are_drawn_apart_only_where_they_are_known_to_share_no_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((30, 4)) < 0.7
    labels = known & (rng.random((30, 4)) < 0.3)
    firsts, seconds, is_positive = contrastive_pairs(labels, 4, rng, known)
    for first, second, together in zip(firsts, seconds, is_positive, strict=True):
        share = (labels[first] & labels[second]).any()
        may_share = any(
            (labels[first, c] or not known[first, c])
            and (labels[second, c] or not known[second, c])
            for c in range(4)
        )
        assert share if together else not may_share
