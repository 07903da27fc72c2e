"""Whether the words that are marked in a document carry its score: what is left when they are taken out.

    python benchmarks/words.py INDEX

Of every class with a name, the documents that its name finds first and that the encoder reads whole. From
each the marked words are taken out, and beside it as many other words at random; what is left is
encoded again. Printed is the mean share of the score that goes, and how often the marked words
take more with them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from classemb_index import EmbeddingIndex
from classemb_index.arrays import FloatVector
from classemb_index.labels.labelled import nothing_labelled
from classemb_index.models.encoder import SentenceBertEncoder
from classemb_index.models.tokens import read_texts
from classemb_index.queries.ranking import Ranking
from classemb_index.queries.speaks import class_directions, why


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--documents", type=int, default=10, help="of each class")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    index = EmbeddingIndex.open(asked.index, device="cpu")
    encoder = index.load_encoder(precision="float32")
    rng = np.random.default_rng(asked.seed)
    directions = class_directions(index, nothing_labelled(index.pool))
    losses = np.array(
        [
            losses_of(encoder, text, direction, index.mean, rng)
            for direction in directions[directions.any(axis=1)]
            for text in whole_texts(index, encoder, direction, asked.documents)
        ]
    )
    if not len(losses):
        raise SystemExit("no document that the classes find is read whole; take shorter ones")
    marked, others, words = losses.mean(axis=0)
    print(f"{len(losses)} documents of {int(directions.any(axis=1).sum())} classes")
    print(f"{words:.1f} words are marked, {marked:.1%} of the score goes with them")
    print(f"{others:.1%} goes with as many others")
    print(f"marked words take more: {(losses[:, 0] > losses[:, 1]).mean():.1%}")


def whole_texts(
    index: EmbeddingIndex, encoder: SentenceBertEncoder, direction: FloatVector, n: int
) -> list[str]:
    """The first n documents for the class that are read whole and have other words enough."""
    ranking, found = Ranking(index, index.pool.selectable, direction), list[str]()
    for row in ranking.page(0, 20 * n).rows:
        text = index.pool.text(int(row))
        if len(found) < n and not encoder.count_cut([text]):
            marks = why(encoder, text, direction, index.mean).passages[0].words
            words = len(read_texts(encoder, [text])[0].words)
            found += [text] if 0 < len(marks) <= words // 3 else []
    return found


def losses_of(
    encoder: SentenceBertEncoder,
    text: str,
    direction: FloatVector,
    mean: FloatVector,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """The share of the score that goes with the marked words, with as many others; and how many."""
    passage = why(encoder, text, direction, mean).passages[0]
    marked = [(word.start, word.end) for word in passage.words]
    every = [(start, end) for start, end in read_texts(encoder, [text])[0].words.tolist()]
    rest = [span for span in every if span not in set(marked)]
    others = [rest[i] for i in rng.permutation(len(rest))[: len(marked)]]
    left = encoder.encode([without(text, marked), without(text, others)])
    scores = (left - mean) @ direction
    return (*(1 - scores / passage.score), len(marked))


def without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text less these parts of it."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


if __name__ == "__main__":
    main()
