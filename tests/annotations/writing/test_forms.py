"""Proves what is read of replies that hold texts, or lists of topics."""

import pytest

from annotations import load_recipe
from annotations.writing.draws import SlotDraws
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
def test_what_is_wrong_with_a_reply_is_told(content, fault):
    own = STORY.model_copy(update={"checks": STORY.checks.model_copy(update={"must_contain": ()})})
    assert TextForm(own).read(content, "a request").fault == fault


def test_what_a_document_says_may_come_back_but_not_what_was_asked():
    rewrite = load_recipe("rewrite")
    draw = SlotDraws(rewrite, 0).of_document(0, GOOD, "group", 1, {})
    assert TextForm(rewrite).read(GOOD, draw.request).fault == ""
    assert TextForm(rewrite).read(draw.request, draw.request).fault == "echo of the request"


def test_what_was_drawn_must_be_there():
    [draw] = SlotDraws(STORY, 0).between(0, 1)
    assert TextForm(STORY).read(GOOD, draw.request).fault == "lacks a word"
    words = " ".join(f"They said {draw.slots[name]}." for name in ("noun", "verb", "adjective"))
    assert TextForm(STORY).read(f"{GOOD} {words}", draw.request).fault == ""


def test_other_checks_have_another_mark():
    stricter = STORY.model_copy(update={"checks": STORY.checks.model_copy(update={"min_words": 99})})
    assert TextForm(stricter).checked_by != TextForm(STORY).checked_by
    assert TextForm(stricter).digest == TextForm(STORY).digest
    [draw] = SlotDraws(STORY, 0).between(0, 1)
    assert TextForm(STORY).read(GOOD, draw.request).reason == TextForm(STORY).checked_by


def test_a_text_loses_its_thoughts_and_what_is_around_it():
    assert text_of(f"<think>no</think>Sure! Here is the story:\n\n{GOOD}", STORY) == GOOD
    assert text_of("<think>no", STORY) is None


@pytest.mark.parametrize("recipe", ["story", "exercise"])
@pytest.mark.parametrize("said", ["```\n", "`", "- ", "```python\nx\n"])
def test_a_long_reply_of_anything_is_read_at_once(recipe, said):
    """Where a pattern looks at all of it from each place, this takes minutes."""
    loaded = load_recipe(recipe)
    [draw] = SlotDraws(loaded, 0).between(0, 1)
    content = said * (200_000 // len(said))
    assert TextForm(loaded).read(content, draw.request).fault
    assert topics_in(content) in ([], ["python", "x"], ["x"])


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
