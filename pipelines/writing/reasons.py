"""What reasons against texts mean, in words, and what more there is to say of a single text."""

from collections.abc import Mapping

from annotations.asking.prompt import ENDLESS
from annotations.writing.checks import LACKS_WORD, TOO_LONG, TOO_SHORT, missing_words
from annotations.writing.exercises import DOES_NOT_PARSE, NO_FUNCTION, NO_TESTS
from annotations.writing.recipe import Recipe
from annotations.writing.word_forms import words_of
from pipelines.writing.attempts import NO_ANSWER, NOT_ASKED, Attempt
from pipelines.writing.code_runs.run_code import (
    ENDS_EARLY,
    FAILS_TESTS,
    TAKES_MEMORY,
    TAKES_TOO_LONG,
    WANTS_MODULE,
)
from pipelines.writing.marks import LOW_GRADE, LOW_SCORE, NO_GRADE
from pipelines.writing.sieve import HOLDS_TASK, LIKE_OTHERS, NEAR_DUPLICATE, Likeness

MEANINGS: Mapping[str, str] = {
    TOO_SHORT: "it has fewer words than min_words of the recipe",
    TOO_LONG: "it has more words than max_words of the recipe",
    "other language": "most of it is in another language than the recipe asks for",
    "refusal": "the model would not write it",
    "talk about the task": "it speaks of what was asked, or of itself as a model",
    "echo of the request": "it repeats what was asked",
    LACKS_WORD: "a word that was drawn for it is not in it",
    DOES_NOT_PARSE: "it is no Python",
    NO_FUNCTION: "it has no function with a docstring that does something",
    NO_TESTS: "it has no tests that use its function",
    "repeats itself": "it says the same again and again",
    "cut": "it ends within a sentence or within code, or had more tokens than --max-reply-tokens",
    ENDLESS: "the model was still thinking when its tokens ended",
    FAILS_TESTS: "a test does not hold, or the code raises an error",
    TAKES_TOO_LONG: "it was killed after 10 seconds, or after 5 seconds of a core",
    TAKES_MEMORY: "a process wanted more than 512 MiB",
    WANTS_MODULE: "it imports what is no part of Python",
    ENDS_EARLY: "it ended by itself, with sys.exit() say",
    HOLDS_TASK: "a task of --decontaminate is in it",
    NEAR_DUPLICATE: "another text here says nearly the same",
    LIKE_OTHERS: "a text of --against says nearly the same",
    NO_GRADE: "the grader gave it none",
    LOW_GRADE: "its grade is below --keep-grade",
    LOW_SCORE: "its edu_score is below --keep-at",
    NOT_ASKED: "the budget ended before it",
    NO_ANSWER: "the endpoint gave none",
}
"""By reason. What an endpoint says for itself is not among them."""


def detail_of(attempt: Attempt, fault: str, recipe: Recipe) -> str:
    """Return what more there is to say of what is wrong with a text: which words, how many, which other."""
    checks = recipe.checks
    if fault in (TOO_SHORT, TOO_LONG):
        bound = f"at least {checks.min_words:,}" if fault == TOO_SHORT else f"at most {checks.max_words:,}"
        return f"{len(words_of(attempt.answer)):,} words, of {bound}"
    if fault == LACKS_WORD:
        return f"without {', '.join(missing_words(attempt.answer, checks, attempt.draw.slots))}"
    return f"like {fault.other}" if isinstance(fault, Likeness) else ""
