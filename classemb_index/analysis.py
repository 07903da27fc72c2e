"""The whole analysis of an index: Tables 2 and 3 and Figures 3 to 6 from one call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import RequestError
from .figures import save_components, save_distances
from .geometry import ClassDistance, Components, class_distances, principal_components
from .index import EmbeddingIndex
from .json_forms import analyze_json
from .labelled import LabelledSet, draw_labelled, labelled_from_ids
from .proximity import ClassProximity, proximity_analysis
from .tables import save_tables

PAPER_SIZES = (100, 200, 500, 1500)
DRAWS = 5  # the paper has one
FIGURES_SIZE = 100  # of the labelled set in Figures 3 to 6


@dataclass(frozen=True)
class Analysis:
    """What `analyze_index` found.

    Attributes:
        name: the index's name.
        classes: names by position.
        top_k: documents looked at for each class.
        draws: which labelled sets were used, in words.
        proximity: Tables 2 and 3.
        distances: Figures 3 and 4.
        components: Figures 5 and 6.
        figures_on: the labelled set of the figures, in words.
    """

    name: str
    classes: tuple[str, ...]
    top_k: int
    draws: list[str]
    proximity: list[ClassProximity]
    distances: list[ClassDistance]
    components: Components
    figures_on: str

    def document(self) -> dict[str, Any]:
        """The JSON document of `analyze`."""
        return analyze_json(self.top_k, self.draws, self.proximity, self.distances, self.components)


def analyze_index(
    index: EmbeddingIndex,
    *,
    sizes: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    labelled_ids: Sequence[str] | None = None,
    top_k: int = 100,
) -> Analysis:
    """Proximity for every size, averaged over seeds, and the geometry of one labelled set.

    Args:
        index: the pool and its embeddings.
        sizes: of the labelled set; the draws of one seed are nested. None takes those of
            the paper that leave at least top_k documents.
        seeds: one draw of each size for each; None takes five, from 0.
        labelled_ids: this labelled set in place of draws.
        top_k: documents looked at for each class.

    Raises:
        RequestError: a size or top_k is above what the pool has, or draws are asked for
            beside `labelled_ids`.
        EmptyClassError: the labelled set of the figures has no class at all.
    """
    if labelled_ids is not None:
        if sizes is not None or seeds is not None:
            raise RequestError(
                "a given labelled set is not drawn; leave out --sizes and --seeds, or --labelled"
            )
        draws = [[labelled_from_ids(index.pool, labelled_ids, "the labelled ids given")]]
        figures_on = draws[0][0]
    else:
        known = int(np.count_nonzero(index.pool.selectable & index.pool.is_known))
        sizes = sizes or [s for s in PAPER_SIZES if s + top_k <= known] or PAPER_SIZES[:1]
        seeds = seeds or range(DRAWS)
        draws = [[draw_labelled(index.pool, size, seed) for seed in seeds] for size in sizes]
        figures_on = _nearest_size(draws)
    return Analysis(
        name=index.manifest.name,
        classes=index.pool.classes,
        top_k=top_k,
        draws=[labelled.origin for labelled_sets in draws for labelled in labelled_sets],
        proximity=proximity_analysis(index, draws, top_k),
        distances=class_distances(index, figures_on),
        components=principal_components(index, figures_on),
        figures_on=figures_on.origin,
    )


def save_analysis(analysis: Analysis, folder: Path) -> list[Path]:
    """Write figures (PNG, SVG), tables (CSV, LaTeX) and analysis.json; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "analysis.json"
    document.write_text(json.dumps(analysis.document(), indent=1, ensure_ascii=False) + "\n")
    return [
        document,
        *save_tables(analysis.proximity, analysis.distances, folder),
        *save_distances(
            analysis.distances, f"{analysis.name}, {analysis.figures_on}", folder / "distances"
        ),
        *save_components(
            analysis.components,
            analysis.classes,
            f"{analysis.name}, {analysis.figures_on}",
            folder / "pca",
        ),
    ]


def _nearest_size(draws: Sequence[Sequence[LabelledSet]]) -> LabelledSet:
    """The first draw of the size that is closest to the paper's 100."""
    return min((sets[0] for sets in draws), key=lambda found: abs(len(found) - FIGURES_SIZE))
