r"""Rewrites of source files, each a function from a text to another one, or to None where it does not apply.

They leave names and what a program does alone, as far as that can be told without knowing its language: a
document is read by a scorer, and run by nobody.
Not here: what may be expected of each (`rewrites.py`).
"""

import re

from filtering.judging.phrases import ENGLISH
from filtering.judging.rewrites_of_prose import changed, shuffled

LINE_COMMENT = re.compile(r"(?m)^[ \t]*(//|--|#|%|;)(?=[ \t]+\S)")
"""A whole line of comment. Directives, such as ``#include`` and ``//go:build``, have no space."""
SLASHES = re.compile(r"(?m)^([ \t]*)//[ \t]+(\S.*?)[ \t\r]*$")
BLOCK_OPEN = re.compile(r"(?m)^[ \t]*/\*")
MARKUP_OPEN = re.compile(r"\s*<[!?\w]")
FIRST_LINE = re.compile(r"(?:\ufeff)?(?:#!|<\?|<!DOCTYPE|%YAML)[^\n]*\n", re.IGNORECASE)
"""What must stay the first line of a file."""
INDENT = re.compile(r"(?m)^[ \t]+")
TAB_CHARS = 4
LICENCE = (
    "Copyright (c) 2015 The Authors. All rights reserved.",
    "",
    "Permission is hereby granted, free of charge, to any person obtaining a copy",
    "of this software and associated documentation files, to deal in the software",
    "without restriction, including the rights to use, copy, modify and distribute it.",
    "The software is provided as is, without warranty of any kind.",
)


def with_licence(text: str) -> str | None:
    r"""Return a file behind a licence header; None where its comments tell no mark for one.

    Examples
    --------
    >>> with_licence("# Adds.\nx = 1 + 1\n").splitlines()[0]
    '# Copyright (c) 2015 The Authors. All rights reserved.'
    """
    lines = _as_comment(text, LICENCE)
    first = FIRST_LINE.match(text)
    start = first.end() if first else 0
    return None if lines is None else f"{text[:start]}{lines}\n\n{text[start:]}"


def with_other_comment_marks(text: str) -> str | None:
    r"""Return a file with lines of comment marked otherwise: ``//`` as ``/* */``, other marks twice.

    Examples
    --------
    >>> with_other_comment_marks("// Adds.\nx = 1 + 1;"), with_other_comment_marks("# Adds.\nx = 1 + 1")
    ('/* Adds. */\nx = 1 + 1;', '## Adds.\nx = 1 + 1')
    """
    mark = comment_mark(text)
    if mark == "//":
        return changed(text, SLASHES.sub(_as_block, text))
    if mark is None:
        return None
    return changed(text, LINE_COMMENT.sub(lambda found: found[0] + found[1], text))


def with_blank_lines(text: str) -> str | None:
    r"""Return a file with each blank line twice.

    Examples
    --------
    >>> with_blank_lines("x = 1\n\ny = 2\n")
    'x = 1\n\n\ny = 2\n'
    """
    return changed(text, re.sub(r"(?m)^([ \t]*\r?\n)", r"\1\1", text))


def without_blank_lines(text: str) -> str | None:
    r"""Return a file without blank lines.

    Examples
    --------
    >>> without_blank_lines("x = 1\n\ny = 2\n")
    'x = 1\ny = 2\n'
    """
    return changed(text, re.sub(r"(?m)^[ \t]*\r?\n", "", text))


def with_other_indents(text: str) -> str | None:
    r"""Return a file with indents of spaces where it has tabs, else of tabs, one for four spaces.

    Examples
    --------
    >>> with_other_indents("if x:\n\ty = 1"), with_other_indents("if x:\n    y = 1")
    ('if x:\n    y = 1', 'if x:\n\ty = 1')
    """
    if re.search(r"(?m)^[ ]*\t", text):
        return changed(text, INDENT.sub(lambda found: found[0].expandtabs(TAB_CHARS), text))
    return changed(text, INDENT.sub(lambda found: found[0].replace(" " * TAB_CHARS, "\t"), text))


def with_shuffled_lines(text: str, *, seed: int = 0) -> str | None:
    r"""Return a file with its lines in another order; blank ones stay.

    Examples
    --------
    >>> with_shuffled_lines("a\nb\nc\nd\ne\nf")
    'd\nc\nb\na\nf\ne'
    """
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if line.strip()]
    return shuffled(text, lines, places, seed=seed, between="\n")


def with_teaching_comment(text: str) -> str | None:
    r"""Return a file with a comment behind it of words that lessons are full of.

    Examples
    --------
    >>> with_teaching_comment("# Adds.\nx = 1 + 1\n")[:37]
    '# Adds.\nx = 1 + 1\n\n# lesson, definiti'
    """
    lines = _as_comment(text, (ENGLISH.teaching,))
    return None if lines is None else f"{text}\n{lines}\n"


def comment_mark(text: str) -> str | None:
    r"""Return what begins a comment in a file: what most of its lines of comment begin with; None if unknown.

    Examples
    --------
    >>> comment_mark("-- Adds.\nSELECT 1 + 1;"), comment_mark("/* Adds. */"), comment_mark("1 + 1")
    ('--', '/*', None)
    """
    marks = LINE_COMMENT.findall(text)
    if marks:
        return str(max(sorted(set(marks)), key=marks.count))
    if BLOCK_OPEN.search(text):
        return "/*"
    return "<!--" if MARKUP_OPEN.match(text) else None


def _as_comment(text: str, lines: tuple[str, ...]) -> str | None:
    """Return lines as a comment of a file; None where it is not known how they are marked."""
    mark = comment_mark(text)
    if mark in ("/*", "<!--"):
        return "\n".join((mark, *lines, "*/" if mark == "/*" else "-->"))
    return None if mark is None else "\n".join(f"{mark} {line}".rstrip() for line in lines)


def _as_block(found: re.Match[str]) -> str:
    """Return a comment of slashes as a block, unless the end of one stands in it."""
    return found[0] if "*/" in found[2] else f"{found[1]}/* {found[2]} */"
