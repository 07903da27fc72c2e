"""Method analysis by hand: what each query method ranks where, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from classemb_index import EmbeddingIndex, Pool, Record, draw_labelled, query_classes
from classemb_index.errors import EmptyClassError, RequestError
from classemb_index.labels.labelled import LabelledSet, labelled_from_ids, labelled_set
from classemb_index.measures import rankings as method_analysis_module
from classemb_index.measures.rankings import (
    COMPARED,
    MEASURES,
    CommonScore,
    MethodScore,
    chosen_methods,
    class_rankings,
    method_analysis,
    ranking_measures,
)
from classemb_index.measures.statistics import Estimate, estimate
from classemb_index.queries.classes import class_groups
from classemb_index.queries.methods import margins
from classemb_index.queries.search import answer_queries, class_queries

IndexOf = Callable[..., EmbeddingIndex]

NO_LABELS = "no label is seen"
CHOICES = ", ".join(COMPARED)


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def train(i: int, *labels: str) -> Record:
    return Record(f"d{i}", f"text {i}", labels, "train")


DOCUMENTS = [
    train(0, "a"),  # at 0 degrees
    train(1, "b"),  # 90
    train(2, "a"),  # 10
    train(3, "a", "b"),  # 20
    train(4, "b"),  # 80
    train(5),  # 40
    train(6, "b"),  # 180
    train(7, "a"),  # 190
]
DEGREES = (0, 90, 10, 20, 80, 40, 180, 190)
GROUPS = {"frequent": ["a"], "rare": ["b"]}


@pytest.fixture
def circle(index_of: IndexOf) -> EmbeddingIndex:
    return index_of(DOCUMENTS, on_circle(*DEGREES), GROUPS)


@pytest.fixture
def named(toy_index: EmbeddingIndex) -> EmbeddingIndex:
    """The toy index with an embedding of each class's name, which lies near its documents."""
    pool, embeddings = toy_index.pool, toy_index.embeddings()
    noise = 0.3 * np.random.default_rng(3).standard_normal((3, embeddings.shape[1]))
    names = np.stack([embeddings[pool.labels[:, c]].mean(axis=0) for c in range(3)]) + noise
    toy_index.class_names = names.astype(np.float32)
    return toy_index


def labelled(index: EmbeddingIndex, *ids: str) -> LabelledSet:
    return labelled_from_ids(index.pool, ids, "by hand")


def nothing(pool: Pool) -> LabelledSet:
    return labelled_set(pool, np.empty(0, dtype=np.int64), NO_LABELS)


def score_of(scores: list[MethodScore], subject: str, method: str, size: int = 2) -> MethodScore:
    (entry,) = [
        s for s in scores
        if (s.class_name or s.group, s.method, s.n_labelled) == (subject, method, size)
    ]  # fmt: skip
    return entry


def means(entry: MethodScore) -> list[float | None]:
    found = [getattr(entry, measure) for measure in MEASURES]
    return [None if one is None else pytest.approx(one.mean) for one in found]


def one(value: float) -> Estimate:
    """What a single draw says."""
    return Estimate(pytest.approx(value), None, None, 1)


def test_measures_of_a_ranking_by_hand() -> None:
    # three of six have the class, at ranks 1, 3 and 6
    found = ranking_measures(np.array([True, False, True, False, False, True]), 2)
    assert found == pytest.approx([1 / 2, 1 / 3, (1 + 2 / 3 + 3 / 6) / 3, (1 / 2) / (3 / 6)])


def test_a_ranking_without_the_class_has_precision_alone() -> None:
    precision, *others = ranking_measures(np.zeros(4, dtype=bool), 2)
    assert precision == 0 and np.isnan(others).all()


@pytest.mark.parametrize("seed", range(10))
def test_average_precision_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    has_class = rng.random(200) < 0.1
    found = ranking_measures(has_class, 10)[MEASURES.index("average_precision")]
    assert found == pytest.approx(average_precision_score(has_class, -np.arange(200)))


def test_all_documents_are_ranked_by_their_highest_similarity(circle: EmbeddingIndex) -> None:
    seen = labelled(circle, "d0", "d1")
    a, b = class_queries(circle, [0, 1], seen, "centroid")
    rankings = list(class_rankings(circle, [a, b], seen.unlabelled, 1))
    # from 0 degrees: 10, 20, 40, 80, 190, 180; from 90 degrees: 80, 40, 20, 10, 180, 190
    assert [rows.tolist() for rows in rankings] == [[2, 3, 5, 4, 7, 6], [4, 5, 3, 2, 6, 7]]
    both = labelled(circle, "d2", "d6")
    many = class_queries(circle, [1], labelled(circle, "d1", "d6"), "multi-centroid")
    # from 90 or 180 degrees: 190 and 80 both lie 10 off, 40 50, 20 70, 10 80, 0 90
    (rows,) = class_rankings(circle, many, both.unlabelled, 1)
    assert rows.tolist()[0] == 1  # d1 is one of the two centroids itself
    assert set(rows.tolist()[1:3]) == {4, 7} and rows.tolist()[3:] == [5, 3, 0]


