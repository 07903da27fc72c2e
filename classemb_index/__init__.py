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
    from .documents import Record
    from .encoder import SentenceBertEncoder
    from .geometry import class_distances, principal_components
    from .index import EmbeddingIndex
    from .labelled import default_labelled, draw_labelled, labelled_from_ids
    from .pool import Pool
    from .probe import ProbeClassifier
    from .proximity import proximity_analysis
    from .simulation import RoundResult, Schedule, simulate
    from .strategies import SelectionState, select_batch

_HOMES = {
    "BertClassifier": "classifier",
    "BertSettings": "classifier",
    "EmbeddingIndex": "index",
    "Pool": "pool",
    "ProbeClassifier": "probe",
    "Record": "documents",
    "RoundResult": "simulation",
    "Schedule": "simulation",
    "SelectionState": "strategies",
    "SentenceBertEncoder": "encoder",
    "class_centroids": "centroids",
    "class_distances": "geometry",
    "default_labelled": "labelled",
    "draw_labelled": "labelled",
    "labelled_from_ids": "labelled",
    "principal_components": "geometry",
    "proximity_analysis": "proximity",
    "query_classes": "class_queries",
    "select_batch": "strategies",
    "simulate": "simulation",
}

__all__ = [
    "BertClassifier",
    "BertSettings",
    "ClassembError",
    "EmbeddingIndex",
    "Pool",
    "ProbeClassifier",
    "Record",
    "RoundResult",
    "Schedule",
    "SelectionState",
    "SentenceBertEncoder",
    "class_centroids",
    "class_distances",
    "default_labelled",
    "draw_labelled",
    "labelled_from_ids",
    "principal_components",
    "proximity_analysis",
    "query_classes",
    "select_batch",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
