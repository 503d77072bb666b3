"""Of which languages labels are: quality is told within them, and a scorer knows no others."""

from collections import Counter
from dataclasses import replace

from annotations import Labels
from annotations.labels.code_languages import LANGUAGE_COLUMNS, UNKNOWN
from filtering.scoring.cascade import signals_of
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.storage import LANGUAGE_NAME
from filtering.scoring.unsure import find_languages
from filtering.text.arrow import text_bytes
from pipelines.dump.row_values.code_languages import (
    CODE,
    CODE_LANGUAGE,
    with_code_languages,
    without_languages,
)
from pipelines.dump.row_values.row_languages import languages_of
from pipelines.progress import Reporter

LANGUAGE = "language"
"""The slice of labels of prose that says their language."""


def with_one_language(labels: Labels, domain: str, reporter: Reporter) -> Labels:
    """Return labels with their languages in one slice, the first: `CODE_LANGUAGE` of code, else `LANGUAGE`.

    A column of the labels says them. Where none does, path and text tell those of code, and those of prose
    are detected. Scripts, which are no more than a hint at a language, stay where none is told.

    Parameters
    ----------
    labels : Labels
    domain : str
        What the scorer is for.
    reporter : Reporter
        What is told, once, if languages stay unknown for want of an extra.
    """
    found = with_code_languages(labels, domain, reporter)
    others = without_languages(found.slices)
    if CODE_LANGUAGE in others:
        kind, languages = CODE_LANGUAGE, others.pop(CODE_LANGUAGE)
    else:
        columns = [found.slices[name] for name in LANGUAGE_COLUMNS if name in found.slices]
        told = [next(filter(None, values), None) for values in zip(*columns, strict=True)]
        kind, languages = LANGUAGE, tuple(told)
        if not any(told):
            languages = tuple(find_languages(text_bytes(labels.texts), domain))
    if not any(languages):
        return replace(found, slices=others)
    others.pop("script", None)
    return replace(found, slices={kind: languages, **others})


def labels_by_language(labels: Labels, domain: str) -> dict[str, int]:
    """Return labels by language, most first: as texts are told later.

    A column of the labels says it, else it is detected. Of code, path, column or text do. What cannot be the
    name of a language is left out.

    Parameters
    ----------
    labels : Labels
        As `with_one_language` gives them.
    domain : str
        Of the scorer.
    """
    slices = labels.slices
    if CODE_LANGUAGE in slices:
        found = slices[CODE_LANGUAGE]
    else:
        origins = [{name: slices[name][row] for name in slices} for row in range(len(labels))]
        found = tuple(languages_of(text_bytes(labels.texts), origins, of_code=domain == CODE))
    counts = Counter(language for language in found if language and language != UNKNOWN)
    named = [(name, count) for name, count in counts.items() if LANGUAGE_NAME.fullmatch(name)]
    return dict(sorted(named, key=lambda one: (-one[1], one[0])))


def with_languages(scorer: SignalScorer | EmbeddingScorer, labels: Labels) -> SignalScorer | EmbeddingScorer:
    """Return a scorer that says how many labels it was fitted to, by language."""
    signals = signals_of(scorer)
    signals = replace(signals, languages=labels_by_language(labels, signals.domain))
    return signals if isinstance(scorer, SignalScorer) else replace(scorer, signals=signals)
