"""How often documents are used by a curve over ranks, as Olmo 3 mixes: the best most often, the worst never.

Documents are in classes by rank t, from 0 for the worst to 1 for the best. With g(t) = ((t - a) / (1 - a))^q
above the share a that is dropped, those of the class from u to v are used C (g(v) - g(u)) / (v - u) times. C
follows from the budget. q is as large, and the curve as steep, as it can be while no class is used too often.
"""

import numpy as np

from filtering.arrays import Floats, Ints

CLASSES = 20
MOST_EXPONENT = 20.0
"""From there on nearly all of a small budget would be of the best class."""
STEPS = 60
"""Of a bisection: it is far below what a document takes then."""


def class_edges(drop_lowest: float) -> Floats:
    """Return the ranks at which classes begin, and 1: multiples of 1 / `CLASSES`, and what is dropped.

    Examples
    --------
    >>> class_edges(0.88).round(2).tolist()
    [0.88, 0.9, 0.95, 1.0]
    """
    whole = np.arange(CLASSES + 1) / CLASSES
    return np.concatenate([[drop_lowest], whole[whole > drop_lowest + 1e-9]])


def repeats_of(sizes: Ints, edges: Floats, budget: int, max_repeat: float) -> Floats:
    """Return how often each class is used, so that all of them together take the budget.

    Parameters
    ----------
    sizes : int64 array, shape (n,)
        Bytes or tokens of each class, the worst first.
    edges : float64 array, shape (n + 1,)
        Ranks at which they begin and end.
    budget : int
        At most `max_repeat` times the sum of the sizes.
    max_repeat : float

    Returns
    -------
    float64 array, shape (n,)

    Examples
    --------
    >>> edges = class_edges(0.4)
    >>> found = repeats_of(np.full(12, 5), edges, 100, 7.0)
    >>> found.round(2).tolist()[::3], round(float((found * 5).sum()))
    ([0.0, 0.07, 0.74, 3.3], 100)
    """
    if budget == 0 or not sizes.any():
        return np.zeros(len(sizes))
    low, high = 1.0, MOST_EXPONENT
    if _repeats(sizes, edges, budget, high).max() <= max_repeat:
        low = high
    for _ in range(STEPS if low < high else 0):
        middle = (low + high) / 2
        if _repeats(sizes, edges, budget, middle).max() <= max_repeat:
            low = middle
        else:
            high = middle
    return np.minimum(_repeats(sizes, edges, budget, low), max_repeat)


def _repeats(sizes: Ints, edges: Floats, budget: int, exponent: float) -> Floats:
    risen = ((edges - edges[0]) / (1 - edges[0])) ** exponent
    shape = np.diff(risen) / np.diff(edges) * (sizes > 0)
    return np.asarray(shape * (budget / float((shape * sizes).sum())))
