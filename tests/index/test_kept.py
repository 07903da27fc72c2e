"""Surprisal of a pool is computed once and kept beside its vectors."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence

import filelock
import numpy as np
import pytest

from classemb_index.index.index import EmbeddingIndex
from classemb_index.index.kept import PoolSurprisal
from classemb_index.pool.pool import Pool
from tests.support.fakes import FakeMaskedLM, surprisal_of
from tests.support.pools import topic_records, topic_vectors
from tests.support.watchers import Recorder


class RefusingMaskedLM(FakeMaskedLM):
    """Has the fingerprint of FakeMaskedLM and computes nothing."""

    def surprisal(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
        raise AssertionError("the surprisal should have been read")


def unit_vectors(index: EmbeddingIndex, rows: Sequence[int]) -> np.ndarray:
    """What a PoolSurprisal of a FakeMaskedLM gives for these rows, one by one."""
    found = [surprisal_of(index.pool.texts_of(np.array([row]))[0]) for row in rows]
    return np.array([vector / np.sqrt((vector**2).sum()) for vector in found])


def selectable(index: EmbeddingIndex) -> np.ndarray:
    return np.flatnonzero(index.pool.selectable)


def test_surprisal_is_computed_once_and_read_by_another_object(toy_index: EmbeddingIndex) -> None:
    first = PoolSurprisal(toy_index, FakeMaskedLM())
    computed = np.array(first.embeddings)
    assert computed.shape == (72, 128) and computed.dtype == np.float32
    assert first.embeddings is first.embeddings
    assert first.masked_lm.given == [72]
    second = PoolSurprisal(toy_index, RefusingMaskedLM())
    np.testing.assert_array_equal(second.embeddings, computed)


def test_surprisal_that_was_computed_is_not_computed_again_when_rows_are_asked_for(
    toy_index: EmbeddingIndex,
) -> None:
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    assert kept.compute() is kept.compute()
    assert kept.path.exists()
    kept.of(selectable(toy_index))
    assert kept.masked_lm.given == [72]


def test_the_embeddings_are_those_of_the_selectable_documents_in_the_order_of_their_rows(
    toy_index: EmbeddingIndex,
) -> None:
    found = PoolSurprisal(toy_index, FakeMaskedLM()).embeddings
    expected = unit_vectors(toy_index, selectable(toy_index).tolist())
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_rows_that_are_asked_for_come_in_their_order(toy_index: EmbeddingIndex) -> None:
    rows = np.random.default_rng(0).permutation(selectable(toy_index))[:9]
    rows = np.concatenate([rows, rows[:2]])
    found = PoolSurprisal(toy_index, FakeMaskedLM()).of(rows)
    assert type(found) is np.ndarray  # and no memory-mapped file
    np.testing.assert_allclose(found, unit_vectors(toy_index, rows.tolist()), atol=1e-6)


def test_surprisal_is_kept_in_the_cache_of_the_index_and_nothing_else_is_left_there(
    toy_index: EmbeddingIndex,
) -> None:
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    before = {path.name for path in toy_index.folder.iterdir()}
    kept.of(selectable(toy_index)[:1])
    assert kept.path.parent == toy_index.folder / "cache"
    assert np.load(kept.path).shape == (72, 128)
    assert {path.name for path in toy_index.folder.iterdir()} - before == {"cache"}
    assert {path.suffix for path in kept.path.parent.iterdir()} <= {".npy", ".lock"}


def test_an_index_with_a_cache_is_right_and_can_be_opened_and_built_again(
    toy_index: EmbeddingIndex, toy_pool: Pool
) -> None:
    PoolSurprisal(toy_index, FakeMaskedLM()).of(selectable(toy_index)[:1])
    opened = EmbeddingIndex.open(toy_index.folder)
    assert len(opened.verify()) == 3
    again = EmbeddingIndex.build(
        toy_pool, None, toy_index.folder, embeddings=topic_vectors(toy_pool)
    )
    assert len(again.verify()) == 3


def test_another_model_or_another_pool_has_another_file(
    toy_index: EmbeddingIndex, index_of: Callable[..., EmbeddingIndex]
) -> None:
    def name(index: EmbeddingIndex, model: str) -> str:
        return PoolSurprisal(index, FakeMaskedLM(model)).path.name

    records = topic_records()
    same, shorter = (
        index_of(some, np.ones((len(some), 2)), {"frequent": ["a", "b"], "rare": ["c"]})
        for some in (records, records[:-1])
    )
    own = name(toy_index, "fake")
    assert name(same, "fake") == own  # vectors are another model's matter
    assert name(toy_index, "other") != own
    assert name(shorter, "fake") != own


@pytest.mark.parametrize("left", [0, 4, 60, 128, 20_000])
def test_a_truncated_cache_file_is_computed_again(toy_index: EmbeddingIndex, left: int) -> None:
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    computed = np.array(kept.embeddings)
    kept.path.write_bytes(kept.path.read_bytes()[:left])
    again = PoolSurprisal(toy_index, FakeMaskedLM())
    np.testing.assert_array_equal(again.embeddings, computed)
    assert again.masked_lm.given == [72]
    np.testing.assert_array_equal(np.load(kept.path), computed)  # and it is mended


def test_a_cache_file_of_another_shape_is_computed_again(toy_index: EmbeddingIndex) -> None:
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    kept.path.parent.mkdir()
    np.save(kept.path, np.ones((71, 128), dtype=np.float32))
    assert kept.embeddings.shape == (72, 128)
    assert kept.masked_lm.given == [72]


def test_what_an_interruption_left_is_overwritten(toy_index: EmbeddingIndex) -> None:
    class Interrupted(FakeMaskedLM):
        def surprisal(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PoolSurprisal(toy_index, Interrupted()).of(selectable(toy_index))
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    assert not kept.path.exists()
    assert kept.embeddings.shape == (72, 128)
    assert kept.path.exists()


def test_where_the_cache_cannot_be_made_surprisal_is_held_in_memory(
    toy_index: EmbeddingIndex,
) -> None:
    (toy_index.folder / "cache").write_text("a file, not a folder")
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    rows = selectable(toy_index)[:4]
    for _ in range(2):
        np.testing.assert_allclose(kept.of(rows), unit_vectors(toy_index, rows.tolist()), atol=1e-6)
    assert kept.masked_lm.given == [72]
    assert (toy_index.folder / "cache").read_text() == "a file, not a folder"


def test_surprisal_is_read_from_a_cache_that_cannot_be_written(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: object, *rest: object, **named: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    computed = np.array(PoolSurprisal(toy_index, FakeMaskedLM()).embeddings)
    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    found = PoolSurprisal(toy_index, RefusingMaskedLM()).embeddings
    np.testing.assert_array_equal(found, computed)


def test_on_a_full_disk_surprisal_is_computed_once_and_held_in_memory(
    toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*rest: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    kept = PoolSurprisal(toy_index, FakeMaskedLM())
    rows = selectable(toy_index)
    np.testing.assert_allclose(kept.of(rows), unit_vectors(toy_index, rows.tolist()), atol=1e-6)
    assert kept.masked_lm.given == [72]
    assert not kept.path.exists()


def test_progress_ends_at_all_texts_and_is_not_told_when_they_are_read(
    toy_index: EmbeddingIndex,
) -> None:
    told = Recorder()
    rows = selectable(toy_index)
    found = PoolSurprisal(toy_index, FakeMaskedLM(), told, block=30).of(rows)
    assert told.counts == [(30, 72), (60, 72), (72, 72)]
    np.testing.assert_allclose(found, unit_vectors(toy_index, rows.tolist()), atol=1e-6)
    PoolSurprisal(toy_index, RefusingMaskedLM(), told).of(rows)
    assert len(told.counts) == 3
