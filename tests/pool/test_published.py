"""What a recipe quotes from the paper."""

from __future__ import annotations

import pytest

from classemb_index.pool.published import Published
from classemb_index.pool.recipes import KEYS, find_recipe
from tests.support.paper import PAPER


def test_every_key_of_a_recipes_paper_is_read() -> None:
    found = vars(Published.of(PAPER))
    assert found == {"is_given": True, **PAPER}
    assert set(PAPER) == set(KEYS["paper"])


@pytest.mark.parametrize("name", ["eurlex", "arxiv"])
def test_the_papers_corpora_have_all_that_it_prints(name: str) -> None:
    paper = find_recipe(name).paper
    assert vars(Published.of(paper)).items() >= paper.items()


def test_without_a_paper_nothing_is_given() -> None:
    assert Published.of({}) == Published()
    assert not Published().is_given


def test_keys_of_something_else_are_not_looked_at() -> None:
    found = Published.of({"a": 1, "is_given": False, "macro_f1": 0.5})
    assert found == Published(is_given=True, macro_f1=0.5)


@pytest.mark.parametrize(
    ("size", "n_classes", "counts"),
    [(100, 3, [1, 0, 7]), (100, 2, None), (200, 3, None)],
)
def test_counts_are_those_of_a_size_with_one_for_each_class(
    size: int, n_classes: int, counts: list[int] | None
) -> None:
    assert Published.of(PAPER).counts(size, n_classes) == counts
