"""The compiled form of `documents.py` and `windows.py`: what a bad document is, and which part is read."""

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.documents import EMPTY, HUGE_BIT, HUGE_BYTES, INVALID_UTF8, NUL_BIT, WHITE_SPACE
from filtering.windows import BOUNDARY_SLACK_BYTES, REACH, SEAM

SEAM_BYTES = np.frombuffer(SEAM, dtype=np.uint8)
WHOLE_BYTES, HEAD_BYTES, MIDDLE_BYTES, TAIL_BYTES = REACH.whole, REACH.head, REACH.middle, REACH.tail


Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


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
    length = stop - start
    spans[0], spans[1] = start, stop
    if length <= WHOLE_BYTES:
        return 1
    seam = len(SEAM_BYTES)
    if length <= HEAD_BYTES + MIDDLE_BYTES + TAIL_BYTES + 2 * seam:
        for first in range(HEAD_BYTES, HEAD_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
            if not _is_seam(data, start + first):
                continue
            for tail in range(TAIL_BYTES, TAIL_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
                second = length - tail - seam
                if _is_seam(data, start + second):
                    spans[1] = start + first
                    spans[2], spans[3] = start + first + seam, start + second
                    spans[4], spans[5] = start + second + seam, stop
                    return 3
    middle = start + length // 2
    spans[1] = _back(data, start + HEAD_BYTES)
    spans[2] = _on(data, middle - MIDDLE_BYTES // 2)
    spans[3] = _back(data, middle + MIDDLE_BYTES // 2)
    spans[4], spans[5] = _on(data, stop - TAIL_BYTES), stop
    return 3


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
