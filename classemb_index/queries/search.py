"""The unlabelled documents nearest to classes, to a document or to a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows
from ..errors import RequestError
from ..index.backends.base import Neighbours
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..labels.progress import ClassOutlook
from ..models.contracts import Encoder
from ..pool.pool import Pool
from .build import ClassQuery, build_queries, nothing_to_search_by


@dataclass(frozen=True)
class ClassNeighbours:
    """One class's answer.

    Attributes:
        position: the class's position.
        n_labelled: its labelled documents.
        neighbours: rows (k,) and scores (k,), nearest first; None without a query.
        has_class: (k,) True or False where a neighbour's labels are known, else None.
        in_unlabelled: documents of the unlabelled set that are known to have the class.
        expected: documents with the class among as many of random order as have known labels.
        method: the query method.
        why: what `auto` chose it for; None where the user did.
    """

    position: int
    n_labelled: int
    neighbours: Neighbours | None
    has_class: tuple[bool | None, ...] = ()
    in_unlabelled: int = 0
    expected: float = 0.0
    method: str = "centroid"
    why: str | None = None

    def document(self, pool: Pool) -> dict[str, Any]:
        """The answer as JSON."""
        near = self.neighbours
        rows = [] if near is None else zip(near.rows, near.scores, self.has_class, strict=True)
        return {
            "class": pool.classes[self.position],
            "n_labelled": self.n_labelled,
            "method": self.method,
            "why": self.why,
            "has_query": near is not None,
            "neighbours": [
                {
                    "rank": rank,
                    "row": int(row),
                    "id": pool.ids[row],
                    "score": float(score),
                    "has_class": has_class,
                }
                for rank, (row, score, has_class) in enumerate(rows, start=1)
            ],
        }


@dataclass(frozen=True)
class ClassQueryResult:
    """The answers of a query for several classes, with what it was asked."""

    k: int
    method: str
    labelled: LabelledSet
    classes: tuple[ClassNeighbours, ...]

    def document(self, pool: Pool, outlooks: Sequence[ClassOutlook] = ()) -> dict[str, Any]:
        """The answers as JSON, with the outlook of each class where it is given."""
        outlook_of = {outlook.position: outlook.document() for outlook in outlooks}
        return {
            "k": self.k,
            "n_labelled": len(self.labelled),
            "n_unlabelled": self.labelled.n_unlabelled,
            "classes": [
                answer.document(pool) | (outlook_of[answer.position] if outlook_of else {})
                for answer in self.classes
            ],
        }


def query_classes(
    index: EmbeddingIndex,
    positions: Sequence[int],
    labelled: LabelledSet,
    *,
    k: int = 10,
    method: str = "centroid",
    name_vectors: FloatMatrix | None = None,
) -> ClassQueryResult:
    """The k unlabelled documents nearest to each class, in one batched search.

    A labelled document of which it is unknown whether it has a class is searched for that class too.
    Labels of unlabelled documents score the answer where they are known and are
    never used to find it. A class of which nothing is known that the method could
    search by has no query and is reported as such.

    Args:
        index: the pool and its embeddings.
        positions: of the classes.
        labelled: the documents whose labels may be seen.
        k: neighbours of each class.
        method: one of METHODS; or "auto", which chooses one for each class.
        name_vectors: (q, dim) embeddings of names or descriptions, zero for a class without
            one; None takes the index's class names.

    Raises:
        EmptyClassError: no class has anything to be searched by.
        RequestError: there is no such method, or k is above the number of unlabelled documents.
    """
    queries = build_queries(index, positions, labelled, method, name_vectors)
    return answer_queries(index, queries, labelled, k, method)


def answer_queries(
    index: EmbeddingIndex,
    queries: Sequence[ClassQuery],
    labelled: LabelledSet,
    k: int,
    method: str,
) -> ClassQueryResult:
    """The k unlabelled documents nearest to each of these queries; `method` is what was asked for.

    Raises:
        EmptyClassError: none of them has vectors.
        RequestError: k is above the number of unlabelled documents.
    """
    asked = [query for query in queries if len(query.vectors)]
    if not asked:
        raise nothing_to_search_by(index, [query.position for query in queries], labelled, method)
    by_class: dict[int, Neighbours] = {}
    for among, own in _by_candidates(labelled, asked):
        nearest = search_queries(index, own, k, among)
        by_class |= {query.position: near for query, near in zip(own, nearest, strict=True)}
    answers = (_answer(index.pool, q, labelled, by_class.get(q.position)) for q in queries)
    return ClassQueryResult(k, method, labelled, tuple(answers))


def like_document(index: EmbeddingIndex, id_: str, k: int) -> Neighbours:
    """The k documents that are most like the one of this id, which is not one of them.

    Raises:
        RequestError: there is no such document, or k is above the number of others.
    """
    pool = index.pool
    if (row := pool.row_of.get(id_)) is None:
        raise RequestError(f"no document {id_!r} in the pool; --like takes an id of the pool")
    others = pool.selectable.copy()
    others[row] = False
    return _only(index.search(index.embeddings(np.array([row])), k, among=others))


def like_text(index: EmbeddingIndex, text: str, encoder: Encoder, k: int) -> Neighbours:
    """The k documents that are most like a text.

    Args:
        index: the pool and its embeddings.
        text: any but an empty one.
        encoder: the index's own.
        k: documents.

    Raises:
        EncoderMismatchError: the encoder is another one.
        RequestError: the text is empty, or k is above the number of documents.
    """
    if not text.strip():
        raise RequestError("the text to search by is empty; say what the documents are about")
    index.check_encoder(encoder)
    return _only(index.search(encoder.encode([text]), k, among=index.pool.selectable))


def neighbours_document(
    pool: Pool, neighbours: Neighbours, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The documents like another or like a text as JSON, with the labels that are known."""
    found = zip(neighbours.rows.tolist(), neighbours.scores.tolist(), strict=True)
    return {
        "k": len(neighbours.rows),
        **asked,
        "neighbours": [
            {
                "rank": rank,
                "row": row,
                "id": pool.ids[row],
                "score": score,
                "labels": pool.known_labels(row),
            }
            for rank, (row, score) in enumerate(found, start=1)
        ],
    }


