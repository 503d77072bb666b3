"""Proves that what others wrote is shown on one line, with escapes for all that would act or hide."""

import codecs
import unicodedata

import pytest

from filtering.printable import escape_unwritable, printable


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        (b"caf\xe9.parquet", r"caf\xe9.parquet"),
        ("caf\udce9", r"caf\xe9"),
        ("half\ud83d", r"half\ud83d"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("\x1b[31mred\x07\x7f", r"\x1b[31mred\x07\x7f"),
        ("\x9b31m\x85", r"\u009b31m\u0085"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("\u2066x\u2069\u200e\u200f\u061c", r"\u2066x\u2069\u200e\u200f\u061c"),
        ("two\u2028lines\u2029", r"two\u2028lines\u2029"),
        ("hid\u200bden\ufeff\U000e0041", r"hid\u200bden\ufeff\U000e0041"),
        ("naïve 文 😀 a\u200db \\ '\"", "naïve 文 😀 a\u200db \\ '\""),
    ],
)
def test_what_acts_or_hides_is_escaped_and_all_else_stays(foreign, shown):
    assert printable(foreign) == shown
    assert printable(shown) == shown


def test_no_control_character_and_no_end_of_a_line_is_left():
    everything = "".join(map(chr, range(0x110000)))
    left = printable(everything)
    assert not {one for one in set(left) if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")}
    assert len(left.splitlines()) == 1
    left.encode()


def test_what_a_terminal_cannot_write_is_written_as_escapes():
    codecs.register_error("escapes in tests", escape_unwritable)
    assert "caf\udce9 é 文".encode("ascii", "escapes in tests") == rb"caf\xe9 \u00e9 \u6587"
    assert "caf\udce9 é".encode("utf-8", "escapes in tests") == b"caf\\xe9 \xc3\xa9"
