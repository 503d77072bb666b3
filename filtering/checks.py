"""The compiled form of `documents.py` and `windows.py`: what a bad document is, and which part is read."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.documents import EMPTY, HUGE_BIT, HUGE_BYTES, INVALID_UTF8, NUL_BIT, WHITE_SPACE
from filtering.windows import (
    BLOCK_MARKS,
    BOUNDARY_SLACK_BYTES,
    HEADER_BYTES,
    LICENCE_WORDS,
    LINE_MARKS,
    REACH,
    SEAM,
)

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

SEAM_BYTES = np.frombuffer(SEAM, dtype=np.uint8)
WHOLE_BYTES, HEAD_BYTES, MIDDLE_BYTES, TAIL_BYTES = REACH.whole, REACH.head, REACH.middle, REACH.tail


def spelled(words: Sequence[bytes]) -> Bytes:
    """Return words as rows of bytes, filled up with 0: a form that the compiler takes."""
    table = np.zeros((len(words), max(map(len, words)) + 1), dtype=np.uint8)
    for row, word in zip(table, words, strict=True):
        row[: len(word)] = np.frombuffer(word, dtype=np.uint8)
    return table


LICENCES = spelled(LICENCE_WORDS)
STARTS, ENDS = (spelled(marks) for marks in zip(*BLOCK_MARKS, strict=True))
LINES = spelled(LINE_MARKS)
BYTE_ORDER_MARK, SHEBANG, PHP = (spelled([word])[0] for word in (b"\xef\xbb\xbf", b"#!", b"<?php"))


@compiled
def judge_bytes(data: Bytes, start: int, stop: int, check_utf8: bool, check_nul: bool) -> tuple[int, int]:
    """Return the reason code of a document that is not null, and its bits of what is unusual.

    Parameters
    ----------
    data : uint8 array
    start, stop : int
        The document.
    check_utf8, check_nul : bool
        False where it is known that the whole batch is UTF-8, or holds no NUL.
    """
    unusual = HUGE_BIT if stop - start > HUGE_BYTES else 0
    if start == stop:
        return EMPTY, unusual
    if check_nul:
        for i in range(start, stop):
            if data[i] == 0:
                unusual |= NUL_BIT
                break
    if check_utf8:
        i = start
        while i < stop:
            size = _code_point_size(data, i, stop)
            if size == 0:
                return INVALID_UTF8, unusual
            i += size
    return (WHITE_SPACE if is_white_space(data, start, stop) else 0), unusual


@compiled
def _code_point_size(data: Bytes, i: int, stop: int) -> int:
    """Return the bytes of the code point at `i`; 0 if it is not well-formed (RFC 3629)."""
    lead = data[i]
    if lead < 0x80:
        return 1
    if 0xC2 <= lead <= 0xDF:
        size = 2
    elif 0xE0 <= lead <= 0xEF:
        size = 3
    elif 0xF0 <= lead <= 0xF4:
        size = 4
    else:
        return 0
    if i + size > stop:
        return 0
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    if not low <= data[i + 1] <= high:
        return 0
    for k in range(2, size):
        if data[i + k] & 0xC0 != 0x80:
            return 0
    return size


@compiled
def is_white_space(data: Bytes, start: int, stop: int) -> bool:
    """Tell whether UTF-8 holds white space alone, as ``str.isspace`` does."""
    i = start
    while i < stop:
        b = data[i]
        if b == 32 or 9 <= b <= 13 or 28 <= b <= 31:
            i += 1
        elif b == 0xC2 and (data[i + 1] == 0x85 or data[i + 1] == 0xA0):
            i += 2
        elif b == 0xE1 and data[i + 1] == 0x9A and data[i + 2] == 0x80:
            i += 3
        elif b == 0xE2 and data[i + 1] == 0x80:
            last = data[i + 2]
            if not (last <= 0x8A or last == 0xA8 or last == 0xA9 or last == 0xAF):
                return False
            i += 3
        elif (b == 0xE2 and data[i + 1] == 0x81 and data[i + 2] == 0x9F) or (
            b == 0xE3 and data[i + 1] == 0x80 and data[i + 2] == 0x80
        ):
            i += 3
        else:
            return False
    return True


@compiled
def find_reach(data: Bytes, start: int, stop: int, spans: Ints) -> int:
    """Write the pieces of the reach as (start, stop) pairs into `spans`; return how many there are.

    `filtering.windows.window_spans` states the rule.
    """
    seam = len(SEAM_BYTES)
    length = stop - start
    if WHOLE_BYTES < length <= HEAD_BYTES + MIDDLE_BYTES + TAIL_BYTES + 2 * seam:
        for first in range(HEAD_BYTES, HEAD_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
            if not _is_seam(data, start + first):
                continue
            for tail in range(TAIL_BYTES, TAIL_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
                second = length - tail - seam
                if _is_seam(data, start + second):
                    spans[0], spans[1] = start, start + first
                    spans[2], spans[3] = start + first + seam, start + second
                    spans[4], spans[5] = start + second + seam, stop
                    return 3
    behind = find_header_end(data, start, stop)
    if behind < stop:
        start = behind
    spans[0], spans[1] = start, stop
    length = stop - start
    if length <= WHOLE_BYTES:
        return 1
    middle = start + length // 2
    spans[1] = _back(data, start + HEAD_BYTES)
    spans[2] = _on(data, middle - MIDDLE_BYTES // 2)
    spans[3] = _back(data, middle + MIDDLE_BYTES // 2)
    spans[4], spans[5] = _on(data, stop - TAIL_BYTES), stop
    return 3


@compiled
def find_header_end(data: Bytes, start: int, stop: int) -> int:
    """Return where a document begins behind its licence header, as `filtering.windows.header_end` does."""
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
    lowest = cut - BOUNDARY_SLACK_BYTES
    while cut > lowest and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


@compiled
def _on(data: Bytes, cut: int) -> int:
    highest = cut + BOUNDARY_SLACK_BYTES
    while cut < highest and data[cut] & 0xC0 == 0x80:
        cut += 1
    return cut
