"""Class queries: the unlabelled documents nearest to a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..arrays import FloatMatrix, Mask, Rows
from ..errors import EmptyClassError, RequestError
from ..index.backends.base import Neighbours
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..labels.progress import ClassOutlook, outlook_json
from ..models.contracts import Encoder
from ..pool.pool import Pool
from ..watch import SILENT, Watcher
from .contrastive import tuned_index
from .methods import METHODS, Evidence, choose_method, margins

AUTO, CONTRASTIVE = "auto", "contrastive"

RETRIEVED = 1000  # documents that `margin` ranks again, at least


@dataclass(frozen=True)
class ClassQuery:
    """What one class is searched by.

    Attributes:
        position: the class's position.
        method: the query method.
        why: what `auto` chose it for; None where the user did.
        evidence: what is known of the class.
        vectors: (m, dim) float32; a document's score is its highest cosine similarity
            to one of them. None where nothing can be searched by.
    """

    position: int
    method: str
    why: str | None
    evidence: Evidence
    vectors: FloatMatrix | None


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


@dataclass(frozen=True)
class ClassQueryResult:
    """The answers of a query for several classes, with what it was asked."""

    k: int
    method: str
    labelled: LabelledSet
    classes: tuple[ClassNeighbours, ...]


def query_classes(
    index: EmbeddingIndex,
    classes: Sequence[int],
    labelled: LabelledSet,
    *,
    k: int = 10,
    method: str = "centroid",
    names: FloatMatrix | None = None,
    watch: Watcher = SILENT,
) -> ClassQueryResult:
    """The k unlabelled documents nearest to each class, in one batched search.

    Labels of unlabelled documents score the answer where they are known and are
    never used to find it. A class of which nothing is known that the method could
    search by has no query and is reported as such.

    Args:
        index: the pool and its embeddings.
        classes: positions of classes.
        labelled: the documents whose labels may be seen.
        k: neighbours of each class.
        method: one of METHODS; "auto", which chooses one for each class; or "contrastive",
            which tunes the encoder on the labelled set and embeds the pool again.
        names: (q, dim) embeddings of names or descriptions, zero for a class without
            one; None takes the index's class names.
        watch: of "contrastive": is told the documents embedded and in all.

    Raises:
        EmptyClassError: no class has anything to be searched by.
        RequestError: there is no such method, or k is above the number of unlabelled documents.
    """
    if method == CONTRASTIVE:
        if not labelled.counts[list(classes)].any():
            _refuse(index, classes, labelled, method)
        index = tuned_index(index, labelled, watch=watch)
    queries = class_queries(index, classes, labelled, method, names)
    asked = [query for query in queries if query.vectors is not None]
    if not asked:
        _refuse(index, classes, labelled, method)
    found = search_classes(index, asked, k, labelled.unlabelled)
    by_class = {query.position: near for query, near in zip(asked, found, strict=True)}
    return ClassQueryResult(
        k,
        method,
        labelled,
        tuple(_answer(index.pool, q, labelled, by_class.get(q.position)) for q in queries),
    )


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


def class_queries(
    index: EmbeddingIndex,
    classes: Sequence[int],
    labelled: LabelledSet,
    method: str,
    names: FloatMatrix | None = None,
) -> list[ClassQuery]:
    """What each class is searched by; the arguments are those of `query_classes`.

    For "contrastive" the index is the tuned one, where the centroids are searched by.

    Raises:
        RequestError: there is no such method.
    """
    choices = [AUTO, *METHODS, CONTRASTIVE]
    if method not in choices:
        raise RequestError(f"no query method {method!r}; there are: {', '.join(choices)}")
    if names is None:
        names, feedback = index.class_names, index.name_feedback
    else:
        feedback = index.feedback(names)
    embeddings = index.embeddings(labelled.rows)
    return [
        _query(c, method, _evidence(index, labelled, embeddings, c, names, feedback))
        for c in classes
    ]


def search_classes(
    index: EmbeddingIndex, queries: Sequence[ClassQuery], k: int, among: Mask
) -> list[Neighbours]:
    """The k documents of the highest score for each query, falling, ties to the lower row.

    All vectors of all queries are searched for at once. "margin" ranks again what is
    retrieved, 1,000 documents or more; its scores are margins.

    Raises:
        RequestError: k is above the number of rows allowed.
    """
    vectors = [query.vectors for query in queries]
    assert all(v is not None for v in vectors)
    stacked = np.concatenate([v for v in vectors if v is not None])
    reach = k
    if any(query.method == "margin" for query in queries):
        reach = max(k, min(RETRIEVED, int(np.count_nonzero(among))))
    found = index.search(stacked, reach, among=among)
    bounds = np.cumsum([len(v) for v in vectors if v is not None])[:-1]
    parts = zip(np.split(found.rows, bounds), np.split(found.scores, bounds), strict=True)
    return [
        _margin_ranked(index, query, rows[0], k)
        if query.method == "margin"
        else _merged(rows, scores, k)
        for query, (rows, scores) in zip(queries, parts, strict=True)
    ]


def _evidence(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    embeddings: FloatMatrix,
    position: int,
    names: FloatMatrix | None,
    feedback: FloatMatrix | None,
) -> Evidence:
    has_class = labelled.labels[:, position]
    positives, negatives = embeddings[has_class], embeddings[~has_class]
    if names is None or feedback is None or not names[position].any():
        return Evidence(positives, negatives, None, None, index.mean)
    return Evidence(positives, negatives, names[position], feedback[position], index.mean)


def _query(position: int, method: str, evidence: Evidence) -> ClassQuery:
    why = None
    if method == AUTO:
        method, why = choose_method(evidence)
    vectors = METHODS["centroid" if method == CONTRASTIVE else method](evidence)
    if vectors is not None and not np.linalg.norm(vectors, axis=1).all():
        vectors = None  # embeddings that cancel out point nowhere
    return ClassQuery(position, method, why, evidence, vectors)


def _only(found: Neighbours) -> Neighbours:
    return Neighbours(found.rows[0], found.scores[0])


def _merged(rows: Rows, scores: FloatMatrix, k: int) -> Neighbours:
    """The k best of several searches, (m, k) each, every row once with its best score."""
    if len(rows) == 1:
        return Neighbours(rows[0][:k], scores[0][:k])
    by_score = np.lexsort((rows.ravel(), -scores.ravel()))
    _, first = np.unique(rows.ravel()[by_score], return_index=True)
    best = by_score[np.sort(first)[:k]]
    return Neighbours(rows.ravel()[best], scores.ravel()[best])


def _margin_ranked(index: EmbeddingIndex, query: ClassQuery, rows: Rows, k: int) -> Neighbours:
    rows = np.sort(rows)
    scores = margins(query.evidence, index.embeddings(rows))
    best = np.argsort(-scores, kind="stable")[:k]
    return Neighbours(rows[best], scores[best])


def _refuse(
    index: EmbeddingIndex, classes: Sequence[int], labelled: LabelledSet, method: str
) -> NoReturn:
    names = ", ".join(index.pool.classes[c] for c in classes)
    has_encoder = index.manifest.encoder.name is not None
    if method in ("label-name", "expanded-name"):
        raise EmptyClassError(
            f"the index holds no embedding of the names of {names}; "
            + (
                "describe them with --describe"
                if has_encoder
                else "build it again with its encoder"
            )
        )
    if labelled.counts[list(classes)].any():
        raise EmptyClassError(
            f"the labelled documents of {names} give {method} no direction to search in: they cancel "
            "out, or there is none without the class; label others, or take another --method"
        )
    ways = ["label one", "use a larger --labelled-size"]
    if index.class_names is not None:
        ways.append("--method label-name")
    elif has_encoder:
        ways.append("describe it with --describe and --method label-name")
    raise EmptyClassError(
        f"no labelled document of {names} among {len(labelled)} ({labelled.origin}), so there is "
        f"nothing that {method} could search by; {', '.join(ways[:-1])}, or {ways[-1]}"
    )


def _answer(
    pool: Pool, query: ClassQuery, labelled: LabelledSet, neighbours: Neighbours | None
) -> ClassNeighbours:
    position, n_labelled = query.position, len(query.evidence.positives)
    if neighbours is None:
        return ClassNeighbours(position, n_labelled, None, method=query.method, why=query.why)
    has_class = tuple(
        bool(pool.labels[row, position]) if pool.is_known[row] else None for row in neighbours.rows
    )
    among = labelled.unlabelled & pool.is_known
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


def query_json(
    pool: Pool, result: ClassQueryResult, outlooks: Sequence[ClassOutlook] = ()
) -> dict[str, Any]:
    """The answer of `query`, with the outlook of each class where it is given."""
    classes = []
    outlook_of = {outlook.position: outlook for outlook in outlooks}
    for answer in result.classes:
        found = answer.neighbours
        rows = [] if found is None else zip(found.rows, found.scores, answer.has_class, strict=True)
        classes.append(
            {
                "class": pool.classes[answer.position],
                "n_labelled": answer.n_labelled,
                "method": answer.method,
                "why": answer.why,
                "has_query": found is not None,
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
                **(outlook_json(outlook_of[answer.position]) if outlook_of else {}),
            }
        )
    return {
        "k": result.k,
        "n_labelled": len(result.labelled),
        "n_unlabelled": result.labelled.n_unlabelled,
        "classes": classes,
    }


def neighbours_json(pool: Pool, neighbours: Neighbours, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `query --like` and `--text`: neighbours with the labels that are known."""
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
