"""Proves what the signals of many scripts are, and of comments in many programming languages."""

import numpy as np
import pytest

from filtering.explaining.ngrams import read_word_ngrams
from filtering.signals.read_signals import SCORE_COLUMNS, read_cells, read_signals
from filtering.signals.style import STATISTICS
from filtering.text.arrow import INVALID_UTF8
from filtering.text.windows import REACH, window_spans


def statistics(text):
    return dict(zip(STATISTICS, read_signals([text]).features[0, SCORE_COLUMNS:].tolist(), strict=True))


def cells(text):
    found = read_cells([text])[1]
    return set(found.cells[: found.row_starts[1]].tolist())


def tokens(text):
    return list(read_word_ngrams(text.encode()).spellings)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("学习编程", ["学", "习", "编", "程"]),
        ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("ລາວ", ["ລ", "າ", "ວ"]),
        ("ខែ", ["ខ", "ែ"]),
        ("မာ", ["မ", "ာ"]),
        ("한국어 책", ["한국어", "책"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("العَرَبية لغة", ["العَرَبية", "لغة"]),
        ("עברית קשה", ["עברית", "קשה"]),
        ("GPT是AI", ["GPT", "是", "AI"]),
        ("2024年", ["2024", "年"]),
        ("«été»", ["«", "été"]),
        ("cafe\u0301 co\u00adop", ["cafe\u0301", "co\u00adop"]),
        ("\U00020000\U00020001", ["\U00020000", "\U00020001"]),
    ],
)
def test_words_of_scripts_with_spaces_are_whole_and_letters_of_others_stand_alone(text, wanted):
    assert tokens(text) == wanted
    assert statistics(text)["log_words"] == pytest.approx(
        np.log1p(sum(one not in ("«",) for one in wanted)), rel=1e-6
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("МОСКВА", "москва"),
        ("ΕΛΛΑΔΑ", "ελλαδα"),
        ("ԵՐԵՎԱՆ", "երեվան"),
        ("ÉCOLE ĄŻ", "école ąż"),
        ("VIỆT Ấ", "việt ấ"),
        ("İSTANBUL", "istanbul"),
        ("\uff30\uff39\uff54\uff48\uff4f\uff4e\uff13", "python3"),
        ("\u0662\u0660\u0662\u0664", "2024"),
        ("\u0967\u0968 \u0e51\u0e52", "12 34"),
        ("“a” ‘b’ — …", "\"a\" 'b' - ..."),
        ("一。二？三！", "一.二?三!"),
        ("क। ख", "क. ख"),
        ("م؟ ن", "م? ن"),
    ],
)
def test_capitals_digits_and_marks_of_scripts_have_the_cells_of_what_they_are_folded_to(one, other):
    words = {cell for cell in cells(one) if cell < 1 << 16}
    assert words == {cell for cell in cells(other) if cell < 1 << 16}
    assert words


def test_capitals_of_other_scripts_count_as_those_of_latin():
    found = {
        name: [] for name in ("capital_word_share", "shouted_share", "capital_share", "capital_start_share")
    }
    for text in ("Moskva USSR za", "Москва СССР за", "Μοσκβα ΕΣΣΔ ια", "Ấoskva ỆỆỆỆ ia"):
        row = statistics(text)
        for name, values in found.items():
            values.append(row[name])
    assert all(values == [pytest.approx(values[0])] * 4 and values[0] > 0 for values in found.values())


@pytest.mark.parametrize("text", ["abcde fghij", "абвгд ежзик", "ﺍﺏﺕﺙﺝ ﺡﺥﺩﺫﺭ", "𐐨𐐩𐐪𐐫𐐬 𐐭𐐮𐐯𐐰𐐱"])
def test_lengths_are_in_characters(text):
    row = statistics(text)
    assert row["word_characters_mean"] == 5
    assert row["line_characters_max"] == 11
    assert row["space_share"] == pytest.approx(1 / 11)
    assert row["non_ascii_share"] == pytest.approx(0 if text.isascii() else 10 / 11)


@pytest.mark.parametrize(
    "text",
    [
        "One two. Three four? Five!",
        "一二。三四？五！",
        "\uff11個\uff0e二つ\uff1f三つ\uff01",
        "एक दो। तीन चार। पाँच॥",
        "واحد اثنان. ثلاثة أربعة؟ خمسة!",
        "ایک دو۔ تین چار؟ پانچ۔",
        "មួយពីរ។ បីបួន។ប្រាំ៕",
        "တစ်။ နှစ်။သုံး။",
        "Մեկ երկու։ Երեք չորս։ Հինգ։",
        "አንድ ሁለት። ሦስት አራት፧ አምስት።",
        "Один два… Три четыре? Пять!",
    ],
)
def test_three_sentences_are_three_in_every_script(text):
    row = statistics(text)
    words = np.expm1(row["log_words"])
    assert row["sentences_per_word"] * words == pytest.approx(3, rel=1e-4)


