"""Proves that bad documents are told as plain Python tells them, whatever lies around and under them."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.text.arrow import judge_texts, text_buffers, text_chunks, text_reasons
from tests.kit.reference.signals import reason_of, unusual_of

BLANKS = (b" ", b"\n", b"\x1c", b"\xc2\x85", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe3\x80\x80")
BROKEN = (b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f")
PARTS = (*BLANKS, *BROKEN, b"\x00", b"\xe2\x80\x8b", b"a", "\u00e9\u6771\U0001f600".encode())
hostile = st.lists(st.sampled_from(PARTS) | st.binary(max_size=3), max_size=4).map(b"".join)
sound = hostile.filter(lambda text: reason_of(text) != 4)


def assert_as_reference(array, texts):
    reason, unusual = judge_texts(array)
    assert reason.tolist() == [reason_of(text) for text in texts]
    assert unusual.tolist() == [unusual_of(text) for text in texts]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.none() | sound, max_size=6) | st.lists(st.none() | hostile, max_size=6), st.data())
def test_reasons_and_what_is_unusual_are_those_of_the_reference(texts, data):
    kind = data.draw(st.sampled_from([pa.binary(), pa.large_binary()]))
    array = pa.array(texts, kind)
    assert_as_reference(array, texts)
    start = data.draw(st.integers(0, len(texts)))
    assert_as_reference(array.slice(start), texts[start:])
    assert text_reasons(array.dictionary_encode()).tolist() == text_reasons(array).tolist()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.booleans(), hostile), min_size=1, max_size=6))
def test_bytes_under_nulls_say_nothing(rows):
    offsets = np.cumsum([0, *(len(text) for _, text in rows)], dtype=np.int32)
    bits = np.packbits([is_valid for is_valid, _ in rows], bitorder="little").tobytes()
    buffers = [pa.py_buffer(one) for one in (bits, offsets, b"".join(text for _, text in rows))]
    array = pa.Array.from_buffers(pa.binary(), len(rows), buffers)
    assert_as_reference(array, [text if is_valid else None for is_valid, text in rows])


def test_bytes_are_not_copied():
    array = text_chunks(pa.array(["one", "two", None, "three"]))[0].slice(1)
    data, offsets = text_buffers(array)
    assert data.ctypes.data == array.buffers()[2].address
    assert data[offsets[0] : offsets[1]].tobytes() == b"two"
