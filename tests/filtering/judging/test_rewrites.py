"""Proves that rewrites change what they say and nothing else, in all scripts and in code."""

import ast
import re
import unicodedata

import pytest

from filtering.judging.phrases import BY_SCRIPT, ENGLISH, script_of
from filtering.judging.rewrites import rewrites_of, with_repeated_beginning
from filtering.judging.rewrites_of_code import comment_mark, with_licence, with_other_comment_marks
from filtering.judging.rewrites_of_prose import (
    in_capitals,
    paragraphs,
    with_markdown,
    with_navigation,
    with_shuffled_sentences,
    with_teaching_words,
    with_tone,
    with_wrapped_lines,
    without_headings,
    without_markdown,
)
from filtering.text.windows import header_end
from tests.kit.dumps.odd_texts import HOSTILE
from tests.kit.dumps.small import CHINESE, RUSSIAN
from tests.kit.places import ROOT

ENGLISH_PAGE = (
    "How plants eat\n\nPlants make food from light, and they do so in their leaves. They need water too! "
    "Why is that so? Water brings what a leaf needs. Light does the rest.\n\nWhat comes out\n\nSugar is what "
    "comes out of it, and oxygen beside it. Both are of use to us.\n• sugar is food\n• oxygen is air"
)
ARABIC = "الضوء سريع جدا. هل تعلم لماذا؟ لأن كتلته صفر. الصوت أبطأ. الماء يبطئه. هذا كل شيء."
HINDI = "प्रकाश बहुत तेज़ है। क्यों? क्योंकि उसका भार नहीं है। ध्वनि धीमी है। पानी उसे रोकता है। बस इतना ही।"
THAI = "แสงเร็วมาก เพราะไม่มีมวล เสียงช้ากว่า น้ำทำให้ช้าลง แก้วก็เช่นกัน เท่านี้เอง"
JAPANESE = "光はとても速い。なぜだろうか？質量がないからだ。音は遅い。水はそれを遅くする。以上である。"
PAGES = (ENGLISH_PAGE, f"{RUSSIAN} {RUSSIAN}", 2 * CHINESE, ARABIC, HINDI, THAI, JAPANESE)
REMOVING = ("headings removed", "first paragraph cut")
SOURCES = sorted((ROOT / "filtering").glob("*/*.py"))
PROSE, CODE = rewrites_of(is_code=False), rewrites_of(is_code=True)


def words(text):
    """Return what a text says: its letters and digits, whatever their case, in order."""
    return re.findall(r"\w", unicodedata.normalize("NFKC", text).casefold())


@pytest.mark.parametrize("text", [*PAGES, *HOSTILE, "", "\n", "[" * 50_000, "[](" * 20_000, "* " * 50_000])
def test_a_rewrite_of_anything_is_another_text_or_none_and_the_same_each_time(text):
    for one in (*PROSE, *CODE):
        found = one.rewrite(text)
        assert found is None or (found != text and (found.strip() or not text.strip()))
        assert found == one.rewrite(text)


@pytest.mark.parametrize("text", PAGES, ids=script_of)
def test_harmless_rewrites_keep_every_word_in_its_place(text):
    for one in PROSE:
        found = one.rewrite(text)
        if one.kind == "harmless" and one.name not in REMOVING and found is not None:
            assert "".join(words(text)) in "".join(words(found)), one.name


@pytest.mark.parametrize("text", PAGES, ids=script_of)
def test_shuffled_sentences_are_the_same_ones_between_the_same_line_ends(text):
    found = with_shuffled_sentences(text)
    assert found != text
    assert sorted(words(found)) == sorted(words(text))
    assert re.findall(r"\n+", found) == re.findall(r"\n+", text)
    assert with_shuffled_sentences(text, seed=1) != found


@pytest.mark.parametrize("text", PAGES, ids=script_of)
def test_what_is_put_around_a_text_is_in_its_script(text):
    phrases = BY_SCRIPT[script_of(text)]
    assert script_of(phrases.above) == script_of(phrases.below) == script_of(phrases.tone) == script_of(text)
    assert with_navigation(text) == f"{phrases.above}\n\n{text}\n\n{phrases.below}"
    assert with_tone(text).startswith(phrases.tone)
    assert with_teaching_words(text).endswith(phrases.teaching)


