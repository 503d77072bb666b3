"""The cells of a document's n-grams: counted, weighed, and their vectors summed up, all compiled.

Two tables have `CELLS` cells each: one of tokens and pairs of neighbours, one of runs of bytes. `kernel.py`
and `tokens.py` say what goes into them.
"""

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes, Floats, Floats32, Hashes, Ints32
from filtering.compiled import compiled
from filtering.hashing import LOWER, U_0, U_MIX
from filtering.prefetch import prefetch_row

CELL_BITS = 16
CELLS = 1 << CELL_BITS
"""2^16 cells do as well as 2^18 (docs/experiments.md), and their weights stay in the CPU's cache."""

CHARACTER_RUN = 5
VECTOR_WIDTH = 16
"""Numbers of a document's vector (`vectors.py`): more of them tie (docs/experiments.md)."""

COLLAPSED = LOWER.copy()
"""Of each byte: a letter of ASCII made small, a line break, or a space for other white space."""
COLLAPSED[:33] = 32
COLLAPSED[10] = 10

CELLS_PER_BYTE = 3
"""At most: a token and a pair of tokens, and one run of bytes."""

LOG_COUNTS = np.zeros(1 << 16, dtype=np.float32)  # more than a reach has n-grams of one kind
LOG_COUNTS[1:] = 1 + np.log(np.arange(1, 1 << 16))
AHEAD = 32
"""Cells whose vectors are asked for before they are added: vectors then take half as long."""
U_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)  # an odd multiplier (xxHash's second prime): order matters in a pair
U_CELL_SHIFT = np.uint64(64 - CELL_BITS)
U_8 = np.uint64(8)
U_RUN_MASK = np.uint64((1 << (8 * CHARACTER_RUN)) - 1)

Bumps = tuple[Floats32, Floats32, Floats32, np.float32]
"""Landmarks, of shape (VECTOR_WIDTH, landmarks), their squared lengths, their weights, and gamma."""


@compiled
def _cell_of(value: np.uint64) -> np.uint64:
    """Return the cell of an n-gram by its hash."""
    return (value * U_MIX) >> U_CELL_SHIFT


@compiled
def _touch(cell: np.uint64, counts: NDArray[np.uint16], touched: Ints32, touched_count: int) -> int:
    """Count an n-gram by its cell; return the new `touched_count`.

    Writing always and counting only new cells keeps the processor from guessing branches.
    """
    touched[np.uint64(touched_count)] = cell  # an index without a sign needs no check
    touched_count += counts[cell] == 0
    counts[cell] += 1
    return touched_count


@compiled
def count_tokens(
    tokens: Hashes, count: int, counts: NDArray[np.uint16], touched: Ints32, touched_count: int
) -> int:
    """Count tokens of one piece and pairs of neighbours; return the new `touched_count`."""
    for t in range(count):
        touched_count = _touch(_cell_of(tokens[t]), counts, touched, touched_count)
        if t > 0:
            pair = tokens[t - 1] * U_PAIR + tokens[t]
            touched_count = _touch(_cell_of(pair), counts, touched, touched_count)
    return touched_count


@compiled
def read_characters(
    data: Bytes,
    start: int,
    stop: int,
    scratch: Bytes,
    found: NDArray[np.uint16],
    counts: NDArray[np.uint16],
    touched: Ints32,
    touched_count: int,
) -> int:
    """Count the runs of `CHARACTER_RUN` bytes of one piece of a window, as `count_tokens` counts tokens.

    `scratch` and `found` have room for a window and a byte.
    """
    scratch[0] = 32
    size = was_blank = 1
    for i in range(start, stop):  # collapse white space first; numbers, for conditions would become branches
        byte = COLLAPSED[data[i]]
        is_blank = np.int64(byte <= 32)
        scratch[size] = byte
        size += 1 - (is_blank & was_blank)
        was_blank = is_blank
    run = U_0
    for i in range(size):
        run = (run << U_8) | np.uint64(scratch[i])
        found[i] = _cell_of(run & U_RUN_MASK)
    for i in range(CHARACTER_RUN - 1, size):
        touched_count = _touch(np.uint64(found[i]), counts, touched, touched_count)
    return touched_count


