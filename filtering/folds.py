"""Which fold a document belongs to: by its group, so that near-duplicates and house styles seldom part."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
ASSIGNMENTS = 5
"""The first assignment serves all figures with an interval; all of them mean and spread."""


def fold_of(group: str, assignment: str = "") -> int:
    """Return the fold of a group: ``int(sha256(group)[:8], 16) % 5``.

    Parameters
    ----------
    group : str
    assignment : str
        Prefix that gives another assignment; the first has none.

    Examples
    --------
    >>> fold_of("example.org"), fold_of("example.org", "1:")
    (3, 3)
    """
    return int(hashlib.sha256((assignment + group).encode()).hexdigest()[:8], 16) % FOLDS


def fold_assignment(groups: Sequence[str], number: int) -> NDArray[np.int64]:
    """Return the fold of each document in one of the `ASSIGNMENTS` assignments.

    Returns
    -------
    int64 array, shape (n,)
        In [0, 5).
    """
    prefix = f"{number}:" if number else ""
    return np.array([fold_of(group, prefix) for group in groups], dtype=np.int64)


def inner_assignment(groups: Sequence[str]) -> NDArray[np.int64]:
    """Return the folds for fitting inside an outer fold: independent of every outer assignment.

    Returns
    -------
    int64 array, shape (n,)
        In [0, 5).
    """
    return np.array([fold_of(group, "inner:") for group in groups], dtype=np.int64)
