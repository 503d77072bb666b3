"""Which documents to label: drawn at random with known probabilities.

Pure: what is drawn from is numbers of rows, sizes and windows; `pipelines/labels/sample.py` reads the dump.
A dump is sampled in two phases. First some row groups, and of each some rows, become candidates; a document's
chance of that is known before any is read. Then candidates are drawn systematically in an order that
keeps like with like, so that each stratum has its share (Madow 1949), with a chance that makes up for the
first. The probability of a document is the product of both (two-phase sampling: Särndal, Swensson and
Wretman, Model Assisted Survey Sampling, 1992, chapter 9).
"""

from dataclasses import dataclass

import numpy as np

from filtering.arrays import Floats, Floats32, Ints, Rows

UNBIASED_PICKS = ("random", "stratified")
"""How documents were picked that were drawn at random, maybe evenly over strata: not for their score."""
UNKNOWN_PICK = "unknown"
"""How documents were picked of which nothing says it: they count as picked at random, and that is told."""
LENGTH_BOUNDS_BYTES = (500, 1000, 2400, 8000)
"""Between kinds of length: 2,400 bytes are read whole."""


@dataclass(frozen=True)
class GroupDraw:
    """How many rows to take of each row group, and the chance of each of its rows to be taken.

    Parameters
    ----------
    take : int64 array, shape (n,)
        Rows to take at random of each group; 0 of most.
    probability : float64 array, shape (n,)
        Of a row of the group, before the groups were drawn, in (0, 1].
    """

    take: Rows
    probability: Floats


def draw_groups(rows: Rows, *, visits: int, rows_per_visit: int, random: np.random.Generator) -> GroupDraw:
    """Draw row groups in proportion to their rows, spread evenly over their order.

    Parameters
    ----------
    rows : int64 array, shape (n,)
        Rows of each group, in the order of files.
    visits : int
        Groups to visit; a large one may be visited several times.
    rows_per_visit : int
        Rows to take at each visit, where the group has so many.
    random : numpy Generator
    """
    if visits * rows_per_visit >= rows.sum():
        return GroupDraw(rows, np.ones(len(rows)))
    expected = visits * rows / rows.sum()
    edges = np.concatenate([[0.0], np.cumsum(expected)])
    edges[-1] = visits  # the sum of many parts is not exact
    marks = np.floor(edges - random.random())
    visited = np.diff(marks).astype(np.int64)
    # A group is visited `expected` times on average: rounded down or up, the latter by the rest.
    low = np.floor(expected)
    taken_low = np.minimum(low * rows_per_visit, rows)
    taken_high = np.minimum((low + 1) * rows_per_visit, rows)
    mean = taken_low + (expected - low) * (taken_high - taken_low)
    return GroupDraw(
        take=np.minimum(visited * rows_per_visit, rows).astype(np.int64),
        probability=mean / np.maximum(rows, 1),
    )


def draw_systematically(sizes: Floats, *, count: int, random: np.random.Generator) -> tuple[Rows, Floats]:
    """Draw `count` positions in proportion to sizes, spread evenly over their order.

    Parameters
    ----------
    sizes : float64 array, shape (n,)
        Above 0.
    count : int
        All are drawn where there are no more.
    random : numpy Generator

    Returns
    -------
    int64 array, shape (min(count, n),); float64 array of the same shape
        Rising positions, and the probability of each to be drawn, in (0, 1].
    """
    if count >= len(sizes):
        return np.arange(len(sizes)), np.ones(len(sizes))
    sure = np.zeros(len(sizes), dtype=bool)
    while True:
        left = count - int(sure.sum())
        probability = np.where(sure, 1.0, left * sizes / max(float(sizes[~sure].sum()), 1e-300))
        # What is larger than a step is drawn for sure, which makes the step of the others smaller.
        larger = ~sure & (probability >= 1.0)
        if not larger.any():
            break
        sure |= larger
    edges = np.concatenate([[0.0], np.cumsum(np.where(sure, 0.0, probability))])
    edges[-1] = left
    drawn = np.diff(np.floor(edges - random.random())) > 0
    rows = np.flatnonzero(drawn | sure)
    return rows, probability[rows]


def stratified_order(points: Floats32, lengths: Ints) -> Rows:
    """Return an order in which documents of like score, then length, then place in the dump stand together.

    Parameters
    ----------
    points : float32 array, shape (n,)
        First-stage scores.
    lengths : int64 array, shape (n,)
        UTF-8 bytes; documents in the order of the dump.
    """
    return np.lexsort((np.searchsorted(LENGTH_BOUNDS_BYTES, lengths), np.floor(points)))
