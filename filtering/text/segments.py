r"""Segments of long documents: pieces of about 1,500 bytes that are read as documents of their own.

A document of more than `LONG_BYTES` is cut where its text breaks, about `SEGMENT_BYTES` behind the last cut.
Of the breaks within `SLACK_BYTES` of that place the strongest is taken, of several the nearest:

5. a line without indentation behind a blank line: a paragraph, a definition at the top level of code;
4. another line behind a blank line;
3. any other line that is not blank;
2. what follows the end of a sentence and a space;
1. what follows a space;
0. any code point, the nearest to that place.

So white space at a cut belongs to the segment before it. Segments follow each other without a gap, from the
first byte to the last, and each begins at a code point. `tests/kit/reference/segments.py` is the same in
plain Python, and a test holds the two equal.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Bytes, Ints
from filtering.brief import brief
from filtering.compiled import compiled
from filtering.text.arrow import text_buffers, text_chunks

LONG_BYTES = 4_000
"""A document of more bytes of UTF-8 has segments."""
SEGMENT_BYTES = 1_500
SLACK_BYTES = 500
"""A cut lies at most so far from where it would lie without looking at the text."""
STRONGEST = 5


@dataclass(frozen=True)
class Segments:
    """The m segments of some of the n documents of an array, in order.

    Parameters
    ----------
    row : int64 array, shape (m,)
        The document of each.
    start, stop : int64 array, shape (m,)
        Where it lies in that document, in bytes of UTF-8.
    texts : Arrow array of large binary, length at least m
        The segments over the documents' own bytes, and a null for what lies behind each document.
    is_segment : bool array, shape (len(texts),)
        Which of `texts` are segments.
    """

    __repr__ = brief

    row: Ints
    start: Ints
    stop: Ints
    texts: pa.Array
    is_segment: Bools


def cut_segments(texts: pa.Array, rows: Ints) -> Segments:
    r"""Cut documents into segments; their text is not copied, unless they lie in a dictionary.

    Parameters
    ----------
    texts : Arrow array of strings, bytes, or a dictionary of them, length n
    rows : int64 array, rising
        Which of them are cut: texts in UTF-8 that are not empty.

    Examples
    --------
    >>> found = cut_segments(pa.array(["A fox ran.\n\n" * 400]), np.array([0]))
    >>> found.start.tolist(), found.stop.tolist()
    ([0, 1500, 3000], [1500, 3000, 4800])
    """
    array = _plain(texts)
    data, offsets = text_buffers(array)
    first, last = offsets[rows], offsets[rows + 1]
    # Cuts lie at least `SEGMENT_BYTES - SLACK_BYTES` apart; behind the last one more may stand.
    room = int(((last - first) // (SEGMENT_BYTES - SLACK_BYTES) + 2).sum())
    edges = np.empty(room, dtype=np.int64)
    counts = np.empty(len(rows), dtype=np.int64)
    edges = edges[: find_edges(data, first, last, edges, counts)]
    is_segment = np.ones(len(edges), dtype=bool)
    is_segment[np.cumsum(counts + 1) - 1] = False
    begins, ends = edges[is_segment], edges[np.flatnonzero(is_segment) + 1]
    return Segments(
        row=np.repeat(rows, counts),
        start=begins - np.repeat(first, counts),
        stop=ends - np.repeat(first, counts),
        texts=_between(edges, is_segment, array),
        is_segment=is_segment,
    )


def cut_out(texts: pa.Array, rows: Ints, start: Ints, stop: Ints) -> pa.Array:
    """Return pieces of texts, each a text of its own.

    Parameters
    ----------
    texts : Arrow array of strings, bytes, or a dictionary of them, length n
    rows : int64 array, shape (m,), never falling
        The text that each piece is of; none is null.
    start, stop : int64 array, shape (m,)
        Where it lies there, in bytes. Those of one text follow each other and do not overlap.

    Returns
    -------
    Arrow array of large binary, length m
    """
    array = _plain(texts)
    first = text_buffers(array)[1][rows]
    edges = np.stack([first + start, first + stop], axis=1).ravel()
    is_piece = np.arange(len(edges)) % 2 == 0
    return _between(edges, is_piece, array).take(pa.array(np.flatnonzero(is_piece)))


def _plain(texts: pa.Array) -> pa.Array:
    """Return texts as one binary array."""
    (array,) = text_chunks(texts)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _between(edges: Ints, is_text: Bools, array: pa.Array) -> pa.Array:
    """Return what lies between neighbouring edges in the bytes of an array; null where it is no text."""
    validity = pa.array(is_text).buffers()[1]
    offsets = pa.py_buffer(np.append(edges, edges[-1:]))
    return pa.Array.from_buffers(
        pa.large_binary(), len(edges), [validity, offsets, array.buffers()[2] or pa.py_buffer(b"")]
    )


@compiled
def find_edges(data: Bytes, first: Ints, last: Ints, edges: Ints, counts: Ints) -> int:
    """Write where segments begin, and behind those of each document where it ends; return how many that are.

    Parameters
    ----------
    data : uint8 array
    first, last : int64 array, shape (n,)
        The documents.
    edges : int64 array
        Filled, in places of `data`.
    counts : int64 array, shape (n,)
        Filled with the segments of each document.
    """
    written = 0
    for document in range(len(first)):
        start, stop = first[document], last[document]
        begun = written
        while start < stop:
            edges[written] = start
            written += 1
            start = _next_cut(data, start, stop)
        counts[document] = written - begun
        edges[written] = stop
        written += 1
    return written


@compiled
def _next_cut(data: Bytes, start: int, stop: int) -> int:
    """Return where the segment that begins at `start` ends."""
    left = stop - start
    if left <= SEGMENT_BYTES + SLACK_BYTES:
        return stop
    wanted = start + SEGMENT_BYTES
    if left < 2 * SEGMENT_BYTES:  # two of about the same size, not a whole one and a scrap
        wanted = start + left // 2
    best = wanted
    while data[best] & 0xC0 == 0x80 and best < wanted + 3:
        best += 1
    strength = 0
    for distance in range(SLACK_BYTES + 1):
        for at in (wanted - distance, wanted + distance):
            if data[at - 1] <= 32:  # most bytes are no white space
                found = _strength_of(data, at, start, stop)
                if found == STRONGEST:
                    return at
                if found > strength:
                    best, strength = at, found
    return best


@compiled
def _strength_of(data: Bytes, at: int, start: int, stop: int) -> int:
    """Return how strong the break at a place is, as the head of this module numbers them."""
    before = data[at - 1]
    if before == 10:
        end = at  # of the white space that begins the line
        while end < stop and (data[end] == 32 or data[end] == 9):
            end += 1
        if end == stop or data[end] == 10 or data[end] == 13:
            return 0
        before_break = at - 2
        while before_break > start and _is_blank(data[before_break]):
            before_break -= 1
        if before_break >= start and data[before_break] == 10:
            return STRONGEST if end == at else 4
        return 3
    if before == 32 and not (_is_blank(data[at]) or data[at] == 10):
        mark = data[at - 2]
        return 2 if mark == 46 or mark == 33 or mark == 63 else 1
    return 0


@compiled
def _is_blank(byte: int) -> bool:
    """Tell whether a byte is white space within a line."""
    return byte == 32 or byte == 9 or byte == 13
