"""The JSON documents of `query`, `select` and `analyze` (keys that scripts rely on)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .class_queries import ClassQueryResult
from .geometry import ClassDistance, Components
from .pool import Pool
from .proximity import ClassProximity
from .results import Summary
from .strategies import NO_CLASS, Selection


def query_json(pool: Pool, result: ClassQueryResult) -> dict[str, Any]:
    """The answer of `query`."""
    classes = []
    for answer in result.classes:
        found = answer.neighbours
        rows = [] if found is None else zip(found.rows, found.scores, answer.has_class, strict=True)
        classes.append(
            {
                "class": pool.classes[answer.position],
                "n_labelled": answer.n_labelled,
                "method": result.method,
                "has_query": found is not None,
                "neighbours": [
                    {
                        "rank": rank,
                        "row": int(row),
                        "id": pool.ids[row],
                        "score": float(score),
                        "has_class": has_class,
                    }
                    for rank, (row, score, has_class) in enumerate(rows, start=1)
                ],
            }
        )
    return {
        "k": result.k,
        "n_labelled": len(result.labelled),
        "n_unlabelled": result.labelled.n_unlabelled,
        "classes": classes,
    }


def picks_json(pool: Pool, selection: Selection) -> list[dict[str, Any]]:
    """The picks of a selection, in order."""
    picks = zip(selection.rows, selection.classes, selection.scores, strict=True)
    return [
        {
            "rank": rank,
            "row": int(row),
            "id": pool.ids[row],
            "class": None if c == NO_CLASS else pool.classes[c],
            "score": None if math.isnan(score) else float(score),
        }
        for rank, (row, c, score) in enumerate(picks, start=1)
    ]


def select_json(pool: Pool, selection: Selection, strategy: str, seed: int) -> dict[str, Any]:
    """The answer of `select`."""
    return {
        "strategy": strategy,
        "batch": len(selection.rows),
        "seed": seed,
        "selected": picks_json(pool, selection),
        "skipped_classes": [pool.classes[c] for c in selection.skipped],
        "note": selection.note,
    }


def write_picks(pool: Pool, selection: Selection, path: Path) -> None:
    """Write a selection as JSONL, a pick a line with its text, for the annotators."""
    lines = (
        json.dumps({**pick, "text": pool.text(pick["row"])}, ensure_ascii=False) + "\n"
        for pick in picks_json(pool, selection)
    )
    path.write_text("".join(lines), encoding="utf-8")


def analyze_json(
    top_k: int,
    draws: Sequence[str],
    proximity: Sequence[ClassProximity],
    distances: Sequence[ClassDistance],
    components: Components,
) -> dict[str, Any]:
    """The answer of `analyze`; `draws` says in words which labelled sets were used."""
    return {
        "top_k": top_k,
        "draws": list(draws),
        "proximity": [_named(asdict(entry)) for entry in proximity],
        "distances": [_named(asdict(entry)) for entry in distances],
        "pca": {
            "explained_variance": list(components.explained_variance),
            "n_points": int(np.shape(components.points)[0]),
        },
    }


def summary_json(summary: Summary) -> dict[str, Any]:
    """What `simulate` found: curves, comparisons, F1 a class."""
    found = asdict(summary)
    return {**found, "classes": [_named(entry) for entry in found["classes"]]}


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"class" if key == "class_name" else key: value for key, value in entry.items()}
