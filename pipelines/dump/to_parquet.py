"""Makes Parquet of files in other formats: ``python -m pipelines.dump.to_parquet FILE...``.

Refusals of such files name that line. `foreign_files.py` reads the formats.
"""

import argparse
import glob
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import BadFileError, EdufilterError
from filtering.printable import listed, printable
from pipelines.dump.other_formats import format_inside
from pipelines.new_files import written_whole


def main(arguments: Sequence[str]) -> int:
    """Convert the files that are named, or that patterns find; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.dump.to_parquet", description="Make FILE.parquet beside each FILE."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="A file, or a pattern in quotes.")
    parser.add_argument("--into", metavar="NEW.parquet", help="Write what all hold to one file.")
    given = parser.parse_args(arguments)
    try:
        files = list(_files_of(given.files))
        if given.into:
            wanted = {Path(given.into): chain.from_iterable(map(_tables_of, files))}
        else:
            wanted = {Path(f"{path}.parquet"): chain(_tables_of(path)) for path in files}
        for into, tables in wanted.items():
            rows, columns = _write(tables, into)
            made = f"{printable(str(into))}: {rows:,} rows, columns {listed(columns)}"
            print(made)  # noqa: T201 - a command of its own
    except (EdufilterError, OSError, ImportError) as error:
        print(f"to_parquet: {printable(str(error))}", file=sys.stderr)  # noqa: T201 - a command of its own
        return 2
    return 0


def _files_of(given: Sequence[str]) -> Iterator[str]:
    for one in given:
        found = [one] if Path(one).exists() else sorted(glob.glob(one, recursive=True))
        if not found:
            raise BadFileError(f"{one} must be a file, or a pattern that finds one. There is none.")
        yield from found


def _tables_of(path: str) -> Iterator[pa.Table]:
    found = format_inside(path)
    if found is None:
        raise BadFileError(f"{path} must be of a format that is known. It is not, or it is Parquet.")
    try:
        yield from found.read(path)
    except (EdufilterError, ImportError):
        raise
    except Exception as error:  # libraries raise nearly any, and their words may be texts of documents
        raise BadFileError(
            f"{path} must be a file that can be read. It is {found.name} by its name or its beginning, and "
            f"reading it failed ({type(error).__name__}): is it whole?"
        ) from None


def _write(tables: Iterator[pa.Table], path: Path) -> tuple[int, list[str]]:
    """Write tables into one file; return how many rows they have, and the names of the columns."""
    first = next(tables, pa.table({}))
    rows = len(first)
    with written_whole(path) as place, pq.ParquetWriter(place, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table.cast(first.schema))
            rows += len(table)
    return rows, first.column_names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
