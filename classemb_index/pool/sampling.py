"""Drawing splits from a source that has none, and making classes rarer than it has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from .documents import SPLITS, Record


def draw_splits(records: Iterable[Record], sample: Mapping[str, int]) -> Iterator[Record]:
    """Records that have a split as they come, then a random sample of the others with splits.

    The sample is drawn in one pass (reservoir sampling: every record is equally
    likely), holds no more than its own size, and keeps the order of the source.

    Args:
        records: streamed; those with a split pass through.
        sample: sizes of "train", "dev" and "test", and the "seed".
    """
    sizes = [sample.get(split, 0) for split in SPLITS]
    rng = np.random.default_rng(sample.get("seed", 0))
    drawn: list[tuple[int, Record]] = []
    seen = 0
    for record in records:
        if record.split is not None:
            yield record
            continue
        if len(drawn) < sum(sizes):
            drawn.append((seen, record))
        elif (place := int(rng.integers(seen + 1))) < len(drawn):
            drawn[place] = (seen, record)
        seen += 1
    # fewer records than asked: the splits keep their proportions
    bounds = np.cumsum(sizes) * (len(drawn) / max(sum(sizes), 1))
    split_of = np.searchsorted(bounds.round(), rng.permutation(len(drawn)), side="right")
    for (_, record), split in zip(sorted(drawn, key=lambda entry: entry[0]), split_of, strict=True):
        yield record._replace(split=SPLITS[split])


def cut_classes(
    read: Callable[[], Iterator[Record]], most: Mapping[str, int], seed: int
) -> Iterator[Record]:
    """The records, without as many of the train split as makes these classes rare.

    Of each class, from the largest number to the smallest, documents are left out at
    random until so many are left. One that is left out for one class is missing in its
    other classes too, so a class may end below its number. Only positions and
    the labels that matter are held.

    Args:
        read: gives the records, twice in the same order.
        most: documents of each class to keep in the train split, or fewer.
        seed: of the choice.
    """
    members: dict[str, list[int]] = {name: [] for name in most}
    for place, record in enumerate(read()):
        if record.split in ("train", None):
            for name in members.keys() & set(record.labels or ()):
                members[name].append(place)
    rng = np.random.default_rng(seed)
    left_out: set[int] = set()
    for name in sorted(most, key=lambda name: -most[name]):
        left = [place for place in members[name] if place not in left_out]
        surplus = max(0, len(left) - most[name])
        left_out.update(rng.choice(left, surplus, replace=False).tolist() if surplus else ())
    return (record for place, record in enumerate(read()) if place not in left_out)
