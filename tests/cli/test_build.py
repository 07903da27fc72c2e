"""`build` on files as people have them: nothing is lost without a note on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from tests.support.commands import Outcome

Cli = Callable[..., Outcome]

SPELLINGS = (
    'id,text,labels\n1,a,"cocoa, coffee"\n2,b,Cocoa\n3,c,"[\'cocoa\']"\n4,d,cocoa#coffee\n'
    "5,e,COCOA\n6,f,cocoa\n7,g,\n8,h,nan\n9,i,cacao; coffee\n"
)


@pytest.fixture
def built(cli: Cli, tmp_path: Path) -> Callable[..., tuple[EmbeddingIndex, list[str]]]:
    """Builds a file of `n` documents: the index, and the notes that a build with an encoder gives."""

    def build(path: Path, n: int, *options: object) -> tuple[EmbeddingIndex, list[str]]:
        np.save(tmp_path / "v.npy", np.eye(n, 16, dtype=np.float32))
        outcome = cli("build", path.name, "--embeddings", "v.npy", "--out", "i", *options)
        assert outcome.code == 0, outcome.err
        notes = [line for line in outcome.err.splitlines() if line.startswith("Note: ")]
        assert notes.pop().startswith("Note: vectors are taken row for row")
        return EmbeddingIndex.open(tmp_path / "i"), [line.removeprefix("Note: ") for line in notes]

    return build


def test_misspelt_labels_are_told_and_are_no_negatives(
    built: Callable[..., tuple[EmbeddingIndex, list[str]]], tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text(SPELLINGS)
    (tmp_path / "c.json").write_text('{"rare": ["cocoa"], "frequent": ["coffee"]}')
    index, notes = built(tmp_path / "p.csv", 9, "--classes", "c.json")
    pool = index.pool
    found = {id_: pool.known_labels(row) for row, id_ in enumerate(pool.ids)}
    assert found == {
        "1": ["coffee", "cocoa"],
        "2": None,
        "3": ["cocoa"],
        "4": ["coffee", "cocoa"],
        "5": None,
        "6": ["cocoa"],
        "7": None,
        "8": None,
        "9": ["coffee"],
    }
    assert notes == [
        "1 label taken for unknown: 'nan' 1; write '-' or [] for none of the classes",
        "labels are separated by ',' too, as in 'cocoa, coffee'",
        "labels are separated by '#' too, as in 'cocoa#coffee'",
        "3 labels match no class: 'Cocoa' 1, 'COCOA' 1, 'cacao' 1; did you mean cocoa?; "
        "2 documents without another label taken for unlabelled; "
        "--drop-other-labels takes them as known to have none of the classes",
    ]


def test_other_labels_of_a_research_corpus_make_negatives_where_asked(
    built: Callable[..., tuple[EmbeddingIndex, list[str]]], tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("id,text,labels\n1,a,cocoa\n2,b,tea\n")
    (tmp_path / "c.txt").write_text("cocoa\n")
    index, notes = built(tmp_path / "p.csv", 2, "--classes", "c.txt", "--drop-other-labels")
    assert index.pool.is_known.all() and index.pool.labels.tolist() == [[True], [False]]
    assert notes == []


def test_an_unlabelled_pool_without_classes_is_built_and_told_how_to_name_them(
    built: Callable[..., tuple[EmbeddingIndex, list[str]]], tmp_path: Path
) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": 1, "text": "one"}\n\n')
    index, notes = built(tmp_path / "p.jsonl", 1)
    assert index.pool.classes == ()
    assert notes == [
        "the pool has no classes; name them with --classes FILE, or add them later with "
        "`classemb-index classes add`"
    ]


def test_fields_encoding_and_faulty_records_are_options(
    built: Callable[..., tuple[EmbeddingIndex, list[str]]], tmp_path: Path
) -> None:
    text = "no;head;body;topic\nx;Gr\xfc\xdfe;one;a\ny;;;b\nz;t;two;-\n"
    (tmp_path / "p.csv").write_bytes(text.encode("cp1252"))
    named = ("--id-field", "no", "--text-field", "head", "--text-field", "body")
    options = (*named, "--labels-field", "topic", "--encoding", "cp1252", "--skip-bad")
    index, notes = built(tmp_path / "p.csv", 2, *options)
    assert list(index.pool.ids) == ["x", "z"]
    assert list(index.pool.texts) == ["Gr\xfc\xdfe\none", "t\ntwo"]
    assert [index.pool.known_labels(row) for row in (0, 1)] == [["a"], []]
    assert notes == [
        "the columns of p.csv are separated by ';'",
        "1 record passed over: no text 1; the first: p.csv, line 3: no text in 'head' or 'body'",
    ]


@pytest.mark.model
def test_texts_longer_than_the_window_are_counted(
    cli: Cli, write_jsonl: Callable[..., Path]
) -> None:
    write_jsonl([{"id": i, "text": "word " * n} for i, n in enumerate([3, 10, 5000])])
    outcome = cli("build", "pool.jsonl", "--encoder", "minilm", "--max-length", 8)
    assert (
        "Note: 2 of 3 texts are longer than the encoder's 8 tokens; the rest of each is not seen\n"
    ) in outcome.err


def test_an_imported_batch_is_read_by_the_same_forms_and_says_what_it_passes_over(
    cli: Cli,
    built: Callable[..., tuple[EmbeddingIndex, list[str]]],
    tmp_path: Path,
    write_jsonl: Callable[..., Path],
) -> None:
    path = write_jsonl([{"id": i, "text": f"t{i}"} for i in range(5)])
    (tmp_path / "c.txt").write_text("cocoa\ncoffee\n")
    built(path, 5, "--classes", "c.txt")
    rows = ["0,\"['cocoa']\"", "1,cocoa/coffee", "2,none", "3,-", "4,"]
    (tmp_path / "filled.csv").write_text("id,labels\n" + "".join(row + "\n" for row in rows))
    outcome = cli("labels", "import", "filled.csv", "--index", "i", "--json")
    assert json.loads(outcome.out)["accepted"] == 3
    assert outcome.err.splitlines() == [
        "Note: 1 label taken for unknown: 'none' 1; write '-' or [] for none of the classes",
        "Note: labels are separated by '/' too, as in 'cocoa/coffee'",
    ]
