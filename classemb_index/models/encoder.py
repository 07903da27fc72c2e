"""Sentence-BERT encoders, and the fingerprint that ties an index to one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np

from ..arrays import FloatMatrix
from ..errors import ModelError
from .devices import autocast, resolve_device, resolve_precision
from .hub import hub_answers, loading, model_path, tokenizer_facts, weights_digest

DEFAULT_ENCODER = "sentence-transformers/all-mpnet-base-v2"  # the paper's


class SentenceBertEncoder:
    """A model of sentence-transformers, loaded from the packaged weights, a folder or the hub.

    Args:
        name: "minilm", a local path, or a hub name; the default is the paper's model.
        device: "auto", "cpu" or "cuda".
        precision: "auto" takes bfloat16 autocast where the device computes it natively.
        max_length: tokens to read of a text; None is the model's own limit.
        batch_size: texts in a forward pass.

    Attributes:
        model: the SentenceTransformer.
        lock: held while its tokenizer, which serves one thread at a time, is asked.

    Raises:
        ModelError: the model cannot be had, or reads fewer tokens than `max_length`.
        RequestError: the device or precision is unknown or not there.
    """

    def __init__(
        self,
        name: str = DEFAULT_ENCODER,
        *,
        device: str = "auto",
        precision: str = "auto",
        max_length: int | None = None,
        batch_size: int = 32,
    ) -> None:
        self.name = name
        self.lock = RLock()
        self.device = resolve_device(device)
        self.precision = resolve_precision(precision, self.device)
        self._batch_size = batch_size
        with loading(name):
            from sentence_transformers import SentenceTransformer

            self.model: Any = SentenceTransformer(
                model_path(name), device=self.device, local_files_only=not hub_answers()
            )
        if not hasattr(getattr(self.model, "tokenizer", None), "backend_tokenizer"):
            raise ModelError(
                f"the model {name!r} is no transformer with a fast tokenizer; name a Sentence-BERT model"
            )
        if max_length is not None:
            limit = self._positions()
            if max_length > limit:
                raise ModelError(
                    f"the model {name!r} reads {limit} tokens at most, not {max_length}; "
                    "lower --max-length"
                )
            self.model.max_seq_length = max_length
        self.max_length = int(self.model.max_seq_length)
        self.dim = int(self.model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """(len(texts), dim) float32 of unit length, in the order of the texts."""
        with self.lock, autocast(self.precision, self.device):
            embeddings = self.model.encode(
                list(texts), batch_size=self._batch_size, show_progress_bar=False
            )
        embeddings = np.asarray(embeddings, dtype=np.float32).reshape(len(texts), self.dim)
        # in full precision and here, so that models without a normalising layer serve too; a
        # text without a direction becomes NaN, which a build refuses
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts have more tokens than are read, so that their rest is not seen.

        Counted apart from `encode`, but cheaply: a text with more words than the window has
        tokens is longer, and one that fills it with no character to a byte is not; only the texts
        between are cut into tokens.
        """
        tokenizer: Any = self.model.tokenizer
        own = tokenizer.num_special_tokens_to_add()
        room = self.max_length - own
        # a byte makes one token at most
        unsure = [text for text in texts if len(text.encode(errors="replace")) > room]
        between = [text for text in unsure if len(text.split(None, room)) <= room]
        cut = len(unsure) - len(between)
        if between:
            with self.lock:
                counted = tokenizer(between, add_special_tokens=False, verbose=False)
            cut += sum(len(ids) > room for ids in counted["input_ids"])
        return cut

    @property
    def prompt(self) -> str:
        """What every text is read after; "" for nothing."""
        return self.model.prompts.get(self.model.default_prompt_name) or ""

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over weights, tokenizer, pooling and maximum length; not device or precision."""
        modules: list[dict[str, Any]] = [
            {"module": type(m).__name__, "settings": getattr(m, "get_config_dict", dict)()}
            for m in self.model
        ]
        tokenizer = tokenizer_facts(self.model.tokenizer)
        prompts = [self.model.prompts, self.model.default_prompt_name]
        parts = [tokenizer, modules, prompts, self.max_length]
        settings = json.dumps(parts, sort_keys=True, default=str)
        digest = hashlib.sha256(weights_digest(self.model.state_dict()).encode())
        digest.update(settings.encode())
        return digest.hexdigest()

    def _positions(self) -> int:
        model = getattr(self.model[0], "auto_model", None)
        positions = getattr(getattr(model, "config", None), "max_position_embeddings", None)
        if positions is None:
            return int(self.model.max_seq_length)
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        # MPNet and RoBERTa count a text's positions from the one after the padding's
        return int(positions) - (0 if padding is None else padding + 1)