@pytest.mark.parametrize("method", COMPARED)
@pytest.mark.parametrize(("size", "seed"), [(1, 3), (10, 0), (10, 1), (40, 0)])
def test_the_first_k_are_what_a_query_answers(
    named: EmbeddingIndex, method: str, size: int, seed: int
) -> None:
    seen = draw_labelled(named.pool, size, seed)
    asked = [q for q in class_queries(named, range(3), seen, method) if q.vectors is not None]
    rankings = dict(
        zip(
            [q.position for q in asked],
            class_rankings(named, asked, seen.unlabelled, 9),
            strict=True,
        )
    )
    if not asked:
        with pytest.raises(EmptyClassError):
            query_classes(named, range(3), seen, k=9, method=method)
        return
    answers = query_classes(named, range(3), seen, k=9, method=method).classes
    assert {a.position for a in answers if a.neighbours is not None} == set(rankings)
    for position, rows in rankings.items():
        assert rows[:9].tolist() == answers[position].neighbours.rows.tolist()
        assert sorted(rows.tolist()) == np.flatnonzero(seen.unlabelled).tolist()


def test_margin_ranks_the_retrieved_again_and_the_rest_follow_as_retrieved(
    named: EmbeddingIndex,
) -> None:
    seen = draw_labelled(named.pool, 20, 0)
    (margin,) = class_queries(named, [0], seen, "margin")
    margin = replace(margin, row=replace(margin.row, reach=12))
    (rocchio,) = class_queries(named, [0], seen, "rocchio")
    (retrieved,) = class_rankings(named, [rocchio], seen.unlabelled, 5)
    (rows,) = class_rankings(named, [margin], seen.unlabelled, 5)
    head = np.sort(retrieved[:12])
    best = np.argsort(-margins(margin.evidence, named.embeddings(head)), kind="stable")
    assert rows[:12].tolist() == head[best].tolist() != retrieved[:12].tolist()
    assert rows[12:].tolist() == retrieved[12:].tolist()
    answers = answer_queries(named, [margin], seen, 5, "margin").classes
    assert rows[:5].tolist() == answers[0].neighbours.rows.tolist()


def test_ties_go_to_the_lower_row_beyond_what_is_searched_for(
    index_of: IndexOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method_analysis_module, "CHUNK", 3)
    index = index_of([train(i, "a") for i in range(12)], [[1, 0]] + [[0.6, 0.8]] * 11)
    seen = labelled(index, "d0")
    (rows,) = class_rankings(index, class_queries(index, [0], seen, "centroid"), seen.unlabelled, 2)
    assert rows.tolist() == list(range(1, 12))


def test_one_draw_by_hand(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[labelled(circle, "d0", "d1")]], ["centroid"], top_k=2)
    a = score_of(scores, "a", "centroid")
    assert (a.n_labelled, a.class_name, a.group, a.draws, a.queried, a.asked) == (
        2, "a", None, 1, 1, 1,
    )  # fmt: skip
    # d2 d3 d5 d4 d7 d6: three of six have a, at ranks 1, 2 and 5
    assert means(a) == [1, 2 / 3, (1 + 1 + 3 / 5) / 3, 2]
    # d4 d5 d3 d2 d6 d7: three of six have b, at ranks 1, 3 and 5
    b = score_of(scores, "b", "centroid")
    assert means(b) == [1 / 2, 1 / 3, (1 + 2 / 3 + 3 / 5) / 3, 1]
    assert (a.prevalence, a.ceiling) == (b.prevalence, b.ceiling) == (0.5, 1)
    assert a.precision == one(1) and b.precision == one(0.5)
    assert (a.chosen, b.chosen) == ({}, {})


def test_entries_come_by_size_then_class_and_group_then_method(circle: EmbeddingIndex) -> None:
    draws = [[labelled(circle, "d0", "d1")], [labelled(circle, "d0", "d1", "d5")]]
    scores = method_analysis(circle, draws, ["rocchio", "centroid"], top_k=2)
    assert [(s.n_labelled, s.class_name, s.group, s.method) for s in scores] == [
        (size, name, group, method)
        for size in (2, 3)
        for name, group in [("a", None), ("b", None), *((None, g) for g in ("rare", "frequent", "all"))]
        for method in ("rocchio", "centroid")
    ]  # fmt: skip


