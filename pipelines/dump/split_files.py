"""From input files to parts: footers only, and never a matter of the number of workers."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from filtering.being_read import has_suspects
from filtering.errors import BadFileError, ColumnError, SettingsError
from pipelines.dump.inputs import PARQUET_SUFFIXES, InputFile
from pipelines.dump.new_columns import refuse_taken_names
from pipelines.dump.other_formats import format_of, how_to_convert_all
from pipelines.dump.parts import ROWS_HELD, Fields, Parts, SetAside
from pipelines.dump.reading import FOOTER, Footer, read_footer, reading, resolve_text_column
from pipelines.dump.rewriting import Losses
from pipelines.names import with_end
from pipelines.object_stores import is_store

FOOTERS_AT_A_TIME = 32
"""Of files in a store, where each takes a round trip or two; on a disk one thread is faster than several."""
FOOTERS_HELD = 4096


@dataclass(frozen=True)
class PartSize:
    """How large parts are.

    Parameters
    ----------
    rows, text_bytes : int
        A part is closed at the row group in which it reaches so many rows, or so much text; there may be no
        limit of text.
    splits_row_groups : bool
        Whether a row group of more rows is split into several parts. To reach its middle it has to be decoded
        from its beginning on, so that this is for work that takes far longer than decoding.
    """

    rows: int
    text_bytes: int | None = None
    splits_row_groups: bool = False

    def is_full(self, rows: int, text_bytes: int) -> bool:
        """Tell whether a part of so many rows, and so much text, is closed."""
        return rows >= self.rows or (self.text_bytes is not None and text_bytes >= self.text_bytes)

    def pieces(self, rows: int) -> int:
        """Return how many parts are made of row groups that have so many rows, and would be one."""
        return max(1, round(rows / self.rows)) if self.splits_row_groups else 1


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
        Files whose footer cannot be read, or which have no text column where others have one.
    losses : tuple of str
        Which columns cannot be written as they stand in their files: a line each.
    """

    parts: Parts
    text_column: str
    set_aside: tuple[SetAside, ...]
    losses: tuple[str, ...]


