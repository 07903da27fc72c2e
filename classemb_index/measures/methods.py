"""Method analysis: how good each query method is at finding a class, beside random order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolMatrix, Mask, Scores, blocks
from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..labels.labelled import LabelledSet
from ..models.named import NamePrior
from ..queries.build import ClassQuery, build_queries
from ..queries.classes import ALL, class_groups
from ..queries.contrastive import CONTRASTIVE
from ..queries.methods import METHODS, check_method
from ..queries.names import name_prior
from ..watch import SILENT, Watcher
from .base import ClassEntry
from .proximity import candidates
from .rankings import BLOCK, MEASURES, class_rankings, ranking_measures
from .statistics import Estimate, estimate

COMPARED = tuple(METHODS)
CLASSES = 8  # classes whose queries are ranked together: about 64 scores a document are held


@dataclass(frozen=True)
class CommonScore:
    """Precision over the pairs of a class and a draw that all methods have a query for.

    Attributes:
        pairs: how many.
        prevalence: as in MethodScore, over these pairs.
        ceiling: as in MethodScore, over these pairs.
        precision: as in MethodScore, over these pairs.
    """

    pairs: int
    prevalence: float
    ceiling: float
    precision: Estimate


@dataclass(frozen=True)
class MethodScore(ClassEntry):
    """One query method, for one class or a group of classes, at one size of the labelled set.

    Of a group, each draw gives the mean over those of its classes that have a query with this
    method in that draw, and the estimates are over draws. Methods need not have queries for the
    same classes: without positives only a name can be searched by, so that a method's mean may
    leave out the hardest classes. `queried` beside `asked` tells; `common` compares methods by
    what all of them have a query for.

    Attributes:
        n_labelled: size of the labelled set.
        class_name: the class; None for a group.
        group: "rare", "frequent" or "all"; None for a class.
        method: the query method.
        draws: draws in which the class, or a class of the group, had a query.
        queried: pairs of a class and a draw that had one.
        asked: all pairs of a class and a draw.
        prevalence: share of the ranked documents that have the class, which is the precision of
            random order; over the pairs that were queried, over all where none was.
        ceiling: the highest precision that any order can have, below 1 where a class has fewer
            than top_k documents to find; over the same pairs.
        precision: share of the first top_k that have the class; None when no draw had a query.
        recall: share of the class's documents that are among the first top_k. Draws that leave
            no document to find count in `precision` and not here, nor in what follows.
        average_precision: mean, over the class's documents, of the precision at their ranks in
            the whole ranking.
        lift: precision / prevalence of the draw.
        common: the precision over the pairs for which every method that answers at this size at
            all has a query; None without such a pair, or where `precision` is None.
    """

    n_labelled: int
    class_name: str | None
    group: str | None
    method: str
    draws: int
    queried: int
    asked: int
    prevalence: float
    ceiling: float
    precision: Estimate | None
    recall: Estimate | None
    average_precision: Estimate | None
    lift: Estimate | None
    common: CommonScore | None

    @property
    def is_partial(self) -> bool:
        """True when the method has a query for some of the pairs that were asked, not for all."""
        return 0 < self.queried < self.asked

    def in_common(self) -> MethodScore:
        """The precision over the pairs of `common`, as if no other had been asked."""
        if (common := self.common) is None:
            return replace(self, queried=0, precision=None)
        return replace(
            self,
            queried=common.pairs,
            asked=common.pairs,
            prevalence=common.prevalence,
            ceiling=common.ceiling,
            precision=common.precision,
        )


def method_analysis(
    index: EmbeddingIndex,
    draws: Sequence[Sequence[LabelledSet]],
    methods: Sequence[str] = COMPARED,
    top_k: int = 100,
    watch: Watcher = SILENT,
    *,
    block: int = BLOCK,
    together: int = CLASSES,
) -> list[MethodScore]:
    """How high each query method ranks the unlabelled documents of each class.

    Every method ranks all documents of the unlabelled set whose labels are known, as
    `class_rankings` does. Means are over draws, with 95 % bootstrap intervals from 5 draws on.

    Args:
        index: the pool and its embeddings.
        draws: for each size, the labelled sets drawn; an empty one is a size of 0.
        methods: some of COMPARED, or "all".
        top_k: first documents of the ranking that precision, recall and lift look at.
        watch: is told the draws done and in all.
        block: documents whose similarities are computed at once.
        together: classes whose queries are ranked together.

    Returns:
        One entry for each size, each class and group ("rare", "frequent" and "all", by
        `class_groups`), and each method, in that order.

    Raises:
        RequestError: an unknown method, a pool without classes, or top_k above the number of
            unlabelled documents with known labels.
    """
    methods = chosen_methods(methods)
    groups, _ = class_groups(index.pool)
    prior = name_prior(index)
    total = sum(len(labelled_sets) for labelled_sets in draws)
    done = 0
    scores: list[MethodScore] = []
    for labelled_sets in draws:
        measured = []
        for labelled in labelled_sets:
            measured.append(_measured(index, labelled, methods, prior, top_k, block, together))
            done += 1
            watch.progress(done, total)
        scores += _summarised(index.pool.classes, groups, len(labelled_sets[0]), methods, measured)
    return scores


def chosen_methods(names: Sequence[str]) -> list[str]:
    """The query methods of these names, each once; "all" stands for all of COMPARED.

    Raises:
        RequestError: one is unknown, or it is "contrastive".
    """
    chosen = [method for name in names for method in (COMPARED if name == ALL else (name,))]
    for name in chosen:
        if name == CONTRASTIVE:
            raise RequestError(
                f"{CONTRASTIVE} tunes an encoder and embeds the pool again for every draw, so analyze "
                f"leaves it out; there are: {', '.join(COMPARED)}"
            )
        check_method(name, COMPARED)
    return list(dict.fromkeys(chosen))


@dataclass(frozen=True)
class _Draw:
    """What one labelled set gave.

    Attributes:
        values: by method, (len(MEASURES), q) float64; NaN where there is no query, or where a
            measure is not defined.
        answered: by method, (q,) True for a class that it has a query for.
        prevalence: (q,) float64.
        ceiling: (q,) float64.
    """

    values: Mapping[str, Scores]
    answered: Mapping[str, Mask]
    prevalence: Scores
    ceiling: Scores


def _measured(
    index: EmbeddingIndex,
    labelled: LabelledSet,
    methods: Sequence[str],
    prior: NamePrior,
    top_k: int,
    block: int,
    together: int,
) -> _Draw:
    labels = index.pool.labels
    q = labels.shape[1]
    among = candidates(index, labelled, top_k)
    values = {method: np.full((len(MEASURES), q), np.nan) for method in methods}
    answered = {method: np.zeros(q, dtype=bool) for method in methods}
    for part in blocks(q, together):
        positions = range(q)[part]
        queries = {m: _queries(index, positions, labelled, m, prior) for m in methods}
        distinct = {(x.method, x.position): x for own in queries.values() for x in own}
        ranked = class_rankings(index, list(distinct.values()), among, top_k, block=block)
        measured = {
            (method, c): ranking_measures(labels[rows, c], top_k)
            for (method, c), rows in zip(distinct, ranked, strict=True)
        }
        for method, own in queries.items():
            for query in own:
                values[method][:, query.position] = measured[query.method, query.position]
                answered[method][query.position] = True
    counts = labels[among].sum(axis=0)
    prevalence, ceiling = counts / np.count_nonzero(among), np.minimum(counts / top_k, 1)
    return _Draw(values, answered, prevalence, ceiling)


def _queries(
    index: EmbeddingIndex,
    positions: Sequence[int],
    labelled: LabelledSet,
    method: str,
    prior: NamePrior,
) -> list[ClassQuery]:
    queries = build_queries(index, positions, labelled, method, prior=prior)
    return [query for query in queries if len(query.vectors)]


def _summarised(
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]],
    size: int,
    methods: Sequence[str],
    draws: Sequence[_Draw],
) -> list[MethodScore]:
    of_classes = [(name, None, [c]) for c, name in enumerate(classes)]
    of_groups = [(None, group, list(positions)) for group, positions in groups.items()]
    common = _all_answer(methods, draws)
    return [
        _score(size, name, group, method, positions, draws, common)
        for name, group, positions in (*of_classes, *of_groups)
        for method in methods
    ]


def _all_answer(methods: Sequence[str], draws: Sequence[_Draw]) -> BoolMatrix:
    """(draws, q) True where each of the methods that answer at all has a query."""
    queried = np.array([[draw.answered[m] for draw in draws] for m in methods])
    return np.asarray(queried[queried.any(axis=(1, 2))].all(axis=0))


def _score(
    size: int,
    name: str | None,
    group: str | None,
    method: str,
    positions: list[int],
    draws: Sequence[_Draw],
    common: BoolMatrix,
) -> MethodScore:
    queried = np.array([draw.answered[method][positions] for draw in draws])
    values = np.stack([draw.values[method][:, positions] for draw in draws])
    means = _known_mean(values)  # (draws, measures)
    counted = queried if queried.any() else ~queried
    return MethodScore(
        size,
        name,
        group,
        method,
        draws=int(queried.any(axis=1).sum()),
        queried=int(queried.sum()),
        asked=queried.size,
        prevalence=_over_pairs([draw.prevalence[positions] for draw in draws], counted),
        ceiling=_over_pairs([draw.ceiling[positions] for draw in draws], counted),
        **{measure: _estimate(column) for measure, column in zip(MEASURES, means.T, strict=True)},
        common=_common_score(method, positions, draws, queried & common[:, positions]),
    )


def _common_score(
    method: str, positions: list[int], draws: Sequence[_Draw], pairs: BoolMatrix
) -> CommonScore | None:
    place = MEASURES.index("precision")
    values = np.stack([draw.values[method][place, positions] for draw in draws])
    precision = _estimate(_known_mean(np.where(pairs, values, np.nan)))
    if precision is None:
        return None
    return CommonScore(
        int(pairs.sum()),
        _over_pairs([draw.prevalence[positions] for draw in draws], pairs),
        _over_pairs([draw.ceiling[positions] for draw in draws], pairs),
        precision,
    )


def _over_pairs(values: Sequence[Scores], pairs: BoolMatrix) -> float:
    """Mean over the draws that have a pair of the mean over the classes of its pairs."""
    return float(_known_mean(_known_mean(np.where(pairs, np.stack(values), np.nan))))


def _known_mean(values: Scores) -> Scores:
    """Means over the last axis of what is not NaN; NaN where all is."""
    is_known = ~np.isnan(values)
    counts = is_known.sum(axis=-1)
    sums = np.where(is_known, values, 0).sum(axis=-1)
    return np.asarray(np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0))


def _estimate(values: Scores) -> Estimate | None:
    known = values[~np.isnan(values)]
    return estimate(known.tolist()) if known.size else None
