"""The language of documents, by which a scorer knows them: of a column, a path (of code), else of the text.

One rule for all that tells which documents are unsure: before a run, while it writes, on its page, and in
`explain`.
"""

import re
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
from pipelines.dump.row_values.code_languages import is_code, language_told

NO_PROGRAMS = (
    *(
        "AsciiDoc",
        "BibTeX",
        "CSV",
        "HTML",
        "INI",
        "JSON",
        "Markdown",
        "reStructuredText",
        "SVG",
        "TeX",
        "Text",
    ),
    *("TOML", "XML", "YAML"),
)
"""Languages that prose and data are written in: a manual in reStructuredText is no source file."""
SERVED = {"ASP.NET": b"<%", "Java Server Pages": b"<%", "PHP": b"<?"}
"""By the languages that end addresses of pages too: what source files in them hold, and pages do not."""
SIGNS_OF_CODE, MOST_SIGNS = re.compile(rb"[{}()\[\];=<>_#$|&*/+\\\"@]"), 0.04
"""Signs that code is full of, and the share of them from which a text is no prose."""
OTHER = "another language"
"""Stands for names of code languages that are not known here: a column may hold any text."""


def knows_code(scorer: SignalScorer) -> bool:
    """Tell whether what a scorer knows are programming languages."""
    return is_code(scorer.domain, list(scorer.languages))


def names_programs(language: str) -> bool:
    """Tell whether what is written in a language is a source file, and neither prose nor data.

    Examples
    --------
    >>> [names_programs(one) for one in ("Python", "cs", "HTML", "reStructuredText")]
    [True, False, False, False]
    """
    return names_known(language) and language_named(language) == language and language not in NO_PROGRAMS


def is_source_file(text: bytes, origin: Mapping[str, Any]) -> bool:
    """Tell whether a document is a source file, as a column of languages says, else as a path does.

    Parameters
    ----------
    text : bytes
        Its beginning is enough.
    origin : mapping
        What columns say of it, by name.

    Examples
    --------
    >>> [is_source_file(b"<p>", one) for one in ({"path": "a.py"}, {"path": "a.rst"}, {"path": "a.php"})]
    [True, False, False]
    >>> is_source_file(b"", {"lang": "cs", "path": "a.cs"})  # Czech
    False
    """
    named = first_told(origin, LANGUAGE_COLUMNS)
    if isinstance(named, str) and human_language_named(named):
        return False
    told = language_told(text, origin)
    return told is not None and names_programs(told) and SERVED.get(told, b"") in text


def is_prose(text: bytes, told: str | None) -> bool:
    """Tell whether a document is a page of prose and no source file, as its signs say.

    Of 1,500 labelled pages it says so of 87 %, of 1,500 labelled source files of 1.7 %: that is enough for a
    dump, and too little for single documents.

    Parameters
    ----------
    text : bytes
        Its beginning is enough.
    told : str, optional
        Its language, if a column or a path says that it is a source file.

    Examples
    --------
    >>> is_prose(b"A prime has two divisors, 1 and itself.", None), is_prose(b"x = f(y[0]);", None)
    (True, False)
    >>> is_prose(b"# A licence, and no more", "Python")
    False
    """
    if told is not None and names_programs(told):
        return False
    letters = b"".join(text.split())
    return len(SIGNS_OF_CODE.findall(letters)) < MOST_SIGNS * len(letters)


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
