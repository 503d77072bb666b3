"""What a score is and how to compute it. Names are imported when they are first used.

This package takes texts and arrays. It knows nothing of dumps, runs, labels in files, Ray or endpoints,
and reads no files but saved scorers and benchmarks. Each room may import the rooms below it in this list:

- `fitting/`: everything that is fitted to labels.
- `judging/`: what may be believed of scores, and of cuts. `explaining/`: why a document has its score, and
  whether texts drift.
- `scoring/`: scorers, the cascade, and saved scorers.
- `signals/`: fast signals of words and style. `embedding/`: embedders and heads over embeddings.
  `leaks/`: leaks of benchmarks.
- `text/`: what a document is, which part of it is read, and which documents are nearly the same.
- modules at the top level, which all rooms may import: errors, text of others, optional libraries, names
  imported late, compilation, hashing, folds, rates, the scale of points, types and checks of arrays, what
  the machine allows, and notes of what is read.

`models/` holds the shipped scorers, which are data.
"""

from typing import TYPE_CHECKING

from filtering.late_names import late_names

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from filtering.embedding.settings import Placement as Placement
    from filtering.explaining.drift import Drift as Drift
    from filtering.explaining.drift import measure_drift as measure_drift
    from filtering.explaining.explain import explain_documents as explain_documents
    from filtering.explaining.explanation import Explanation as Explanation
    from filtering.scoring.scorers import EmbeddingScorer as EmbeddingScorer
    from filtering.scoring.scorers import Scorer as Scorer
    from filtering.scoring.scorers import SignalScorer as SignalScorer
    from filtering.scoring.scores import Scores as Scores
    from filtering.scoring.storage import load_scorer as load_scorer
    from filtering.scoring.storage import save_scorer as save_scorer
    from filtering.scoring.unsure import UnknownTextsWarning as UnknownTextsWarning
    from filtering.scoring.unsure import Unsure as Unsure

_names, __getattr__ = late_names(
    __name__,
    {
        "explaining.drift": ("Drift", "measure_drift"),
        "embedding.settings": ("Placement",),
        "explaining.explain": ("explain_documents",),
        "explaining.explanation": ("Explanation",),
        "scoring.scorers": ("EmbeddingScorer", "Scorer", "SignalScorer"),
        "scoring.scores": ("Scores",),
        "scoring.storage": ("load_scorer", "save_scorer"),
        "scoring.unsure": ("UnknownTextsWarning", "Unsure"),
    },
)
__all__ = sorted(_names)