def split_files(
    files: Sequence[InputFile],
    *,
    text_column: str | None,
    size: PartSize,
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
    size : PartSize
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
        If all readable files lack the text column, or files disagree on which it is.
    SettingsError
        If a file already has one of `new_columns`, two parts would have one output, or no file can be read
        as Parquet.
    BadFileError, ColumnError
        If `strict` and a file would be set aside.
    """
    unread: dict[str, BadFileError | ColumnError] = {}
    losses = Losses()
    readable = _readable(files, text_column, unread, losses, strict=strict)
    beginning: list[_ReadableFile] = []
    for one in readable:
        beginning.append(one)
        if one.has_rows:  # which column it is, is for a file with rows to say
            break
    if not any(one.has_rows for one in beginning):
        _refuse_no_text(files, unread)
    column = next((one.text_column for one in reversed(beginning) if one.text_column), text_column or "")
    key_of = (lambda row: "") if key_under is None else key_under(column)

    def rows() -> Iterator[Fields]:
        for found in chain(beginning, readable):
            if found.text_column != column and found.has_rows:
                raise ColumnError(
                    f"All files must have one text column. Found {column!r} in {beginning[-1].file.path} and "
                    f"{found.text_column!r} in {found.file.path}. Choose with --text-column, or run them "
                    "into two outputs."
                )
            refuse_taken_names(found.footer.schema, found.file.path, new_columns)
            for row in _split(found, size):
                yield {**row, "key": key_of(row)}

    parts = Parts.from_rows(rows())
    _refuse_clashes(parts)
    set_aside = tuple(SetAside(relative, 0, 0, str(error)) for relative, error in unread.items())
    return FoundParts(parts, column, set_aside, losses.in_words())


def check_beginning(files: Sequence[InputFile], text_column: str | None) -> None:
    """Check that the first files are Parquet and have a text column: before anything slow is loaded.

    What is wrong with a file beside good ones is seen where all are split.

    Raises
    ------
    ColumnError, SettingsError
        As `split_files`.
    """
    unread: dict[str, BadFileError | ColumnError] = {}
    first = files[:FOOTERS_AT_A_TIME]
    found = list(_readable(first, text_column, unread, Losses(), strict=False))
    if len(first) == len(files) and not any(one.has_rows for one in found):
        _refuse_no_text(files, unread)


@dataclass(frozen=True)
class _ReadableFile:
    """What the footer of a file tells of its text: rows and bytes of each row group."""

    file: InputFile
    footer: Footer
    text_column: str | None
    rows_of: Sequence[int]
    bytes_of: Sequence[int]

    @property
    def has_rows(self) -> bool:
        """Whether it has any; one that has none needs no text column."""
        return any(self.rows_of)


def _refuse_no_text(files: Sequence[InputFile], unread: Mapping[str, BadFileError | ColumnError]) -> None:
    """Raise what is wrong with the settings where no file has rows of text, unless one can be read."""
    for error in unread.values():
        if isinstance(error, ColumnError):
            raise error
    if unread and all(format_of(file.path) for file in files):
        then = f"give the .parquet {'files' if len(files) > 1 else 'file'} instead"
        how = how_to_convert_all([file.path for file in files], then)
        raise SettingsError(f"An input must be Parquet. {how or next(iter(unread.values()))}")
    if unread and len(unread) == len(files):
        none = f"None of {len(files):,} files can be read. " if len(files) > 1 else ""
        raise SettingsError(f"{none}{next(iter(unread.values()))}")


def _readable(
    files: Sequence[InputFile],
    text_column: str | None,
    unread: dict[str, BadFileError | ColumnError],
    losses: Losses,
    *,
    strict: bool,
) -> Iterator[_ReadableFile]:
    """Yield files whose texts can be found; note what is wrong with the others."""
    for file, found in _look_into(files, text_column, losses):
        if isinstance(found, _ReadableFile):
            yield found
        elif strict:
            raise found
        else:
            unread[file.relative] = found


def _look_into(
    files: Sequence[InputFile], text_column: str | None, losses: Losses
) -> Iterator[tuple[InputFile, _ReadableFile | BadFileError | ColumnError]]:
    """Yield for each file what its footer tells, or what is wrong with it."""

    def look(file: InputFile) -> _ReadableFile | BadFileError | ColumnError:
        try:
            footer = read_footer(file.path)
            with reading(file.path, FOOTER):
                losses.look_at(file.path, footer.metadata.schema, footer.schema)
                groups = [footer.metadata.row_group(at) for at in range(footer.metadata.num_row_groups)]
                rows_of = [group.num_rows for group in groups]
            column = _text_column_of(file, footer, rows_of, text_column)
            with reading(file.path, FOOTER):
                bytes_of = _text_bytes_of(footer.metadata, groups, column)
            return _ReadableFile(file, footer, column, rows_of, bytes_of)
        except (BadFileError, ColumnError) as error:
            return error

    # One at a time too where an earlier process ended among several: then it is known which ends this one.
    if has_suspects() or not any(is_store(file.path) for file in files):
        yield from ((file, look(file)) for file in files)
        return
    with ThreadPoolExecutor(FOOTERS_AT_A_TIME, thread_name_prefix="footer") as pool:
        for start in range(0, len(files), FOOTERS_HELD):
            held = files[start : start + FOOTERS_HELD]
            yield from zip(held, pool.map(look, held), strict=True)


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


def _runs_of_groups(found: _ReadableFile, size: PartSize) -> Iterator[tuple[int, int]]:
    """Yield half-open ranges of row groups, which cover those of a file; one at least."""
    start = rows = text_bytes = 0
    groups = len(found.rows_of)
    for index in range(groups):
        rows, text_bytes = rows + found.rows_of[index], text_bytes + found.bytes_of[index]
        if size.is_full(rows, text_bytes):
            yield start, index + 1
            start, rows, text_bytes = index + 1, 0, 0
    if start < groups or not groups:
        yield start, groups


def _ranges(found: _ReadableFile, size: PartSize) -> Iterator[tuple[int, int, int, int]]:
    """Yield for each part its half-open range of row groups, its first row in the file, and its rows."""
    firsts = list(accumulate(found.rows_of, initial=0))
    for start, stop in _runs_of_groups(found, size):
        rows = firsts[stop] - firsts[start]
        pieces = size.pieces(rows)
        for piece in range(pieces):
            first, end = (firsts[start] + rows * at // pieces for at in (piece, piece + 1))
            if pieces == 1:
                yield start, stop, first, end - first
            else:
                yield bisect_right(firsts, first) - 1, bisect_left(firsts, end), first, end - first


def _split(found: _ReadableFile, size: PartSize) -> Iterator[dict[str, Any]]:
    file, ranges = found.file, list(_ranges(found, size))
    for number, (start, stop, first_row, rows) in enumerate(ranges):
        rows_of_groups = sum(found.rows_of[start:stop])
        yield {
            "path": file.path,
            "relative": file.relative,
            "output": output_name(file.relative, number, len(ranges)),
            "size_bytes": found.footer.size_bytes,
            "footer_sha256": found.footer.sha256,
            "first_row_group": start,
            "stop_row_group": stop,
            "first_row": first_row,
            "rows": rows,
            "text_bytes": sum(found.bytes_of[start:stop]) * rows // max(rows_of_groups, 1),
            "tie_quota": -1,
        }


def _text_column_of(
    file: InputFile, footer: Footer, rows_of: Sequence[int], text_column: str | None
) -> str | None:
    """Return the text column of a file; None where it has none, and no rows that would need one."""
    if not footer.schema.names and any(rows_of):
        raise BadFileError(f"{file.path} must have columns. It has {sum(rows_of)} rows of none.")
    try:
        return resolve_text_column(footer.schema, file.path, text_column)
    except ColumnError:
        if any(rows_of):
            raise
        return None


def _text_bytes_of(
    metadata: pq.FileMetaData, groups: Sequence[pq.RowGroupMetaData], text_column: str | None
) -> list[int]:
    """Return the bytes of text that each row group declares."""
    names = (metadata.schema.column(index).path for index in range(metadata.num_columns))
    column = next((index for index, name in enumerate(names) if name == text_column), None)
    return [0 if column is None else group.column(column).total_uncompressed_size for group in groups]


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
