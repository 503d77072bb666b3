"""The compiled pass over the UTF-8 bytes of documents; no Python string is made.

The tokens of a document (`tokens.py`) and pairs of neighbours are hashed into the `CELLS` cells of the word
table; where a scorer asks for it, runs of five bytes of the window (ASCII lower-cased, each run of white
space made one byte: its first, where that is a line break, else a space; a space stands before each piece)
into those of the character table. The window is enough for these (docs/experiments.md). A document's n-gram
score is, for each table,
``sum(w[c] * (1 + ln(n[c]))) / sqrt(sum((1 + ln(n[c])) ** 2))`` over its cells c with counts n[c].
`style.py` says what is counted beside them. `tests/kit/reference/signals.py` is the same in plain
Python, and a test holds the two equal.
"""

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes, Floats, Floats32, Ints, Ints32
from filtering.compiled import compiled
from filtering.signals.lines import LINE_SEEN_BITS, NOTHING_SEEN
from filtering.signals.ngram_cells import (
    CELLS,
    VECTOR_WIDTH,
    read_characters,
    score_vector,
    weigh_cells,
)
from filtering.signals.style import (
    COUNTERS,
    DISTINCT_WORDS,
    GROUP_COUNT,
    HISTOGRAM,
    WORDS,
    count_bytes,
    finish_statistics,
)
from filtering.signals.tokens import SEEN_BITS, count_distinct, read_piece
from filtering.signals.weights import Weights
from filtering.text.windows import REACH, WINDOW, find_pieces, narrow_pieces

REACH_SIZES, WINDOW_SIZES = REACH.sizes, WINDOW.sizes
WHOLE_BYTES, WINDOW_BYTES = REACH.whole, WINDOW.whole


@compiled
def read_documents(
    data: Bytes,
    offsets: Ints,
    reason: Bytes,
    weights: Weights,
    features: NDArray[np.float32],
    row_starts: Ints,
    cells: Ints32,
    values: Floats32,
) -> int:
    """Read documents once: their n-gram scores by each scorer and statistics, and for fitting their cells.

    Parameters
    ----------
    data : uint8 array
        All documents, one after the other.
    offsets : int64 array, shape (n + 1,)
        Where each starts.
    reason : uint8 array, shape (n,)
        Only documents where it is 0 are read: others may be no UTF-8, or lie over bytes of none.
    weights : Weights
        Of the scorers. Where none has weights of characters, the character table is not read.
    features : float32 array, shape (scorers, n, 3 + len(STATISTICS)), zeros
        Filled with the two n-gram scores, that of the vector, then the statistics; zeros where there is a
        reason.
    row_starts : int64 array, shape (n + 1,) or (0,)
        Where it is not empty, `cells` and `values` are filled too: a sparse matrix by rows, the
        cells of the character table counted from `CELLS` on.
    cells, values : int32 and float32 arrays
        Long enough: `CELLS_PER_BYTE` times the bytes of all reaches, and a few for each document.

    Returns
    -------
    int
        Number of cells written.
    """
    word_weights, character_weights, table, scales, _, squares, _, _, _ = weights
    word_counts = np.zeros(CELLS, dtype=np.uint16)
    character_counts = np.zeros(CELLS, dtype=np.uint16)
    touched = np.empty(2 * (WHOLE_BYTES + 64), dtype=np.int32)
    logs = np.empty(2 * (WHOLE_BYTES + 64), dtype=np.float32)
    scratch = np.empty(WINDOW_BYTES + 64, dtype=np.uint8)
    found = np.empty(WINDOW_BYTES + 64, dtype=np.uint16)
    tokens = np.empty(WHOLE_BYTES + 64, dtype=np.uint64)
    words = np.empty(WHOLE_BYTES + 64, dtype=np.uint64)
    seen_words = np.zeros(1 << SEEN_BITS - 6, dtype=np.uint64)
    seen_lines = np.full(1 << LINE_SEEN_BITS, NOTHING_SEEN)
    a = np.empty(COUNTERS, dtype=np.int64)
    histogram = np.empty(HISTOGRAM, dtype=np.int64)
    groups = np.empty(GROUP_COUNT, dtype=np.int64)
    spans = np.empty(6, dtype=np.int64)
    sums = np.empty(len(scales), dtype=np.float32)
    totals = np.empty(len(word_weights), dtype=np.float64)
    vectors = np.empty(len(scales), dtype=np.float64)
    distances = np.empty(squares.shape[1], dtype=np.float32)
    written = 0
    for document in range(len(reason)):
        if reason[document] == 0:
            a[:] = 0
            histogram[:] = 0
            groups[:] = 0
            pieces = find_pieces(data, offsets[document], offsets[document + 1], REACH_SIZES, spans)
            count = read_bytes = 0
            for piece in range(pieces):
                first, last = spans[2 * piece], spans[2 * piece + 1]
                count = read_piece(
                    data, first, last, np.uint64(document),
                    a, groups, histogram, seen_lines, tokens, words, word_counts, touched, count,
                )  # fmt: skip
                read_bytes += last - first
                count_bytes(data[first:last], histogram)
            a[DISTINCT_WORDS] = count_distinct(words, a[WORDS], seen_words)
            vectors[:] = 0.0
            scale = weigh_cells(
                word_weights, table, 0, scales, word_counts, touched, count,
                logs, sums, totals, features[:, document, 0], vectors,
            )  # fmt: skip
            if len(row_starts):
                cells[written : written + count] = touched[:count]
                values[written : written + count] = logs[:count] * scale
                written += count
            if character_weights.shape[1]:
                pieces = narrow_pieces(data, pieces, WINDOW_SIZES, spans)
                count = 0
                for piece in range(pieces):
                    start, stop = spans[2 * piece], spans[2 * piece + 1]
                    count = read_characters(
                        data, start, stop, scratch, found, character_counts, touched, count
                    )
                scale = weigh_cells(
                    character_weights, table, CELLS, scales, character_counts, touched, count,
                    logs, sums, totals, features[:, document, 1], vectors,
                )  # fmt: skip
                if len(row_starts):
                    cells[written : written + count] = touched[:count] + CELLS
                    values[written : written + count] = logs[:count] * scale
                    written += count
            finish_statistics(a, histogram, groups, read_bytes, last - spans[0], features[0, document, 3:])
            _score_vectors(vectors, weights, distances, features[:, document, 2])
            features[1:, document, 3:] = features[0, document, 3:]
        if len(row_starts):
            row_starts[document + 1] = written
    return written


@compiled
def _score_vectors(vectors: Floats, weights: Weights, distances: Floats32, scores: Floats32) -> None:
    """Fill `scores` with those of a document's vectors, which stand one after the other, by scorer."""
    _, _, _, _, landmarks, squares, bumps, gammas, sizes = weights
    for scorer in range(len(sizes)):
        own = sizes[scorer]
        of_scorer = (
            landmarks[scorer, : VECTOR_WIDTH * own].reshape(VECTOR_WIDTH, own),
            squares[scorer, :own], bumps[scorer, :own], gammas[scorer],
        )  # fmt: skip
        vector = vectors[scorer * VECTOR_WIDTH : (scorer + 1) * VECTOR_WIDTH]
        scores[scorer] = score_vector(vector, of_scorer, distances)
