"""EmbeddingIndex: what is built comes back, and what does not fit is refused at the door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.errors import EncoderMismatchError, IndexDamagedError, RequestError, SourceError
from classemb_index.index.build import CHUNK
from classemb_index.index.given import BLOCK
from classemb_index.pool.documents import write_documents
from tests.support.fakes import HashEncoder, KnownEncoder
from tests.support.folders import age, drop, manifest_of, reseal
from tests.support.watchers import Recorder

RECORDS = [
    Record("x", "one", ("b", "a"), "train"),
    Record("číslo/2; [y]", "«два» 漢字\n👩‍🔬", (), "dev"),
    Record("z", "three", None, None),
    Record("w", "four", ("a",), "test"),
]


class NanEncoder(HashEncoder):
    """An encoder that fails on one text, as half precision may."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = super().encode(texts)
        vectors[[text.startswith("bad") for text in texts]] = np.nan
        return vectors


@pytest.fixture
def pool() -> Pool:
    """Four documents in every state of knowledge, two classes."""
    return Pool.from_records(
        RECORDS, name="four", source="by hand", classes={"frequent": ["a"], "rare": ["b"]}
    )


@pytest.fixture
def index(pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    """The four documents along the axes of two dimensions."""
    vectors = np.array([[3, 0], [0, 1], [-2, 0], [0, -5]], dtype=np.float32)
    return EmbeddingIndex.build(pool, None, tmp_path / "four", embeddings=vectors)


def test_a_pool_comes_back_from_its_index_as_it_was(index: EmbeddingIndex) -> None:
    pool = EmbeddingIndex.open(index.folder).pool
    assert (pool.name, pool.source) == ("four", "by hand")
    assert list(pool.ids) == [record.id for record in RECORDS]
    assert list(pool.texts) == [record.text for record in RECORDS]
    assert pool.classes == ("a", "b")
    assert pool.labels.tolist() == [[True, True], [False, False], [False, False], [True, False]]
    assert pool.is_known.tolist() == [True, True, False, True]
    assert pool.splits.tolist() == ["train", "dev", "", "test"]
    assert pool.groups == {"frequent": ("a",), "rare": ("b",)}


def test_no_labels_and_unknown_labels_stay_apart_on_disk(index: EmbeddingIndex) -> None:
    table = pq.read_table(index.path_of("documents.parquet"))
    assert table["labels"].to_pylist() == [["a", "b"], [], None, ["a"]]
    assert table["split"].to_pylist() == ["train", "dev", None, "test"]


def test_a_class_that_no_document_has_comes_back_too(tmp_path: Path) -> None:
    pool = Pool.from_records(RECORDS, classes={"frequent": ["a"], "rare": ["b", "gone"]})
    vectors = np.ones((4, 2), np.float32)
    index = EmbeddingIndex.build(pool, None, tmp_path / "four", embeddings=vectors)
    assert index.pool.classes == ("a", "b", "gone")
    assert index.pool.labels.shape == (4, 3)


def test_a_pool_in_which_no_label_is_known_comes_back(tmp_path: Path) -> None:
    pool = Pool.from_records([Record("x", "one", None, None), Record("y", "two", None, None)])
    index = EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "two")
    assert index.pool.classes == ()
    assert index.pool.is_known.tolist() == [False, False]


def test_an_encoder_embeds_every_document_in_the_order_of_the_pool(
    pool: Pool, tmp_path: Path
) -> None:
    encoder = HashEncoder(dim=5)
    index = EmbeddingIndex.build(pool, encoder, str(tmp_path / "four"))
    expected = HashEncoder(dim=5).encode([record.text for record in RECORDS])
    assert index.embeddings().dtype == np.float32
    np.testing.assert_array_equal(index.embeddings(), expected)
    np.testing.assert_array_equal(index.embeddings(np.array([3, 0])), expected[[3, 0]])
    assert encoder.calls == 2  # the documents, and the class names


def test_the_manifest_says_what_the_index_is_made_of(pool: Pool, tmp_path: Path) -> None:
    paper = {"table": "Table 2", "proximity": {"100": [1, 0]}}
    EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "four", "exact", paper=paper)
    manifest = EmbeddingIndex.open(tmp_path / "four").manifest
    assert (manifest.n, manifest.dim, manifest.dtype) == (4, 8, "float32")
    assert (manifest.backend, manifest.paper) == ("exact", paper)
    assert vars(manifest.encoder) == {
        "name": "hash",
        "fingerprint": "hash-8-",
        "max_length": 16,
        "precision": "float32",
    }


