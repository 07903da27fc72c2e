"""A Sentence-BERT encoder cut in two: what stays as it is, and the top layers, which are trained."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatMatrix, FloatVector
from ..errors import ModelError, RequestError
from .devices import autocast
from .encoder import SentenceBertEncoder

if TYPE_CHECKING:
    import torch

Activations = NDArray[np.uint16]  # (tokens, dim) of one text: the bits of bfloat16
OUTPUT_BIAS = "output.bias"  # in the state of TopLayers
AVERAGED = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])


class SplitEncoder:
    """An encoder whose top layers can be trained while those below stay.

    Args:
        encoder: averages its tokens, and keeps its layers in a list.
        layers: of the top; those below are asked once for a text.
        max_length: tokens to read of a text.

    Attributes:
        encoder: the whole one, unchanged.
        layers: of the top.
        max_length: tokens that are read.

    Raises:
        ModelError: the encoder is of another make.
        RequestError: it has fewer layers, or reads fewer tokens.
    """

    def __init__(self, encoder: SentenceBertEncoder, layers: int, max_length: int) -> None:
        _check(encoder, layers, max_length)
        self.encoder, self.layers, self.max_length = encoder, layers, max_length
        self._transformer = encoder.model[0].auto_model.float().eval()

    def below(self, texts: Sequence[str]) -> list[Activations]:
        """What the top layers are given of each text.

        The texts go by one at a time, so that what a text gives hangs on no other one.
        """
        import torch

        found = []
        tokenizer, device = self.encoder.model.tokenizer, self.encoder.device
        with torch.inference_mode(), autocast(self.encoder.precision, device):
            for text in texts:
                tokens = tokenizer(
                    text, truncation=True, max_length=self.max_length, return_tensors="pt"
                )
                given = self._transformer(**tokens.to(device), output_hidden_states=True)
                hidden = given.hidden_states[-1 - self.layers][0].bfloat16()
                found.append(hidden.cpu().view(torch.int16).numpy().view(np.uint16))
        return found

    def new_top(self) -> Any:
        """A copy of the transformer's stack with its top layers alone.

        The stack of an MPNet brings the position bias that all its layers share; it is not trained.
        """
        top = copy.deepcopy(self._transformer.encoder)
        top.layer = top.layer[-self.layers :]
        top.requires_grad_(False)
        top.layer.requires_grad_(True)
        return top


class TopLayers:
    """An encoder's top layers with an output layer on the unit embedding: what is trained.

    Args:
        split: the encoder; its top is copied.
        weights: (q, dim) that the output layer begins with.
        offsets: (q,) likewise.

    Attributes:
        device: "cpu" or "cuda", as the encoder's.
        n_classes: q.
    """

    def __init__(self, split: SplitEncoder, weights: FloatMatrix, offsets: FloatVector) -> None:
        import torch

        self.device, self._precision = split.encoder.device, split.encoder.precision
        top = split.new_top().to(self.device)
        output = torch.nn.Linear(weights.shape[1], len(weights), device=self.device)
        with torch.no_grad():
            output.weight.copy_(torch.from_numpy(weights))
            output.bias.copy_(torch.from_numpy(offsets))
        self._top, self._output = top, output
        self.n_classes = len(weights)

    def parameters(self) -> list[Any]:
        """What is trained."""
        return [*self._top.layer.parameters(), *self._output.parameters()]

    def embed(self, given: Sequence[Activations]) -> torch.Tensor:
        """(len(given), dim) float32 of unit length, from what `SplitEncoder.below` gives."""
        import torch

        lengths = np.array([len(own) for own in given])
        padded = np.zeros((len(given), lengths.max(), given[0].shape[1]), dtype=np.int16)
        for own, place in zip(given, padded, strict=True):
            place[: len(own)] = own.view(np.int16)
        hidden = torch.from_numpy(padded).view(torch.bfloat16).to(self.device).float()
        in_text = np.arange(padded.shape[1]) < lengths[:, None]
        is_token = torch.from_numpy(in_text).to(self.device)
        mask = torch.zeros(is_token.shape, device=self.device).masked_fill(~is_token, -torch.inf)
        with autocast(self._precision, self.device):
            out = self._top(hidden, attention_mask=mask[:, None, None])[0]
        mean = (out.float() * is_token[:, :, None]).sum(dim=1) / is_token.sum(dim=1, keepdim=True)
        return torch.nn.functional.normalize(mean, dim=1)

    def logits(self, given: Sequence[Activations]) -> torch.Tensor:
        """(len(given), q) float32."""
        logits: torch.Tensor = self._output(self.embed(given))
        return logits

    def state(self) -> dict[str, np.ndarray]:
        """The trained weights by name."""
        named = {"output": self._output, **{f"layer.{i}": x for i, x in enumerate(self._top.layer)}}
        return {
            f"{part}.{key}": tensor.detach().cpu().numpy()
            for part, module in named.items()
            for key, tensor in module.state_dict().items()
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take the weights that `state` gave."""
        import torch

        named = {"output": self._output, **{f"layer.{i}": x for i, x in enumerate(self._top.layer)}}
        for part, module in named.items():
            begin = f"{part}."
            module.load_state_dict(
                {
                    key.removeprefix(begin): torch.from_numpy(x)
                    for key, x in state.items()
                    if key.startswith(begin)
                }
            )


def _check(encoder: SentenceBertEncoder, layers: int, max_length: int) -> None:
    """Nothing, when the encoder can be cut there.

    Raises:
        ModelError: as for SplitEncoder.
        RequestError: likewise.
    """
    modules = [type(module).__name__ for module in encoder.model]
    is_mean = modules in AVERAGED and encoder.model[1].pooling_mode == "mean"
    stack: Any = getattr(getattr(encoder.model[0], "auto_model", None), "encoder", None)
    if not is_mean or not hasattr(stack, "layer") or encoder.model.default_prompt_name is not None:
        raise ModelError(
            f"the encoder {encoder.name!r} is no transformer with a list of layers whose tokens are "
            f"averaged without a prompt (it has {', '.join(modules)}), and 'tuned' trains only such a "
            "one; use --model probe"
        )
    if layers > len(stack.layer):
        raise RequestError(
            f"asked for {layers} layers to be trained, the encoder {encoder.name!r} has "
            f"{len(stack.layer)}; lower --layers"
        )
    if max_length > encoder.max_length:
        raise RequestError(
            f"asked for {max_length} tokens, the index was embedded with {encoder.max_length}; lower "
            "--max-length"
        )
