"""Surprisal of texts by a masked language model (ALPS)."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, blocks, unit
from ..errors import ModelError
from .contracts import MaskedLM
from .devices import autocast, resolve_device, resolve_precision
from .hub import hub_answers, loading, model_path, tokenizer_facts, weights_digest

DEFAULT_MASKED_LM = "bert-base-uncased"  # the paper's classifier, before fine-tuning
LENGTH = 128  # tokens that are read of a text
SHARE = 0.15  # of the tokens that are sampled
SEED = 0  # of the sample; one for all runs, so that a pool is read once


class MaskedLanguageModel:
    """A pre-trained transformer with a masked-LM head, as it comes, never fine-tuned.

    Args:
        name: a hub name or a local path; the default is the paper's BERT.
        device: "auto", "cpu" or "cuda".
        precision: "auto" takes bfloat16 autocast where the device computes it natively;
            the head and the cross-entropy are float32 in any case.
        batch_size: texts in a forward pass.

    Raises:
        ModelError: the model cannot be had, or has no masked-LM head.
        RequestError: the device or precision is unknown or not there.
    """

    def __init__(
        self,
        name: str = DEFAULT_MASKED_LM,
        *,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int = 32,
    ) -> None:
        self.name = name
        self.device = resolve_device(device)
        self.precision = resolve_precision(precision, self.device)
        self._batch_size = batch_size
        with loading(name, "alps needs a masked language model: --masked-lm NAME|PATH"):
            from transformers import AutoModelForMaskedLM, AutoTokenizer

            offline = not hub_answers()
            path = model_path(name)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=offline)
            model, report = AutoModelForMaskedLM.from_pretrained(
                path, local_files_only=offline, dtype="float32", output_loading_info=True
            )
        if report["missing_keys"]:
            raise ModelError(
                f"the model {name!r} has no masked-LM head, so it has no surprisal; alps needs a masked "
                "language model such as bert-base-uncased: --masked-lm NAME|PATH"
            )
        self._model: Any = model.to(self.device).eval()

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over weights and tokenizer: models with the same one give the same surprisal."""
        parts = [weights_digest(self._model.state_dict()), tokenizer_facts(self._tokenizer)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def surprisal(
        self, texts: Sequence[str], seed: int = SEED, share: float = SHARE
    ) -> FloatMatrix:
        """Cross-entropy of the sampled tokens of each text, in nats.

        The model reads the whole text, nothing masked. Each token that is neither special
        nor padding is sampled with the same probability, by a generator of the text's own.

        Args:
            texts: any number; what is beyond 128 tokens is cut.
            seed: of the sample.
            share: the probability of a token to be in it.

        Returns:
            (len(texts), 128) float32; 0 where a token is not sampled.
        """
        import torch

        surprisal = np.zeros((len(texts), LENGTH), dtype=np.float32)
        if not len(texts):  # which a tokenizer does not take
            return surprisal
        tokens = self._tokenizer(
            list(texts), truncation=True, max_length=LENGTH, return_special_tokens_mask=True
        )
        ids = tokens["input_ids"]
        by_length = np.argsort([len(x) for x in ids], kind="stable")
        for part in blocks(len(texts), self._batch_size):
            places = by_length[part]
            batch = self._tokenizer.pad(
                {"input_ids": [ids[i] for i in places]}, return_tensors="pt"
            )
            sampled = np.zeros(batch["input_ids"].shape, dtype=bool)
            for line, i in enumerate(places):
                special = np.array(tokens["special_tokens_mask"][i], dtype=bool)
                sampled[line, : len(special)] = (
                    _sample(texts[i], len(special), seed, share) & ~special
                )
            with torch.inference_mode():
                losses = self._cross_entropy(batch.to(self.device), torch.as_tensor(sampled))
            lines, columns = np.nonzero(sampled)
            surprisal[places[lines], columns] = losses.cpu().numpy()
        return surprisal

    def _cross_entropy(self, batch: Any, sampled: Any) -> Any:
        """(number sampled,) cross-entropy of the true tokens there, line by line."""
        import torch

        sampled = sampled.to(self.device)
        model = self._model
        head = getattr(model, "cls", None) or getattr(model, "lm_head", None)
        with autocast(self.precision, self.device):
            if head is None:  # a model whose head is in several parts
                scores = model(**batch).logits[sampled]
            else:
                hidden = model.base_model(**batch)[0][sampled]
        if head is not None:
            scores = head(hidden.float())  # only where it is asked: most of the time is the head's
        truth = batch["input_ids"][sampled]
        return torch.nn.functional.cross_entropy(scores.float(), truth, reduction="none")


def surprisal_embeddings(
    texts: Sequence[str], masked_lm: MaskedLM, seed: int = SEED
) -> FloatMatrix:
    """ALPS's surprisal embeddings (Yuan, Lin, Boyd-Graber, EMNLP 2020): surprisal, scaled to length 1.

    Args:
        texts: any number.
        masked_lm: pre-trained, not fine-tuned.
        seed: of the sample of tokens.

    Returns:
        (len(texts), 128) float32 of unit length; zero for a text of which no token is sampled.
    """
    return unit(masked_lm.surprisal(texts, seed))


def _sample(text: str, length: int, seed: int, share: float) -> np.ndarray:
    """(length,) True for sampled tokens, the same for the same text and seed."""
    rng = np.random.default_rng([seed, zlib.crc32(text.encode())])
    return rng.random(length) < share
