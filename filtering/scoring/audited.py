"""Documents that signals alone decided, and that the full scorer looked at as well: each text counts once.

Copies of a document are no evidence of their own: a dump that holds a file six times would look as if six
documents were decided wrongly, where one was. So texts are named by a digest, with what came out in its last
bits, and whoever adds up counts each number once.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from filtering.arrays import Bools

DIGEST_BYTES = 8
BITS = 2
"""Of the outcome: whether signals keep the document, and whether the full scorer decides otherwise."""
KEPT, WRONG = 2, 1


def name_audited(texts: Sequence[bytes | None], kept: Bools, wrong: Bools) -> tuple[int, ...]:
    """Return a number for each text and what came out.

    Parameters
    ----------
    texts : sequence of bytes or None, length n
    kept, wrong : bool arrays, shape (n,)
        Whether the signals keep each, and whether the full scorer decides otherwise.
    """
    numbers = []
    for text, is_kept, is_wrong in zip(texts, kept.tolist(), wrong.tolist(), strict=True):
        digest = hashlib.blake2b(text or b"", digest_size=DIGEST_BYTES).digest()
        number = int.from_bytes(digest, "big") >> BITS << BITS
        numbers.append(number | KEPT * is_kept | WRONG * is_wrong)
    return tuple(numbers)


def count_audited(numbers: Iterable[int]) -> dict[str, int]:
    """Return how many texts were looked at on either side, and how many of these were decided otherwise.

    Parameters
    ----------
    numbers : iterable of int
        As `name_audited` gives them, in any order, some of them several times.

    Examples
    --------
    >>> once = name_audited([b"a", b"b"], np.array([True, False]), np.array([True, False]))
    >>> count_audited([*once, *once])
    {'audited_dropped': 1, 'audited_lost': 0, 'audited_kept': 1, 'audited_false': 1}
    """
    outcomes = np.unique(np.fromiter(numbers, np.uint64)) & np.uint64(KEPT | WRONG)
    dropped, lost, kept, false = np.bincount(outcomes.astype(np.int64), minlength=1 << BITS).tolist()
    return {
        "audited_dropped": dropped + lost,
        "audited_lost": lost,
        "audited_kept": kept + false,
        "audited_false": false,
    }
