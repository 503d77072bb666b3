"""Documents as the kernel reads them, and the places in them that have some of a task's runs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Bytes, Floats, Ints
from filtering.arrow_texts import HUGE_BIT, INVALID_UTF8, REASONS, UNUSUAL, judge_texts, text_buffers
from filtering.leaks.index import Runs
from filtering.leaks.kernel import KEPT, scan

MIN_FOUND = 3
"""Fewer runs are chance, unless a part has no more."""
FOUND_ROWS = 1 << 14
"""Places that one call of the kernel has room for, beside those of one document."""


@dataclass(frozen=True)
class Documents:
    """Documents in one Arrow array.

    Parameters
    ----------
    data : uint8 array
        All of them, one after the other.
    offsets : int64 array, shape (n + 1,)
    is_read : bool array, shape (n,)
        False where there is nothing to read.
    is_huge : bool array, shape (n,)
        Too long for anything but n-grams.
    """

    data: Bytes
    offsets: Ints
    is_read: Bools
    is_huge: Bools

    @classmethod
    def of(cls, array: pa.Array, counts: Counter[str]) -> "Documents":
        """Return the documents of an array, and count in `counts` what is bad or unusual about them."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        reason, unusual = judge_texts(array)
        for code, count in enumerate(np.bincount(reason, minlength=len(REASONS))):
            if code and count:
                counts[REASONS[code]] += int(count)
        for bit, name in enumerate(UNUSUAL):
            if count := int(np.sum(unusual >> bit & 1)):
                counts[name] += count
        # Bytes that are no UTF-8 are read as they are: a copy in another encoding is a copy.
        return cls(*text_buffers(array), (reason == 0) | (reason == INVALID_UTF8), unusual & HUGE_BIT > 0)

    def text(self, row: int, start: int = 0, stop: int | None = None) -> bytes:
        """Return a document, or what of it lies between two of its bytes."""
        first, end = int(self.offsets[row]), int(self.offsets[row + 1])
        return self.data[first + start : end if stop is None else first + stop].tobytes()


@dataclass(frozen=True)
class Place:
    """Where a document has runs of a part, and how many.

    Parameters
    ----------
    row, part : int
        Document, and part as `LeakIndex.parts` counts them.
    start, stop : int
        Bytes of the document.
    share : float
        Of the part's distinct runs, in (0, 1].
    """

    row: int
    part: int
    start: int
    stop: int
    share: float


def find_runs(runs: Runs, documents: Documents, wanted: Bools, *, is_shapes: bool = False) -> Ints:
    """Return the first place of each run in each document.

    Returns
    -------
    int64 array, shape (places, 4)
        Document, position of the run or name, and its first and last byte within the document.
    """
    seen = np.full(runs.keys, -1, dtype=np.int64)
    found = np.empty((runs.keys + FOUND_ROWS, 4), dtype=np.int64)
    pieces, document = [found[:0].copy()], 0
    while document < len(wanted):
        document, written = scan(
            documents.data, documents.offsets, wanted, document, is_shapes,
            runs.run, runs.table, KEPT, seen, found,
        )  # fmt: skip
        pieces.append(found[:written].copy())
    places = np.concatenate(pieces)
    places[:, 2:] -= documents.offsets[places[:, :1]]
    return places


def find_places(runs: Runs, found: Ints, shares: Floats, windows: Ints | None = None) -> Iterator[Place]:
    """Yield the parts of which a document has at least a certain share of the runs.

    Parameters
    ----------
    runs : Runs
    found : int64 array, shape (places, 4)
        As `find_runs` returns it.
    shares : float64 array, shape (parts,)
    windows : int64 array, shape (parts,), optional
        Bytes within which the runs of each part have to stand; anywhere in the document if not given.
    """
    found = found[found[:, 1] < runs.count]
    counts = np.diff(runs.row_starts)[found[:, 1]]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    parts = runs.parts[np.repeat(runs.row_starts[found[:, 1]], counts) + within]
    rows = np.repeat(found, counts, axis=0)
    order = np.lexsort((rows[:, 2], parts, rows[:, 0]))
    parts, rows = parts[order], rows[order]
    begins = np.flatnonzero((np.diff(rows[:, 0], prepend=-1) != 0) | (np.diff(parts, prepend=-1) != 0))
    counts = np.diff(begins, append=len(parts))
    needed = np.maximum(shares * runs.sizes, np.minimum(runs.sizes, MIN_FOUND))
    enough = counts >= needed[parts[begins]]
    for begin, count in zip(begins[enough].tolist(), counts[enough].tolist(), strict=True):
        part, starts, at = int(parts[begin]), rows[begin : begin + count, 2], 0
        if windows is not None:
            inside = np.searchsorted(starts, starts + windows[part]) - np.arange(count)
            at, count = int(inside.argmax()), int(inside.max())
        if count >= needed[part]:
            stop = int(rows[begin + at : begin + at + count, 3].max())
            yield Place(int(rows[begin, 0]), part, int(starts[at]), stop, count / int(runs.sizes[part]))
