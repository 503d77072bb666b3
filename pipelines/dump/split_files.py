"""From input files to parts: footers only, and never a matter of the number of workers.

Also whether the file of a part is still the one that it was split off, which footers tell as well.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from filtering.errors import BadFileError, ColumnError, SettingsError
from pipelines.dump.inputs import PARQUET_SUFFIXES, InputFile
from pipelines.dump.other_formats import format_of
from pipelines.dump.parts import ROWS_HELD, Fields, Part, Parts, SetAside
from pipelines.dump.reading import Footer, read_footer, resolve_text_column
from pipelines.names import with_end
from pipelines.paths import is_store

FOOTERS_AT_A_TIME = 32
"""Of files in a store, where each takes a round trip or two; on a disk one thread is faster than several."""
FOOTERS_HELD = 4096


@dataclass(frozen=True)
class FoundParts:
    """The parts of some files.

    Parameters
    ----------
    parts : Parts
        In order of relative path and rows.
    text_column : str
        Which column holds the text in all of them; as it was given, or empty, where no file has rows.
    set_aside : tuple of SetAside
        Files whose footer cannot be read.
    """

    parts: Parts
    text_column: str
    set_aside: tuple[SetAside, ...]


def split_files(
    files: Sequence[InputFile],
    *,
    text_column: str | None,
    rows_per_part: int,
    new_columns: Sequence[str] = (),
    key_under: Callable[[str], Callable[[Fields], str]] | None = None,
    strict: bool = False,
) -> FoundParts:
    """Read all footers and split the files into parts.

    Parameters
    ----------
    files : sequence of InputFile
        In order of relative path.
    text_column : str, optional
        As the user gave it.
    rows_per_part : int
        A part is closed at the row group in which it reaches this many rows.
    new_columns : sequence of str
        Columns that the output gets; no input may have one of them.
    key_under : callable, optional
        Takes the name of the text column, and returns the function from a part's fields to its key. Parts
        have no keys if not given.
    strict : bool
        Raise at the first bad footer instead of setting the file aside.

    Raises
    ------
    ColumnError
        If a file lacks the text column, or files disagree on which it is.
    SettingsError
        If a file already has one of `new_columns`, two parts would have one output, or all files are of
        another format by their names.
    BadFileError
        If `strict` and a footer cannot be read.
    """
    set_aside: list[SetAside] = []
    readable = _readable(files, set_aside, strict=strict)
    named = ((file, footer, _text_column_of(file, footer, text_column)) for file, footer in readable)
    beginning: list[tuple[InputFile, Footer, str | None]] = []
    for one in named:
        beginning.append(one)
        if _has_rows(one[1]):  # which column it is, is for a file with rows to say
            break
    column = next((name for *_, name in reversed(beginning) if name is not None), text_column or "")
    key_of = (lambda row: "") if key_under is None else key_under(column)

    def rows() -> Iterator[Fields]:
        for file, footer, name in chain(beginning, named):
            if name != column and _has_rows(footer):
                raise ColumnError(
                    f"All files must have one text column. Found {column!r} in {beginning[-1][0].path} and "
                    f"{name!r} in {file.path}. Choose with --text-column, or run them into two outputs."
                )
            _refuse_taken(footer.schema, file.path, new_columns)
            for row in _split(file, footer, column, rows_per_part):
                yield {**row, "key": key_of(row)}

    parts = Parts.from_rows(rows())
    if set_aside and not len(parts) and all(format_of(file.path) for file in files):
        raise SettingsError(f"An input must be Parquet. {set_aside[0].why}")
    _refuse_clashes(parts)
    return FoundParts(parts, column, tuple(set_aside))


def _has_rows(footer: Footer) -> bool:
    groups = range(footer.metadata.num_row_groups)
    return any(footer.metadata.row_group(index).num_rows for index in groups)


def _text_column_of(file: InputFile, footer: Footer, text_column: str | None) -> str | None:
    """Return the text column of a file; None where it has none, and no rows that would need one."""
    try:
        return resolve_text_column(footer.schema, file.path, text_column)
    except ColumnError:
        if _has_rows(footer):
            raise
        return None


def _readable(
    files: Sequence[InputFile], set_aside: list[SetAside], *, strict: bool
) -> Iterator[tuple[InputFile, Footer]]:
    """Yield files with their footers; note those that are none."""
    for file, footer in _footers(files):
        if isinstance(footer, Footer) and not footer.schema.names and _has_rows(footer):
            rows = footer.metadata.num_rows
            footer = BadFileError(f"{file.path} must have columns. It has {rows} rows of none.")
        if isinstance(footer, Footer):
            yield file, footer
        elif strict:
            raise footer
        else:
            set_aside.append(SetAside(file.relative, 0, 0, str(footer)))


def _footers(files: Sequence[InputFile]) -> Iterator[tuple[InputFile, Footer | BadFileError]]:
    """Yield files with their footers, or what is wrong with these."""

    def read(file: InputFile) -> Footer | BadFileError:
        try:
            return read_footer(file.path)
        except BadFileError as error:
            return error

    if not any(is_store(file.path) for file in files):
        yield from ((file, read(file)) for file in files)
        return
    with ThreadPoolExecutor(FOOTERS_AT_A_TIME, thread_name_prefix="footer") as pool:
        for start in range(0, len(files), FOOTERS_HELD):
            held = files[start : start + FOOTERS_HELD]
            yield from zip(held, pool.map(read, held), strict=True)


def _refuse_clashes(parts: Parts) -> None:
    # By hashes: all names at once would take ten times the memory.
    batches = parts.table.select(["output"]).to_batches(max_chunksize=ROWS_HELD)
    names = chain.from_iterable(batch.column(0).to_pylist() for batch in batches)
    hashes = np.fromiter(map(hash, names), np.int64, len(parts))
    order = np.argsort(hashes, kind="stable")
    for at in np.flatnonzero(np.diff(hashes[order]) == 0).tolist():
        one, other = parts[int(order[at])], parts[int(order[at + 1])]
        if one.output == other.output:
            raise SettingsError(
                f"Each output must come from one input. '{one.relative}' and '{other.relative}' would both "
                f"be written to '{one.output}'. Rename one of them."
            )


def _refuse_taken(schema: pa.Schema, path: str, new_columns: Sequence[str]) -> None:
    taken = [name for name in new_columns if name in schema.names]
    if taken:
        raise SettingsError(
            f"{path} must not have the columns that this run adds. Found {', '.join(taken)}. "
            "Choose another name with --score-column."
        )


def _split(file: InputFile, footer: Footer, text_column: str, rows_per_part: int) -> Iterator[dict[str, Any]]:
    metadata = footer.metadata
    paths = (metadata.schema.column(index).path for index in range(metadata.num_columns))
    column = next((index for index, path in enumerate(paths) if path == text_column), None)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    rows_of = [group.num_rows for group in groups]
    bytes_of = [0 if column is None else group.column(column).total_uncompressed_size for group in groups]
    ranges: list[tuple[int, int]] = []
    start = rows = 0
    for index, group_rows in enumerate(rows_of):
        rows += group_rows
        if rows >= rows_per_part:
            ranges.append((start, index + 1))
            start, rows = index + 1, 0
    if start < len(groups) or not ranges:
        ranges.append((start, len(groups)))
    first_row = 0
    for number, (start, stop) in enumerate(ranges):
        rows = sum(rows_of[start:stop])
        yield {
            "path": file.path,
            "relative": file.relative,
            "output": output_name(file.relative, number, len(ranges)),
            "size_bytes": footer.size_bytes,
            "footer_sha256": footer.sha256,
            "first_row_group": start,
            "stop_row_group": stop,
            "first_row": first_row,
            "rows": rows,
            "text_bytes": sum(bytes_of[start:stop]),
            "tie_quota": -1,
        }
        first_row += rows


def output_name(relative: str, number: int, count: int) -> str:
    """Return the path of a part's output below ``out/data``.

    Examples
    --------
    >>> output_name("cc/a.parquet", 0, 1), output_name("cc/a.parquet", 2, 12)
    ('cc/a.parquet', 'cc/a.part-00003-of-00012.parquet')
    """
    stem, dot, suffix = relative.rpartition(".")
    if dot + suffix.lower() not in PARQUET_SUFFIXES:
        stem = relative
    number_of = f".part-{number + 1:05}-of-{count:05}" if count > 1 else ""
    return with_end(stem, f"{number_of}.parquet")


def is_unchanged(part: Part) -> bool:
    """Tell whether the input of a part is the file that the part was planned from, by size and footer.

    Raises
    ------
    BadFileError, RunError
        If its footer cannot be read any more.
    """
    footer = read_footer(part.path)
    return (footer.size_bytes, footer.sha256) == (part.size_bytes, part.footer_sha256)


def refuse_changed(part: Part) -> None:
    """Check that the input of a part is as it was when the run read it.

    Raises
    ------
    SettingsError
        If it is not.
    RunError
        If it cannot be read.
    """
    try:
        why = "" if is_unchanged(part) else f"{part.path} has changed."
    except BadFileError as error:  # what is gone, or no Parquet any more, has changed
        why = f"{part.path} has changed. {error}"
    if why:
        raise SettingsError(
            f"The inputs of a run must be unchanged to read them again. {why} Run filter on it again."
        )
