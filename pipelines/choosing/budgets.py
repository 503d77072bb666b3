"""The rows of each group that come first until a budget is used up: exactly, in passes of bounded memory.

Rows are ordered by a code of 32 bits, the largest first, and rows with the same code by their place in the
dump. The code at which a budget ends is found bit by bit from the top, by a histogram in each pass::

    size of rows by the upper bits of their code      size of rows of that bin by the next bits
    0 ............ high ................ max          0 ........ low .......... max
    |   dropped    |    |    above       |     ->     |   dropped  |  | above   |
                    `-- it ends in here                             `-- it ends here: high, low

Above that code all rows are taken, and they use less than the budget. Of those with the very code the first
ones are taken, as far as it goes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bools, Floats32, Ints

BITS = 32
MOST_BITS = 16
"""That a pass looks at: of one group, 65,536 counters."""
COUNTERS = 1 << 20
"""Of all groups together: 8 MB, and some times that while they are summed up."""
SIGN = np.uint32(1 << 31)

Codes = NDArray[np.uint32]


@dataclass(frozen=True)
class Ranked:
    """Rows of a part in an order, n of them.

    Parameters
    ----------
    group : int64 array, shape (n,)
        Number of each row's group; -1 where it is of none.
    code : uint32 array, shape (n,)
        The largest come first.
    size : int64 array, shape (n,)
        What each takes of a budget: 1, or bytes or tokens of its text.
    """

    group: Ints
    code: Codes
    size: Ints


@dataclass(frozen=True)
class Ends:
    """Where budgets end, of n of them.

    Parameters
    ----------
    code : int64 array, shape (n,)
        All rows with a larger code are taken.
    left : int64 array, shape (n,)
        What is left then of the budget, for rows with the very code.
    """

    code: Ints
    left: Ints


def codes_of(value: Floats32) -> Codes:
    """Return numbers as codes that sort like them: shape (n,); NaN has no place among them.

    Examples
    --------
    >>> codes_of(np.array([-1.5, -0.0, 0.0, 2.0], np.float32)).argsort().tolist()
    [0, 1, 2, 3]
    """
    bits = (value + np.float32(0.0)).view(np.uint32)  # -0.0 + 0.0 is 0.0
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def find_ends(rows: Callable[[], Iterable[Ranked]], groups: Ints, budgets: Ints) -> Ends:
    """Return where budgets end.

    Parameters
    ----------
    rows : callable
        Yields all rows, the same each time: once in each pass.
    groups : int64 array, shape (n,)
        Of which group each budget is; a group may have several.
    budgets : int64 array, shape (n,)
        Each at most the size of its group.
    """
    prefix, above = np.zeros(len(groups), np.uint64), np.zeros(len(groups), np.int64)
    done = 0
    while done < BITS and len(groups):
        active, place = np.unique(groups.astype(np.uint64) << np.uint64(BITS) | prefix, return_inverse=True)
        bits = min(MOST_BITS, BITS - done, max(1, (COUNTERS // len(active)).bit_length() - 1))
        sums = _histogram(rows(), active, done, bits)
        bins, more = _bins_of(sums[place], budgets - above)
        prefix, above = prefix << np.uint64(bits) | bins.astype(np.uint64), above + more
        done += bits
    return Ends(prefix.astype(np.int64), budgets - above)


def _histogram(rows: Iterable[Ranked], active: NDArray[np.uint64], done: int, bits: int) -> Ints:
    """Return the sizes of rows by their next bits, shape (n, 2**bits), for n groups with the bits before."""
    sums = np.zeros((len(active), 1 << bits), dtype=np.int64)
    left = np.uint64(BITS - done - bits)
    for ranked in rows:
        inside = ranked.group >= 0
        group, code = ranked.group[inside].astype(np.uint64), ranked.code[inside].astype(np.uint64)
        key = group << np.uint64(BITS) | code >> (left + np.uint64(bits))
        place = np.minimum(np.searchsorted(active, key), len(active) - 1)
        mine = active[place] == key
        digit = code[mine] >> left & np.uint64((1 << bits) - 1)
        at = (place[mine] << bits) + digit.astype(np.int64)
        # Sums of floats are exact below 2**53, far above the bytes of any dump.
        sums += np.bincount(at, ranked.size[inside][mine], sums.size).astype(np.int64).reshape(sums.shape)
    return sums


def _bins_of(sums: Ints, budgets: Ints) -> tuple[Ints, Ints]:
    """Return the bin in which each budget is used up, the lowest if there is none, and what lies above it."""
    from_top = np.cumsum(sums[:, ::-1], axis=1)
    position = np.minimum((from_top < budgets[:, None]).sum(axis=1), sums.shape[1] - 1)
    above = np.where(
        position > 0, np.take_along_axis(from_top, np.maximum(position - 1, 0)[:, None], 1)[:, 0], 0
    )
    return sums.shape[1] - 1 - position, above


class Taker:
    """Takes the rows that come first, part by part in the order of the dump; a group has one budget.

    Parameters
    ----------
    ends : Ends
        By group.

    Attributes
    ----------
    used : int64 array, shape (n,)
        What the rows that are taken use of each budget.
    following : int64 array, shape (n,)
        What the first row takes that does not fit any more; 0 as long as all fit.
    """

    def __init__(self, ends: Ends) -> None:
        self._code, self._left = ends.code, ends.left.copy()
        self.used, self.following = np.zeros_like(self._left), np.zeros_like(self._left)

    def take(self, ranked: Ranked) -> Bools:
        """Return which of the next rows are taken, shape (n,)."""
        if not len(self._code):
            return np.zeros(len(ranked.group), dtype=bool)
        at, inside = self._code[ranked.group], ranked.group >= 0
        taken: Bools = inside & (ranked.code > at)
        ties = np.flatnonzero(inside & (ranked.code == at) & (self._left[ranked.group] > 0))
        ties = ties[np.argsort(ranked.group[ties], kind="stable")]
        group, size = ranked.group[ties], ranked.size[ties]
        _, first, place = np.unique(group, return_index=True, return_inverse=True)
        used = np.cumsum(size)
        used -= (used - size)[first][place]
        fits = used <= self._left[group]
        taken[ties[fits]] = True
        np.subtract.at(self._left, group[fits], size[fits])
        # After the first that does not fit none is taken, be it as small as it may.
        full, first = np.unique(group[~fits], return_index=True)
        self._left[full], self.following[full] = 0, size[~fits][first]
        np.add.at(self.used, ranked.group[taken], ranked.size[taken])
        return taken
