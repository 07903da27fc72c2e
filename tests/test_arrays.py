"""Unit length and blocks, as every room takes them."""

from __future__ import annotations

import numpy as np
import pytest

from classemb_index.arrays import blocks, unit


def test_rows_come_out_at_length_one_in_their_own_precision() -> None:
    assert unit(np.array([[3, 4], [0, -2]], dtype=np.float32)).tolist() == [
        [np.float32(0.6), np.float32(0.8)],
        [0, -1],
    ]
    assert unit(np.ones((1, 4), dtype=np.float64)).dtype == np.float64


def test_rows_come_out_with_the_bits_of_a_plain_division() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_array_equal(unit(vectors), expected)


def test_a_row_of_zeros_stays_and_what_is_not_a_number_is_not_hidden() -> None:
    found = unit(np.array([[0, 0], [np.nan, 1], [1, 0]], dtype=np.float32))
    assert found[[0, 2]].tolist() == [[0, 0], [1, 0]]
    assert np.isnan(found[1]).all()


def test_the_vectors_that_were_given_are_not_changed() -> None:
    vectors = np.array([[3, 4]], dtype=np.float32)
    unit(vectors)
    assert vectors.tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [
        (0, 3, []),
        (2, 3, [(0, 2)]),
        (3, 3, [(0, 3)]),
        (7, 3, [(0, 3), (3, 6), (6, 7)]),
    ],
)
def test_blocks_cover_everything_once(n: int, size: int, expected: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in blocks(n, size)] == expected