def test_the_ceiling_is_what_a_class_has_to_find(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[labelled(circle, "d0", "d1")]], ["centroid"], top_k=5)
    a = score_of(scores, "a", "centroid")
    assert a.ceiling == pytest.approx(3 / 5)
    assert means(a)[:2] == [3 / 5, 1]


def test_group_means_are_over_the_classes_that_have_a_query_in_the_draw(
    circle: EmbeddingIndex,
) -> None:
    # the first draw queries a (precision 1) and b (1/2), the second, without a b document, a alone:
    # from 5 degrees: d3 (a), d5, d4, d1, d7 (a), d6: precision 1/2
    draws = [labelled(circle, "d0", "d1"), labelled(circle, "d0", "d2")]
    scores = method_analysis(circle, [draws], ["centroid"], top_k=2)
    a, b = (score_of(scores, name, "centroid") for name in "ab")
    assert (a.precision.mean, a.draws) == (pytest.approx((1 + 1 / 2) / 2), 2)
    assert (b.precision.mean, b.draws, b.queried, b.asked) == (0.5, 1, 1, 2)
    assert b.prevalence == pytest.approx(3 / 6)  # of the draw that queried it, not 4/6
    every = score_of(scores, "all", "centroid")
    assert every.precision.mean == pytest.approx(((1 + 1 / 2) / 2 + 1 / 2) / 2)
    assert (every.draws, every.queried, every.asked) == (2, 3, 4)
    assert every.prevalence == pytest.approx(((3 / 6 + 3 / 6) / 2 + 2 / 6) / 2)
    assert means(score_of(scores, "rare", "centroid")) == means(b)
    assert means(score_of(scores, "frequent", "centroid")) == means(a)


def test_a_class_without_a_query_is_reported_without_scores(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[labelled(circle, "d0", "d2")]], ["centroid"], top_k=2)
    b = score_of(scores, "b", "centroid")
    assert (b.draws, b.queried, b.asked, means(b), b.common) == (0, 0, 1, [None] * 4, None)
    assert b.prevalence == pytest.approx(4 / 6)
    assert means(score_of(scores, "rare", "centroid")) == [None] * 4


def test_a_class_that_has_no_document_left_is_found_by_nobody(index_of: IndexOf) -> None:
    index = index_of([train(0, "a"), train(1, "b"), train(2, "b")], on_circle(0, 10, 20))
    scores = method_analysis(index, [[labelled(index, "d0")]], ["centroid"], top_k=1)
    a = score_of(scores, "a", "centroid", 1)
    assert (a.draws, a.prevalence, a.ceiling) == (1, 0, 0)
    assert means(a) == [0, None, None, None]


@pytest.mark.parametrize("size", [5, 20])
def test_scores_are_those_of_a_slow_loop(named: EmbeddingIndex, size: int) -> None:
    pool, embeddings = named.pool, named.embeddings().astype(float)
    draws = [draw_labelled(pool, size, seed) for seed in range(6)]
    scores = method_analysis(named, [draws], ["centred", "label-name"], top_k=12)
    by_draw: dict[tuple[str, str], list[list[float]]] = {}
    for draw in draws:
        left = np.flatnonzero(draw.unlabelled)
        of_draw: dict[tuple[str, str], list[float]] = {}
        for c, name in enumerate(pool.classes):
            own = [row for row in draw.rows if pool.labels[row, c]]
            queries = {"label-name": named.class_names[c].astype(float)}
            if own:
                queries["centred"] = embeddings[own].mean(axis=0) - named.mean
            for method, query in queries.items():
                order = sorted(left, key=lambda row, query=query: -embeddings[row] @ query)
                truth = np.array([pool.labels[row, c] for row in order])
                hits, total = truth[:12].sum(), truth.sum()
                average = average_precision_score(truth, -np.arange(len(truth)))
                of_draw[name, method] = [
                    hits / 12,
                    hits / total,
                    average,
                    (hits / 12) / (total / len(left)),
                ]
        for method in ("centred", "label-name"):
            found = [of_draw[name, method] for name in "abc" if (name, method) in of_draw]
            if found:
                of_draw["all", method] = np.mean(found, axis=0).tolist()
        for key, values in of_draw.items():
            by_draw.setdefault(key, []).append(values)
    for (subject, method), values in by_draw.items():
        entry = score_of(scores, subject, method, size)
        assert entry.draws == len(values)
        for measure, column in zip(MEASURES, np.transpose(values).tolist(), strict=True):
            assert_close(getattr(entry, measure), estimate(column))


