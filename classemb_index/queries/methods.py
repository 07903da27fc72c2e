"""Query methods: from what is known of a class to the vectors that it is searched by.

Figures of the methods are in the docs; none of them looks at an unlabelled document's labels.
A new method is a function of `Evidence` and a row of METHODS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto

import numpy as np

from ..arrays import FloatMatrix, FloatVector, Scores, unit
from ..errors import RequestError
from ..models.probe import logistic_head

AUTO = "auto"  # the named head
BETA = 0.75  # weight of the negatives (Rocchio)
EXPANSION = 0.3  # weight of the documents nearest to a name
NAME_WORTH = 6  # positives that a perfect name is worth beside 1
MOST_CENTROIDS = 5  # of a class made of several topics
BEST = 3  # similarities that `margin` averages
SEED = 0  # of k-means


@dataclass(frozen=True)
class Evidence:
    """What is known of one class.

    Attributes:
        positives: (p, dim) float32 embeddings of its labelled documents.
        negatives: (m, dim) of the labelled documents that are known not to have it.
        name_vector: (dim,) of the class's name or description; None without one.
        feedback: (dim,) mean of the documents nearest to the name; None without one.
        mean: (dim,) mean embedding of the pool.
        head: (dim,) weights of its named head (`models.named`); None where nothing is known of the
            class, or no method asks for it.
    """

    positives: FloatMatrix
    negatives: FloatMatrix
    name_vector: FloatVector | None
    feedback: FloatVector | None
    mean: FloatVector
    head: FloatVector | None = None


class Needs(Flag):
    """What a method searches by; of several, one is enough."""

    POSITIVES = auto()
    NAME = auto()


POSITIVES, NAME = Needs.POSITIVES, Needs.NAME


@dataclass(frozen=True)
class Method:
    """A query method.

    Attributes:
        vectors: (m, dim) float32 of what is known of a class; a document's score is its highest
            cosine similarity to one of them. None where nothing can be searched by.
        needs: without any of it there are no vectors.
        rerank: (n,) scores of the embeddings of n documents, by which those that were retrieved
            are ranked again; None where their cosine similarities rank them.
        reach: documents that are retrieved at least.
    """

    vectors: Callable[[Evidence], FloatMatrix | None]
    needs: Needs
    rerank: Callable[[Evidence, FloatMatrix], FloatVector] | None = None
    reach: int = 0


def named_head(evidence: Evidence) -> FloatMatrix | None:
    """The weights of the class's named head: its name, as far as it can be trusted, and its labels."""
    return None if evidence.head is None else evidence.head[None]


def centroid(evidence: Evidence) -> FloatMatrix | None:
    """The mean of the positives (Eq. 1)."""
    if not len(evidence.positives):
        return None
    return np.asarray(evidence.positives.mean(axis=0, keepdims=True))


def centred(evidence: Evidence) -> FloatMatrix | None:
    """The centroid minus the pool's mean: what all documents share says nothing of the class."""
    found = centroid(evidence)
    return None if found is None else found - evidence.mean


def rocchio(evidence: Evidence) -> FloatMatrix | None:
    """mean(positives) - 0.75 mean(negatives) (Rocchio, 1971)."""
    found = centroid(evidence)
    if found is None or not len(evidence.negatives):
        return found
    return np.asarray(found - BETA * evidence.negatives.mean(axis=0, keepdims=True))


def probe(evidence: Evidence) -> FloatMatrix | None:
    """The weights of a balanced logistic regression between positives and negatives.

    Without negatives there is nothing to tell the positives from: None.
    """
    n_positive, n_negative = len(evidence.positives), len(evidence.negatives)
    if not n_positive or not n_negative:
        return None
    has_class = np.arange(n_positive + n_negative) < n_positive
    embeddings = np.concatenate([evidence.positives, evidence.negatives])
    return logistic_head(embeddings, has_class)[0][None]


def label_name(evidence: Evidence) -> FloatMatrix | None:
    """The class's name, or the user's description of it: no label is needed."""
    return None if evidence.name_vector is None else evidence.name_vector[None]


def expanded_name(evidence: Evidence) -> FloatMatrix | None:
    """The name, and with weight 0.3 what the documents nearest to it have beyond the pool's mean.

    Query expansion by pseudo-relevance feedback (Rocchio, 1971; Croft, Harper, 1979): the 3
    nearest documents are taken for positives.
    """
    name = label_name(evidence)
    if name is None or evidence.feedback is None:
        return name
    return expanded(name, evidence.feedback[None], evidence.mean)


