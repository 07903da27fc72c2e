"""An encoder's trained top layers in a model's folder: asked of texts that are in no pool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..arrays import FloatMatrix, blocks
from .encoder import SentenceBertEncoder
from .layers import SplitEncoder, TopLayers

BATCH = 32  # texts whose activations are held at once


class TunedTop:
    """The top layers and the output layer that `TunedClassifier.save` wrote.

    Args:
        path: of the file.
        encoder: the one that they were trained on top of.
        layers: how many.
        max_length: tokens that are read of a text.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(
        self, path: Path, encoder: SentenceBertEncoder, layers: int, max_length: int
    ) -> None:
        from safetensors.numpy import load_file

        state = load_file(path)
        self._split = SplitEncoder(encoder, layers, max_length)
        self._top = TopLayers(self._split, state["output.weight"], state["output.bias"])
        self._top.load(state)

    def logits(self, texts: Sequence[str]) -> FloatMatrix:
        """(len(texts), q) float32."""
        import torch

        parts = [np.zeros((0, self._top.n_classes), dtype=np.float32)]
        with torch.inference_mode():
            for part in blocks(len(texts), BATCH):
                parts.append(self._top.logits(self._split.below(texts[part])).cpu().numpy())
        return np.concatenate(parts)
