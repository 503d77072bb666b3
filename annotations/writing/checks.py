# ruff: noqa: RUF001 - marks of other scripts are meant
"""What must hold of an answer before anything counts, and what is wrong with one that does not.

An answer is cleaned first (`cleaned`): fences and words around the text go where that is safe. Then
`fault_of` says the first thing that is wrong with it, in words of `REASONS`. Nothing here asks a model,
runs code, or compares answers with each other.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from annotations.writing.exercises import code_of, docstrings_of, fault_of_exercise
from annotations.writing.fences import ends_within_fence, within_fence
from annotations.writing.talk import is_refusal, is_talk, without_talk
from annotations.writing.word_forms import has_word, words_of
from filtering.text.human_languages import CHARS, NOT_SURE, tell_languages
from filtering.text.language_names import human_language_named
from filtering.text.near_duplicates import RUN_WORDS, runs_of_words

TOO_SHORT, TOO_LONG, LACKS_WORD = "too short", "too long", "lacks a word"
REASONS = (
    TOO_SHORT,
    TOO_LONG,
    "other language",
    "refusal",
    "talk about the task",
    "echo of the request",
    LACKS_WORD,
    "does not parse",
    "no such function",
    "no tests",
    "repeats itself",
    "cut",
)
"""All that `fault_of` may find."""
MOST_ECHO_RUNS = 8
"""Runs of five words, that is twelve words in a row, which an answer may not share with its request."""
LOOP_WORDS, LEAST_LOOP_RUNS, MOST_REPEATED = 8, 20, 0.3
"""Words of a run; of fewer runs none is looked at; share of runs that may have come before in the text."""
LEAST_PACKED_BYTES, LEAST_PACKED = 400, 0.12
"""A text that zlib makes smaller than this is a loop; prose shrinks to .35 to .6."""
PIECES, LEAST_TOLD_BYTES = 5, 40
"""Of a text whose languages are told, spread over it; shorter ones are of any language."""
OPEN_ENDS = ",;-–—([{“«„‘、，；"
CLOSING_SIGN = re.compile(r"[.!?…。！？।۔؟][\"'”’»)\]*_]*(?:\s|$)")
NO_SENTENCE = re.compile(r"\s*(?:[-*+•|#>]|\d+[.)]|\$|\\|```|~~~)|.*\|\s*$|.*\bthe end\W*$", re.IGNORECASE)
"""Lines that end without a sign: those of lists and tables, headings, formulas."""
LEAST_SENTENCE_WORDS = 4
"""Of a last line; shorter ones are names and headings."""


def _known_language(name: str) -> str:
    if not name:
        return name
    found = human_language_named(name)
    if found is None:
        raise ValueError("must be the name or code of a language, like en, or empty for any")
    return found


class Checks(BaseModel):
    """What must hold of each answer: the table ``[checks]`` of a recipe.

    Parameters
    ----------
    min_words : int
        Words that a text has at least.
    max_words : int, optional
        Words that it has at most.
    language : str
        Code or English name of the language that it is in; any if empty. Of an exercise, that of its
        docstrings.
    form : str
        ``prose``, or ``exercise``: a Python function with a docstring, its solution, and tests.
    must_contain : tuple of str
        Slots whose values must occur in the text, in any form of the word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    min_words: int = Field(default=1, ge=1)
    max_words: int | None = Field(default=None, ge=1)
    language: Annotated[str, AfterValidator(_known_language)] = ""
    form: Literal["prose", "exercise"] = "prose"
    must_contain: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_words is not None and self.max_words < self.min_words:
            raise ValueError(
                f"'max_words' must be at least 'min_words', {self.min_words}. Got {self.max_words}"
            )
        return self


def cleaned(text: str, checks: Checks) -> str:
    r"""Return the text of an answer, without fences and words around it where that is safe.

    Of an exercise, code in fences of Python is joined. Of prose, a fence goes if it holds all of the text,
    and first and last lines that are said to whoever asked.

    Examples
    --------
    >>> cleaned("Certainly! Here is the story:\n\nThe hen ran.", Checks())
    'The hen ran.'
    >>> cleaned("```python\nx = 1\n```", Checks(form="exercise"))
    'x = 1'
    """
    if checks.form == "exercise":
        return code_of(text).strip("\n").rstrip()
    said = without_talk(text)
    return without_talk(within_fence(said))


