"""Files of benchmarks, record by record: JSONL, JSON and CSV, also gzipped, or Parquet; all within bounds.

Nothing is shipped or downloaded. What a record means is told in `tasks.py`.
"""

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from filtering.being_read import being_read
from filtering.errors import BadFileError, EdufilterError, SettingsError
from filtering.parquet_footers import check_footer
from filtering.printable import listed, printable
from filtering.regular_files import check_regular, open_regular, parse_json
from filtering.wrong_values import near_path

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet")
WILDCARDS = frozenset("*?[")
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
"""With `LINE_BYTES` each, as many as `BENCHMARK_BYTES` has; those of benchmarks have some kilobytes."""
LEAST_FIELDS = 4
"""Of a row of a table without a head: a question, two choices and the letter of the right one."""
LETTERS = "ABCDEFGHIJ"
"""Of the choices in a table without a head."""

File = IO[bytes] | gzip.GzipFile


def find_benchmarks(given: str) -> list[Path]:
    """Return the files of benchmarks that a path means: itself, or those of a folder or pattern, by name.

    Files of other endings in a folder are passed over, and so are hidden and empty ones.

    Raises
    ------
    SettingsError
        If a folder or pattern has none, or there is no such path.
    """
    path = Path(given)
    if not os.path.lexists(given) and not WILDCARDS & set(given):
        raise _no_benchmark(given)
    if not path.is_dir() and os.path.lexists(given):
        return [path]
    found = path.rglob("*") if path.is_dir() else map(Path, glob(given, recursive=True))
    files = sorted(one for one in found if one.name.endswith(ENDINGS) and not _is_left_out(one))
    if not files:
        raise SettingsError(
            f"A folder or pattern of benchmarks must hold at least one file whose name ends in "
            f"{listed(ENDINGS)}. Found none in '{printable(given)}'. Check the path."
        )
    return files


def _no_benchmark(name: str) -> SettingsError:
    """Return what is said where there is no file of a benchmark, or its name alone was given."""
    return SettingsError(
        f"A benchmark must be a file that exists. Got '{printable(name)}' instead.{near_path(name)} None is "
        "shipped: download its file first, as docs/decontamination.md says."
    )


def _is_left_out(path: Path) -> bool:
    return path.name.startswith(".") or (path.is_file() and path.stat().st_size == 0)


def too_large(path: Path) -> str:
    """Return the message that a file has more than any benchmark."""
    return (
        f"A benchmark must have at most {BENCHMARK_BYTES:,} bytes, unpacked, {LINE_BYTES:,} for each task, "
        f"and {TEXT_BYTES:,} of text in what is looked for. {path} has more. Leave out what is no task."
    )


def read_records(path: Path) -> Iterator[object]:
    """Yield the tasks of a file as they come: what they are unpacked to is bounded before it is read."""
    if not path.name.endswith(ENDINGS):
        raise SettingsError(f"A benchmark's name must end in {listed(ENDINGS)}. Got {path} instead.")
    try:
        if check_regular(path, (path.resolve().parent,)) > BENCHMARK_BYTES:
            raise BadFileError(too_large(path))
        if path.name.endswith(".parquet"):
            yield from _read_rows(path)
        else:
            with (
                gzip.open(path)
                if path.name.endswith(".gz")
                else open(path, "rb", opener=open_regular) as file
            ):
                yield from _reader_of(path)(file, path)
    except EdufilterError:
        raise
    except FileNotFoundError:
        raise _no_benchmark(str(path)) from None
    except Exception as error:  # pyarrow raises nearly any
        raise BadFileError(f"A benchmark must be a file that can be read. {path} is not: {error}") from error


def _reader_of(path: Path) -> Callable[[File, Path], Iterator[object]]:
    ending = path.name.removesuffix(".gz").rpartition(".")[2]
    return {"jsonl": _read_json_lines, "json": _read_json, "csv": _read_csv}[ending]


