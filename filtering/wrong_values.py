"""Words for what is refused: values of settings and rubrics, and names and paths that nothing has."""

import os
import re
from collections.abc import Collection, Mapping
from datetime import date, time
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from filtering.printable import printable

LIBRARY_WORDS = re.compile(r"^(?:Value error, (?:must )?|\w+ should )")
"""How the library begins its messages."""
KINDS = {
    "missing": "must be given",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
"""What we say instead where its message speaks of types of Python."""
TYPES = ((dict, "a table"), ((list, tuple), "a list"))
MOST_NAMES = 2000
"""Of a folder that are compared with one that is not there: it may hold a million."""
SHOWN_CHARS = 200
"""From here on a value may be a document, and is not shown."""


def what_is_wrong(problem: Mapping[str, Any]) -> str:
    """Return what must hold of a value and what came: the rest of a sentence that begins with its name.

    Parameters
    ----------
    problem : mapping
        One of ``ValidationError.errors()``.

    Examples
    --------
    >>> what_is_wrong({"type": "missing"})
    'must be given.'
    >>> what_is_wrong({"type": "int_type", "input": "1"})
    "must be a whole number. Got '1' instead."
    """
    kind = problem["type"]
    words = KINDS.get(kind) or LIBRARY_WORDS.sub("must ", problem["msg"]).replace(" after validation", "")
    return f"{words}." if kind == "missing" else f"{words}. Got {value_in_words(problem['input'])} instead."


def near_name(name: str, known: Collection[str]) -> str:
    """Return the known name that one may have been meant for; empty if none is near.

    Examples
    --------
    >>> near_name("dimension", ["scale", "dimensions"]), near_name("colour", ["scale"])
    ('dimensions', '')
    """
    return next(iter(get_close_matches(name, known, n=1)), "")


def near_path(path: str) -> str:
    """Return a question after a path that is not there: whether one of a near name is meant; else nothing.

    It begins with a space. What is asked for is there.

    Parameters
    ----------
    path : str
        On this machine; of a pattern, what leads to its first wildcard counts.

    Examples
    --------
    >>> near_path("no such folder/no such file")
    ''
    """
    steps = [Path(path), *Path(path).parents]
    there = next((number for number, step in enumerate(steps) if os.path.exists(step)), 0)
    if not there or "://" in path:
        return ""
    folder, wrong, rest = steps[there], steps[there - 1], steps[: there - 1]
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_NAMES)]
    except OSError:
        return ""
    # Without endings: those of data are all alike.
    stems = {Path(name).stem.lower(): name for name in names}
    if not (near := stems.get(near_name(Path(wrong.name).stem.lower(), stems), "")):
        return ""
    whole = folder / near / (steps[0].relative_to(wrong) if rest else "")
    return f" Did you mean '{printable(str(whole if whole.exists() else folder / near))}'?"


def value_in_words(value: object) -> str:
    """Return a wrong value; a larger one, which may hold documents, by its kind alone."""
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, (date, time)):
        return str(value)
    if isinstance(value, str):
        return repr(value) if len(value) < SHOWN_CHARS else f"text of {len(value):,} characters"
    return next((words for kind, words in TYPES if isinstance(value, kind)), type(value).__name__)
