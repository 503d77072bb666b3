r"""The compiled passes over the UTF-8 bytes of documents: which runs of a benchmark's tokens each holds.

Two kinds of tokens, each with a pass and a table of its own:

- *words*: runs of letters, digits, ``_`` and bytes from 0x80 up, ASCII lower-cased. Punctuation and white
  space only part them, so comment marks, quotes and layout make no difference; nor do ``\n``, ``\t`` and
  ``\r`` as they are spelled in strings, so text in JSON reads like text.
- *shapes*: tokens of Python with each name made one sign and so each number and each string; keywords,
  builtins, names after a dot and punctuation stay. Comments, docstrings and layout are left out. Renamed
  code has the same shapes.

A run of n tokens has the hash ``sum(t[i] * BASE ** (n - 1 - i))`` modulo 2^64, which rolls on in two
multiplications. A bit filter in front of the table keeps most runs from touching it. A test holds this
equal to the same in plain Python (`tests/reference_leaks.py`).
"""

import builtins
import keyword

import numpy as np

from filtering.arrays import Bools, Bytes, Hashes, Ints
from filtering.compiled import compiled
from filtering.hashing import (
    CLASSES,
    LOWER,
    MIX,
    U_0,
    U_1,
    U_FNV_OFFSET,
    U_FNV_PRIME,
    U_MIX,
    WORD,
    Table,
    look_up,
    make_table,
    word_hash,
)
from filtering.leaks.settings import MAX_RUN

RING = MAX_RUN + 1
"""Runs have fewer tokens than this; a power of two."""
BASE = MIX
U_BASE = np.uint64(BASE)
RING_MASK = RING - 1
NAME, NUMBER, STRING = (np.uint64(word_hash(one)) for one in (b" name", b" number", b" string"))
"""What stands for a name, a number and a string in shapes; no word has a blank."""
DEF = np.uint64(word_hash(b"def"))
NAME_MARK = np.uint64(word_hash(b" def"))
"""Makes the hash of a name after ``def`` the key of a table of runs."""
U_PUNCTUATION = np.uint64(1000)
BACKSLASH, HASH_SIGN, DOT = 92, 35, 46

KEPT_WORDS = sorted({word.lower() for word in (*keyword.kwlist, *dir(builtins)) if word[0] != "_"})
"""Differ a little from one Python to the next: names of new exceptions."""


@compiled
def power(run: int) -> np.uint64:
    """Return BASE to the power of `run`: what the oldest token of a run has been multiplied by."""
    product = U_1
    for _ in range(run):
        product *= U_BASE
    return product


@compiled
def hash_word(data: Bytes, i: int, stop: int) -> tuple[np.uint64, int]:
    """Return the hash of the word that begins at `i`, and where it ends."""
    token = U_FNV_OFFSET
    while i < stop and CLASSES[data[i]] == WORD:
        token = (token ^ np.uint64(LOWER[data[i]])) * U_FNV_PRIME
        i += 1
    return token, i


@compiled
def next_word(data: Bytes, i: int, stop: int) -> tuple[np.uint64, int, int]:
    """Return the next word's hash, where it starts and where it ends; a hash of 0 where there is none."""
    while i < stop:
        b = data[i]
        if CLASSES[b] == WORD:
            token, end = hash_word(data, i, stop)
            return token, i, end
        i += 1
        if b == BACKSLASH and i < stop and (data[i] == 110 or data[i] == 114 or data[i] == 116):
            i += 1  # the n of a line break that is spelled out belongs to no word
    return U_0, stop, stop


@compiled
def next_shape(data: Bytes, i: int, stop: int, last: int, kept: Table) -> tuple[np.uint64, int, int]:
    """Return the next shape's hash, where it starts and where it ends; a hash of 0 where there is none.

    Parameters
    ----------
    last : int
        The byte that the shape before begins with; 0 before the first.
    """
    bits, slots, values = kept
    begins_line = last == 0
    while True:
        start, has_break = skip_blanks(data, i, stop)
        begins_line |= has_break
        if start == stop:
            return U_0, stop, stop
        quote = find_quote(data, start, stop)
        if quote < 0:
            break
        i = end_of_string(data, quote, stop)
        if not begins_line:  # else it is a docstring
            return STRING, start, i
    b = data[start]
    if CLASSES[b] != WORD:
        return (np.uint64(b) + U_PUNCTUATION) * U_MIX, start, start + 1
    token, i = hash_word(data, start, stop)
    if 48 <= b <= 57:
        return NUMBER, start, end_of_number(data, i, stop)
    is_kept = last == DOT or look_up(token, bits, slots, values) >= 0
    return (token if is_kept else NAME), start, i


@compiled
def skip_blanks(data: Bytes, i: int, stop: int) -> tuple[int, bool]:
    """Return where white space and comments end, and whether a line ends in them."""
    has_break = False
    while i < stop:
        b = data[i]
        if b == HASH_SIGN:
            while i < stop and data[i] != 10:
                i += 1
        elif b <= 32 or b == 127:
            has_break |= b == 10
            i += 1
        else:
            break
    return i, has_break


