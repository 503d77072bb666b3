"""What a score is and how to compute it. Names are imported when they are first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filtering.drift import Drift, measure_drift
    from filtering.embedders import Placement
    from filtering.explain import Explanation, explain_documents
    from filtering.scorers import EmbeddingScorer, Scorer, Scores, SignalScorer
    from filtering.storage import load_scorer, save_scorer

_HOMES = {
    "Drift": "drift",
    "EmbeddingScorer": "scorers",
    "Explanation": "explain",
    "Placement": "embedders",
    "Scorer": "scorers",
    "Scores": "scorers",
    "SignalScorer": "scorers",
    "explain_documents": "explain",
    "load_scorer": "storage",
    "measure_drift": "drift",
    "save_scorer": "storage",
}

__all__ = [
    "Drift",
    "EmbeddingScorer",
    "Explanation",
    "Placement",
    "Scorer",
    "Scores",
    "SignalScorer",
    "explain_documents",
    "load_scorer",
    "measure_drift",
    "save_scorer",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'filtering' has no attribute {name!r}")
    return getattr(import_module(f"filtering.{_HOMES[name]}"), name)
