"""Readers: every form of a source gives the same records, and says what is wrong with it."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classemb_index import ClassembError
from classemb_index.pool.fields import Fields
from classemb_index.pool.files import FORMS, id_lines, json_file, read_vectors
from classemb_index.pool.readers import FILES
from classemb_index.pool.sources import Reading, read_records
from tests.support.places import shared_or_skip
from tests.support.sources import message_of, read, without_place

ROWS = [
    {"id": "x", "text": "one", "labels": ["b", "a"], "split": "train"},
    {"id": "y", "text": "two", "labels": [], "split": "validation"},
    {"id": "z", "text": "three", "labels": None, "split": None},
    {"id": "w", "text": "four", "labels": ["a"], "split": "test"},
]
RECORDS = [
    ("x", "one", ("b", "a"), "train"),
    ("y", "two", (), "dev"),
    ("z", "three", None, None),
    ("w", "four", ("a",), "test"),
]

WriteJsonl = Callable[..., Path]


def test_jsonl_gives_a_record_a_line_in_order_with_its_place(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl(ROWS)
    records = read(path)
    assert without_place(records) == RECORDS
    assert [record.place for record in records] == [f"{path}, line {n}" for n in (1, 2, 3, 4)]


def test_gzipped_jsonl_gives_the_same_records(write_jsonl: WriteJsonl, tmp_path: Path) -> None:
    packed = tmp_path / "pool.jsonl.gz"
    packed.write_bytes(gzip.compress(write_jsonl(ROWS).read_bytes()))
    assert without_place(read(packed)) == RECORDS


def test_jsonl_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes("\ufeff".encode() + b'{"id": 1, "text": "one"}\r\n{"id": 2, "text": "two"}')
    assert without_place(read(path)) == [("1", "one", None, None), ("2", "two", None, None)]


def test_a_line_separator_of_unicode_does_not_end_a_line(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl(['{"id": "x", "text": "a\u2028b\u0085c"}'])
    assert read(path)[0].text == "a\u2028b\u0085c"


def test_absent_fields_are_unknown_labels_and_no_split(write_jsonl: WriteJsonl) -> None:
    assert without_place(read(write_jsonl([{"id": "x", "text": "one"}]))) == [
        ("x", "one", None, None)
    ]


def test_a_string_of_labels_is_split_at_the_separator(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"id": "x", "text": "one", "labels": " b ; a;b; "}])
    assert read(path)[0].labels == ("b", "a")


def test_fields_say_where_id_text_labels_and_split_stand(write_jsonl: WriteJsonl) -> None:
    row = {"no": 7, "head": "Title", "body": "Text", "more": " ", "tags": "a|b;c", "part": "dev"}
    fields = Fields("no", ("head", "more", "absent", "body"), "tags", "part", "|")
    assert without_place(read(write_jsonl([row]), fields)) == [
        ("7", "Title\nText", ("a", "b;c"), "dev")
    ]


def test_other_names_of_labels_and_splits_are_replaced_and_joined(write_jsonl: WriteJsonl) -> None:
    path = write_jsonl([{"id": "x", "text": "one", "labels": [1, "2", "c"], "split": "eval"}])
    (record,) = read(path, rename={"1": "a", "2": "a"}, splits={"eval": "dev"})
    assert (record.labels, record.split) == (("a", "c"), "dev")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{'id': 1}", " is not JSON (Expecting property name enclosed in double quotes: column 2)"),
        ('["x"]', " is a JSON list, not an object"),
        ({"text": "one"}, ": no 'id'; every document needs an id"),
        ({"id": " ", "text": "one"}, ": no 'id'; every document needs an id"),
        (
            {"id": "y"},
            ": no text in 'text'; leave it out, or go on past such records with --skip-bad",
        ),
        (
            {"id": "y", "text": " \n"},
            ": no text in 'text'; leave it out, or go on past such records with --skip-bad",
        ),
        ({"id": "y", "text": 3}, ": the text is int, not a string"),
        (
            {"id": "y", "text": "two", "labels": {"a": 1}},
            ": labels must be a list of names, or null where they are unknown",
        ),
        (
            {"id": "y", "text": "two", "labels": ["a", None]},
            ": labels must be a list of names, or null where they are unknown",
        ),
        (
            {"id": "y", "text": "two", "split": "eval"},
            ": no split 'eval'; a split is train, dev, test or null; "
            "a recipe's [pool.splits] can rename others",
        ),
        (
            {"id": "y", "text": "two \ud83d"},
            ": half a character (a lone surrogate) in the id, text or labels",
        ),
    ],
)
def test_a_wrong_line_is_named_by_its_number(
    write_jsonl: WriteJsonl, line: object, message: str
) -> None:
    path = write_jsonl([{"id": "x", "text": "one"}, line])
    assert message_of(path) == f"{path}, line 2{message}"


@pytest.mark.parametrize("packed", [False, True])
def test_csv_has_labels_as_a_json_list_or_separated_and_an_empty_cell_is_unknown(
    tmp_path: Path, packed: bool
) -> None:
    text = (
        "\ufeffid,text,labels,split\r\n"
        '1,"one, ""two""\r\nthree","[""a;b"", ""c""]",train\r\n'
        "2,two,a; b;,valid\r\n"
        "3,three,,\r\n"
        "4,four, ,\r\n"
        "5,five,[],\r\n"
    )
    path = tmp_path / ("pool.csv.gz" if packed else "pool.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    records = read(path)
    assert without_place(records) == [
        ("1", 'one, "two"\r\nthree', ("a;b", "c"), "train"),
        ("2", "two", ("a", "b"), "dev"),
        ("3", "three", None, None),
        ("4", "four", None, None),
        ("5", "five", (), None),
    ]
    assert records[1].place == f"{path}, line 4"


def test_a_csv_text_in_brackets_stays_a_text(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("id,text\n[1],[1987]\n")
    assert without_place(read(path)) == [("[1]", "[1987]", None, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text\n1,one\n2\n", ", line 3 has not as many cells as the header"),
        ("id,text\n1,one\n2,two,three\n", ", line 3 has not as many cells as the header"),
        ('id,text\n1,"one\n2,two\n', ", line 3 is not CSV (unexpected end of data)"),
        (
            "id,text\n1, \n",
            ", line 2: no text in 'text'; leave it out, or go on past such records with --skip-bad",
        ),
        ("id,text\n1,one\n ,two\n", ", line 3: no 'id'; every document needs an id"),
    ],
)
def test_a_wrong_csv_line_is_named_by_its_number(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(text)
    assert message_of(path) == f"{path}{message}"


def test_parquet_gives_the_same_records_and_reads_no_other_column(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    table = pa.Table.from_pylist([{**row, "vector": [0.0] * 8} for row in ROWS])
    pq.write_table(table, path)
    records = read(path)
    assert without_place(records) == RECORDS
    assert records[3].place == f"{path}, row 3"


def test_parquet_in_the_fields_of_a_known_corpus_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    pq.write_table(
        pa.table({"celex_id": ["32000R1"], "text": ["one"], "eurovoc_concepts": [["693"]]}), path
    )
    assert without_place(read(path)) == [("celex:32000R1", "one", ("693",), None)]


def test_parquet_that_breaks_on_the_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    texts = [f"text {i * 7919}" for i in range(3000)]
    pq.write_table(pa.table({"id": [str(i) for i in range(3000)], "text": texts}), path)
    content = bytearray(path.read_bytes())
    content[300:900] = b"\xff" * 600
    path.write_bytes(content)
    assert message_of(path) == f"{path} is half-written or no Parquet file; write it again"


def test_a_record_is_given_before_the_next_line_is_looked_at(write_jsonl: WriteJsonl) -> None:
    records = read_records(str(write_jsonl([*ROWS[:2], "no JSON"])), Reading())
    assert next(records).id == "x"
    assert next(records).id == "y"
    with pytest.raises(ClassembError):
        next(records)


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".csv", ".parquet"])
def test_a_source_is_never_held_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"arxiv{suffix}"
    n, length = 4000, 2000  # 8 MB of abstracts
    abstracts = [f"{i:04}" * (length // 4) for i in range(n)]
    rows = [{"id": str(i), "abstract": a, "categories": "hep-ph"} for i, a in enumerate(abstracts)]
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    elif suffix == ".csv":
        path.write_text(
            "id,abstract,categories\n" + "".join(f"{i},{a},x\n" for i, a in enumerate(abstracts))
        )
    else:
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(content, 1) if suffix.endswith(".gz") else content)
    tracemalloc.start()
    try:
        given = sum(1 for _ in read_records(str(path), Reading()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert given == n
    assert most < (4e6 if suffix == ".parquet" else 1e6)  # of Parquet, a batch of 1024 rows is held


def test_a_folder_of_json_lines_is_read_in_the_order_of_its_files_names(
    write_jsonl: WriteJsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a folder lists its files in any order
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(listed(path), reverse=True)))
    (tmp_path / "pool").mkdir()
    write_jsonl(ROWS[2:3], "pool/part-10.jsonl")
    write_jsonl(ROWS[3:], "pool/part-2.jsonl")
    packed = gzip.compress(write_jsonl(ROWS[:2], "pool/part-0").read_bytes())
    (tmp_path / "pool" / "part-0").unlink()
    (tmp_path / "pool" / "part-0.jsonl.gz").write_bytes(packed)
    records = read(tmp_path / "pool")
    assert without_place(records) == RECORDS  # by name: 0, 10, 2
    folder = tmp_path / "pool"
    assert [record.place for record in records] == [
        f"{folder / 'part-0.jsonl.gz'}, line 1",
        f"{folder / 'part-0.jsonl.gz'}, line 2",
        f"{folder / 'part-10.jsonl'}, line 1",
        f"{folder / 'part-2.jsonl'}, line 1",
    ]


def test_other_files_of_a_folder_of_json_lines_are_passed_over(
    write_jsonl: WriteJsonl, tmp_path: Path
) -> None:
    for name in ("a.json", "b.json.gz", "c.csv", "d.parquet", "e.jsonl.bak", "README.md"):
        write_jsonl(["no document"], name)
    write_jsonl(ROWS, "pool.jsonl")
    inner = tmp_path / "more"
    inner.mkdir()
    write_jsonl([{"id": "v", "text": "five"}], "more/deep.jsonl")
    assert without_place(read(tmp_path)) == RECORDS


def test_a_folder_of_json_lines_is_read_so_even_where_it_has_a_train_folder(
    write_jsonl: WriteJsonl, tmp_path: Path
) -> None:
    (tmp_path / "train").mkdir()
    write_jsonl(ROWS, "pool.jsonl")
    assert without_place(read(tmp_path)) == RECORDS


def test_a_folder_without_json_lines_is_read_as_eurlex57k(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "EURLEX57K.json").write_text('{"693": {"label": "citrus fruit"}}')
    act = {"celex_id": "32000R1", "header": "Act", "main_body": ["One."], "concepts": ["693"]}
    (tmp_path / "train" / "32000R1.json").write_text(json.dumps(act))
    assert without_place(read(tmp_path)) == [
        ("celex:32000R1", "Act\nOne.", ("citrus fruit",), "train")
    ]


def test_a_folder_of_neither_form_is_answered_with_the_forms_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "pool.csv").write_text("id,text\n1,one\n")
    assert message_of(tmp_path) == (
        f"{tmp_path} has no train/ folder of JSON files, so it is not EURLEX57K; "
        f"a source is {FORMS}"
    )


def test_the_forms_of_a_source_name_a_folder_of_json_lines() -> None:
    assert FORMS == (
        "a recipe's name or .toml file, a .jsonl[.gz], .csv[.gz], .tsv[.gz] or .parquet file, "
        "a folder of .jsonl[.gz] files, the EURLEX57K folder, the arXiv metadata snapshot (.json) "
        "or hub:NAME"
    )


@pytest.mark.parametrize("suffix", FILES)
def test_the_forms_of_a_source_name_every_file_that_can_be_read(suffix: str) -> None:
    assert re.search(rf"{re.escape(suffix)}\b", FORMS)


def test_a_wrong_line_in_a_folder_is_named_by_its_file(
    write_jsonl: WriteJsonl, tmp_path: Path
) -> None:
    write_jsonl(ROWS, "a.jsonl")
    write_jsonl([{"id": "v"}], "b.jsonl")
    assert message_of(tmp_path) == (
        f"{tmp_path / 'b.jsonl'}, line 1: no text in 'text'; leave it out, or go on past such "
        "records with --skip-bad"
    )


@pytest.mark.data
def test_eurlex57k_beside_the_checkout_is_read_as_a_folder() -> None:
    records = read_records(str(shared_or_skip("data", "eurlex57k")), Reading())
    splits: Counter[str | None] = Counter()
    labels = 0
    for record in records:
        splits[record.split] += 1
        labels += len(record.labels or ())
    # 17,869 documents of reduced.jsonl.gz and 33,003 of rest.jsonl.gz
    assert splits == {"train": 40136, "dev": 5392, "test": 5344}
    assert splits.total() == 17869 + 33003
    assert labels == 258443


def test_a_missing_file_is_answered_with_the_forms_of_a_source(tmp_path: Path) -> None:
    path = tmp_path / "absent.jsonl"
    assert message_of(path) == f"there is no {path}; a source is {FORMS}"


def test_a_file_of_another_form_is_answered_with_the_forms_of_a_source(tmp_path: Path) -> None:
    path = tmp_path / "pool.xlsx"
    path.write_text("")
    assert message_of(path) == f"{path} has no known form; a source is {FORMS}"


def test_half_a_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl.gz"
    content = gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode())
    path.write_bytes(content[: len(content) // 2])
    assert message_of(path) == (
        f"{path} is half-written or no gzip file (Compressed file ended before the end-of-stream "
        "marker was reached); fetch it again"
    )


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b'{"id": "x", "text": "Gr\xfc\xdfe"}\n')
    assert message_of(path) == (
        f"{path}, line 1 is not UTF-8, it is likely cp1252; save the file as UTF-8, or build with "
        "--encoding cp1252"
    )


def test_ids_are_stripped_lines_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "labelled.txt"
    path.write_bytes("\ufeffd1\r\n\r\n  číslo/2 \n".encode())
    assert list(id_lines(path)) == ["d1", "číslo/2"]


def test_a_file_without_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labelled.txt"
    path.write_text(" \n\n")
    with pytest.raises(ClassembError) as error:
        id_lines(path)
    assert str(error.value) == f"{path} has no id; it holds one document id a line"


def test_vectors_are_mapped_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(path, vectors)
    found = read_vectors(path)
    assert found.tolist() == vectors.tolist()
    assert isinstance(found.base, np.memmap)


def test_a_half_written_npy_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.ones((3, 2)))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ClassembError) as error:
        read_vectors(path)
    assert str(error.value) == (
        f"{path} is half-written or no .npy file (mmap length is greater than file size); "
        "save it again"
    )


def test_a_pickle_is_no_npy_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ClassembError) as error:
        read_vectors(path)
    assert str(error.value) == (
        f"{path} is half-written or no .npy file (Array can't be memory-mapped: "
        "Python objects in dtype.); save it again"
    )


def test_a_json_file_is_one_object(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text("[1]")
    with pytest.raises(ClassembError) as error:
        json_file(path)
    assert str(error.value) == f"{path} is a JSON list, not an object"
