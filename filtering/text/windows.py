"""Which part of a document is read: the same rules when labelling, training and scoring.

First a licence header is left out (`header_end`): a comment at the very beginning that says nothing of
what the document teaches. Of the n bytes behind it, a labeller and an embedder read the **window**: up to
2,400 bytes of UTF-8 whole, of more the first 1,400, the middle 500 (around byte n // 2) and the last 500.
Signals read the **reach**: the same with 16,000, 6,000, 4,000 and 6,000 bytes, all of most documents. Of
runs of bytes they read the window alone. Pieces are cut inwards to code-point boundaries, so that none is
longer than its share. A window or reach written out as text joins the three by `SEAM`; a text that
is one already is not cut again. The window of a reach is that of the whole text, but for the few bytes that
its cuts may have moved.

`tests/kit/reference/signals.py` is the same in plain Python, and a test holds the two equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Bytes, Ints
from filtering.compiled import compiled


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
    def sizes(self) -> "Sizes":
        """All sizes, as the compiled rule takes them."""
        return self.whole, self.head, self.middle, self.tail

    @property
    def name(self) -> str:
        """Name and version; stored with every scorer and label set."""
        return f"head{self.head}-middle{self.middle}-tail{self.tail}-bytes/{self.version}"


WINDOW = CutRule(2400, 1400, 500, 500, version=2)
REACH = CutRule(16_000, 6_000, 4_000, 6_000, version=2)
"""Reading this much instead of the window brings .03 of rho on web. Reading 64,000 bytes brings no more, and
8,000 cost .004 (docs/experiments.md). The kernel counts in 16 bits; and of head and tail alike, the middle of
a reach is the middle of the text."""

SEAM = b"\n[...]\n"
BOUNDARY_SLACK_BYTES = 3  # a cut moves by at most three bytes, since a code point has at most four

HEADER_BYTES = 5_000
"""A comment that is longer is no licence header. Less than a reach's head, so that a reach shows it too."""
LICENCE_WORDS = (b"copyright", b"license", b"licence", b"permission is hereby granted", b"redistribution")
"""Any of them, in any case, makes a leading comment a licence header; SPDX lines have the second."""
BLOCK_MARKS = ((b"/*", b"*/"), (b"<!--", b"-->"), (b"(*", b"*)"), (b"{-", b"-}"))
LINE_MARKS = (b"//", b"--", b"#", b"%", b";")
"""A small letter behind ``#`` makes no comment: ``#include``, ``#define LICENSE``."""

Span = tuple[int, int]
Sizes = tuple[int, int, int, int]


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
    spans = np.empty(6, dtype=np.int64)
    pieces = find_pieces(np.frombuffer(data, dtype=np.uint8), 0, len(data), rule.sizes, spans)
    return _pairs(spans, pieces)


def narrow_spans(data: bytes, rule: CutRule = WINDOW) -> tuple[Span, ...]:
    """Return the byte ranges of a text without a licence header that a rule reads; see `window_spans`."""
    spans = np.array([0, len(data), 0, 0, 0, 0])
    pieces = narrow_pieces(np.frombuffer(data, dtype=np.uint8), 1, rule.sizes, spans)
    return _pairs(spans, pieces)


def _pairs(spans: Ints, pieces: int) -> tuple[Span, ...]:
    starts_and_stops = spans[: 2 * pieces].tolist()
    return tuple(zip(starts_and_stops[::2], starts_and_stops[1::2], strict=True))


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
    return int(find_header_end(np.frombuffer(data, dtype=np.uint8), 0, len(data)))


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
    return data[:limit_bytes].decode("utf-8", errors="ignore")


def spelled(words: Sequence[bytes]) -> Bytes:
    """Return words as rows of bytes, filled up with 0: a form that the compiler takes."""
    table = np.zeros((len(words), max(map(len, words)) + 1), dtype=np.uint8)
    for row, word in zip(table, words, strict=True):
        row[: len(word)] = np.frombuffer(word, dtype=np.uint8)
    return table


SEAM_BYTES = np.frombuffer(SEAM, dtype=np.uint8)
LICENCES = spelled(LICENCE_WORDS)
STARTS, ENDS = (spelled(marks) for marks in zip(*BLOCK_MARKS, strict=True))
LINES = spelled(LINE_MARKS)
BYTE_ORDER_MARK, SHEBANG, PHP = (spelled([word])[0] for word in (b"\xef\xbb\xbf", b"#!", b"<?php"))


@compiled
def find_pieces(data: Bytes, start: int, stop: int, sizes: Sizes, spans: Ints) -> int:
    """Write what is read of a document as (start, stop) pairs into `spans`; return how many there are.

    Parameters
    ----------
    data : uint8 array
    start, stop : int
        The document.
    sizes : tuple of int
        `CutRule.sizes`.
    spans : int64 array, shape (6,)
    """
    whole, head, middle, tail = sizes
    seam = len(SEAM_BYTES)
    length = stop - start
    if whole < length <= head + middle + tail + 2 * seam:
        for first in range(head, head - BOUNDARY_SLACK_BYTES - 1, -1):
            if not _is_seam(data, start + first):
                continue
            for last in range(tail, tail - BOUNDARY_SLACK_BYTES - 1, -1):
                second = length - last - seam
                if _is_seam(data, start + second):
                    spans[0], spans[1] = start, start + first
                    spans[2], spans[3] = start + first + seam, start + second
                    spans[4], spans[5] = start + second + seam, stop
                    return 3
    behind = find_header_end(data, start, stop)
    if behind < stop:
        start = behind
    spans[0], spans[1] = start, stop
    return narrow_pieces(data, 1, sizes, spans)


