"""Everything that opens an input: footers, and batches of so many rows, on this machine or in a store.

Whatever Arrow raises about a file is a fault of that file: `BadFileError`. A file that the system will not
let us read (permission, I/O, memory) raises `RunError`, for that is no fault of the data. Notes of what is
read outlive the process, for some files end it (`filtering/being_read.py`).
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.being_read import being_read
from filtering.errors import (
    BadFileError,
    ColumnError,
    EdufilterError,
    OutOfMemoryError,
    RunError,
    what_failed,
)
from filtering.parquet_footers import check_footer, declared_bytes, refuse_vast
from filtering.printable import listed, printable
from filtering.text.text_columns import find_text_column, holds_text, likely_text_column
from pipelines.dump.opening import open_file
from pipelines.dump.other_formats import how_to_convert
from pipelines.dump.texts_of_tables import text_path
from pipelines.names import name_of
from pipelines.object_stores import AnyPath, is_store

READ_BUFFER_BYTES = 1 << 20
STORE_BUFFER_BYTES = 8 << 20
"""Bytes of a column that one request to a store brings: each takes some tens of milliseconds."""
FOOTER = "footer"
FOOTER_GUESS_BYTES = 64 << 10
"""Bytes at the end of a file in a store that are read at once; larger footers take a second request."""
MOST_COLUMNS = 20_000
"""Leaves of a file: the reader and the writer of each take 15 KB at least, however few the rows are."""
BUFFERS_BYTES = 64 << 20
"""Of all columns that are read at a time."""


@dataclass(frozen=True)
class Footer:
    """What the end of a Parquet file tells, without reading a row."""

    size_bytes: int
    sha256: str
    metadata: pq.FileMetaData
    schema: pa.Schema


def read_footer(file: str | AnyPath) -> Footer:
    """Read the footer of a Parquet file, and nothing else of it.

    `file` is as in `open_file`.

    By hand, since the digest of its bytes is in the key of every part: pyarrow reads a footer and keeps no
    bytes of it, so each would be read twice.

    Raises
    ------
    BadFileError
        If the file is empty, truncated, encrypted, or not Parquet.
    RunError
        If the system does not let us read it.
    """
    path = _named(file)
    with reading(path, FOOTER), open_file(file) as opened:
        size = opened.seek(0, os.SEEK_END)
        if size < 12:
            what = how_to_convert(path) or f"It has {size} bytes."
            raise BadFileError(f"{path} must be a Parquet file. {what}")
        start = opened.seek(max(0, size - (FOOTER_GUESS_BYTES if is_store(path) else 8)))
        tail = opened.read()
        length, magic = struct.unpack("<I4s", tail[-8:])
        if magic == b"PARE":
            raise BadFileError(f"{path} must have a readable footer. It is encrypted.")
        if magic != b"PAR1" or length + 12 > size:
            what = how_to_convert(path) or "It is truncated or not Parquet."
            raise BadFileError(f"{path} must end with a Parquet footer. {what}")
        declared_bytes(tail, path)
        first = size - 8 - length
        if first < start:
            opened.seek(first)
            tail = opened.read()
        tail = tail[max(first - start, 0) :]
        refuse_vast(tail, path)
        with pq.ParquetFile(pa.BufferReader(tail)) as parquet:
            columns = parquet.metadata.num_columns
            if columns > MOST_COLUMNS:
                raise BadFileError(
                    f"{path} must have at most {MOST_COLUMNS:,} columns, those within others counted. "
                    f"It has {columns:,}. Write it without what is not needed."
                )
            return Footer(size, hashlib.sha256(tail).hexdigest(), parquet.metadata, parquet.schema_arrow)


def _named(file: str | AnyPath) -> str:
    return file if isinstance(file, str) else name_of(file)


@contextmanager
def reading(path: str, what: str = "") -> Iterator[None]:
    """Note what is being read; turn what that raises into `BadFileError` (data) or `RunError` (system).

    All that touches an open Parquet file belongs within, its metadata too.

    Parameters
    ----------
    path : str
    what : str
        Part of the file, in words. A run that is planned goes on as planned where another part than `FOOTER`
        turns out to end the process.
    """
    try:
        with being_read(f"{path}{what and f' ({what})'}"):
            yield
    except EdufilterError:
        raise
    except (pa.ArrowMemoryError, MemoryError) as error:
        raise OutOfMemoryError(f"Reading {path} ran out of memory: {error}") from error
    except OSError as error:
        # pyarrow raises OSError without an errno for broken pages, with one for what the system said.
        if error.errno is not None:
            raise RunError(
                f"Reading {path} failed: {what_failed(error)}. Mend that, then run the same again."
            ) from error
        raise BadFileError(f"{path} could not be read. {_first_line(error)}") from error
    except Exception as error:  # pyarrow raises nearly any: of names not in UTF-8, missing columns, sizes
        raise BadFileError(f"{path} could not be read. {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    line = str(error).partition("\n")[0][:300]
    return f"{line}. To read it all the same, use --ignore-checksums." if "CRC checksum" in line else line


def resolve_text_column(schema: pa.Schema, path: str, text_column: str | None) -> str:
    """Return the name of the column that holds the text of a file.

    Raises
    ------
    ColumnError
        If there is no such column, more than one candidate, or one that holds no text.
    """
    name = text_column or find_text_column(schema, path)
    names = text_path(schema, name)
    if not names:
        raise ColumnError(
            f"{path} must have a column {name!r}. Found {listed(schema.names) or 'no columns'}. "
            f"{_which_instead(schema, name)}"
        )
    indices = schema.get_all_field_indices(names[0])
    if len(indices) > 1:
        raise ColumnError(f"{path} must have one column {names[0]!r}. Found {len(indices)} of that name.")
    found = schema.field(indices[0]).type
    for inner in names[1:]:
        found = found.field(inner).type
    if not holds_text(found):
        raise ColumnError(
            f"{name!r} in {path} must be string or binary. Got {found} instead. "
            f"{_which_instead(schema, name)}"
        )
    return name


def _which_instead(schema: pa.Schema, name: str) -> str:
    likely = likely_text_column(schema, name)
    if likely:
        return f"{likely!r} looks like the text column: --text-column {printable(likely)}."
    return "Name another column with --text-column."


class OpenParquet(pq.ParquetFile):  # type: ignore[misc]  # pyarrow has no types
    """An open file, and the bytes that it has, which its footer may be wrong about."""

    size_bytes: int


@contextmanager
def open_parquet(
    file: str | AnyPath,
    *,
    read_dictionary: list[str] | None = None,
    checksums: bool = True,
    int96_unit: str = "ns",
) -> Iterator["OpenParquet"]:
    """Open a file for reading in a stream: no read-ahead of whole column chunks.

    Parameters
    ----------
    file : str or path
        As in `open_file`.
    read_dictionary : list of str, optional
        Columns to read as dictionaries; types that Arrow lets others add are then read as what they stand on.
    checksums : bool
        Whether the checksums of pages are checked, where they have any.
    int96_unit : {"ns", "us", "ms", "s"}
        Unit of time stamps that are stored as INT96; `pipelines.dump.int96` finds the one that loses nothing.
    """
    path = _named(file)
    with reading(path):
        opened = open_file(file)
    with opened:
        with reading(path):
            if isinstance(file, Path):  # an input was looked at when it was planned
                check_footer(opened, path)
            make = partial(
                OpenParquet,
                opened,
                read_dictionary=read_dictionary,
                pre_buffer=False,
                page_checksum_verification=checksums,
                coerce_int96_timestamp_unit=int96_unit,
                arrow_extensions_enabled=read_dictionary is None,
            )
            buffer_bytes = STORE_BUFFER_BYTES if is_store(path) else READ_BUFFER_BYTES
            parquet = make(buffer_size=buffer_bytes)
            if (columns := parquet.metadata.num_columns) * READ_BUFFER_BYTES > BUFFERS_BYTES:
                parquet = make(buffer_size=BUFFERS_BYTES // columns, metadata=parquet.metadata)
            parquet.size_bytes = opened.seek(0, os.SEEK_END)
        with parquet:
            yield parquet


def batches_of(
    file: pq.ParquetFile, path: str, row_groups: range, columns: list[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some row groups of an open file, in batches of so many rows."""
    groups = [[*row_groups]] if row_groups else []
    what = f"row groups {row_groups.start} to {row_groups.stop}"
    with reading(path, what):
        if any(_holds_dictionary(field.type) for field in file.schema_arrow if field.type.num_fields):
            # Those of lists and structs pyarrow cannot join where each group has its own (26.0).
            groups = [[group] for group in row_groups]
    batches = chain.from_iterable(
        file.iter_batches(batch_size=rows, row_groups=some, columns=columns, use_threads=False)
        for some in groups
    )
    while True:
        with reading(path, what):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _holds_dictionary(kind: pa.DataType) -> bool:
    inner = map(kind.field, range(kind.num_fields))
    return pa.types.is_dictionary(kind) or any(_holds_dictionary(field.type) for field in inner)
