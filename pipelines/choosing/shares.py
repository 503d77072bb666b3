"""Parts a budget among slices: in proportion, within bounds, and whole to the last document or byte."""

import numpy as np

from filtering.arrays import Floats, Ints

LEAST = 1e-12
"""Of a weight, beside a largest one of 1: what has none can still fill up what others leave."""
STEPS = 200
"""Of a bisection: it ends at the precision of the numbers long before."""


def shared_out(total: int, weights: Floats, least: Ints, most: Ints) -> Ints:
    """Return amounts that add up to a total, as nearly in proportion to weights as their bounds let them.

    What a bound takes from one or gives to it, the others give or take.

    Parameters
    ----------
    total : int
        From the sum of `least` to that of `most`.
    weights : float64 array, shape (n,)
        At least 0.
    least, most : int64 array, shape (n,)

    Returns
    -------
    int64 array, shape (n,)

    Examples
    --------
    >>> none, plenty = np.zeros(3, np.int64), np.full(3, 100)
    >>> shared_out(10, np.array([1.0, 1.0, 2.0]), none, plenty).tolist()
    [3, 2, 5]
    >>> shared_out(10, np.array([1.0, 1.0, 2.0]), none, np.array([100, 100, 2])).tolist()
    [4, 4, 2]
    """
    weights = np.maximum(weights / max(float(weights.max()), 1.0), LEAST)
    low, high = 0.0, float((most / weights).max())
    for _ in range(STEPS):
        middle = (low + high) / 2
        if np.clip(middle * weights, least, most).sum() <= total:
            low = middle
        else:
            high = middle
    wanted = np.clip(low * weights, least, most)
    amounts: Ints = np.floor(wanted).astype(np.int64)
    # What is left for rounding goes to those that were cut most; then to whoever may have more.
    order = np.argsort(-(wanted - amounts), kind="stable")
    left = total - int(amounts.sum())
    for place in order.tolist() * 2:
        more = min(left, 1 if left <= len(order) else left, int(most[place] - amounts[place]))
        amounts[place] += more
        left -= more
    return amounts