def expanded(names: FloatMatrix, feedback: FloatMatrix, mean: FloatVector) -> FloatMatrix:
    """(q, dim) float32 expanded names, of any length.

    Args:
        names: (q, dim) of the classes.
        feedback: (q, dim) mean of the documents nearest to each.
        mean: (dim,) of the pool.
    """
    mixed = (1 - EXPANSION) * unit(names) + EXPANSION * unit(feedback - mean)
    return np.asarray(mixed, dtype=np.float32)


def expanded_mixed(evidence: Evidence) -> FloatMatrix | None:
    """Expanded name and probe, both of unit length; a name counts for the more, the better it ranks.

    It weighs a / (a + positives), where a is 1 + 6 times the mean reciprocal rank that the
    expanded name gives a positive among the negatives: up to 7 positives for a name that ranks all of
    them first, 1 for a name that misleads. The method is ours; its constants and those of
    `expanded_name` were chosen on EURLEX57K and Reuters-21578.
    """
    name, direction = expanded_name(evidence), probe(evidence)
    if name is None or direction is None:
        return name if direction is None else direction
    worth = 1 + NAME_WORTH * _mean_reciprocal_rank(evidence, name[0])
    weight = worth / (worth + len(evidence.positives))
    mean = weight * unit(name) + (1 - weight) * unit(direction)
    return np.asarray(mean, dtype=np.float32)


def mixed(evidence: Evidence) -> FloatMatrix | None:
    """Name and centred centroid, both of unit length, the name weighted 1 / (1 + positives)."""
    name, direction = label_name(evidence), centred(evidence)
    if name is None or direction is None:
        return name if direction is None else direction
    weight = 1 / (1 + len(evidence.positives))
    return weight * unit(name) + (1 - weight) * unit(direction)


def multi_centroid(evidence: Evidence) -> FloatMatrix | None:
    """Up to 5 k-means centroids of the positives, for classes made of several topics."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    distinct = len(np.unique(evidence.positives, axis=0))
    if not distinct:
        return None
    with threadpool_limits(1):  # k-means sums in the order of its threads
        clusters = KMeans(min(MOST_CENTROIDS, distinct), n_init=1, random_state=SEED)
        return np.asarray(clusters.fit(evidence.positives).cluster_centers_, dtype=np.float32)


def margins(evidence: Evidence, embeddings: FloatMatrix) -> FloatVector:
    """(len(embeddings),) mean of the 3 best similarities to positives, minus that to negatives."""
    exact = embeddings.astype(np.float64)  # in float32 equal documents need not tie
    near = _best_mean(exact @ evidence.positives.T)
    if len(evidence.negatives):
        near = near - _best_mean(exact @ evidence.negatives.T)
    return near.astype(np.float32)


METHODS: Mapping[str, Method] = {
    AUTO: Method(named_head, POSITIVES | NAME),
    "centroid": Method(centroid, POSITIVES),
    "centred": Method(centred, POSITIVES),
    "rocchio": Method(rocchio, POSITIVES),
    "probe": Method(probe, POSITIVES),
    "margin": Method(rocchio, POSITIVES, rerank=margins, reach=1000),
    "label-name": Method(label_name, NAME),
    "mixed": Method(mixed, POSITIVES | NAME),
    "multi-centroid": Method(multi_centroid, POSITIVES),
    "expanded-name": Method(expanded_name, NAME),
    "expanded-mixed": Method(expanded_mixed, POSITIVES | NAME),
}


def check_method(name: str, choices: Sequence[str] = tuple(METHODS)) -> None:
    """Refuses the name of a query method that is none of the choices.

    Raises:
        RequestError: it is none.
    """
    if name not in choices:
        raise RequestError(f"no query method {name!r}; there are: {', '.join(choices)}")


def _mean_reciprocal_rank(evidence: Evidence, query: FloatVector) -> float:
    """Mean over positives of 1 / (1 + negatives that score above it)."""
    negatives = evidence.negatives @ query
    above = [np.count_nonzero(negatives > score) for score in evidence.positives @ query]
    return float(np.mean(1 / (1 + np.array(above))))


def _best_mean(similarities: Scores) -> Scores:
    best = min(BEST, similarities.shape[1])
    return np.asarray(np.sort(similarities, axis=1)[:, -best:].mean(axis=1))
