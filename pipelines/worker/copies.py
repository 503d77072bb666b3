"""The order of rows that are written as often as they are used: the copies of a row stand apart."""

from collections.abc import Sequence

import numpy as np

from filtering.arrays import Bytes, Ints


def rows_with_copies(times: Bytes, sizes: Ints) -> Sequence[Ints]:
    """Return the rows of a batch as often as each is used, in pieces.

    The copies of a row are spread evenly over the batch, each row's from another place on. So two of them
    follow each other only where too few other rows are used.

    Parameters
    ----------
    times : uint8 array, shape (n,)
        How often each row is used.
    sizes : int64 array, shape (n,)
        Bytes of its text. The texts of a piece are about as long as those of the batch, however many copies
        there are.

    Returns
    -------
    sequence of int64 array
        Numbers of rows, from 0 to n - 1.

    Examples
    --------
    >>> [piece.tolist() for piece in rows_with_copies(np.array([3, 0, 3, 1], np.uint8), np.full(4, 10))]
    [[0, 2, 0], [2, 0, 3, 2]]
    """
    used = np.flatnonzero(times)
    often = times[used].astype(np.int64)
    rows = np.repeat(used, often)
    first = np.repeat(np.cumsum(often) - often, often)
    begin = np.repeat(np.arange(len(used)) / max(len(used), 1), often)
    place = (np.arange(len(rows)) - first + begin) / np.repeat(often, often)
    rows = rows[np.argsort(place, kind="stable")]
    piece = np.cumsum(sizes[rows]) // max(int(sizes.sum()), 1)
    return np.split(rows, np.flatnonzero(np.diff(piece)) + 1)
