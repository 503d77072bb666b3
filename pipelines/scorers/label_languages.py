"""How many labels a scorer is fitted to, by language: what tells later which texts it does not know."""

from collections import Counter
from dataclasses import replace

from annotations import Labels
from annotations.labels.code_languages import UNKNOWN
from filtering.scoring.cascade import signals_of
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.text.arrow import text_bytes
from pipelines.dump.code_languages import CODE, CODE_LANGUAGE
from pipelines.dump.row_languages import languages_of


def labels_by_language(labels: Labels, domain: str) -> dict[str, int]:
    """Return labels by language, most first: as texts are told later.

    A column of the labels says it, else it is detected. Of code, path, column or text do.

    Parameters
    ----------
    labels : Labels
        Of code with their code languages among the slices.
    domain : str
        Of the scorer.
    """
    slices = labels.slices
    if CODE_LANGUAGE in slices:
        found = list(slices[CODE_LANGUAGE])
    else:
        origins = [{name: slices[name][row] for name in slices} for row in range(len(labels))]
        found = languages_of(text_bytes(labels.texts), origins, of_code=domain == CODE)
    counts = Counter(language for language in found if language is not None and language != UNKNOWN)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def with_languages(scorer: SignalScorer | EmbeddingScorer, labels: Labels) -> SignalScorer | EmbeddingScorer:
    """Return a scorer that says how many labels it was fitted to, by language."""
    signals = signals_of(scorer)
    signals = replace(signals, languages=labels_by_language(labels, signals.domain))
    return signals if isinstance(scorer, SignalScorer) else replace(scorer, signals=signals)
