"""The probe: logistic heads on stored embeddings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, ProbeClassifier, Record
from classemb_index.models.probe import logistic_head

NO_ROWS = np.zeros(0, dtype=np.int64)


def fitted(
    index: EmbeddingIndex,
    rows: list[int],
    labels: np.ndarray | None = None,
    seed: int = 0,
    **options: int,
) -> ProbeClassifier:
    probe = ProbeClassifier(index.embeddings(), **options)
    labels = index.pool.labels[rows] if labels is None else labels
    dev = np.zeros((0, labels.shape[1]), dtype=bool)
    probe.fit(np.array(rows, dtype=np.int64), labels, NO_ROWS, dev, seed)
    return probe


@pytest.fixture
def line(index_of: Callable[..., EmbeddingIndex]) -> EmbeddingIndex:
    """Class a lies to the right, class b above; eight documents."""
    labels = [("a",), ("a",), ("a",), ("b",), ("b",), ("b",), ("a",), ("b",)]
    records = [Record(f"d{i}", "text", own, "train") for i, own in enumerate(labels)]
    angles = np.radians([0, 10, 20, 90, 80, 70, 15, 75])
    return index_of(records, np.stack([np.cos(angles), np.sin(angles)], axis=1))


def test_heads_learn_classes_that_can_be_separated(line: EmbeddingIndex) -> None:
    probabilities = fitted(line, [0, 1, 2, 3, 4, 5]).probabilities(np.array([6, 7]))
    assert (probabilities > 0.5).tolist() == [[True, False], [False, True]]
    assert probabilities.dtype == np.float32


def test_probabilities_are_those_of_balanced_logistic_regressions(
    toy_index: EmbeddingIndex,
) -> None:
    pool = toy_index.pool
    rows, asked = pool.rows("train"), pool.rows("test")
    found = fitted(toy_index, rows.tolist()).probabilities(asked)
    for c in range(len(pool.classes)):
        head = LogisticRegression(class_weight="balanced", max_iter=1000)
        head.fit(toy_index.embeddings(rows), pool.labels[rows, c])
        expected = head.predict_proba(toy_index.embeddings(asked))[:, 1]
        np.testing.assert_allclose(found[:, c], expected, atol=1e-5)


def test_a_class_without_a_labelled_document_has_probability_0(line: EmbeddingIndex) -> None:
    probabilities = fitted(line, [0, 1, 2]).probabilities(np.arange(8))
    assert probabilities[:, 1].tolist() == [0] * 8


def test_a_class_of_every_labelled_document_has_probability_1(line: EmbeddingIndex) -> None:
    probabilities = fitted(line, [0, 1, 2]).probabilities(np.arange(8))
    assert probabilities[:, 0].tolist() == [1] * 8


def test_one_labelled_document_is_enough(line: EmbeddingIndex) -> None:
    assert fitted(line, [4]).probabilities(np.array([0])).tolist() == [[0, 1]]


def test_order_of_probabilities_follows_the_rows(toy_index: EmbeddingIndex) -> None:
    probe = fitted(toy_index, list(range(60)))
    rows = np.array([7, 3, 100, 3])
    np.testing.assert_array_equal(
        probe.probabilities(rows), probe.probabilities(np.arange(120))[rows]
    )


@pytest.mark.parametrize("chunk", [1, 7, 24, 1000])
def test_probabilities_do_not_depend_on_how_many_are_computed_at_once(
    toy_index: EmbeddingIndex, chunk: int
) -> None:
    rows = np.random.default_rng(0).permutation(120)
    at_once = fitted(toy_index, list(range(60))).probabilities(rows)
    in_parts = fitted(toy_index, list(range(60)), block=chunk)
    np.testing.assert_allclose(in_parts.probabilities(rows), at_once, atol=1e-6)


def test_representations_are_the_embeddings(toy_index: EmbeddingIndex) -> None:
    rows = np.array([7, 3, 100, 3])
    found = fitted(toy_index, list(range(60))).representations(rows)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, toy_index.embeddings()[rows])


def test_trained_on_nothing_every_probability_is_0(toy_index: EmbeddingIndex) -> None:
    probe = fitted(toy_index, [], np.zeros((0, 3), dtype=bool))
    assert probe.probabilities(np.arange(5)).tolist() == [[0, 0, 0]] * 5


def test_no_rows_have_no_probabilities(toy_index: EmbeddingIndex) -> None:
    probe = fitted(toy_index, list(range(60)))
    assert probe.probabilities(NO_ROWS).shape == (0, 3)
    assert probe.representations(NO_ROWS).shape == (0, 8)


def test_a_second_fit_forgets_the_first(toy_index: EmbeddingIndex) -> None:
    pool, asked = toy_index.pool, np.arange(120)
    probe = fitted(toy_index, list(range(60)))
    none = np.zeros((0, 3), dtype=bool)
    probe.fit(np.arange(60, 90), pool.labels[60:90], NO_ROWS, none, 0)
    expected = fitted(toy_index, list(range(60, 90))).probabilities(asked)
    np.testing.assert_array_equal(probe.probabilities(asked), expected)


def test_the_seed_changes_nothing(toy_index: EmbeddingIndex) -> None:
    rows, asked = list(range(60)), np.arange(120)
    first, second = (fitted(toy_index, rows, seed=seed).probabilities(asked) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)


def test_it_runs_one_epoch_and_does_not_look_at_dev(toy_index: EmbeddingIndex) -> None:
    probe, told = ProbeClassifier(toy_index.embeddings()), []
    none = np.zeros((0, 3), dtype=bool)
    epochs = probe.fit(
        np.arange(60),
        toy_index.pool.labels[:60],
        NO_ROWS,
        none,
        0,
        on_epoch=lambda epoch, score: told.append((epoch, score)),
    )
    assert (epochs, told, probe.uses_dev) == (1, [(1, None)], False)


def test_settings_say_what_is_trained(toy_index: EmbeddingIndex) -> None:
    settings = ProbeClassifier(toy_index.embeddings(), c=2.0).settings()
    assert settings == {"model": "probe", "c": 2.0, "class_weight": "balanced"}


def test_the_inverse_strength_is_the_penaltys(line: EmbeddingIndex) -> None:
    none = np.zeros((0, 2), dtype=bool)
    spreads = []
    for c in (0.01, 100.0):
        probe = ProbeClassifier(line.embeddings(), c=c)
        probe.fit(np.arange(6), line.pool.labels[:6], NO_ROWS, none, 0)
        spreads.append(np.ptp(probe.probabilities(np.arange(8))))
    assert spreads[0] < 0.1 < 0.9 < spreads[1]


@pytest.mark.parametrize("c", [0.1, 1.0, 30.0])
def test_a_head_is_the_best_of_its_penalised_and_balanced_loss(c: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)).astype(np.float32)
    has_class = x[:, 0] + rng.standard_normal(40) > 1  # a fifth of them
    assert 4 < has_class.sum() < 15
    weights, offset = logistic_head(x, has_class, c)
    assert weights.dtype == np.float32 and isinstance(offset, float)
    # the loss has no slope there: each side weighs n / 2, the offset is not penalised
    side = np.where(has_class, 20 / has_class.sum(), 20 / (~has_class).sum())
    wrong = c * side * (1 / (1 + np.exp(-(x @ weights + offset))) - has_class)
    np.testing.assert_allclose(x.T @ wrong + weights, [0, 0, 0], atol=5e-3 * c)
    assert abs(wrong.sum()) < 5e-3 * c


def test_a_head_between_two_opposite_documents_lies_in_the_middle() -> None:
    documents = np.array([[0.6, 0.8], [-0.6, -0.8]], dtype=np.float32)
    weights, offset = logistic_head(documents, np.array([True, False]))
    assert weights[0] > 0
    assert weights[1] / weights[0] == pytest.approx(4 / 3)
    assert offset == pytest.approx(0, abs=1e-6)


def test_a_head_of_unequal_sides_weighs_them_equally() -> None:
    documents = np.array([[1, 0]] + [[-1, 0]] * 9, dtype=np.float32)
    _, offset = logistic_head(documents, np.arange(10) == 0)
    assert offset == pytest.approx(0, abs=1e-3)  # without weights about -1.5


def test_each_head_is_trained_on_the_documents_known_for_its_class(
    toy_index: EmbeddingIndex,
) -> None:
    pool, rng = toy_index.pool, np.random.default_rng(0)
    rows, asked = pool.rows("train"), pool.rows("test")
    known = rng.random((len(rows), len(pool.classes))) < 0.6
    probe = ProbeClassifier(toy_index.embeddings())
    probe.fit(rows, pool.labels[rows] & known, NO_ROWS, pool.labels[NO_ROWS], 0, known=known)
    found = probe.probabilities(asked)
    for c, own in enumerate(known.T):
        head = LogisticRegression(class_weight="balanced", max_iter=1000)
        head.fit(toy_index.embeddings(rows[own]), pool.labels[rows[own], c])
        expected = head.predict_proba(toy_index.embeddings(asked))[:, 1]
        np.testing.assert_allclose(found[:, c], expected, atol=1e-5)


def test_a_class_of_which_nothing_is_known_has_probability_0(line: EmbeddingIndex) -> None:
    rows, known = np.arange(6), np.ones((6, 2), dtype=bool)
    known[:, 1] = False
    probe = ProbeClassifier(line.embeddings())
    probe.fit(rows, line.pool.labels[rows] & known, NO_ROWS, known[:0], 0, known=known)
    assert probe.probabilities(np.arange(8))[:, 1].tolist() == [0] * 8
