"""Which part of a document is read: the same rules when labelling, training and scoring.

First a licence header is left out (`header_end`): a comment at the very beginning that says nothing of
what the document teaches. Of the n bytes behind it, a labeller and an embedder read the **window**: up to
2,400 bytes of UTF-8 whole, of more the first 1,400, the middle 500 (around byte n // 2) and the last 500.
Signals read the **reach**: the same with 64,000, 24,000, 16,000 and 24,000 bytes, all of nearly every
document. Pieces are cut inwards to code-point boundaries, so that none is longer than its share. A window or
reach written out as text joins the three by `SEAM`; a text that is one already is not cut again. The window
of a reach is that of the whole text, but for the few bytes that its cuts may have moved.

The compiled functions in `checks.py` apply the reach to Arrow buffers; this module states both in plain
Python for everything that handles single texts. A test holds the two equal.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class CutRule:
    """How much of a document is read, in bytes.

    Parameters
    ----------
    whole : int
        A text of at most this size is read whole.
    head, middle, tail : int
        Of a longer one these pieces are.
    version : int
        Raised where a rule of the same sizes cuts otherwise.
    """

    whole: int
    head: int
    middle: int
    tail: int
    version: int = 1

    @property
    def name(self) -> str:
        """Name and version; stored with every scorer and label set."""
        return f"head{self.head}-middle{self.middle}-tail{self.tail}-bytes/{self.version}"


WINDOW = CutRule(2400, 1400, 500, 500, version=2)
REACH = CutRule(64_000, 24_000, 16_000, 24_000, version=2)
"""Reading all of a document instead of its window brings .03 of rho on web (docs/experiments.md). The kernel
counts in 16 bits; and of head and tail alike, the middle of a reach is the middle of the text."""

SEAM = b"\n[...]\n"
BOUNDARY_SLACK_BYTES = 3  # a cut moves by at most three bytes, since a code point has at most four

HEADER_BYTES = 8_000
"""A comment that is longer is no licence header. Less than a reach's head, so that a reach shows it too."""
LICENCE_WORDS = (b"copyright", b"license", b"licence", b"permission is hereby granted", b"redistribution")
"""Any of them, in any case, makes a leading comment a licence header; SPDX lines have the second."""
SPACES = b" \t\n\v\f\r"
BLOCK_MARKS = ((b"/*", b"*/"), (b"<!--", b"-->"), (b"(*", b"*)"), (b"{-", b"-}"))
LINE_MARKS = (b"//", b"--", b"#", b"%", b";")

_LICENCE = re.compile(b"|".join(LICENCE_WORDS), re.IGNORECASE)
_BEFORE = re.compile(rb"[ \t\n\v\f\r]*(?:\xef\xbb\xbf)?(?:#![^\n]*)?(?:<\?php)?[ \t\n\v\f\r]*")
_BLOCKS = re.compile(
    b"|".join(re.escape(start) + b".*?" + re.escape(end) for start, end in BLOCK_MARKS), re.DOTALL
)
# A small letter behind "#" makes no comment: "#include", "#define LICENSE".
_LINES = re.compile(
    b"|".join(
        rb"(?:[ \t]*%s[^\n]*(?:\n|\Z))+" % (mark + b"(?![a-z])" * (mark == b"#")) for mark in LINE_MARKS
    )
)

Span = tuple[int, int]