def assert_close(found: Estimate, wanted: Estimate) -> None:
    assert found.seeds == wanted.seeds
    for end in ("mean", "low", "high"):
        value = getattr(wanted, end)
        assert getattr(found, end) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize("draws", [4, 5])
def test_intervals_begin_with_five_draws_and_are_those_of_comparison(
    named: EmbeddingIndex, draws: int
) -> None:
    sets = [draw_labelled(named.pool, 15, seed) for seed in range(draws)]
    single = [
        score_of(method_analysis(named, [[one_set]], ["label-name"], 10), "all", "label-name", 15)
        for one_set in sets
    ]
    entry = score_of(method_analysis(named, [sets], ["label-name"], 10), "all", "label-name", 15)
    for measure in MEASURES:
        values = [getattr(one_draw, measure).mean for one_draw in single]
        assert getattr(entry, measure) == estimate(values)
    assert (entry.precision.low is None) == (draws < 5)


def test_chunks_and_blocks_of_classes_change_nothing(
    named: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = [[draw_labelled(named.pool, 12, seed) for seed in range(2)]]
    whole = method_analysis(named, draws, ["all"], 10)
    monkeypatch.setattr(method_analysis_module, "CHUNK", 7)
    monkeypatch.setattr(method_analysis_module, "CLASSES", 2)
    assert method_analysis(named, draws, ["all"], 10) == whole


def test_without_labels_the_names_answer_alone(named: EmbeddingIndex) -> None:
    scores = method_analysis(named, [[nothing(named.pool)]], ["all"], top_k=10)
    every = {method: score_of(scores, "all", method, 0) for method in COMPARED}
    answering = {method for method, entry in every.items() if entry.queried}
    assert {"label-name", "auto"} <= answering
    positives_needed = {"centroid", "centred", "rocchio", "probe", "margin", "multi-centroid"}
    assert not positives_needed & answering
    for entry in every.values():
        assert entry.queried in (0, 3) and entry.asked == 3
    (name,) = every["auto"].chosen
    assert every["auto"].chosen == {name: 3}
    assert means(every["auto"]) == means(every[name])
    among = named.pool.selectable
    (query,) = class_queries(named, [2], nothing(named.pool), "label-name")
    (rows,) = class_rankings(named, [query], among, 10)
    hits = named.pool.labels[rows[:10], 2].sum()
    assert score_of(scores, "c", "label-name", 0).precision == one(hits / 10)


def test_without_labels_or_names_there_is_no_query(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[nothing(circle.pool)]], ["label-name", "auto"], top_k=2)
    assert [s.queried for s in scores] == [0] * len(scores)
    assert {s.precision for s in scores} == {None}
    assert all(s.chosen == {} for s in scores)


def test_auto_says_what_it_chose_and_scores_as_that(named: EmbeddingIndex) -> None:
    draws = [draw_labelled(named.pool, 6, seed) for seed in range(5)]
    scores = method_analysis(named, [draws], ["all"], top_k=10)
    chosen = [[q.method for q in class_queries(named, range(3), d, "auto")] for d in draws]
    for subject, positions in (("a", [0]), ("c", [2]), ("rare", [2]), ("all", [0, 1, 2])):
        taken = [row[c] for row in chosen for c in positions]
        entry = score_of(scores, subject, "auto", 6)
        assert entry.chosen == {method: taken.count(method) for method in sorted(set(taken))}
    alone = method_analysis(named, [draws], ["auto"], top_k=10)
    for subject in ("a", "b", "c", "rare", "all"):
        assert means(score_of(alone, subject, "auto", 6)) == means(
            score_of(scores, subject, "auto", 6)
        )


def test_common_scores_are_over_what_all_methods_have_a_query_for(circle: EmbeddingIndex) -> None:
    circle.class_names = on_circle(0, 180)
    # centroid: a (precision 1) and b (1/2) in the first draw, a (1/2) in the second; names: both in both.
    # b from 180 degrees: d6 and d7 come first, 1/2, in both draws
    draws = [labelled(circle, "d0", "d1"), labelled(circle, "d0", "d2")]
    scores = method_analysis(circle, [draws], ["centroid", "label-name"], top_k=2)
    every = score_of(scores, "all", "label-name")
    assert (every.queried, every.common.pairs) == (4, 3)
    # names: a 1, b 1/2 in the first draw; a 1/2 (d3 and d5) in the second
    assert every.common.precision.mean == pytest.approx(((1 + 1 / 2) / 2 + 1 / 2) / 2)
    assert every.precision.mean == pytest.approx(((1 + 1 / 2) / 2 + (1 / 2 + 1 / 2) / 2) / 2)
    assert every.common.prevalence == pytest.approx(((3 / 6 + 3 / 6) / 2 + 2 / 6) / 2)
    assert every.common.ceiling == 1
    centroid = score_of(scores, "all", "centroid")
    assert (centroid.common.pairs, centroid.common.precision) == (3, centroid.precision)
    b = score_of(scores, "b", "label-name")
    assert (b.queried, b.common.pairs, b.common.precision) == (2, 1, one(1 / 2))


