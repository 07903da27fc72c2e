"""Files of labelled batches: ids, picks of `select --out`, and what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classemb_index import Pool, Record
from classemb_index.errors import ClassembError, RequestError, SourceError, UnknownClassError
from classemb_index.labels.batches import NO_CLASS, Batch, read_batches
from classemb_index.labels.exchange.files import write_batch
from classemb_index.strategies.base import Selection

Write = Callable[..., Path]


@pytest.fixture
def pool() -> Pool:
    """Seven documents of the classes a and b; d5's labels are unknown, d6 is of the test split."""
    labels = [("a",), (), ("a", "b"), ("b",), (), None, ("a",)]
    splits = ["train"] * 6 + ["test"]
    return Pool.from_records(
        Record(f"d{i}", f"text {i}", own, split)
        for i, (own, split) in enumerate(zip(labels, splits, strict=True))
    )


def refusal(pool: Pool, *paths: Path) -> tuple[type, str]:
    with pytest.raises(ClassembError) as error:
        read_batches(pool, paths)
    return type(error.value), str(error.value).replace(f"{paths[0].parent}/", "")


def test_ids_are_a_batch_of_which_nobody_knows_why_it_was_labelled(
    pool: Pool, write_jsonl: Write
) -> None:
    path = write_jsonl(["d3", "", "  d0 ", "d4"], "ids.txt")
    labelled, (batch,) = read_batches(pool, [path])
    assert batch.rows.tolist() == [3, 0, 4] and batch.rows.dtype == np.int64
    assert batch.classes.tolist() == [NO_CLASS] * 3 and batch.classes.dtype == np.int64
    assert (batch.steps, batch.strategy) == (("", "", ""), None)
    assert labelled.rows.tolist() == [0, 3, 4]
    assert labelled.labels.tolist() == [[True, False], [False, True], [False, False]]
    assert np.flatnonzero(labelled.unlabelled).tolist() == [1, 2, 5]
    assert labelled.origin == f"the ids in {path}"


def test_what_select_writes_is_read_back_as_it_was_picked(pool: Pool, tmp_path: Path) -> None:
    selection = Selection(
        np.array([2, 0, 1]),
        np.array([1, NO_CLASS, 0]),
        ("cold start", "", "uncertainty"),
        "portfolio",
        np.array([0.5, np.nan, 0.25], dtype=np.float32),
    )
    path = tmp_path / "batch.jsonl"
    write_batch(pool, selection, path)
    _, (batch,) = read_batches(pool, [path])
    assert batch.rows.tolist() == selection.rows.tolist()
    assert batch.classes.tolist() == selection.classes.tolist()
    assert (batch.steps, batch.strategy) == (selection.steps, "portfolio")


def test_picks_say_none_where_there_is_no_class_no_score_and_no_step(pool: Pool) -> None:
    batch = Batch.of_ids(pool, ["d2", "d0"], ["b", None], ["name", ""])
    keys = "rank", "row", "id", "class", "score", "step"
    first, second = (1, 2, "d2", "b", None, "name"), (2, 0, "d0", None, None, None)
    assert batch.picks(pool) == [dict(zip(keys, pick, strict=True)) for pick in (first, second)]


def test_an_id_alone_is_all_that_a_line_must_have(pool: Pool, write_jsonl: Write) -> None:
    lines = [{"id": "d1"}, {"id": "d0", "class": None, "step": None, "strategy": None, "text": 7}]
    _, (batch,) = read_batches(pool, [write_jsonl(lines)])
    assert (batch.rows.tolist(), batch.steps, batch.strategy) == ([1, 0], ("", ""), None)
    assert batch.classes.tolist() == [NO_CLASS, NO_CLASS]


def test_several_files_are_batches_in_their_order_and_one_labelled_set(
    pool: Pool, write_jsonl: Write
) -> None:
    last = write_jsonl([{"id": "d0", "class": "b", "strategy": "class-embedding"}], "z.jsonl")
    first = write_jsonl(["d4", "d2"], "ids.txt")
    labelled, batches = read_batches(pool, [first, last])
    assert [batch.rows.tolist() for batch in batches] == [[4, 2], [0]]
    assert [batch.strategy for batch in batches] == [None, "class-embedding"]
    assert batches[1].classes.tolist() == [1]
    assert labelled.rows.tolist() == [0, 2, 4]
    assert labelled.origin == "the ids in 2 files"


def test_an_id_that_a_file_repeats_counts_once(pool: Pool, write_jsonl: Write) -> None:
    pick = {"id": "d2", "class": "a", "step": "name", "strategy": "portfolio"}
    paths = [write_jsonl(["d1", "d0", "d1"], "ids.txt"), write_jsonl([pick, pick], "b.jsonl")]
    labelled, batches = read_batches(pool, paths)
    assert [batch.rows.tolist() for batch in batches] == [[1, 0], [2]]
    assert labelled.rows.tolist() == [0, 1, 2]


