"""Query methods: by hand in two dimensions, and against slow loops over plain lists of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, Pool, Record, draw_labelled, query_classes
from classemb_index.errors import EmptyClassError
from classemb_index.labels.labelled import LabelledSet, labelled_from_ids, nothing_labelled
from classemb_index.models.named import fit_named_heads
from classemb_index.queries.build import build_queries
from classemb_index.queries.methods import AUTO, METHODS, Evidence, Needs, margins
from classemb_index.queries.names import name_prior
from classemb_index.queries.search import search_queries
from tests.support.fakes import HashEncoder, KnownEncoder
from tests.support.pools import dot, topic_records, topic_vectors

Vector = list[float]

BY_POSITIVES = ("centroid", "centred", "rocchio", "probe", "margin", "multi-centroid")
BY_NAME = ("label-name", "expanded-name")
BY_BOTH = ("mixed", "expanded-mixed")
BY_VECTORS = (*BY_POSITIVES, *BY_NAME, *BY_BOTH)
DIM = 6


def evidence(
    positives: object = (),
    negatives: object = (),
    name: object = None,
    feedback: object = None,
    mean: object = (0, 0),
) -> Evidence:
    """Evidence of plain numbers in two dimensions; feedback at the mean adds nothing to a name."""

    def vector(numbers: object) -> np.ndarray:
        return np.array(numbers, dtype=np.float32)

    return Evidence(
        vector(positives).reshape(-1, 2),
        vector(negatives).reshape(-1, 2),
        None if name is None else vector(name),
        None if name is None else vector(mean if feedback is None else feedback),
        vector(mean),
    )


def assert_searches_by(method: str, known: Evidence, *vectors: tuple[float, float]) -> None:
    found = METHODS[method].vectors(known)
    assert found is not None and found.dtype == np.float32
    np.testing.assert_allclose(found, vectors, atol=1e-6)


def test_the_methods_are_those_of_the_contract() -> None:
    assert set(METHODS) == {AUTO, *BY_VECTORS}


def test_a_row_says_what_its_method_needs() -> None:
    both = Needs.POSITIVES | Needs.NAME
    for needs, names in ((Needs.POSITIVES, BY_POSITIVES), (Needs.NAME, BY_NAME), (both, BY_BOTH)):
        assert {METHODS[name].needs for name in names} == {needs}


@pytest.mark.parametrize("method", BY_VECTORS)
def test_a_method_has_no_query_without_what_its_row_needs(method: str) -> None:
    known = {
        Needs.POSITIVES: {"positives": POSITIVES},
        Needs.NAME: {"name": (1, 0), "feedback": (0.5, 0.9)},
    }
    for given, sides in known.items():
        found = METHODS[method].vectors(evidence(negatives=[[0, 1]], mean=(0.3, 0.3), **sides))
        assert (found is not None) == (given in METHODS[method].needs)


def test_margin_alone_ranks_again_and_reaches_further() -> None:
    assert {name: row.reach for name, row in METHODS.items() if row.reach} == {"margin": 1000}
    assert {name: row.rerank for name, row in METHODS.items() if row.rerank} == {"margin": margins}


# the mean of the positives is (0.8, 0.4)
POSITIVES = [[1, 0], [0.6, 0.8]]


def test_centroid_is_the_mean_of_the_positives_as_they_are() -> None:
    assert_searches_by("centroid", evidence(POSITIVES, [[0, 1]], mean=(0.4, 0.2)), (0.8, 0.4))


def test_centred_is_the_centroid_minus_the_mean_of_the_pool() -> None:
    assert_searches_by("centred", evidence(POSITIVES, mean=(0.3, -0.1)), (0.5, 0.5))


@pytest.mark.parametrize("method", ["rocchio", "margin"])
def test_rocchio_is_the_centroid_minus_three_quarters_of_the_negatives(method: str) -> None:
    # the mean of the negatives is (0, 0.4)
    known = evidence(POSITIVES, [[0, 1], [0, -0.2]], mean=(0.3, 0.3))
    assert_searches_by(method, known, (0.8, 0.4 - 0.75 * 0.4))


@pytest.mark.parametrize("method", ["rocchio", "margin"])
def test_rocchio_without_negatives_is_the_centroid(method: str) -> None:
    assert_searches_by(method, evidence(POSITIVES, mean=(0.3, 0.3)), (0.8, 0.4))


def test_probe_is_the_direction_in_which_positives_and_negatives_differ() -> None:
    known = evidence([[0.6, 0.8], [0.6, -0.8]], [[-0.6, 0.8], [-0.6, -0.8], [-0.6, 0.8]])
    found = METHODS["probe"].vectors(known)
    assert found is not None and found.shape == (1, 2)
    # one negative more above than below, and the sides weigh the same: upwards is a little negative
    assert found[0, 0] > 0.5 > 0.2 > abs(found[0, 1]) and found[0, 1] < 0


def test_label_name_is_the_name_whatever_is_labelled() -> None:
    for known in (evidence(name=(0, 1)), evidence(POSITIVES, [[1, 0]], (0, 1), (1, 0))):
        assert_searches_by("label-name", known, (0, 1))


@pytest.mark.parametrize(
    ("positives", "blend"),
    [
        ([[1, 0]], (1 / 2, 1 / 2)),
        ([[1, 0]] * 2, (2 / 3, 1 / 3)),
        ([[1, 0]] * 9, (9 / 10, 1 / 10)),
    ],
)
def test_mixed_weighs_the_name_one_among_one_and_the_positives(
    positives: object, blend: tuple[float, float]
) -> None:
    # centred, the positives point to (1, 0), the name to (0, 1); neither length counts
    known = evidence(positives, [[0, 1]], name=(0, 3), mean=(0.5, 0))
    assert_searches_by("mixed", known, blend)


def test_expanded_name_has_three_tenths_of_what_its_nearest_have_beyond_the_mean() -> None:
    known = evidence(name=(0, 2), feedback=(0.8, 0.3), mean=(0.3, 0.3))
    assert_searches_by("expanded-name", known, (0.3, 0.7))


def test_expanded_name_is_the_name_where_its_nearest_are_like_the_pool() -> None:
    assert_searches_by("expanded-name", evidence(name=(0, 1), mean=(0.3, 0.3)), (0, 0.7))


@pytest.mark.parametrize(
    ("count", "blend"), [(1, (1 / 8, 7 / 8)), (7, (1 / 2, 1 / 2)), (21, (3 / 4, 1 / 4))]
)
def test_expanded_mixed_takes_a_name_that_ranks_positives_first_for_seven_of_them(
    count: int, blend: tuple[float, float]
) -> None:
    # by symmetry the probe points to (1, 0); no negative is nearer to the name than a positive
    known = evidence([[1, 0]] * count, [[-1, 0]] * 3, name=(0, 2))
    assert_searches_by("expanded-mixed", known, blend)


def test_expanded_mixed_takes_a_name_that_ranks_positives_late_for_fewer() -> None:
    # three negatives are nearer to the name than the five positives: 1 + 6 / 4 = 2.5, a third of 7.5
    known = evidence([[0.8, -0.6]] * 5, [[-0.8, 0.6]] * 3, name=(0, 1))
    assert_searches_by("expanded-mixed", known, (2 / 3 * 0.8, 1 / 3 - 2 / 3 * 0.6))


def test_multi_centroid_of_up_to_five_distinct_positives_is_these_positives() -> None:
    positives = [[1, 0], [0.6, 0.8], [0, 1], [-1, 0], [0, -1]]
    found = METHODS["multi-centroid"].vectors(evidence(positives * 3))
    assert found is not None and sorted(found.round(6).tolist()) == sorted(
        np.array(positives, np.float32).tolist()
    )


def test_multi_centroid_of_five_topics_is_the_mean_of_each() -> None:
    degrees = [0, 8, 70, 78, 140, 148, 215, 223, 290, 298]  # five pairs, 62 apart or more
    positives = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)
    found = METHODS["multi-centroid"].vectors(evidence(positives))
    assert found is not None
    np.testing.assert_allclose(
        found[np.lexsort(found.T)],
        (means := positives.reshape(5, 2, 2).mean(axis=1))[np.lexsort(means.T)],
        atol=1e-6,
    )


def test_multi_centroid_is_the_same_every_time() -> None:
    known = evidence(np.random.default_rng(0).standard_normal((40, 2)))
    first, second = (
        METHODS["multi-centroid"].vectors(known),
        METHODS["multi-centroid"].vectors(known),
    )
    assert first is not None and first.shape == (5, 2)
    np.testing.assert_array_equal(first, second)


def test_margin_is_the_mean_of_the_three_best_to_positives_minus_that_to_negatives() -> None:
    known = evidence(
        [[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], [[0.8, 0.6], [0, -1], [0.6, -0.8], [-0.6, -0.8]]
    )
    found = margins(known, np.array([[1, 0], [0, 1]], dtype=np.float32))
    # to the first: 1, 0.6 and 0 against 0.8, 0.6 and 0; to the second: 1, 0.8, 0 and 0.6, -0.8, -0.8
    np.testing.assert_allclose(found, [1.6 / 3 - 1.4 / 3, 1.8 / 3 - -1.0 / 3], atol=1e-6)


def test_margin_of_fewer_than_three_takes_those_there_are() -> None:
    documents = np.array([[0.6, 0.8]], dtype=np.float32)
    assert margins(evidence([[1, 0], [0, 1]], [[0, -1]]), documents) == pytest.approx([0.7 + 0.8])
    assert margins(evidence([[1, 0]]), documents) == pytest.approx([0.6])


@pytest.mark.parametrize("method", BY_POSITIVES)
def test_what_goes_by_positives_has_no_query_without_one(method: str) -> None:
    assert METHODS[method].vectors(evidence(negatives=[[0, 1]], name=(1, 0))) is None


@pytest.mark.parametrize("method", BY_NAME)
def test_what_goes_by_the_name_has_no_query_without_one(method: str) -> None:
    assert METHODS[method].vectors(evidence(POSITIVES, [[0, 1]])) is None


@pytest.mark.parametrize("method", BY_BOTH)
def test_what_goes_by_both_has_no_query_with_neither(method: str) -> None:
    assert METHODS[method].vectors(evidence(negatives=[[0, 1]])) is None


def test_probe_without_negatives_has_no_query() -> None:
    assert METHODS["probe"].vectors(evidence(POSITIVES, name=(1, 0))) is None


@pytest.mark.parametrize(
    ("method", "by_name", "by_positives"),
    [("mixed", "label-name", "centred"), ("expanded-mixed", "expanded-name", "probe")],
)
def test_what_goes_by_both_takes_the_one_there_is(
    method: str, by_name: str, by_positives: str
) -> None:
    nameless = evidence(POSITIVES, [[0, 1]], mean=(0.3, 0.3))
    unlabelled = evidence(negatives=[[0, 1]], name=(1, 0), feedback=(0.5, 0.9))
    for known, part in ((nameless, by_positives), (unlabelled, by_name)):
        np.testing.assert_array_equal(METHODS[method].vectors(known), METHODS[part].vectors(known))


@dataclass(frozen=True)
class Known:
    """What is known of one class, and the documents to rank, as plain numbers."""

    positives: list[Vector]
    negatives: list[Vector]
    name: Vector
    feedback: Vector
    mean: Vector
    documents: dict[int, Vector]


def plus(first: Vector, second: Vector, times: float = 1.0) -> Vector:
    return [x + times * y for x, y in zip(first, second, strict=True)]


def scaled(vector: Vector) -> Vector:
    return [x / dot(vector, vector) ** 0.5 for x in vector]


def mean_of(vectors: list[Vector]) -> Vector:
    return [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]


def blend(first: Vector, second: Vector, share: float) -> Vector:
    return plus([share * x for x in scaled(first)], scaled(second), 1 - share)


def by_centred(known: Known) -> Vector:
    return plus(mean_of(known.positives), known.mean, -1)


def by_rocchio(known: Known) -> Vector:
    return plus(mean_of(known.positives), mean_of(known.negatives), -0.75)


def by_probe(known: Known) -> Vector:
    # the negatives first, unlike the library: the order of documents is nothing to the solution
    sides = [0] * len(known.negatives) + [1] * len(known.positives)
    head = LogisticRegression(class_weight="balanced", max_iter=1000)
    return head.fit([*known.negatives, *known.positives], sides).coef_[0].tolist()


def by_expanded_name(known: Known) -> Vector:
    return blend(known.name, plus(known.feedback, known.mean, -1), 0.7)


def by_expanded_mixed(known: Known) -> Vector:
    name, ranks = by_expanded_name(known), []
    for positive in known.positives:
        above = [n for n in known.negatives if dot(n, name) > dot(positive, name)]
        ranks.append(1 + len(above))
    worth = 1 + 6 * sum(1 / rank for rank in ranks) / len(ranks)
    return blend(name, by_probe(known), worth / (worth + len(ranks)))


def by_topics(known: Known) -> list[Vector]:
    k = min(5, len(known.positives))
    positives = np.array(known.positives, dtype=np.float32)
    return KMeans(k, n_init=1, random_state=0).fit(positives).cluster_centers_.tolist()


# the vectors by which each method searches; margin only retrieves by them
ORACLES: dict[str, Callable[[Known], list[Vector]]] = {
    "centroid": lambda known: [mean_of(known.positives)],
    "centred": lambda known: [by_centred(known)],
    "rocchio": lambda known: [by_rocchio(known)],
    "probe": lambda known: [by_probe(known)],
    "margin": lambda known: [by_rocchio(known)],
    "label-name": lambda known: [known.name],
    "mixed": lambda known: [blend(known.name, by_centred(known), 1 / (1 + len(known.positives)))],
    "multi-centroid": by_topics,
    "expanded-name": lambda known: [by_expanded_name(known)],
    "expanded-mixed": lambda known: [by_expanded_mixed(known)],
}


def three_best(document: Vector, others: list[Vector]) -> float:
    best = sorted((dot(document, other) for other in others), reverse=True)[:3]
    return sum(best) / len(best)


def ranked(scores: dict[int, float], k: int) -> tuple[list[int], list[float]]:
    """The k rows of the highest scores, ties to the lower row."""
    rows = sorted(scores, key=lambda row: (-scores[row], row))[:k]
    return rows, [scores[row] for row in rows]


def oracle(method: str, known: Known, k: int) -> tuple[list[int], list[float]]:
    """What the method answers, by slow loops."""
    vectors = [scaled(vector) for vector in ORACLES[method](known)]
    scores = {row: max(dot(x, v) for v in vectors) for row, x in known.documents.items()}
    if method != "margin":
        return ranked(scores, k)
    retrieved, _ = ranked(scores, max(k, 1000))
    margin = {}
    for row in retrieved:
        x = known.documents[row]
        margin[row] = three_best(x, known.positives) - three_best(x, known.negatives)
    return ranked(margin, k)


def known_of(index: EmbeddingIndex, labelled: LabelledSet, c: int) -> Known:
    """What may be known of a class, gathered document by document."""
    pool, vectors = index.pool, index.embeddings().astype(float).tolist()
    sides: dict[bool, list[Vector]] = {True: [], False: []}
    for row in labelled.rows.tolist():
        sides[bool(pool.labels[row, c])].append(vectors[row])
    train = [row for row in range(len(pool)) if pool.splits[row] == "train"]
    name = HashEncoder(dim=index.manifest.dim).encode([pool.classes[c]])[0].astype(float).tolist()
    nearest, _ = ranked({row: dot(name, vectors[row]) for row in train}, 3)
    return Known(
        sides[True],
        sides[False],
        name,
        mean_of([vectors[row] for row in nearest]),
        mean_of([vectors[row] for row in train]),
        {row: vectors[row] for row in train if row not in labelled.rows},
    )


@pytest.fixture(scope="module")
def named_index(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., EmbeddingIndex]:
    """Builds, once each, the index of a random pool whose classes have embedded names."""

    @cache
    def build(seed: int = 0, backend: str = "exact", n: int = 120) -> EmbeddingIndex:
        if backend == "flat":
            pytest.importorskip("faiss", reason="needs FAISS (the 'cpu' or 'gpu' extra)")
        pool = Pool.from_records(topic_records(n, seed), name="random")
        vectors = topic_vectors(pool, DIM, seed=seed)
        return EmbeddingIndex.build(
            pool,
            KnownEncoder(pool.texts, vectors),
            tmp_path_factory.mktemp("named") / "index",
            backend,
            embeddings=vectors,
        )

    return build


@pytest.mark.parametrize("backend", ["exact", "flat"])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("method", BY_VECTORS)
def test_a_method_answers_as_the_slow_loops_do(
    named_index: Callable[..., EmbeddingIndex], method: str, seed: int, backend: str
) -> None:
    index = named_index(seed, backend)
    labelled = draw_labelled(index.pool, 30, seed)
    assert labelled.counts.min() > 1 and labelled.counts.max() > 5
    for answer in query_classes(index, [0, 1, 2], labelled, k=12, method=method).classes:
        rows, scores = oracle(method, known_of(index, labelled, answer.position), 12)
        assert (answer.method, answer.why) == (method, None)
        assert answer.neighbours is not None and answer.neighbours.rows.tolist() == rows
        np.testing.assert_allclose(answer.neighbours.scores, scores, atol=2e-5)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[EmbeddingIndex, LabelledSet]:
    """1,300 documents in four dimensions, class a at random, 30 of them labelled."""
    rng = np.random.default_rng(0)
    labels = [("a",) if rng.random() < 0.4 else () for _ in range(1300)]
    records = [Record(f"d{i}", f"text {i}", own, "train") for i, own in enumerate(labels)]
    vectors = rng.standard_normal((1300, 4)).astype(np.float32)
    index = EmbeddingIndex.build(
        Pool.from_records(records),
        KnownEncoder([record.text for record in records], vectors),
        tmp_path_factory.mktemp("large") / "index",
        "exact",
        embeddings=vectors,
    )
    return index, draw_labelled(index.pool, 30, 0)


@pytest.mark.parametrize("k", [20, 1000, 1100])
def test_margin_ranks_again_the_thousand_that_rocchio_retrieves_or_k_where_that_is_more(
    large: tuple[EmbeddingIndex, LabelledSet], k: int
) -> None:
    index, labelled = large
    known = known_of(index, labelled, 0)
    rows, scores = oracle("margin", known, k)
    (answer,) = query_classes(index, [0], labelled, k=k, method="margin").classes
    assert answer.neighbours is not None and answer.neighbours.rows.tolist() == rows
    np.testing.assert_allclose(answer.neighbours.scores, scores, atol=2e-5)
    # neither rocchio's own order, nor the margins of all
    assert rows != oracle("rocchio", known, k)[0]
    everything = {
        row: three_best(x, known.positives) - three_best(x, known.negatives)
        for row, x in known.documents.items()
    }
    assert k == 20 or rows != ranked(everything, k)[0]


@pytest.mark.parametrize("backend", ["exact", "flat"])
@pytest.mark.parametrize("method", METHODS)
def test_fewer_neighbours_are_the_first_of_more(
    named_index: Callable[..., EmbeddingIndex], method: str, backend: str
) -> None:
    index = named_index(0, backend)
    labelled = draw_labelled(index.pool, 30, 0)
    few, many = (
        query_classes(index, [0, 1, 2], labelled, k=k, method=method).classes for k in (5, 20)
    )
    for one, two in zip(few, many, strict=True):
        assert one.neighbours is not None and two.neighbours is not None
        np.testing.assert_array_equal(one.neighbours.rows, two.neighbours.rows[:5])
        np.testing.assert_array_equal(one.neighbours.scores, two.neighbours.scores[:5])
        assert len(set(two.neighbours.rows.tolist())) == 20


@pytest.mark.parametrize("backend", ["exact", "flat"])
@pytest.mark.parametrize("method", METHODS)
def test_classes_asked_together_are_answered_as_each_alone(
    named_index: Callable[..., EmbeddingIndex], method: str, backend: str
) -> None:
    index = named_index(1, backend)
    labelled = draw_labelled(index.pool, 30, 1)
    together = query_classes(index, [2, 0, 1], labelled, k=8, method=method).classes
    for answer, c in zip(together, [2, 0, 1], strict=True):
        (alone,) = query_classes(index, [c], labelled, k=8, method=method).classes
        assert (answer.position, answer.method, answer.why) == (c, alone.method, alone.why)
        assert answer.neighbours is not None and alone.neighbours is not None
        np.testing.assert_array_equal(answer.neighbours.rows, alone.neighbours.rows)
        np.testing.assert_allclose(answer.neighbours.scores, alone.neighbours.scores, atol=1e-6)


def test_queries_of_all_methods_in_one_search_are_answered_as_each_alone(
    named_index: Callable[..., EmbeddingIndex],
) -> None:
    index = named_index(0)
    labelled = draw_labelled(index.pool, 30, 0)
    queries = [build_queries(index, [0], labelled, method)[0] for method in BY_VECTORS]
    for query, found in zip(
        queries, search_queries(index, queries, 7, labelled.unlabelled), strict=True
    ):
        rows, scores = oracle(query.method, known_of(index, labelled, 0), 7)
        assert found.rows.tolist() == rows
        np.testing.assert_allclose(found.scores, scores, atol=2e-5)


def test_margin_makes_no_other_query_retrieve_its_thousand(
    large: tuple[EmbeddingIndex, LabelledSet], search_sizes: list[tuple[int, int]]
) -> None:
    index, labelled = large
    queries = [build_queries(index, [0], labelled, method)[0] for method in BY_VECTORS]
    alone = [search_queries(index, [query], 20, labelled.unlabelled)[0] for query in queries]
    search_sizes.clear()
    together = search_queries(index, queries, 20, labelled.unlabelled)
    # multi-centroid has five vectors, the eight others one
    assert search_sizes == [(8 + 5, 20), (1, 1000)]
    for one, two in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.rows, two.rows)
        np.testing.assert_allclose(one.scores, two.scores, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_hidden_labels_do_not_move_any_methods_answer(
    named_index: Callable[..., EmbeddingIndex], tmp_path: Path, method: str
) -> None:
    index = named_index(0)
    pool, labelled = index.pool, draw_labelled(index.pool, 20, 3)
    shown = set(labelled.rows.tolist())
    records = [
        Record(
            pool.ids[row],
            pool.text(row),
            # hidden labels turned round
            tuple(
                name
                for name, has in zip(pool.classes, pool.labels[row], strict=True)
                if has == (row in shown)
            ),
            str(pool.splits[row]),
        )
        for row in range(len(pool))
    ]
    vectors = topic_vectors(pool, DIM, seed=0)
    turned = EmbeddingIndex.build(
        Pool.from_records(records),
        KnownEncoder(pool.texts, vectors),
        tmp_path / "turned",
        "exact",
        embeddings=vectors,
    )
    seen = labelled_from_ids(turned.pool, [pool.ids[row] for row in labelled.rows], "the same")
    before = query_classes(index, [0, 1, 2], labelled, k=10, method=method).classes
    after = query_classes(turned, [0, 1, 2], seen, k=10, method=method).classes
    for one, two in zip(before, after, strict=True):
        assert (one.method, one.why) == (two.method, two.why)
        assert one.neighbours is not None and two.neighbours is not None
        np.testing.assert_array_equal(one.neighbours.rows, two.neighbours.rows)
        np.testing.assert_array_equal(one.neighbours.scores, two.neighbours.scores)
        assert [not mark for mark in one.has_class] == list(two.has_class)


def test_auto_ranks_by_the_named_heads_of_all_classes_and_says_what_they_are_made_of(
    named_index: Callable[..., EmbeddingIndex],
) -> None:
    index = named_index(0)
    labelled = draw_labelled(index.pool, 30, 0)
    embeddings, known = index.embeddings(labelled.rows), np.ones_like(labelled.labels)
    heads = fit_named_heads(embeddings, labelled.labels, known, name_prior(index))
    (answer,) = query_classes(index, [1], labelled, k=9, method=AUTO).classes
    scores = index.embeddings() @ heads.weights[1]
    rest = np.flatnonzero(labelled.unlabelled)
    assert answer.neighbours is not None
    assert answer.neighbours.rows.tolist() == rest[np.argsort(-scores[rest])][:9].tolist()
    positives = int(labelled.counts[1])
    assert answer.why == (
        f"the name counts {heads.strengths[1]:.0f}; {positives} positives, {30 - positives} negatives"
    )


def test_without_a_label_auto_ranks_as_the_expanded_name(
    named_index: Callable[..., EmbeddingIndex],
) -> None:
    index = named_index(0)
    nothing = nothing_labelled(index.pool)
    by_auto, by_name = (
        query_classes(index, [0, 1, 2], nothing, k=9, method=method).classes
        for method in (AUTO, "expanded-name")
    )
    for one, two in zip(by_auto, by_name, strict=True):
        assert one.neighbours is not None and two.neighbours is not None
        assert one.neighbours.rows.tolist() == two.neighbours.rows.tolist()


def test_auto_without_names_goes_by_labels_alone(
    named_index: Callable[..., EmbeddingIndex],
) -> None:
    index = named_index(0)
    labelled = draw_labelled(index.pool, 30, 0)
    no_names = np.zeros((3, DIM), dtype=np.float32)
    (answer,) = query_classes(index, [0], labelled, method=AUTO, name_vectors=no_names).classes
    assert answer.neighbours is not None and answer.why is not None
    assert answer.why.startswith("no usable name; ")
    nothing = nothing_labelled(index.pool)
    with pytest.raises(EmptyClassError):
        query_classes(index, [0], nothing, method=AUTO, name_vectors=no_names)
