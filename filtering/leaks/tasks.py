"""Benchmarks as their users have them: JSONL, also gzipped, or Parquet. Nothing is shipped or downloaded."""

import gzip
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from filtering.being_read import being_read
from filtering.errors import BadFileError, EdufilterError, SettingsError
from filtering.leaks.settings import Fields
from filtering.parquet_footers import check_footer
from filtering.printable import listed, printable
from filtering.regular_files import check_regular, open_regular, parse_json
from filtering.wrong_values import near_path


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

USUAL_NAMES = {
    "id": ("task_id", "id", "question_id", "problem_id", "instance_id", "name", "slug"),
    "prompt": (
        *("prompt", "question", "problem", "text", "instruction", "description", "problem_statement"),
        *("input", "content", "query"),
    ),
    "solution": ("canonical_solution", "solution", "code", "answer", "output", "response", "completion"),
}
"""Names under which benchmarks have the parts of a task, those that say most first: for an example."""

LINE_BYTES = 64 << 20
LEAST_LINE_BYTES = 1 << 10
"""That a line counts for, since empty ones take time as well."""
BENCHMARK_BYTES = 4 << 30
"""Unpacked: some megabytes may become more than any memory holds."""
TEXT_BYTES = 256 << 20
"""Of all tasks together, which are held in memory; the largest benchmarks of code have a tenth."""
VALUE_BYTES = 16
"""That a value takes at least, beside its text."""
ROWS_AT_A_TIME = 64


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
        If there is no such file, or it has other endings, no tasks, not these fields, or tasks of one id.
    BadFileError
        If the file cannot be read.
    """
    path = Path(path)
    name = printable(os.fsencode(path.name).split(b".")[0])
    tasks: list[Task] = []
    text_bytes = 0
    for at, record in enumerate(read_records(path), 1):
        fields = fields or _layout_of(record, path)
        tasks.append(_task_of(record, fields, name, f"{path}, task {at}"))
        text_bytes += sum(map(len, vars(tasks[-1]).values()))
        if text_bytes > TEXT_BYTES:
            raise BadFileError(_too_large(path))
    if not tasks:
        raise SettingsError(f"A benchmark must have at least one task. {path} has none.")
    _check_ids(tasks, path, fields or Fields())
    return tuple(tasks)


def _too_large(path: Path) -> str:
    return (
        f"A benchmark must have at most {BENCHMARK_BYTES:,} bytes, unpacked, {LINE_BYTES:,} for each task, "
        f"and {TEXT_BYTES:,} of text in what is looked for. {path} has more. Leave out what is no task."
    )


def read_records(path: Path) -> Iterator[object]:
    """Yield the tasks of a file as they come: what they are unpacked to is bounded before it is read."""
    if not path.name.endswith((".jsonl", ".jsonl.gz", ".parquet")):
        raise SettingsError(
            f"A benchmark's name must end in .jsonl, .jsonl.gz or .parquet. Got {path} instead."
        )
    try:
        if check_regular(path, (path.resolve().parent,)) > BENCHMARK_BYTES:
            raise BadFileError(_too_large(path))
        if path.name.endswith(".parquet"):
            yield from _read_rows(path)
        else:
            with (
                gzip.open(path)
                if path.name.endswith(".gz")
                else open(path, "rb", opener=open_regular) as file
            ):
                yield from _read_lines(file, path)
    except EdufilterError:
        raise
    except FileNotFoundError:
        near = near_path(str(path))
        raise SettingsError(f"A benchmark must exist. Got '{printable(str(path))}' instead.{near}") from None
    except Exception as error:  # pyarrow raises nearly any
        raise BadFileError(f"A benchmark must be a file that can be read. {path} is not: {error}") from error


def _read_lines(file: IO[bytes] | gzip.GzipFile, path: Path) -> Iterator[object]:
    number, size = 0, 0
    while line := file.readline(LINE_BYTES + 1):
        number, size = number + 1, size + max(len(line), LEAST_LINE_BYTES)
        if len(line) > LINE_BYTES or size > BENCHMARK_BYTES:
            raise BadFileError(_too_large(path))
        if not line.strip():
            continue
        try:
            yield parse_json(line)
        except ValueError as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise BadFileError(
                f"A benchmark must hold one JSON object a line. {path}, line {number}: {what}."
            ) from None


def _read_rows(path: Path) -> Iterator[object]:
    """Yield the rows of a Parquet file, one by one, of texts that are not yet spread over them."""
    with being_read(str(path)), open(path, "rb", opener=open_regular) as opened:
        check_footer(opened, str(path))
        file = pq.ParquetFile(opened)
        groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        values = sum(column.num_values for column in columns)
        size = sum(column.total_uncompressed_size for column in columns)
        texts = [one.path_in_schema for one in columns if one.physical_type == "BYTE_ARRAY"]
    if size > BENCHMARK_BYTES or values * VALUE_BYTES > BENCHMARK_BYTES:
        raise BadFileError(_too_large(path))
    # A dictionary holds a text once, however often it comes: so it is counted before it is repeated.
    with pq.ParquetFile(path, read_dictionary=sorted(set(texts))) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
            for at in range(len(batch)):
                row = batch.slice(at, 1)
                if sum(map(_repeated_bytes, row.columns)) > LINE_BYTES:
                    raise BadFileError(_too_large(path))
                yield from row.to_pylist()


def _repeated_bytes(array: pa.Array) -> int:
    """Return the bytes of all texts in an array, at any depth, each as often as it comes."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        texts = pc.sum(lengths.take(array.indices.drop_null())).as_py() or 0
        return int(texts) + VALUE_BYTES * len(array)
    if pa.types.is_map(kind):
        return _repeated_bytes(array.keys) + _repeated_bytes(array.items)
    if pa.types.is_struct(kind):
        return sum(map(_repeated_bytes, array.flatten()))
    if kind.num_fields:  # a list of any kind
        return _repeated_bytes(array.flatten())
    return VALUE_BYTES * len(array)


