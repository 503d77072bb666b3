"""Code languages as slices of labels and of runs, in place of what a column of languages says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from annotations.labels.code_languages import (
    LANGUAGE_COLUMNS,
    PATH_COLUMNS,
    UNKNOWN,
    languages_of_texts,
    names_known,
    told_language,
)
from annotations.labels.columns import first_told
from annotations.labels.labels import Labels
from filtering.errors import MissingExtraError
from pipelines.progress import Reporter

Values = TypeVar("Values")
CODE = "code"
"""Domain of scorers of source files."""
CODE_LANGUAGE = "code language"


def is_code(domain: str, named: Sequence[str | None]) -> bool:
    """Tell whether documents are source files: by the scorer's domain, else where most are named so.

    Parameters
    ----------
    domain : str
        Empty where it is not known.
    named : sequence of str or None
        What columns of languages say of each document.
    """
    return domain == CODE or 2 * sum(names_known(one) for one in named if one) > len(named)


def without_languages(values: Mapping[str, Values]) -> dict[str, Values]:
    """Return slices by their kinds, but for those that a code language stands in place of."""
    return {name: value for name, value in values.items() if name not in LANGUAGE_COLUMNS}


def language_told(data: bytes, origin: Mapping[str, Any]) -> str | None:
    """Return the language of a file as a dump tells it.

    As `annotations.labels.code_languages.told_language`.

    Parameters
    ----------
    data : bytes
        Its text.
    origin : mapping
        What columns say, by name.
    """
    return told_language(first_told(origin, LANGUAGE_COLUMNS), first_told(origin, PATH_COLUMNS), data)


def fill_in(told: Sequence[str | None], texts: Mapping[int, bytes]) -> tuple[list[str | None], str]:
    """Have texts tell the languages that nothing else told.

    Parameters
    ----------
    told : sequence of str or None
    texts : mapping of int to bytes
        Of some of those without one, by place; the others stay without.

    Returns
    -------
    list of str or None; str
        Languages; and why some are unknown, what to install, or empty.
    """
    found = list(told)
    places = [place for place in texts if told[place] is None]
    try:
        languages = languages_of_texts([texts[place] for place in places]) if places else []
        why = ""
    except MissingExtraError as error:
        languages, why = [UNKNOWN] * len(places), str(error)
    for place, language in zip(places, languages, strict=True):
        found[place] = language
    return found, why


def with_code_languages(labels: Labels, domain: str, reporter: Reporter) -> Labels:
    """Return labels of code by code language; other labels as they are.

    Parameters
    ----------
    labels : Labels
    domain : str
        What the scorer is for.
    reporter : Reporter
        What is told, once, if languages stay unknown for want of an extra.
    """
    columns = labels.slices
    named = [
        first_told({name: column[row] for name, column in columns.items()}, LANGUAGE_COLUMNS)
        for row in range(len(labels))
    ]
    if not is_code(domain, named):
        return labels
    texts = [str(text).encode(errors="replace") for text in labels.texts]
    paths = labels.paths or (None,) * len(labels)
    told = [told_language(*one) for one in zip(named, paths, texts, strict=True)]
    languages, why = fill_in(told, dict(enumerate(texts)))
    if why:
        reporter.say(f"{languages.count(UNKNOWN):,} labels are of an unknown language. {why}")
    return replace(labels, slices={**without_languages(labels.slices), CODE_LANGUAGE: tuple(languages)})
