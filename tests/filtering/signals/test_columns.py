"""Proves that every kind of text column gives the same signals, and that what holds no texts is refused."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.errors import ShapeError
from filtering.signals import kernel
from filtering.signals import read_signals as reading
from filtering.signals.read_signals import WIDTH, read_cells, read_signals
from filtering.text.arrow import NULL, text_lengths
from tests.kit.dumps.odd_texts import any_text
from tests.kit.reference.signals import reason_of
from tests.kit.reference.weighted_reading import WORD_WEIGHTS, assert_same, read

TEXTS = [
    "def f(x):\n    return x",
    None,
    "",
    " \n",
    "\u6771\u4eac and caf\u00e9",
    "twice",
    "twice",
    "x" * 5_000,
    None,
]
BINARY = [None if text is None else text.encode() for text in TEXTS]


def dictionary(values, indices, index_type):
    return pa.DictionaryArray.from_arrays(pa.array(indices, index_type), values)


def as_dictionary(index_type):
    # A null value in the dictionary, a null index, and a value that no row uses.
    values = pa.array([*TEXTS[:1], None, *TEXTS[2:6], TEXTS[7], "unused"], pa.string())
    return dictionary(values, [0, 1, 2, 3, 4, 5, 5, 6, None], index_type)


def with_offset(array):
    return pa.concat_arrays([array.slice(4, 3), array, array.slice(0, 2)]).slice(3, len(array))


KINDS = {
    "sequence of str": TEXTS,
    "sequence of bytes": BINARY,
    "tuple": tuple(TEXTS),
    "string": pa.array(TEXTS, pa.string()),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "binary": pa.array(BINARY, pa.binary()),
    "large_binary": pa.array(BINARY, pa.large_binary()),
    "binary_view": pa.array(BINARY, pa.binary_view()),
    "string, slice": with_offset(pa.array(TEXTS, pa.string())),
    "large_string, slice": with_offset(pa.array(TEXTS, pa.large_string())),
    "string_view, slice": with_offset(pa.array(TEXTS, pa.string_view())),
    "binary_view, slice": with_offset(pa.array(BINARY, pa.binary_view())),
    "dictionary, int8": as_dictionary(pa.int8()),
    "dictionary, int16": as_dictionary(pa.int16()),
    "dictionary, int32": as_dictionary(pa.int32()),
    "dictionary, int64": as_dictionary(pa.int64()),
    "dictionary, uint8": as_dictionary(pa.uint8()),
    "dictionary, slice": pa.concat_arrays([as_dictionary(pa.int32())] * 2).slice(9),
    "dictionary of large_string": as_dictionary(pa.int32()).cast(
        pa.dictionary(pa.int32(), pa.large_string())
    ),
    "dictionary of binary": pa.array(BINARY, pa.binary()).dictionary_encode(),
    "dictionary of string_view": dictionary(pa.array(TEXTS, pa.string_view()), range(9), pa.int8()),
    "chunked dictionary of string_view": pa.chunked_array(
        [
            dictionary(pa.array(TEXTS, pa.string_view()), rows, pa.int8())
            for rows in (range(0, 2), range(2, 9))
        ]
    ),
    "chunked": pa.chunked_array([TEXTS[:2], [], TEXTS[2:]], pa.string()),
    "chunked dictionary": pa.chunked_array(
        [as_dictionary(pa.int8()).slice(0, 4), as_dictionary(pa.int8()).slice(4)]
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_arrow_kind_gives_the_same_signals(kind):
    found = read(KINDS[kind])
    assert_same(found, read(pa.array(TEXTS, pa.string())))
    assert found.reason.tolist() == [reason_of(text) for text in BINARY]


@pytest.mark.parametrize("kind", KINDS)
def test_every_arrow_kind_gives_the_same_cells(kind):
    _, found = read_cells(KINDS[kind])
    _, wanted = read_cells(pa.array(TEXTS, pa.string()))
    np.testing.assert_array_equal(found.row_starts, wanted.row_starts)
    np.testing.assert_array_equal(found.cells, wanted.cells)
    np.testing.assert_array_equal(found.values, wanted.values)


@pytest.mark.parametrize("kind", [name for name, texts in KINDS.items() if isinstance(texts, pa.Array)])
def test_text_lengths_are_bytes_of_utf8(kind):
    assert text_lengths(KINDS[kind]).tolist() == [len(text or b"") for text in BINARY]


EMPTY_KINDS = {
    "no sequence": [],
    "string": pa.array([], pa.string()),
    "string view": pa.array([], pa.string_view()),
    "slice of none": pa.array(TEXTS).slice(3, 0),
    "dictionary": pa.array([], pa.dictionary(pa.int8(), pa.string())),
    "null type": pa.nulls(0),
    "no chunks": pa.chunked_array([], pa.string()),
    "empty chunks": pa.chunked_array([[], []], pa.large_string()),
}


@pytest.mark.parametrize("kind", EMPTY_KINDS)
def test_zero_rows_give_zero_rows(kind):
    found = read(EMPTY_KINDS[kind])
    assert found.features.shape == (0, WIDTH)
    assert found.reason.shape == found.unusual.shape == (0,)
    signals_too, cells = read_cells(EMPTY_KINDS[kind])
    assert signals_too.features.shape == (0, WIDTH)
    assert cells.row_starts.tolist() == [0]


@pytest.mark.parametrize(
    "kind",
    [
        pa.null(),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.binary_view(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
def test_a_column_of_nulls_is_null(kind):
    found = read(pa.nulls(3, kind))
    assert found.reason.tolist() == [NULL] * 3
    assert not found.features.any()


def test_bytes_under_a_null_are_not_read():
    # Arrow lets a null row lie over any bytes; these are neither UTF-8 nor without NUL.
    offsets = pa.py_buffer(np.array([0, 2, 5], dtype=np.int32))
    validity = pa.py_buffer(bytes([0b10]))
    column = pa.Array.from_buffers(pa.binary(), 2, [validity, offsets, pa.py_buffer(b"\xff\x00abc")])
    found = read(column)
    assert found.reason.tolist() == [NULL, 0]
    assert found.unusual.tolist() == [0, 0]


@pytest.mark.parametrize(
    "texts",
    [
        pa.array([1, 2]),
        pa.array([[b"a"]]),
        pa.array([b"ab"], pa.binary(2)),
        pa.array([1]).dictionary_encode(),
        [1, 2],
        [["a"]],
        [3.0],
        "one text",
        b"one text",
    ],
    ids=lambda texts: str(getattr(texts, "type", texts)),
)
def test_what_holds_no_texts_is_refused(texts):
    with pytest.raises(ShapeError, match="'texts' must"):
        read_signals(texts)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | any_text, max_size=5), st.data())
def test_dictionary_columns_give_what_plain_columns_give(values, data):
    index = st.none() | st.integers(0, len(values) - 1) if values else st.none()
    indices = data.draw(st.lists(index, max_size=12))
    kind = data.draw(st.sampled_from([pa.int8(), pa.int16(), pa.int32(), pa.int64()]))
    column = dictionary(pa.array(values, pa.string()), indices, kind)
    assert_same(read(column), read(column.cast(pa.string())))


def test_dictionary_columns_read_each_distinct_value_once(monkeypatch):
    rows_read = []
    plain = reading.read_documents
    monkeypatch.setattr(reading, "read_documents", lambda *a: (rows_read.append(len(a[2])), plain(*a))[1])
    read(pa.array(["a", "b"] * 500).dictionary_encode())
    assert rows_read == [2]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | any_text.map(str.encode) | st.binary(max_size=9), max_size=8), st.data())
def test_signals_do_not_depend_on_neighbours_or_batches(texts, data):
    together = read(pa.array(texts, pa.binary()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=3)))
    parts = [texts[a:b] for a, b in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
    assert_same(read(pa.chunked_array(parts, pa.binary())), together)
    order = data.draw(st.permutations(range(len(texts))))
    shuffled = read(pa.array([texts[i] for i in order], pa.binary()))
    np.testing.assert_array_equal(shuffled.features, together.features[list(order)])
    np.testing.assert_array_equal(shuffled.reason, together.reason[list(order)])


def test_buffers_that_cannot_be_written_compile_no_second_kernel():
    read_signals(["warm"])
    compiled = len(kernel.read_documents.dispatcher.signatures)
    offsets = pa.py_buffer(np.array([0, 1, 3], dtype=np.int32).tobytes())
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abc")])
    frozen = WORD_WEIGHTS.copy()
    frozen.flags.writeable = False
    wanted = read_signals(["a", "bc"], WORD_WEIGHTS)
    assert_same(read_signals(column, frozen), wanted)
    assert_same(read_signals(column, np.repeat(WORD_WEIGHTS, 2)[::2]), wanted)
    read_signals(pa.nulls(2))
    assert len(kernel.read_documents.dispatcher.signatures) == compiled
