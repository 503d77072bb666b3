"""The language of documents, by which a scorer knows them: of a column, a path (of code), else of the text.

One rule for all that tells which documents are unsure: before a run, while it writes, on its page, and in
`explain`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from annotations.labels.code_languages import (
    LANGUAGE_COLUMNS,
    PATH_COLUMNS,
    UNKNOWN,
    language_named,
    names_known,
)
from annotations.labels.columns import first_told, is_string
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.unsure import find_languages
from filtering.text.language_names import human_language_named
from pipelines.dump.code_languages import is_code, language_told

SOURCE_FILES = "These are source files. --scorer code is fitted to such."
MARKUP = ("HTML", "JSON", "Markdown", "Text", "XML")
"""Languages that pages of the web may be stored in: they make no source files of documents."""
OTHER = "another language"
"""Stands for names of code languages that are not known here: a column may hold any text."""


def knows_code(scorer: SignalScorer) -> bool:
    """Tell whether what a scorer knows are programming languages."""
    return is_code(scorer.domain, list(scorer.languages))


def are_source_files(languages: Mapping[str, int], documents: int) -> bool:
    """Tell whether most of some documents are in programming languages.

    Parameters
    ----------
    languages : mapping of str to int
        Documents by language, as `languages_of` names it.
    documents : int
        All of them.

    Examples
    --------
    >>> are_source_files({"Python": 60, "Java": 3}, 100), are_source_files({"cs": 60, "HTML": 40}, 100)
    (True, False)
    """
    of_code = (
        count
        for name, count in languages.items()
        if names_known(name) and language_named(name) == name and name not in MARKUP
    )
    return 2 * sum(of_code) > documents


def telling_columns(schema: pa.Schema) -> list[str]:
    """Return the names of columns that tell languages; of several columns of one name none does."""
    wanted = {name for name in (*LANGUAGE_COLUMNS, *PATH_COLUMNS) if schema.names.count(name) == 1}
    kinds = {one.name: one.type for one in schema if one.name in wanted}
    return [
        name
        for name, kind in kinds.items()
        if is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)
    ]


def languages_of(
    texts: Sequence[bytes | None],
    origins: Sequence[Mapping[str, Any]],
    *,
    of_code: bool,
    detects: bool = True,
) -> list[str | None]:
    """Return the language of each document; None where it is not known.

    Parameters
    ----------
    texts : sequence of bytes or None, length n
        Beginnings are enough.
    origins : sequence of mapping, length n
        What columns say of each, by name.
    of_code : bool
        Whether programming languages are asked for.
    detects : bool
        Whether texts tell the human language where no column does, if the extra for that is installed.
    """
    if of_code:
        found = [language_told(text or b"", one) for text, one in zip(texts, origins, strict=True)]
        return [code_language(one) for one in found]
    named = [named_language(first_told(one, LANGUAGE_COLUMNS)) for one in origins]
    places = [place for place, language in enumerate(named) if language is None] if detects else []
    for place, language in zip(places, find_languages([texts[one] for one in places], ""), strict=True):
        named[place] = language
    return named


def code_language(told: str | None) -> str | None:
    """Return a code language by a name that says nothing of its document; None where it is not known."""
    if told is None or told == UNKNOWN:
        return None
    return told if names_known(told) else OTHER


def named_language(value: object) -> str | None:
    """Return the language that a column names; None where it names none that is known.

    Examples
    --------
    >>> [named_language(one) for one in ("eng_Latn", "German", "python", "unknown", None)]
    ['en', 'de', 'Python', None, None]
    """
    if not isinstance(value, str):
        return None
    return human_language_named(value) or (language_named(value) if names_known(value) else None)
