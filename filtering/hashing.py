"""What all kernels agree on: which bytes make a word, the hash of a word, and open tables of hashes.

A filter of bits in front of a table ends most look-ups of what it lacks.
"""

from collections.abc import Iterable

import numpy as np

from filtering.arrays import Hashes, Ints32
from filtering.compiled import compiled

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
"""FNV-1a, 64 bits (Fowler, Noll, Vo)."""
MIX = 0x9E3779B97F4A7C15
"""2^64 / golden ratio: multiplicative hashing (Knuth, TAOCP 3, 6.4)."""
BITS_64 = 2**64 - 1

U_FNV_OFFSET, U_FNV_PRIME, U_MIX = np.uint64(FNV_OFFSET), np.uint64(FNV_PRIME), np.uint64(MIX)
U_0, U_1, U_5, U_6, U_32, U_59, U_63 = (np.uint64(number) for number in (0, 1, 5, 6, 32, 59, 63))

SPACE, WORD, PUNCTUATION, NEWLINE = 0, 1, 2, 3
CLASSES = np.full(256, PUNCTUATION, dtype=np.uint8)
"""Of each byte: letters, digits, ``_`` and all from 0x80 up make words."""
CLASSES[:33] = SPACE
CLASSES[127] = SPACE
CLASSES[10] = NEWLINE
CLASSES[128:] = WORD
for _low, _high in (("0", "9"), ("A", "Z"), ("a", "z"), ("_", "_")):
    CLASSES[ord(_low) : ord(_high) + 1] = WORD
LOWER = np.arange(256, dtype=np.uint8)
"""Each byte, capitals of ASCII as small letters."""
LOWER[65:91] += 32

BITS_PER_SLOT = 16
"""Of the filter: about one hash in 50 that is not in the table passes it."""

Table = tuple[Hashes, Hashes, Ints32]
"""Bit filter; keys and values of an open table, all of a power of two, key 0 where free."""


def word_hash(word: Iterable[int]) -> int:
    """Return the 64-bit FNV-1a hash of a lower-cased word: of its bytes, or of its code points."""
    value = FNV_OFFSET
    for one in word:
        value = ((value ^ one) * FNV_PRIME) & BITS_64
    return value


def make_table(keys: Hashes) -> Table:
    """Return a table that maps each of some distinct hashes to its position.

    Parameters
    ----------
    keys : uint64 array, shape (k,)
        Distinct and not 0.
    """
    size = 1 << max(4, int(2 * len(keys)).bit_length())
    bits = np.zeros(max(size * BITS_PER_SLOT // 64, 1), dtype=np.uint64)
    slots, values = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int32)
    mixed = (keys * U_MIX) >> U_32
    bit = mixed & np.uint64(64 * len(bits) - 1)
    np.bitwise_or.at(bits, bit >> U_6, U_1 << (bit & U_63))
    slot, left = mixed.astype(np.int64) & (size - 1), np.arange(len(keys))
    while len(left):  # in each round one key takes each slot that is free; the others go on to the next
        free = left[slots[slot[left]] == U_0]
        free = free[np.unique(slot[free], return_index=True)[1]]
        slots[slot[free]], values[slot[free]] = keys[free], free
        left = np.setdiff1d(left, free, assume_unique=True)
        slot[left] = (slot[left] + 1) & (size - 1)
    for array in (bits, slots, values):
        array.flags.writeable = False
    return bits, slots, values


@compiled
def add_to_token(token: np.uint64, one: np.uint64) -> np.uint64:
    """Return the hash of a token that goes on with a byte or code point: see `token_hash`."""
    return ((token << U_5) | (token >> U_59)) ^ one


def token_hash(word: Iterable[int]) -> int:
    """Return the 64-bit hash of a lower-cased word of an n-gram table: of its code points.

    Rotated by five bits and joined by exclusive or: two steps of the processor a letter, where FNV-1a takes
    five. Letters of ASCII differ in five bits, so that no two words of up to twelve share a hash. Letters
    beyond it differ in more, and meet those before them: "lå" has the hash of "he".

    Examples
    --------
    >>> token_hash(b"ab") == token_hash(b"ba")
    False
    >>> token_hash(map(ord, "lå")) == token_hash(b"he")
    True
    """
    value = FNV_OFFSET
    for one in word:
        value = ((value << 5 | value >> 59) & BITS_64) ^ one
    return value


@compiled
def filter_bit(key: np.uint64, bits: Hashes) -> np.uint64:
    """Return the bit of a table's filter that tells whether the table may have a key."""
    return ((key * U_MIX) >> U_32) & np.uint64(64 * len(bits) - 1)


@compiled
def look_up(key: np.uint64, bits: Hashes, slots: Hashes, values: Ints32) -> int:
    """Return the value of a key; -1 if the table lacks it."""
    mixed = (key * U_MIX) >> U_32
    bit = filter_bit(key, bits)
    if (bits[bit >> U_6] >> (bit & U_63)) & U_1 == U_0:
        return -1
    mask = len(slots) - 1
    slot = np.int64(mixed) & mask
    while slots[slot] != U_0:
        if slots[slot] == key:
            return int(values[slot])
        slot = (slot + 1) & mask
    return -1
