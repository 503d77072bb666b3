"""How long a document is, in words: one scale for kept shares and for what a scorer is worth."""

import numpy as np

from filtering.arrays import Ints

_BELOW = {1_000: "below 1 kB", 4_000: "1 to 4 kB", 16_000: "4 to 16 kB", 64_000: "16 to 64 kB"}
_LONGER = "64 kB and more"
LENGTHS = (*_BELOW.values(), _LONGER)
"""All of them, the shortest first."""


def lengths_of(sizes_bytes: Ints) -> Ints:
    """Return the places in `LENGTHS` of documents, shape (n,)."""
    return np.searchsorted([*_BELOW], sizes_bytes, side="right").astype(np.int64)


def length_of(size_bytes: int) -> str:
    """Return in words how long a document is.

    Examples
    --------
    >>> length_of(999), length_of(64_000)
    ('below 1 kB', '64 kB and more')
    """
    return next((name for most, name in _BELOW.items() if size_bytes < most), _LONGER)
