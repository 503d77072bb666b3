"""What a run wrote is read as what strangers may have changed: no links, no other columns, no odd values."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from filtering.errors import BadFileError, OutputError, RunError
from pipelines.names import name_of
from pipelines.object_stores import AnyPath


def is_own(path: Path) -> bool:
    """Tell whether a path is of a regular file, and no link; a folder that is missing is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True  # which reading it will tell


def of_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table that a run wrote with the columns that it must have.

    Raises
    ------
    ValueError, LookupError, pa.ArrowException
        If it has others, or lacks a value.
    """
    found = table.select(schema.names).cast(schema)
    if any(column.null_count for column in found.columns):
        raise ValueError("a row lacks a value")
    return found


def _why(error: Exception, path: AnyPath) -> str:
    """Return the first line of an error, without the name of the file again."""
    return f"{str(error).partition(chr(10))[0]:.300}".removeprefix(f"{name_of(path)} ").removesuffix(".")


@contextmanager
def as_written(path: AnyPath) -> Iterator[AnyPath]:
    """Turn what reading a damaged or forged file of a run raises into an error that names it."""
    try:
        yield path
    except (OutputError, RunError):
        raise
    except (BadFileError, pa.ArrowException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{path} must be as the run wrote it. It is not: {_why(error, path)}. "
            "Restore it, or run again into another folder. What can be mended, 'edufilter verify OUT' "
            "says."
        ) from error
