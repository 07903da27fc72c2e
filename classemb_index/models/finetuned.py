"""A fine-tuned BERT in a folder as Hugging Face keeps it: asked of texts that are in no pool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatMatrix, blocks
from .devices import resolve_device
from .hub import loading

BATCH = 64  # texts in a forward pass


class FineTuned:
    """A BERT with one sigmoid a class, loaded from a folder.

    Args:
        folder: as `BertClassifier.save` writes it.
        max_length: tokens that it reads of a text.
        device: "auto", "cpu" or "cuda".

    Raises:
        ModelError: it cannot be loaded.
        RequestError: the device is unknown or not there.
    """

    def __init__(self, folder: Path, max_length: int, device: str) -> None:
        self._device = resolve_device(device)
        with loading(str(folder.absolute())):
            from transformers import AutoModelForSequenceClassification, AutoTokenizer

            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, dtype="float32", local_files_only=True
            )
        self._model = self._model.eval().to(self._device)
        self._max_length = min(max_length, int(self._tokenizer.model_max_length))

    def probabilities(self, texts: Sequence[str]) -> FloatMatrix:
        """(len(texts), q) float32 probability of each class."""
        import torch

        found = np.empty((len(texts), self._model.config.num_labels), dtype=np.float32)
        ids = self._tokenizer(list(texts), truncation=True, max_length=self._max_length)[
            "input_ids"
        ]
        by_length = np.argsort([len(own) for own in ids], kind="stable")
        for part in blocks(len(texts), BATCH):
            rows = by_length[part]
            batch = self._tokenizer.pad({"input_ids": [ids[i] for i in rows]}, return_tensors="pt")
            with torch.inference_mode():
                logits = self._model(**batch.to(self._device)).logits
            found[rows] = torch.sigmoid(logits).cpu().numpy()
        return found