def test_progress_rises_from_nothing_to_every_document(tmp_path: Path) -> None:
    n = CHUNK + 1
    pool = Pool.from_records(Record(str(i), "text", None, None) for i in range(n))
    told = Recorder()
    EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "n", watch=told)
    assert told.counts == [(0, n), (CHUNK, n), (n, n)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_given_vectors_are_scaled_to_unit_length(pool: Pool, tmp_path: Path, dtype: str) -> None:
    vectors = np.array([[3, 4], [0, 0.5], [-8, 6], [100, 0]], dtype=dtype)
    index = EmbeddingIndex.build(pool, None, tmp_path / "four", embeddings=vectors)
    stored = np.load(index.path_of("vectors.npy"))
    assert stored.dtype == (np.float16 if dtype == np.float16 else np.float32)
    assert index.embeddings().dtype == np.float32
    expected = [[0.6, 0.8], [0, 1], [-0.8, 0.6], [1, 0]]
    tolerance = 1e-3 if dtype == np.float16 else 1e-6
    np.testing.assert_allclose(index.embeddings(), expected, atol=tolerance)
    assert index.verify()[1] == "4 documents with unique ids, one for each vector"


def test_given_vectors_in_columns_order_stay_row_for_row(pool: Pool, tmp_path: Path) -> None:
    vectors = np.asfortranarray(np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32))
    index = EmbeddingIndex.build(pool, None, tmp_path / "four", embeddings=vectors)
    np.testing.assert_array_equal(index.embeddings(), vectors)


def test_an_encoder_beside_given_vectors_is_recorded_and_embeds_the_class_names(
    pool: Pool, tmp_path: Path
) -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    encoder = KnownEncoder([record.text for record in RECORDS], vectors)
    index = EmbeddingIndex.build(pool, encoder, tmp_path / "four", embeddings=vectors)
    assert encoder.texts == [*(record.text for record in RECORDS), "a", "b"]
    assert index.manifest.encoder.fingerprint == "hash-2-"
    assert index.manifest.encoder.precision is None
    index.check_encoder(HashEncoder(dim=2))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (
            np.ones((3, 2), np.float32),
            "there are 3 embeddings and 4 documents; they must stand row for row",
        ),
        (
            np.ones(4, np.float32),
            "embeddings have shape (4,) and type float32; "
            "they are a matrix (documents, dimensions) of floats",
        ),
        (
            np.ones((4, 2), np.int64),
            "embeddings have shape (4, 2) and type int64; "
            "they are a matrix (documents, dimensions) of floats",
        ),
        (
            np.array([[1, 0], [0, 1], [0, 0], [0, 1]], np.float32),
            "the given vector of row 2 is zero, so it has no direction; "
            "embed that document again, or leave it out",
        ),
        (
            np.array([[1, 0], [0, np.nan], [0, 0], [0, 1]], np.float32),
            "the given vector of row 1 holds NaN or infinity, so it has no direction; "
            "embed that document again, or leave it out",
        ),
        (
            np.array([[1, 0], [0, 1], [1, 0], [-np.inf, 1]], np.float16),
            "the given vector of row 3 holds NaN or infinity, so it has no direction; "
            "embed that document again, or leave it out",
        ),
    ],
)
def test_given_vectors_that_do_not_fit_are_refused_and_nothing_is_left(
    pool: Pool, tmp_path: Path, vectors: np.ndarray, message: str
) -> None:
    with pytest.raises(SourceError) as error:
        EmbeddingIndex.build(pool, None, tmp_path / "four", embeddings=vectors)
    assert str(error.value) == message
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_vector_is_named_by_its_row_in_the_whole_file(tmp_path: Path) -> None:
    n = BLOCK + 3
    pool = Pool.from_records(Record(str(i), "text", None, None) for i in range(n))
    vectors = np.ones((n, 2), np.float32)
    vectors[BLOCK + 1] = 0
    with pytest.raises(SourceError, match=f"the given vector of row {BLOCK + 1} is zero"):
        EmbeddingIndex.build(pool, None, tmp_path / "n", embeddings=vectors)


def test_given_vectors_of_another_dimension_than_the_encoders_are_refused(
    pool: Pool, tmp_path: Path
) -> None:
    vectors = np.ones((4, 2), np.float32)
    with pytest.raises(SourceError) as error:
        EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "four", embeddings=vectors)
    assert str(error.value) == (
        "the embeddings have 2 dimensions, the encoder 'hash' has 8; name the model that made them"
    )


