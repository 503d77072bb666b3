"""What a score is and how to compute it. Names are imported when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from filtering.drift import Drift as Drift
    from filtering.drift import measure_drift as measure_drift
    from filtering.embedders import Placement as Placement
    from filtering.explain import Explanation as Explanation
    from filtering.explain import explain_documents as explain_documents
    from filtering.scorers import EmbeddingScorer as EmbeddingScorer
    from filtering.scorers import Scorer as Scorer
    from filtering.scorers import Scores as Scores
    from filtering.scorers import SignalScorer as SignalScorer
    from filtering.storage import load_scorer as load_scorer
    from filtering.storage import save_scorer as save_scorer

_HOMES = {
    "drift": ("Drift", "measure_drift"),
    "embedders": ("Placement",),
    "explain": ("Explanation", "explain_documents"),
    "scorers": ("EmbeddingScorer", "Scorer", "Scores", "SignalScorer"),
    "storage": ("load_scorer", "save_scorer"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'filtering' has no attribute {name!r}")
    return getattr(import_module(f"filtering.{_HOME_OF[name]}"), name)
