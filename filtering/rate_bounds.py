"""Rates of rare events: exact bounds, and what documents of one group count for."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Of every interval and bound here, and of all that are made of them."""

ALMOST = 1e-9
"""Keeps rounding from adding a document to an exact count."""


def binomial_tail(count: int, trials: int, rate: float) -> float:
    """Return the chance of at most `count` successes in `trials`, each with chance `rate` in (0, 1)."""
    if count >= trials:
        return 1.0
    number = np.arange(1, count + 1, dtype=np.float64)
    steps = np.log(trials - number + 1) - np.log(number) + np.log(rate) - np.log1p(-rate)
    log_chances = trials * np.log1p(-rate) + np.concatenate([[0.0], np.cumsum(steps)])
    top = log_chances.max()
    return float(min(np.exp(top) * np.exp(log_chances - top).sum(), 1.0))


@lru_cache(maxsize=10_000)  # exits and bands of a curve ask the same again and again
def rate_bound(count: int, trials: int, confidence: float) -> float:
    """Return the one-sided upper bound of a rate by Clopper and Pearson (1934); 1 where nothing was tried."""
    if count >= trials:
        return 1.0
    low, high = count / trials, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if binomial_tail(count, trials, middle) > 1 - confidence else (low, middle)
    return high


def rate_interval(share: float, counting: float, error: float) -> tuple[float, float]:
    """Return the exact ends of a share, by Clopper and Pearson (1934).

    Parameters
    ----------
    share : float
        In [0, 1].
    counting : float
        Independent documents that those it is of count for.
    error : float
        Chance that it lies outside, shared by both ends.

    Examples
    --------
    >>> [round(end, 3) for end in rate_interval(0.0, 100.0, 0.05)]
    [0.0, 0.036]
    """
    trials, confidence = int(counting + ALMOST), 1 - error / 2
    high = rate_bound(int(np.ceil(counting * share - ALMOST)), trials, confidence)
    low = 1 - rate_bound(int(np.ceil(counting * (1 - share) - ALMOST)), trials, confidence)
    return min(low, share), max(high, share)


def design_effect(wrong: NDArray[np.bool_], groups: NDArray[np.int32]) -> float:
    """Return how many times as uncertain a share is as if its documents were independent; at least 1.

    The variance between group totals over that of independent documents. Exactly 1 where no two documents
    share a group. Where nothing is wrong, or all, there is no variance to compare: then documents of a group
    are taken to be all alike (Kish 1965: the mean size of a document's group).
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    count, number = len(wrong), len(sizes)
    if number == count:
        return 1.0
    rate = float(wrong.mean())
    if number < 2 or not 0.0 < rate < 1.0:
        return float((sizes**2).sum() / count)
    totals = np.bincount(codes, wrong - rate)
    return max(1.0, float(number / (number - 1) * (totals**2).sum() / (count * rate * (1 - rate))))