@compiled
def find_quote(data: Bytes, i: int, stop: int) -> int:
    """Return where the quote of a string stands, its prefix of two letters at most before it; -1 if none."""
    for at in range(i, min(i + 3, stop)):
        if data[at] == 34 or data[at] == 39:
            return at
        if CLASSES[data[at]] != WORD:
            return -1
    return -1


@compiled
def end_of_number(data: Bytes, i: int, stop: int) -> int:
    """Return where a number ends whose digits before the point end at `i`."""
    if i + 1 < stop and data[i] == DOT and 48 <= data[i + 1] <= 57:
        i += 1
        while i < stop and CLASSES[data[i]] == WORD:
            i += 1
    return i


@compiled
def end_of_string(data: Bytes, i: int, stop: int) -> int:
    """Return where a string of Python ends that a quote at `i` begins; if not triple, with its line."""
    quote = data[i]
    triple = i + 2 < stop and data[i + 1] == quote and data[i + 2] == quote
    i += 3 if triple else 1
    while i < stop:
        b = data[i]
        if b == 92:
            i += 2
            continue
        if b == quote and (not triple or (i + 2 < stop and data[i + 1] == quote and data[i + 2] == quote)):
            return min(i + (3 if triple else 1), stop)
        if b == 10 and not triple:
            return i
        i += 1
    return stop


@compiled
def note(found: Ints, written: int, seen: Ints, document: int, position: int, start: int, stop: int) -> int:
    """Write a row of `found`, and that the document has it; return the rows written."""
    seen[position] = document
    found[written, 0], found[written, 1] = document, position
    found[written, 2], found[written, 3] = start, stop
    return written + 1


@compiled
def scan(  # noqa: C901 - one pass
    data: Bytes, offsets: Ints, wanted: Bools, first: int, is_shapes: bool,
    run: int, table: Table, kept: Table, seen: Ints, found: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Find the first place of each run of a table in each document.

    Parameters
    ----------
    data : uint8 array
        All documents, one after the other.
    offsets : int64 array, shape (n + 1,)
    wanted : bool array, shape (n,)
        Documents that are read.
    first : int
        The document to begin with.
    is_shapes : bool
        Read shapes and not words.
    run : int
        Tokens of a run, below `RING`.
    table : Table
        Runs, and the names after ``def`` as `name_key` has them.
    kept : Table
        `KEPT`.
    seen : int64 array
        As many as `table` has keys; -1, or documents before `first`.
    found : int64 array, shape (at least len(seen), 4)
        Filled with document, position of the key, and where the run starts and ends.

    Returns
    -------
    int, int
        The document to go on with, n at the end: `found` might be full. And the rows written.
    """
    bits, slots, values = table
    oldest = power(run)
    ring = np.zeros(RING, dtype=np.uint64)
    starts = np.zeros(RING, dtype=np.int64)
    written = 0
    for document in range(first, len(wanted)):
        if not wanted[document]:
            continue
        if written + len(seen) > len(found):
            return document, written
        i, stop = offsets[document], offsets[document + 1]
        last = count = 0
        hashed = previous = U_0
        while True:
            if is_shapes:
                token, start, i = next_shape(data, i, stop, last, kept)
            else:
                token, start, i = next_word(data, i, stop)
            if token == U_0:
                break
            last = np.int64(data[start])
            hashed = hashed * U_BASE + token
            if count >= run:
                hashed -= ring[(count - run) & RING_MASK] * oldest
            ring[count & RING_MASK] = token
            starts[count & RING_MASK] = start
            count += 1
            if count >= run:
                position = look_up(hashed, bits, slots, values)
                if position >= 0 and seen[position] != document:
                    first_byte = starts[(count - run) & RING_MASK]
                    written = note(found, written, seen, document, position, first_byte, i)
            if previous == DEF:
                position = look_up(token ^ NAME_MARK, bits, slots, values)
                if position >= 0 and seen[position] != document:
                    written = note(found, written, seen, document, position, start, i)
            previous = token
    return len(wanted), written


@compiled
def list_tokens(data: Bytes, is_shapes: bool, kept: Table) -> tuple[Hashes, Ints]:
    """Return the tokens of one text: their hashes and where each starts."""
    tokens = np.empty(len(data), dtype=np.uint64)
    starts = np.empty(len(data), dtype=np.int64)
    i = last = count = 0
    while True:
        if is_shapes:
            token, start, i = next_shape(data, i, len(data), last, kept)
        else:
            token, start, i = next_word(data, i, len(data))
        if token == U_0:
            return tokens[:count], starts[:count]
        last = np.int64(data[start])
        tokens[count], starts[count] = token, start
        count += 1


def hash_runs(tokens: Hashes, run: int) -> Hashes:
    """Return the hash of each run of tokens: uint64 array, shape (max(len(tokens) - run + 1, 0),)."""
    hashed = np.zeros(max(len(tokens) - run + 1, 0), dtype=np.uint64)
    for at in range(run):
        hashed = hashed * U_BASE + tokens[at : at + len(hashed)]
    return hashed


KEPT = make_table(np.array([word_hash(word.encode()) for word in KEPT_WORDS], dtype=np.uint64))
