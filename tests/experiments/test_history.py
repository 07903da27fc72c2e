"""How labels have grown: where points lie, what they say, and what is computed a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classemb_index import Answer, EmbeddingIndex, LabelStore, Pool, open_annotated, train
from classemb_index.experiments import history
from classemb_index.experiments.history import Point, label_history
from classemb_index.labels.annotation import answers_to
from classemb_index.labels.classes import ClassChange
from classemb_index.labels.labelled import LabelledSet, labelled_set
from classemb_index.labels.log import Pick
from classemb_index.labels.schema import EVALUATION
from classemb_index.watch import Watcher
from tests.support.pools import topic_records, topic_vectors

Answering = Callable[[Sequence[int]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of 300 documents that nobody labelled."""
    records = [own._replace(split="train") for own in topic_records(300)]
    vectors = topic_vectors(Pool.from_records(records))
    pool = Pool.from_records(
        [own._replace(labels=None) for own in records], classes=["a", "b", "c"]
    )
    return EmbeddingIndex.build(pool, None, tmp_path / "index", embeddings=vectors).folder


@pytest.fixture
def answer(folder: Path) -> Answering:
    """Writes the true labels of these documents, an action each."""
    truth, store = topic_records(300), LabelStore(folder)

    def answering(documents: Sequence[int]) -> None:
        for i in documents:
            store.record(answers_to(f"d{i}", truth[i].labels, ["a", "b", "c"]))

    return answering


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by each cross-validation: how many documents it was of."""
    sizes: list[int] = []
    figures = history.probe_figures

    def noted(index: EmbeddingIndex, labelled: LabelledSet, **named: int) -> object:
        sizes.append(len(labelled))
        return figures(index, labelled, **named)

    monkeypatch.setattr(history, "probe_figures", noted)
    return sizes


def points_of(folder: Path) -> list[Point]:
    return label_history(*open_annotated(folder), LabelStore(folder).actions())


def test_points_count_the_positives_of_the_documents_that_were_answered_first(
    folder: Path, answer: Answering
) -> None:
    answer(range(35))
    points = points_of(folder)
    assert [own.labelled for own in points] == [10, 20, 30, 35]
    assert [own.action for own in points] == [10, 20, 30, 35]
    truth = topic_records(300)
    for own in points:
        for name in "abc":
            assert own.positives[name] == sum(name in r.labels for r in truth[: own.labelled])
    times = {action.number: action.at for action in LabelStore(folder).actions()}
    assert [own.at for own in points] == [times[own.action] for own in points]


def test_the_f1_is_that_of_a_probe_trained_on_these_documents(
    folder: Path, answer: Answering, tmp_path: Path
) -> None:
    answer(range(35))
    index, annotation = open_annotated(folder)
    point = points_of(folder)[2]
    labelled = labelled_set(annotation.pool, np.arange(30), "the first thirty")
    said = {
        row["class"]: row["f1"] for row in train(index, labelled, tmp_path / "m").facts["classes"]
    }
    assert set(point.f1) == {"a", "b", "c"}
    for name, figure in point.f1.items():
        assert figure._asdict() == pytest.approx(said[name])


def test_a_class_with_too_few_positives_has_no_f1(folder: Path, answer: Answering) -> None:
    truth = topic_records(300)
    rare = [i for i, own in enumerate(truth) if "c" in own.labels][:3]
    others = [i for i, own in enumerate(truth) if "c" not in own.labels][:7]
    answer(rare + others)
    (point,) = points_of(folder)
    assert point.positives["c"] == 3
    assert "c" not in point.f1


@pytest.mark.parametrize("n", [5, 10, 119, 120, 250])
def test_there_are_never_more_than_twelve_points_and_the_last_is_now(
    folder: Path, answer: Answering, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "probe_figures", lambda *_: {})
    answer(range(n))
    points = points_of(folder)
    assert 1 <= len(points) <= 12
    assert points[-1].labelled == n


def test_only_new_points_are_computed(
    folder: Path, answer: Answering, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(range(35))
    before = points_of(folder)
    assert trained == [10, 20, 30, 35]
    trained.clear()
    assert points_of(folder) == before
    assert trained == []
    answer(range(35, 45))
    assert points_of(folder)[:3] == before[:3]
    assert trained == [40, 45]
    trained.clear()
    monkeypatch.setattr(history, "MOST", 4)  # now every second of the points
    assert [own.labelled for own in points_of(folder)] == [20, 40, 45]
    assert trained == []


def test_what_was_interrupted_goes_on(folder: Path, answer: Answering, trained: list[int]) -> None:
    class Impatient(Watcher):
        def progress(self, done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

    answer(range(35))
    with pytest.raises(KeyboardInterrupt):
        label_history(*open_annotated(folder), LabelStore(folder).actions(), watch=Impatient())
    assert trained == [10, 20]  # the first of the three is of nothing
    points_of(folder)
    assert trained == [10, 20, 30, 35]


def test_a_sample_that_is_drawn_and_labelled_leaves_the_points_as_they_were(
    folder: Path, answer: Answering, trained: list[int]
) -> None:
    answer(range(25))
    before = points_of(folder)
    trained.clear()
    store = LabelStore(folder)
    store.hand_out([Pick("d50", None, "sample")], EVALUATION, offered=["a", "b", "c"])
    answer([50])
    assert points_of(folder) == before
    assert trained == []


def test_another_class_name_is_another_curve(
    folder: Path, answer: Answering, trained: list[int]
) -> None:
    answer(range(10))
    points_of(folder)
    LabelStore(folder).change_classes([ClassChange("rename", "a", "alpha")])
    trained.clear()
    (point,) = points_of(folder)
    assert set(point.positives) == {"alpha", "b", "c"}
    assert trained == [10]


def test_what_was_undone_and_what_is_held_out_counts_in_no_point(
    folder: Path, answer: Answering
) -> None:
    store = LabelStore(folder)
    answer(range(12))
    store.undo(2)
    store.hand_out([Pick("d0", None, "sample")], EVALUATION, offered=["a", "b", "c"])
    answer([0])
    assert [own.labelled for own in points_of(folder)] == [9]


def test_labels_of_the_source_are_the_first_point(toy_index: EmbeddingIndex) -> None:
    index, annotation = open_annotated(toy_index.folder)
    (point,) = label_history(index, annotation, [])
    assert (point.action, point.at, point.labelled) == (0, "", 72)
    assert point.positives["a"] == int(index.pool.labels[index.pool.selectable, 0].sum())


def test_nothing_labelled_has_no_point(folder: Path) -> None:
    assert points_of(folder) == []
    LabelStore(folder).record([Answer("d0", None, "skip")])
    assert points_of(folder) == []


def test_an_annotation_until_an_action_has_the_answers_up_to_it(
    folder: Path, answer: Answering
) -> None:
    answer(range(4))
    _, annotation = open_annotated(folder)
    assert annotation.until(3).labelled().rows.tolist() == [0, 1, 2]
    assert annotation.until(0).labelled().rows.tolist() == []
    sampled = replace(annotation, uses_sample=True)
    assert sampled.until(3).uses_sample
