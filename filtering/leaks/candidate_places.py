"""Documents as the kernel reads them, and the places in them that have some of a task's runs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Bytes, Floats, Ints
from filtering.leaks.index import Runs
from filtering.leaks.token_runs import KEPT, scan
from filtering.text.arrow import HUGE_BIT, INVALID_UTF8, REASONS, UNUSUAL, judge_texts, text_buffers

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
    rows, parts = _rows_by_part(runs, found[found[:, 1] < runs.count])
    pairs = rows[:, 0] * len(runs.sizes) + parts  # of a document and a part
    order = np.lexsort((rows[:, 2], pairs))
    rows = rows[order]
    pairs, begins, counts = np.unique(pairs[order], return_index=True, return_counts=True)
    needed = np.maximum(shares * runs.sizes, np.minimum(runs.sizes, MIN_FOUND))
    enough = counts >= needed[pairs % len(runs.sizes)]
    for pair, begin, count in zip(*(one[enough].tolist() for one in (pairs, begins, counts)), strict=True):
        document, part = divmod(pair, len(runs.sizes))
        spans = rows[begin : begin + count, 2:]
        if windows is not None:
            spans = _densest(spans, int(windows[part]))
        if len(spans) >= needed[part]:
            share = len(spans) / int(runs.sizes[part])
            yield Place(document, part, int(spans[0, 0]), int(spans[:, 1].max()), share)


def _rows_by_part(runs: Runs, found: Ints) -> tuple[Ints, Ints]:
    """Return rows of `found`, each as often as parts have its run, and these parts."""
    counts = np.diff(runs.row_starts)[found[:, 1]]
    rows = np.repeat(found, counts, axis=0)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, runs.parts[runs.row_starts[rows[:, 1]] + nth]


def _densest(spans: Ints, window: int) -> Ints:
    """Return those of the spans, by start, of which most begin within so many bytes."""
    inside = np.searchsorted(spans[:, 0], spans[:, 0] + window) - np.arange(len(spans))
    first = int(inside.argmax())
    return spans[first : first + inside[first]]
