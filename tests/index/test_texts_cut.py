"""A build says how many of the texts that it encodes are longer than the encoder's window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from classemb_index import EmbeddingIndex, Pool, Record
from tests.support.fakes import HashEncoder
from tests.support.watchers import Recorder


class WordEncoder(HashEncoder):
    """A hash encoder whose tokens are words, and which reads two of them."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.max_length = 2

    def count_cut(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) > 2 for text in texts)


def cut(folder: Path, encoder: HashEncoder, *texts: str) -> list[tuple[int, int, int]]:
    pool = Pool.from_records([Record(f"d{i}", t, ("a b c",), None) for i, t in enumerate(texts)])
    watch = Recorder()
    EmbeddingIndex.build(pool, encoder, folder, force=True, watch=watch)
    return watch.cut


def test_texts_that_are_cut_are_counted_among_those_that_are_encoded(tmp_path: Path) -> None:
    assert cut(tmp_path / "i", WordEncoder(), "a", "a b c", "d e f", "g h") == [(2, 4, 2)]


def test_texts_that_are_taken_over_are_not_counted_again(tmp_path: Path) -> None:
    cut(tmp_path / "i", WordEncoder(), "a", "a b c")
    assert cut(tmp_path / "i", WordEncoder(), "a", "a b c", "d e f") == [(1, 1, 2)]
    assert cut(tmp_path / "i", WordEncoder(), "a b c") == []


def test_an_encoder_that_cannot_count_serves_too(tmp_path: Path) -> None:
    assert cut(tmp_path / "i", HashEncoder(), "a", "a b c") == []
