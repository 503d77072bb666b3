"""Texts as the kernels read them, out of Arrow without a copy; and which of them are bad.

Takes strings, large strings, string views, binary columns, dictionaries of them, and types that stand on them
(JSON), with slices and nulls.

A bad document is data with a reason code, never an error. What is wrong with a text itself is told here;
`reasons_of_code.py` gives other reasons where it is asked to. Codes are positions in `REASONS`, and a code is
never reused for another meaning, since stored scores carry them.
"""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.arrays import Bytes, Ints
from filtering.errors import ShapeError

REASONS = (
    "", "null", "empty", "white-space", "invalid-utf8",
    "license-only", "generated", "minified", "too-short", "data",
    "too-long", "unsure",
)  # fmt: skip
"""Why a document has no score; position 0 means that it has one. `reasons_of_code.py` has the second line,
and a run the last two; of an unsure document it keeps the score, and leaves out the document."""

NULL, EMPTY, WHITE_SPACE, INVALID_UTF8, TOO_LONG, UNSURE = 1, 2, 3, 4, 10, 11

UNUSUAL = ("huge", "nul-characters")
"""What is scored like any other document, but counted: one bit each, in this order."""

HUGE_BIT, NUL_BIT = 1, 2

HUGE_BYTES = 10_000_000
"""Documents over this size are counted as ``huge``; of these, too, signals read the reach (`windows.py`)."""

Scalar = TypeVar("Scalar", bound=np.generic)
Texts: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[str | bytes | None]"


