"""Exact search on torch, on any device: the reference for every other backend."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import BLOCK, FloatMatrix, Mask, blocks
from ...models.devices import resolve_device
from .base import TOLERANCE, Neighbours, rank, stack

if TYPE_CHECKING:
    import torch


class ExactIndex:
    """Compares every vector with every query, a block of rows at a time.

    Args:
        vectors: (n, dim) unit vectors, float32 or float16, memory-mapped or not.
        device: "auto", "cpu" or "cuda"; on CUDA the vectors are copied there once.
        block: rows that are compared at a time.
    """

    def __init__(self, vectors: FloatMatrix, device: str = "auto", block: int = BLOCK) -> None:
        self._vectors = vectors
        self._block = block
        self._device = resolve_device(device)

    def search(self, queries: FloatMatrix, k: int, among: Mask | None = None) -> Neighbours:
        """See VectorIndex."""
        import torch

        rows: list[list[np.ndarray]] = [[] for _ in queries]
        scores: list[list[np.ndarray]] = [[] for _ in queries]
        floor = torch.full((len(queries), 1), -torch.inf)
        columns = torch.from_numpy(queries.T.copy()).to(self._device)
        for start, block in self._blocks():
            products = (block @ columns).T.contiguous()
            allowed = None
            if among is not None:
                allowed = torch.from_numpy(among[start : start + len(block)]).to(self._device)
                products.masked_fill_(~allowed, -torch.inf)
            if products.shape[1] >= k:
                # no row below the k-th best of any one block can be among the k best of all
                kth = products.topk(k, dim=1).values[:, -1:].cpu() - TOLERANCE
                floor = torch.maximum(floor, kth)
            kept = products >= floor.to(self._device)
            if allowed is not None:
                kept &= allowed
            places = kept.nonzero().cpu().numpy()
            values = products[kept].cpu().numpy()
            bounds = np.searchsorted(places[:, 0], np.arange(1, len(queries)))
            for q, (columns_q, values_q) in enumerate(
                zip(np.split(places[:, 1], bounds), np.split(values, bounds), strict=True)
            ):
                rows[q].append(columns_q + start)
                scores[q].append(values_q)
        ranked = []
        for q, query in enumerate(queries):
            candidates = np.concatenate(rows[q])[np.concatenate(scores[q]) >= float(floor[q])]
            ranked.append(rank(self._vectors, query, candidates, k))
        return stack(ranked)

    def _blocks(self) -> Iterator[tuple[int, torch.Tensor]]:
        if self._device == "cuda":
            yield from self._on_device
            return
        for part in blocks(len(self._vectors), self._block):
            yield part.start, _tensor(self._vectors[part]).float()

    @cached_property
    def _on_device(self) -> list[tuple[int, torch.Tensor]]:
        return [
            (part.start, _tensor(self._vectors[part]).to(self._device).float())
            for part in blocks(len(self._vectors), self._block)
        ]


def _tensor(block: FloatMatrix) -> torch.Tensor:
    import torch

    with warnings.catch_warnings():
        # a memory-mapped file is not writable, and nothing here writes to it
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(np.asarray(block))
