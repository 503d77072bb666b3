"""Signals of documents: n-gram scores and style statistics, from Arrow buffers in one pass.

Takes strings, large strings, string views, binary columns and dictionaries of them, with slices and
nulls; hands their buffers to the kernel as they are. A dictionary's values are read once each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.documents import NULL
from filtering.errors import ShapeError
from filtering.kernel import CELLS, CELLS_PER_BYTE, Bumps, read_documents
from filtering.statistics import STATISTICS
from filtering.vectors import NO_VECTORS, Vectors
from filtering.windows import BOUNDARY_SLACK_BYTES, REACH

SIGNALS_VERSION = 3
"""Raised when the same text would give other signals; stored with every scorer."""

Scalar = TypeVar("Scalar", bound=np.generic)
Weights: TypeAlias = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.int8], NDArray[np.float32], Bumps
]
"""Of the word table and the character table; vectors of cells, their scales, and bumps around landmarks."""
Texts: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[str | bytes | None]"

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
        Positions in `filtering.documents.REASONS`; 0 where the document can be scored.
    unusual : uint8 array, shape (n,)
        Bits of `filtering.documents.UNUSUAL`.
    """

    features: NDArray[np.float32]
    reason: NDArray[np.uint8]
    unusual: NDArray[np.uint8]


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

    row_starts: NDArray[np.int64]
    cells: NDArray[np.int32]
    values: NDArray[np.float32]


def read_signals(
    texts: Texts,
    word_weights: NDArray[np.float32] = NO_WEIGHTS,
    character_weights: NDArray[np.float32] = NO_TABLE,
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
    for one, sizes in ((word_weights, (CELLS,)), (character_weights, (CELLS, 0))):
        if one.dtype != np.float32 or one.ndim != 1 or len(one) not in sizes:
            raise ShapeError(
                f"Weights must be float32 of shape ({CELLS},). Got {one.dtype} {one.shape} instead."
            )
    weights = (
        frozen(word_weights), frozen(character_weights), frozen(vectors.table), frozen(vectors.scales),
        _frozen_bumps(vectors),
    )  # fmt: skip
    chunks = [_read_chunk(chunk, weights) for chunk in text_chunks(texts)]
    if len(chunks) == 1:
        return chunks[0]
    chunks = [_no_signals(0), *chunks]
    return Signals(
        features=np.concatenate([chunk.features for chunk in chunks]),
        reason=np.concatenate([chunk.reason for chunk in chunks]),
        unusual=np.concatenate([chunk.unusual for chunk in chunks]),
    )


def read_cells(texts: Texts) -> tuple[Signals, Cells]:
    """Read statistics, and the cells of both tables that n-gram weights are fitted to.

    Raises
    ------
    ShapeError
        If `texts` holds no text.
    """
    chunks = [chunk.cast(pa.large_binary()) for chunk in text_chunks(texts)]
    array = pa.concat_arrays([pa.array([], pa.large_binary()), *chunks])
    signals = _no_signals(len(array))
    row_starts = np.zeros(len(array) + 1, dtype=np.int64)
    reaches = np.minimum(text_lengths(array), REACH.whole + BOUNDARY_SLACK_BYTES)
    room = CELLS_PER_BYTE * int(reaches.sum()) + 8 * len(array)
    cells, values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    written = read_documents(
        *text_buffers(array), frozen(NO_WEIGHTS), frozen(NO_WEIGHTS), frozen(NO_VECTORS.table),
        frozen(NO_VECTORS.scales), _frozen_bumps(NO_VECTORS), signals.features, signals.reason,
        signals.unusual, row_starts, cells, values,
    )  # fmt: skip
    return signals, Cells(row_starts, cells[:written].copy(), values[:written].copy())


def text_bytes(texts: Texts) -> list[bytes | None]:
    """Return texts as Python bytes: for small numbers of them."""
    chunks = [chunk.cast(pa.large_binary()) for chunk in text_chunks(texts)]
    return [text for chunk in chunks for text in chunk.to_pylist()]


def text_lengths(texts: pa.Array) -> NDArray[np.int64]:
    """Return the UTF-8 bytes of each text; 0 where null.

    Parameters
    ----------
    texts : Arrow array of strings, bytes, or a dictionary of them, length n

    Returns
    -------
    int64 array, shape (n,)
    """
    array = _as_binary(texts)
    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary).take(array.indices)
    else:
        lengths = pc.binary_length(array)
    counts: NDArray[np.int64] = lengths.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return counts