def test_a_script_without_phrases_of_its_own_gets_english_ones():
    assert with_navigation("ⴰⵣⵓⵍ").startswith(ENGLISH.above)
    assert with_navigation("1 + 1").startswith(ENGLISH.above)


def test_markdown_that_was_put_on_can_be_taken_off():
    marked = with_markdown(ENGLISH_PAGE)
    assert [line for line in marked.splitlines() if line[:1] in "#-" and line] == [
        "# How plants eat", "## What comes out", "- sugar is food", "- oxygen is air",
    ]  # fmt: skip
    assert with_markdown(marked) is None
    assert without_markdown(marked) == ENGLISH_PAGE.replace("• ", "")
    assert without_headings(marked) == without_headings(ENGLISH_PAGE).replace("• ", "- ")


def test_marks_within_code_and_formulas_stay():
    fenced = (
        "# Title\n```python\n# a comment\nx = a*b*c\n```\n[a link](https://example.org) of 2*3*4, __init__"
    )
    assert without_markdown(fenced) == (
        "Title\n```python\n# a comment\nx = a*b*c\n```\na link of 2*3*4, __init__"
    )
    assert without_markdown("2*3*4 and a_b_c") is None


def test_lines_are_wrapped_at_spaces_or_where_there_are_none_anywhere():
    assert max(map(len, with_wrapped_lines(ENGLISH_PAGE).splitlines())) <= 80
    assert max(map(len, with_wrapped_lines(3 * CHINESE).splitlines())) <= 36
    assert with_wrapped_lines("short\nlines") is None


def test_capitals_need_a_script_that_has_them():
    assert in_capitals(RUSSIAN) == RUSSIAN.upper()
    assert [in_capitals(text) for text in (CHINESE, ARABIC, HINDI, THAI)] == [None] * 4


def test_a_repeated_beginning_is_whole_paragraphs_and_about_as_long_as_the_text():
    text = "\n\n".join(f"Paragraph {number} says something of its own." for number in range(12))
    found = with_repeated_beginning(text)
    assert len(found) == pytest.approx(len(text), rel=0.1)
    assert found.count("Paragraph 0 says") == 4
    assert {one.strip() for one in paragraphs(found)} < {one.strip() for one in paragraphs(text)}
    assert with_repeated_beginning("One paragraph alone.") is None


@pytest.mark.parametrize("path", SOURCES[::4], ids=lambda path: path.name)
def test_harmless_rewrites_of_code_leave_the_program_as_it_was(path):
    """Tabs of four spaces too: within one file they are as good. Strings over lines may change."""

    def program(source):
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                node.value = ""
        return ast.dump(tree)

    text = path.read_text()
    for one in CODE:
        found = one.rewrite(text)
        if one.kind != "harmful" and found is not None:
            assert program(found) == program(text), one.name


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("int x; // no line of its own\n// Adds.\n// Twice.\n# define X", "//"),
        ("#include <stdio.h>\n/* Adds. */\nint x;", "/*"),
        ("% Adds.\nx = 1;", "%"),
        ("; Adds.\n(+ 1 1)", ";"),
        ("<p>One.</p>", "<!--"),
        ("x = 1", None),
    ],
)
def test_the_mark_of_comments_is_told_by_the_lines_of_a_file(text, mark):
    assert comment_mark(text) == mark
    assert (with_licence(text) is None) == (mark is None)


def test_a_licence_stands_behind_what_must_be_the_first_line_and_is_one_that_readers_leave_out():
    assert with_licence("#!/bin/sh\n# Adds.\n").startswith("#!/bin/sh\n# Copyright")
    added = with_licence("// Adds.\nx = 1;\n")
    assert added[header_end(added.encode()) :] == "// Adds.\nx = 1;\n"


def test_directives_and_doc_comments_keep_their_marks():
    kept = "//go:build linux\n/// Says.\n//! Says.\n# A heading of nothing\n#define X\n"
    assert with_other_comment_marks(kept + "// a\n// b */\n") == kept + "/* a */\n// b */\n"
