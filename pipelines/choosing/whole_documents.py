"""Budgets of slices in whole documents: one may be passed by less than a document, all together never are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Ints
from pipelines.choosing.budgets import Ends, Ranked, Taker, find_ends

Rows = Callable[[], Iterable[Ranked]]
"""Yields all rows, the same each time."""


@dataclass(frozen=True)
class Budgets:
    """How much of each of n slices is used.

    Parameters
    ----------
    amounts : int64 array, shape (n,)
        In documents, bytes or tokens: what is wanted of each.
    most : int64 array, shape (n,)
        How much may be.
    """

    amounts: Ints
    most: Ints


def spent(rows: Rows, ends: Ends) -> Taker:
    """Return what is used of budgets, in one pass."""
    taker = Taker(ends)
    for ranked in rows():
        taker.take(ranked)
    return taker


def reached(rows: Rows, least: Ints) -> Ints:
    """Return how much the first documents of each slice come to that are at least so much together.

    Parameters
    ----------
    rows : callable
    least : int64 array, shape (n,)
        Each at most the size of its slice.
    """
    taker = spent(rows, find_ends(rows, np.arange(len(least)), least))
    return taker.used + np.where(taker.used < least, taker.following, 0)


def ends_of(rows: Rows, budgets: Budgets) -> Ends:
    """Return where budgets end, so that all together never exceed their sum.

    A budget ends before the document that would exceed it. What that leaves of all of them pays for such
    documents once more, those first that lie within their budget with the largest part. So a slice differs
    from its budget by less than a document, and so do all of them together, unless the most of each forbids.
    """
    amounts, groups = budgets.amounts, np.arange(len(budgets.amounts))
    ends = find_ends(rows, groups, amounts)
    if len(groups) == 1:
        return ends
    taker = spent(rows, ends)
    unused, used, following = amounts - taker.used, taker.used, taker.following
    left, is_short = int(unused.sum()), False
    part = unused / np.maximum(following, 1)
    for place in np.argsort(-part, kind="stable").tolist():  # what is used whole comes last
        if unused[place] and used[place] + following[place] <= budgets.most[place]:
            if following[place] <= left:
                left -= int(following[place])
                ends.left[place] += following[place] - unused[place]
                used[place] += following[place]
            else:
                is_short = True
    room = budgets.most - used
    widest = int(np.argmax(room)) if len(room) else 0
    if left and not is_short and room[widest]:
        more = used[widest] + min(left, int(room[widest]))
        own = find_ends(rows, groups[[widest]], np.array([more]))
        ends.code[widest], ends.left[widest] = own.code[0], own.left[0]
    return ends
