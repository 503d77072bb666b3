"""Proves that the lists of words are what recipes draw from: each word once, in small letters."""

import pytest

from annotations.asking.rubric import RUBRICS
from annotations.writing.word_forms import forms_of, has_word, words_of

WORDS = RUBRICS.parent / "recipes" / "words"
LEAST = {
    "nouns": 700,
    "verbs": 350,
    "adjectives": 250,
    "features": 30,
    "function_topics": 400,
    "subjects": 150,
    "audiences": 20,
    "forms": 20,
}


@pytest.mark.parametrize("name", LEAST)
def test_a_list_holds_each_word_once_in_small_letters(name):
    lines = (WORDS / f"{name}.txt").read_text().splitlines()
    assert len(lines) >= LEAST[name]
    assert lines == sorted(set(lines))
    assert all(line == line.strip().lower() and line for line in lines)


def test_no_list_lies_there_that_nobody_counts():
    assert {path.stem for path in WORDS.iterdir()} == set(LEAST)


@pytest.mark.parametrize("name", ["nouns", "verbs", "adjectives"])
def test_each_word_of_a_story_is_found_in_a_text_that_has_it(name):
    for word in (WORDS / f"{name}.txt").read_text().splitlines():
        assert has_word(words_of(f"It was: {word.capitalize()}!"), word, "en"), word


def test_words_of_other_languages_count_by_their_beginning():
    assert has_word(words_of("Die Hunde bellten."), "Hund", "de")
    assert not has_word(words_of("Der Stahl war kalt."), "Tal", "de")
    assert has_word(words_of("小母鸡跑了"), "母鸡", "zh")


def test_forms_of_short_and_odd_words_are_bounded():
    assert all(len(forms_of(word)) < 60 for word in ("a", "be", "go", "picnic", "gentle", ""))
