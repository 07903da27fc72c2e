"""classemb-index: find and learn rare classes in a pool of documents that is embedded once.

Nothing heavy is imported before it is used: names load their module on first access.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import ClassembError

if TYPE_CHECKING:
    from .centroids import class_centroids
    from .class_queries import query_classes
    from .classifier import BertClassifier, BertSettings
    from .comparison import compare_strategies
    from .documents import Record
    from .encoder import SentenceBertEncoder
    from .geometry import class_distances, principal_components
    from .index import EmbeddingIndex
    from .labelled import default_labelled, draw_labelled, labelled_from_ids
    from .pool import Pool
    from .probe import ProbeClassifier
    from .proximity import proximity_analysis
    from .results import run_simulation
    from .simulation import RoundResult, Schedule, simulate
    from .strategies import (
        SelectionState,
        cluster_selection,
        cvirs_scores,
        discriminative_selection,
        select_batch,
    )
    from .surprisal import MaskedLanguageModel, PoolSurprisal, surprisal_embeddings
    from .training import train_classifier

_HOMES = {
    "BertClassifier": "classifier",
    "BertSettings": "classifier",
    "EmbeddingIndex": "index",
    "MaskedLanguageModel": "surprisal",
    "Pool": "pool",
    "PoolSurprisal": "surprisal",
    "ProbeClassifier": "probe",
    "Record": "documents",
    "RoundResult": "simulation",
    "Schedule": "simulation",
    "SelectionState": "strategies",
    "SentenceBertEncoder": "encoder",
    "class_centroids": "centroids",
    "class_distances": "geometry",
    "cluster_selection": "strategies",
    "compare_strategies": "comparison",
    "cvirs_scores": "strategies",
    "default_labelled": "labelled",
    "discriminative_selection": "strategies",
    "draw_labelled": "labelled",
    "labelled_from_ids": "labelled",
    "principal_components": "geometry",
    "proximity_analysis": "proximity",
    "query_classes": "class_queries",
    "run_simulation": "results",
    "select_batch": "strategies",
    "simulate": "simulation",
    "surprisal_embeddings": "surprisal",
    "train_classifier": "training",
}

__all__ = [
    "BertClassifier",
    "BertSettings",
    "ClassembError",
    "EmbeddingIndex",
    "MaskedLanguageModel",
    "Pool",
    "PoolSurprisal",
    "ProbeClassifier",
    "Record",
    "RoundResult",
    "Schedule",
    "SelectionState",
    "SentenceBertEncoder",
    "class_centroids",
    "class_distances",
    "cluster_selection",
    "compare_strategies",
    "cvirs_scores",
    "default_labelled",
    "discriminative_selection",
    "draw_labelled",
    "labelled_from_ids",
    "principal_components",
    "proximity_analysis",
    "query_classes",
    "run_simulation",
    "select_batch",
    "simulate",
    "surprisal_embeddings",
    "train_classifier",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
