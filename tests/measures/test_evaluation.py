"""A sample drawn for measurement, labelled, and what it says of a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classemb_index import (
    Answer,
    EmbeddingIndex,
    Evaluation,
    LabelStore,
    draw_sample,
    evaluate,
    open_annotated,
)
from classemb_index.errors import ClassembError
from classemb_index.experiments.training import train
from classemb_index.labels import changes
from classemb_index.labels.annotation import hand_out
from classemb_index.labels.log import Pick
from classemb_index.measures.design import SampleDesign
from classemb_index.measures.evaluation import SampleState, check_of_sample, sample_state
from classemb_index.models.f1 import f1_scores
from tests.support.unlabelled import Scene, scene


@pytest.fixture
def made(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def draw(made: Scene, size: int = 100, seed: int = 0) -> SampleDesign:
    """A sample that is handed out."""
    index, annotation = open_annotated(made.index)
    design, batch = draw_sample(index, annotation, made.model, size, seed=seed)
    design.save(made.index)
    hand_out(index.pool, batch, LabelStore(made.index))
    return design


def measured(made: Scene, **options: bool) -> Evaluation:
    return evaluate(*open_annotated(made.index), made.model, **options)


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClassembError) as error:
        call()
    return str(error.value)


def test_the_population_is_what_nobody_labelled_skipped_or_has(made: Scene) -> None:
    store, pool = LabelStore(made.index), open_annotated(made.index)[0].pool
    free = [id_ for id_ in made.truth if id_ not in made.labelled]
    made.answer(free[:3])
    store.record([Answer(free[3], None, "skip")])
    store.hand_out([Pick(free[4], None, "")], "portfolio", offered=pool.classes)
    first = draw(made, 50)
    assert first.population == len(free) - 5
    assert not {*first.ids} & {*made.labelled, *free[:5]}
    second = draw(made, 50)
    assert second.population == first.population - 50
    assert not {*first.ids} & {*second.ids}


def test_what_was_drawn_for_measurement_trains_nothing_and_is_not_handed_out(made: Scene) -> None:
    before = open_annotated(made.index)[1]
    design = draw(made, 40)
    made.answer(design.ids[:30])
    index, annotation = open_annotated(made.index)
    rows = np.array([index.pool.row_of[id_] for id_ in design.ids])
    assert np.flatnonzero(annotation.held_out).tolist() == sorted(rows.tolist())
    labelled = annotation.labelled(again=True)
    np.testing.assert_array_equal(labelled.rows, before.labelled().rows)
    assert not labelled.unlabelled[rows].any()
    assert annotation.history == before.history
    assert annotation.document()["classes"][0]["yes"] == before.document()["classes"][0]["yes"]
    assert annotation.document()["documents"]["held_out"] == 40
    freed = annotation.with_sample()
    assert not freed.held_out.any() and len(freed.labelled()) == len(labelled) + 30


def test_a_sample_that_is_undone_is_held_out_no_longer(made: Scene) -> None:
    draw(made, 40)
    LabelStore(made.index).undo()
    assert not open_annotated(made.index)[1].held_out.any()
    assert message_of(lambda: measured(made)).startswith("no sample was drawn yet; draw one with")


def test_a_batch_for_measurement_says_nothing_of_scores_and_classes(made: Scene) -> None:
    index, annotation = open_annotated(made.index)
    design, batch = draw_sample(index, annotation, made.model, 20, seed=1)
    assert {(pick["class"], pick["score"], pick["step"]) for pick in batch.picks(index.pool)} == {
        (None, None, design.name)
    }
    assert batch.ids(index.pool) == design.ids and batch.strategy == "evaluation"
    assert design.ids != sorted(design.ids)


def test_a_design_is_kept_whole_and_its_probabilities_sum_to_its_size(made: Scene) -> None:
    index, annotation = open_annotated(made.index)
    everything, _ = draw_sample(index, annotation, made.model, 340)
    np.testing.assert_array_equal(everything.probabilities, 1)
    design = draw(made, 100)
    assert SampleDesign.read(made.index, design.name) == design
    assert SampleDesign.read(made.index, design.name).name == design.name
    assert (made.index / f"evaluation-{design.name}.json").stat().st_size < 100 * 1000
    np.testing.assert_array_equal(design.scores >= made.model.thresholds, design.decided)


def test_a_sample_of_everything_gives_the_f1_that_the_model_has(made: Scene) -> None:
    design = draw(made, 340)
    made.answer(design.ids)
    found = measured(made)
    index, annotation = open_annotated(made.index)
    rows = np.flatnonzero(annotation.held_out)
    decided = made.model.probabilities(index, rows) >= made.model.thresholds
    true = f1_scores(decided, index.pool.labels[rows])
    for own, f1 in zip(found.classes, true.per_class, strict=True):
        assert (own.f1.estimate, own.f1.low, own.f1.high) == pytest.approx((f1, f1, f1))
    assert found.macro_f1.estimate == pytest.approx(true.macro)
    known = index.pool.labels[annotation.labelled().rows].sum(axis=0)
    assert found.labelled == tuple(known.tolist())


def test_the_truth_lies_in_the_intervals_of_a_sample(made: Scene) -> None:
    free = [id_ for id_ in made.truth if id_ not in made.labelled]
    held = 0
    for seed in range(5):
        design = draw(made, 60, seed)
        made.answer(design.ids)
        found = measured(made)
        for name, own in zip(design.names, found.classes, strict=True):
            documents = sum(name in made.truth[id_] for id_ in free)
            held += own.documents.low <= documents <= own.documents.high
        LabelStore(made.index).undo(2)
    assert held >= 13  # of 15


def test_the_last_sample_of_a_model_counts(made: Scene) -> None:
    first, second = draw(made, 30), draw(made, 40)
    made.answer([*first.ids, *second.ids])
    assert measured(made).sample.name == second.name


def test_unanswered_documents_are_refused_or_said_and_weigh_on_the_others(made: Scene) -> None:
    design = draw(made, 100)
    assert message_of(lambda: measured(made)) == (
        "none of the 100 documents of the sample is answered yet; take the answers in with: "
        "classemb-index labels import"
    )
    made.answer(design.ids[:50])
    assert message_of(lambda: measured(made)) == (
        "50 of the 100 documents of the sample are not answered for every class; label them, or "
        "--allow-missing takes those that are answered as a random part of it"
    )
    half = measured(made, allow_missing=True)
    assert (half.answered, half.missing) == (50, 50)
    made.answer(design.ids[50:])
    whole = measured(made)
    width = [own.f1.high - own.f1.low for own in (half.classes[0], whole.classes[0])]
    assert width[0] > width[1]
    weights = 1 / design.probabilities[:50]
    missed = [
        weight
        for weight, own in zip(weights, design.documents, strict=False)
        if "c" in made.truth[own.id] and not own.decided[design.names.index("c")]
    ]
    position = design.names.index("c")
    assert half.classes[position].missed.estimate == pytest.approx(2 * sum(missed))


def test_the_state_of_a_sample_counts_what_is_answered_for_every_class(made: Scene) -> None:
    def state() -> SampleState | None:
        return sample_state(*open_annotated(made.index), made.model)

    assert state() is None
    design = draw(made, 10)
    made.answer(design.ids[:3])
    LabelStore(made.index).record([Answer(design.ids[3], "a", "no")])  # of b and c nobody knows
    assert state() == SampleState(10, 3)
    index, annotation = open_annotated(made.index)
    other = train(index, annotation.labelled(), made.index.parent / "other", seed=1)
    assert sample_state(index, annotation, other) is None


def test_a_sample_of_another_model_or_of_other_classes_is_refused(
    made: Scene, tmp_path: Path
) -> None:
    design = draw(made, 30)
    index, annotation = open_annotated(made.index)
    made.answer([id_ for id_ in made.truth if id_ not in design.ids][60:100])
    other = train(index, open_annotated(made.index)[1].labelled(), tmp_path / "other")
    assert message_of(lambda: evaluate(index, annotation, other)) == (
        f"the last sample was drawn for another model than the one in {tmp_path / 'other'}, whose "
        "decisions its chances do not fit; draw one with: classemb-index evaluate --model "
        f"{tmp_path / 'other'} --out sample.csv"
    )
    store = LabelStore(made.index)
    store.change_classes(changes.removed(annotation.pool, "c"))
    index, annotation = open_annotated(made.index)
    fewer = train(index, annotation.labelled(), tmp_path / "fewer")
    assert message_of(lambda: evaluate(index, annotation, fewer)).startswith(
        "the last sample was drawn for a model of the classes a, b, c, the one in "
        f"{tmp_path / 'fewer'} has a, b; draw one with"
    )
    assert message_of(lambda: evaluate(index, annotation, made.model)) == (
        "the sample was drawn for the class 'c', which the pool has no longer; train again and draw "
        "another sample"
    )


def test_a_size_above_what_is_left_is_refused(made: Scene) -> None:
    assert message_of(lambda: draw(made, 341)) == (
        "asked for a sample of 341 documents, 340 are left that nobody labelled; lower --size"
    )
    draw(made, 340)
    assert message_of(lambda: draw(made, 1)) == (
        "every document that can be selected is labelled, skipped or handed out, so there is none to "
        "measure on; take back a batch with: labels undo, or add documents"
    )


def test_a_document_that_was_not_drawn_is_no_part_of_a_sample(made: Scene) -> None:
    design = draw(made, 30)
    annotation = open_annotated(made.index)[1]
    check_of_sample(annotation, [("row 2", design.ids[0])])
    assert message_of(
        lambda: check_of_sample(annotation, [("row 2", design.ids[0]), ("row 3", "d0")])
    ) == (
        "row 3: document 'd0' is in no sample that `evaluate --out` drew, so its chance is unknown; "
        "nothing was imported. Take in other labels with: labels import"
    )


def test_a_design_that_was_changed_or_lost_is_told(made: Scene) -> None:
    design = draw(made, 30)
    made.answer(design.ids)
    path = made.index / f"evaluation-{design.name}.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"seed": 0', '"seed": 1'), encoding="utf-8")
    assert message_of(lambda: measured(made)) == (
        f"{path} is not what was written: its checksum is another; put a copy of it in its place, or draw "
        "another sample with: classemb-index evaluate --out"
    )
    path.unlink()
    assert message_of(lambda: measured(made)).startswith(f"{path} is missing or is no text; ")


def test_a_design_survives_a_build(made: Scene) -> None:
    design = draw(made, 30)
    made.answer(design.ids)
    before = measured(made).document()
    index = EmbeddingIndex.open(made.index)
    vectors = index.embeddings()
    EmbeddingIndex.build(index.pool, None, made.index, embeddings=vectors)
    assert measured(made).document() == before


def test_an_evaluation_is_written_beside_the_model_and_leaves_it_whole(made: Scene) -> None:
    made.answer(draw(made, 60).ids)
    found = measured(made)
    path = found.save(made.model)
    f1 = found.classes[0].f1
    card = (made.model.folder / "README.md").read_text(encoding="utf-8")
    assert "Of the 340 documents that nobody had labelled, estimated from a sample of 60" in card
    assert f"{f1.estimate:.2f} [{f1.low:.2f}, {f1.high:.2f}] |" in card
    assert json.loads(path.read_text(encoding="utf-8")) == found.document()
    assert type(made.model).open(made.model.folder).facts == made.model.facts
