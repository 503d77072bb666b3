r"""Rewrites of prose, each a function from a text to another one, or to None where it would change nothing.

Not here: what may be expected of each (`rewrites.py`).
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from random import Random

from filtering.judging.phrases import phrases_for, script_of

SPACELESS = ("CJK", "HIRAGANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts that write words without spaces between them."""
STOPLESS = ("THAI", "LAO", "KHMER")
"""Scripts in which a space ends what a full stop ends elsewhere."""
SPACED_ENDS, UNSPACED_ENDS = ".!?\u2026\u061f\u06d4\u0964\u0965\u104b\u17d4\u1362", "\u3002\uff01\uff1f"
"""What ends a sentence: where a space follows, and in Chinese and Japanese, where none does."""
SENTENCE_ENDS = SPACED_ENDS + UNSPACED_ENDS
BEHIND_SENTENCE = re.compile(rf"((?<=[{SPACED_ENDS}])\s+|(?<=[{UNSPACED_ENDS}])\s*|\n+)")
LEAST_SHUFFLED = 6
"""Sentences or lines: fewer are told in order as often as not."""

WIDE_CHARS, WRAPPED_CHARS, WRAPPED_CHARS_SPACELESS = 80, 72, 36
HEADING_CHARS = 80
MARKED_HEADING = re.compile(r"#{1,6}\s+\S")
BULLET = re.compile(r"(?m)^([ \t]*)[\u2022\u00b7\u25aa\u2023\u25e6\u2013][ \t]+")
MARKS = (
    (re.compile(r"(?m)^[ \t]*#{1,6}[ \t]+"), ""),
    (re.compile(r"(?m)^[ \t]*>[ \t]?"), ""),
    (re.compile(r"(?m)^[ \t]*[-*+][ \t]+(?=\S)"), ""),
    (re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!`)`([^`\n]+)`(?!`)"), r"\1"),
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)"), r"\1"),
)
"""Marks of Markdown, and what is left of them."""
FENCE = "```"
BROKEN_SENTENCE = re.compile(rf"(?<=[^\n{SENTENCE_ENDS}:;]{{40}})\n(?=[^\W\d_]\S)")
LEAST_PARAGRAPHS = 3
MOST_OF_FIRST = 0.25
"""Share of a text that a first paragraph may have; of a larger one it may be what teaches."""


def without_markdown(text: str) -> str | None:
    r"""Return a text without marks of headings, lists, quotes, emphasis and links; code in fences stays.

    Examples
    --------
    >>> without_markdown("# Light\n- It is **fast**.")
    'Light\nIt is fast.'
    """
    pieces = text.split(FENCE)
    for place in range(0, len(pieces), 2):
        for mark, left in MARKS:
            pieces[place] = mark.sub(left, pieces[place])
    return changed(text, FENCE.join(pieces))


def with_markdown(text: str) -> str | None:
    r"""Return a text with its title, headings and bullets marked; None where there are marks already.

    Examples
    --------
    >>> with_markdown("Light\n" + 9 * "It is fast. ").splitlines()[0]
    '# Light'
    """
    lines = text.split("\n")
    if any(MARKED_HEADING.match(line) for line in lines):
        return None
    for number, place in enumerate(_plain_headings(lines)):
        lines[place] = f"{'##' if number else '#'} {lines[place].strip()}"
    return changed(text, BULLET.sub(r"\1- ", "\n".join(lines)))


def without_headings(text: str) -> str | None:
    r"""Return a text without its headings, those that Markdown marks and those that short lines are.

    Examples
    --------
    >>> without_headings("# Light\nIt is fast.")
    'It is fast.'
    """
    lines = text.split("\n")
    marked = {place for place, line in enumerate(lines) if MARKED_HEADING.match(line)}
    headings = marked | set(_plain_headings(lines))
    return changed(text, "\n".join(line for place, line in enumerate(lines) if place not in headings))


def without_first_paragraph(text: str) -> str | None:
    r"""Return a text without its first paragraph; None where that is much of it, or there are few.

    Examples
    --------
    >>> without_first_paragraph("Welcome!\n\nLight is fast.\n\nSound is slow.")
    'Light is fast.\n\nSound is slow.'
    """
    found = paragraphs(text)
    if len(found) < LEAST_PARAGRAPHS or len(found[0]) > MOST_OF_FIRST * len(text):
        return None
    return "".join(found[1:])


def with_navigation(text: str) -> str | None:
    """Return a text between the menu, cookie banner and foot of a web page, in its script.

    Examples
    --------
    >>> with_navigation("Light is fast.").splitlines()[0]
    'Home | News | Products | About us | Contact | Log in'
    """
    phrases = phrases_for(text)
    return f"{phrases.above}\n\n{text}\n\n{phrases.below}"


def with_tone(text: str) -> str | None:
    """Return a text behind a sentence in an encyclopedia's tone that says nothing, in its script.

    Examples
    --------
    >>> with_tone("Light is fast.")[-30:]
    's significance. Light is fast.'
    """
    return f"{phrases_for(text).tone}{_space(text)}{text}"


def in_capitals(text: str) -> str | None:
    """Return a text in upper case; None where its script has none.

    Examples
    --------
    >>> in_capitals("Light is fast."), in_capitals("光")
    ('LIGHT IS FAST.', None)
    """
    return changed(text, text.upper())


def with_wrapped_lines(text: str) -> str | None:
    r"""Return a text with its long lines broken: after 72 characters, or 36 where words have no spaces.

    Examples
    --------
    >>> with_wrapped_lines("word " * 20).count("\n")
    1
    """
    spaceless = script_of(text) in SPACELESS
    width = WRAPPED_CHARS_SPACELESS if spaceless else WRAPPED_CHARS
    lines = [
        textwrap.fill(line, width, break_long_words=spaceless, break_on_hyphens=False)
        if len(line) > width + WIDE_CHARS - WRAPPED_CHARS and not line[0].isspace()
        else line
        for line in text.split("\n")
    ]
    return changed(text, "\n".join(lines))


def with_joined_lines(text: str) -> str | None:
    r"""Return a text in which no line ends within a sentence.

    Examples
    --------
    >>> with_joined_lines("A line that is broken somewhere right within\nits sentence. It ends.\nSo.")
    'A line that is broken somewhere right within its sentence. It ends.\nSo.'
    """
    return changed(text, BROKEN_SENTENCE.sub(_space(text), text))


def with_shuffled_sentences(text: str, *, seed: int = 0) -> str | None:
    """Return a text with its sentences in another order; its line breaks stay where they are.

    Examples
    --------
    >>> with_shuffled_sentences("One. Two. Three. Four. Five. Six.")
    'One. Four. Three. Two. Six. Five.'
    """
    behind = re.compile(r"(\s+)") if script_of(text) in STOPLESS else BEHIND_SENTENCE
    pieces = behind.split(text)
    places = [place for place in range(0, len(pieces), 2) if pieces[place].strip()]
    return shuffled(text, pieces, places, seed=seed)


def with_teaching_words(text: str) -> str | None:
    r"""Return a text with words behind it that lessons are full of, in its script.

    Examples
    --------
    >>> with_teaching_words("Buy now!")[:18]
    'Buy now!\n\nlesson, '
    """
    return f"{text}\n\n{phrases_for(text).teaching}"


def paragraphs(text: str) -> list[str]:
    r"""Return the paragraphs of a text, with what parts them: blank lines, or line ends where these are few.

    Examples
    --------
    >>> paragraphs("One.\n\nTwo.\nStill two.\n\nThree.")
    ['One.\n\n', 'Two.\nStill two.\n\n', 'Three.']
    """
    for end in (r"\n[ \t\r]*\n\s*", r"\n+"):
        pieces = re.split(f"({end})", text.strip())
        found = ["".join(pieces[place : place + 2]) for place in range(0, len(pieces), 2)]
        if len(found) >= LEAST_PARAGRAPHS:
            break
    return found


def _plain_headings(lines: list[str]) -> Iterator[int]:
    """Yield which lines are headings without a mark: short, no sentence, and a longer line next."""
    for place, line in enumerate(lines):
        heading = line.strip()
        if not 1 < len(heading) <= HEADING_CHARS or heading[-1] in SENTENCE_ENDS + ",;:|" or "|" in heading:
            continue
        after = next((one for one in lines[place + 1 : place + 3] if one.strip()), "")
        if heading[0].isalnum() and len(after) > max(len(heading) * 2, WRAPPED_CHARS_SPACELESS):
            yield place


def _space(text: str) -> str:
    """Return what stands between sentences of a script."""
    return "" if script_of(text) in SPACELESS else " "


def shuffled(
    text: str, pieces: list[str], places: Sequence[int], *, seed: int, between: str = ""
) -> str | None:
    """Return a text of its pieces, those at some places in another order; None where these are few."""
    if len(places) < LEAST_SHUFFLED:
        return None
    moved = [pieces[place] for place in places]
    Random(f"{seed} {len(text)}").shuffle(moved)
    for place, piece in zip(places, moved, strict=True):
        pieces[place] = piece
    return changed(text, between.join(pieces))


def changed(text: str, rewritten: str) -> str | None:
    """Return a rewritten text; None where it is the same, or nothing is left of it."""
    return rewritten if rewritten != text and rewritten.strip() else None
