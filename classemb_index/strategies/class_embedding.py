"""Class-embedding selection (Algorithm 1): documents closest to the least frequent class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..labels.batches import misses_by_class
from ..queries.centroids import centroids_of, least_frequent_class
from .base import Selection, SelectionState, Strategy, at_random


def select_class_embedding(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents, each the closest to the class that is rarest by then.

    Centroids are fixed for the batch (line 4); counts are not (line 7): with an oracle
    a pick counts for all of its classes at once, without one for the class that asked
    for it. A class without a labelled document has no centroid and is skipped; when no
    class has one, the batch is random and a note says so.

    With the option `count_tries` a pick counts for the class that asked for it even if it turns
    out not to have the class, in this batch and in earlier ones. Without it a class of which
    no more documents are to be found stays the rarest and takes every pick.

    One search gives the `batch` nearest documents of every class. At most batch - 1
    documents are taken before a pick, so the class's next one is always among them.
    """
    counts = state.labelled.counts
    has_centroid = counts > 0
    if state.options.count_tries:
        counts = counts + misses_by_class(state.history, state.labelled)
    skipped = tuple(int(c) for c in np.flatnonzero(~has_centroid))
    if not has_centroid.any():
        note = "no class has a labelled document: the batch is random"
        return replace(at_random(state, batch, note), skipped=skipped)

    positions = np.flatnonzero(has_centroid)
    centroids = centroids_of(state.index, state.labelled, positions)
    nearest = state.index.search(centroids, batch, among=state.labelled.unlabelled)
    queues = {
        int(c): iter(zip(rows.tolist(), scores.tolist(), strict=True))
        for c, rows, scores in zip(positions, nearest.rows, nearest.scores, strict=True)
    }
    picked: dict[int, tuple[int, float]] = {}
    while len(picked) < batch:
        rarest = least_frequent_class(counts, has_centroid)
        row, score = next((r, s) for r, s in queues[rarest] if r not in picked)
        picked[row] = rarest, score
        labels = None if state.oracle is None else state.oracle(row)
        if labels is not None:
            counts += labels
        if labels is None or (state.options.count_tries and not labels[rarest]):
            counts[rarest] += 1
    return Selection(
        np.array(list(picked), dtype=np.int64),
        np.array([c for c, _ in picked.values()], dtype=np.int64),
        ("",) * batch,
        scores=np.array([s for _, s in picked.values()], dtype=np.float32),
        skipped=skipped,
    )


CLASS_EMBEDDING = Strategy(select_class_embedding, options=("count_tries",))