def fault_of(text: str, checks: Checks, slots: Mapping[str, str], asked: str) -> str:
    """Return what is wrong with an answer, one of `REASONS`, or nothing if all checks hold.

    Parameters
    ----------
    text : str
        As `cleaned` returns it.
    checks : Checks
    slots : mapping of str to str
        What was drawn for it, by the name of the slot. Those of ``checks.must_contain`` must be there.
    asked : str
        What the model was told. Values of slots in it may come back in the text.

    Raises
    ------
    MissingExtraError
        If ``checks.language`` is given, and the extra ``report``, which tells languages, is not installed.

    Examples
    --------
    >>> checks = Checks(min_words=4, must_contain=("noun",))
    >>> [fault_of(text, checks, {"noun": "mouse"}, "Write a story.") for text in (
    ...     "The mice ran home.", "The hens ran home.", "Mice ran.", "I can't write a story about a mouse.")]
    ['', 'lacks a word', 'too short', 'refusal']
    """
    words = words_of(text)
    is_prose = checks.form == "prose"
    found: Mapping[str, Callable[[], bool]] = {
        "refusal": lambda: is_refusal(text),
        "talk about the task": lambda: is_talk(text),
        "echo of the request": lambda: _is_echo(text, slots, asked),
        TOO_SHORT: lambda: len(words) < checks.min_words,
        TOO_LONG: lambda: checks.max_words is not None and len(words) > checks.max_words,
        "repeats itself": lambda: _is_loop(text, words if is_prose else []),
        "other language": lambda: _is_other(text if is_prose else docstrings_of(text), checks.language),
        "cut": lambda: is_prose and _is_cut(text),
        LACKS_WORD: lambda: bool(_missing(words, checks, slots)),
    }
    return next((why for why, holds in found.items() if holds()), "") or (
        "" if is_prose else fault_of_exercise(text)
    )


def missing_words(text: str, checks: Checks, slots: Mapping[str, str]) -> list[str]:
    """Return what was drawn for a text, must be in it, and is not.

    Examples
    --------
    >>> checks = Checks(must_contain=("noun", "verb"))
    >>> missing_words("The mice ran.", checks, {"noun": "mouse", "verb": "hop"})
    ['hop']
    """
    return _missing(words_of(text), checks, slots)


def _missing(words: list[str], checks: Checks, slots: Mapping[str, str]) -> list[str]:
    return [slots[name] for name in checks.must_contain if not has_word(words, slots[name], checks.language)]


def _is_echo(text: str, slots: Mapping[str, str], asked: str) -> bool:
    """Tell whether a text holds a long run of what was asked, or all of a short request."""
    for value in sorted(filter(str.strip, slots.values()), key=len, reverse=True):
        asked = asked.replace(value, "\n")
    told = {run for line in asked.split("\n") for run in runs_of_words(line) if len(run.split()) == RUN_WORDS}
    shared = len(told.intersection(runs_of_words(text)))
    return bool(told) and shared >= min(MOST_ECHO_RUNS, len(told))


def _is_loop(text: str, words: list[str]) -> bool:
    """Tell whether a text says the same again and again."""
    runs = list(zip(*(words[at:] for at in range(LOOP_WORDS)), strict=False))
    if len(runs) >= LEAST_LOOP_RUNS and 1 - len(set(runs)) / len(runs) > MOST_REPEATED:
        return True
    raw = text.encode(errors="replace")
    return len(raw) >= LEAST_PACKED_BYTES and len(zlib.compress(raw)) < LEAST_PACKED * len(raw)


def _is_other(text: str, language: str) -> bool:
    """Tell whether as many pieces of a text are clearly in other languages as in the one asked for."""
    if not language or len(text.encode(errors="replace")) < LEAST_TOLD_BYTES:
        return False
    starts = {round(at * max(len(text) - CHARS, 0) / (PIECES - 1)) for at in range(PIECES)}
    wanted = others = 0
    for start in sorted(starts):
        [told] = tell_languages([text[start : start + CHARS]])
        wanted, others = wanted + (told == language), others + (told not in (language, NOT_SURE))
        if 2 * wanted > len(starts):  # the others cannot be as many
            return False
    return others > 0 and others >= wanted


def _is_cut(text: str) -> bool:
    """Tell whether a text ends in the middle of a sentence, or within a fence."""
    if ends_within_fence(text):
        return True
    text = text.rstrip()
    line = text.rpartition("\n")[2]
    if text[-1:] and text[-1] in OPEN_ENDS:
        return True
    ends_open = text[-1:].isalnum() and not NO_SENTENCE.match(line)
    return ends_open and len(words_of(line)) >= LEAST_SENTENCE_WORDS and bool(CLOSING_SIGN.search(text))
