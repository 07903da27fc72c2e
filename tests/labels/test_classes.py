"""Classes that change while people annotate: what each document is then known to have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from classemb_index import Pool, Record
from classemb_index.errors import RequestError, UnknownClassError
from classemb_index.labels import changes
from classemb_index.labels.annotation import Annotation, answers_to
from classemb_index.labels.log import Answer, Pick
from classemb_index.labels.store import LabelStore

CLASSES = {"rare": ["cocoa", "natural gas"], "frequent": ["gold"]}


@pytest.fixture
def pool() -> Pool:
    """Six documents; the source knows the last two: natural gas, and none."""
    labels = [None] * 4 + [("natural gas",), ()]
    return Pool.from_records(
        (Record(f"d{i}", f"text {i}", own, None) for i, own in enumerate(labels)), classes=CLASSES
    )


def state(pool: Pool) -> list[str]:
    """A word a document, a letter a class: y, n or ? for unknown."""
    words = np.where(pool.known, np.where(pool.labels, "y", "n"), "?")
    return ["".join(word) for word in words]


def now(pool: Pool, store: LabelStore) -> Pool:
    return Annotation.of(pool, store).pool


def test_an_added_class_is_unknown_of_every_earlier_document(pool: Pool, store: LabelStore) -> None:
    store.record(answers_to("d0", ("gold",), pool.classes))
    store.change_classes(changes.added(pool, " sugar ", group="rare"))
    found = now(pool, store)
    assert found.classes == ("cocoa", "natural gas", "gold", "sugar")
    assert state(found) == ["nny?", "????", "????", "????", "nyn?", "nnn?"]
    assert found.groups == {"rare": ("cocoa", "natural gas", "sugar"), "frequent": ("gold",)}
    store.record(answers_to("d1", ("sugar",), found.classes))
    assert state(now(pool, store))[:2] == ["nny?", "nnny"]


def test_a_renamed_class_keeps_labels_of_the_source_and_of_people_and_its_batches(
    pool: Pool, store: LabelStore
) -> None:
    store.hand_out([Pick("d0", "natural gas", "name")], "portfolio", offered=pool.classes)
    store.record(answers_to("d0", ("natural gas",), pool.classes))
    store.change_classes(changes.renamed(pool, "natural gas", "gas"))
    annotation = Annotation.of(pool, store)
    found = annotation.pool
    assert found.classes == ("cocoa", "gas", "gold")
    assert state(found) == ["nyn", "???", "???", "???", "nyn", "nnn"]
    assert found.groups["rare"] == ("cocoa", "gas")
    (batch,) = annotation.history
    assert batch.asked_by(found) == ["gas"]
    assert found.class_position("natural gas") == found.class_position("gas") == 1
    store.record([Answer("d1", "gas", "yes")])
    assert state(now(pool, store))[1] == "?y?"


def test_a_name_that_is_free_again_is_another_class(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("d0", "natural gas", "yes")])
    store.change_classes(changes.renamed(pool, "natural gas", "gas"))
    store.change_classes(changes.added(now(pool, store), "natural gas"))
    store.record([Answer("d1", "natural gas", "yes")])
    found = now(pool, store)
    assert found.classes == ("cocoa", "gas", "gold", "natural gas")
    assert state(found) == ["?y??", "???y", "????", "????", "nyn?", "nnn?"]
    assert found.former_names == {}


def test_the_source_may_have_the_new_name_or_the_old_one(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("d0", "natural gas", "yes")])
    store.change_classes(changes.renamed(pool, "natural gas", "gas"))
    records = [Record("d0", "text", None, None), Record("d1", "text", ("gas",), None)]
    rebuilt = Pool.from_records(records, classes={"rare": ["gas"]})
    assert state(now(rebuilt, store)) == ["y", "y"]
    both = [*records, Record("d2", "text", ("natural gas",), None)]
    found = now(Pool.from_records(both), store)
    assert (found.classes, state(found)) == (("gas",), ["y", "y", "y"])


def test_yes_to_either_of_two_merged_classes_is_yes_and_no_to_both_is_no(
    pool: Pool, store: LabelStore
) -> None:
    store.record(
        [
            *answers_to("d0", ("cocoa",), pool.classes),
            *answers_to("d1", ("gold",), pool.classes),
            Answer("d2", "cocoa", "no"),
            Answer("d3", "natural gas", "yes"),
        ]
    )
    store.change_classes(changes.merged(pool, "natural gas", "cocoa"))
    found = now(pool, store)
    assert found.classes == ("cocoa", "gold")
    assert state(found) == ["yn", "ny", "??", "y?", "yn", "nn"]
    assert found.former_names == {"natural gas": "cocoa"}
    store.record([Answer("d2", "cocoa", "no"), Answer("d3", "natural gas", "no")])
    assert state(now(pool, store))[2:4] == ["n?", "n?"]  # said of the whole


def test_a_removed_class_comes_back_with_its_labels(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("d0", "cocoa", "yes"), Answer("d1", "gold", "yes")])
    store.change_classes(changes.removed(pool, "cocoa"))
    found = now(pool, store)
    assert (found.classes, state(found)[:2]) == (("natural gas", "gold"), ["??", "?y"])
    assert not found.is_known[0]
    store.change_classes(changes.added(found, "cocoa"))
    assert state(now(pool, store))[:2] == ["y??", "??y"]


def test_every_change_can_be_undone(pool: Pool, store: LabelStore) -> None:
    store.record([Answer("d0", "cocoa", "yes"), Answer("d1", "gold", "no")])
    before = now(pool, store)
    for made in (
        changes.added(pool, "sugar", description="beet and cane"),
        changes.renamed(pool, "cocoa", "cacao"),
        changes.merged(pool, "cocoa", "gold"),
        changes.removed(pool, "gold"),
        changes.described(pool, "gold", "the metal"),
    ):
        store.change_classes(made)
        changed = now(pool, store)
        assert (changed.classes, dict(changed.descriptions)) != (before.classes, {})
        store.undo()
        again = now(pool, store)
        assert (again.classes, state(again)) == (before.classes, state(before))


def test_a_pool_without_classes_is_given_some(store: LabelStore) -> None:
    bare = Pool.from_records([Record("d0", "text", None, None), Record("d1", "text", None, None)])
    store.change_classes(changes.added(bare, "cocoa"))
    store.record([Answer("d1", "cocoa", "yes")])
    found = now(bare, store)
    assert (found.classes, state(found)) == (("cocoa",), ["?", "y"])


def test_a_batch_remembers_which_classes_it_was_to_be_answered_for(
    pool: Pool, store: LabelStore
) -> None:
    store.hand_out([Pick("d0", None, "")], "random", offered=pool.classes)
    store.change_classes(changes.added(pool, "sugar"))
    found = now(pool, store)
    store.change_classes(changes.renamed(found, "cocoa", "cacao"))
    store.hand_out([Pick("d1", None, "")], "random", offered=now(pool, store).classes)
    assert Annotation.of(pool, store).offered == {
        "d0": ("cacao", "natural gas", "gold"),
        "d1": ("cacao", "natural gas", "gold", "sugar"),
    }


def test_classes_that_did_not_change_leave_the_pool_as_its_source_has_it(
    pool: Pool, store: LabelStore
) -> None:
    store.hand_out([Pick("d0", "cocoa", "name")], "portfolio", offered=pool.classes)
    annotation = Annotation.of(pool, store)
    assert annotation.pool is pool
    assert annotation.digest == ""


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (
            lambda pool: changes.added(pool, "gold"),
            RequestError,
            "the class 'gold' is there already; the pool has: cocoa, natural gas, gold",
        ),
        (
            lambda pool: changes.renamed(pool, "gold", " cocoa"),
            RequestError,
            "the class 'cocoa' is there already; the pool has: cocoa, natural gas, gold",
        ),
        (
            lambda pool: changes.added(pool, "  "),
            RequestError,
            "'' is no name for a class; give it a word or two that say what it is about",
        ),
        (
            lambda pool: changes.added(pool, "-"),
            RequestError,
            "'-' is no name for a class; give it a word or two that say what it is about",
        ),
        (
            lambda pool: changes.added(pool, "a;b"),
            RequestError,
            "the class name 'a;b' holds ';', which separates labels in a cell; leave it out",
        ),
        (
            lambda pool: changes.added(pool, "sugar", group="seldom"),
            RequestError,
            "no group 'seldom'; a class is frequent or rare, or of no group",
        ),
        (
            lambda pool: changes.merged(pool, "gold", "gold"),
            RequestError,
            "'gold' cannot be merged into itself; name the class that it goes into",
        ),
        (
            lambda pool: changes.removed(pool, "sugar"),
            UnknownClassError,
            "no class 'sugar'; the pool has: cocoa, natural gas, gold",
        ),
        (
            lambda pool: changes.described(pool, "gold", " "),
            RequestError,
            "the description of 'gold' is empty; say what the class is about",
        ),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    pool: Pool, asked: Callable[[Pool], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        asked(pool)
    assert str(caught.value) == message


@pytest.mark.parametrize("seed", range(6))
def test_answers_and_changes_in_any_order_give_what_a_slow_loop_gives(
    store: LabelStore, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    names, ids = ["a", "b", "c"], [f"d{i}" for i in range(8)]
    own = [tuple(n for n in names if rng.random() < 0.4) if i < 3 else None for i in range(8)]
    pool = Pool.from_records(
        (Record(id_, "text", labels, None) for id_, labels in zip(ids, own, strict=True)),
        classes={"rare": names},
    )
    # per class a dict of documents to yes or no
    slow = {n: {d: n in (own[i] or ()) for i, d in enumerate(ids) if i < 3} for n in names}
    for step in range(30):
        present = now(pool, store)
        assert set(present.classes) == set(slow)
        for c, name in enumerate(present.classes):
            found = {
                d: bool(present.labels[i, c]) for i, d in enumerate(ids) if present.known[i, c]
            }
            assert found == slow[name]
        kind = rng.choice(["answer"] * 6 + ["add", "rename", "merge"])
        name = str(rng.choice(present.classes))
        if kind == "answer":
            said = {str(d): bool(rng.random() < 0.5) for d in rng.choice(ids, 3)}
            store.record([Answer(d, name, "yes" if yes else "no") for d, yes in said.items()])
            slow[name] |= said
        elif kind == "add":
            store.change_classes(changes.added(present, f"new {step}"))
            slow[f"new {step}"] = {}
        elif kind == "rename":
            store.change_classes(changes.renamed(present, name, f"name {step}"))
            slow[f"name {step}"] = slow.pop(name)
        elif len(slow) > 1:
            into = str(rng.choice([n for n in present.classes if n != name]))
            store.change_classes(changes.merged(present, name, into))
            gone, kept = slow.pop(name), slow[into]
            slow[into] = {
                d: bool(gone.get(d) or kept.get(d))
                for d in ids
                if gone.get(d) or kept.get(d) or (d in gone and d in kept)
            }
