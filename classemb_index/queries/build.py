"""Class queries: what each class is searched by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatMatrix
from ..errors import EmptyClassError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.named import NamedHeads, NamePrior
from .classes import listed
from .methods import AUTO, METHODS, NAME, Evidence, Method, check_method
from .names import class_heads, name_prior


@dataclass(frozen=True)
class ClassQuery:
    """What one class is searched by.

    Attributes:
        position: the class's position.
        method: the query method's name.
        row: the query method.
        why: what a head was made of; None for other methods.
        evidence: what is known of the class.
        vectors: (m, dim) float32; a document's score is its highest cosine similarity to one
            of them. No row where nothing can be searched by.
    """

    position: int
    method: str
    row: Method
    why: str | None
    evidence: Evidence
    vectors: FloatMatrix


def build_queries(
    index: EmbeddingIndex,
    positions: Sequence[int],
    labelled: LabelledSet,
    method: str,
    name_vectors: FloatMatrix | None = None,
    prior: NamePrior | None = None,
) -> list[ClassQuery]:
    """What each class is searched by; the arguments are those of `query_classes`.

    Args:
        prior: `name_prior` of the same names, for whoever asks more than once; None makes it.

    Raises:
        RequestError: there is no such method.
    """
    check_method(method)
    embeddings = index.embeddings(labelled.rows)
    if method == AUTO:
        prior = prior or name_prior(index, name_vectors)
        heads = class_heads(index, labelled, prior)
        return [
            _query_by_head(c, _evidence(index, labelled, embeddings, c), prior, heads)
            for c in positions
        ]
    if name_vectors is None:
        name_vectors, feedback = index.name_vectors, index.name_feedback
    else:
        feedback = index.feedback(name_vectors)
    return [
        _query(c, method, _evidence(index, labelled, embeddings, c, name_vectors, feedback))
        for c in positions
    ]


def nothing_to_search_by(
    index: EmbeddingIndex, positions: Sequence[int], labelled: LabelledSet, method: str
) -> EmptyClassError:
    """What to say where the method has nothing to search by for any of these classes."""
    names = listed([index.pool.classes[c] for c in positions])
    has_encoder = index.manifest.encoder.name is not None
    if method in METHODS and METHODS[method].needs == NAME:
        return EmptyClassError(
            f"the index holds no embedding of the names of {names}; "
            + (
                "describe them with --describe"
                if has_encoder
                else "build it again with its encoder"
            )
        )
    if labelled.counts[list(positions)].any():
        return EmptyClassError(
            f"the labelled documents of {names} give {method} no direction to search in: they cancel "
            "out, or there is none without the class; label others, or take another --method"
        )
    ways = ["label one", "use a larger --labelled-size"]
    if index.name_vectors is not None:
        ways.append("--method label-name")
    elif has_encoder:
        ways.append("describe it with --describe and --method label-name")
    return EmptyClassError(
        f"no labelled document of {names} among {len(labelled)} ({labelled.origin}), so there is "
        f"nothing that {method} could search by; {', '.join(ways[:-1])}, or {ways[-1]}"
    )


def _evidence(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    embeddings: FloatMatrix,
    position: int,
    name_vectors: FloatMatrix | None = None,
    feedback: FloatMatrix | None = None,
) -> Evidence:
    has_class, is_known = labelled.labels[:, position], labelled.known[:, position]
    positives, negatives = embeddings[has_class], embeddings[is_known & ~has_class]
    if name_vectors is None or feedback is None or not name_vectors[position].any():
        return Evidence(positives, negatives, None, None, index.mean)
    return Evidence(positives, negatives, name_vectors[position], feedback[position], index.mean)


def _query_by_head(
    position: int, evidence: Evidence, prior: NamePrior, heads: NamedHeads
) -> ClassQuery:
    n_positive, has_name = len(evidence.positives), prior.names[position].any()
    if not n_positive and not has_name:
        return _query(position, AUTO, evidence)
    counted = f"{n_positive} positive{'s' * (n_positive != 1)}, {len(evidence.negatives)} negatives"
    name = f"the name counts {heads.strengths[position]:.0f}" if has_name else "no usable name"
    evidence = replace(evidence, head=heads.weights[position])
    return _query(position, AUTO, evidence, f"{name}; {counted}")


def _query(position: int, method: str, evidence: Evidence, why: str | None = None) -> ClassQuery:
    row = METHODS[method]
    vectors = row.vectors(evidence)
    # embeddings that cancel out point nowhere
    if vectors is None or not np.linalg.norm(vectors, axis=1).all():
        vectors = np.empty((0, len(evidence.mean)), dtype=np.float32)
    return ClassQuery(position, method, row, why, evidence, vectors)
