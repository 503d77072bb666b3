"""Proves what is read of replies that hold texts, or lists of topics."""

import pytest

from annotations import load_recipe
from annotations.writing.forms import TextForm, TopicsForm, text_of, topic_key, topics_in
from annotations.writing.recipe import recipe_digest

STORY = load_recipe("story")
DAYS = " ".join(f"Day {day} was windy and the kite flew over hill {day}." for day in range(1, 12))
GOOD = f"Mila had a red kite. {DAYS}"


def test_the_digest_of_the_form_is_that_of_the_recipe():
    assert TextForm(STORY).digest == recipe_digest(STORY)
    assert TextForm(STORY).schema is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (GOOD, ""), (f"<think>A kite?</think>\n{GOOD}", ""), ("<think>A kite", "thoughts that do not end"),
        ("Mila flew.", "too short"), ("", "too short"), ("I'm sorry, I can't write that story.", "refusal"),
    ],
)  # fmt: skip
def test_what_can_be_told_of_a_reply_at_once_is_told(content, fault):
    assert TextForm(STORY).read(content, "a request").fault == fault


def test_what_a_document_says_may_come_back():
    rewrite = load_recipe("rewrite")
    assert TextForm(rewrite).read(GOOD, f"Make a lesson of this document:\n{GOOD}").fault == ""


def test_a_text_loses_its_thoughts_and_what_is_around_it():
    assert text_of(f"<think>no</think>Sure! Here is the story:\n\n{GOOD}", STORY) == GOOD
    assert text_of("<think>no", STORY) is None


@pytest.mark.parametrize(
    ("content", "topics"),
    [
        ("1. One thing\n2) Another\n(3) A third", ["One thing", "Another", "A third"]),
        ("- **One thing**\n* _Another_\n\u2022 A third.", ["One thing", "Another", "A third"]),
        ("Here you are:\n- a\n- b\nHope this helps!", ["a", "b"]),
        ("One\nTwo\nthree words here", ["One", "Two", "three words here"]),
        ("<think>1. no</think>1. yes", ["yes"]),
        ("1. Prime numbers\n2. numbers, prime", ["Prime numbers"]),
        ("", []), ("<think>1. no", []), ("---\n***", []), ("1. " + "word " * 40, []),
    ],
)  # fmt: skip
def test_topics_are_read_from_any_list(content, topics):
    assert topics_in(content) == topics


def test_a_reply_without_a_list_is_told():
    form = TopicsForm(load_recipe("textbook").topics)
    assert form.read("1. a", "w").fault == ""
    assert form.read("", "w").fault == "no list, one entry a line"


def test_topics_are_the_same_by_their_words():
    assert topic_key("The area of a circle") == topic_key("the AREA, of a circle!")
    assert topic_key("circles") != topic_key("squares")