@compiled
def score_vector(vector: Floats, bumps: Bumps, distances: Floats32) -> float:
    """Return the sum of bumps at a vector; `distances`, as many as landmarks, is scratch."""
    landmarks, squares, weights, gamma = bumps
    length = 0.0
    for k in range(VECTOR_WIDTH):
        length += vector[k] * vector[k]
    for at in range(len(squares)):
        distances[at] = squares[at] + np.float32(length)
    for k in range(VECTOR_WIDTH):
        twice = np.float32(2.0 * vector[k])
        for at in range(len(squares)):  # vectorised: each distance is a sum of its own
            distances[at] -= twice * landmarks[k, at]
    total = 0.0
    for at in range(len(squares)):
        total += weights[at] * np.exp(-gamma * max(distances[at], np.float32(0.0)))
    return total


@compiled
def _take_log_count(counts: NDArray[np.uint16], cell: np.uint64) -> np.float32:
    """Return 1 + ln(n) of a cell with n n-grams, 0 of one without; set its count to 0."""
    count = counts[cell]
    counts[cell] = 0
    return np.float32(LOG_COUNTS[count])


@compiled
def weigh_cells(
    weights: Floats32,
    table: NDArray[np.int8],
    first: int,
    scales: Floats32,
    counts: NDArray[np.uint16],
    touched: Ints32,
    touched_count: int,
    logs: Floats32,
    sums: Floats32,
    totals: Floats,
    scores: Floats32,
    vectors: Floats,
) -> float:
    """Weigh the n-grams of a document in one table for each scorer, add their vectors, and clear the counts.

    Parameters
    ----------
    weights : float32 array, shape (scorers, CELLS)
    table : int8 array, shape (cells, width)
        Vectors of cells, those of all scorers side by side: most of the time goes into waiting for them. The
        rows of this table's cells begin at `first`; nothing is added where there are none.
    first : int
    scales : float32 array, shape (width,)
    counts : uint16 array, shape (CELLS,)
        n-grams by cell.
    touched : int32 array
        Cells with a count. Three more are written behind them, of no weight: they are read by fours.
    touched_count : int
    logs : float32 array
        Filled with 1 + ln(n) of each touched cell.
    sums, totals : float32 array, shape (width,), and float64 array, shape (scorers,)
        Scratch.
    scores : float32 array, shape (scorers,)
        Filled with the document's score in this table by each scorer.
    vectors : float64 array, shape (width,)
        The document's vectors are added to it.

    Returns
    -------
    float
        What makes the length of `logs` 1; 0 where no cell is touched.
    """
    width = table.shape[1] if first < len(table) else 0
    before = np.uint64(first)
    own = weights[0]
    sums[:] = 0.0
    totals[:] = 0.0
    score = norm = 0.0
    touched[touched_count : touched_count + 3] = touched[0]  # makes fours of all; its count is 0 by then
    for t in range(0, touched_count, 4):  # each sum is read and written once for four cells
        for ahead in range(t + AHEAD, min(t + AHEAD + 4, touched_count) if width else 0):
            prefetch_row(table, first + touched[ahead])
        # An index without a sign needs no check.
        a, b = np.uint64(touched[t]), np.uint64(touched[t + 1])
        c, d = np.uint64(touched[t + 2]), np.uint64(touched[t + 3])
        log_a, log_b = _take_log_count(counts, a), _take_log_count(counts, b)
        log_c, log_d = _take_log_count(counts, c), _take_log_count(counts, d)
        logs[t], logs[t + 1], logs[t + 2], logs[t + 3] = log_a, log_b, log_c, log_d
        norm += (log_a * log_a + log_b * log_b) + (log_c * log_c + log_d * log_d)
        score += (log_a * own[a] + log_b * own[b]) + (log_c * own[c] + log_d * own[d])
        for other in range(1, len(weights)):  # the first one's sum stays in the processor
            totals[other] += (log_a * weights[other, a] + log_b * weights[other, b]) + (
                log_c * weights[other, c] + log_d * weights[other, d]
            )
        a, b, c, d = before + a, before + b, before + c, before + d
        for k in range(width):
            sums[k] += (log_a * np.float32(table[a, k]) + log_b * np.float32(table[b, k])) + (
                log_c * np.float32(table[c, k]) + log_d * np.float32(table[d, k])
            )
    scale = 1.0 / np.sqrt(norm) if norm > 0.0 else 0.0
    totals[0] = score
    for scorer in range(len(weights)):
        scores[scorer] = totals[scorer] * scale
    for k in range(width):
        vectors[k] += sums[k] * scales[k] * scale
    return scale