def search_queries(
    index: EmbeddingIndex, queries: Sequence[ClassQuery], k: int, among: Mask
) -> list[Neighbours]:
    """The k documents of the highest score for each query, falling, ties to the lower row.

    The vectors of all queries that reach equally far are searched for at once. A method that ranks
    again gives its own scores.

    Raises:
        RequestError: k is above the number of rows allowed.
    """
    allowed = int(np.count_nonzero(among))
    reaches = [max(k, min(query.row.reach, allowed)) for query in queries]
    best: dict[int, Neighbours] = {}
    for reach in dict.fromkeys(reaches):
        places = [place for place, own in enumerate(reaches) if own == reach]
        retrieved = _retrieved(index, [queries[place] for place in places], reach, among)
        for place, (rows, scores) in zip(places, retrieved, strict=True):
            best[place] = _best(index, queries[place], rows, scores, k)
    return [best[place] for place in range(len(queries))]


def _by_candidates(
    labelled: LabelledSet, queries: Sequence[ClassQuery]
) -> list[tuple[Mask, list[ClassQuery]]]:
    """The queries that search the same documents together, with these."""
    groups: dict[bytes, tuple[Mask, list[ClassQuery]]] = {}
    for query in queries:
        among = labelled.searched_for(query.position)
        key = b"" if among is labelled.unlabelled else among.tobytes()
        groups.setdefault(key, (among, []))[1].append(query)
    return list(groups.values())


def _retrieved(
    index: EmbeddingIndex, queries: Sequence[ClassQuery], reach: int, among: Mask
) -> Iterator[tuple[Rows, FloatMatrix]]:
    """(m, reach) rows and scores of each query's m vectors, nearest first."""
    vectors = [query.vectors for query in queries]
    found = index.search(np.concatenate(vectors), reach, among=among)
    bounds = np.cumsum([len(own) for own in vectors])[:-1]
    return zip(np.split(found.rows, bounds), np.split(found.scores, bounds), strict=True)


def _best(
    index: EmbeddingIndex, query: ClassQuery, rows: Rows, scores: FloatMatrix, k: int
) -> Neighbours:
    """The k best of what was retrieved, in the order of the query's method."""
    merged = _merged(rows, scores)
    if query.row.rerank is None:
        return Neighbours(merged.rows[:k], merged.scores[:k])
    again = np.sort(merged.rows)
    own = query.row.rerank(query.evidence, index.embeddings(again))
    best = np.argsort(-own, kind="stable")[:k]
    return Neighbours(again[best], own[best])


def _only(found: Neighbours) -> Neighbours:
    return Neighbours(found.rows[0], found.scores[0])


def _merged(rows: Rows, scores: FloatMatrix) -> Neighbours:
    """What several searches found, (m, reach) each, every row once with its best score, best first."""
    if len(rows) == 1:
        return Neighbours(rows[0], scores[0])
    by_score = np.lexsort((rows.ravel(), -scores.ravel()))
    _, first = np.unique(rows.ravel()[by_score], return_index=True)
    best = by_score[np.sort(first)]
    return Neighbours(rows.ravel()[best], scores.ravel()[best])


def _answer(
    pool: Pool, query: ClassQuery, labelled: LabelledSet, neighbours: Neighbours | None
) -> ClassNeighbours:
    position, n_labelled = query.position, len(query.evidence.positives)
    if neighbours is None:
        return ClassNeighbours(position, n_labelled, None, method=query.method, why=query.why)
    has_class = tuple(
        bool(pool.labels[row, position]) if pool.known[row, position] else None
        for row in neighbours.rows
    )
    among = labelled.unlabelled & pool.known[:, position]
    in_unlabelled = int(np.count_nonzero(pool.labels[among, position]))
    n_known = sum(mark is not None for mark in has_class)
    expected = n_known * in_unlabelled / max(1, int(np.count_nonzero(among)))
    return ClassNeighbours(
        position,
        n_labelled,
        neighbours,
        has_class,
        in_unlabelled,
        expected,
        query.method,
        query.why,
    )
