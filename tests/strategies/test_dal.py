"""Discriminative active learning: its loop against scikit-activeml, and its discriminator."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classemb_index import EmbeddingIndex, draw_labelled
from classemb_index.labels.labelled import labelled_set
from classemb_index.strategies import dal
from classemb_index.strategies.dal import (
    discriminative_selection,
    mini_query_sizes,
    train_discriminator,
)
from classemb_index.strategies.options import StrategyOptions
from classemb_index.strategies.selection import select_batch
from tests.support.pools import selection_state


def points(values: object) -> np.ndarray:
    """One-dimensional representations."""
    return np.array(values, dtype=np.float32)[:, None]


@dataclass
class NotingDiscriminator:
    """A discriminator that notes what it is given; larger values look more unlabelled."""

    labelled: list[np.ndarray] = field(default_factory=list)
    subset: list[np.ndarray] = field(default_factory=list)
    candidates: list[np.ndarray] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def __call__(
        self, labelled: np.ndarray, subset: np.ndarray, candidates: np.ndarray, seed: int
    ) -> np.ndarray:
        self.labelled.append(labelled[:, 0])
        self.subset.append(subset[:, 0])
        self.candidates.append(candidates[:, 0])
        self.seeds.append(seed)
        return candidates[:, 0]


class Represented:
    """A classifier of these representations, one line a row of the pool."""

    def __init__(self, representations: np.ndarray) -> None:
        self._representations = representations

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        raise AssertionError("DAL looks at representations alone")

    def representations(self, rows: np.ndarray) -> np.ndarray:
        return self._representations[rows]


def logistic(
    labelled: np.ndarray, subset: np.ndarray, candidates: np.ndarray, seed: int
) -> np.ndarray:
    is_unlabelled = np.repeat([0, 1], [len(labelled), len(subset)])
    head = LogisticRegression(tol=1e-8, max_iter=1000)
    head.fit(np.concatenate([labelled, subset]), is_unlabelled)
    return np.asarray(head.predict_proba(candidates)[:, 1])


@pytest.mark.parametrize("seed", range(5))
def test_picks_one_by_one_are_those_of_scikit_activeml(seed: int) -> None:
    reason = "needs scikit-activeml, a dev dependency"
    pool = pytest.importorskip("skactiveml.pool", reason=reason)
    classifier = pytest.importorskip("skactiveml.classifier", reason=reason)
    documents = np.random.default_rng(seed).standard_normal((40, 3)).astype(np.float32)
    known = 5  # 35 are left, fewer than ten times 5: the subset is all of them
    labels = np.full(40, np.nan)
    labels[:known] = 0
    head = LogisticRegression(tol=1e-8, max_iter=1000)
    theirs = pool.DiscriminativeAL(random_state=0).query(
        documents,
        labels,
        discriminator=classifier.SklearnClassifier(head, classes=[0, 1]),
        batch_size=12,
    )
    ours = discriminative_selection(
        documents[:known],
        documents[known:],
        12,
        np.random.default_rng(0),
        mini_queries=12,
        discriminator=logistic,
    )
    assert (ours + known).tolist() == theirs.tolist()
    assert ours.dtype == np.int64


@pytest.mark.parametrize(
    ("batch", "mini_queries", "sizes"),
    [
        (50, 10, [5] * 10),
        (23, 10, [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]),
        (7, 10, [1] * 7),
        (1, 10, [1]),
        (7, 3, [3, 2, 2]),
        (10, 1, [10]),
    ],
)
def test_a_batch_is_spread_over_mini_queries_the_remainder_over_the_first_ones(
    batch: int, mini_queries: int, sizes: list[int]
) -> None:
    assert mini_query_sizes(batch, mini_queries) == sizes


def test_ten_mini_queries_are_made_unless_another_number_is_asked_for() -> None:
    recorder = NotingDiscriminator()
    discriminative_selection(
        points([0]), points(range(30)), 12, np.random.default_rng(0), discriminator=recorder
    )
    assert [len(candidates) for candidates in recorder.candidates] == [
        30, 28, 26, 25, 24, 23, 22, 21, 20, 19,
    ]  # fmt: skip


def test_the_subset_is_ten_times_the_labelled_set_or_all_that_is_left() -> None:
    recorder = NotingDiscriminator()
    unlabelled = points(np.random.default_rng(1).permutation(50) + 100)
    discriminative_selection(
        points([1, 2]),
        unlabelled,
        6,
        np.random.default_rng(0),
        mini_queries=3,
        discriminator=recorder,
    )
    assert [len(labelled) for labelled in recorder.labelled] == [2, 4, 6]
    assert [len(subset) for subset in recorder.subset] == [20, 40, 46]
    assert [len(candidates) for candidates in recorder.candidates] == [50, 48, 46]
    for subset, candidates in zip(recorder.subset, recorder.candidates, strict=True):
        assert len(set(subset.tolist())) == len(subset)
        assert set(subset.tolist()) <= set(candidates.tolist())
    assert len(set(recorder.seeds)) == 3


def test_what_is_picked_moves_to_the_labelled_set() -> None:
    recorder = NotingDiscriminator()
    unlabelled = points([10, 50, 20, 40, 30])
    found = discriminative_selection(
        points([1]),
        unlabelled,
        4,
        np.random.default_rng(0),
        mini_queries=2,
        discriminator=recorder,
    )
    assert found.tolist() == [1, 3, 4, 2]
    assert recorder.labelled[1].tolist() == [1, 50, 40]
    assert recorder.candidates[1].tolist() == [10, 20, 30]


def test_picks_are_the_most_unlabelled_of_all_documents_and_not_of_the_subset() -> None:
    recorder = NotingDiscriminator()
    unlabelled = points(np.random.default_rng(1).permutation(500))
    found = discriminative_selection(
        points([1]),
        unlabelled,
        20,
        np.random.default_rng(0),
        mini_queries=1,
        discriminator=recorder,
    )
    assert unlabelled[found, 0].tolist() == list(range(499, 479, -1))
    assert len(recorder.subset[0]) == 10
    assert not set(recorder.subset[0].tolist()) >= set(range(480, 500))


def test_documents_of_equal_chance_come_in_the_order_of_their_rows() -> None:
    found = discriminative_selection(
        points([1]),
        points([5, 7, 7, 5, 7, 5]),
        5,
        np.random.default_rng(0),
        mini_queries=2,
        discriminator=NotingDiscriminator(),
    )
    assert found.tolist() == [1, 2, 4, 0, 3]


def test_subsets_are_drawn_by_the_generator_that_is_given() -> None:
    def subsets(seed: int) -> list[list[float]]:
        recorder = NotingDiscriminator()
        discriminative_selection(
            points([1]),
            points(range(100)),
            2,
            np.random.default_rng(seed),
            discriminator=recorder,
        )
        return [subset.tolist() for subset in recorder.subset]

    assert subsets(0) == subsets(0)
    assert subsets(0) != subsets(1)
    assert subsets(0)[0] != subsets(0)[1]  # drawn afresh in each mini-query


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labelled around (-3, 0), unlabelled around (3, 0), and 20 candidates of either cloud."""
    rng = np.random.default_rng(0)
    left, right = np.array([-3, 0]), np.array([3, 0])
    drawn = (
        left + rng.standard_normal((20, 2)),
        right + rng.standard_normal((200, 2)),
        np.concatenate([left + rng.standard_normal((20, 2)), right + rng.standard_normal((20, 2))]),
    )
    labelled, unlabelled, candidates = (part.astype(np.float32) for part in drawn)
    return labelled, unlabelled, candidates


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of documents with every epoch: each puts them into an order."""
    import torch

    seen: list[int] = []
    shuffled = torch.randperm

    def counted(n: int) -> torch.Tensor:
        seen.append(n)
        return shuffled(n)

    monkeypatch.setattr(torch, "randperm", counted)
    return seen


def test_the_discriminator_tells_two_clouds_apart(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    log_odds = train_discriminator(*clouds, seed=0)
    assert log_odds.shape == (40,) and log_odds.dtype == np.float32
    assert log_odds[:20].max() < 0 < log_odds[20:].min()


def test_candidates_that_are_certainly_unlabelled_do_not_tie(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    labelled, unlabelled, _ = clouds
    far = unlabelled.mean(axis=0) * np.array([[20], [40], [60], [80]])  # float32 sigmoids are all 1
    log_odds = train_discriminator(labelled, unlabelled, far.astype(np.float32), seed=0)
    assert log_odds.min() > 17
    assert (np.diff(log_odds) > 0).all()


def test_the_discriminator_stops_once_it_tells_its_documents_apart(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray], epochs: list[int]
) -> None:
    train_discriminator(*clouds, seed=0)
    assert set(epochs) == {220}
    assert 1 <= len(epochs) < 100


def test_the_discriminator_stops_at_the_most_epochs_where_it_cannot_tell_them_apart(
    epochs: list[int],
) -> None:
    same = np.ones((10, 2), dtype=np.float32)
    train_discriminator(same, same, same, seed=0, most_epochs=7)
    assert epochs == [20] * 7


def test_both_sides_weigh_the_same_however_many_they_are() -> None:
    # nine of ten documents are unlabelled: unweighted, the log-odds would come near 2.2
    same = np.ones((90, 2), dtype=np.float32)
    log_odds = train_discriminator(same[:10], same, same[:3], seed=0, most_epochs=100)
    np.testing.assert_allclose(log_odds, 0, atol=0.2)


def test_the_discriminator_does_not_hang_on_the_scale_of_representations(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    large = train_discriminator(*(part * 1024 for part in clouds), seed=0, most_epochs=5)
    small = train_discriminator(*(part / 64 for part in clouds), seed=0, most_epochs=5)
    np.testing.assert_allclose(large, small, atol=5e-2)


def test_more_documents_than_a_mini_batch_are_all_trained_on(epochs: list[int]) -> None:
    rng = np.random.default_rng(0)
    labelled = rng.normal(-3, 1, (150, 2)).astype(np.float32)
    unlabelled = rng.normal(3, 1, (1500, 2)).astype(np.float32)
    log_odds = train_discriminator(labelled, unlabelled, labelled, seed=0)
    assert set(epochs) == {1650}
    assert log_odds.max() < 0


def test_the_same_seed_gives_the_same_discriminator_whatever_torch_drew_before(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    import torch

    first = train_discriminator(*clouds, seed=3, most_epochs=3)
    torch.rand(5)
    again = train_discriminator(*clouds, seed=3, most_epochs=3)
    np.testing.assert_allclose(again, first, atol=1e-6)
    other = train_discriminator(*clouds, seed=4, most_epochs=3)
    assert np.abs(other - first).max() > 1e-3


def test_the_discriminator_does_not_move_the_global_random_state(
    clouds: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    import torch

    before, drawn_before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    train_discriminator(*clouds, seed=0, most_epochs=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == drawn_before


def test_dal_selects_documents_unlike_the_labelled_ones_and_then_the_others(
    toy_index: EmbeddingIndex,
) -> None:
    # 2 documents at 5 are left and 50 at 0, where all 20 labelled ones are
    labelled = draw_labelled(toy_index.pool, 20, 0)
    left = np.flatnonzero(labelled.unlabelled)
    representations = np.zeros((len(toy_index), 3), dtype=np.float32)
    representations[left[[30, 40]]] = 5
    state = selection_state(
        toy_index,
        labelled,
        0,
        classifier=Represented(representations),
        options=StrategyOptions(discriminator_epochs=30),
    )
    found = select_batch("dal", state, 13)  # the first mini-query picks two
    assert set(found.rows[:2].tolist()) == set(left[[30, 40]].tolist())
    assert set(found.rows[2:].tolist()) <= set(left.tolist()) - set(left[[30, 40]].tolist())
    assert np.isnan(found.scores).all() and found.note is None


def test_dal_trains_discriminators_for_the_epochs_of_the_state(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def noted(
        labelled: np.ndarray,
        subset: np.ndarray,
        candidates: np.ndarray,
        seed: int,
        *,
        most_epochs: int,
        device: str,
    ) -> np.ndarray:
        assert device == toy_index.device
        asked.append(most_epochs)
        return candidates[:, 0]

    monkeypatch.setattr(dal, "train_discriminator", noted)
    labelled = draw_labelled(toy_index.pool, 20, 0)
    classifier = Represented(toy_index.embeddings())
    options = StrategyOptions(discriminator_epochs=8)
    state = selection_state(toy_index, labelled, 0, classifier=classifier, options=options)
    select_batch("dal", state, 25)
    assert asked == [8] * 10


def test_without_a_labelled_document_the_batch_is_random_and_a_note_says_so(
    toy_index: EmbeddingIndex,
) -> None:
    labelled = labelled_set(toy_index.pool, np.zeros(0, dtype=np.int64), "nothing")
    state = selection_state(toy_index, labelled, 0, classifier=Represented(toy_index.embeddings()))
    found = select_batch("dal", state, 10)
    random = select_batch("random", selection_state(toy_index, labelled, 0), 10)
    assert found.rows.tolist() == random.rows.tolist()
    assert found.note == "no document is labelled: the batch is random"
