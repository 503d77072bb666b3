"""What the records of benchmarks in prose mean: their question, right answer and passage, by usual names.

The forms are those in which people have ARC, MMLU, HellaSwag, PIQA, SQuAD and the like, samples of
lm-evaluation-harness, and prompts with completions or choices.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
NUMBERED = re.compile(r"(?:choice|option|sol|ending|answer|)([a-j0-9])")
"""Choices that have a field each, as ``sol1``, ``answerB`` or ``C``."""
LETTERS = "abcdefghij"

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
CALCULATION = re.compile(r"<<.*?>>|####")
"""What GSM8K has in its answers for a calculator."""


def parts_of(record: Mapping[Any, Any], where: str) -> tuple[str, str, str]:
    """Return the question, the right answer and the passage of an item; what it lacks is empty.

    Parameters
    ----------
    record : mapping
    where : str
        File and task, for errors.

    Raises
    ------
    SettingsError
        If it has no question under a usual name.
    """
    flat = flattened(record)
    choices = _choices_in(flat)
    question = _first_text(flat, QUESTION_NAMES)
    passage = _first_text(flat, PASSAGE_NAMES)
    if not question and not choices:
        raise SettingsError(
            "Each task must have a question, such as question or prompt. "
            f"{where} has {listed(sorted(map(str, record))) or 'none'}. "
            "Say which field it is: --fields question=NAME,answer=NAME"
        )
    return question, right_answer(_first(flat, ANSWER_NAMES), choices), passage


def flattened(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the fields of a record by plain names; of a sample of lm-evaluation-harness those of its task.

    Examples
    --------
    >>> flattened({"question": {"stem": "Why?", "choices": []}, "answerKey": "A"})
    {'stem': 'Why?', 'choices': [], 'answerkey': 'A'}
    """
    inner = record.get("doc")
    if isinstance(inner, Mapping):
        task = flattened(inner)
        has_answer = _first(task, ANSWER_NAMES) is not None
        task = task if has_answer else {**task, "target": record.get("target")}
        return task if _first_text(task, QUESTION_NAMES) else {**task, "prompt": _given(record)}
    flat: dict[str, Any] = {}
    for name, value in record.items():
        plain = _plain(name)
        if plain == "question" and isinstance(value, Mapping):
            flat |= {_plain(inside): one for inside, one in value.items()}
        else:
            flat.setdefault(plain, value)
    return flat


def right_answer(answer: object, choices: Sequence[tuple[str, str]]) -> str:
    """Return the text of the right answer, be it told by its label, its place from 0, or as a text.

    Parameters
    ----------
    answer : object
    choices : sequence of (str, str)
        Labels and texts.

    Examples
    --------
    >>> ends = [("1", "red"), ("2", "blue")]
    >>> right_answer("2", ends), right_answer(0, ends), right_answer("green", ends)
    ('blue', 'red', 'green')
    """
    if isinstance(answer, Mapping):
        answer = next((answer[name] for name in ("text", "value") if name in answer), None)
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        answer = answer[0] if answer else None
    if isinstance(answer, int) and not isinstance(answer, bool) and choices:
        return choices[answer][1] if 0 <= answer < len(choices) else ""
    text = "" if answer is None else str(answer).strip()
    by_label = {label.lower(): choice for label, choice in choices}
    if text.lower() in by_label:
        return by_label[text.lower()]
    if choices and text.isdecimal():
        return choices[int(text)][1] if int(text) < len(choices) else ""
    return CALCULATION.sub("", text).strip()


def choices_of(value: object) -> list[tuple[str, str]]:
    """Return the labels and texts of choices, be they a list, or a table of both.

    Examples
    --------
    >>> choices_of(["red", "blue"]), choices_of({"text": ["red"], "label": ["1"]})
    ([('a', 'red'), ('b', 'blue')], [('1', 'red')])
    """
    if isinstance(value, Mapping):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, Sequence) and isinstance(labels, Sequence):
            return [(str(label), str(text)) for label, text in zip(labels, texts, strict=False)]
        return [(str(label), str(text)) for label, text in value.items()]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    tables = [one if isinstance(one, Mapping) else {"text": one} for one in value]
    return [
        (str(one.get("label", LETTERS[at % len(LETTERS)])), str(one.get("text", "")))
        for at, one in enumerate(tables)
    ]


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


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]+", "", str(name).lower())


def _first(flat: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401 - of any file
    return next((flat[name] for name in names if flat.get(name) not in (None, "")), None)


def _first_text(flat: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((flat[name].strip() for name in names if isinstance(flat.get(name), str) and flat[name]), "")


def _choices_in(flat: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = choices_of(_first(flat, CHOICES_NAMES))
    named = [(NUMBERED.fullmatch(name), value) for name, value in flat.items()]
    fields = [(match[1], str(value)) for match, value in named if match and value is not None]
    return found or (sorted(fields) if len(fields) > 1 else [])


def _given(sample: Mapping[Any, Any]) -> str:
    """Return what a model was given in a sample of lm-evaluation-harness."""
    arguments = sample.get("arguments")
    while isinstance(arguments, Mapping | list) and arguments:
        arguments = arguments[0] if isinstance(arguments, list) else next(iter(arguments.values()))
    return arguments if isinstance(arguments, str) else ""
