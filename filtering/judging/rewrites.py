"""Rewrites of documents by code, and what may be expected of each: whether a scorer sees style or substance.

Some change nothing that a document teaches, and may flip few decisions. Words that are appended to a page
that teaches little must not lift it. What puts a good document out of order, or fills it with the same again,
must lower it.
To add a rewrite, write a function from a text to another one (or None) in `rewrites_of_prose.py` or
`rewrites_of_code.py`, and name it in `rewrites_of`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from filtering.judging import rewrites_of_code as code
from filtering.judging import rewrites_of_prose as prose

Kind = Literal["harmless", "appended", "harmful"]
"""``harmless``: teaches the same. ``appended``: words behind a poor document. ``harmful``: teaches less."""
AIMS: dict[Kind, float] = {"harmless": 0.03, "appended": 0.01}
"""Share of decisions that a rewrite may flip; harmful ones must lower the scores of good documents."""
TIMES = 4
"""That a beginning is repeated: so large a part of the text that its length stays."""


@dataclass(frozen=True)
class Rewrite:
    """A rewrite, and what may be expected of it.

    Parameters
    ----------
    name : str
        As tables show it.
    kind : {"harmless", "appended", "harmful"}
    rewrite : callable
        From a text to another one; to None where it does not apply.
    """

    name: str
    kind: Kind
    rewrite: Callable[[str], str | None]


def rewrites_of(*, is_code: bool, seed: int = 0) -> tuple[Rewrite, ...]:
    """Return the rewrites of source files, or of prose.

    Examples
    --------
    >>> [one.name for one in rewrites_of(is_code=True) if one.kind == "harmful"]
    ['lines shuffled', 'beginning four times']
    """
    if is_code:
        return (
            Rewrite("licence header added", "harmless", code.with_licence),
            Rewrite("other comment marks", "harmless", code.with_other_comment_marks),
            Rewrite("blank lines twice", "harmless", code.with_blank_lines),
            Rewrite("blank lines removed", "harmless", code.without_blank_lines),
            Rewrite("other indents", "harmless", code.with_other_indents),
            Rewrite("Windows line ends", "harmless", with_windows_line_ends),
            Rewrite("words appended", "appended", code.with_teaching_comment),
            Rewrite("lines shuffled", "harmful", partial(code.with_shuffled_lines, seed=seed)),
            Rewrite("beginning four times", "harmful", with_repeated_beginning),
        )
    return (
        Rewrite("Markdown taken off", "harmless", prose.without_markdown),
        Rewrite("Markdown put on", "harmless", prose.with_markdown),
        Rewrite("headings removed", "harmless", prose.without_headings),
        Rewrite("first paragraph cut", "harmless", prose.without_first_paragraph),
        Rewrite("navigation around it", "harmless", prose.with_navigation),
        Rewrite("encyclopedia's tone", "harmless", prose.with_tone),
        Rewrite("upper case", "harmless", prose.in_capitals),
        Rewrite("lines wrapped", "harmless", prose.with_wrapped_lines),
        Rewrite("lines joined", "harmless", prose.with_joined_lines),
        Rewrite("Windows line ends", "harmless", with_windows_line_ends),
        Rewrite("words appended", "appended", prose.with_teaching_words),
        Rewrite("sentences shuffled", "harmful", partial(prose.with_shuffled_sentences, seed=seed)),
        Rewrite("beginning four times", "harmful", with_repeated_beginning),
    )


def with_windows_line_ends(text: str) -> str | None:
    r"""Return a text whose lines end as on Windows; None where some do already, or it has one line.

    Examples
    --------
    >>> with_windows_line_ends("One.\nTwo.")
    'One.\r\nTwo.'
    """
    return None if "\n" not in text or "\r" in text else text.replace("\n", "\r\n")


def with_repeated_beginning(text: str) -> str | None:
    r"""Return the paragraphs that begin a text, about a quarter of it, four times; None where there are none.

    Examples
    --------
    >>> with_repeated_beginning("One.\n\nTwo.\n\nThree.\n\nFour.")
    'One.\n\nOne.\n\nOne.\n\nOne.'
    """
    beginning = ""
    for paragraph in prose.paragraphs(text):
        beginning += paragraph
        if len(beginning) * TIMES * 4 >= len(text) * 3:
            break
    if len(beginning) * 2 > len(text):
        return None
    return "\n\n".join([beginning.strip()] * TIMES)