def window_spans(data: bytes, rule: CutRule = WINDOW) -> tuple[Span, ...]:
    """Return the byte ranges of `data` that are read, in order: without its licence header.

    Parameters
    ----------
    data : bytes
        A text in UTF-8. Other bytes are cut as if they were.
    rule : CutRule

    Returns
    -------
    tuple of (start, stop)
        One range for a short text, three for a long one or a window.

    Examples
    --------
    >>> window_spans(b"short")
    ((0, 5),)
    >>> window_spans(b"x" * 10_000)
    ((0, 1400), (4750, 5250), (9500, 10000))
    """
    length = len(data)
    seams = _seams(data, rule) if length > rule.whole else None
    if seams is not None:
        first, second = seams
        return ((0, first), (first + len(SEAM), second), (second + len(SEAM), length))
    start = header_end(data)
    start = 0 if start == length else start
    if length - start <= rule.whole:
        return ((start, length),)
    middle = start + (length - start) // 2
    return (
        (start, _back(data, start + rule.head)),
        (_on(data, middle - rule.middle // 2), _back(data, middle + rule.middle // 2)),
        (_on(data, length - rule.tail), length),
    )


def header_end(data: bytes) -> int:
    r"""Return where a text begins behind its licence header; 0 if it has none, all of it if it has no more.

    A header is made of comments at the very beginning (or behind ``#!`` and ``<?php``), each up to
    `HEADER_BYTES` long, that hold one of `LICENCE_WORDS`; white space behind them goes with them.

    Examples
    --------
    >>> header_end(b"# Copyright 2001\n# All rights reserved.\n\n# Adds.\nx = 1 + 1\n")
    41
    >>> header_end(b"# Adds.\n\n# Copyright 2001\nx = 1 + 1\n")
    0
    """
    end = 0
    while (stop := _comment_end(data, end)) and _LICENCE.search(data, end, stop):
        end = stop
    return end + len(data[end:]) - len(data[end:].lstrip(SPACES)) if end else 0


def cut_window(text: str, rule: CutRule = WINDOW) -> str:
    r"""Return the part of `text` that is read, its pieces joined by ``\n[...]\n``.

    Cutting twice gives the same as cutting once.

    Examples
    --------
    >>> window = cut_window("word " * 1000)
    >>> len(window), window == cut_window(window)
    (2414, True)
    """
    return window_text(text.encode("utf-8", errors="surrogatepass"), rule)


def window_text(data: bytes, rule: CutRule = WINDOW) -> str:
    """Return the part of a text in UTF-8 that is read, its pieces joined as by `cut_window`."""
    window = SEAM.join(data[start:stop] for start, stop in window_spans(data, rule))
    return window.decode("utf-8", errors="surrogatepass")


def beginning_text(data: bytes, limit_bytes: int) -> str:
    """Return the beginning of a text in UTF-8, cut back to a code point."""
    cut = len(data) if len(data) <= limit_bytes else _back(data, limit_bytes)
    return data[:cut].decode("utf-8", errors="surrogatepass")


def _comment_end(data: bytes, start: int) -> int:
    """Return where a comment ends that begins at `start`, or behind what may stand before it; 0 if none."""
    limit = min(len(data), start + HEADER_BYTES)
    before = _BEFORE.match(data, start, limit)
    at = before.end() if before else start
    comment = _BLOCKS.match(data, at, limit)
    if comment is None:
        comment = _LINES.match(data, at, limit)
        if comment is not None and comment.end() == limit < len(data):
            return 0  # it goes on
    return comment.end() if comment else 0


def _seams(data: bytes, rule: CutRule) -> Span | None:
    """Return where the two seams of a window start; None if `data` is no window."""
    seam = len(SEAM)
    if len(data) > rule.head + rule.middle + rule.tail + 2 * seam:
        return None
    for first in range(rule.head, rule.head - BOUNDARY_SLACK_BYTES - 1, -1):
        if data[first : first + seam] != SEAM:
            continue
        for tail in range(rule.tail, rule.tail - BOUNDARY_SLACK_BYTES - 1, -1):
            second = len(data) - tail - seam
            if data[second : second + seam] == SEAM:
                return first, second
    return None


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80


def _back(data: bytes, cut: int) -> int:
    """Move `cut` back to the start of the code point that it would split."""
    lowest = cut - BOUNDARY_SLACK_BYTES
    while cut > lowest and _is_continuation(data[cut]):
        cut -= 1
    return cut


def _on(data: bytes, cut: int) -> int:
    """Move `cut` on to the next start of a code point."""
    highest = cut + BOUNDARY_SLACK_BYTES
    while cut < highest and _is_continuation(data[cut]):
        cut += 1
    return cut