def test_a_stop_within_a_word_of_ascii_ends_no_sentence():
    assert statistics("3.14 www.example.com a…b")["sentences_per_word"] == 0


@pytest.mark.parametrize("sign", ["- ", "* ", "1. ", "• ", "•", "– ", "\uf0b7 ", "▪ ", "٣. "])
def test_lines_with_a_sign_are_list_items(sign):
    assert statistics(f"{sign}one\n{sign}two\n\nthree")["bullet_share"] == pytest.approx(2 / 3)


COMMENT, CODE = "one line of words", "x = f(1)"


@pytest.mark.parametrize(
    "mark", ["#", "##", "#!", "//", "///", "//!", "--", "---", "%", "%%", ";", ";;", "!", "*"]
)
def test_a_line_that_begins_with_a_mark_of_comments_is_one(mark):
    row = statistics(f"{CODE}\n    {mark} {COMMENT}\n{CODE}\n{CODE}\n")
    assert row["comment_line_share"] == pytest.approx(1 / 4)
    assert row["comment_characters_mean"] == len(mark) + 1 + len(COMMENT)


@pytest.mark.parametrize(
    "line",
    [
        "#include <stdio.h>", "#define X", "#[derive(Debug)]", "![picture](a.png)", "!important", "/ 2",
        "- 1", "-x", "<!DOCTYPE html>", "(*call)(1)", "{-1, 2}", "( * a)", "x /* later */", "\uff03 one",
        "\u2014 dash",
    ],
)  # fmt: skip
def test_other_lines_are_no_comments_and_open_none(line):
    row = statistics(f"{line}\n{CODE}\n{CODE}\n")
    assert row["comment_line_share"] == 0
    assert row["comment_character_share"] == 0


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("/*", "*/"),
        ("/**", " **/"),
        ("(*", "*)"),
        ("(**", "*)"),
        ("{-", "-}"),
        ("{-|", "-}"),
        ("<!--", "-->"),
    ],
)
def test_all_lines_of_a_comment_of_several_are_of_it(start, end):
    inside = f"{start} {COMMENT}\n  {COMMENT}\n\n{COMMENT} {end}"
    row = statistics(f"{CODE}\n{inside}\n{CODE}\n{CODE}\n")
    assert row["comment_line_share"] == pytest.approx(3 / 6)
    assert row["comment_word_share"] * np.expm1(row["log_words"]) == pytest.approx(12, rel=1e-4)
    assert statistics(f"{start} {COMMENT} {end}\n{CODE}\n{CODE}\n")["comment_line_share"] == pytest.approx(
        1 / 3
    )


@pytest.mark.parametrize(
    ("start", "inside", "end"),
    [
        ("/*", "a->b *) -} -->", "*/"),
        ("(*", "a->b */ -}", "*)"),
        ("{-", "a->b */ *) -->", "-}"),
        ("<!--", "a->b */ *) -}", "-->"),
    ],
)
def test_a_comment_of_several_lines_is_ended_by_its_own_end_alone(start, inside, end):
    row = statistics(f"{start} {inside}\n{COMMENT}\n{end}\n{CODE}\n")
    assert row["comment_line_share"] == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    "text", ["a\ud800", "\udfff", b"a\xe6\x9d", b"\xf0\x9f\x98", b"\xc3", b"\x80a", b"\xed\xa0\x80"]
)
def test_what_is_no_utf_8_has_a_reason_and_is_not_read(text):
    found = read_signals([text, "東"])
    assert found.reason.tolist() == [INVALID_UTF8, 0]
    assert not found.features[0].any()


@pytest.mark.parametrize("character", ["é", "東", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_pieces_of_a_long_text_are_cut_between_characters(character, shift):
    """So the kernel may read each code point whole: at most three bytes of a document are lost at a cut."""
    size = len(character.encode())
    document = ("a" * shift + character * (90_000 // size)).encode()
    pieces = [document[start:stop].decode() for start, stop in window_spans(document, REACH)]
    assert len(pieces) == 3
    row = statistics(document)
    read = sum(map(len, pieces))
    assert np.expm1(row["log_read_bytes"]) == pytest.approx(
        sum(len(one.encode()) for one in pieces), rel=1e-4
    )
    assert row["non_ascii_share"] == pytest.approx((read - shift) / read, rel=1e-6)
