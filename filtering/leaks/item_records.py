"""What the records of benchmarks in prose mean: their question, right answer and passage, by usual names.

The forms are those in which people have ARC, MMLU, HellaSwag, PIQA, SQuAD and the like, samples of
lm-evaluation-harness, and prompts with completions or choices.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from filtering.errors import SettingsError
from filtering.printable import listed

QUESTION_NAMES = (
    *("questionstem", "stem", "premise", "question", "query", "ctx", "goal", "sentence", "problem"),
    *("prompt", "instruction", "problemstatement", "input", "statement", "text", "content", "description"),
)
ANSWER_NAMES = (
    *("correctanswer", "bestanswer", "answerkey", "answer", "answers", "label", "gold", "solution"),
    *("completion", "target", "output", "response"),
)
CHOICES_NAMES = ("choices", "options", "endings", "answerchoices", "candidates")
PASSAGE_NAMES = (
    *("passage", "context", "article", "story", "support", "background", "paragraph", "document"),
    "fact1",
)
"""Names of parts as `_plain` has them, those that say most first."""
PART_NAMES = {
    "prompt": QUESTION_NAMES,
    "choices": CHOICES_NAMES,
    "solution": ANSWER_NAMES,
    "passage": PASSAGE_NAMES,
}
"""By the parts of `Fields`."""
NUMBERED = re.compile(r"(?:choice|option|sol|ending|answer|)([a-j0-9])")
"""Choices that have a field each, as ``sol1``, ``answerB`` or ``C``."""
LETTERS = "abcdefghij"
LABEL_MARKS = "().: "
"""What may stand about the label of an answer, as in ``(B)``."""

EXAMPLE_ITEMS = 5
"""A paragraph that more prompts begin with is a worked example, or tells what to do."""
LEADING = re.compile(r"\A\s*(?:question|q|problem|input|instruction)\s*[:.]\s+", re.IGNORECASE)
TRAILING = re.compile(r"\s*\b(?:answer|a|solution|output|response)\s*:\s*\Z", re.IGNORECASE)
LISTED_CHOICES = re.compile(
    r"\s+(?:(?:options|choices)\s*:\s*)?\(?[aA][.):]\s.+?\s\(?[bB][.):]\s.*", re.DOTALL | re.IGNORECASE
)
"""Choices that stand after a question, in any order."""
BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:question|q)\s*:)", re.IGNORECASE)
"""Between a passage and its question."""
PASSAGE_WORDS, QUESTION_WORDS = 13, 5
"""Of a passage before a question, and of that question, at least: else both are one question."""
NUMBER = re.compile(r"-?[0-9]{1,9}")
CALCULATION = re.compile(r"<<.*?>>|####")
"""What GSM8K has in its answers for a calculator."""


@dataclass(frozen=True)
class NumberedAnswer:
    """A right answer that is told by a number: all items of a benchmark tell from where on it counts.

    Parameters
    ----------
    number : int
    choices : tuple of str
    usual_first : int, optional
        The usual number of the first choice in this form; None where there is no usual one.
    """

    number: int
    choices: tuple[str, ...]
    usual_first: int | None

    def text(self, first: int) -> str:
        """Return the right choice where the first one has this number; empty if there is no such choice."""
        place = self.number - first
        return self.choices[place] if 0 <= place < len(self.choices) else ""


def first_number(answers: Sequence[NumberedAnswer], where: str) -> int:
    """Return the number of the first choice, as the answers of a benchmark tell: 0 or 1.

    An answer 0 tells that it is 0, else one as large as the number of choices that it is 1. If there is
    neither, what is usual counts: 0 for a list of choices and for numbers in JSON, as in MMLU, HellaSwag and
    PIQA; for a text such as ``"2"`` the number that is in the name of the first choice, as in Winogrande.

    Parameters
    ----------
    answers : sequence of NumberedAnswer
        Of all items that have one.
    where : str
        File, for errors.

    Raises
    ------
    SettingsError
        If it cannot be told.

    Examples
    --------
    >>> ends = ("red", "blue", "green")
    >>> [first_number([NumberedAnswer(number, ends, None)], "a") for number in (0, 3)]
    [0, 1]
    """
    if any(one.number == 0 for one in answers):
        return 0
    if any(one.number == len(one.choices) for one in answers):
        return 1
    usual = {one.usual_first for one in answers if one.number > 0} or {0}
    if len(usual) > 1 or None in usual:
        raise SettingsError(
            f"Numbers of right answers must tell whether they count from 0 or from 1. In {where} none is 0, "
            "and none is the number of choices. Give the answers as letters or as texts, or leave "
            "them out of the file."
        )
    return next(iter(usual)) or 0


def parts_of(
    record: Mapping[Any, Any], where: str, named: Mapping[str, Any] = MappingProxyType({})
) -> tuple[str, str | NumberedAnswer, str]:
    """Return the question, the right answer and the passage of an item; what it lacks is empty.

    A question that is null or empty is so too: such an item is counted among those that cannot be told.

    Parameters
    ----------
    record : mapping
    where : str
        File and task, for errors.
    named : mapping, optional
        Parts (`PART_NAMES`) that somebody named; the others are told by their usual names.

    Raises
    ------
    SettingsError
        If it has no field of a question under a usual name.

    Examples
    --------
    >>> parts_of({"text": "Red?", "answer": "B", "sol1": "grass"}, "a", {"choices": ["grass", "blood"]})
    ('Red?', 'blood', '')
    """
    flat = flattened(record)
    for part in named.keys() & PART_NAMES.keys():
        flat = {name: value for name, value in flat.items() if name not in PART_NAMES[part]}
        flat[PART_NAMES[part][0]] = named[part]
    choices = choices_of(_first(flat, CHOICES_NAMES))
    fields = [] if choices else _choices_in_fields(flat)
    question = _first_text(flat, QUESTION_NAMES)
    passage = _first_text(flat, PASSAGE_NAMES)
    is_named = any(
        flat[name] is None or isinstance(flat[name], str) for name in QUESTION_NAMES if name in flat
    )
    if not is_named and not choices and not fields:
        raise SettingsError(
            "Each task must have a question, such as question or prompt. "
            f"{where} has {listed(sorted(map(str, record))) or 'none'}. "
            "Say which field is which: --fields question=NAME,choices=NAME,answer=NAME. "
            "Leave out what it lacks, and what has a usual name."
        )
    answer = right_answer(_first(flat, ANSWER_NAMES), choices or fields, has_fields=bool(fields))
    return question, answer, passage


def flattened(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the fields of a record by plain names; of a sample of lm-evaluation-harness those of its task.

    Examples
    --------
    >>> flattened({"question": {"stem": "Why?", "choices": []}, "answerKey": "A"})
    {'stem': 'Why?', 'choices': [], 'answerkey': 'A'}
    """
    inner = record.get("doc")
    if isinstance(inner, dict):
        task = flattened(inner)
        has_answer = _first(task, ANSWER_NAMES) is not None
        task = task if has_answer else {**task, "target": record.get("target")}
        given = "" if _first_text(task, QUESTION_NAMES) else _given(record)
        return {**task, "prompt": given} if given else task
    flat: dict[str, Any] = {}
    for name, value in record.items():
        plain = _plain(name)
        if plain == "question" and isinstance(value, dict):
            flat |= {_plain(inside): one for inside, one in value.items()}
        else:
            flat.setdefault(plain, value)
    return flat


