"""A pool whose classes are words, embedded by a tiny encoder that lets words through."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from classemb_index import EmbeddingIndex, Pool, Record, SentenceBertEncoder
from tests.support.tiny import write_tiny

WORDS = ["apple", "pear", "the", "council", "shall", "adopt", "this", "on", "import", "export"]


def keyword_index(folder: Path, n: int = 128, test: int = 0) -> EmbeddingIndex:
    """n documents of up to 13 words; class apple has the word apple in it, class pear pear.

    The last `test` of them are the test split. The index lies in folder/index, its encoder of two
    layers, which reads 16 tokens, in folder/tiny.
    """
    rng = np.random.default_rng(0)
    records = []
    for i in range(n):
        labels = tuple(name for name in ("apple", "pear") if rng.random() < 0.5)
        words = rng.permutation([*labels, *rng.choice(WORDS[2:], int(rng.integers(3, 12)))])
        split = "test" if i >= n - test else "train"
        records.append(Record(f"d{i}", " ".join(words), labels, split))
    name = write_tiny(folder / "tiny", WORDS, "BertModel", layers=2)
    _tell_words_apart(name)
    encoder = SentenceBertEncoder(name, device="cpu", precision="float32", max_length=16)
    pool = Pool.from_records(records, name="keywords")
    return EmbeddingIndex.build(pool, encoder, folder / "index", device="cpu")


def _tell_words_apart(name: str) -> None:
    """Make a tiny model one whose embeddings say which words a text has: random ones hide it."""
    import torch
    from transformers import BertModel

    model = BertModel.from_pretrained(name)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.2)
        model.embeddings.word_embeddings.weight.mul_(20)
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.reset_parameters()
    model.save_pretrained(name)
