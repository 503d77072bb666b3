"""Open tables from hashes to their positions, for the kernel; a filter of bits ends most look-ups."""

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.statistics import MIX

BITS_PER_SLOT = 16
"""Of the filter: about one hash in 50 that is not in the table passes it."""

U_MIX = np.uint64(MIX)
U_32, U_6, U_63, U_1, U_0 = np.uint64(32), np.uint64(6), np.uint64(63), np.uint64(1), np.uint64(0)

Hashes = NDArray[np.uint64]
Table = tuple[int, Hashes, Hashes, NDArray[np.int32]]
"""Tokens of a run; bit filter; keys and values of an open table, both of a power of two, key 0 where free."""


def make_table(run: int, keys: Hashes) -> Table:
    """Return a table that maps each of some distinct hashes to its position.

    Parameters
    ----------
    run : int
        Tokens of a run, below `RING`.
    keys : uint64 array, shape (k,)
        Distinct and not 0.
    """
    size = 1 << max(4, int(2 * len(keys)).bit_length())
    bits = np.zeros(max(size * BITS_PER_SLOT // 64, 1), dtype=np.uint64)
    slots, values = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int32)
    fill_table(np.ascontiguousarray(keys), bits, slots, values)
    for array in (bits, slots, values):
        array.flags.writeable = False
    return run, bits, slots, values


@compiled
def fill_table(keys: Hashes, bits: Hashes, slots: Hashes, values: NDArray[np.int32]) -> None:
    """Put keys into an empty table, with their positions as values."""
    mask = len(slots) - 1
    bit_mask = np.uint64(64 * len(bits) - 1)
    for position in range(len(keys)):
        mixed = (keys[position] * U_MIX) >> U_32
        bit = mixed & bit_mask
        bits[bit >> U_6] |= U_1 << (bit & U_63)
        slot = np.int64(mixed) & mask
        while slots[slot] != U_0:
            slot = (slot + 1) & mask
        slots[slot] = keys[position]
        values[slot] = position


@compiled
def look_up(key: np.uint64, bits: Hashes, slots: Hashes, values: NDArray[np.int32]) -> int:
    """Return the value of a key; -1 if the table lacks it."""
    mixed = (key * U_MIX) >> U_32
    bit = mixed & np.uint64(64 * len(bits) - 1)
    if (bits[bit >> U_6] >> (bit & U_63)) & U_1 == U_0:
        return -1
    mask = len(slots) - 1
    slot = np.int64(mixed) & mask
    while slots[slot] != U_0:
        if slots[slot] == key:
            return int(values[slot])
        slot = (slot + 1) & mask
    return -1
