"""CVIRS against a slow double loop over the lines of its formula, and by hand."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, draw_labelled
from classemb_index.labels.labelled import labelled_set
from classemb_index.strategies.cvirs import cvirs_scores
from classemb_index.strategies.selection import select_batch
from tests.support.fakes import Given
from tests.support.pools import selection_state

A_BYTE_AND_MORE = [1, 2, 7, 8, 9, 64, 65, 70]  # classes; label vectors are packed eight to a byte


def entropy(p: float) -> float:
    """In bits; 0 log 0 is 0."""
    return -sum(x * math.log2(x) for x in (p, 1 - p) if x > 0)


def inconsistency(first: list[bool], second: list[bool]) -> float:
    """f(i, j) of two label vectors."""
    q = len(first)
    pairs = list(zip(first, second, strict=True))
    a = pairs.count((True, True))
    b = pairs.count((True, False))
    c = pairs.count((False, True))
    d = pairs.count((False, False))
    if b + c == q:
        return 1.0
    both = entropy((b + c) / q)
    if b + c:
        both += (b + c) / q * entropy(b / (b + c))
    if a + d:
        both += (a + d) / q * entropy(a / (a + d))
    if b + c == 0 or both == 0:
        return 0.0
    return (2 * both - entropy((a + b) / q) - entropy((a + c) / q)) / both


def slow_scores(probabilities: np.ndarray, labelled: np.ndarray) -> list[float]:
    """s(i) * v(i), line by line."""
    lines = [[float(p) for p in line] for line in probabilities]
    known = [[bool(label) for label in line] for line in labelled]
    n, q = len(lines), len(lines[0])
    borda = [0.0] * n
    for label in range(q):
        by_margin = sorted(range(n), key=lambda i: (abs(2 * lines[i][label] - 1), i))
        for rank, i in enumerate(by_margin, start=1):
            borda[i] += (n - rank) / (q * (n - 1)) if n > 1 else 1 / q
    predicted = [[p > 0.5 for p in line] for line in lines]
    mean = [sum(inconsistency(line, other) for other in known) / len(known) for line in predicted]
    return [s * v for s, v in zip(borda, mean, strict=True)]


def draw(n: int, m: int, q: int, seed: int, share: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of n documents, a share of them above a half, and labels of m others."""
    rng = np.random.default_rng(seed)
    probabilities = (rng.random((n, q)) ** 1.7).astype(np.float32)
    return probabilities, rng.random((m, q)) < share


