"""An encoder cut in two: the halves together are the whole, and what cannot be cut is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classemb_index import SentenceBertEncoder
from classemb_index.errors import ModelError, RequestError
from classemb_index.models.layers import SplitEncoder, TopLayers
from tests.support.tiny import write_tiny

WORDS = ["apple", "pear", "the", "council", "shall", "adopt"]
TEXTS = ["apple the pear", "council", "shall adopt the apple the council shall adopt", "pear pear"]
MAKES = pytest.mark.parametrize("make", ["BertModel", "MPNetModel"])


def tiny_encoder(folder: Path, make: str = "BertModel", layers: int = 3) -> SentenceBertEncoder:
    name = write_tiny(folder / make, WORDS, make, layers=layers)
    return SentenceBertEncoder(name, device="cpu", precision="float32")


def untrained(split: SplitEncoder) -> TopLayers:
    dim = split.encoder.dim
    return TopLayers(split, np.zeros((1, dim), np.float32), np.zeros(1, np.float32))


@MAKES
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_halves_together_give_the_encoders_embedding(
    tmp_path: Path, make: str, layers: int
) -> None:
    encoder = tiny_encoder(tmp_path, make)
    split = SplitEncoder(encoder, layers, 16)
    given = split.below(TEXTS)
    assert [own.shape for own in given] == [(5, 8), (3, 8), (10, 8), (4, 8)]  # with two marks
    found = untrained(split).embed(given).detach().numpy()
    whole = encoder.encode(TEXTS)
    np.testing.assert_allclose(found, whole, atol=1e-3)  # what lies between is kept in bfloat16
    # rows in another order would be seen
    assert np.abs(found - np.roll(whole, 1, axis=0)).max() > 1e-2


def test_what_lies_below_a_text_hangs_on_no_other_text(tmp_path: Path) -> None:
    split = SplitEncoder(tiny_encoder(tmp_path), 1, 16)
    together = split.below(TEXTS)
    for text, own in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(split.below([text])[0], own)


def test_no_more_tokens_are_read_than_asked_for(tmp_path: Path) -> None:
    split = SplitEncoder(tiny_encoder(tmp_path), 1, 4)
    assert [len(own) for own in split.below(TEXTS)] == [4, 3, 4, 4]


@MAKES
def test_only_the_top_layers_and_the_output_layer_are_trained(tmp_path: Path, make: str) -> None:
    split = SplitEncoder(tiny_encoder(tmp_path, make), 1, 16)
    stack = split.encoder.model[0].auto_model.encoder
    own = sum(x.numel() for x in stack.layer[-1].parameters())
    top = untrained(split)
    assert sum(x.numel() for x in top.parameters()) == own + split.encoder.dim + 1
    assert all(x.requires_grad for x in top.parameters())


def test_training_leaves_the_encoder_as_it_was(tmp_path: Path) -> None:
    import torch

    split = SplitEncoder(tiny_encoder(tmp_path), 2, 16)
    before, top = split.encoder.encode(TEXTS), untrained(split)
    with torch.no_grad():
        for parameter in top.parameters():
            parameter.add_(1)
    np.testing.assert_array_equal(split.encoder.encode(TEXTS), before)


def test_the_logits_are_the_output_layers_on_the_embedding(tmp_path: Path) -> None:
    split = SplitEncoder(tiny_encoder(tmp_path), 1, 16)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(2, 8)).astype(np.float32)
    offsets = np.array([1, -2], dtype=np.float32)
    top, given = TopLayers(split, weights, offsets), split.below(TEXTS)
    expected = top.embed(given).detach().numpy() @ weights.T + offsets
    np.testing.assert_allclose(top.logits(given).detach().numpy(), expected, atol=1e-6)


def test_the_state_makes_the_same_layers_again(tmp_path: Path) -> None:
    import torch

    split = SplitEncoder(tiny_encoder(tmp_path), 2, 16)
    first, second, given = untrained(split), untrained(split), split.below(TEXTS)
    with torch.no_grad():
        for i, parameter in enumerate(first.parameters()):
            parameter.mul_(1 + i / 10).add_(0.1)
    assert not torch.equal(first.logits(given), second.logits(given))
    second.load(first.state())
    assert torch.equal(first.logits(given), second.logits(given))


def test_an_encoder_that_does_not_average_its_tokens_is_refused(tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path)
    encoder.model[1].pooling_mode = "cls"
    with pytest.raises(ModelError) as error:
        SplitEncoder(encoder, 1, 16)
    assert str(error.value) == (
        f"the encoder {encoder.name!r} is no transformer with a list of layers whose tokens are averaged "
        "without a prompt (it has Transformer, Pooling), and 'tuned' trains only such a one; use "
        "--model probe"
    )


def test_more_layers_than_there_are_are_refused(tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path, layers=2)
    with pytest.raises(RequestError) as error:
        SplitEncoder(encoder, 3, 16)
    assert str(error.value) == (
        f"asked for 3 layers to be trained, the encoder {encoder.name!r} has 2; lower --layers"
    )


def test_more_tokens_than_the_index_was_embedded_with_are_refused(tmp_path: Path) -> None:
    name = write_tiny(tmp_path / "tiny", WORDS, "BertModel")
    encoder = SentenceBertEncoder(name, device="cpu", precision="float32", max_length=8)
    with pytest.raises(RequestError) as error:
        SplitEncoder(encoder, 1, 9)
    assert str(error.value) == (
        "asked for 9 tokens, the index was embedded with 8; lower --max-length"
    )