def test_an_encoder_that_gives_nan_is_refused_with_the_rows(tmp_path: Path) -> None:
    texts = ["good"] * CHUNK + ["good", "bad"]
    pool = Pool.from_records(Record(str(i), text, None, None) for i, text in enumerate(texts))
    with pytest.raises(SourceError) as error:
        EmbeddingIndex.build(pool, NanEncoder(), tmp_path / "n")
    assert str(error.value) == (
        f"the encoder 'hash' gave NaN for a document of rows {CHUNK} to {CHUNK + 1}; "
        "try --precision float32"
    )
    assert not (tmp_path / "n" / "manifest.json").exists()


def test_an_index_is_made_of_something(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as error:
        EmbeddingIndex.build(pool, None, tmp_path / "four")
    assert str(error.value) == "an index needs an encoder or embeddings; give one of them"


def test_an_unknown_backend_or_device_is_refused_before_anything_is_encoded(
    pool: Pool, tmp_path: Path
) -> None:
    encoder = HashEncoder()
    with pytest.raises(RequestError) as error:
        EmbeddingIndex.build(pool, encoder, tmp_path / "four", "annoy")
    assert str(error.value) == "no backend 'annoy'; there are auto, flat, exact"
    with pytest.raises(RequestError) as error:
        EmbeddingIndex.build(pool, encoder, tmp_path / "four", device="tpu")
    assert str(error.value) == "no device 'tpu'; there are auto, cpu, cuda"
    assert encoder.calls == 0
    assert list(tmp_path.iterdir()) == []


def test_an_index_is_not_opened_for_an_unknown_device(index: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        EmbeddingIndex.open(index.folder, device="tpu")
    assert str(error.value) == "no device 'tpu'; there are auto, cpu, cuda"


@pytest.mark.parametrize("length", [1e-6, 1, 1e6])
def test_the_length_of_a_query_does_not_matter(index: EmbeddingIndex, length: float) -> None:
    found = index.search(np.array([[length, 0]]), 2)
    assert found.rows.tolist() == [[0, 1]]  # 1 and 3 tie at 0
    np.testing.assert_allclose(found.scores, [[1, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (np.ones(2), "queries have shape (2,), the index needs (m, 2)"),
        (np.ones((1, 3)), "queries have shape (1, 3), the index needs (m, 2)"),
        (np.zeros((1, 2)), "a query vector is zero or not finite, so it has no direction"),
        (
            np.array([[1, 0], [np.nan, 1]]),
            "a query vector is zero or not finite, so it has no direction",
        ),
        (
            np.array([[np.inf, 0]]),
            "a query vector is zero or not finite, so it has no direction",
        ),
    ],
)
def test_a_query_that_has_no_direction_here_is_refused(
    index: EmbeddingIndex, queries: np.ndarray, message: str
) -> None:
    with pytest.raises(RequestError) as error:
        index.search(queries, 1)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("k", "among", "message"),
    [
        (5, None, "asked for 5 neighbours, 4 documents are left to search; lower --top-k"),
        (0, None, "asked for 0 neighbours, 4 documents are left to search; lower --top-k"),
        (
            3,
            np.array([True, False, True, False]),
            "asked for 3 neighbours, 2 documents are left to search; lower --top-k",
        ),
        (
            1,
            np.zeros(4, dtype=bool),
            "asked for 1 neighbours, 0 documents are left to search; lower --top-k",
        ),
        (1, np.ones(3, dtype=bool), "`among` is a bool mask over the 4 rows of the index"),
        (1, np.arange(4), "`among` is a bool mask over the 4 rows of the index"),
    ],
)
def test_more_neighbours_than_there_are_rows_allowed_are_refused(
    index: EmbeddingIndex, k: int, among: np.ndarray | None, message: str
) -> None:
    with pytest.raises(RequestError) as error:
        index.search(np.ones((1, 2)), k, among)
    assert str(error.value) == message


def test_another_encoder_than_the_indexs_is_refused(pool: Pool, tmp_path: Path) -> None:
    index = EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "four")
    index.check_encoder(HashEncoder())
    with pytest.raises(EncoderMismatchError) as error:
        index.check_encoder(HashEncoder(salt="tuned"))
    assert str(error.value) == (
        f"the index in {index.folder} was embedded with 'hash' (max length 16), not with 'hash' "
        "(max length 16) as it is here; use that encoder, or build again"
    )


def test_an_index_without_an_encoder_answers_to_none(index: EmbeddingIndex) -> None:
    with pytest.raises(EncoderMismatchError) as error:
        index.check_encoder(HashEncoder())
    assert str(error.value) == (
        f"the index in {index.folder} was embedded with no known encoder, not with 'hash' "
        "(max length 16) as it is here; use that encoder, or build again"
    )


def test_verify_says_what_it_has_checked(index: EmbeddingIndex) -> None:
    assert index.verify() == [
        "3 files have the bytes and sha256 of the manifest",
        "4 documents with unique ids, one for each vector",
        "all vectors have unit length (within 0.0e+00)",
    ]


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_verify_finds_a_vector_that_is_not_of_unit_length(
    index: EmbeddingIndex, value: float
) -> None:
    vectors = np.load(index.path_of("vectors.npy"))
    vectors[2] = value
    np.save(index.path_of("vectors.npy"), vectors)
    reseal(index.folder, "vectors.npy")
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(index.folder).verify()
    assert str(error.value) == (
        f"the index in {index.folder} is damaged: a vector is not of unit length; build it again"
    )


def test_verify_finds_documents_that_are_not_row_for_row(index: EmbeddingIndex) -> None:
    path = index.path_of("documents.parquet")
    write_documents(path, RECORDS[:3])
    reseal(index.folder, "documents.parquet")
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(index.folder).verify()
    assert str(error.value) == (
        f"the index in {index.folder} is damaged: {path.name} does not hold 4 documents "
        "with unique ids; build it again"
    )


ANGLES = np.radians(np.arange(30) * 6)  # half a circle of documents


@pytest.fixture
def half_circle(tmp_path: Path) -> EmbeddingIndex:
    """Thirty documents on half a circle, every third of them in the test split; two classes."""
    records = [
        Record(f"d{i}", f"text {i}", ("a",) if i < 9 else (), "test" if i % 3 == 2 else "train")
        for i in range(30)
    ]
    pool = Pool.from_records(records, classes={"frequent": ["a"], "rare": ["unheard of"]})
    vectors = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
    encoder = KnownEncoder([record.text for record in records], vectors)
    return EmbeddingIndex.build(pool, encoder, tmp_path / "half", "exact", embeddings=vectors)


def test_class_names_are_embedded_as_texts_by_the_indexs_own_encoder(
    half_circle: EmbeddingIndex,
) -> None:
    expected = HashEncoder(dim=2).encode(["a", "unheard of"])
    assert half_circle.name_vectors.dtype == np.float32
    np.testing.assert_array_equal(half_circle.name_vectors, expected)
    np.testing.assert_array_equal(np.load(half_circle.path_of("class_names.npy")), expected)


def test_name_feedback_is_the_mean_of_the_three_selectable_documents_nearest_to_a_name(
    half_circle: EmbeddingIndex,
) -> None:
    found = half_circle.name_feedback
    assert found.shape == (2, 2) and found.dtype == np.float32
    np.testing.assert_array_equal(np.load(half_circle.path_of("name_feedback.npy")), found)
    for name, mean in zip(HashEncoder(dim=2).encode(["a", "unheard of"]), found, strict=True):
        train = [i for i in range(30) if i % 3 != 2]
        angle = np.arctan2(name[1], name[0])
        nearest = sorted(train, key=lambda i: -np.cos(ANGLES[i] - angle))[:3]
        x = sum(np.cos(ANGLES[i]) for i in nearest) / 3
        y = sum(np.sin(ANGLES[i]) for i in nearest) / 3
        np.testing.assert_allclose(mean, [x, y], atol=1e-6)


def test_feedback_of_a_row_of_zeros_is_zero_and_of_others_their_own(
    half_circle: EmbeddingIndex,
) -> None:
    # nearest to the first document are 0, 1 and 3: 2 is of the test split
    found = half_circle.feedback(np.array([[0, 0], [1, 0]], dtype=np.float32))
    near = ANGLES[[0, 1, 3]]
    np.testing.assert_allclose(
        found, [[0, 0], [np.cos(near).mean(), np.sin(near).mean()]], atol=1e-6
    )


def test_feedback_in_a_pool_of_fewer_than_three_is_the_mean_of_all(index: EmbeddingIndex) -> None:
    # selectable are x at (1, 0) and z at (-1, 0)
    found = index.feedback(np.array([[0, 1], [1, 0]], dtype=np.float32))
    np.testing.assert_allclose(found, [[0, 0], [0, 0]], atol=1e-6)


def test_a_pool_without_a_document_to_search_has_no_mean_and_no_feedback(tmp_path: Path) -> None:
    pool = Pool.from_records([Record("x", "one", ("a",), "test")])
    vectors = np.ones((1, 2), np.float32)
    encoder = KnownEncoder(["one"], vectors)
    index = EmbeddingIndex.build(pool, encoder, tmp_path / "x", embeddings=vectors)
    assert index.name_feedback.tolist() == [[0, 0]]
    assert index.mean.tolist() == [0, 0]


def test_the_mean_is_that_of_the_selectable_documents_and_stands_in_the_manifest(
    half_circle: EmbeddingIndex,
) -> None:
    train = ANGLES[[i for i in range(30) if i % 3 != 2]]
    expected = [np.cos(train).mean(), np.sin(train).mean()]
    assert half_circle.mean.dtype == np.float32
    np.testing.assert_allclose(half_circle.mean, expected, atol=1e-6)
    stored = manifest_of(half_circle.folder)["mean"]
    np.testing.assert_array_equal(np.array(stored, np.float32), half_circle.mean)


def test_vectors_without_an_encoder_come_without_class_names(index: EmbeddingIndex) -> None:
    assert (index.name_vectors, index.name_feedback) == (None, None)
    assert set(index.manifest.files) == {"vectors.npy", "documents.parquet", "text_hashes.npy"}
    np.testing.assert_allclose(index.mean, [0, 0], atol=1e-7)  # of (1, 0) and (-1, 0)


def test_an_index_of_a_pool_without_classes_has_no_class_names(tmp_path: Path) -> None:
    pool = Pool.from_records([Record("x", "one", None, None)])
    index = EmbeddingIndex.build(pool, HashEncoder(), tmp_path / "x")
    assert index.name_vectors is None
    assert set(index.manifest.files) == {"vectors.npy", "documents.parquet", "text_hashes.npy"}


def test_an_encoder_that_gives_nan_for_a_class_name_is_refused(tmp_path: Path) -> None:
    pool = Pool.from_records([Record("x", "one", ("bad weather",), None)])
    with pytest.raises(SourceError) as error:
        EmbeddingIndex.build(pool, NanEncoder(), tmp_path / "x")
    assert str(error.value) == (
        "the encoder 'hash' gave NaN for a class name; try --precision float32"
    )
    assert not (tmp_path / "x" / "manifest.json").exists()


def test_an_index_of_schema_1_opens_without_class_names_and_computes_its_mean(
    half_circle: EmbeddingIndex,
) -> None:
    age(half_circle.folder, 1)
    old = EmbeddingIndex.open(half_circle.folder)
    assert (old.manifest.schema_version, old.manifest.mean) == (1, ())
    assert (old.name_vectors, old.name_feedback) == (None, None)
    np.testing.assert_array_equal(old.mean, half_circle.mean)
    assert old.verify()[0] == "2 files have the bytes and sha256 of the manifest"
    queries = np.array([[1, 0]], dtype=np.float32)
    np.testing.assert_array_equal(old.feedback(queries), half_circle.feedback(queries))


def test_feedback_that_an_index_does_not_hold_is_computed(half_circle: EmbeddingIndex) -> None:
    folder, expected = half_circle.folder, half_circle.name_feedback
    drop(folder, "name_feedback.npy")
    np.testing.assert_array_equal(EmbeddingIndex.open(folder).name_feedback, expected)


@pytest.mark.parametrize("name", ["class_names", "name_feedback"])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (4,)])
def test_class_names_of_another_shape_are_damage(
    half_circle: EmbeddingIndex, name: str, shape: tuple[int, ...]
) -> None:
    folder = half_circle.folder
    path = half_circle.path_of(f"{name}.npy")
    np.save(path, np.ones(shape, np.float32))
    reseal(folder, f"{name}.npy")
    with pytest.raises(IndexDamagedError) as error:
        getattr(EmbeddingIndex.open(folder), name)
    assert str(error.value) == (
        f"the index in {folder} is damaged: {path.name} does not hold a vector for each class; "
        "build it again"
    )


def test_class_names_that_cannot_be_read_are_damage(half_circle: EmbeddingIndex) -> None:
    folder = half_circle.folder
    path = half_circle.path_of("class_names.npy")
    path.write_bytes(b"no array")
    reseal(folder, "class_names.npy")
    with pytest.raises(IndexDamagedError) as error:
        EmbeddingIndex.open(folder).name_vectors  # noqa: B018
    assert str(error.value) == (
        f"the index in {folder} is damaged: {path.name} cannot be read; build it again"
    )
