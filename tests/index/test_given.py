"""Given vectors with an encoder named: a sample of the documents is embedded and compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import SourceError
from tests.support.fakes import HashEncoder, KnownEncoder
from tests.support.pools import dot

TEXTS = [f"text {i}" for i in range(100)]
TRUE = HashEncoder().encode(TEXTS)


class Noting(KnownEncoder):
    """The hash encoder, noting its texts."""

    def __init__(self) -> None:
        super().__init__(TEXTS, TRUE)


def build(folder: Path, vectors: np.ndarray, encoder: HashEncoder | None = None) -> EmbeddingIndex:
    """An index of as many of the documents as there are vectors, by the encoder that is named."""
    records = [Record(f"d{i}", TEXTS[i], None, None) for i in range(len(vectors))]
    pool = Pool.from_records(records)
    return EmbeddingIndex.build(pool, encoder or HashEncoder(), folder, embeddings=vectors)


def sample(folder: Path, n: int = 100) -> list[int]:
    """The rows that a build of n documents compares."""
    encoder = Noting()
    build(folder, TRUE[:n], encoder)
    return [TEXTS.index(text) for text in encoder.texts]


def at_cosine(cosine: float, vector: np.ndarray) -> np.ndarray:
    """A unit vector at this cosine to a unit vector."""
    other = np.roll(vector, 1) - dot(np.roll(vector, 1), vector) * vector
    return cosine * vector + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)


@pytest.mark.parametrize(("n", "size"), [(100, 16), (16, 16), (3, 3)])
def test_sixteen_documents_are_compared_or_all_where_there_are_fewer(
    tmp_path: Path, n: int, size: int
) -> None:
    rows = sample(tmp_path / "first", n)
    assert len(rows) == len(set(rows)) == size
    assert rows == sample(tmp_path / "second", n)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_encoders_own_vectors_are_taken_at_any_length_and_precision(
    tmp_path: Path, dtype: type
) -> None:
    index = build(tmp_path / "index", (3 * TRUE).astype(dtype))
    np.testing.assert_allclose(index.embeddings(), TRUE, atol=2e-3)


def test_vectors_in_another_order_are_refused_and_the_index_stays(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(folder, TRUE[:50])
    rows = sample(tmp_path / "sampled")
    turned = TRUE[::-1]
    cosines = {row: dot(turned[row], TRUE[row]) for row in rows}
    worst = min(rows, key=cosines.__getitem__)
    wrong = sum(cosine < 0.9 for cosine in cosines.values())
    with pytest.raises(SourceError) as error:
        build(folder, turned)
    assert str(error.value) == (
        f"{wrong} of 16 documents that were embedded to compare have other vectors than those given "
        f"(document 'd{worst}' has the least cosine, {cosines[worst]:.2f}; each needs 0.9); where the "
        "vectors stand in another order than the documents, give their ids with --ids, and where "
        "'hash' did not make them, name the encoder that did"
    )
    assert len(EmbeddingIndex.open(folder).verify()) == 3
    np.testing.assert_allclose(EmbeddingIndex.open(folder).embeddings(), TRUE[:50], atol=1e-6)


def test_vectors_that_are_shifted_from_some_row_on_are_refused(tmp_path: Path) -> None:
    shifted = np.concatenate([TRUE[:50], TRUE[51:], TRUE[50:51]])
    moved = sum(row >= 50 for row in sample(tmp_path / "sampled"))
    with pytest.raises(SourceError, match=f"^{moved} of 16 documents"):
        build(tmp_path / "index", shifted)


def test_vectors_of_another_encoder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^16 of 16 documents .* where 'hash' did not make them"):
        build(tmp_path / "index", HashEncoder(salt="other").encode(TEXTS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("cosine", "refused"), [(0.91, False), (0.89, True)])
def test_one_vector_below_a_cosine_of_nine_tenths_is_enough_to_refuse(
    tmp_path: Path, cosine: float, refused: bool
) -> None:
    row = sample(tmp_path / "sampled")[5]
    vectors = TRUE.copy()
    vectors[row] = at_cosine(cosine, TRUE[row])
    if not refused:
        assert len(build(tmp_path / "index", vectors)) == 100
        return
    with pytest.raises(SourceError, match=rf"^1 of 16 .* 'd{row}' has the least cosine, 0\.89"):
        build(tmp_path / "index", vectors)


def test_a_zero_vector_is_told_by_its_row_before_anything_is_compared(tmp_path: Path) -> None:
    vectors, encoder = TRUE.copy(), Noting()
    vectors[7] = 0
    with pytest.raises(SourceError, match="the given vector of row 7 is zero"):
        build(tmp_path / "index", vectors, encoder)
    assert encoder.texts == []


def test_an_encoder_that_gives_nan_is_no_proof(tmp_path: Path) -> None:
    encoder = Noting()
    encoder._known = dict.fromkeys(TEXTS, np.full(8, np.nan, np.float32))
    with pytest.raises(SourceError, match=r"^16 of 16 documents"):
        build(tmp_path / "index", TRUE, encoder)
