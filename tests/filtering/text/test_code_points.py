"""Proves that the tables of characters say what Unicode says, but for what they say otherwise on purpose."""

import re
import unicodedata

import numpy as np
import pytest

from filtering.hashing import PUNCTUATION, SPACE, WORD
from filtering.text.code_points import (
    ALONE,
    CAPITAL,
    FOLDED,
    KINDS,
    POINTS,
    character_class,
    characters_that_mean,
    fold,
    fold_text,
    point_kind,
    read_point,
)

BEYOND_ASCII = [chr(point) for point in (*range(0x80, 0xD800), *range(0xE000, POINTS))]
LETTERS = (WORD, ALONE, CAPITAL)
SCRIPTS_WITHOUT_SPACES = re.compile(
    "THAI |LAO |KHMER |MYANMAR |BALINESE |JAVANESE |NEW TAI LUE |TAI |YI "
    "|CJK |HIRAGANA|KATAKANA|BOPOMOFO|HALFWIDTH K"
)


def kind(character):
    return point_kind(ord(character))


def of_categories(*categories):
    return [one for one in BEYOND_ASCII if unicodedata.category(one) in categories]


def test_letters_and_accents_make_words():
    # Mathematical letters and superscripts are marks, and variation selectors blank.
    odd = {*range(0x2070, 0x20A0), *range(0x2100, 0x2190), *range(0xFE00, 0xFE10), 0x1AA7, 0x17D7, 0x2E2F}
    others = [
        one
        for one in of_categories("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd")
        if kind(one) not in LETTERS
    ]
    assert {ord(one) for one in others} <= odd


def test_blanks_and_controls_part_words():
    assert {kind(one) for one in of_categories("Zs", "Zl", "Zp", "Cc")} == {SPACE}


@pytest.mark.parametrize("category", ["Pi", "Pf", "Pd", "Ps", "Pe", "Sc", "Sm"])
def test_quotes_dashes_brackets_and_signs_are_marks(category):
    found = of_categories(category)
    assert sum(kind(one) == PUNCTUATION for one in found) >= 0.9 * len(found)


@pytest.mark.parametrize(
    "text", ["،؛؟۔", "।॥", "。、！？「」・", "។៕", "။၊", "։", "…–—“”„«»", "€£©™№°§", "⁇‼", "\ufffd\uf0b7"]
)
def test_marks_of_scripts_that_are_much_used_are_marks(text):
    assert {kind(one) for one in text} == {PUNCTUATION}


def test_each_letter_of_scripts_without_spaces_stands_alone():
    found = [one for one in of_categories("Lo") if SCRIPTS_WITHOUT_SPACES.match(unicodedata.name(one))]
    assert len(found) > 30_000
    assert {one for one in found if kind(one) != ALONE and "TAI VIET" not in unicodedata.name(one)} == set()
    assert {kind(one) for one in "한국어हिन्दीالعربيةעבריתᎣ"} == {WORD}


def test_capitals_are_folded_to_their_small_letters():
    names = re.compile("(LATIN|GREEK|CYRILLIC|ARMENIAN|FULLWIDTH LATIN) CAPITAL")
    capitals = [one for one in of_categories("Lu", "Lt") if names.match(unicodedata.name(one))]
    missed = {one for one in capitals if kind(one) != CAPITAL}
    # The rest of Latin has letters of phoneticians, and grows with each release of Unicode.
    assert all(0xA722 <= ord(one) <= 0xA7FF for one in missed)
    assert len(capitals) - len(missed) > 700
    for one in set(capitals) - missed:
        wanted = (
            "i"
            if one == "İ"
            else unicodedata.normalize("NFKC", one).lower()
            if one > "\uff00"
            else one.lower()
        )
        assert fold_text(one) == wanted


def test_what_is_a_capital_has_another_small_form():
    for one in BEYOND_ASCII:
        if kind(one) == CAPITAL:
            assert unicodedata.category(one) in ("Lu", "Lt")
            assert fold_text(one) != one


def test_digits_of_all_scripts_are_folded_to_those_of_ascii():
    digits = of_categories("Nd")
    assert len(digits) > 300
    assert [fold_text(one) for one in digits] == [str(unicodedata.digit(one)) for one in digits]
    assert {kind(one) for one in digits} == {WORD}


def test_only_capitals_digits_and_marks_are_folded():
    for one in BEYOND_ASCII:
        if fold_text(one) != one:
            is_small = "\uff41" <= one <= "\uff5a" or one == "\uff3f"
            assert kind(one) in (CAPITAL, PUNCTUATION) or unicodedata.category(one) == "Nd" or is_small


def test_a_folded_character_is_folded_to_itself():
    np.testing.assert_array_equal(FOLDED[FOLDED], FOLDED)


def test_marks_are_folded_to_marks_of_ascii():
    marks = np.flatnonzero((KINDS == PUNCTUATION) & (FOLDED != np.arange(POINTS)))
    assert all(re.fullmatch(r"[!-/:-@\[-^`{-~]", chr(FOLDED[mark])) for mark in marks if mark >= 0x80)


def test_what_means_a_mark_holds_the_mark_itself_and_those_of_other_scripts():
    assert set("?？؟") <= set(characters_that_mean("?"))
    assert set(".。।۔…") <= set(characters_that_mean("."))


@pytest.mark.parametrize("kinds", [(WORD, CAPITAL), (ALONE,), (PUNCTUATION,), (SPACE,)])
def test_a_class_of_characters_matches_those_of_its_kinds(kinds):
    form = re.compile(f"[{character_class(*kinds)}]")
    for one in [*BEYOND_ASCII, *map(chr, range(0x10000, 0x110000, 0x800))]:
        assert bool(form.match(one)) == (kind(one) in kinds)
    assert not form.search("".join(map(chr, range(128))))


@pytest.mark.parametrize("point", [0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF])
def test_a_code_point_is_read_as_python_decodes_it(point):
    data = chr(point).encode()
    assert read_point(np.frombuffer(data, np.uint8), 0) == (point, len(data))
    assert fold(point) == ord(fold_text(chr(point)))
