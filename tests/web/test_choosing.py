"""Which documents two annotators answer: places evenly spread, documents drawn, never a third time."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from classemb_index import Pool, Record
from classemb_index.labels.annotation import Annotation, answers_to
from classemb_index.labels.batches import NO_CLASS, Batch
from classemb_index.labels.log import Pick
from classemb_index.labels.schema import EVALUATION, OVERLAP
from classemb_index.labels.store import LabelStore
from classemb_index.web.choosing import draw_shared, shared_places

IDS = "abcdefgh"


@pytest.fixture
def pool() -> Pool:
    """Eight documents, the last of the test split."""
    splits = [None] * 7 + ["test"]
    records = [Record(id_, id_, None, split) for id_, split in zip(IDS, splits, strict=True)]
    return Pool.from_records(records, classes={"rare": ["x"]})


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return LabelStore(tmp_path)


def hand(store: LabelStore, documents: str, who: str, strategy: str = "portfolio") -> None:
    store.hand_out([Pick(id_, None, "") for id_ in documents], strategy, annotator=who)


def drawn(pool: Pool, store: LabelStore, who: str, n: int = 9, but: str = "") -> set[str]:
    return set(draw_shared(Annotation.of(pool, store), who, n, 0, but))


@pytest.mark.parametrize("share", ["0", "1/10", "29/100", "1/3", "1/2", "7/10", "1"])
def test_after_any_number_of_documents_the_share_is_as_near_as_it_can_be(share: str) -> None:
    overlap = float(Fraction(share))
    places = shared_places(0, 1000, overlap)
    so_far = np.cumsum(places).tolist()
    assert so_far == [math.floor(m * Fraction(share)) for m in range(1, 1001)]
    assert [*shared_places(0, 13, overlap), *shared_places(13, 29, overlap)] == places[:42]


def test_a_tenth_is_every_tenth_document() -> None:
    assert [i for i, is_shared in enumerate(shared_places(0, 40, 0.1)) if is_shared] == [
        9,
        19,
        29,
        39,
    ]


def test_what_somebody_else_has_or_answered_is_drawn(pool: Pool, store: LabelStore) -> None:
    hand(store, "abh", "ada")
    hand(store, "c", "bob")
    store.record(answers_to("d", ["x"], ["x"]), annotator="ada")
    store.record(answers_to("e", None, ()), annotator="ada")
    assert drawn(pool, store, "bob") == {"a", "b", "d"}  # h cannot be selected, e was skipped
    assert drawn(pool, store, "bob", but="ad") == {"b"}
    assert drawn(pool, store, "ada") == {"c"}
    assert len(drawn(pool, store, "bob", n=2)) == 2
    assert drawn(pool, store, "bob", n=0) == set()


def test_no_document_is_drawn_for_a_third_person(pool: Pool, store: LabelStore) -> None:
    hand(store, "ab", "ada")
    hand(store, "a", "bob", OVERLAP)
    assert drawn(pool, store, "cleo") == {"b"}
    store.undo()
    assert drawn(pool, store, "cleo") == {"a", "b"}


def test_a_batch_for_nobody_counts_for_whoever_answered_it(pool: Pool, store: LabelStore) -> None:
    hand(store, "ab", "")
    store.record(answers_to("a", ["x"], ["x"]), annotator="ada")
    assert drawn(pool, store, "bob") == {"a", "b"}
    assert drawn(pool, store, "ada") == {"b"}


def test_a_sample_for_measurement_is_never_drawn(pool: Pool, store: LabelStore) -> None:
    hand(store, "ab", "ada", EVALUATION)
    hand(store, "c", "ada")
    assert drawn(pool, store, "bob") == {"c"}


def test_a_part_of_a_batch_has_its_picks_in_the_order_asked() -> None:
    rows, classes = np.array([4, 7, 9]), np.array([0, NO_CLASS, 1])
    scores = np.array([0.5, 0.25, np.nan], dtype=np.float32)
    part = Batch(rows, classes, ("name", "", "rest"), "portfolio", scores).part([2, 0])
    assert part.rows.tolist() == [9, 4]
    assert (part.classes.tolist(), part.steps, part.strategy) == (
        [1, 0],
        ("rest", "name"),
        "portfolio",
    )
    assert part.scores is not None and part.scores[1] == 0.5
    assert Batch(rows, classes, ("", "", "")).part([1]).scores is None