def _lines(file: File, path: Path) -> Iterator[bytes]:
    size = 0
    while line := file.readline(LINE_BYTES + 1):
        size += max(len(line), LEAST_LINE_BYTES)
        if len(line) > LINE_BYTES or size > BENCHMARK_BYTES:
            raise BadFileError(too_large(path))
        yield line


def _read_json_lines(file: File, path: Path) -> Iterator[object]:
    for number, line in enumerate(_lines(file, path), 1):
        if not line.strip():
            continue
        try:
            yield parse_json(line)
        except ValueError as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise BadFileError(
                f"A benchmark must hold one JSON object a line. {path}, line {number}: {what}."
            ) from None


def _read_json(file: File, path: Path) -> Iterator[object]:
    """Yield the records of a list, which may be all there is, or stand under a name of an object."""
    content = file.read(TEXT_BYTES + 1)
    if len(content) > TEXT_BYTES:
        raise BadFileError(too_large(path))
    try:
        found = parse_json(content)
    except ValueError as error:
        where = (
            f", line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else f": {error}"
        )
        raise BadFileError(f"A benchmark that ends in .json must be JSON. {path}{where}.") from None
    if isinstance(found, dict):
        found = next((one for one in found.values() if _is_records(one)), found)
    if not _is_records(found):
        raise SettingsError(f"A benchmark that ends in .json must hold a list of objects. {path} has none.")
    yield from found


def _is_records(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], dict)


def _read_csv(file: File, path: Path) -> Iterator[object]:
    """Yield the rows of a table; one without a head is as those of MMLU: question, choices, letter."""
    rows = csv.reader((line.decode("utf-8-sig") for line in _lines(file, path)), strict=True)
    names: list[str] | None = None
    for row in rows:
        if not row:
            continue
        if names is None:
            is_head = len(row) < LEAST_FIELDS or row[-1].strip() not in [*LETTERS[: len(row) - 2]]
            names = row if is_head else ["question", *LETTERS[: len(row) - 2], "answer"]
            if is_head:
                continue
        if len(row) != len(names):
            raise BadFileError(
                f"Each row of a table must have the {len(names)} fields of its first. "
                f"{path}, line {rows.line_num} has {len(row)}."
            )
        yield dict(zip(names, row, strict=True))


def _read_rows(path: Path) -> Iterator[object]:
    """Yield the rows of a Parquet file, once it is told that none takes too much memory."""
    with being_read(str(path)), open(path, "rb", opener=open_regular) as opened:
        check_footer(opened, str(path))
        file = pq.ParquetFile(opened)
        groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        values = sum(column.num_values for column in columns)
        size = sum(column.total_uncompressed_size for column in columns)
        texts = [one.path_in_schema for one in columns if one.physical_type == "BYTE_ARRAY"]
    if size > BENCHMARK_BYTES or values * VALUE_BYTES > BENCHMARK_BYTES:
        raise BadFileError(too_large(path))
    # A dictionary holds a text once, however often it comes: so rows are bounded before texts are repeated.
    with pq.ParquetFile(path, read_dictionary=sorted(set(texts))) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
            for at in range(len(batch)):
                if sum(map(_most_bytes, batch.slice(at, 1).columns)) > LINE_BYTES:
                    raise BadFileError(too_large(path))
    # pyarrow (26.0) misnumbers a dictionary that holds a text twice: so texts are taken from a plain reading.
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
            yield from batch.to_pylist()


def _most_bytes(array: pa.Array) -> int:
    """Return the bytes that an array has at most, at any depth: each text counts as the longest there is."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        longest = int(pc.max(pc.binary_length(array.dictionary)).as_py() or 0)
        return int(len(array) - array.null_count) * longest + VALUE_BYTES * len(array)
    if pa.types.is_map(kind):
        return _most_bytes(array.keys) + _most_bytes(array.items)
    if pa.types.is_struct(kind):
        return sum(map(_most_bytes, array.flatten()))
    if kind.num_fields:  # a list of any kind
        return _most_bytes(array.flatten())
    return VALUE_BYTES * len(array)