@pytest.mark.parametrize("q", A_BYTE_AND_MORE)
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_the_slow_loop(q: int, seed: int) -> None:
    probabilities, labelled = draw(40, 12, q, seed)
    found = cvirs_scores(probabilities, labelled)
    assert found.shape == (40,) and found.dtype == np.float64
    np.testing.assert_allclose(found, slow_scores(probabilities, labelled), atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_scores_are_those_of_the_slow_loop_where_margins_and_label_vectors_repeat(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    # margins 1, 0.5 and 0, each from both sides; two or three classes give few label vectors
    q = 2 + seed % 2
    probabilities = rng.choice([0, 0.25, 0.5, 0.75, 1], (60, q)).astype(np.float32)
    labelled = rng.random((20, q)) < 0.5
    found = cvirs_scores(probabilities, labelled)
    np.testing.assert_allclose(found, slow_scores(probabilities, labelled), atol=1e-12)


def test_scores_lie_between_zero_and_one() -> None:
    for q in A_BYTE_AND_MORE:
        found = cvirs_scores(*draw(200, 30, q, seed=q))
        assert found.min() >= 0 and found.max() <= 1


def test_two_documents_by_hand() -> None:
    # margins 0.8 0.2 and 0.2 0.8: each is first once, so s is 1/2 for both
    probabilities = np.array([[0.9, 0.6], [0.4, 0.1]], dtype=np.float32)
    labelled = np.array([[True, False], [True, True]])
    # f(11, 10): H(i) 0, H(j) 1, H(i,j) 1, so (2 - 1) / 1 = 1    f(11, 11) = 0    v = 1/2
    # f(00, 10): the same, 1                                      f(00, 11) = 1    v = 1
    np.testing.assert_allclose(cvirs_scores(probabilities, labelled), [0.25, 0.5], atol=1e-12)


def test_one_document_has_rank_one_and_its_score_is_the_inconsistency() -> None:
    # 1100 and 1000: H(i) = 1, H(j) = H(1/4) = 0.8113,
    # H(i,j) = H(1/4) + 1/4 * H(1) + 3/4 * H(1/3) = 0.8113 + 0.6887 = 1.5
    found = cvirs_scores(
        np.array([[0.7, 0.9, 0.1, 0.2]], dtype=np.float32), np.array([[1, 0, 0, 0]]) > 0
    )
    np.testing.assert_allclose(found, [(3 - 1.8113) / 1.5], atol=1e-4)


def test_label_vectors_that_agree_in_nothing_are_wholly_inconsistent_and_equal_ones_not() -> None:
    probabilities = np.array([[0.9, 0.1, 0.2]], dtype=np.float32)
    opposite, same = np.array([[False, True, True]]), np.array([[True, False, False]])
    assert cvirs_scores(probabilities, opposite).tolist() == [1.0]
    assert cvirs_scores(probabilities, same).tolist() == [0.0]


def test_a_probability_of_a_half_predicts_no_class() -> None:
    # 0.5 is no class: 00 and 10 are inconsistent, 10 and 10 are not
    found = cvirs_scores(np.array([[0.5, 0.5]], dtype=np.float32), np.array([[True, False]]))
    assert found.tolist() == [1.0]
    found = cvirs_scores(np.array([[0.75, 0.5]], dtype=np.float32), np.array([[True, False]]))
    assert found.tolist() == [0.0]


def test_equal_margins_are_ranked_by_row() -> None:
    # one class, so every document's f with 1 is 1: the score is s = (4 - rank) / 3
    probabilities = np.array([[0.25], [0.25], [0.0], [0.25]], dtype=np.float32)
    found = cvirs_scores(probabilities, np.array([[True]]))
    np.testing.assert_allclose(found, [1, 2 / 3, 0, 1 / 3], atol=1e-12)


def test_margins_that_float32_cannot_tell_apart_are_ranked() -> None:
    # 1 - 2e-9 and 1 - 2e-8 are both 1 in float32, where the lower row would be first
    probabilities = np.array([[0.0], [1e-9], [1e-8]], dtype=np.float32)
    found = cvirs_scores(probabilities, np.array([[True]]))
    np.testing.assert_allclose(found, [0, 0.5, 1], atol=1e-12)


def test_without_a_labelled_document_every_score_is_zero() -> None:
    probabilities, _ = draw(5, 1, 3, seed=0)
    assert cvirs_scores(probabilities, np.zeros((0, 3), dtype=bool)).tolist() == [0.0] * 5


def test_scores_do_not_hang_on_how_the_arrays_lie_in_memory() -> None:
    probabilities, labelled = draw(30, 10, 20, seed=0)
    turned = cvirs_scores(np.asfortranarray(probabilities), np.asfortranarray(labelled))
    np.testing.assert_array_equal(turned, cvirs_scores(probabilities, labelled))


def test_memory_stays_below_that_of_all_pairs_and_scores_do_not_hang_on_the_blocks() -> None:
    n, m, q = 20_000, 100, 70
    rng = np.random.default_rng(0)
    probabilities = rng.random((n, q), dtype=np.float32)  # label vectors are all distinct
    labelled = rng.random((m, q)) < 0.5
    at_once = cvirs_scores(probabilities, labelled)
    tracemalloc.start()
    in_blocks = cvirs_scores(probabilities, labelled, pairs=20_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(in_blocks, at_once, rtol=1e-12)
    assert peak < n * m * 8  # bytes of one float64 a pair


@pytest.mark.parametrize("pairs", [1, 7, 50])
def test_blocks_smaller_than_the_labelled_set_give_the_scores_of_the_slow_loop(
    pairs: int,
) -> None:
    probabilities, labelled = draw(25, 12, 9, seed=1)
    found = cvirs_scores(probabilities, labelled, pairs=pairs)
    np.testing.assert_allclose(found, slow_scores(probabilities, labelled), atol=1e-12)


def test_cvirs_selects_the_documents_of_the_largest_scores(toy_index: EmbeddingIndex) -> None:
    pool = toy_index.pool
    labelled = draw_labelled(pool, 20, 0)
    probabilities, _ = draw(len(pool), 1, 3, seed=5)
    left = np.flatnonzero(labelled.unlabelled).tolist()
    scores = slow_scores(probabilities[left], labelled.labels)
    expected = sorted(
        zip(scores, left, strict=True), key=lambda pair: (-round(pair[0], 9), pair[1])
    )
    state = selection_state(toy_index, labelled, 0, classifier=Given(probabilities))
    found = select_batch("cvirs", state, 15)
    assert found.rows.tolist() == [row for _, row in expected[:15]]
    np.testing.assert_allclose(found.scores, [score for score, _ in expected[:15]], atol=1e-6)
    assert found.note is None


def test_without_a_labelled_document_the_batch_is_random_and_a_note_says_so(
    toy_index: EmbeddingIndex,
) -> None:
    labelled = labelled_set(toy_index.pool, np.zeros(0, dtype=np.int64), "nothing")
    probabilities, _ = draw(len(toy_index), 1, 3, seed=5)
    state = selection_state(toy_index, labelled, 0, classifier=Given(probabilities))
    found = select_batch("cvirs", state, 10)
    random = select_batch("random", selection_state(toy_index, labelled, 0), 10)
    assert found.rows.tolist() == random.rows.tolist()
    assert found.note == "every document has the same score: the batch is random"
