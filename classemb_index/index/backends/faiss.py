"""FAISS's flat inner-product search, on the CPU in place or on the GPU."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ...arrays import BLOCK, FloatMatrix, Mask, blocks
from ...errors import MissingExtraError
from ...models.devices import cpu_cores, resolve_device
from .base import TOLERANCE, Neighbours, VectorIndex, rank, stack
from .exact import ExactIndex

GPU_MAX_K = 2048  # FAISS's own limit
CPU_MAX_K = 4096  # or a sixteenth of the vectors: beyond it a full comparison is cheaper
SPARE = 32  # candidates beyond k in the first try


class FlatIndex:
    """Exact search by FAISS, which is given no rows to leave out.

    It is asked for more neighbours than wanted and excluded rows are dropped,
    twice as many until k remain: an IDSelector makes the CPU search several times
    slower, and the GPU indexes of the wheels ignore it. Where that would ask for too
    many, the exact backend answers.

    Args:
        vectors: (n, dim) unit vectors. On the CPU they are searched where they are,
            so the index needs no memory or file of its own.
        device: "cpu" keeps the search off the GPU; "auto" and "cuda" take FAISS's own GPU.
        block: rows that are put on the GPU, or widened to float32, at a time.

    Raises:
        MissingExtraError: FAISS is not installed.
        RequestError: "cuda" on a machine that has none.
    """

    def __init__(self, vectors: FloatMatrix, device: str = "auto", block: int = BLOCK) -> None:
        self._vectors = vectors
        self._device = device
        self._block = block
        self._faiss = _import_faiss()
        if device == "cuda":
            resolve_device(device)  # FAISS would search on the CPU in silence
        self._on_gpu = device != "cpu" and self._faiss.get_num_gpus() > 0
        most = GPU_MAX_K if self._on_gpu else max(CPU_MAX_K, len(vectors) // 16)
        self._limit = min(len(vectors), most)

    def search(self, queries: FloatMatrix, k: int, among: Mask | None = None) -> Neighbours:
        """See VectorIndex."""
        n = len(self._vectors)
        share = 1.0 if among is None else np.count_nonzero(among) / n
        asked = int(k / share) + SPARE
        while asked <= self._limit:
            ranked = []
            rows, scores = self._nearest(queries, asked)
            for query, near, similarity in zip(queries, rows, scores, strict=True):
                kept = slice(None) if among is None else among[near]
                floor = similarity[kept][k - 1 : k] - TOLERANCE
                if not floor.size or similarity[-1] >= floor[0]:
                    break  # a row that FAISS did not return could still be among the k best
                candidates = near[kept][similarity[kept] >= floor[0]]
                ranked.append(rank(self._vectors, query, candidates, k))
            else:
                return stack(ranked)
            asked *= 2
        return self._exact.search(queries, k, among)

    @cached_property
    def _exact(self) -> VectorIndex:
        """Made when it is first asked: it imports torch, which takes longer than most searches."""
        return ExactIndex(self._vectors, self._device, self._block)

    def _nearest(self, queries: FloatMatrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(m, k) rows and scores, falling, of the k nearest rows without exception."""
        if self._on_gpu:
            scores, rows = self._gpu_index.search(queries, k)
            return rows, scores
        faiss = self._faiss
        # below this number of queries FAISS reads all vectors once a query; its matrix
        # kernel is fastest on multiples of 16
        threshold = faiss.cvar.distance_compute_blas_threshold
        faiss.omp_set_num_threads(cpu_cores())
        padded = np.zeros((-len(queries) % 16 + len(queries), queries.shape[1]), np.float32)
        padded[: len(queries)] = queries
        step = len(self._vectors) if self._vectors.dtype == np.float32 else self._block
        parts = []
        faiss.cvar.distance_compute_blas_threshold = 1
        try:
            for part in blocks(len(self._vectors), step):
                block = np.ascontiguousarray(self._vectors[part], dtype=np.float32)
                scores, rows = faiss.knn(
                    padded, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT
                )
                parts.append((rows[: len(queries)] + part.start, scores[: len(queries)]))
        finally:  # a caller's own FAISS searches keep their kernel
            faiss.cvar.distance_compute_blas_threshold = threshold
        if len(parts) == 1:
            return parts[0]
        rows, scores = (np.concatenate(own, axis=1) for own in zip(*parts, strict=True))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)

    @cached_property
    def _gpu_index(self) -> Any:
        faiss = self._faiss
        index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), self._vectors.shape[1])
        for part in blocks(len(self._vectors), self._block):
            index.add(np.ascontiguousarray(self._vectors[part], dtype=np.float32))
        return index


def _import_faiss() -> Any:
    try:
        import faiss

        faiss.get_num_gpus()
    except (ImportError, AttributeError) as cause:  # AttributeError: an uninstalled wheel's folder
        raise MissingExtraError(
            "the 'flat' backend needs 'faiss', which is not installed; "
            "run: pip install 'classemb-index[cpu]' (or [gpu])"
        ) from cause
    return faiss
