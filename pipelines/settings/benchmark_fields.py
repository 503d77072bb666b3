"""The fields of benchmarks as they are named: ``question=ask,answer=key``, of all files or of one."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer
from typer import Option

from filtering.leaks.settings import Fields, benchmark_name
from pipelines.settings.base import LEAKS

FIELD_NAMES = tuple(vars(Fields()))
OF_PROSE = {"question": "prompt", "answer": "solution"}
"""What these fields are called where a task is no code."""


@dataclass(frozen=True)
class NamedFields:
    """The fields of a benchmark.

    Parameters
    ----------
    fields : Fields
    benchmark : str
        Name of the benchmark; empty for all that have no fields of their own.
    given : str
        What they were read from, which is shown; empty if they were given as `Fields`.
    """

    fields: Fields
    benchmark: str = ""
    given: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.given:
            return self.given
        words = ",".join(f"{name}={named}" for name, named in vars(self.fields).items() if named)
        return f"{self.benchmark}:{words}" if self.benchmark else words


def read_named_fields(given: object) -> tuple[NamedFields, ...]:
    """Return the fields of benchmarks from words, one text or a list: ``mine:question=ask,answer=key``.

    Raises
    ------
    ValueError
        If they cannot be read, or are given twice for a benchmark.

    Examples
    --------
    >>> [one.benchmark for one in read_named_fields(["prompt=ask", "mine.jsonl:prompt=q"])]
    ['', 'mine']
    """
    if given is None:
        return ()
    found: dict[str, NamedFields] = {}
    for one in given if isinstance(given, (list, tuple)) else (given,):
        named = one if isinstance(one, NamedFields) else _named_fields(one)
        if named.benchmark in found:
            whose = f"for {named.benchmark}" if named.benchmark else "for all benchmarks"
            raise ValueError(f"must be given once {whose}. Name others as BENCHMARK:question=NAME")
        found[named.benchmark] = named
    return tuple(found.values())


def _named_fields(given: object) -> NamedFields:
    if isinstance(given, Fields):
        return NamedFields(given)
    if not isinstance(given, str):
        raise ValueError("must be words such as question=ask,answer=key, or a list of them")
    benchmark, colon, words = given.partition(":")
    if not colon or "=" in benchmark:
        return NamedFields(read_fields(given), given=given)
    return NamedFields(read_fields(words), benchmark_name(benchmark), given)


def read_fields(words: str) -> Fields:
    """Return the fields that words name, such as ``id=task,question=ask,choices=ends,answer=key``.

    Raises
    ------
    ValueError
        If they cannot be read.

    Examples
    --------
    >>> read_fields("question=ask,answer=key").solution
    'key'
    """
    pairs = [word.partition("=") for word in words.split(",")]
    found = {OF_PROSE.get(name.strip(), name.strip()): field.strip() for name, _, field in pairs}
    if not found.keys() <= set(FIELD_NAMES) or not all(found.values()) or len(found) < len(pairs):
        raise ValueError(
            f"must be like id=task_id,prompt=question,solution=answer, "
            f"of {', '.join((*FIELD_NAMES, *OF_PROSE))}"
        )
    if not {"prompt", "solution"} & set(found):
        raise ValueError(
            f"must name prompt or solution: these are what is looked for. For example: "
            f"id={next(iter(found.values()))},prompt={next(iter(found.values()))}"
        )
    return Fields(**{"id": "", "prompt": "", **found})


BenchmarkFields = Annotated[
    tuple[NamedFields, ...],
    BeforeValidator(read_named_fields),
    PlainSerializer(lambda named: tuple(map(str, named))),
    Option(
        metavar="FIELDS",
        rich_help_panel=LEAKS,
        help="Names of the benchmark's fields, such as question=ask,choices=ends,answer=right; "
        "also passage, or prompt and solution of code. For one of several files, begin with its name: "
        "mine.jsonl:question=ask. Repeat it for more files. What is not named keeps its usual names.",
    ),
]