def right_answer(
    answer: object, choices: Sequence[tuple[str, str]], *, has_fields: bool = False
) -> str | NumberedAnswer:
    """Return the text of the right answer, be it told by its label or as a text, or its number.

    Parameters
    ----------
    answer : object
    choices : sequence of (str, str)
        Labels and texts.
    has_fields : bool
        Whether labels are those of fields, such as ``sol1``: a number in them is none that answers must have.

    Examples
    --------
    >>> ends = [("1", "red"), ("2", "blue")]
    >>> right_answer("2", ends), right_answer("(1)", ends), right_answer("green", ends)
    ('blue', 'red', 'green')
    >>> right_answer("2", ends, has_fields=True)
    NumberedAnswer(number=2, choices=('red', 'blue'), usual_first=1)
    """
    if isinstance(answer, dict):
        answer = next((answer[name] for name in ("text", "value") if name in answer), None)
    if isinstance(answer, list | tuple):
        answer = answer[0] if answer else None
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)  # as a column of numbers has it where one is missing
    text = "" if answer is None else str(answer).strip()
    by_label = {label.lower(): choice for label, choice in choices}
    label = text.lower() if text.lower() in by_label else text.lower().strip(LABEL_MARKS)
    if label in by_label and not (has_fields and label.isdecimal()):
        return by_label[label]
    if choices and NUMBER.fullmatch(text):
        usual: int | None = 0
        if has_fields and isinstance(answer, str):
            usual = int(choices[0][0]) if choices[0][0].isdecimal() else None
        return NumberedAnswer(int(text), tuple(choice for _, choice in choices), usual)
    return CALCULATION.sub("", text).strip()


