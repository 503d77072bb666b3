"""How near a piece of text is to another: how many of the other's pairs of words stand in it."""

import re
from itertools import pairwise

WORD = re.compile(rb"[0-9a-z_\x80-\xff]+")
SPELLED_BREAK = re.compile(rb"\\[nrt]")


Pairs = frozenset[tuple[bytes, bytes]]


def word_pairs(text: bytes) -> Pairs:
    r"""Return the distinct pairs of neighbouring words of a text, as the kernel tells words.

    Examples
    --------
    >>> sorted(word_pairs(rb"# Sort a\nlist"))
    [(b'a', b'list'), (b'sort', b'a')]
    """
    words = WORD.findall(SPELLED_BREAK.sub(b" ", text).lower())
    return frozenset(pairwise(words))


def containment(part: Pairs, text: Pairs) -> float:
    """Return the share of a part's pairs that a text has, in [0, 1]; 0 for a part without any."""
    return len(part & text) / len(part) if part else 0.0