def text_chunks(texts: Texts) -> list[pa.Array]:
    """Return texts as Arrow arrays that the kernels can read: large binary or binary, or a dictionary.

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


def text_bytes(texts: Texts) -> list[bytes | None]:
    """Return texts as Python bytes: for small numbers of them."""
    chunks = [chunk.cast(pa.large_binary()) for chunk in text_chunks(texts)]
    return [text for chunk in chunks for text in chunk.to_pylist()]


def text_lengths(texts: pa.Array) -> Ints:
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
        return of_rows(array, text_lengths(array.dictionary))
    counts: Ints = pc.binary_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    return counts.astype(np.int64)


def text_beginnings(texts: pa.Array, rows: Ints, count: int) -> list[bytes | None]:
    """Return the first bytes of the texts in some rows.

    Parameters
    ----------
    texts : Arrow array of strings, bytes, or a dictionary of them
    rows : int64 array
    count : int
        Bytes of each, at most.
    """
    array, taken = _as_binary(texts), pa.array(rows)
    if not pa.types.is_dictionary(array.type):
        return pc.binary_slice(array.take(taken), 0, count).to_pylist()  # type: ignore[no-any-return]
    values = pc.binary_slice(array.dictionary, 0, count)
    return pa.DictionaryArray.from_arrays(array.indices.take(taken), values).to_pylist()  # type: ignore[no-any-return]


def without_texts(texts: pa.Array, rows: NDArray[np.bool_]) -> pa.Array:
    """Return texts of which those in some rows are null, without a copy where there are none.

    Parameters
    ----------
    texts : Arrow array of strings, bytes, or a dictionary of them, length n
    rows : bool array, shape (n,)
    """
    if not rows.any():
        return texts
    array, mask = _as_binary(texts), pa.array(rows)
    if not pa.types.is_dictionary(array.type):
        return pc.if_else(mask, pa.scalar(None, array.type), array)
    indices = pc.if_else(mask, pa.scalar(None, array.indices.type), array.indices)
    return pa.DictionaryArray.from_arrays(indices, array.dictionary)


def text_reasons(texts: Texts) -> Bytes:
    """Return what is wrong with each text itself: positions in `REASONS`, 0 where nothing is.

    Parameters
    ----------
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.

    Returns
    -------
    uint8 array, shape (n,)

    Raises
    ------
    ShapeError
        If `texts` holds no text.
    """
    return np.concatenate([np.zeros(0, np.uint8), *(judge_texts(chunk)[0] for chunk in text_chunks(texts))])


def judge_texts(array: pa.Array) -> tuple[Bytes, Bytes]:
    """Return why texts have no score, and what is unusual about them.

    Parameters
    ----------
    array : Arrow array, length n
        One of `text_chunks`.

    Returns
    -------
    uint8 array, shape (n,)
        Positions in `REASONS`; 0 where nothing is wrong with the text itself.
    uint8 array, shape (n,)
        Bits of `UNUSUAL`; those of texts without a score count too.
    """
    if pa.types.is_dictionary(array.type):
        reason, unusual = judge_texts(array.dictionary)
        return of_rows(array, reason, NULL), of_rows(array, unusual)
    data, offsets = text_buffers(array)
    lengths = np.diff(offsets)
    reason = _decoded_reasons(array)
    reason[lengths == 0] = EMPTY
    unusual = (HUGE_BIT * (lengths > HUGE_BYTES)).astype(np.uint8)
    read = np.flatnonzero(lengths)  # reduceat would take the next byte for one of an empty text
    if len(read):
        lowest = np.minimum.reduceat(data[: offsets[-1]], offsets[read])
        unusual[read[lowest == 0]] |= NUL_BIT
    if array.null_count:  # Arrow lets a null lie over any bytes
        null = array.is_null().to_numpy(zero_copy_only=False)
        reason[null], unusual[null] = NULL, 0
    return reason, unusual


def _decoded_reasons(array: pa.Array) -> Bytes:
    """Return which texts are no UTF-8, or white space alone; of nulls and empty texts it means nothing."""
    strings = array.view(pa.large_string() if pa.types.is_large_binary(array.type) else pa.string())
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid:  # it says not which one
        return np.array([_decoded_reason(text.as_py() or b"") for text in array], dtype=np.uint8)
    is_space = pc.utf8_is_space(strings.fill_null("")).to_numpy(zero_copy_only=False)
    return np.where(is_space, np.uint8(WHITE_SPACE), np.uint8(0))


def _decoded_reason(text: bytes) -> int:
    try:
        return WHITE_SPACE if text.decode().isspace() else 0
    except UnicodeDecodeError:
        return INVALID_UTF8


def of_rows(array: pa.Array, of_values: NDArray[Scalar], null: int = 0) -> NDArray[Scalar]:
    """Return what belongs to the rows of a dictionary, out of what belongs to its values.

    Parameters
    ----------
    array : Arrow dictionary array, length n
    of_values : array, shape (values, ...)
    null : int
        What a null has.

    Returns
    -------
    array, shape (n, ...)
    """
    rows = np.full((len(array), *of_values.shape[1:]), null, dtype=of_values.dtype)
    valid = array.indices.is_valid().to_numpy(zero_copy_only=False)
    rows[valid] = of_values[array.indices.drop_null().to_numpy(zero_copy_only=False)]
    return rows


def text_buffers(array: pa.Array) -> tuple[Bytes, Ints]:
    """Return the bytes of a binary array, not copied, and where each text starts in them.

    Parameters
    ----------
    array : Arrow array, length n
        One of `text_chunks`, but no dictionary.

    Returns
    -------
    uint8 array
    int64 array, shape (n + 1,)
        Bytes under a null are none of a text.
    """
    _, offsets_buffer, data_buffer = array.buffers()
    width = np.dtype(np.int64 if pa.types.is_large_binary(array.type) else np.int32)
    if offsets_buffer is None or offsets_buffer.size == 0:
        offsets = np.zeros(len(array) + 1, dtype=np.int64)
    else:
        start = array.offset * width.itemsize
        offsets = np.frombuffer(offsets_buffer, width, len(array) + 1, start).astype(np.int64)
    return frozen(np.frombuffer(data_buffer or b"", dtype=np.uint8)), offsets


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a view that cannot be written and has no gaps.

    Some Arrow buffers and weights can be written and others cannot; to numba these are two types, and
    the kernel would be compiled again (about ten seconds) for each mixture.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _as_bytes(text: str | bytes | None) -> bytes | None:
    # A lone surrogate becomes bytes that are no UTF-8, and so a reason, not an exception.
    return text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text


def _as_binary(array: pa.Array) -> pa.Array:
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
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
