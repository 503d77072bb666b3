"""Proves that long texts are cut as the rule says: without a gap, at code points, where the text breaks."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.text.segments import LONG_BYTES, SEGMENT_BYTES, SLACK_BYTES, cut_out, cut_segments
from tests.kit.dumps.long_texts import make_long_text
from tests.kit.dumps.odd_texts import any_text
from tests.kit.reference.segments import cuts_of

ODD = {
    "no break at all": "x" * 10_000,
    "a line of a megabyte": "word " * 200_000,
    "a megabyte without a space": "東" * 350_000,
    "line breaks alone": "\n" * 9_000,
    "lines of blanks": " \t \n" * 3_000,
    "white space within": "Begin." + "\n" * 6_000 + "End.",
    "CRLF": "One line of words.\r\n\r\nAnother one.\r\n" * 300,
    "NUL": "a\x00b. " * 2_000,
    "four bytes a character": "😀" * 2_000,
    "one byte more than is short": "y" * (LONG_BYTES + 1),
    "code": "def area(a, b):\n    # Both in metres.\n\n    return a * b\n\n\n" * 120,
    "a lesson": make_long_text(0),
}


def cut(texts, rows=None):
    array = texts if isinstance(texts, pa.Array) else pa.array(texts)
    return cut_segments(array, np.arange(len(array)) if rows is None else np.array(rows))


def edges_of(found, row):
    mine = found.row == row
    return [*found.start[mine].tolist(), *found.stop[mine][-1:].tolist()]


@pytest.mark.parametrize("name", ODD)
def test_odd_documents_are_cut_as_the_plain_rule_cuts_them(name):
    found = cut([ODD[name]])
    assert edges_of(found, 0) == cuts_of(ODD[name].encode())
    assert (found.start[1:] == found.stop[:-1]).all()


@given(st.lists(any_text.filter(bool), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_documents_are_cut_as_the_plain_rule_cuts_them(texts):
    data = [text.encode(errors="replace") for text in texts]
    found = cut(pa.array(data))
    assert [edges_of(found, row) for row in range(len(data))] == [cuts_of(one) for one in data]


@pytest.mark.parametrize("name", ODD)
def test_segments_cover_a_text_and_each_is_valid_and_of_the_size_that_is_promised(name):
    data = ODD[name].encode()
    edges = edges_of(cut([ODD[name]]), 0)
    pieces = [data[start:stop] for start, stop in pairwise(edges)]
    assert b"".join(pieces) == data
    assert "".join(piece.decode() for piece in pieces) == ODD[name]
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) <= SEGMENT_BYTES + SLACK_BYTES + 3
    assert min(sizes) >= SLACK_BYTES


def test_code_is_cut_before_a_definition_and_prose_before_a_paragraph():
    code, lesson = ODD["code"], ODD["a lesson"]
    assert {code[at : at + 4] for at in edges_of(cut([code]), 0)[:-1]} == {"def "}
    assert all(lesson[at - 2 : at] == "\n\n" for at in edges_of(cut([lesson]), 0)[1:-1])


KINDS = (
    pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view(), pa.binary_view(),
    pa.dictionary(pa.int32(), pa.string()),
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_rows_of_any_column_of_text_are_cut_alike_and_their_texts_are_what_lies_between(kind):
    texts = ["short", None, ODD["CRLF"], "", ODD["a lesson"], ODD["CRLF"], "end"]
    array = pa.array([None, *texts]).cast(kind)[1:]
    rows = [2, 4, 5]
    found = cut(array, rows)
    assert set(found.row.tolist()) == set(rows)
    for row in rows:
        assert edges_of(found, row) == cuts_of(texts[row].encode())
    between = found.texts.to_pylist()
    shown = [text for text, is_one in zip(between, found.is_segment, strict=True) if is_one]
    spans = zip(found.row, found.start, found.stop, strict=True)
    assert shown == [texts[row].encode()[start:stop] for row, start, stop in spans]
    assert between.count(None) == len(rows)
    pieces = cut_out(array, np.array([0, 2, 2, 6]), np.array([1, 0, 18, 0]), np.array([3, 4, 20, 3]))
    assert pieces.to_pylist() == [b"ho", b"One ", b"\r\n", b"end"]


def test_where_nothing_is_long_there_are_no_segments():
    found = cut(["a", "b"], np.zeros(0, np.int64))
    assert len(found.row) == len(found.texts) == 0
    assert cut_out(pa.array(["a"]), *(np.zeros(0, np.int64),) * 3).to_pylist() == []
