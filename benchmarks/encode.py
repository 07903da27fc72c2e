"""Documents a second: our encoder against SentenceTransformer.encode at float32, same model."""

from __future__ import annotations

import argparse
from itertools import islice

import numpy as np
from common import in_turn, median, save
from sentence_transformers import SentenceTransformer

from classemb_index import SentenceBertEncoder
from classemb_index.models.hub import model_path
from classemb_index.pool.recipes import find_recipe
from classemb_index.pool.sources import read_records


def main() -> None:
    """Encode the first documents of a source with both, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="a pool's source, such as demo or a JSONL file")
    parser.add_argument("--documents", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoder", default="minilm")
    options = parser.parse_args()

    recipe = find_recipe(options.source)
    records = read_records(recipe.source, recipe.reading)
    texts = [record.text for record in islice(records, options.documents)]
    ours = SentenceBertEncoder(options.encoder)
    theirs = SentenceTransformer(model_path(options.encoder), device=ours.device)
    plain = SentenceBertEncoder(options.encoder, precision="float32")

    def encode_theirs() -> np.ndarray:
        return theirs.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    runs = {
        "ours": lambda: ours.encode(texts),
        "ours at float32": lambda: plain.encode(texts),
        "SentenceTransformer.encode at float32": encode_theirs,
    }
    seconds = in_turn(runs, options.repeats)
    cosines = (ours.encode(texts) * encode_theirs()).sum(axis=1)
    rates = {name: median([len(texts) / s for s in values]) for name, values in seconds.items()}
    save(
        "encode",
        {
            "settings": {
                "source": options.source,
                "encoder": options.encoder,
                "max_length": ours.max_length,
                "precision": ours.precision,
                "documents": len(texts),
                "words_mean": round(float(np.mean([len(text.split()) for text in texts])), 1),
                "repeats": options.repeats,
            },
            "seconds": seconds,
            "documents_per_second": rates,
            "ratio": round(rates["ours"] / rates["SentenceTransformer.encode at float32"], 3),
            "least_cosine": float(cosines.min()),
        },
    )


if __name__ == "__main__":
    main()
