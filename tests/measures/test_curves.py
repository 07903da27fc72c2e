"""What a run found, by hand: learning curves, F1 a class, and the classes with support."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classemb_index import Pool, Record, compare_strategies
from classemb_index.measures.curves import (
    ClassScore,
    Curve,
    Summary,
    learning_curves,
    shares_words,
    summarise,
    support_of,
)
from tests.support.rounds import scored_round

BOTH = ["random", "class-embedding"]


def test_learning_curves_by_hand() -> None:
    results = [
        scored_round("random", 0, 100, 0.2, 0.4),
        scored_round("random", 0, 150, 0.4, 0.5),
        scored_round("random", 0, 250, 0.6, 0.6),
        scored_round("random", 1, 100, 0.4, 0.4),
        scored_round("random", 1, 150, 0.4, 0.7),
        scored_round("random", 1, 250, 1.0, 0.8),
    ]
    (curve,) = learning_curves(results)
    assert (curve.strategy, curve.n_labelled, curve.seeds) == ("random", [100, 150, 250], [2, 2, 2])
    assert curve.macro_f1 == pytest.approx([0.3, 0.4, 0.8])
    assert curve.micro_f1 == pytest.approx([0.4, 0.6, 0.7])
    # of two values the deviation is their difference / sqrt 2
    assert curve.macro_f1_sd == pytest.approx([0.2 / 2**0.5, 0, 0.4 / 2**0.5])
    assert curve.micro_f1_sd == pytest.approx([0, 0.2 / 2**0.5, 0.2 / 2**0.5])
    # trapezoids 50 * 0.35 and 100 * 0.6, over a width of 150
    assert curve.area == pytest.approx((17.5 + 60) / 150)


def test_the_deviation_of_one_seed_is_zero_and_the_area_of_one_size_its_score() -> None:
    (curve,) = learning_curves([scored_round("random", 0, 100, 0.3, 0.4)])
    assert curve == Curve("random", [100], [1], [0.3], [0.0], [0.4], [0.0], 0.3)


def test_a_curve_of_tuned_says_what_its_scores_are_made_of() -> None:
    results = [
        replace(scored_round("random", seed, size, 0.2, 0.2), share=share)
        for seed, size, share in [(0, 100, 0.0), (1, 100, 0.3), (0, 150, 0.3), (1, 150, 0.3)]
    ]
    curves = learning_curves([*results, scored_round("dal", 0, 100, 0.2, 0.2)])
    assert curves[0].share == pytest.approx([0.15, 0.3])
    assert curves[1].share is None
    assert shares_words(curves) == (
        "of the answer at the largest labelled set the trained layers have a share of 0.30 (random) in the "
        "mean over seeds; the rest is the heads'"
    )
    assert shares_words(curves[1:]) is None


def test_curves_of_unfinished_seeds_say_how_many_reached_each_size() -> None:
    results = [
        scored_round("random", 0, 100, 0.2, 0.2),
        scored_round("random", 1, 100, 0.4, 0.4),
        scored_round("random", 0, 150, 0.5, 0.5),
    ]
    (curve,) = learning_curves(results)
    assert curve.seeds == [2, 1]
    assert curve.macro_f1 == pytest.approx([0.3, 0.5])


def test_curves_come_in_the_order_of_the_strategies() -> None:
    results = [scored_round(name, 0, 100, 0.1, 0.1) for name in ("random", "class-embedding")]
    assert [curve.strategy for curve in learning_curves(results)] == BOTH
    assert [curve.strategy for curve in learning_curves(results[::-1])] == BOTH[::-1]
    assert learning_curves([]) == []


def test_full_is_a_curve_of_one_point() -> None:
    results = [scored_round("full", seed, 72, macro, 0.5) for seed, macro in ((0, 0.6), (1, 0.8))]
    (curve,) = learning_curves(results)
    assert (curve.strategy, curve.n_labelled, curve.seeds) == ("full", [72], [2])
    assert (curve.macro_f1, curve.area) == (pytest.approx([0.7]), pytest.approx(0.7))


def test_the_summary_by_hand() -> None:
    results = [
        scored_round("random", seed, size, 0.0, f1={"a": a, "b": b})
        for seed, size, a, b in (
            (0, 10, 0.1, 0.1),
            (0, 20, 0.4, 0.2),
            (1, 10, 0.3, 0.1),
            (1, 20, 0.8, 0.0),
        )
    ]
    results.append(scored_round("full", 0, 72, 0.8, 0.9, {"a": 0.9, "b": 0.7}))
    summary = summarise(results, {"a": 12, "b": 9})
    assert [(curve.strategy, curve.n_labelled) for curve in summary.curves] == [
        ("random", [10, 20])
    ]
    assert summary.full == Curve("full", [72], [1], [0.8], [0.0], [0.9], [0.0], 0.8)
    assert summary.comparisons == compare_strategies(results)
    a, b = summary.classes
    # at the end of the curve: the mean of 0.4 and 0.8, of 0.2 and 0
    assert (a.class_name, a.support, b.class_name, b.support) == ("a", 12, "b", 9)
    assert a.f1 == pytest.approx({"random": 0.6, "full": 0.9})
    assert b.f1 == pytest.approx({"random": 0.1, "full": 0.7})
    assert a.f1_sd == pytest.approx({"random": 0.4 / 2**0.5, "full": 0})
    assert b.f1_sd == pytest.approx({"random": 0.2 / 2**0.5, "full": 0})
    # over the one class of at least 10 test documents: trapezoids 0.25 and 0.55
    (supported,) = summary.supported
    assert (supported.strategy, supported.area.seeds) == ("random", 2)
    assert supported.area.mean == pytest.approx(0.4)
    assert supported.final.mean == pytest.approx(0.6)


def test_a_class_is_measured_where_the_curve_of_each_strategy_ends() -> None:
    results = [
        scored_round(strategy, seed, size, 0.0, f1={"a": a})
        for strategy, seed, size, a in (
            ("random", 0, 10, 0.1),
            ("random", 0, 20, 0.5),
            ("random", 1, 10, 0.9),  # interrupted
            ("dal", 0, 10, 0.3),
        )
    ]
    (found,) = summarise(results, {"a": 12}).classes
    assert found == ClassScore("a", 12, {"random": 0.5, "dal": 0.3}, {"random": 0.0, "dal": 0.0})


@pytest.mark.parametrize("support", [{"a": 10, "b": 10}, {"a": 9, "b": 9}])
def test_scores_over_supported_classes_are_left_out_where_these_are_all_or_none(
    support: dict[str, int],
) -> None:
    results = [scored_round("random", 0, 10, 0.5, f1={"a": 0.4, "b": 0.6})]
    assert summarise(results, support).supported == []


def test_a_run_without_rounds_has_a_summary_without_curves() -> None:
    classes = [ClassScore("a", 2, {}, {})]
    assert summarise([], {"a": 2}) == Summary([], [], classes, [], None)


def test_the_support_of_a_class_is_its_test_documents_with_known_labels() -> None:
    documents = [
        (("a",), "test"),
        (("a", "b"), "test"),
        ((), "test"),
        (None, "test"),
        (("b",), "dev"),
        (("c",), "train"),
    ]
    pool = Pool.from_records(
        [Record(f"d{i}", "text", labels, split) for i, (labels, split) in enumerate(documents)]
    )
    assert support_of(pool) == {"a": 2, "b": 1, "c": 0}


def test_the_training_on_the_whole_train_split_is_full() -> None:
    assert scored_round("full", 0, 900, 0.5).is_full
    assert not scored_round("random", 0, 100, 0.5).is_full


def test_the_mean_f1_of_some_classes_leaves_out_the_others() -> None:
    found = scored_round("random", 0, 100, 0.9, f1={"a": 0.5, "b": 0.25, "c": 1.0})
    assert found.macro_f1_of(["a", "b"]) == 0.375


def test_a_summary_as_json_names_its_classes_and_keeps_the_rest() -> None:
    results = [
        scored_round("random", 0, 10, 0.5, f1={"a": 0.5}),
        scored_round("full", 0, 90, 1, f1={"a": 1}),
    ]
    summary = summarise(results, {"a": 20})
    found = summary.document()
    assert list(found) == ["curves", "comparisons", "classes", "supported", "full"]
    assert found["classes"] == [
        {
            "class": "a",
            "support": 20,
            "f1": {"random": 0.5, "full": 1},
            "f1_sd": {"random": 0, "full": 0},
        }
    ]
    assert (found["full"]["strategy"], found["full"]["area"]) == ("full", 1)
    assert [curve["strategy"] for curve in found["curves"]] == ["random"]
