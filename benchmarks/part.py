"""A random part of a pool, for an encoder that is too slow for all of it.

    python benchmarks/part.py eurlex POOL.jsonl.gz PART.jsonl.gz --train 4000 --test 1500

Documents without any of the recipe's classes are left out. The splits stay what they are: of each,
so many documents are drawn; dev, which the probe does not use, is left out unless asked for. A
smaller part of the same seed lies within a larger one.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import numpy as np

from classemb_index.pool.documents import SPLITS
from classemb_index.pool.pool import Pool
from classemb_index.pool.recipes import find_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("pool", type=Path)
    parser.add_argument("part", type=Path)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sizes = {split: getattr(asked, split) for split in SPLITS}
    pool = Pool.read(find_recipe(asked.recipe).with_source(str(asked.pool)))
    ids = drawn_ids(pool, sizes, asked.seed)
    write_part(asked.pool, asked.part, ids)
    print(f"{len(ids)} of {len(pool)} documents")


def drawn_ids(pool: Pool, sizes: dict[str, int], seed: int) -> set[str]:
    """The ids of the first documents of each split in a random order."""
    rng = np.random.default_rng(seed)
    return {
        pool.ids[row]
        for split, size in sizes.items()
        for row in rng.permutation(pool.rows(split))[:size]
    }


def write_part(source: Path, part: Path, ids: set[str]) -> None:
    """Write the lines of these documents, in the source's order."""
    with gzip.open(source, "rt") as lines, gzip.open(part, "wt") as out:
        out.writelines(line for line in lines if json.loads(line)["id"] in ids)


if __name__ == "__main__":
    main()