@compiled
def narrow_pieces(data: Bytes, pieces: int, sizes: Sizes, spans: Ints) -> int:
    """Cut what is read of a document, as `find_pieces` wrote it, to smaller sizes; return how many are left.

    What is read counts as one text. So a document and its reach written out have the same window to the byte.
    """
    whole, head, middle, tail = sizes
    start, stop = spans[0], spans[2 * pieces - 1]
    length = stop - start
    centre = start + length // 2
    if pieces == 3:
        first = spans[1] - start
        length = first + (spans[3] - spans[2]) + (stop - spans[4])
        centre = spans[2] + length // 2 - first
    if length <= whole:
        return pieces
    spans[1] = _back(data, start + head)
    spans[2], spans[3] = _on(data, centre - middle // 2), _back(data, centre + middle // 2)
    spans[4], spans[5] = _on(data, stop - tail), stop
    return 3


@compiled
def find_header_end(data: Bytes, start: int, stop: int) -> int:
    """Return where a document begins behind its licence header, as `header_end` does."""
    end = start
    while True:
        comment = _comment_end(data, end, stop)
        if comment < 0 or not _holds_any(data, end, comment, LICENCES):
            break
        end = comment
    return end if end == start else _skip_spaces(data, end, stop)


@compiled
def comment_holds(data: Bytes, start: int, stop: int, words: Bytes) -> bool:
    """Tell whether the comments at the beginning of a document hold one of some words of small letters."""
    end = start
    while True:
        comment = _comment_end(data, end, stop)
        if comment < 0 or end - start > HEADER_BYTES:
            return False
        if _holds_any(data, end, comment, words):
            return True
        end = comment


@compiled
def _comment_end(data: Bytes, start: int, stop: int) -> int:
    """Return where a comment ends that begins at `start`, or behind what may stand before it; -1 if none."""
    limit = min(stop, start + HEADER_BYTES)
    at = _comment_start(data, start, limit)
    for kind in range(len(STARTS)):
        if is_at(data, at, limit, STARTS[kind]):
            for end in range(at + _size(STARTS[kind]), limit):
                if is_at(data, end, limit, ENDS[kind]):
                    return end + _size(ENDS[kind])
            return -1
    for kind in range(len(LINES)):
        if _is_comment_line(data, at, limit, LINES[kind]):
            while at < limit and _is_comment_line(data, at, limit, LINES[kind]):
                while at < limit and data[at] != 10:
                    at += 1
                at = min(at + 1, limit)
            return -1 if at == limit < stop else at
    return -1


@compiled
def _comment_start(data: Bytes, start: int, limit: int) -> int:
    at = _skip_spaces(data, start, limit)
    if is_at(data, at, limit, BYTE_ORDER_MARK):
        at += 3
    if is_at(data, at, limit, SHEBANG):
        while at < limit and data[at] != 10:
            at += 1
    if is_at(data, at, limit, PHP):
        at += 5
    return _skip_spaces(data, at, limit)


@compiled
def _is_comment_line(data: Bytes, at: int, limit: int, mark: Bytes) -> bool:
    while at < limit and (data[at] == 32 or data[at] == 9):
        at += 1
    if not is_at(data, at, limit, mark):
        return False
    return not (mark[0] == 35 and at + 1 < limit and 97 <= data[at + 1] <= 122)


@compiled
def is_at(data: Bytes, at: int, limit: int, word: Bytes) -> bool:
    """Tell whether a word, a row of `spelled`, stands at a place before `limit`."""
    k = 0
    while word[k] != 0:
        if at + k >= limit or data[at + k] != word[k]:
            return False
        k += 1
    return True


@compiled
def _size(word: Bytes) -> int:
    size = 0
    while word[size] != 0:
        size += 1
    return size


@compiled
def _holds_any(data: Bytes, start: int, stop: int, words: Bytes) -> bool:
    """Tell whether bytes hold one of some words of small letters, in any case."""
    for at in range(start, stop):
        for row in range(len(words)):
            k = 0
            while words[row, k] != 0 and at + k < stop and lower(data[at + k]) == words[row, k]:
                k += 1
            if words[row, k] == 0:
                return True
    return False


@compiled
def lower(byte: int) -> int:
    """Return an ASCII letter as a small one."""
    return byte + 32 if 65 <= byte <= 90 else byte


@compiled
def _skip_spaces(data: Bytes, at: int, stop: int) -> int:
    while at < stop and (data[at] == 32 or 9 <= data[at] <= 13):
        at += 1
    return at


@compiled
def _is_seam(data: Bytes, at: int) -> bool:
    for k in range(len(SEAM_BYTES)):
        if data[at + k] != SEAM_BYTES[k]:
            return False
    return True


@compiled
def _back(data: Bytes, cut: int) -> int:
    """Move a cut back to the start of the code point that it would split."""
    lowest = cut - BOUNDARY_SLACK_BYTES
    while cut > lowest and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


@compiled
def _on(data: Bytes, cut: int) -> int:
    """Move a cut on to the next start of a code point."""
    highest = cut + BOUNDARY_SLACK_BYTES
    while cut < highest and data[cut] & 0xC0 == 0x80:
        cut += 1
    return cut
