"""The JSON documents of `query`, `select` and `analyze` (keys that scripts rely on)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .backends import Neighbours
from .class_queries import AUTO, ClassQueryResult
from .geometry import ClassDistance, Components
from .method_analysis import MethodScore
from .outlook import ClassOutlook
from .pool import Pool
from .proximity import ClassProximity
from .results import Summary
from .strategies import NO_CLASS, Selection


def query_json(
    pool: Pool, result: ClassQueryResult, outlooks: Sequence[ClassOutlook] = ()
) -> dict[str, Any]:
    """The answer of `query`, with the outlook of each class where it is given."""
    classes = []
    outlook_of = {outlook.position: outlook for outlook in outlooks}
    for answer in result.classes:
        found = answer.neighbours
        rows = [] if found is None else zip(found.rows, found.scores, answer.has_class, strict=True)
        classes.append(
            {
                "class": pool.classes[answer.position],
                "n_labelled": answer.n_labelled,
                "method": answer.method,
                "why": answer.why,
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
                **(outlook_json(outlook_of[answer.position]) if outlook_of else {}),
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
    steps = selection.steps or ("",) * len(selection.rows)
    picks = zip(selection.rows, selection.classes, selection.scores, steps, strict=True)
    return [
        {
            "rank": rank,
            "row": int(row),
            "id": pool.ids[row],
            "class": None if c == NO_CLASS else pool.classes[c],
            "score": None if math.isnan(score) else float(score),
            "step": step or None,
        }
        for rank, (row, c, score, step) in enumerate(picks, start=1)
    ]


def neighbours_json(pool: Pool, neighbours: Neighbours, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `query --like` and `--text`: neighbours with the labels that are known."""
    found = zip(neighbours.rows.tolist(), neighbours.scores.tolist(), strict=True)
    return {
        "k": len(neighbours.rows),
        **asked,
        "neighbours": [
            {
                "rank": rank,
                "row": row,
                "id": pool.ids[row],
                "score": score,
                "labels": pool.known_labels(row),
            }
            for rank, (row, score) in enumerate(found, start=1)
        ],
    }


def outlook_json(outlook: ClassOutlook) -> dict[str, Any]:
    """How far the search for a class has come, and how many documents it may have."""
    share = outlook.prevalence
    return {
        "progress": _without_position(outlook.progress),
        "prevalence": None if share is None else _without_position(share),
    }


def _without_position(found: Any) -> dict[str, Any]:
    return {key: value for key, value in asdict(found).items() if key != "position"}


def select_json(
    pool: Pool,
    selection: Selection,
    strategy: str,
    seed: int,
    outlooks: Sequence[ClassOutlook] = (),
) -> dict[str, Any]:
    """The answer of `select`."""
    return {
        "strategy": strategy,
        "batch": len(selection.rows),
        "seed": seed,
        "selected": picks_json(pool, selection),
        "skipped_classes": [pool.classes[c] for c in selection.skipped],
        "note": selection.note,
        "classes": [
            {"class": pool.classes[outlook.position], **outlook_json(outlook)}
            for outlook in outlooks
        ],
    }


def write_picks(pool: Pool, selection: Selection, strategy: str, path: Path) -> None:
    """Write a selection as JSONL, a pick a line with its text, for the annotators."""
    lines = (
        json.dumps(
            {**pick, "strategy": strategy, "text": pool.text(pick["row"])}, ensure_ascii=False
        )
        + "\n"
        for pick in picks_json(pool, selection)
    )
    path.write_text("".join(lines), encoding="utf-8")


def analyze_json(
    top_k: int,
    draws: Sequence[str],
    proximity: Sequence[ClassProximity],
    distances: Sequence[ClassDistance],
    components: Components,
    methods: Sequence[MethodScore] = (),
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
        "methods": [_method_json(entry) for entry in methods],
    }


def summary_json(summary: Summary) -> dict[str, Any]:
    """What `simulate` found: curves, comparisons, F1 a class."""
    found = asdict(summary)
    return {**found, "classes": [_named(entry) for entry in found["classes"]]}


def _method_json(entry: MethodScore) -> dict[str, Any]:
    found = _named(asdict(entry))
    chosen = found.pop("chosen")
    return {**found, "chosen": chosen} if entry.method == AUTO else found


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"class" if key == "class_name" else key: value for key, value in entry.items()}
