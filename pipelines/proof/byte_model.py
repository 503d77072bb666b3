"""A model of bytes: the chance of a byte after those before it, by counts of runs, in seconds.

Runs of one byte to `ORDER` + 1 are counted; the chances of longer ones are mixed with those of shorter ones
as Witten and Bell do (1991, "The zero-frequency problem", method C): the more different bytes followed a run,
the less it is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Floats, Hashes, Ints

ORDER = 6
"""Bytes before the one that is told; 8 at most, for a run is a number of 64 bits."""
MOST_BYTES = 32_000_000
"""Of the text that is counted: more of it takes longer, and hardly tells more."""


@dataclass(frozen=True)
class _Counts:
    """Runs of one length, each once: how often it comes; how often its beginning, and with how many ends."""

    runs: Hashes
    counts: Ints
    beginnings: Hashes
    totals: Ints
    ends: Ints


class ByteModel:
    """Counts of a text.

    Parameters
    ----------
    text : bytes
    """

    def __init__(self, text: bytes) -> None:
        data = np.frombuffer(text[:MOST_BYTES], dtype=np.uint8)
        self._counts = [_count(_runs(data, length)) for length in range(1, ORDER + 2)]

    def bits(self, texts: Sequence[tuple[bytes, bytes]]) -> Floats:
        """Return what texts cost.

        Parameters
        ----------
        texts : sequence of (bytes, bytes)
            What is given, and what is to be told after it.

        Returns
        -------
        float64 array, shape (n,)
            Bits of the second of each.
        """
        given = [prompt[-ORDER:].rjust(ORDER, b"\n") for prompt, _ in texts]
        data = np.frombuffer(b"".join(a + b for a, (_, b) in zip(given, texts, strict=True)), dtype=np.uint8)
        lengths = np.array([ORDER + len(told) for _, told in texts], dtype=np.int64)
        row = np.repeat(np.arange(len(texts)), lengths)
        within = np.arange(len(data)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.flatnonzero(within >= ORDER)
        costs = -np.log2(self._chances(data, places))
        bits: Floats = np.bincount(row[places], weights=costs, minlength=len(texts)).astype(np.float64)
        return bits

    def _chances(self, data: np.ndarray, places: Ints) -> Floats:
        chance = np.full(len(places), 1 / 256)
        for length, counts in enumerate(self._counts, 1):
            runs = _runs(data, length)[places - length + 1]
            found = _look_up(counts.runs, counts.counts, runs)
            total = _look_up(counts.beginnings, counts.totals, runs >> np.uint64(8))
            ends = _look_up(counts.beginnings, counts.ends, runs >> np.uint64(8))
            mixed = (found + ends * chance) / np.maximum(total + ends, 1)
            chance = np.where(total > 0, mixed, chance)
        return chance


def _runs(data: np.ndarray, length: int) -> Hashes:
    """Return the runs of some bytes, one for each place where one begins, as numbers."""
    count = max(len(data) - length + 1, 0)
    runs = np.zeros(count, dtype=np.uint64)
    for at in range(length):
        runs = (runs << np.uint64(8)) | data[at : at + count]
    return runs


def _count(runs: Hashes) -> _Counts:
    values, counts = np.unique(runs, return_counts=True)
    beginnings, first = np.unique(values >> np.uint64(8), return_index=True)
    ends = np.diff(first, append=len(values))
    totals = np.add.reduceat(counts, first) if len(first) else counts
    return _Counts(values, counts, beginnings, totals, ends)


def _look_up(keys: Hashes, values: Ints, wanted: Hashes) -> Ints:
    """Return the values of keys, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
