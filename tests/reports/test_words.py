"""The report's tables and sentences, from numbers made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.measures.curves import ClassScore, Comparison, Curve, Summary
from classemb_index.measures.geometry import ClassDistance
from classemb_index.measures.proximity import ClassProximity
from classemb_index.measures.statistics import Estimate
from classemb_index.pool.published import Published
from classemb_index.reports.corpus import Corpus, Run, RunConfig
from classemb_index.reports.words import (
    areas_table,
    classes_table,
    curves_words,
    distances_table,
    distances_words,
    full_words,
    interval,
    oddities,
    proximity_table,
    proximity_words,
    settings_line,
    splits_table,
    supported_part,
    table_4,
)
from tests.support.pages import markdown_cells, markdown_tables, plain

SENTENCE = (
    " The paper: class embeddings lose up to 0.15 macro-F1 to random selection and are below all "
    "baselines (Section 4.3)."
)


def corpus_of(
    pool: Pool | None = None, paper: Mapping[str, Any] | None = None, runs: Sequence[Run] = ()
) -> Corpus:
    """A corpus whose index has this pool and these published numbers."""
    index = SimpleNamespace(pool=pool, published=Published.of(paper or {}))
    has_index = pool is not None or paper is not None
    return Corpus("toy_1", cast(EmbeddingIndex, index) if has_index else None, None, runs)


def pool_of(splits: Mapping[str, Sequence[str]], **classes: Sequence[str]) -> Pool:
    """For each split, a document a letter with its class; "-" has none."""
    records = [
        Record(f"{split}{i}", "text", tuple(letter.replace("-", "")), split)
        for split, letters in splits.items()
        for i, letter in enumerate(letters)
    ]
    return Pool.from_records(records, classes=classes)


def curve_of(strategy: str, macro_f1: Sequence[float], seeds: int = 1) -> Curve:
    """Sizes 10, 20, ...; micro-F1 is 0.1 above macro-F1."""
    n = len(macro_f1)
    sizes = [10 * (i + 1) for i in range(n)]
    micro_f1 = [score + 0.1 for score in macro_f1]
    zeros = [0.0] * n
    return Curve(strategy, sizes, [seeds] * n, list(macro_f1), zeros, micro_f1, zeros, 0.0)


def full_run(model: str, macro_f1: float) -> Run:
    full = curve_of("full", [macro_f1])
    return Run(Path("run"), config_of(classifier={"model": model}), Summary([], [], [], full=full))


def config_of(**settings: Any) -> RunConfig:
    """The settings of a run as far as they are given, beside what every run has."""
    index = {"name": "toy_1", "documents": "sha"}
    least = {"index": index, "classifier": {"model": "probe"}, "schedule": {}, "versions": {}}
    return RunConfig.of(least | settings)


def estimate(mean: float, half: float | None = None, seeds: int = 5) -> Estimate:
    """The interval of this half width around the mean."""
    if half is None:
        return Estimate(mean, None, None, seeds)
    return Estimate(mean, mean - half, mean + half, seeds)


def compared(
    strategy: str,
    area: float,
    difference: float | None = None,
    half: float | None = None,
    verdict: str | None = None,
    seeds: int = 5,
    pairs: int = 5,
) -> Comparison:
    """Area and final score are the same number."""
    own = estimate(area, half, seeds)
    paired = None if difference is None else estimate(difference, half, pairs)
    return Comparison(strategy, own, own, paired, paired, verdict)


def hits(
    name: str,
    nearest: float | None,
    farthest: float | None,
    expected: float,
    paper: int | None = None,
    size: int = 100,
) -> ClassProximity:
    return ClassProximity(size, name, nearest, None, farthest, 50, expected, None, 5, paper)


def test_the_table_is_not_found_again_where_the_paper_is_closest_to_the_farthest() -> None:
    found = [hits("a", 60, 5, 40, paper=1), hits("b", 30, 0, 35, paper=2)]
    # nearest: (59 + 28) / 2, farthest: (4 + 2) / 2, random order: (39 + 33) / 2
    assert proximity_words(found, "toy_1") == (
        "The nearest documents have the class more often than random order in 1 of 2 cells "
        "(a cell is a class at one size). The paper's counts are below ours in 2 of 2 and closest to "
        "our **farthest** counts (mean absolute difference: nearest 43.5, farthest 3.0, random order "
        r"36.0). With these embeddings and documents the table is not found again for toy\_1."
    )


def test_the_table_is_found_again_where_the_paper_is_closest_to_the_nearest() -> None:
    found = [hits("a", 60, 5, 40, paper=58), hits("b", 30, 0, 35, paper=31)]
    words = proximity_words(found, "toy")
    assert "below ours in 1 of 2 and closest to our **nearest** counts" in words
    assert "nearest 1.5, farthest 42.0, random order 11.0" in words
    assert words.endswith("the table is found again for toy.")


def test_the_table_is_not_found_again_where_the_paper_is_closest_to_random_order() -> None:
    words = proximity_words([hits("a", 60, 5, 40, paper=41)], "toy")
    assert "closest to our **random order** counts" in words
    assert words.endswith("the table is not found again for toy.")


def test_cells_without_a_centroid_or_a_published_count_are_not_counted() -> None:
    found = [
        hits("a", 60, 5, 40, paper=1),
        hits("b", None, None, 35, paper=100),
        hits("c", 9, 1, 3),
    ]
    words = proximity_words(found, "toy")
    assert "in 2 of 2 cells" in words
    assert "below ours in 1 of 1" in words
    assert "nearest 59.0, farthest 4.0, random order 39.0" in words


def test_without_published_counts_the_paper_is_not_spoken_of() -> None:
    assert proximity_words([hits("a", 60, 5, 40), hits("b", 30, 0, 30)], "toy") == (
        "The nearest documents have the class more often than random order in 1 of 2 cells "
        "(a cell is a class at one size)."
    )


def test_no_labelled_document_of_any_class_is_said() -> None:
    assert proximity_words([hits("a", None, None, 4)], "toy") == (
        "No class had a labelled document."
    )


def test_the_proximity_table_has_rows_a_size_and_the_papers_where_there_is_one() -> None:
    found = [
        hits("a|b", 60.4, 5, 40.6, paper=1),
        hits("c", None, None, 2, paper=0),
        hits("a|b", 7, 6, 5, size=200),
        hits("c", 4, 3, 2, size=200),
    ]
    assert markdown_tables(proximity_table(found, ["a|b", "c"])) == [
        [
            ["labelled", "", "a|b", "c"],
            ["100", "nearest", "60", "–"],
            ["", "farthest", "5", "–"],
            ["", "random order", "41", "2"],
            ["", "paper", "1", "0"],
            ["200", "nearest", "7", "4"],
            ["", "farthest", "6", "3"],
            ["", "random order", "5", "2"],
        ]
    ]


def test_table_1_has_a_row_of_ours_for_each_run_on_the_whole_train_split() -> None:
    pool = pool_of({"train": "aab-", "dev": "ab", "test": "b"})
    paper = {"documents": {"train": 10294, "dev": 1901, "test": 1905}, "macro_f1": 0.93}
    runs = [full_run("probe", 0.8504), full_run("models/bert_tiny", 0.9)]
    assert markdown_tables(splits_table([corpus_of(pool, paper, runs)])) == [
        [
            ["corpus", "", "train", "dev", "test", "macro-F1", "micro-F1"],
            ["toy_1", "paper", "10,294", "1,901", "1,905", "0.93", "–"],
            ["toy_1", "ours, probe", "4", "2", "1", "0.850", "0.950"],
            ["toy_1", "ours, bert_tiny", "4", "2", "1", "0.900", "1.000"],
        ]
    ]


def test_table_1_says_not_run_where_nothing_was_trained_on_the_whole_train_split() -> None:
    unfinished = Run(Path("run"), config_of(), Summary([], [], []))
    with_index = corpus_of(pool_of({"train": "aab", "test": "b"}), runs=[unfinished])
    _, *rows = markdown_tables(splits_table([with_index, corpus_of()]))[0]
    assert rows == [
        ["toy_1", "ours", "3", "0", "1", "not run", "not run"],
        ["toy_1", "ours", "–", "–", "–", "not run", "not run"],
    ]


@pytest.mark.parametrize(
    ("paper", "row"),
    [
        ({"macro_f1": 0.93}, ["–", "–", "–", "0.93", "–"]),
        ({"documents": {"train": 7, "test": 1000}}, ["7", "–", "1,000", "–", "–"]),
    ],
)
def test_table_1_shows_what_a_recipe_has_of_the_papers_row(
    paper: dict[str, Any], row: list[str]
) -> None:
    corpus = corpus_of(pool_of({"train": "a"}), paper)
    _, first, _ = markdown_tables(splits_table([corpus]))[0]
    assert first == ["toy_1", "paper", *row]


def test_documents_without_a_split_count_as_train_as_they_do_in_training() -> None:
    records = [Record(f"d{i}", "text", ("a",), None if i < 3 else "test") for i in range(4)]
    corpus = corpus_of(Pool.from_records(records))
    assert markdown_tables(splits_table([corpus]))[0][1][2:5] == ["3", "0", "1"]
    assert markdown_tables(table_4([corpus]))[0][1][3:] == ["3", "0", "1"]


def test_the_difference_to_the_papers_macro_f1_has_a_sign() -> None:
    runs = [full_run("probe", 0.85), full_run("models/bert_tiny", 0.951)]
    assert full_words(corpus_of(paper={"macro_f1": 0.93}, runs=runs)) == (
        r"toy\_1, macro-F1 minus the paper's 0.93: probe -0.080; bert\_tiny +0.021. "
        "Where classifier, embeddings or documents are not the paper's, it is not the same measurement."
    )


def test_without_a_published_or_own_macro_f1_there_is_no_difference() -> None:
    run = full_run("probe", 0.85)
    assert full_words(corpus_of(runs=[run])) == ""
    assert full_words(corpus_of(paper={"margin": 0.2}, runs=[run])) == ""
    assert full_words(corpus_of(paper={"macro_f1": 0.93})) == ""


def test_table_4_has_the_papers_name_group_and_documents_of_each_class() -> None:
    pool = pool_of({"train": "aab", "dev": "b", "test": "a-"}, frequent=["b"], rare=["a"])
    found = table_4([corpus_of(pool, {"classes": ["Beta_1", "Alpha"]}), corpus_of()])
    assert markdown_tables(found) == [
        [
            ["class", "paper", "ours, toy_1", "group", "train", "dev", "test"],
            ["1", "Beta_1", "b", "frequent", "1", "1", "0"],
            ["2", "Alpha", "a", "rare", "2", "0", "1"],
        ]
    ]


@pytest.mark.parametrize("published", [[], ["Alpha"], ["Alpha", "Beta", "Gamma"]])
def test_table_4_has_no_names_of_the_paper_where_the_index_has_other_classes(
    published: list[str],
) -> None:
    pool = pool_of({"train": "aab", "dev": "", "test": "a"})
    assert markdown_tables(table_4([corpus_of(pool, {"classes": published})])) == [
        [
            ["class", "ours, toy_1", "group", "train", "dev", "test"],
            ["1", "a", "–", "2", "0", "1"],
            ["2", "b", "–", "1", "0", "0"],
        ]
    ]


def test_table_4_without_an_index_says_so() -> None:
    assert table_4([corpus_of()]) == "No index was given."


def test_the_areas_are_in_falling_order_with_paired_differences() -> None:
    found = areas_table(
        [
            compared("random", 0.5, half=0.1),
            compared("dal", 0.6, 0.1, 0.05, "above random"),
            compared("cvirs", 0.4, -0.1),
        ]
    )
    ours, random, cvirs = "0.600 [0.550, 0.650]", "0.500 [0.400, 0.600]", "0.400"
    above = "+0.100 [+0.050, +0.150]"
    assert markdown_tables(found) == [
        [
            [
                "strategy",
                "seeds",
                "area",
                "minus random",
                "at the end",
                "minus random",
                "verdict",
            ],
            ["dal", "5", ours, above, ours, above, "above random"],
            ["random", "5", random, "–", random, "–", "–"],
            ["cvirs", "5", cvirs, "-0.100", cvirs, "-0.100", "–"],
        ]
    ]


def test_an_interval_is_shown_where_there_is_one() -> None:
    assert plain(interval(estimate(0.5, 0.25))) == "0.500 [0.250, 0.750]"
    assert plain(interval(estimate(-0.01, 0.02), "+")) == "-0.010 [-0.030, +0.010]"
    assert interval(estimate(0.5)) == "0.500"
    assert interval(None) == "–"


def test_verdicts_are_listed_by_side() -> None:
    others = [
        compared("dal", 0.4, -0.1, 0.05, "below random"),
        compared("alps", 0.6, 0.1, 0.05, "above random"),
        compared("cvirs", 0.5, 0.01, 0.05, "undecided"),
        compared("uncertainty", 0.7, 0.2, 0.05, "above random"),
    ]
    summary = Summary([], [compared("random", 0.5, half=0.1), *others], [])
    assert curves_words(corpus_of(), summary) == (
        "Area under the macro-F1 curve, by the 95 % interval of the paired differences: "
        "above random: alps, uncertainty; below random: dal; undecided: cvirs."
    )


def test_below_five_seeds_nothing_is_claimed() -> None:
    pair = [
        compared("random", 0.5, seeds=3),
        compared("dal", 0.4, -0.1, seeds=3, pairs=3),
        compared("cvirs", 0.4, -0.1, seeds=2, pairs=2),
    ]
    assert curves_words(corpus_of(), Summary([], pair, [])) == (
        "Seeds shared with random: 2, an interval needs 5. So **nothing is claimed** about which "
        "strategy is better; the table only says what was seen."
    )


def test_seeds_that_random_lacks_do_not_count() -> None:
    pair = [compared("random", 0.5, seeds=1), compared("dal", 0.4, -0.1, seeds=9, pairs=1)]
    assert curves_words(corpus_of(), Summary([], pair, [])).startswith(
        "Seeds shared with random: 1,"
    )
    apart = [compared("random", 0.5, seeds=5), compared("dal", 0.4, seeds=5)]
    assert curves_words(corpus_of(), Summary([], apart, [])).startswith(
        "Seeds shared with random: 0,"
    )


@pytest.mark.parametrize("names", [["random"], ["dal"], ["dal", "cvirs"], []])
def test_without_random_and_another_strategy_there_is_nothing_to_compare(names: list[str]) -> None:
    summary = Summary([], [compared(name, 0.5, half=0.1) for name in names], [])
    assert curves_words(corpus_of(), summary) == (
        "The run lacks random selection or any other strategy, so there is nothing to compare."
    )


def algorithm_1(paper: Mapping[str, Any], own: Sequence[float], difference: float) -> str:
    """What is said of Algorithm 1 beside random (0.50, 0.60, 0.70) and DAL."""
    summary = Summary(
        [curve_of("random", [0.5, 0.6, 0.7]), curve_of("class-embedding", own)],
        [
            compared("random", 0.6, half=0.01),
            compared("class-embedding", 0.6 + difference, difference, 0.01, "undecided"),
            compared("dal", 0.59, -0.01, 0.02, "undecided"),
        ],
        [],
    )
    words = curves_words(corpus_of(paper=paper), summary)
    _, mark, rest = words.partition("Algorithm 1")
    return plain(mark + rest)


def test_algorithm_1_has_its_rank_and_its_lowest_gap_to_random() -> None:
    assert algorithm_1({}, [0.5, 0.52, 0.65], -0.04) == (
        "Algorithm 1 (class-embedding) is number 3 of 3 by area, -0.040 [-0.050, -0.030] to random; "
        "its mean curve is at lowest -0.080 to random, at 20 labelled documents."
    )


def test_algorithm_1_that_is_best_is_number_1_and_its_lowest_gap_is_above_0() -> None:
    assert algorithm_1({}, [0.6, 0.62, 0.8], 0.07) == (
        "Algorithm 1 (class-embedding) is number 1 of 3 by area, +0.070 [+0.060, +0.080] to random; "
        "its mean curve is at lowest +0.020 to random, at 20 labelled documents."
    )


def test_the_papers_sentence_on_algorithm_1_follows_where_the_recipe_has_it() -> None:
    with_paper = algorithm_1({"loss_to_random": 0.15}, [0.5, 0.5, 0.5], -0.1)
    assert with_paper == algorithm_1({}, [0.5, 0.5, 0.5], -0.1) + SENTENCE


def test_the_comparison_without_tiny_classes_names_them() -> None:
    classes = [
        ClassScore("gaming_1", 1, {}, {}),
        ClassScore("Portugal", 10, {}, {}),
        ClassScore("Germany", 9, {}, {}),
        ClassScore("import", 90, {}, {}),
    ]
    pair = [compared("random", 0.5, half=0.1), compared("dal", 0.4, -0.1, 0.1, "undecided")]
    found = supported_part(Summary([], [], classes, supported=pair))
    assert found == (
        r"Classes with fewer than 10 test documents: gaming\_1 (1), Germany (9). Each is 0.25 of the "
        "macro-F1, so that one document found or missed shows in a curve. The same without them:\n\n"
        + areas_table(pair)
    )


def test_without_tiny_classes_there_is_one_comparison() -> None:
    assert supported_part(Summary([], [], [ClassScore("import", 90, {}, {})])) == ""


def test_f1_a_class_has_a_spread_where_it_varies() -> None:
    found = classes_table(
        [
            ClassScore("a|b", 90, {"random": 0.875, "full": 0.9}, {"random": 0.05, "full": 0.0}),
            ClassScore("c", 1, {"random": 0.0, "full": 1.0}, {"random": 0.0, "full": 0.0}),
        ]
    )
    assert markdown_tables(found) == [
        [
            ["class", "support", "random", "whole train split"],
            ["a|b", "90", "0.88 ± 0.05", "0.90"],
            ["c", "1", "0.00 ± 0.00", "1.00"],
        ]
    ]


def test_the_mean_margin_stands_beside_the_papers() -> None:
    found = [
        ClassDistance("a", 0.25, 0.75),
        ClassDistance("b", 0.5, 0.25),
        ClassDistance("c", None, None),
        ClassDistance("d", 0.25, 0.5),
    ]
    ours = (  # (0.5 - 0.25 + 0.25) / 3
        "Labelled documents are closer to their own centroid by 0.17 in the mean over 3 classes "
        "(2 of them above 0)."
    )
    assert distances_words(found, Published()) == ours
    assert distances_words(found, Published(margin=0.2)) == (
        f"{ours} The paper: by around 0.2 (Section 5.2)."
    )


def test_one_class_with_labelled_documents_has_no_margin() -> None:
    found = [ClassDistance("a", 0.25, None), ClassDistance("b", None, None)]
    assert distances_words(found, Published(margin=0.2)) == (
        "No two classes have a labelled document, so there is no margin."
    )


def test_the_distances_have_a_margin_where_both_are_known() -> None:
    found = [
        ClassDistance("a_1", 0.25, 0.75),
        ClassDistance("b", 0.5, 0.25),
        ClassDistance("c", 0.0, None),
        ClassDistance("d", None, None),
    ]
    assert markdown_tables(distances_table(found)) == [
        [
            ["class", "own centroid", "other centroids", "margin"],
            ["a_1", "0.250", "0.750", "0.500"],
            ["b", "0.500", "0.250", "-0.250"],
            ["c", "0.000", "–", "–"],
            ["d", "–", "–", "–"],
        ]
    ]


def test_the_settings_line_has_classifier_schedule_versions_and_those_strategies() -> None:
    settings = {
        "index": {"name": "toy", "documents": "sha", "encoder": "minilm"},
        "classifier": {"model": "bert_tiny", "epochs": 15, "names": "0123456789ab" + 52 * "c"},
        "schedule": {"initial": 100, "dev_size": None},
        "strategies": {
            "random": {},
            "dal": {"discriminator_epochs": 50},
            "alps": {"masked_lm": "x"},
        },
        "versions": {"numpy": "2.4"},
    }
    line = settings_line(RunConfig.of(settings), ["random", "dal"])
    assert line.startswith("> ") and "\n" not in line
    assert plain(line) == (
        "> Embeddings: encoder minilm; classifier: model bert_tiny, epochs 15, names 0123456789ab; "
        "schedule: initial 100, dev_size all; "
        "dal: discriminator_epochs 50; versions: numpy 2.4."
    )
    machine = settings_line(RunConfig.of(settings | {"machine": {"cores": 2}}), [])
    assert plain(machine).endswith("dev_size all; machine: cores 2; versions: numpy 2.4.")


def test_the_oddities_are_a_list() -> None:
    lines = oddities().splitlines()
    assert len(lines) == 6 and all(line.startswith("- ") for line in lines)


def test_cells_are_split_at_pipes_that_stand_alone() -> None:
    assert markdown_cells(r"| a\|b | \*c\* |") == ["a|b", "*c*"]
