"""All documents in the order of a class query, and how good such an order is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows, Scores, blocks, unit
from ..index.index import EmbeddingIndex
from ..queries.build import ClassQuery
from ..queries.search import search_queries

MEASURES = ("precision", "recall", "average_precision", "lift")
BLOCK = 1 << 14  # documents whose similarities are computed at once


def class_rankings(
    index: EmbeddingIndex,
    queries: Sequence[ClassQuery],
    among: Mask,
    top_k: int,
    *,
    block: int = BLOCK,
) -> Iterator[Rows]:
    """All rows of `among` for each query, best first, ties to the lower row.

    The first top_k rows, and as many as one of the queries reaches, are what `search_queries`
    answers, so that they are what `query` gives, with any backend; a method that ranks again ranks
    these. The others follow by their highest cosine similarity to a vector of the query.

    Args:
        index: the embeddings.
        queries: each has vectors.
        among: (n,) True for the rows to rank, at least top_k of them.
        top_k: rows that must be the index's own answer.
        block: documents whose similarities are computed at once.

    Yields:
        (count of `among`,) int64 rows, query for query.
    """
    if not queries:
        return
    rows = np.flatnonzero(among)
    reach = max(query.row.reach for query in queries)
    heads = search_queries(index, queries, max(top_k, min(reach, len(rows))), among)
    for scores, head in zip(_highest_cosines(index, queries, rows, block), heads, strict=True):
        by_score = rows[np.argsort(-scores, kind="stable")]
        is_head = np.zeros(len(index), dtype=bool)
        is_head[head.rows] = True
        yield np.concatenate([head.rows, by_score[~is_head[by_score]]])


def ranking_measures(has_class: Mask, top_k: int) -> Scores:
    """(4,) float64: precision@k, recall@k, average precision and lift of one ranking (MEASURES).

    Args:
        has_class: (m,) True for documents with the class, best first; where there is none, all
            but the precision are NaN.
        top_k: at most m.
    """
    ranks = np.flatnonzero(has_class) + 1
    hits = np.count_nonzero(ranks <= top_k)
    precision = hits / top_k
    if not ranks.size:
        return np.array([precision, np.nan, np.nan, np.nan])
    average_precision = np.mean(np.arange(1, len(ranks) + 1) / ranks)
    lift = precision / (len(ranks) / len(has_class))
    return np.array([precision, hits / len(ranks), average_precision, lift])


def _highest_cosines(
    index: EmbeddingIndex, queries: Sequence[ClassQuery], rows: Rows, block: int
) -> FloatMatrix:
    """(len(queries), len(rows)) float32; in double precision first, as the backends do."""
    vectors = [query.vectors for query in queries]
    stacked = unit(np.concatenate(vectors, dtype=np.float64))
    firsts = np.cumsum([0, *(len(own) for own in vectors[:-1])])
    scores = np.empty((len(queries), len(rows)), dtype=np.float32)
    for part in blocks(len(rows), block):
        similarities = stacked @ index.embeddings(rows[part]).T.astype(np.float64)
        scores[:, part] = np.maximum.reduceat(similarities, firsts, axis=0)
    return scores