def test_a_method_that_never_answers_leaves_the_others_in_common(named: EmbeddingIndex) -> None:
    scores = method_analysis(named, [[nothing(named.pool)]], ["centroid", "label-name"], top_k=5)
    names = score_of(scores, "all", "label-name", 0)
    assert names.common == CommonScore(3, names.prevalence, names.ceiling, names.precision)
    assert score_of(scores, "all", "centroid", 0).common is None


def test_documents_with_unknown_labels_and_other_splits_are_left_out(index_of: IndexOf) -> None:
    unknown = [Record(f"u{i}", "text", None, "train") for i in range(5)]
    held_out = [Record("dev", "text", ("a",), "dev"), Record("test", "text", ("a",), "test")]
    index = index_of([*DOCUMENTS, *unknown, *held_out], on_circle(*DEGREES, 1, 2, 3, 4, 5, 1, 2))
    scores = method_analysis(index, [[labelled(index, "d0", "d1")]], ["centroid"], top_k=2)
    a = score_of(scores, "a", "centroid")
    assert means(a) == [1, 2 / 3, (1 + 1 + 3 / 5) / 3, 2]
    assert a.prevalence == 0.5


def test_draws_are_counted_as_they_are_done(circle: EmbeddingIndex) -> None:
    done = []
    draws = [[labelled(circle, "d0", "d1")] * 2, [labelled(circle, "d0", "d1", "d5")]]
    method_analysis(circle, draws, ["centroid"], 2, lambda *counts: done.append(counts))
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_groups_are_as_declared(circle: EmbeddingIndex) -> None:
    assert class_groups(circle.pool) == ({"rare": [1], "frequent": [0], "all": [0, 1]}, None)


def test_a_group_that_is_not_declared_beside_another_is_left_out(index_of: IndexOf) -> None:
    index = index_of(DOCUMENTS, on_circle(*DEGREES), {"rare": ["b", "a"]})
    groups, note = class_groups(index.pool)
    assert (groups, note) == ({"rare": [0, 1], "all": [0, 1]}, None)


def test_without_groups_the_half_with_the_fewest_known_documents_is_rare(
    index_of: IndexOf,
) -> None:
    documents = [*DOCUMENTS, Record("dev", "text", ("b",), "dev"), train(8, "a")]
    groups, note = class_groups(index_of(documents, on_circle(*DEGREES, 0, 0)).pool)
    assert groups == {"rare": [1], "frequent": [0], "all": [0, 1]}
    assert note == (
        "no rare group is declared: taken are the classes with the fewest labelled documents, b"
    )


def test_a_pool_without_classes_is_refused(index_of: IndexOf) -> None:
    index = index_of([train(0), train(1)], on_circle(0, 1))
    with pytest.raises(RequestError) as error:
        method_analysis(index, [[nothing(index.pool)]], ["all"], 1)
    assert str(error.value) == (
        "the pool has no classes to query; add labels to its documents and build the index again"
    )


def test_all_stands_for_every_method_but_contrastive() -> None:
    assert chosen_methods(["all"]) == list(COMPARED)
    assert "contrastive" not in COMPARED and COMPARED[-1] == "auto"
    assert chosen_methods(["probe", "auto", "probe"]) == ["probe", "auto"]
    assert chosen_methods(["probe", "all"])[:2] == ["probe", "centroid"]
    assert chosen_methods([]) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nearest", f"no query method 'nearest'; there are: {CHOICES}"),
        ("", f"no query method ''; there are: {CHOICES}"),
        (
            "contrastive",
            "contrastive tunes an encoder and embeds the pool again for every draw, so analyze leaves "
            f"it out; there are: {CHOICES}",
        ),
    ],
)
def test_another_method_is_refused_with_the_choices(name: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        chosen_methods(["probe", name])
    assert str(error.value) == message


def test_more_than_there_are_is_refused_with_the_numbers(circle: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        method_analysis(circle, [[labelled(circle, "d0", "d1")]], ["centroid"], top_k=7)
    assert str(error.value) == (
        "asked for the 7 nearest documents, 6 with known labels are left beside "
        "2 labelled; lower --top-k or --sizes"
    )