def text_chunks(texts: Texts) -> list[pa.Array]:
    """Return texts as Arrow arrays that the kernel can read: large binary or binary, or a dictionary.

    Raises
    ------
    ShapeError
        If they hold no text.
    """
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
        return [_as_binary(chunk) for chunk in chunks]
    if isinstance(texts, (str, bytes)):
        raise ShapeError("'texts' must be a sequence of texts. Got one text instead; put it into a list.")
    try:
        return [pa.array([_as_bytes(text) for text in texts], type=pa.large_binary())]
    except (TypeError, AttributeError) as error:
        raise ShapeError(f"'texts' must hold strings, bytes or None. {error}") from None


def _as_bytes(text: str | bytes | None) -> bytes | None:
    # A lone surrogate becomes bytes that are no UTF-8, and so a reason, not an exception.
    return text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text


def _as_binary(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_dictionary(kind):
        encoded = pa.DictionaryArray.from_arrays(array.indices, _as_binary(array.dictionary))
        # Of a few rows with a long dictionary only their own values are read.
        return encoded.dictionary_decode() if len(encoded.dictionary) > len(encoded) else encoded
    if pa.types.is_large_string(kind):
        return array.view(pa.large_binary())
    if pa.types.is_string(kind):
        return array.view(pa.binary())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return array
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_null(kind):
        return array.cast(pa.large_binary())
    raise ShapeError(f"'texts' must be string or binary. Got {kind} instead.")


def _frozen_bumps(vectors: Vectors) -> Bumps:
    landmarks, squares, weights, gamma = vectors.bumps
    return frozen(landmarks), frozen(squares), frozen(weights), gamma


def _read_chunk(array: pa.Array, weights: Weights) -> Signals:
    if pa.types.is_dictionary(array.type):
        return _take(_read_chunk(array.dictionary, weights), array.indices)
    signals = _no_signals(len(array))
    read_documents(
        *text_buffers(array), *weights, signals.features, signals.reason, signals.unusual,
        _NO_INTS, _NO_CELLS, _NO_VALUES,
    )  # fmt: skip
    return signals


def _take(values: Signals, indices: pa.Array) -> Signals:
    """Return the signals of a dictionary's rows from those of its values."""
    null = indices.is_null().to_numpy(zero_copy_only=False)
    signals = _no_signals(len(indices))
    at = indices.drop_null().to_numpy(zero_copy_only=False)
    signals.features[~null] = values.features[at]
    signals.reason[:] = NULL
    signals.reason[~null] = values.reason[at]
    signals.unusual[~null] = values.unusual[at]
    return signals


def _no_signals(rows: int) -> Signals:
    return Signals(
        features=np.zeros((rows, WIDTH), dtype=np.float32),
        reason=np.zeros(rows, dtype=np.uint8),
        unusual=np.zeros(rows, dtype=np.uint8),
    )


def text_buffers(
    array: pa.Array,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_], bool, bool]:
    """Return bytes (not copied), offsets and validity of a binary array, and which checks are needed.

    Arrow's vectorised check of a whole batch is far faster than one document at a time in the
    kernel; only a batch that fails it is looked at again there.
    """
    _, offsets_buffer, data_buffer = array.buffers()
    width = np.dtype(np.int64 if pa.types.is_large_binary(array.type) else np.int32)
    if offsets_buffer is None or offsets_buffer.size == 0:
        offsets = np.zeros(len(array) + 1, dtype=np.int64)
    else:
        start = array.offset * width.itemsize
        offsets = np.frombuffer(offsets_buffer, width, len(array) + 1, start).astype(np.int64)
    data = frozen(np.frombuffer(data_buffer or b"", dtype=np.uint8))
    valid = np.ones(len(array), dtype=bool)
    if array.null_count:
        valid[:] = array.is_valid().to_numpy(zero_copy_only=False)
    batch = data[offsets[0] : offsets[-1]]
    check_nul = bool(len(batch)) and batch.min() == 0
    return data, offsets, valid, not _is_utf8(array), check_nul


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a view that cannot be written and has no gaps.

    Some Arrow buffers and weights can be written and others cannot; to numba these are two types, and
    the kernel would be compiled again (about ten seconds) for each mixture.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _is_utf8(array: pa.Array) -> bool:
    strings = array.view(pa.large_string() if pa.types.is_large_binary(array.type) else pa.string())
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
