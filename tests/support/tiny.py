"""Models of a few words and random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_tiny(
    folder: Path,
    words: Sequence[str],
    architecture: str = "BertForMaskedLM",
    seed: int = 0,
    layers: int = 1,
) -> str:
    """A model of these words, 130 positions and random weights, and its name."""
    import torch
    import transformers

    vocabulary = [*SPECIAL, *words]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = transformers.BertTokenizerFast(
        vocab=str(folder / "vocab.txt"), model_max_length=128
    )
    tokenizer.save_pretrained(folder)
    model = getattr(transformers, architecture)
    sizes = {"hidden_size": 8, "num_hidden_layers": layers, "num_attention_heads": 2}
    config = model.config_class(
        vocab_size=len(vocabulary), max_position_embeddings=130, pad_token_id=0, **sizes
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = model(config)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)  # surprisal that differs between words
    made.save_pretrained(folder)
    return str(folder)
