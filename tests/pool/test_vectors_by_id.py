"""Vectors made elsewhere are brought into the pool's order by their ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classemb_index.errors import SourceError
from classemb_index.pool.files import vectors_by_id

VECTORS = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)


def written(folder: Path, *ids: str) -> Path:
    path = folder / "ids.txt"
    path.write_text("".join(f"{name}\n" for name in ids))
    return path


def test_vectors_come_in_the_order_of_the_documents(tmp_path: Path) -> None:
    found = vectors_by_id(VECTORS, written(tmp_path, "c", "a", "b"), ["a", "b", "c"])
    assert found.tolist() == [[0, 1], [-1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["a", "b", "x"], "unknown to the source: x; missing: c"),
        (["a", "b", "b"], "repeated: b; missing: c"),
        (["v", "w", "x"], "unknown to the source: v, w, x; missing: a, b, c"),
    ],
)
def test_ids_that_are_not_the_documents_are_named(
    tmp_path: Path, ids: list[str], problem: str
) -> None:
    path = written(tmp_path, *ids)
    with pytest.raises(SourceError) as error:
        vectors_by_id(VECTORS, path, ["a", "b", "c"])
    assert str(error.value) == (
        f"the ids in {path} are not those of the documents ({problem}); "
        "each document has one vector and one id"
    )


def test_documents_without_a_vector_are_named_up_to_three(tmp_path: Path) -> None:
    path = written(tmp_path, "a", "b", "c")
    with pytest.raises(SourceError, match=r"\(missing: d, e, f and 1 more\)"):
        vectors_by_id(VECTORS, path, list("abcdefg"))


def test_another_number_of_ids_than_of_vectors_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "a", "b")
    with pytest.raises(SourceError) as error:
        vectors_by_id(VECTORS, path, ["a", "b", "c"])
    assert str(error.value) == (
        f"{path} has 2 ids and there are 3 vectors; "
        "it holds one id a line, in the order of the vectors"
    )
