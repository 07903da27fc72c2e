"""Classes in words: the index's own encoder, and descriptions in place of class names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .drafting import embed_class_names
from .encoder import Encoder, SentenceBertEncoder
from .errors import RequestError, SourceError
from .files import json_file
from .index import EmbeddingIndex
from .types import FloatMatrix


def own_encoder(index: EmbeddingIndex) -> SentenceBertEncoder:
    """The encoder that the index was embedded with, on the index's device.

    Raises:
        RequestError: the index's vectors came without an encoder.
        ModelError: it cannot be had.
        EncoderMismatchError: the model of that name is another one by now.
    """
    info = index.manifest.encoder
    if info.name is None:
        raise RequestError(
            f"the index in {index.folder} has no encoder, its vectors were given, so no text can be "
            "compared with them; build it again with --encoder beside --embeddings"
        )
    encoder = SentenceBertEncoder(info.name, device=index.device, max_length=info.max_length)
    index.check_encoder(encoder)
    return encoder


def described(
    index: EmbeddingIndex, descriptions: Mapping[str, str], encoder: Encoder | None = None
) -> FloatMatrix:
    """(q, dim) float32 embeddings of descriptions, and of the class names where there is none.

    A class that has neither (the index holds no names) is a row of zeros.

    Args:
        index: holds the class names.
        descriptions: class to text.
        encoder: the index's own; None loads it.

    Raises:
        UnknownClassError: a class is not in the pool.
        RequestError: a text is empty, or the index has no encoder.
        EncoderMismatchError: the encoder is another one.
    """
    positions = [index.pool.class_position(name) for name in descriptions]
    if empty := [name for name, text in descriptions.items() if not text.strip()]:
        raise RequestError(f"the description of {empty[0]!r} is empty; say what the class is about")
    known = index.class_names
    names = hidden(index)
    if known is not None:
        names[:] = known
    if positions:
        encoder = encoder or own_encoder(index)
        index.check_encoder(encoder)
        names[positions] = embed_class_names(list(descriptions.values()), encoder)
    return names


def hidden(index: EmbeddingIndex) -> FloatMatrix:
    """(q, dim) zeros: no class has a name."""
    return np.zeros((len(index.pool.classes), index.manifest.dim), dtype=np.float32)


def read_descriptions(path: Path) -> dict[str, str]:
    """The descriptions in a JSON file: {"class": "what it is about", ...}.

    Raises:
        SourceError: the file is missing or is not one JSON object of strings.
    """
    table = json_file(path)
    if not all(isinstance(text, str) for text in table.values()):
        raise SourceError(f'{path} is no description file; it holds {{"class": "text", ...}}')
    return dict(table)
