"""Every backend against a slow NumPy oracle: the same rows in the same order, close scores."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from classemb_index.errors import MissingExtraError, RequestError
from classemb_index.index.backends import BACKENDS, open_backend, resolve_backend
from classemb_index.index.backends.base import Neighbours
from classemb_index.index.backends.exact import ExactIndex
from classemb_index.index.backends.faiss import FlatIndex
from tests.support.places import installed
from tests.support.pools import unit

IN_BLOCKS = {"exact": ExactIndex, "flat": FlatIndex}  # of a size that a test can choose

N, DIM = 2000, 16


@pytest.fixture(params=["exact", "flat"])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "flat":
        faiss_or_skip()
    return request.param


def faiss_or_skip() -> None:
    pytest.importorskip("faiss", reason="needs FAISS (the 'cpu' or 'gpu' extra)")


def random_unit(n: int, seed: int = 0, dim: int = DIM) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((n, dim)))


def oracle(
    vectors: np.ndarray, queries: np.ndarray, k: int, among: np.ndarray | None = None
) -> Neighbours:
    """Every product in full, rounded to float32 once; then greatest first, lower row first."""
    allowed = np.arange(len(vectors)) if among is None else np.flatnonzero(among)
    rows, scores = [], []
    for query in queries:
        products = vectors[allowed].astype(np.longdouble) * query.astype(np.longdouble)
        own = products.sum(axis=1).astype(np.float32)
        order = np.lexsort((allowed, -own))[:k]
        rows.append(allowed[order])
        scores.append(own[order])
    return Neighbours(np.stack(rows), np.stack(scores))


def assert_answers_like_the_oracle(
    backend: str,
    vectors: np.ndarray,
    queries: np.ndarray,
    k: int,
    among: np.ndarray | None = None,
    device: str = "cpu",
    block: int | None = None,
) -> None:
    if block is None:
        searcher = open_backend(backend, vectors, device)
    else:
        searcher = IN_BLOCKS[backend](vectors, device, block)
    found = searcher.search(queries, k, among)
    expected = oracle(vectors, queries, k, among)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=1e-6)
    assert found.rows.dtype == np.int64 and found.scores.dtype == np.float32


class NeverAsked:
    """Stands where the exact backend would answer for FAISS."""

    def search(self, *_: object) -> Neighbours:
        raise AssertionError("FAISS left the answer to the exact backend")


def faiss_alone(vectors: np.ndarray) -> FlatIndex:
    """The flat backend, without the exact one that answers where FAISS would be asked too much."""
    searcher = FlatIndex(vectors)
    searcher._exact = NeverAsked()
    return searcher


@pytest.fixture
def counted_knn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many neighbours FAISS was asked for, search by search."""
    asked: list[int] = []
    nearest = FlatIndex._nearest

    def count(self: FlatIndex, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(k)
        return nearest(self, queries, k)

    monkeypatch.setattr(FlatIndex, "_nearest", count)
    return asked


@pytest.mark.parametrize("m", [1, 10, 33])
@pytest.mark.parametrize("k", [1, 10, 90, N])
def test_random_vectors_come_in_the_oracles_order(backend: str, m: int, k: int) -> None:
    assert_answers_like_the_oracle(backend, random_unit(N), random_unit(m, seed=1), k)


@pytest.mark.parametrize("m", [1, 10, 33])
def test_faiss_itself_gives_the_oracles_answer(m: int) -> None:
    faiss_or_skip()
    vectors, queries = random_unit(N), random_unit(m, seed=1)
    found = faiss_alone(vectors).search(queries, 20)
    np.testing.assert_array_equal(found.rows, oracle(vectors, queries, 20).rows)


@pytest.mark.parametrize("k", [1, 7, 50, 51, 60, 120, N])
def test_ties_go_to_the_lower_row(backend: str, k: int) -> None:
    # 40 distinct vectors, 50 copies of each: most k end in the middle of a tie
    copies = np.random.default_rng(2).permutation(np.repeat(np.arange(40), N // 40))
    vectors = random_unit(40)[copies]
    queries = np.concatenate([vectors[:2], random_unit(8, seed=3)])
    assert_answers_like_the_oracle(backend, vectors, queries, k)


def test_ties_at_the_last_place_are_settled_inside_faiss_where_it_returned_them_all() -> None:
    faiss_or_skip()
    vectors = np.concatenate([np.repeat(random_unit(1), 30, axis=0), random_unit(N, seed=4)])
    found = faiss_alone(vectors).search(vectors[:1], 10)
    assert found.rows.tolist() == [list(range(10))]


@pytest.mark.parametrize("k", [1, 10, 100])
def test_more_duplicates_than_k_give_the_lowest_rows(backend: str, k: int) -> None:
    vectors = np.repeat(random_unit(1), N, axis=0)
    found = open_backend(backend, vectors, "cpu").search(vectors[:3], k)
    assert found.rows.tolist() == [list(range(k))] * 3


def test_duplicates_among_allowed_rows_give_the_lowest_allowed_rows(backend: str) -> None:
    vectors = np.repeat(random_unit(1), N, axis=0)
    among = np.arange(N) % 3 == 2
    found = open_backend(backend, vectors, "cpu").search(vectors[:1], 4, among)
    assert found.rows.tolist() == [[2, 5, 8, 11]]


def test_vectors_closer_than_the_libraries_rounding_come_in_the_oracles_order(
    backend: str,
) -> None:
    rng = np.random.default_rng(5)
    vectors = np.repeat(random_unit(1), N, axis=0) + 1e-7 * rng.standard_normal((N, DIM))
    queries = np.concatenate([random_unit(1), random_unit(4, seed=6)])
    assert_answers_like_the_oracle(backend, vectors.astype(np.float32), queries, 25)


@pytest.mark.parametrize("k", [1, 10, 40])
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_search_is_among_a_share_of_the_rows(backend: str, share: float, k: int) -> None:
    among = np.random.default_rng(7).random(N) < share
    assert_answers_like_the_oracle(backend, random_unit(N), random_unit(10, seed=8), k, among)


@pytest.mark.parametrize("k", [1, 5, 60])
def test_search_is_among_exactly_k_rows(backend: str, k: int) -> None:
    among = np.zeros(N, dtype=bool)
    among[np.random.default_rng(9).choice(N, k, replace=False)] = True
    assert_answers_like_the_oracle(backend, random_unit(N), random_unit(10, seed=8), k, among)


@pytest.mark.parametrize("k", [1, 10, N - 1])
def test_search_is_among_all_rows_but_the_nearest(backend: str, k: int) -> None:
    vectors = random_unit(N)
    among = np.ones(N, dtype=bool)
    among[17] = False
    assert_answers_like_the_oracle(backend, vectors, vectors[17:18], k, among)


def test_a_mask_that_allows_all_changes_nothing(backend: str) -> None:
    vectors, queries = random_unit(N), random_unit(10, seed=8)
    searcher = open_backend(backend, vectors, "cpu")
    free, masked = searcher.search(queries, 9), searcher.search(queries, 9, np.ones(N, dtype=bool))
    np.testing.assert_array_equal(free.rows, masked.rows)
    np.testing.assert_array_equal(free.scores, masked.scores)


@pytest.mark.parametrize("n_excluded", [40, 150, 1900])
def test_search_goes_on_when_all_the_nearest_are_excluded(backend: str, n_excluded: int) -> None:
    vectors, query = random_unit(N), random_unit(1, seed=10)
    among = np.ones(N, dtype=bool)
    among[oracle(vectors, query, n_excluded).rows[0]] = False
    assert_answers_like_the_oracle(backend, vectors, query, 5, among)


def test_faiss_is_asked_for_twice_as_many_until_k_remain(counted_knn: list[int]) -> None:
    faiss_or_skip()
    vectors, query = random_unit(2 * N), random_unit(1, seed=10)
    among = np.ones(2 * N, dtype=bool)
    among[oracle(vectors, query, 100).rows[0]] = False
    found = faiss_alone(vectors).search(query, 5, among)
    assert found.rows.tolist() == oracle(vectors, query, 5, among).rows.tolist()
    assert counted_knn == [37, 74, 148]  # 5 and 32 to spare; 100 of them are excluded


def test_faiss_is_not_asked_when_few_rows_are_allowed(counted_knn: list[int]) -> None:
    faiss_or_skip()
    among = np.zeros(N, dtype=bool)
    among[:3] = True
    found = open_backend("flat", random_unit(N), "cpu").search(random_unit(1, seed=1), 3, among)
    assert sorted(found.rows[0]) == [0, 1, 2]
    assert counted_knn == []


@pytest.mark.parametrize("seed", range(12))
def test_an_excluded_row_never_comes_back(backend: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, dim, m = (int(rng.integers(low, high)) for low, high in ((20, 3000), (2, 40), (1, 34)))
    vectors = random_unit(n, seed=seed, dim=dim)
    if seed % 2:  # many duplicates
        vectors = vectors[rng.integers(0, max(2, n // 20), n)]
    among = rng.random(n) < rng.choice([0.02, 0.3, 0.9])
    among[rng.integers(n)] = True
    k = int(rng.integers(1, min(50, among.sum()) + 1))
    queries = random_unit(m, seed=seed + 100, dim=dim)
    found = open_backend(backend, vectors, "cpu").search(queries, k, among)
    assert among[found.rows].all()
    assert all(len(set(rows)) == k for rows in found.rows.tolist())
    np.testing.assert_array_equal(found.rows, oracle(vectors, queries, k, among).rows)


@pytest.mark.parametrize("k", [1, 20, N])
def test_half_precision_vectors_are_searched_as_they_are_stored(backend: str, k: int) -> None:
    vectors = random_unit(N).astype(np.float16)
    assert_answers_like_the_oracle(backend, vectors, random_unit(10, seed=8), k)
    among = np.random.default_rng(7).random(N) < 0.5
    assert_answers_like_the_oracle(backend, vectors, random_unit(3, seed=8), min(k, 40), among)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("k", [1, 30, 200, N])
def test_vectors_in_several_blocks_give_the_same_answer(backend: str, k: int, dtype: type) -> None:
    vectors = np.concatenate([random_unit(N - 60), np.repeat(random_unit(1, seed=3), 60, axis=0)])
    queries = np.concatenate([vectors[-1:], random_unit(9, seed=8)])
    assert_answers_like_the_oracle(backend, vectors.astype(dtype), queries, k, block=97)


@pytest.mark.parametrize("k", [1, 30, 150])
def test_blocks_without_an_allowed_row_are_passed_over(backend: str, k: int) -> None:
    among = np.zeros(N, dtype=bool)
    among[400:500] = among[1500:1600] = True
    queries = random_unit(5, seed=8)
    assert_answers_like_the_oracle(backend, random_unit(N), queries, k, among, block=97)


def test_a_memory_mapped_file_is_searched_in_place_and_in_silence(
    backend: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "vectors.npy", random_unit(N))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    before = (tmp_path / "vectors.npy").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_answers_like_the_oracle(backend, mapped, random_unit(10, seed=8), 10)
    assert (tmp_path / "vectors.npy").read_bytes() == before


def test_search_changes_neither_queries_nor_mask(backend: str) -> None:
    queries, among = random_unit(10, seed=8), np.random.default_rng(7).random(N) < 0.5
    kept = queries.copy(), among.copy()
    open_backend(backend, random_unit(N), "cpu").search(queries, 10, among)
    np.testing.assert_array_equal(queries, kept[0])
    np.testing.assert_array_equal(among, kept[1])


def test_three_vectors_by_hand(backend: str) -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    found = open_backend(backend, vectors, "cpu").search(vectors[:1], 3)
    assert found.rows.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(found.scores, [[1, 0.6, 0]], atol=1e-7)


def test_opposite_vectors_have_score_minus_one(backend: str) -> None:
    vectors = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    found = open_backend(backend, vectors, "cpu").search(vectors[:1], 1, np.array([False, True]))
    assert found.rows.tolist() == [[1]] and found.scores.tolist() == [[-1.0]]


@pytest.mark.gpu
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("share", [None, 0.5, 0.05])
@pytest.mark.parametrize("k", [1, 10, 90])
def test_on_cuda_the_answer_is_the_oracles(name: str, share: float | None, k: int) -> None:
    cuda_or_skip(name)
    among = None if share is None else np.random.default_rng(7).random(N) < share
    vectors = np.concatenate([random_unit(N - 60), np.repeat(random_unit(1, seed=3), 60, axis=0)])
    queries = np.concatenate([vectors[-1:], random_unit(32, seed=8)])
    assert_answers_like_the_oracle(name, vectors, queries, k, among, device="cuda")


@pytest.mark.gpu
@pytest.mark.parametrize("name", BACKENDS)
def test_on_cuda_half_precision_vectors_in_several_blocks_give_the_oracles_answer(
    name: str,
) -> None:
    cuda_or_skip(name)
    vectors, queries = random_unit(N).astype(np.float16), random_unit(10, seed=8)
    assert_answers_like_the_oracle(name, vectors, queries, 30, device="cuda", block=97)


@pytest.mark.gpu
def test_on_cuda_faiss_answers_where_k_is_above_its_own_limit() -> None:
    cuda_or_skip("flat")
    vectors = random_unit(3 * N)
    assert_answers_like_the_oracle("flat", vectors, random_unit(3, seed=8), 3000, device="cuda")


def cuda_or_skip(name: str) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    if name == "flat" and not pytest.importorskip("faiss").get_num_gpus():
        pytest.skip("needs a FAISS that sees the GPU (the 'gpu' extra)")


def test_auto_is_flat_where_faiss_is_installed() -> None:
    faiss_or_skip()
    assert resolve_backend("auto") == "flat"


def test_an_unknown_backend_is_refused_with_the_choices() -> None:
    with pytest.raises(RequestError) as error:
        resolve_backend("hnsw2")
    assert str(error.value) == "no backend 'hnsw2'; there are auto, flat, exact"


def test_flat_without_faiss_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError) as error:
        FlatIndex(random_unit(3))
    assert str(error.value) == (
        "the 'flat' backend needs 'faiss', which is not installed; "
        "run: pip install 'classemb-index[cpu]' (or [gpu])"
    )


def test_a_backend_is_there_when_its_library_is() -> None:
    flat = BACKENDS["flat"]
    assert not replace(flat, library="absent_of_course").is_installed()
    assert replace(flat, library="json").is_installed()
    assert list(BACKENDS.values())[-1].library is None  # so that "auto" stands for one anywhere


def test_flat_on_cuda_without_a_device_is_refused_before_the_first_search() -> None:
    faiss_or_skip()
    import torch

    if torch.cuda.is_available():
        pytest.skip("needs a machine without a CUDA device")
    with pytest.raises(RequestError) as error:
        open_backend("flat", random_unit(3), "cuda")
    assert str(error.value) == "no CUDA device was found; use --device cpu or auto"


FIRST_SEARCH = """
import sys
import numpy as np
from classemb_index import EmbeddingIndex
index = EmbeddingIndex.open(sys.argv[1])
among = np.arange(len(index)) % 3 != 2
index.search(index.embeddings(np.array([1, 4])), 5)
print(index.search(index.embeddings(np.array([2])), 5, among).rows.shape, "torch" in sys.modules)
"""


def test_the_first_search_of_a_faiss_index_imports_no_torch(
    toy_index: EmbeddingIndex, tmp_path: Path
) -> None:
    faiss_or_skip()
    outcome = installed("-c", FIRST_SEARCH, str(toy_index.folder), folder=tmp_path)
    assert outcome.stdout == "(1, 5) False\n", outcome.stderr


def test_no_query_has_no_neighbours(toy_index: EmbeddingIndex) -> None:
    found = toy_index.search(np.zeros((0, 8), dtype=np.float32), 3)
    assert found.rows.shape == (0, 3) and found.rows.dtype == np.int64
    assert found.scores.shape == (0, 3) and found.scores.dtype == np.float32
