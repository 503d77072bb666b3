"""Benchmarks as their users have them: JSONL, also gzipped, or Parquet. Nothing is shipped or downloaded."""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import BadFileError, SettingsError
from filtering.leaks.settings import Fields


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
    entry_point : str
        Name of the function that is asked for.
    """

    id: str
    benchmark: str
    prompt: str
    solution: str
    test: str = ""
    entry_point: str = ""


LAYOUTS = {
    "HumanEval": Fields(solution="canonical_solution", test="test", entry_point="entry_point"),
    "MBPP": Fields(prompt="text", solution="code", test="test_list"),
    "sanitized MBPP": Fields(solution="code", test="test_list"),
}
"""Told by their fields, in this order."""


def read_benchmark(path: str | Path, fields: Fields | None = None) -> tuple[Task, ...]:
    """Return the tasks of a benchmark.

    Parameters
    ----------
    path : str or Path
        ``.jsonl``, ``.jsonl.gz`` or ``.parquet``.
    fields : Fields, optional
        Layouts of `LAYOUTS` are told by their fields if not given.

    Raises
    ------
    SettingsError
        If the file has other endings, no tasks, not these fields, or tasks of the same id.
    BadFileError
        If the file cannot be read.
    """
    path = Path(path)
    records = _read_records(path)
    if not records:
        raise SettingsError(f"A benchmark must have at least one task. {path} has none.")
    if fields is None:
        fields = _layout_of(records[0], path)
    name = path.name.split(".")[0]
    tasks = tuple(
        _task_of(record, fields, name, f"{path}, task {at}") for at, record in enumerate(records, 1)
    )
    _check_ids(tasks, path)
    return tasks


def _read_records(path: Path) -> list[object]:
    try:
        if path.name.endswith(".parquet"):
            records: list[object] = pq.read_table(path).to_pylist()
            return records
        if path.name.endswith(".jsonl"):
            return _read_lines(path.read_bytes(), path)
        if path.name.endswith(".jsonl.gz"):
            return _read_lines(gzip.decompress(path.read_bytes()), path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise BadFileError(f"A benchmark must be a file that can be read. {path} is not: {error}") from error
    raise SettingsError(f"A benchmark's name must end in .jsonl, .jsonl.gz or .parquet. Got {path} instead.")


def _read_lines(data: bytes, path: Path) -> list[object]:
    records = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise BadFileError(
                f"A benchmark must hold one JSON object a line. {path}, line {number}: {what}."
            ) from None
    return records


def _layout_of(record: object, path: Path) -> Fields:
    has = set(record) if isinstance(record, Mapping) else set()
    for fields in LAYOUTS.values():
        if has.issuperset(fields.names()):
            return fields
    known = "; ".join(f"{name}: {', '.join(fields.names())}" for name, fields in LAYOUTS.items())
    raise SettingsError(
        f"A benchmark must have the fields of a known layout ({known}). {path} has "
        f"{', '.join(sorted(map(str, has))) or 'none'}. "
        "Name its fields (--fields id=...,prompt=...,solution=...)."
    )


def _task_of(record: object, fields: Fields, benchmark: str, where: str) -> Task:
    if not isinstance(record, Mapping):
        raise SettingsError(f"A task must be a JSON object. Got {type(record).__name__} instead ({where}).")
    values = {}
    for part, name in vars(fields).items():
        if name and name not in record:
            raise SettingsError(
                f"Each task must have the field {name!r}. {where} lacks it. Name another field (--fields)."
            )
        values[part] = _text_of(record[name], name, where) if name else ""
    if not values["entry_point"]:
        values["entry_point"] = _first_function(values["solution"])
    return Task(benchmark=benchmark, **values)


def _text_of(value: object, name: str, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    raise SettingsError(
        f"{name!r} must be text, a number or a list of texts. Got {type(value).__name__} instead ({where})."
    )


def _first_function(solution: str) -> str:
    """Return the name of the last function that stands at the margin; those before it are its helpers."""
    names = [line[4:].partition("(")[0].strip() for line in solution.splitlines() if line.startswith("def ")]
    return names[-1] if names else ""


def _check_ids(tasks: tuple[Task, ...], path: Path) -> None:
    seen: set[str] = set()
    for at, task in enumerate(tasks, 1):
        if not task.id or task.id in seen:
            what = "that of another task" if task.id else "none"
            raise SettingsError(f"Each task must have an id of its own. Task {at} of {path} has {what}.")
        seen.add(task.id)
