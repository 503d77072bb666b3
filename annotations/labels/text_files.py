"""Reads text files as Arrow: CSV and JSON, as spreadsheets and Label Studio write them too."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from json import JSONDecodeError
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

from annotations.labels.label_studio import (
    ANNOTATION,
    ANNOTATOR,
    DOCUMENT,
    as_sample,
    is_export,
    row_of_flat_export,
    rows_of_export,
)
from annotations.labels.spreadsheet_cells import unguarded
from filtering.errors import LabelsError
from filtering.regular_files import MAX_NESTING, open_regular, parse_json, too_nested_from

CSV_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
DELIMITERS = ",;\t"
"""What spreadsheets put between columns, by country; the header tells which."""
NUMBER, MOST = r"^\s*[+-]?\d*[.,]?\d+\s*$", 0.5
"""What looks like a number, also with a decimal comma; and from which share on a column is one of numbers."""
CHANGED = re.compile(r"Column\(/([\w/]{1,60})\) changed from (\w+) to (\w+) in row (\d+)")
"""What Arrow says where a key of JSON lines has several types."""
JSON_ROW, CSV_ROW = re.compile(r"in row (\d+)"), re.compile(r"Row #(\d+)")
"""How Arrow names rows: of JSON from 0 on, in the block; of CSV from 1 on, the header among them."""
BLOCK_BYTES = 64 << 20
"""A line must fit: texts may be long."""


def read_text_file(path: str, strings: Sequence[str]) -> pa.Table:
    """Read a CSV file, with comma, semicolon or tab, or one of JSON lines or a list in JSON; all in UTF-8.

    An export of Label Studio is one of them: its annotations are the rows.

    Parameters
    ----------
    path : str
    strings : sequence of str
        Columns that stay text where a CSV file leaves that open: an id of digits, say.

    Raises
    ------
    LabelsError
        If it cannot be read; the message has no text of the file.
    """
    is_csv = Path(path).suffix.lower() in CSV_SUFFIXES
    if Path(path).is_file() and not Path(path).stat().st_size:
        raise LabelsError(f"{path} must hold rows. The file is empty.")
    try:
        if not is_csv:
            check_nesting(path)
            if _is_array(path):
                return _of_array(path)
            return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=BLOCK_BYTES))
        delimiter = _delimiter(path)
        table = pyarrow.csv.read_csv(
            path,
            # With threads no error says in which row.
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            # Texts have line breaks.
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys((*strings, DOCUMENT), pa.string()), strings_can_be_null=False
            ),
        )
        table = as_sample(table if delimiter == "," else _with_decimal_points(table, strings))
        return unguarded(table)
    except LabelsError:
        raise
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        where = _where_in_csv(str(error)) if is_csv else _where_in_json(error, path)
        needed = (
            "a header, the same number of columns in each row, and comma, semicolon or tab between them"
            if is_csv
            else "one JSON object a line, or one list of objects, with the same type for a key in each"
        )
        kind = "CSV" if is_csv else "JSON"
        raise LabelsError(
            f"{path} must be a readable {kind} file in UTF-8: {needed}. It is not"
            f"{where or f' ({type(error).__name__}).'}"
        ) from None


# Arrow quotes values in its messages, and these may be texts: of these only the place is told.
def _where_in_csv(said: str) -> str:
    row = CSV_ROW.search(said)
    return f". The trouble is in data row {int(row[1]) - 1:,}." if row and int(row[1]) > 1 else ""


def _where_in_json(error: Exception, path: str) -> str:
    if isinstance(error, JSONDecodeError):
        if not error.doc[error.pos :].strip():
            return ": it breaks off at its end, as a file does that was not copied whole. Fetch it again."
        return f". The trouble is in line {error.lineno:,}, at character {error.colno:,}."
    row = JSON_ROW.search(said := str(error))
    if row is None or Path(path).stat().st_size > BLOCK_BYTES:  # which block the row is of nobody knows
        return ""
    with open(path, "rb") as file:
        full = (number for number, line in enumerate(file, start=1) if line.strip())
        line = next(islice(full, int(row[1]), None), 0)
    if changed := CHANGED.search(said):
        column, before, after, _ = changed.groups()
        return f". {column!r} is {before} before line {line:,}, and {after} there."
    return f". The trouble is in line {line:,}." if line else ""


def _is_array(path: str) -> bool:
    with open(path, "rb", opener=open_regular) as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _of_array(path: str) -> pa.Table:
    """Return the objects of a list in JSON as rows; of an export of Label Studio its annotations."""
    with open(path, "rb", opener=open_regular) as file:
        values = parse_json(file.read().removeprefix(b"\xef\xbb\xbf"))
    if not values:
        raise LabelsError(f"{path} must hold labels. It is an empty list.")
    if is_export(values):
        rows = rows_of_export(values)
        if all(row[ANNOTATION] is None and row[ANNOTATOR] is None for row in rows):
            raise LabelsError(
                f"{path} must hold answers of people. It holds {len(values):,} tasks that nobody has "
                "answered. Answer them in Label Studio, and export the project as JSON. Predictions, drafts "
                "and skipped tasks are no answers."
            )
    else:
        rows = values
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a list must hold objects")
    rows = [row_of_flat_export(row) for row in rows]
    names = dict.fromkeys(name for row in rows for name in row)
    return as_sample(pa.table({name: pa.array([row.get(name) for row in rows]) for name in names}))


def _with_decimal_points(table: pa.Table, strings: Sequence[str]) -> pa.Table:
    """Return a table in which columns of numbers with decimal commas are numbers.

    Where a comma stands in numbers, spreadsheets put something else between columns.
    """
    for place, name in enumerate(table.column_names):
        if name in strings or not pa.types.is_string(table[name].type):
            continue
        given = pc.if_else(pc.equal(table[name], ""), None, table[name])
        are_numbers = pc.match_substring_regex(given, NUMBER)
        mended = pc.if_else(are_numbers, pc.replace_substring(given, ",", "."), given)
        with suppress(pa.ArrowInvalid):
            table = table.set_column(place, name, mended.cast(pa.float64()))
            continue
        if (pc.mean(are_numbers.cast(pa.float64())).as_py() or 0.0) >= MOST:
            # What is no number is then all that is wrong, and can be named.
            table = table.set_column(place, name, pc.fill_null(mended, ""))
    return table


def check_nesting(path: str) -> None:
    """Refuse a JSON file with so many lists and objects within each other that parsers break off.

    Raises
    ------
    LabelsError
        It says from which byte on.
    """
    if not Path(path).stat().st_size:  # what has no bytes cannot be mapped
        return
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        start = too_nested_from(text)
    if start is not None:
        raise LabelsError(
            f"{path} must have at most {MAX_NESTING} lists and objects within each other. It has "
            f"more, from byte {start:,} on."
        )


def _delimiter(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        header = file.readline()
    return max(DELIMITERS, key=header.count)
