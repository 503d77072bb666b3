"""Tasks of benchmarks, of code or of prose, from files as their users have them (`benchmark_files.py`)."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import benchmark_files
from filtering.leaks.benchmark_files import read_records
from filtering.leaks.item_records import (
    NumberedAnswer,
    fields_of_choices,
    first_number,
    parts_of,
    passage_apart,
    question_alone,
    without_examples,
)
from filtering.leaks.settings import Fields, benchmark_name
from filtering.printable import listed

Kind = Literal["code", "prose"]


@dataclass(frozen=True)
class Task:
    """One task of a benchmark; parts that it lacks are empty.

    Parameters
    ----------
    id : str
        As its benchmark has it, such as ``HumanEval/2``.
    benchmark : str
        Name of the file it came from, without endings.
    prompt, solution, test : str
        In prose, the prompt is the question, and the solution the right answer.
    entry_point : str
        Name of the function that is asked for.
    passage : str
        What the question is about.
    kind : {"code", "prose"}
        How it is looked for.
    passage_leaks : bool
        Whether a text that holds its passage alone leaks it.
    is_common : bool
        Whether it is text that everybody has, so that no text leaks it.
    """

    id: str
    benchmark: str
    prompt: str
    solution: str
    test: str = ""
    entry_point: str = ""
    passage: str = ""
    kind: Kind = "code"
    passage_leaks: bool = False
    is_common: bool = False


Parts = dict[str, str]
"""Of a task, by the names that `Task` has. It is made when all are told: a hundred thousand take time."""

LAYOUTS = {
    "HumanEval": Fields(solution="canonical_solution", test="test", entry_point="entry_point"),
    "MBPP": Fields(prompt="text", solution="code", test="test_list"),
    "sanitized MBPP": Fields(solution="code", test="test_list"),
}
"""Told by their fields, in this order."""

USUAL_NAMES = {
    "id": ("task_id", "id", "question_id", "problem_id", "instance_id", "name", "slug"),
    "prompt": (
        *("prompt", "question", "problem", "text", "instruction", "description", "problem_statement"),
        *("input", "content", "query"),
    ),
    "solution": ("canonical_solution", "solution", "code", "answer", "output", "response", "completion"),
}
"""Names under which benchmarks have the parts of a task, those that say most first: for an example."""
NAMES_OF_IDS = (
    *("task_id", "id", "question_id", "problem_id", "instance_id", "doc_id", "name", "slug", "ind", "idx"),
)
"""Of items in prose."""
SOLUTIONS_OF_CODE = ("canonical_solution", "code")

NONE_NAMED = Fields(id="", prompt="")
TEXTS = ("id", "prompt", "passage")
"""Parts of an item in prose that are texts; a right answer may be more."""

CODE = re.compile(
    r"^\s*(?:(?:async +)?def +\w+ *\(|(?:public|private|static|function|func|fn|class|import) +\w|"
    r"#include\b|from +[\w.]+ +import\b)",
    re.MULTILINE,
)
"""A line by which code is told."""


def read_benchmark(path: str | Path, fields: Fields | None = None) -> tuple[Task, ...]:
    """Return the tasks of a benchmark.

    Parameters
    ----------
    path : str or Path
        Its name ends in one of `benchmark_files.ENDINGS`.
    fields : Fields, optional
        What is not named is told by its usual names (`LAYOUTS`, and `item_records.py` for prose).

    Raises
    ------
    SettingsError
        If there is no such file, or it has other endings, no tasks, not these fields, or tasks of one id; or
        if it cannot be told whether numbers of right answers count from 0 or from 1, or of which choices.
    BadFileError
        If the file cannot be read.
    """
    path = Path(path)
    name = benchmark_name(path)
    tasks, layout = _tasks_of(path, name, fields)
    if not tasks:
        raise SettingsError(f"A benchmark must have at least one task. {path} has none.")
    ids = layout or fields
    if ids is not None and ids.id:
        _check_ids(tasks, path, ids)
    elif len({one["id"] for one in tasks}) < len(tasks):
        for at, one in enumerate(tasks):
            one["id"] = _numbered(name, at)
    if layout is None:
        prompts = without_examples([one["prompt"] for one in tasks])
        for one, prompt in zip(tasks, prompts, strict=True):
            one["prompt"] = prompt
    is_code = layout is not None or 2 * sum(map(_is_code, tasks)) >= len(tasks)
    for one in tasks:
        one |= _function_of(one) if is_code else _in_prose(one)
    kind: Kind = "code" if is_code else "prose"
    return tuple(
        Task(benchmark=name, kind=kind, passage_leaks=False, is_common=False, **one) for one in tasks
    )


def _tasks_of(path: Path, benchmark: str, fields: Fields | None) -> tuple[list[Parts], Fields | None]:
    """Return the tasks of a file, and the layout of code that they have; None for others."""
    layout, text_bytes = None, 0
    named = fields or NONE_NAMED
    tasks: list[Parts] = []
    numbered: dict[int, NumberedAnswer] = {}
    unnamed: set[str] | None = None  # fields that may hold the choices of all answers so far
    for at, read in enumerate(read_records(path), 1):
        record = _checked(read, named, at, path)
        if at == 1:
            layout = _layout_of(record, named)
        if layout is None:
            task, answer = _item_of(record, named, benchmark, at, path)
            told = record[named.solution] if named.solution and not named.choices else ""
            if answer and answer == str(told) and unnamed != set():
                found = fields_of_choices(record, told)
                unnamed = found if unnamed is None else unnamed & found
        else:
            task = _task_of(_checked(record, layout, at, path), layout, benchmark, at, path)
            answer = task["solution"]
        if isinstance(answer, NumberedAnswer):
            numbered[len(tasks)] = answer
            text_bytes += sum(map(len, answer.choices))
        else:
            task["solution"] = answer
        tasks.append(task)
        text_bytes += sum(map(len, task.values()))
        if text_bytes > benchmark_files.TEXT_BYTES:
            raise BadFileError(benchmark_files.too_large(path))
    if unnamed:
        _refuse_unnamed_choices(min(unnamed), path, named)
    first = first_number(list(numbered.values()), str(path))
    for place, answer in numbered.items():
        tasks[place]["solution"] = answer.text(first)
    return tasks, layout


def _in_prose(task: Parts) -> Parts:
    """Return the question and the passage of a task."""
    if task["passage"]:
        return {"prompt": question_alone(task["prompt"])}
    passage, question = passage_apart(task["prompt"])
    return {"prompt": question, "passage": passage}


def _function_of(task: Parts) -> Parts:
    """Return the name of the function that a task of code asks for."""
    name = task.get("entry_point") or _first_function(task["solution"]) or _first_function(task["prompt"])
    return {"entry_point": name}


def _is_code(task: Parts) -> bool:
    """Tell whether a task without a layout of code is about code, and not a question that has words alone."""
    return CODE.search(f"{task['prompt']}\n{task['solution']}") is not None


def _layout_of(record: Mapping[Any, Any], fields: Fields) -> Fields | None:
    """Return the layout of a record of code, with the fields that are named; None if it has none."""
    given = {part: name for part, name in vars(fields).items() if name}
    if fields.test or fields.entry_point:
        free = record.keys() - set(given.values())
        usual = {part: next((one for one in names if one in free), "") for part, names in USUAL_NAMES.items()}
        return Fields(**{**usual, **given})
    layouts = [replace(one, **given) for one in LAYOUTS.values()]
    return next((one for one in layouts if record.keys() >= set(one.names())), None)


def _item_of(
    record: Mapping[Any, Any], fields: Fields, benchmark: str, at: int, path: Path
) -> tuple[Parts, str | NumberedAnswer]:
    """Return an item without its right answer, and that."""
    where = f"{path}, task {at}"
    named = {part: record[name] for part, name in vars(fields).items() if name}
    texts = {part: _text_of(named[part], getattr(fields, part), where) for part in TEXTS if part in named}
    taken = fields.names()
    others = {name: value for name, value in record.items() if name not in taken}
    question, answer, passage = parts_of(others, where, {**named, **texts})
    if isinstance(told := named.get("solution"), str) and answer == told.strip():
        answer = told  # its blanks count, if it is code
    parts = {"prompt": question, "solution": "", "passage": passage}
    if "id" in texts:
        return {"id": texts["id"], **parts}, answer
    doc = others.get("doc")  # of a sample of lm-evaluation-harness: what the task calls itself goes first
    ids = {**others, **doc} if isinstance(doc, dict) else others
    found = str(next((ids[name] for name in NAMES_OF_IDS if isinstance(ids.get(name), str | int)), at - 1))
    return {"id": _numbered(benchmark, found) if found.isdecimal() else found, **parts}, answer


def _numbered(benchmark: str, number: object) -> str:
    """Return the id of a task that has a number alone: where ids are listed, they tell no benchmark.

    Places in a file count from 0, as ids of published benchmarks and rows do.
    """
    return f"{benchmark}/{number}"


def _other_fields(path: Path, fields: Fields, has: Collection[object]) -> str:
    """Return the option that names the fields of a file as they were named, but for those that it lacks.

    Examples
    --------
    >>> of = {"ask", "ends", "key", "name"}
    >>> _other_fields(Path("a/odd.jsonl"), Fields(id="nr", prompt="ask", choices="end", solution="key"), of)
    '--fields odd.jsonl:id=name,question=ask,answer=key,choices=NAME'
    """
    found = {
        part: name if name in has else next((one for one in USUAL_NAMES.get(part, ()) if one in has), "NAME")
        for part, name in vars(fields).items()
        if name
    }
    if found.get("id") == "NAME":  # tasks without an id are numbered
        del found["id"]
    is_code = fields.test or fields.entry_point or found.get("solution") in SOLUTIONS_OF_CODE
    words = {} if is_code else {"prompt": "question", "solution": "answer"}
    named = ",".join(f"{words.get(part, part)}={name}" for part, name in found.items())
    return f"--fields {shlex.quote(f'{path.name}:{named}')}"


def _checked(record: object, fields: Fields, at: int, path: Path) -> Mapping[Any, Any]:
    """Return a record that has these fields."""
    where = f"{path}, task {at}"
    if not isinstance(record, dict):
        raise SettingsError(f"A task must be a JSON object. Got {type(record).__name__} instead ({where}).")
    if missing := sorted(set(fields.names()) - set(record)):
        raise SettingsError(
            f"Each task must have the field {missing[0]!r}. {where} lacks it; it has "
            f"{listed(sorted(map(str, record))) or 'none'}. Name another, for this file alone: "
            f"{_other_fields(path, fields, record)}"
        )
    return record


def _task_of(record: Mapping[Any, Any], layout: Fields, benchmark: str, at: int, path: Path) -> Parts:
    """Return a task of code."""
    named = {part: name for part, name in vars(layout).items() if name and part != "choices"}
    texts = {part: _text_of(record[name], name, f"{path}, task {at}") for part, name in named.items()}
    return {"id": _numbered(benchmark, at - 1), "prompt": "", "solution": "", **texts}


def _refuse_unnamed_choices(choices: str, path: Path, fields: Fields) -> None:
    """Refuse answers that are numbers or letters of choices which are not named: nothing would be found."""
    parts = {"id": fields.id, "question": fields.prompt, "choices": choices, "answer": fields.solution}
    named = ",".join(f"{part}={name}" for part, name in parts.items() if name)
    raise SettingsError(
        f"Right answers that are numbers or letters must come with their choices. All answers of {path} tell "
        f"a place in the field {choices!r}, which is not named. Name it: --fields {named}. Or name no answer."
    )


def _text_of(value: object, name: str, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    raise SettingsError(
        f"{name!r} must be text, a number or a list of texts. Got {type(value).__name__} instead ({where})."
    )


def _first_function(solution: str) -> str:
    """Return the name of the last function that stands at the margin; those before it are its helpers."""
    names = [line[4:].partition("(")[0].strip() for line in solution.splitlines() if line.startswith("def ")]
    return names[-1] if names else ""


def _check_ids(tasks: Sequence[Parts], path: Path, fields: Fields) -> None:
    seen: set[str] = set()
    for at, task in enumerate(tasks, 1):
        if not task["id"] or task["id"] in seen:
            what = "that of another task" if task["id"] else "none"
            prompt = fields.prompt or fields.solution
            parts = {**vars(fields), "id": prompt}.items()
            named = ",".join(f"{part}={name}" for part, name in parts if name)
            way_on = f"Name another field of ids, or let another one stand for it: --fields {named}"
            if fields.id == prompt:
                way_on = "Leave out what comes twice, or is empty."
            raise SettingsError(
                f"Each task must have an id of its own. Task {at} of {path} has {what} in the field "
                f"{fields.id!r}. {way_on}"
            )
        seen.add(task["id"])
