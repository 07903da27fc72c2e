"""Classes in words: groups, descriptions in place of names, the index's own encoder, description files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classemb_index import ClassembError, EmbeddingIndex, Pool, Record
from classemb_index.arrays import unit
from classemb_index.errors import EncoderMismatchError, RequestError, SourceError, UnknownClassError
from classemb_index.labels.labelled import nothing_labelled
from classemb_index.queries.classes import (
    class_groups,
    described,
    hidden,
    listed,
    read_descriptions,
    resolve_classes,
)
from classemb_index.queries.methods import expanded
from classemb_index.queries.names import class_heads, described_direction, name_prior
from tests.support.fakes import HashEncoder, NamedEncoder

RECORDS = [
    Record("x", "one", ("a",), None),
    Record("y", "two", ("b", "c"), None),
]


class TunedEncoder(NamedEncoder):
    """Another model under the same name."""

    fingerprint = "tuned"


@pytest.fixture
def index(tmp_path: Path) -> EmbeddingIndex:
    """Three classes, whose names are embedded."""
    return EmbeddingIndex.build(Pool.from_records(RECORDS), HashEncoder(), tmp_path / "named")


@pytest.fixture
def nameless(tmp_path: Path) -> EmbeddingIndex:
    """The same with vectors that were given."""
    pool, vectors = Pool.from_records(RECORDS), np.eye(2, 8, dtype=np.float32)
    return EmbeddingIndex.build(pool, None, tmp_path / "nameless", embeddings=vectors)


def test_a_description_takes_the_place_of_its_classs_name_alone(index: EmbeddingIndex) -> None:
    found = described(index, {"c": "about sea", "a": "about air"}, HashEncoder())
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, HashEncoder().encode(["about air", "b", "about sea"]))


def test_descriptions_leave_the_indexs_own_names_as_they_are(index: EmbeddingIndex) -> None:
    described(index, {"a": "about air"}, HashEncoder())[:] = 9
    np.testing.assert_array_equal(index.name_vectors, HashEncoder().encode(["a", "b", "c"]))


def test_without_descriptions_the_names_are_the_indexs_and_nothing_is_loaded(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("classemb_index.index.index.SentenceBertEncoder")
    np.testing.assert_array_equal(described(index, {}), index.name_vectors)


def test_a_class_without_name_and_description_is_a_row_of_zeros(nameless: EmbeddingIndex) -> None:
    assert described(nameless, {}).tolist() == [[0] * 8] * 3


def test_hidden_names_are_rows_of_zeros(index: EmbeddingIndex) -> None:
    found = hidden(index)
    assert found.dtype == np.float32 and found.tolist() == [[0] * 8] * 3


def test_descriptions_are_embedded_by_the_indexs_own_encoder_on_its_device(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def load(name: str, *, device: str, max_length: int | None, precision: str) -> NamedEncoder:
        asked.append((name, device, max_length, precision))
        return NamedEncoder(name, device=device, max_length=max_length)

    monkeypatch.setattr("classemb_index.index.index.SentenceBertEncoder", load)
    opened = EmbeddingIndex.open(index.folder, device="cpu")
    found = described(opened, {"b": "about birds"})
    np.testing.assert_array_equal(found, HashEncoder().encode(["a", "about birds", "c"]))
    assert asked == [("hash", "cpu", 16, "auto")]
    assert isinstance(opened.load_encoder(), NamedEncoder)


def test_an_unknown_class_is_refused_with_the_choices(index: EmbeddingIndex) -> None:
    with pytest.raises(UnknownClassError) as error:
        described(index, {"a": "about air", "d": "about dams"}, HashEncoder())
    assert str(error.value) == "no class 'd'; the pool has: a, b, c"


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_description_is_refused(index: EmbeddingIndex, text: str) -> None:
    with pytest.raises(RequestError) as error:
        described(index, {"a": "about air", "b": text}, HashEncoder())
    assert str(error.value) == "the description of 'b' is empty; say what the class is about"


def test_an_index_without_an_encoder_takes_no_description(nameless: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        described(nameless, {"a": "about air"})
    assert str(error.value) == (
        f"the index in {nameless.folder} has no encoder, its vectors were given, so no text can be "
        "compared with them; build it again with --encoder beside --embeddings"
    )


def test_another_model_of_the_encoders_name_is_refused(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classemb_index.index.index.SentenceBertEncoder", TunedEncoder)
    with pytest.raises(EncoderMismatchError) as error:
        described(index, {"a": "about air"})
    assert str(error.value) == (
        f"the index in {index.folder} was embedded with 'hash' (max length 16), not with 'hash' "
        "(max length 16) as it is here; use that encoder, or build again"
    )


def test_another_encoder_than_the_indexs_is_refused(index: EmbeddingIndex) -> None:
    with pytest.raises(EncoderMismatchError) as error:
        described(index, {"a": "about air"}, HashEncoder(salt="other"))
    assert str(error.value) == (
        f"the index in {index.folder} was embedded with 'hash' (max length 16), not with 'hash' "
        "(max length 16) as it is here; use that encoder, or build again"
    )


def test_a_description_file_gives_a_text_for_each_class(tmp_path: Path) -> None:
    path = tmp_path / "descriptions.json"
    path.write_text('{"b": "über Vögel", "a": ""}', encoding="utf-8")
    assert read_descriptions(path) == {"b": "über Vögel", "a": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"a": "about air", "b": 3}',
            '{path} is no description file; it holds {"class": "text", ...}',
        ),
        (
            '{"a": ["about", "air"]}',
            '{path} is no description file; it holds {"class": "text", ...}',
        ),
        ('["a"]', "{path} is a JSON list, not an object"),
        ('{"a": "about', "{path} is not JSON (Unterminated string starting at: column 7)"),
    ],
)
def test_a_wrong_description_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "descriptions.json"
    path.write_text(content)
    with pytest.raises(SourceError) as error:
        read_descriptions(path)
    assert str(error.value) == message.replace("{path}", str(path))


def test_a_description_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassembError) as error:
        read_descriptions(tmp_path / "absent.json")
    assert str(error.value) == f"there is no file {tmp_path / 'absent.json'}"


def test_a_class_that_is_called_rare_is_not_the_group_of_rare_classes() -> None:
    labels = [("common",), ("common", "rare"), ("other",), ("rare",), ("common", "rare", "other")]
    pool = Pool.from_records(
        [Record(f"d{i}", "text", own, "train") for i, own in enumerate(labels)]
    )
    groups, note = class_groups(pool)
    assert pool.classes == ("common", "other", "rare")
    assert groups == {"rare": [1], "frequent": [0, 2], "all": [0, 1, 2]}
    assert note == (
        "no rare group is declared: taken are the classes with the fewest labelled documents, other"
    )


def test_a_note_names_twenty_classes_and_says_how_many_more_there_are() -> None:
    names = [f"c{i:02}" for i in range(50)]
    pool = Pool.from_records([Record("d", "text", tuple(names), "train")])
    positions, note = resolve_classes(pool, ["rare"], np.arange(50))
    assert positions == list(range(25))
    assert note == (
        "no rare group is declared: taken are the classes with the fewest labelled documents, "
        f"{', '.join(names[:20])} and 5 more"
    )


def test_up_to_twenty_names_are_listed_whole() -> None:
    names = [f"c{i}" for i in range(21)]
    assert listed(names[:1]) == "c0"
    assert listed(names[:20]) == ", ".join(names[:20])
    assert listed(names) == f"{', '.join(names[:20])} and 1 more"


def test_a_description_s_direction_is_what_a_class_of_it_is_searched_by(
    index: EmbeddingIndex,
) -> None:
    direction = described_direction(index, HashEncoder(), " about sea\n")
    words = described(index, {"c": "about sea"}, HashEncoder())
    heads = class_heads(index, nothing_labelled(index.pool), name_prior(index, words))
    by_head = heads.weights[2] / np.linalg.norm(heads.weights[2])
    np.testing.assert_allclose(direction, by_head, atol=1e-6)


def test_a_description_s_direction_needs_words_and_the_index_s_encoder(
    index: EmbeddingIndex,
) -> None:
    with pytest.raises(RequestError, match=r"^the description is empty; say what the class is"):
        described_direction(index, HashEncoder(), " \n")
    with pytest.raises(EncoderMismatchError):
        described_direction(index, HashEncoder(salt="other"), "about sea")


def test_a_description_s_nearest_documents_are_those_of_the_index(tmp_path: Path) -> None:
    encoder, texts = HashEncoder(dim=6), [f"text {i}" for i in range(50)]
    pool = Pool.from_records([Record(text, text, None, None) for text in texts], classes=["a"])
    index = EmbeddingIndex.build(pool, encoder, tmp_path / "many")
    words = encoder.encode(["about sea"])
    expected = unit(expanded(words, index.feedback(words), index.mean))[0]
    np.testing.assert_allclose(
        described_direction(index, encoder, "about sea"), expected, atol=1e-6
    )
