"""The cut that keeps an exact number of rows, from the stored scores of a run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.dump.parts import Part
from pipelines.store.run_folder import RunFolder
from pipelines.store.stored_scores import read_scores

HALF = 1 << 16
"""Values that one half of the bits of a float32 can have."""


def exact_cut(folder: RunFolder, parts: Sequence[Part], count: int) -> tuple[float, list[int]]:
    """Return the score from which exactly `count` rows are kept, and each part's quota of ties.

    The bits of a float32 sort like the numbers themselves where these are not negative, so the cut is found
    half by half, in passes over the stored scores with 65,536 counters each::

        rows by the upper 16 bits of their score        rows of that bin by the lower 16 bits
        0 ............ high ............. 65,535        0 ........ low ........ 65,535
        |   dropped    |    |   above     |      ->     |   dropped  |  | above_low  |
                        `-- the cut is in here                        `-- the cut: high, low

        count = above + above_low + ties that are kept

    A third pass gives the ties that are kept to the parts, the first ones first.

    Parameters
    ----------
    folder : RunFolder
        Run with stored scores.
    parts : sequence of Part
        In the order in which ties are kept.
    count : int
        Rows to keep; where fewer have a score, all of these are kept.

    Returns
    -------
    float, list of int
        The cut in rubric points, and for each part how many rows with that very score are kept.
    """
    upper = np.zeros(HALF, dtype=np.int64)
    for part in parts:
        upper += np.bincount(_bits(folder, part) >> 16, minlength=HALF)
    count = min(count, int(upper.sum()))
    if count == 0:
        return 5.0, [0] * len(parts)
    high, above = _bin_of(upper, count)
    lower = np.zeros(HALF, dtype=np.int64)
    for part in parts:
        bits = _bits(folder, part)
        lower += np.bincount(bits[bits >> 16 == high] & 0xFFFF, minlength=HALF)
    low, above_low = _bin_of(lower, count - above)
    cut = np.uint32(high << 16 | low)
    left = count - above - above_low
    quotas = []
    for part in parts:
        ties = int((_bits(folder, part) == cut).sum())
        quotas.append(min(ties, left))
        left -= quotas[-1]
    return float(cut.view(np.float32)), quotas


def _bits(folder: RunFolder, part: Part) -> NDArray[np.uint32]:
    (value,) = read_scores(folder, part, "edu_score")
    # -0.0 + 0.0 is 0.0: no sign bit
    bits: NDArray[np.uint32] = (value[~np.isnan(value)] + np.float32(0.0)).view(np.uint32)
    return bits


def _bin_of(counts: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Return the bin in which the `count`-th largest lies (from 1), and how many lie above that bin."""
    from_top = np.cumsum(counts[::-1])
    position = int(np.searchsorted(from_top, count))
    above = int(from_top[position - 1]) if position else 0
    return len(counts) - 1 - position, above
