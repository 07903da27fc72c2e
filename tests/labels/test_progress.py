"""When to stop: yields, bounds and verdicts of one class after another."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.labelled import LabelledSet
from classemb_index.labels.progress import REST, BatchYield, class_progress
from classemb_index.strategies.portfolio import BOUNDARY

RANDOM = ("random", NO_CLASS, "")  # a batch that searched for nothing
SEARCH = ("portfolio", 0, BOUNDARY)  # one that searched for class 0


def labelled_in_batches(
    *batches: tuple[tuple[str, int, str], int, int],
) -> tuple[LabelledSet, list[Batch]]:
    """Batches of one kind each: (strategy, class that asked, step), documents, how many have class 0."""
    labels, history = [], []
    for (strategy, c, step), documents, positives in batches:
        rows = np.arange(len(labels), len(labels) + documents)
        labels += [[True, False]] * positives + [[False, False]] * (documents - positives)
        history.append(Batch(rows, np.full(documents, c), (step,) * documents, strategy))
    own = np.array(labels, dtype=bool).reshape(-1, 2)
    return LabelledSet(np.arange(len(own)), own, np.zeros(len(own), dtype=bool), "by hand"), history


@pytest.mark.parametrize(
    ("picks", "found", "verdict", "why"),
    [
        (
            1,
            0,
            "search on",
            "0 of the last 1 picks for it have it; fewer than 30 are too few to tell",
        ),
        (
            28,
            0,
            "search on",
            "0 of the last 28 picks for it have it; fewer than 30 are too few to tell",
        ),
        (
            29,
            0,
            "search on",
            "0 of the last 29 picks for it have it; fewer than 30 are too few to tell",
        ),
        (
            30,
            0,
            "exhausted",
            "0 of the last 30 picks for it have it: the yield is at most 9.5 % (95 % bound), below 10 %",
        ),
        (
            30,
            1,
            "search on",
            "1 of the last 30 picks for it has it: the yield is at most 14.9 % (95 % bound), "
            "which may be 10 % or more",
        ),
        (
            45,
            1,
            "search on",
            "1 of the last 45 picks for it has it: the yield is at most 10.1 % (95 % bound), "
            "which may be 10 % or more",
        ),
        (
            46,
            1,
            "exhausted",
            "1 of the last 46 picks for it has it: the yield is at most 9.9 % (95 % bound), below 10 %",
        ),
        (
            30,
            30,
            "search on",
            "30 of the last 30 picks for it have it: the yield is at most 100 % (95 % bound), "
            "which may be 10 % or more",
        ),
    ],
)
def test_a_search_is_exhausted_when_the_bound_on_its_yield_is_below_10_percent(
    picks: int, found: int, verdict: str, why: str
) -> None:
    progress, _ = class_progress(*labelled_in_batches((SEARCH, picks, found)))
    assert (progress.searched, progress.found) == (picks, found)
    assert (progress.verdict, progress.why) == (verdict, why)


def test_29_picks_without_a_find_bring_the_bound_below_10_percent_and_28_do_not() -> None:
    # P(none of n) = (1 - upper)^n = 0.05
    uppers = [class_progress(*labelled_in_batches((SEARCH, n, 0)))[0].upper for n in (28, 29, 30)]
    assert uppers == pytest.approx([1 - 0.05 ** (1 / n) for n in (28, 29, 30)], abs=1e-12)
    assert uppers[0] > 0.1 > uppers[1] > uppers[2]


@pytest.mark.parametrize(("picks", "found"), [(5, 1), (30, 1), (46, 1), (61, 2), (40, 13)])
def test_the_upper_bound_leaves_5_percent_below(picks: int, found: int) -> None:
    progress, _ = class_progress(*labelled_in_batches((SEARCH, picks, found)))
    p = progress.upper
    tail = sum(comb(picks, i) * p**i * (1 - p) ** (picks - i) for i in range(found + 1))
    assert tail == pytest.approx(0.05, abs=1e-9)


def test_picks_of_the_rest_step_were_not_searched_for() -> None:
    rest = ("portfolio", 0, REST)
    progress, _ = class_progress(*labelled_in_batches((rest, 50, 0)))
    assert (progress.searched, progress.upper, progress.verdict) == (0, None, "unknown")
    progress, _ = class_progress(*labelled_in_batches((SEARCH, 10, 2), (rest, 50, 0)))
    assert (progress.searched, progress.found, progress.verdict) == (10, 2, "search on")


@pytest.mark.parametrize("step", [BOUNDARY, "cold start", "name", ""])
def test_picks_of_every_step_that_searches_count(step: str) -> None:
    kind = ("class-embedding" if not step else "portfolio", 0, step)
    progress, _ = class_progress(*labelled_in_batches((kind, 30, 0)))
    assert (progress.searched, progress.verdict) == (30, "exhausted")


def test_one_batch_may_search_for_several_classes() -> None:
    # d0 to d3: picked for 0, for 1, for 0 at the rest, for none
    labels = np.array([[True, True], [True, False], [True, True], [True, True]])
    labelled = LabelledSet(np.arange(4), labels, np.zeros(4, dtype=bool), "by hand")
    history = [
        Batch(np.array([3, 1, 0, 2]), np.array([-1, 1, 0, 0]), ("", BOUNDARY, BOUNDARY, REST), "p")
    ]
    first, second = class_progress(labelled, history)
    assert (first.searched, first.found, first.batches) == (1, 1, (BatchYield(4, 4),))
    assert (second.searched, second.found, second.batches) == (1, 0, (BatchYield(4, 3),))


@pytest.mark.parametrize("history", [True, False])
def test_what_was_labelled_at_random_or_for_an_unknown_reason_is_unknown(history: bool) -> None:
    labelled, batches = labelled_in_batches((RANDOM, 100, 3), ((None, NO_CLASS, ""), 100, 0))
    progress, other = class_progress(labelled, batches if history else [])
    assert (progress.searched, progress.found, progress.upper) == (0, 0, None)
    assert (progress.verdict, progress.why) == ("unknown", "no labelled document was picked for it")
    assert progress.batches == ((BatchYield(100, 3), BatchYield(100, 0)) if history else ())
    assert (progress.n_labelled, other.n_labelled) == (3, 0)
    assert (progress.position, other.position) == (0, 1)


@pytest.mark.parametrize(("positives", "verdict"), [(39, "exhausted"), (40, "enough")])
def test_40_labelled_documents_of_a_class_are_enough_whatever_the_search_yields(
    positives: int, verdict: str
) -> None:
    progress, _ = class_progress(*labelled_in_batches((RANDOM, 50, positives), (SEARCH, 30, 0)))
    assert (progress.n_labelled, progress.verdict) == (positives, verdict)


def test_enough_needs_no_history() -> None:
    labelled, _ = labelled_in_batches((RANDOM, 41, 41))
    progress, _ = class_progress(labelled, [])
    assert (progress.verdict, progress.why) == (
        "enough",
        "41 labelled documents have it; from 40 on, uncertainty serves it better than search",
    )


def test_picks_are_counted_back_from_the_newest_batch_until_they_are_30() -> None:
    rich, poor = (SEARCH, 20, 15), (SEARCH, 10, 0)
    progress, _ = class_progress(*labelled_in_batches(rich, poor, (RANDOM, 40, 0), poor, poor))
    assert (progress.searched, progress.found, progress.verdict) == (30, 0, "exhausted")
    progress, _ = class_progress(*labelled_in_batches(rich, poor, poor))
    assert (progress.searched, progress.found, progress.verdict) == (40, 15, "search on")


def test_batches_are_the_last_three_in_their_order_whatever_asked() -> None:
    batches = ((RANDOM, 9, 1), (RANDOM, 8, 2), (("p", 1, BOUNDARY), 7, 3), (SEARCH, 6, 4))
    progress, other = class_progress(*labelled_in_batches(*batches))
    assert progress.batches == (BatchYield(8, 2), BatchYield(7, 3), BatchYield(6, 4))
    assert [batch.found for batch in other.batches] == [0, 0, 0]


def test_nothing_labelled_is_unknown() -> None:
    labelled = LabelledSet(np.arange(0), np.zeros((0, 2), bool), np.ones(5, bool), "nothing")
    assert [entry.verdict for entry in class_progress(labelled, [])] == ["unknown"] * 2


@pytest.mark.parametrize(("share", "low", "high"), [(0.1, 0.15, 0.31), (0.2, 0, 0.04)])
def test_a_class_looked_at_after_each_of_ten_batches_is_called_exhausted_as_often_as_documented(
    share: float, low: float, high: float
) -> None:
    q, each, n_batches = 300, 10, 10  # every class has ten picks in each batch
    rng, size = np.random.default_rng(0), q * each
    labels = np.zeros((n_batches * size, q), dtype=bool)
    classes = np.tile(np.repeat(np.arange(q), each), n_batches)
    labels[np.arange(len(labels)), classes] = rng.random(len(labels)) < share
    everything = LabelledSet(np.arange(len(labels)), labels, np.zeros(len(labels), bool), "drawn")
    history = [
        Batch(rows, classes[rows], (BOUNDARY,) * size, "portfolio")
        for rows in np.split(np.arange(len(labels)), n_batches)
    ]
    called = np.zeros(q, dtype=bool)
    for looked in range(3, n_batches + 1):
        found = class_progress(everything, history[:looked])
        called |= [entry.verdict == "exhausted" for entry in found]
    assert low <= called.mean() <= high
