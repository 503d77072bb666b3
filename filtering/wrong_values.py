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
from filtering.rubric_points import POINTS

IN_POINTS, AS_SHARE = "points", "share"
"""What numbers are that no per cent can stand for, or one can."""
LIBRARY_WORDS = re.compile(r"^(?:Value error, (?:must )?|\w+ should )")
"""How the library begins its messages."""
KINDS = {
    "missing": "must be given",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
"""What we say instead where its message speaks of types of Python."""
BOUNDS = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be above"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be below"),
}
"""What we say of a number that lies outside, before the bound, which the library tells by this name."""
NO_CHOICE = re.compile(r"Value error, '.*' is not one of (.+)\.", re.DOTALL)
"""What typer says where a word is none of those that an option takes."""
NUMBER = re.compile(r"(\d[\d.,' _]*?)\s*(%|[kMBT]?)", re.IGNORECASE)
THOUSANDS = re.compile(r"\d{1,3}([.,' _])\d{3}(?:\1\d{3})*")
TYPES = ((dict, "a table"), ((list, tuple), "a list"))
MOST_NAMES = 2000
"""Of a folder that are compared with one that is not there: it may hold a million."""
SHOWN_CHARS = 200
"""From here on a value may be a document, and is not shown."""


def what_is_wrong(problem: Mapping[str, Any], unit: str = "") -> str:
    """Return what must hold of a value, what came, and what may be meant, after the name of the value.

    Parameters
    ----------
    problem : mapping
        One of ``ValidationError.errors()``.
    unit : str
        What the value is: `IN_POINTS`, `AS_SHARE`, or empty for anything else.

    Examples
    --------
    >>> what_is_wrong({"type": "missing"})
    'must be given.'
    >>> what_is_wrong({"type": "int_type", "input": "1"})
    "must be a whole number. Got '1' instead."
    >>> what_is_wrong({"type": "less_than", "input": 80.0, "ctx": {"lt": 1.0}})
    'must be below 1. Got 80 instead. Did you mean 0.8?'
    >>> what_is_wrong({"type": "float_parsing", "input": "3,5"})
    "must be a number. Got '3,5' instead. Did you mean 3.5?"
    >>> what_is_wrong({"type": "float_parsing", "input": "90%"}, AS_SHARE)
    "must be a number. Got '90%' instead. Did you mean 0.9?"
    >>> what_is_wrong({"type": "float_parsing", "input": "90%"}, IN_POINTS)
    "must be points from 0 to 5, not a share. Got '90%' instead."
    """
    kind, value, near = problem["type"], problem.get("input"), ""
    if kind == "missing":
        return f"{KINDS[kind]}."
    words = KINDS.get(kind) or LIBRARY_WORDS.sub("must ", problem.get("msg", "")).replace(
        " after validation", ""
    )
    if kind in BOUNDS:
        name, bound = BOUNDS[kind]
        limit = problem["ctx"][name]
        words = f"{bound} {limit:g}"
        if unit == IN_POINTS and name == "le":
            words = f"must be points from 0 to {POINTS}"
        near = _share_of(str(value)) if limit == 1 and name in ("lt", "le") else ""
    elif kind in ("int_parsing", "float_parsing"):
        near = near_number(str(value), is_whole=kind == "int_parsing", is_share=unit == AS_SHARE)
        if unit == IN_POINTS and share_of_percent(value):
            words = f"must be points from 0 to {POINTS}, not a share"
    elif choice := NO_CHOICE.fullmatch(problem["msg"] if "msg" in problem else ""):
        choices = choice[1].replace("'", "").split(", ")
        words = f"must be one of {', '.join(choices)}"
        near = near_name(str(value).lower(), choices)
        near = repr(near) if near else ""
    asked = f" Did you mean {near}?" if near else ""
    return f"{words}. Got {value_in_words(value)} instead.{asked}"


def _share_of(text: str) -> str:
    """Return the share that a number of percent was meant for; empty if that is not clear."""
    number = near_number(text, is_whole=False)
    return f"{float(number) / 100:.12g}" if number and 1 < float(number) < 100 else ""


def share_of_percent(value: object) -> str:
    """Return the share that a text with a per cent sign names; empty for anything else.

    Examples
    --------
    >>> [share_of_percent(value) for value in ("30 %", "0.3%", "30", 30)]
    ['0.3', '0.003', '', '']
    """
    is_percent = isinstance(value, str) and value.rstrip().endswith("%")
    return near_number(str(value), is_whole=False, is_share=True) if is_percent else ""


def near_number(text: str, *, is_whole: bool, is_share: bool = False) -> str:
    """Return the number that a text was meant for, as it is to be written; empty if that is not clear.

    Parameters
    ----------
    text : str
    is_whole : bool
        Whether the number must be whole.
    is_share : bool
        Whether the number is a share of something: per cent means nothing else.

    Examples
    --------
    >>> [near_number(text, is_whole=False) for text in ("3,5", "90 %", "$3", "1,000,000", "a lot")]
    ['3.5', '', '3', '1000000', '']
    >>> near_number("90 %", is_whole=False, is_share=True)
    '0.9'
    >>> [near_number(text, is_whole=True) for text in ("2,000", "2k", "2.5")]
    ['2000', '2000', '']
    """
    match = NUMBER.fullmatch(text.strip().strip("$€£").strip())
    if match is None:
        return ""
    digits, unit = match[1], match[2].upper()
    if unit == "%" and not is_share:
        return ""
    thousands = THOUSANDS.fullmatch(digits)
    if thousands and (is_whole or digits.count(thousands[1]) > 1 or thousands[1] not in ".,"):
        digits = digits.replace(thousands[1], "")
    try:
        number = float(digits.replace(",", "."))
    except ValueError:
        return ""
    number *= 0.01 if unit == "%" else 1000.0 ** " KMBT".index(unit or " ")
    if is_whole:
        return f"{number:.0f}" if number.is_integer() else ""
    return f"{number:.12g}"


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
    if isinstance(value, float) and value.is_integer():
        return f"{value:.12g}"  # as it was given: options of numbers make 3.0 of 3
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, (date, time)):
        return str(value)
    if isinstance(value, str):
        return repr(value) if len(value) < SHOWN_CHARS else f"text of {len(value):,} characters"
    if value in ([], ()):
        return "an empty list"
    return next((words for kind, words in TYPES if isinstance(value, kind)), type(value).__name__)