def _layout_of(record: object, path: Path) -> Fields:
    has = set(record) if isinstance(record, Mapping) else set()
    for fields in LAYOUTS.values():
        if has.issuperset(fields.names()):
            return fields
    known = "; ".join(f"{name}: {', '.join(fields.names())}" for name, fields in LAYOUTS.items())
    raise SettingsError(
        f"A benchmark must have the fields of a known layout ({known}). {path} has "
        f"{listed(sorted(map(str, has))) or 'none'}. Say which is which: {_example_of_fields(has)}"
    )


def _example_of_fields(has: Collection[object]) -> str:
    """Return the option that names the fields of a task, as far as their own names tell them.

    Examples
    --------
    >>> _example_of_fields({"name", "question", "answer"})
    '--fields id=name,prompt=question,solution=answer.'
    """
    found = {part: next((name for name in names if name in has), "") for part, names in USUAL_NAMES.items()}
    prompt = found["prompt"] or "PROMPT"
    told = f"--fields id={found['id'] or prompt},prompt={prompt}"
    told += f",solution={found['solution']}" if found["solution"] else ""
    return f"{told}." + ("" if found["id"] else " Where tasks have no id, their prompt may stand for it.")


def _task_of(record: object, fields: Fields, benchmark: str, where: str) -> Task:
    if not isinstance(record, Mapping):
        raise SettingsError(f"A task must be a JSON object. Got {type(record).__name__} instead ({where}).")
    values = {}
    for part, name in vars(fields).items():
        if name and name not in record:
            raise SettingsError(
                f"Each task must have the field {name!r}. {where} lacks it; it has "
                f"{listed(sorted(map(str, record))) or 'none'}. Name another: {_example_of_fields(record)}"
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


def _check_ids(tasks: Sequence[Task], path: Path, fields: Fields) -> None:
    seen: set[str] = set()
    for at, task in enumerate(tasks, 1):
        if not task.id or task.id in seen:
            what = "that of another task" if task.id else "none"
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
        seen.add(task.id)
