"""Method analysis by hand: how good each query method is, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from classemb_index import EmbeddingIndex, Pool, Record, draw_labelled
from classemb_index.errors import RequestError
from classemb_index.labels.labelled import LabelledSet, labelled_set
from classemb_index.measures.methods import (
    COMPARED,
    CommonScore,
    MethodScore,
    chosen_methods,
    method_analysis,
)
from classemb_index.measures.rankings import MEASURES, class_rankings
from classemb_index.measures.statistics import Estimate, estimate
from classemb_index.queries.build import build_queries
from classemb_index.queries.classes import class_groups
from tests.support.circle import DEGREES, DOCUMENTS, labelled, on_circle
from tests.support.pools import train
from tests.support.watchers import Recorder

IndexOf = Callable[..., EmbeddingIndex]

NO_LABELS = "no label is seen"
CHOICES = ", ".join(COMPARED)


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
            queries = {"label-name": named.name_vectors[c].astype(float)}
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


def test_chunks_and_blocks_of_classes_change_nothing(named: EmbeddingIndex) -> None:
    draws = [[draw_labelled(named.pool, 12, seed) for seed in range(2)]]
    whole = method_analysis(named, draws, ["all"], 10)
    assert method_analysis(named, draws, ["all"], 10, block=7, together=2) == whole


def test_without_labels_the_names_answer_alone(named: EmbeddingIndex) -> None:
    scores = method_analysis(named, [[nothing(named.pool)]], ["all"], top_k=10)
    every = {method: score_of(scores, "all", method, 0) for method in COMPARED}
    answering = {method for method, entry in every.items() if entry.queried}
    assert {"label-name", "auto"} <= answering
    positives_needed = {"centroid", "centred", "rocchio", "probe", "margin", "multi-centroid"}
    assert not positives_needed & answering
    for entry in every.values():
        assert entry.queried in (0, 3) and entry.asked == 3
    assert means(every["auto"]) == means(every["expanded-name"])
    among = named.pool.selectable
    (query,) = build_queries(named, [2], nothing(named.pool), "label-name")
    (rows,) = class_rankings(named, [query], among, 10)
    hits = named.pool.labels[rows[:10], 2].sum()
    assert score_of(scores, "c", "label-name", 0).precision == one(hits / 10)


def test_without_labels_or_names_there_is_no_query(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[nothing(circle.pool)]], ["label-name", "auto"], top_k=2)
    assert [s.queried for s in scores] == [0] * len(scores)
    assert {s.precision for s in scores} == {None}


def test_auto_scores_the_same_alone_and_among_others(named: EmbeddingIndex) -> None:
    draws = [draw_labelled(named.pool, 6, seed) for seed in range(5)]
    scores = method_analysis(named, [draws], ["all"], top_k=10)
    alone = method_analysis(named, [draws], ["auto"], top_k=10)
    for subject in ("a", "b", "c", "rare", "all"):
        assert means(score_of(alone, subject, "auto", 6)) == means(
            score_of(scores, subject, "auto", 6)
        )


def test_common_scores_are_over_what_all_methods_have_a_query_for(circle: EmbeddingIndex) -> None:
    circle.name_vectors = on_circle(0, 180)
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


def test_a_score_in_common_is_that_of_the_pairs_all_answer(circle: EmbeddingIndex) -> None:
    circle.name_vectors = on_circle(0, 180)
    draws = [labelled(circle, "d0", "d1"), labelled(circle, "d0", "d2")]
    scores = method_analysis(circle, [draws], ["centroid", "label-name"], top_k=2)
    centroid, name = (score_of(scores, "all", method) for method in ("centroid", "label-name"))
    assert (centroid.is_partial, name.is_partial) == (True, False)
    for entry in (centroid, name):
        found = entry.in_common()
        assert (found.queried, found.asked, found.is_partial) == (3, 3, False)
        assert (found.prevalence, found.ceiling, found.precision) == (
            entry.common.prevalence, entry.common.ceiling, entry.common.precision,
        )  # fmt: skip
        assert (found.method, found.recall) == (entry.method, entry.recall)


def test_without_a_pair_in_common_there_is_no_precision(circle: EmbeddingIndex) -> None:
    scores = method_analysis(circle, [[labelled(circle, "d0", "d2")]], ["centroid"], top_k=2)
    found = score_of(scores, "b", "centroid").in_common()
    assert (found.queried, found.precision, found.is_partial) == (0, None, False)


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
    watch = Recorder()
    draws = [[labelled(circle, "d0", "d1")] * 2, [labelled(circle, "d0", "d1", "d5")]]
    method_analysis(circle, draws, ["centroid"], 2, watch)
    assert watch.counts == [(1, 3), (2, 3), (3, 3)]


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
        "the pool has no classes to query; name some with: classemb-index classes add NAME"
    )


def test_all_stands_for_every_method_but_contrastive() -> None:
    assert chosen_methods(["all"]) == list(COMPARED)
    assert "contrastive" not in COMPARED and COMPARED[0] == "auto"
    assert chosen_methods(["probe", "auto", "probe"]) == ["probe", "auto"]
    assert chosen_methods(["probe", "all"])[:2] == ["probe", "auto"]
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


def test_a_score_as_json_is_of_a_method_and_a_class(circle: EmbeddingIndex) -> None:
    draws = [[labelled(circle, "d0", "d1")]]
    (centroid, *_) = method_analysis(circle, draws, ["centroid"], top_k=2)
    assert list(centroid.document())[:4] == ["n_labelled", "class", "group", "method"]
    assert centroid.document()["precision"] == {"mean": 1, "low": None, "high": None, "seeds": 1}
