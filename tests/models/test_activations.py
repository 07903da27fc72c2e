"""Activations in their file: computed once, checked when they are read, and shared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from classemb_index.models.activations import KeptActivations

TEXTS = ["a", "bb", "ccc", "dddd"]
PLACE = 8 + 4 * 2 * 2  # checksum and length, 4 tokens of 2 dimensions in 2 bytes


class Lengths:
    """As many tokens as a text has letters, each of its length and its place."""

    def __init__(self, layers: int = 1) -> None:
        self.encoder: Any = SimpleNamespace(dim=2, fingerprint="f", precision="float32")
        self.layers, self.max_length = layers, 4
        self.asked: list[str] = []

    def below(self, texts: Sequence[str]) -> list[np.ndarray]:
        self.asked += texts
        return [expected(text) for text in texts]


def expected(text: str) -> np.ndarray:
    return np.array([[len(text), i] for i in range(len(text))], dtype=np.uint16)


def kept(split: Any, folder: Path, key: str = "pool") -> KeptActivations:
    return KeptActivations(split, lambda rows: [TEXTS[row] for row in rows.tolist()], folder, key)


def check(activations: KeptActivations, rows: list[int]) -> None:
    found = activations.of(np.array(rows, dtype=np.int64))
    assert len(found) == len(rows)
    for row, own in zip(rows, found, strict=True):
        np.testing.assert_array_equal(own, expected(TEXTS[row]))


def test_they_come_in_the_order_of_the_rows_and_are_computed_once(tmp_path: Path) -> None:
    split = Lengths()
    activations = kept(split, tmp_path / "cache")
    check(activations, [3, 0])
    check(activations, [0, 2, 3, 0])
    check(activations, [])
    assert split.asked == ["dddd", "a", "ccc"]


def test_another_process_finds_them(tmp_path: Path) -> None:
    check(kept(Lengths(), tmp_path), [3, 1])
    second = Lengths()
    check(kept(second, tmp_path), [1, 3, 2])
    assert second.asked == ["ccc"]


def test_a_row_has_its_own_place_in_the_file(tmp_path: Path) -> None:
    activations = kept(Lengths(), tmp_path)
    check(activations, [2])
    file = activations.path.read_bytes()
    assert file[: 2 * PLACE] == bytes(2 * PLACE)
    assert file[2 * PLACE + 8 :] == expected("ccc").astype("<u2").tobytes()


@pytest.mark.parametrize("at", [0, 4, 8, PLACE - 1])
def test_a_place_that_was_damaged_is_computed_again(tmp_path: Path, at: int) -> None:
    activations = kept(Lengths(), tmp_path)
    check(activations, [3, 2])
    file = bytearray(activations.path.read_bytes())
    file[3 * PLACE + at] ^= 1
    activations.path.write_bytes(file)
    second = Lengths()
    check(kept(second, tmp_path), [2, 3])
    assert second.asked == ["dddd"]


def test_a_place_that_was_cut_off_is_computed_again(tmp_path: Path) -> None:
    activations = kept(Lengths(), tmp_path)
    check(activations, [2, 3])
    activations.path.write_bytes(activations.path.read_bytes()[:-3])
    second = Lengths()
    check(kept(second, tmp_path), [2, 3])
    assert second.asked == ["dddd"]


def test_another_pool_and_another_cut_have_files_of_their_own(tmp_path: Path) -> None:
    paths = {
        kept(Lengths(), tmp_path).path,
        kept(Lengths(), tmp_path, "other").path,
        kept(Lengths(layers=2), tmp_path).path,
    }
    assert len(paths) == 3 and all(path.parent == tmp_path for path in paths)


def test_where_the_folder_cannot_be_written_a_temporary_file_serves(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    split = Lengths()
    activations = kept(split, tmp_path / "cache")
    check(activations, [1, 3])
    check(activations, [1, 3])
    assert split.asked == ["bb", "dddd"]
    assert activations.path.parent != tmp_path
