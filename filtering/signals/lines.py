"""Lines of a document, and the comments among them, as `tokens.py` finds them: counted, all compiled."""

import numpy as np

from filtering.arrays import Bytes, Hashes, Ints
from filtering.compiled import compiled
from filtering.hashing import SPACE, U_32, U_MIX, WORD
from filtering.signals import style as stat
from filtering.signals.style import EDGE_LINES, EDGE_MASK
from filtering.text.code_points import BYTE_KINDS

LINE_SEEN_BITS = 12
"""Lines that were seen lie in 2^12 slots: those of nearly every reach."""
PROBES = 64
"""Slots that are looked at for a line: one that finds them all taken by others passes for seen."""

U_LINE_SHIFT = np.uint64(64 - LINE_SEEN_BITS)
NOTHING_SEEN = np.uint64(2**64 - 1)
U_TAG = np.uint64(2**32 - 1)


@compiled
def is_new_line(seen: Hashes, value: np.uint64, tag: np.uint64) -> bool:
    """Note the hash of a line as seen; tell whether this document did not have it before.

    A slot holds 32 bits of a hash and the document's `tag`: those of other documents are free.
    """
    mixed = value * U_MIX
    stamp = (mixed << U_32) | tag
    slot = np.int64(mixed >> U_LINE_SHIFT)
    for _ in range(PROBES):
        found = seen[slot]
        if found == stamp:
            return False
        if found & U_TAG != tag:
            seen[slot] = stamp
            return True
        slot = (slot + 1) & (len(seen) - 1)
    return False


@compiled
def count_line(
    length: int,
    first: int,
    last: int,
    indent: int,
    in_comment: bool,
    was_quoted: bool,
    is_new: bool,
    a: Ints,
) -> None:
    """Count a line that has tokens: its characters, its ends, the columns before it, and what it is."""
    a[stat.LINES] += 1
    a[stat.LINE_CHARACTERS] += length
    a[stat.LINE_CHARACTERS_SQUARED] += length * length
    a[stat.LINE_CHARACTERS_MAX] = max(a[stat.LINE_CHARACTERS_MAX], length)
    if in_comment:
        a[stat.COMMENT_LINES] += 1
        a[stat.COMMENT_CHARACTERS] += length
    told = in_comment or was_quoted
    a[stat.FIRST_COMMENT_LINES] += told and a[stat.LINES] <= EDGE_LINES
    a[stat.LAST_COMMENTS] = ((a[stat.LAST_COMMENTS] << 1) | told) & EDGE_MASK
    if last == 59:
        a[stat.SEMICOLON_ENDS] += 1
    elif last == 123 or last == 40 or last == 91:
        a[stat.OPENING_ENDS] += 1
    elif last == 125 or last == 41 or last == 93:
        a[stat.CLOSING_ENDS] += 1
    elif last == 44:
        a[stat.COMMA_ENDS] += 1
    elif last == 58:
        a[stat.COLON_ENDS] += 1
    elif last == 46 or last == 33 or last == 63:
        a[stat.STOP_ENDS] += 1
    if indent > 0:
        depth = min(indent, 40)
        a[stat.INDENTED_LINES] += 1
        a[stat.INDENTS] += depth
        a[stat.INDENTS_SQUARED] += depth * depth
    a[stat.SHORT_LINES] += length < 30
    a[stat.LONG_LINES] += length > 100
    a[stat.CAPITAL_STARTS] += 65 <= first <= 90
    a[stat.DIGIT_STARTS] += 48 <= first <= 57
    a[stat.HASH_LINES] += first == 35
    a[stat.REPEATED_LINES] += length > 3 and not is_new


@compiled
def read_break(data: Bytes, i: int, stop: int) -> tuple[int, int, int]:
    """Return where the white space of a line break ends, its line breaks, and the columns behind the last."""
    breaks, indent = 1, 0
    i += 1
    while i < stop:
        b = data[i]
        if b == 10:
            breaks += 1
            indent = 0
        elif b == 32:
            indent += 1
        elif b == 9:
            indent += 4
        elif BYTE_KINDS[b] != SPACE:
            break
        i += 1
    return i, breaks, indent


@compiled
def begins_comment(mark: int, length: int, after: int) -> bool:
    """Tell whether a run of a mark at the start of a line begins a comment of one line: # % * ; ! // --.

    A small letter or ``[`` behind it makes none: ``#include``, ``#[derive]``, ``![picture]``.
    """
    if mark == 35 or mark == 33:
        return not (97 <= after <= 122 or after == 91)
    return mark == 37 or mark == 42 or mark == 59 or ((mark == 47 or mark == 45) and length > 1)


@compiled
def find_block_end(data: Bytes, at: int, behind: int, stop: int) -> int:
    """Return the last character of what ends a comment of several lines that a mark begins; 0 if none does.

    ``/* */``, ``(* *)``, ``{- -}`` and ``<!-- -->``. What is closely followed by a word is no comment in
    brackets: ``(*call)(1)``, ``{-1, 1}``.
    """
    if behind != at + 1 or behind == stop:
        return 0
    mark, second, third = data[at], data[behind], data[behind + 1] if behind + 1 < stop else 10
    if mark == 47 and second == 42:
        return 47
    if mark == 40 and second == 42 and BYTE_KINDS[third] != WORD:
        return 41
    if mark == 123 and second == 45 and BYTE_KINDS[third] != WORD:
        return 125
    return 62 if mark == 60 and second == 33 and third == 45 else 0


@compiled
def ends_block(mark: int, length: int, after: int, block_end: int) -> bool:
    """Tell whether a run of a mark ends the comment of several lines that is open."""
    if after != block_end:
        return False
    if block_end == 62:
        return mark == 45 and length > 1
    return mark == (45 if block_end == 125 else 42)
