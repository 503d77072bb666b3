"""How long a document is, in words: one scale for kept shares and for what a scorer is worth."""

_BELOW = {1_000: "below 1 kB", 4_000: "1 to 4 kB", 16_000: "4 to 16 kB", 64_000: "16 to 64 kB"}
_LONGER = "64 kB and more"
LENGTHS = (*_BELOW.values(), _LONGER)
"""All of them, the shortest first."""


def length_of(size_bytes: int) -> str:
    """Return in words how long a document is.

    Examples
    --------
    >>> length_of(999), length_of(64_000)
    ('below 1 kB', '64 kB and more')
    """
    return next((name for most, name in _BELOW.items() if size_bytes < most), _LONGER)
