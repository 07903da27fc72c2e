"""What the encoder changes, on the same documents: the results of several indexes in one file.

    python benchmarks/encoders.py CORPUS-ENCODER ...

Each folder holds what these commands wrote:

    classemb-index build CORPUS --source PART.jsonl.gz --encoder ENCODER --out FOLDER/index
    classemb-index analyze FOLDER/index --out FOLDER/analysis
    classemb-index analyze FOLDER/index --methods all --sizes 0,100,200,500 --out FOLDER/methods
    classemb-index simulate FOLDER/index --model probe --no-names --full --strategy ... --out FOLDER/probe

methods/ and probe/ may be missing. Writes results/encoders.json; folders that are there and not
named stay.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from common import RESULTS

from classemb_index import EmbeddingIndex, class_centroids
from classemb_index.measures.rounds import RoundResult, read_rounds
from classemb_index.pool.pool import Pool

FILE = RESULTS / "encoders.json"
DIGITS = 4


def main() -> None:
    document = json.loads(FILE.read_text()) if FILE.exists() else {}
    for folder in map(Path, sys.argv[1:]):
        document[folder.name] = rounded(figures(folder))
    lines = (f"{json.dumps(name)}: {packed(found)}" for name, found in sorted(document.items()))
    FILE.write_text("{" + ",\n".join(lines) + "}\n")


def figures(folder: Path) -> dict[str, Any]:
    """The index's settings, Tables 2 and 3, margins, query methods and learning curves."""
    index = EmbeddingIndex.open(folder / "index")
    analysis = read(folder / "analysis" / "analysis.json")
    found = {
        "index": {
            "corpus": index.manifest.name,
            "dim": index.manifest.dim,
            "tokens": index.manifest.encoder.max_length,
            "precision": index.manifest.encoder.precision,
            "fingerprint": index.manifest.encoder.fingerprint,
            "documents": {split: len(index.pool.rows(split)) for split in ("train", "test")},
        },
        "classes": index.pool.classes,
        "common_direction": common_direction(index),
        "proximity": proximity(analysis),
        "margin": margin(analysis),
        "explained_variance": analysis["pca"]["explained_variance"],
    }
    if (methods := folder / "methods" / "analysis.json").exists():
        found["rare_precision"] = rare_precision(read(methods))
    if (folder / "probe").exists():
        found["curves"] = curves(read(folder / "probe" / "summary.json"))
        rounds = read_rounds(folder / "probe")
        found["picks"] = picks(index.pool, rounds)
        found["labelled_at_end"] = labelled_at_end(rounds)
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def common_direction(index: EmbeddingIndex) -> dict[str, Any]:
    """How much of the train split's embeddings is their mean, and where what is near it lies.

    "length": of the mean; 1 were all embeddings the same. "centroids": of each class with all its
    documents, the cosine to the mean. "near_mean": how many of the 100 documents nearest to the
    mean have each class; "near_centroids": the same for each class's centroid.
    """
    labels = index.pool.labels[index.pool.rows("train")]
    embeddings = index.embeddings(index.pool.rows("train"))
    present = np.flatnonzero(labels.any(axis=0))
    mean, centroids = embeddings.mean(axis=0), class_centroids(embeddings, labels[:, present])
    length = float(np.linalg.norm(mean))
    found = index.search(np.vstack([mean, centroids]), 100, among=index.pool.splits == "train")
    near = index.pool.labels[found.rows].sum(axis=1).tolist()
    names = [index.pool.classes[c] for c in present]
    cosines = centroids @ mean / np.linalg.norm(centroids, axis=1) / length
    return {
        "length": length,
        "centroids": dict(zip(names, cosines.tolist(), strict=True)),
        "near_mean": near[0],
        "near_centroids": dict(zip(names, near[1:], strict=True)),
    }


def proximity(analysis: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Of each size: hits, farthest, random order and draws, a value a class."""
    sizes = dict.fromkeys(entry["n_labelled"] for entry in analysis["proximity"])
    keys = ("hits", "hits_sd", "farthest", "expected", "draws")
    return {
        str(size): {
            key: [entry[key] for entry in analysis["proximity"] if entry["n_labelled"] == size]
            for key in keys
        }
        for size in sizes
    }


def margin(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Figures 3 and 4: distance to the own and to the other centroids, and their mean difference."""
    distances = analysis["distances"]
    differences = [d["other"] - d["same"] for d in distances if d["same"] is not None]
    return {
        "same": [d["same"] for d in distances],
        "other": [d["other"] for d in distances],
        "mean": fmean(differences),
        "classes": len(differences),
    }


def rare_precision(analysis: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Precision@100 over the rare classes: mean, interval and how many pairs of a class and a draw.

    Of each size and method, over the pairs for which every method has a query.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in analysis["methods"]:
        if entry["group"] == "rare" and entry["common"] is not None:
            own = entry["common"]
            interval = [own["precision"][key] for key in ("mean", "low", "high")]
            of_size = found.setdefault(
                str(entry["n_labelled"]), {"random order": own["prevalence"]}
            )
            of_size[entry["method"]] = [*interval, own["pairs"]]
    return found


def curves(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Macro-F1 by labels of each strategy, areas and paired differences to random with intervals.

    Those of "supported" are over the classes with enough test documents, where others have too few.
    """
    found: dict[str, Any] = {
        curve["strategy"]: {key: curve[key] for key in ("n_labelled", "seeds", "macro_f1", "area")}
        for curve in summary["curves"]
    }
    for of, prefix in (("comparisons", ""), ("supported", "supported ")):
        for entry in summary[of]:
            found[entry["strategy"]] |= {
                prefix + key: [entry[key]["mean"], entry[key]["low"], entry[key]["high"]]
                for key in ("area_difference", "final_difference")
                if entry[key] is not None
            }
    if summary["full"] is not None:
        found["whole train split"] = summary["full"]["macro_f1"]
    return found


def picks(pool: Pool, rounds: Sequence[RoundResult]) -> dict[str, list[int]]:
    """Of each class: how many documents class-embedding picked for it, and how many of them have it."""
    found = {name: [0, 0] for name in pool.classes}
    for result in rounds:
        if result.strategy == "class-embedding":
            for id_, name in zip(result.selected, result.picked_for, strict=True):
                if name is not None:
                    has_class = pool.labels[pool.row_of[id_], pool.classes.index(name)]
                    found[name][0] += 1
                    found[name][1] += int(has_class)
    return found


def labelled_at_end(rounds: Sequence[RoundResult]) -> dict[str, dict[str, float]]:
    """Of each strategy: labelled documents of each class in the last round, mean over seeds."""
    most = max(result.n_labelled for result in rounds if not result.is_full)
    last = [result for result in rounds if result.n_labelled == most]
    strategies = dict.fromkeys(result.strategy for result in last)
    return {
        name: {
            label: fmean(r.labelled_counts[label] for r in last if r.strategy == name)
            for label in last[0].labelled_counts
        }
        for name in strategies
    }


def rounded(value: Any) -> Any:
    """The same with all fractions to DIGITS digits."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return value


def packed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    main()
