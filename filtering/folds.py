"""Which fold a document belongs to: by its group, so that near-duplicates and house styles seldom part."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from filtering.arrays import Ints

FOLDS = 5
ASSIGNMENTS = 5
"""The first assignment serves all figures with an interval; all of them mean and spread."""


def fold_assignment(groups: Sequence[str], assignment: int | Literal["inner"]) -> "Ints":
    """Return the fold of each document: ``int(sha256(prefix + group)[:8], 16) % 5`` of its group.

    Parameters
    ----------
    groups : sequence of str, length n
    assignment : int or "inner"
        Which of the `ASSIGNMENTS`, whose prefixes are none, ``1:``, ``2:`` ...; or ``inner``, whose prefix is
        ``inner:``: the folds for fitting inside an outer fold, independent of every outer assignment.

    Returns
    -------
    int64 array, shape (n,)
        In [0, 5).

    Examples
    --------
    >>> fold_assignment(["example.org", "a"], 0), fold_assignment(["example.org", "a"], "inner")
    (array([3, 0]), array([0, 2]))
    """
    import numpy as np  # now, for settings are made of the constants above

    prefix = f"{assignment}:" if assignment else ""
    digests = [hashlib.sha256((prefix + group).encode()).hexdigest() for group in groups]
    return np.array([int(digest[:8], 16) % FOLDS for digest in digests], dtype=np.int64)
