"""Proves that a text without anything to read has its reason, and that an unusual one is counted."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.signals.style import STATISTICS
from filtering.text.arrow import EMPTY, HUGE_BIT, INVALID_UTF8, NUL_BIT, WHITE_SPACE, text_reasons
from filtering.text.windows import REACH, cut_window
from tests.kit.reference.signals import reason_of
from tests.kit.reference.weighted_reading import read

LOG_TEXT_BYTES = SCORE_COLUMNS + STATISTICS.index("log_text_bytes")


# Every place where white space differs between str.isspace, str.split, ASCII and Unicode's own list.
SPACES = "".join(chr(code) for code in range(0x10000) if chr(code).isspace())
NEAR_SPACES = (
    "\x00\x08\x0e\x1b\x7f\u180e\u200b\u200c\u2060\ufeff\u1681\u2010\u2027\u202a\u2030\u205e\u3001\u2800"
)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from(SPACES + NEAR_SPACES) | st.characters(codec="utf-8"), max_size=8))
def test_white_space_is_what_str_isspace_says(text):
    expected = EMPTY if not text else WHITE_SPACE if text.isspace() else 0
    assert read_signals([text]).reason.tolist() == [expected]


def test_each_code_point_alone_is_white_space_as_str_isspace_says():
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [chr(code) for code in codes[:0x3100]] + [chr(code) for code in codes[0x3100::97]]
    expected = [WHITE_SPACE if text.isspace() else 0 for text in texts]
    assert text_reasons(texts).tolist() == expected
    # With one bad document in the batch, each of them is decoded by itself.
    assert text_reasons([*texts, b"\xff"]).tolist() == [*expected, INVALID_UTF8]


UTF8_PARTS = (
    *(b"a", "\u00e9".encode(), "\u6771".encode(), "\U0001f600".encode()),
    *(
        b"\x80",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xc2",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xe0\xa0\x80",
        b"\xed\x9f\xbf",
    ),
    *(b"\xed\xa0\x80", b"\xef\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80\x80"),
    *(b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82", b"\xf0\x9f\x98"),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(UTF8_PARTS) | st.binary(max_size=4), min_size=1, max_size=5).map(b"".join))
def test_invalid_utf8_is_what_decode_refuses(data):
    neighbour = b"\xff"  # so that Arrow's check of the whole batch never settles it
    assert read_signals([data, neighbour]).reason.tolist() == [reason_of(data), INVALID_UTF8]
    assert read_signals([data]).reason.tolist() == [reason_of(data)]


def test_nul_characters_are_scored_and_counted():
    found = read(["plain", "with\x00nul", "\x00"])
    assert found.reason.tolist() == [0, 0, 0]
    assert found.unusual.tolist() == [0, NUL_BIT, NUL_BIT]


def test_lone_surrogates_in_python_strings_are_invalid_utf8():
    assert read_signals(["fine", "bad \ud800 one"]).reason.tolist() == [0, INVALID_UTF8]


def test_a_document_of_50_mb_is_read_by_its_reach():
    text = "Let us see why: a\u00e9\u6771 = 1;\n" * (50_000_000 // 28)
    found = read(pa.array([text, cut_window(text, REACH)], pa.large_string()))
    assert found.reason.tolist() == [0, 0]
    assert found.unusual.tolist() == [HUGE_BIT, 0]
    differs = np.flatnonzero(found.features[0] != found.features[1])
    assert differs.tolist() == [LOG_TEXT_BYTES]


def test_a_huge_document_of_white_space_has_a_reason_and_is_counted():
    found = read([" " * 10_000_001, " " * 10_000_000])
    assert found.reason.tolist() == [WHITE_SPACE, WHITE_SPACE]
    assert found.unusual.tolist() == [HUGE_BIT, 0]
