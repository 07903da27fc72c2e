"""The two uncertainties by hand: the mean over classes, and the class that is least certain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Record
from classemb_index.labels.labelled import labelled_from_ids
from classemb_index.strategies.base import Selection
from classemb_index.strategies.selection import select_batch
from classemb_index.strategies.uncertainty import class_uncertainty
from tests.support.fakes import Given
from tests.support.pools import selection_state

IndexOf = Callable[..., EmbeddingIndex]


@pytest.fixture
def selected(index_of: IndexOf) -> Callable[..., Selection]:
    """What a strategy selects from documents of these probabilities; d0 is labelled."""

    def select(name: str, probabilities: list[list[float]], batch: int) -> Selection:
        records = [Record(f"d{i}", "text", ("a", "b"), "train") for i in range(len(probabilities))]
        index = index_of(records, np.ones((len(records), 2)))
        labelled = labelled_from_ids(index.pool, ["d0"], "by hand")
        state = selection_state(index, labelled, 0, classifier=Given(probabilities))
        return select_batch(name, state, batch)

    return select


# uncertainty 1 - |2p - 1|: d1 0.2 and 1, d2 0.8 and 0.8, d3 0 and 0, d4 0.6 and 0.4
BY_HAND = [[0.5, 0.5], [0.9, 0.5], [0.6, 0.4], [0.0, 1.0], [0.3, 0.2]]


def test_uncertainty_of_a_class_is_one_at_a_half_and_zero_at_both_ends() -> None:
    found = class_uncertainty(np.array([[0.5, 0.0, 1.0], [0.25, 0.75, 0.875]], dtype=np.float32))
    assert found.tolist() == [[1.0, 0.0, 0.0], [0.5, 0.5, 0.25]]
    assert found.dtype == np.float64


def test_uncertainty_ranks_by_the_mean_over_classes(selected: Callable[..., Selection]) -> None:
    found = selected("uncertainty", BY_HAND, 4)
    assert found.rows.tolist() == [2, 1, 4, 3]
    np.testing.assert_allclose(found.scores, [0.8, 0.6, 0.5, 0.0], atol=1e-6)


def test_max_uncertainty_ranks_by_the_least_certain_class(
    selected: Callable[..., Selection],
) -> None:
    found = selected("max-uncertainty", BY_HAND, 4)
    assert found.rows.tolist() == [1, 2, 4, 3]
    np.testing.assert_allclose(found.scores, [1.0, 0.8, 0.6, 0.0], atol=1e-6)


@pytest.mark.parametrize("name", ["uncertainty", "max-uncertainty"])
def test_documents_of_equal_uncertainty_come_in_the_order_of_their_rows(
    selected: Callable[..., Selection], name: str
) -> None:
    # 0.25 is as uncertain as 0.75
    probabilities = [[0.5, 0.5], [0.0, 0.0], [0.75, 0.75], [0.25, 0.75], [0.25, 0.25]]
    assert selected(name, probabilities, 4).rows.tolist() == [2, 3, 4, 1]


def test_a_probability_too_small_for_a_float32_margin_is_more_uncertain_than_zero(
    selected: Callable[..., Selection],
) -> None:
    found = selected("max-uncertainty", [[0.5, 0.5], [0.0, 0.0], [1e-9, 0.0], [1e-8, 0.0]], 3)
    assert found.rows.tolist() == [3, 2, 1]