def test_a_batch_may_be_gzip_and_hold_unicode_line_separators(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl.gz"
    lines = (json.dumps({"id": f"d{i}", "text": "a\u2028b\x85"}, ensure_ascii=False) for i in "10")
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    _, (batch,) = read_batches(pool, [path])
    assert batch.rows.tolist() == [1, 0]


def test_ids_may_be_numbers_or_look_like_json(write_jsonl: Write) -> None:
    records = [Record(id_, "text", (), None) for id_ in ("17", '{"id": "17"}')]
    pool = Pool.from_records(records, classes={"frequent": ["a"]})
    _, (number,) = read_batches(pool, [write_jsonl([{"id": 17, "class": "a"}])])
    assert number.rows.tolist() == [0]
    _, (odd,) = read_batches(pool, [write_jsonl(['{"id": "17"}'])])
    assert odd.rows.tolist() == [1]


@pytest.mark.parametrize(
    ("lines", "kind", "message"),
    [
        ([], SourceError, "b.jsonl has no id; it holds one document id a line"),
        (
            ['{"id": "d0"}', "", '{"id": "d1"'],
            SourceError,
            "b.jsonl, line 3 is not JSON (Expecting ',' delimiter: column 12)",
        ),
        (
            ["d0", {"class": "a"}],
            SourceError,
            "b.jsonl, line 2 has no id; every line names a document of the pool",
        ),
        (
            [{"id": None}],
            SourceError,
            "b.jsonl, line 1 has no id; every line names a document of the pool",
        ),
        (
            ["d0", "nobody"],
            RequestError,
            "b.jsonl, line 2: no document 'nobody' in the pool; labelled ids must be the pool's",
        ),
        (
            [{"id": "d5"}],
            RequestError,
            "b.jsonl, line 1: document 'd5' has no known labels; add them to the source",
        ),
        (
            ["d6"],
            RequestError,
            "b.jsonl, line 1: document 'd6' is in the test split, which serves the classifier "
            "only; take labelled ids from the train split",
        ),
        (
            [{"id": "d0", "class": "a"}, {"id": "d1", "class": "c"}],
            UnknownClassError,
            "b.jsonl, line 2: no class 'c'; the pool has: a, b",
        ),
        (
            [{"id": "d0", "class": ["a"]}],
            SourceError,
            "b.jsonl, line 1 has the class ['a']; it is a string, or null for none",
        ),
        (
            [{"id": "d0", "step": 1}],
            SourceError,
            "b.jsonl, line 1 has the step 1; it is a string, or null for none",
        ),
        (
            [{"id": "d0", "strategy": "random"}, {"id": "d1", "strategy": "portfolio"}],
            RequestError,
            "b.jsonl, line 2: the strategy is portfolio, that of the lines above random; "
            "a file is one batch, so split it",
        ),
        (
            [{"id": "d0", "strategy": "random"}, "d0"],
            RequestError,
            "b.jsonl, line 2: the strategy is unknown, that of the lines above random; "
            "a file is one batch, so split it",
        ),
        (
            [{"id": "d0", "class": "a"}, {"id": "d1"}, {"id": "d0", "class": "b"}],
            RequestError,
            "b.jsonl, line 3: document 'd0' stands in b.jsonl, line 1 with another class or step; "
            "leave one of them out",
        ),
    ],
)
def test_a_wrong_line_is_refused_with_its_place(
    pool: Pool, write_jsonl: Write, lines: list[object], kind: type, message: str
) -> None:
    assert refusal(pool, write_jsonl(lines, "b.jsonl")) == (kind, message)


def test_a_missing_file_is_refused(pool: Pool, tmp_path: Path) -> None:
    message = "there is no file ids.txt; it holds one document id a line"
    assert refusal(pool, tmp_path / "ids.txt") == (SourceError, message)


def test_a_document_of_two_batches_is_refused_with_both_places(
    pool: Pool, write_jsonl: Write
) -> None:
    first = write_jsonl(["d1", "d0"], "ids.txt")
    second = write_jsonl([{"id": "d2"}, {"id": "d0", "class": "a"}], "b.jsonl")
    assert refusal(pool, first, second) == (
        RequestError,
        "b.jsonl, line 2: document 'd0' stands in ids.txt, line 2 already; "
        "a document is labelled once, so name it in one batch",
    )
    assert refusal(pool, first, first)[1].startswith("ids.txt, line 1: document 'd1' stands in")
