"""Signals of documents: n-gram scores and style statistics, from Arrow buffers in one pass.

A dictionary's values are read once each.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bytes, Floats32, Ints, Ints32
from filtering.brief import brief
from filtering.signals.kernel import read_documents
from filtering.signals.ngram_cells import CELLS, CELLS_PER_BYTE
from filtering.signals.style import STATISTICS
from filtering.signals.vectors import NO_VECTORS, Vectors
from filtering.signals.weights import Weights, stack_weights
from filtering.text.arrow import (
    NULL,
    Texts,
    judge_texts,
    of_rows,
    text_buffers,
    text_chunks,
    text_lengths,
)
from filtering.text.windows import BOUNDARY_SLACK_BYTES, REACH

SIGNALS_VERSION = 5
"""Raised when the same text would give other signals; stored with every scorer."""

SCORE_COLUMNS = 3
"""Scores of the word table, of the character table, and of the vector stand before the statistics."""
WIDTH = SCORE_COLUMNS + len(STATISTICS)
NO_WEIGHTS = np.zeros(CELLS, dtype=np.float32)
NO_TABLE = np.zeros(0, dtype=np.float32)
_NO_INTS = np.zeros(0, dtype=np.int64)
_NO_CELLS = np.zeros(0, dtype=np.int32)
_NO_VALUES = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True)
class Signals:
    """What the kernel reads from n documents.

    Parameters
    ----------
    features : float32 array, shape (n, WIDTH)
        Scores of the word table, the character table and the vector, then `STATISTICS`; zeros where there is
        a reason.
    reason : uint8 array, shape (n,)
        Positions in `filtering.text.arrow.REASONS`; 0 where the document can be scored.
    unusual : uint8 array, shape (n,)
        Bits of `filtering.text.arrow.UNUSUAL`.
    """

    __repr__ = brief

    features: Floats32
    reason: Bytes
    unusual: Bytes


@dataclass(frozen=True)
class _OwnWeights:
    """Weights of signals that belong to no scorer; see `filtering.signals.weights.Weighted`."""

    word_weights: Floats32
    character_weights: Floats32
    vectors: Vectors


@dataclass(frozen=True)
class Cells:
    """The normalised n-gram counts of n documents: a sparse matrix by rows, shape (n, 2 * CELLS).

    Parameters
    ----------
    row_starts : int64 array, shape (n + 1,)
    cells : int32 array
        Those of the character table are counted from `CELLS` on.
    values : float32 array
        Each row has length 1 in each table, or 0 where it has no n-gram.
    """

    row_starts: Ints
    cells: Ints32
    values: Floats32


def read_signals(
    texts: Texts,
    word_weights: Floats32 = NO_WEIGHTS,
    character_weights: Floats32 = NO_TABLE,
    vectors: Vectors = NO_VECTORS,
) -> Signals:
    """Read the signals of documents.

    Parameters
    ----------
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.
    word_weights : float32 array, shape (CELLS,)
    character_weights : float32 array, shape (CELLS,) or (0,)
        The character table is read only where it has weights; its score is 0 otherwise.
    vectors : Vectors
        Those of the character table's cells count only where that is read.

    Returns
    -------
    Signals

    Raises
    ------
    ShapeError
        If `texts` holds no text, or weights have another shape or dtype.
    """
    own = stack_weights([_OwnWeights(word_weights, character_weights, vectors)])
    (signals,) = read_signals_of_all(texts, own)
    return signals


def read_signals_of_all(texts: Texts, weights: Weights) -> tuple[Signals, ...]:
    """Read the signals of documents once, and weigh them for several scorers.

    Parameters
    ----------
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.
    weights : Weights
        Of the scorers, as `stack_weights` returns them.

    Returns
    -------
    tuple of Signals
        By scorer: what `read_signals` gives for its weights, bit for bit.

    Raises
    ------
    ShapeError
        If `texts` holds no text.
    """
    nothing = np.zeros(0, np.uint8)
    chunks = [(np.zeros((len(weights[-1]), 0, WIDTH), np.float32), nothing, nothing)]
    chunks += [_read_chunk(chunk, weights) for chunk in text_chunks(texts)]
    features, reasons, unusual = zip(*chunks, strict=True)
    reason, odd = np.concatenate(reasons), np.concatenate(unusual)
    return tuple(Signals(own, reason, odd) for own in np.concatenate(features, axis=1))


def read_cells(texts: Texts) -> tuple[Signals, Cells]:
    """Read statistics, and the cells of both tables that n-gram weights are fitted to.

    Raises
    ------
    ShapeError
        If `texts` holds no text.
    """
    chunks = [chunk.cast(pa.large_binary()) for chunk in text_chunks(texts)]
    array = pa.concat_arrays([pa.array([], pa.large_binary()), *chunks])
    reason, unusual = judge_texts(array)
    features = np.zeros((len(array), WIDTH), dtype=np.float32)
    row_starts = np.zeros(len(array) + 1, dtype=np.int64)
    reaches = np.minimum(text_lengths(array), REACH.whole + BOUNDARY_SLACK_BYTES)
    room = CELLS_PER_BYTE * int(reaches.sum()) + 8 * len(array)
    cells, values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    written = read_documents(
        *text_buffers(array), reason, stack_weights([_OwnWeights(NO_WEIGHTS, NO_WEIGHTS, NO_VECTORS)]),
        features[None], row_starts, cells, values,
    )  # fmt: skip
    return Signals(features, reason, unusual), Cells(
        row_starts, cells[:written].copy(), values[:written].copy()
    )


def _read_chunk(array: pa.Array, weights: Weights) -> tuple[Floats32, Bytes, Bytes]:
    """Return features by scorer, of shape (scorers, n, WIDTH), reasons, and what is unusual."""
    if pa.types.is_dictionary(array.type):
        features, reason, unusual = _read_chunk(array.dictionary, weights)
        by_scorer = np.stack([of_rows(array, own) for own in features])
        return by_scorer, of_rows(array, reason, NULL), of_rows(array, unusual)
    data, offsets = text_buffers(array)
    reason, unusual = judge_texts(array)
    features = np.zeros((len(weights[-1]), len(array), WIDTH), dtype=np.float32)
    read_documents(data, offsets, reason, weights, features, _NO_INTS, _NO_CELLS, _NO_VALUES)
    return features, reason, unusual
