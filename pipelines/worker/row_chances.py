"""A number for each row of a dump, by which it is chosen or not: the same whenever it is asked for."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def row_chances(relative: str, first_row: int, count: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each of some rows of a file.

    Mixed by splitmix64 (Steele, Lea and Flood 2014). A generator of numpy would do it in fewer lines and draw
    other rows: the audit of a run that is gone on with would then look at others than it began with.

    Parameters
    ----------
    relative : str
        Path of the file below its root.
    first_row, count : int
        Position of the first row in the file, and number of rows.

    Returns
    -------
    float64 array, shape (count,)
    """
    seed = np.frombuffer(hashlib.sha256(relative.encode()).digest()[:8], dtype=np.uint64)
    with np.errstate(over="ignore"):
        mixed = seed + np.arange(first_row + 1, first_row + 1 + count, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    numbers: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return numbers
