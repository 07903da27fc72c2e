"""The whole analysis of an index: Tables 2 and 3, Figures 3 to 6, query methods, from one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..errors import RequestError
from ..index.index import EmbeddingIndex
from ..index.kept import keep, kept
from ..labels.labelled import LabelledSet, draw_labelled, labelled_from_ids, nothing_labelled
from ..pool.pool import Pool
from ..queries.classes import class_groups
from ..watch import SILENT, Watcher
from .geometry import ClassDistance, Components, class_distances, principal_components
from .methods import MethodScore, chosen_methods, method_analysis
from .proximity import ClassProximity, proximity_analysis

PAPER_SIZES = (100, 200, 500, 1500)
DRAWS = 5  # the paper has one
TOP_K = 100
KEPT = "analysis"  # under which the analysis with all defaults is kept beside the index
FIGURES_SIZE = 100  # of the labelled set in Figures 3 to 6

NO_COMPONENTS = Components(
    points=np.empty((0, 2), dtype=np.float32),
    point_classes=np.empty(0, dtype=np.int64),
    centroids=np.empty((0, 2), dtype=np.float32),
    centroid_classes=np.empty(0, dtype=np.int64),
    explained_variance=(0.0, 0.0),
)


@dataclass(frozen=True)
class Analysis:
    """What `analyze_index` found.

    Attributes:
        name: the index's name.
        classes: names by position.
        top_k: documents looked at for each class.
        draws: which labelled sets were used, in words.
        proximity: Tables 2 and 3.
        distances: Figures 3 and 4; empty where no document is labelled.
        components: Figures 5 and 6; without points where no document is labelled.
        figures_on: the labelled set of the figures, in words.
        methods: how good each query method is at finding a class; empty where none was asked for.
        note: says which classes are rare where the pool declares no group; else None.
    """

    name: str
    classes: tuple[str, ...]
    top_k: int
    draws: list[str]
    proximity: list[ClassProximity]
    distances: list[ClassDistance]
    components: Components
    figures_on: str
    methods: list[MethodScore] = field(default_factory=list)
    note: str | None = None

    def document(self) -> dict[str, Any]:
        """The JSON document of `analyze`."""
        return {
            "top_k": self.top_k,
            "draws": self.draws,
            "proximity": [entry.document() for entry in self.proximity],
            "distances": [entry.document() for entry in self.distances],
            "pca": {
                "explained_variance": list(self.components.explained_variance),
                "n_points": len(self.components.points),
            },
            "methods": [entry.document() for entry in self.methods],
        }


def analyze_index(
    index: EmbeddingIndex,
    *,
    sizes: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    labelled_ids: Sequence[str] | None = None,
    top_k: int = TOP_K,
    methods: Sequence[str] | None = None,
    watch: Watcher = SILENT,
) -> Analysis:
    """Proximity for every size, averaged over seeds, and the geometry of one labelled set.

    With methods, also how good each of these is at finding a class. They take a size of 0 too: one
    labelled set, without a document, of which nothing but the methods is reported.

    With the index alone given, the analysis is kept in its folder and not made a second time.

    Args:
        index: the pool and its embeddings.
        sizes: of the labelled set; the draws of one seed are nested. None takes those of
            the paper that leave at least top_k documents.
        seeds: one draw of each size for each; None takes five, from 0.
        labelled_ids: this labelled set in place of draws.
        top_k: documents looked at for each class.
        methods: query methods to compare, or "all"; None compares none.
        watch: of the methods: is told the draws done and in all.

    Raises:
        RequestError: a size or top_k is above what the pool has, draws are asked for
            beside `labelled_ids`, a method is unknown, or a size is 0 without methods.
        EmptyClassError: the labelled set of the figures has no class at all.
    """
    methods = chosen_methods(methods or ())
    is_drawn_as_usual = sizes is None and seeds is None and labelled_ids is None
    is_usual = is_drawn_as_usual and top_k == TOP_K and not methods
    if is_usual and (found := kept(index, KEPT)) is not None:
        return _read(found)
    draws = _all_draws(index.pool, sizes, seeds, labelled_ids, top_k, bool(methods))
    with_labels = [sets for sets in draws if len(sets[0]) or not methods]
    figures_on = _nearest_size(with_labels) if with_labels else None
    analysis = Analysis(
        name=index.manifest.name,
        classes=index.pool.classes,
        top_k=top_k,
        draws=[labelled.origin for labelled_sets in draws for labelled in labelled_sets],
        proximity=proximity_analysis(index, with_labels, top_k),
        distances=[] if figures_on is None else class_distances(index, figures_on),
        components=NO_COMPONENTS if figures_on is None else principal_components(index, figures_on),
        figures_on=draws[0][0].origin if figures_on is None else figures_on.origin,
        methods=method_analysis(index, draws, methods, top_k, watch) if methods else [],
        note=class_groups(index.pool)[1] if methods else None,
    )
    if is_usual:
        keep(index, KEPT, _written(analysis))
    return analysis


def _all_draws(
    pool: Pool,
    sizes: Sequence[int] | None,
    seeds: Sequence[int] | None,
    labelled_ids: Sequence[str] | None,
    top_k: int,
    has_methods: bool,
) -> list[list[LabelledSet]]:
    """For each size, its labelled sets; the arguments are those of `analyze_index`."""
    if labelled_ids is not None:
        if sizes is not None or seeds is not None:
            raise RequestError(
                "a given labelled set is not drawn; leave out --sizes and --seeds, or --labelled"
            )
        return [[labelled_from_ids(pool, labelled_ids, "the labelled ids given")]]
    known = int(np.count_nonzero(pool.answerable))
    sizes = sizes or [s for s in PAPER_SIZES if s + top_k <= known] or PAPER_SIZES[:1]
    if 0 in sizes and not has_methods:
        raise RequestError(
            "without a labelled document no class has a centroid; leave 0 out of --sizes, or "
            "compare the query methods, some of which need no label, with --methods all"
        )
    return [_draws(pool, size, seeds or range(DRAWS)) for size in sizes]


def _draws(pool: Pool, size: int, seeds: Sequence[int]) -> list[LabelledSet]:
    """A draw a seed; of size 0 there is but one."""
    if size == 0:
        return [nothing_labelled(pool)]
    return [draw_labelled(pool, size, seed) for seed in seeds]


def _nearest_size(draws: Sequence[Sequence[LabelledSet]]) -> LabelledSet:
    """The first draw of the size that is closest to the paper's 100."""
    return min((sets[0] for sets in draws), key=lambda found: abs(len(found) - FIGURES_SIZE))


def _written(analysis: Analysis) -> dict[str, Any]:
    """An analysis without methods, of values that JSON has."""
    values = {name: value for name, value in vars(analysis).items() if name != "methods"}
    return values | {
        "proximity": [asdict(entry) for entry in analysis.proximity],
        "distances": [asdict(entry) for entry in analysis.distances],
        "components": analysis.components.values(),
    }


def _read(values: Mapping[str, Any]) -> Analysis:
    """What `_written` gave."""
    typed = {
        "classes": tuple(values["classes"]),
        "proximity": [ClassProximity(**entry) for entry in values["proximity"]],
        "distances": [ClassDistance(**entry) for entry in values["distances"]],
        "components": Components.of(values["components"]),
    }
    return Analysis(**{**values, **typed})