def choices_of(value: object) -> list[tuple[str, str]]:
    """Return the labels and texts of choices, be they a list, or a table of both.

    Examples
    --------
    >>> choices_of(["red", "blue"]), choices_of({"text": ["red"], "label": ["1"]})
    ([('a', 'red'), ('b', 'blue')], [('1', 'red')])
    """
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list | tuple) and isinstance(labels, list | tuple):
            return [(str(label), str(text)) for label, text in zip(labels, texts, strict=False)]
        return [(str(label), str(text)) for label, text in value.items()]
    if not isinstance(value, list | tuple):
        return []
    tables = [one if isinstance(one, dict) else {"text": one} for one in value]
    return [
        (str(one.get("label", LETTERS[at % len(LETTERS)])), str(one.get("text", "")))
        for at, one in enumerate(tables)
    ]


def fields_of_choices(record: Mapping[Any, Any], answer: object) -> set[str]:
    """Return the fields of a record whose choices an answer may tell by a number or a letter.

    Examples
    --------
    >>> fields_of_choices({"ask": "Which is red?", "ends": ["blood", "grass"], "key": 1}, 1)
    {'ends'}
    """
    named = {str(name): choices_of(value) for name, value in record.items()}
    return {name for name, choices in named.items() if len(choices) > 1 and _tells_one(answer, choices)}


def _tells_one(answer: object, choices: Sequence[tuple[str, str]]) -> bool:
    found = right_answer(answer, choices)
    if isinstance(found, NumberedAnswer):
        return 0 <= found.number <= len(choices)
    return found != str(answer).strip() and found in [choice.strip() for _, choice in choices]


def without_examples(prompts: Sequence[str]) -> list[str]:
    """Return prompts without the paragraphs before them that many have: worked examples, and what to do."""
    paragraphs = [one.split("\n\n") for one in prompts]
    counts = Counter(paragraph for one in paragraphs for paragraph in set(one[:-1]))
    starts = [
        next(
            (at for at, paragraph in enumerate(one[:-1]) if counts[paragraph] <= EXAMPLE_ITEMS), len(one) - 1
        )
        for one in paragraphs
    ]
    return ["\n\n".join(one[start:]) for one, start in zip(paragraphs, starts, strict=True)]


def question_alone(prompt: str) -> str:
    r"""Return a question without what stands about it: labels, and choices.

    Examples
    --------
    >>> question_alone("Question: Which is red?\n(A) blood\n(B) grass\nAnswer:")
    'Which is red?'
    """
    text = TRAILING.sub("", LEADING.sub("", prompt))
    return (LISTED_CHOICES.sub("", text) or text).strip()


def passage_apart(prompt: str) -> tuple[str, str]:
    r"""Return the passage that a prompt begins with, empty where it has none, and its question.

    A famous text is not a leak of every question about it.

    Examples
    --------
    >>> passage_apart("It was the best of times, it was the worst of times.\n\nWhat was it, all told?")
    ('', 'It was the best of times, it was the worst of times.\n\nWhat was it, all told?')
    >>> passage_apart(12 * "It was. " + "\nQuestion: What was it, all told?")[1]
    'What was it, all told?'
    """
    question = question_alone(prompt)
    *before, last = BREAK.split(question)
    passage = "\n".join(before).strip()
    if len(passage.split()) < PASSAGE_WORDS or len(last.split()) < QUESTION_WORDS:
        return "", question
    return passage, question_alone(last)


@lru_cache(maxsize=1024)  # records of a file have the same names
def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]+", "", str(name).lower())


def _first(flat: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401 - of any file
    return next((flat[name] for name in names if flat.get(name) not in (None, "")), None)


def _first_text(flat: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((flat[name].strip() for name in names if isinstance(flat.get(name), str) and flat[name]), "")


def _choices_in_fields(flat: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = [(NUMBERED.fullmatch(name), value) for name, value in flat.items()]
    fields = [(match[1], str(value)) for match, value in named if match and value is not None]
    return sorted(fields) if len(fields) > 1 else []


def _given(sample: Mapping[Any, Any]) -> str:
    """Return what a model was given in a sample of lm-evaluation-harness."""
    arguments = sample.get("arguments")
    while isinstance(arguments, dict | list) and arguments:
        arguments = arguments[0] if isinstance(arguments, list) else next(iter(arguments.values()))
    return arguments if isinstance(arguments, str) else ""
