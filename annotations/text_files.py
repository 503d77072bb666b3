"""Reads CSV and JSONL files as Arrow: as spreadsheets and people save them."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json

from filtering.errors import LabelsError

CSV_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
DELIMITERS = ",;\t"
"""What spreadsheets put between columns, by country; the header tells which."""
ROW = re.compile(r"[Rr]ow ?#?(\d+)|in row (\d+)")
BLOCK_BYTES = 64 << 20
"""A line must fit: texts may be long."""


def read_text_file(path: str, strings: Sequence[str]) -> pa.Table:
    """Read a CSV file, with comma, semicolon or tab, or one of JSON lines; both in UTF-8.

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
    try:
        if not is_csv:
            return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=BLOCK_BYTES))
        return pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
            # Texts have line breaks.
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=_delimiter(path)),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(strings, pa.string()), strings_can_be_null=False
            ),
        )
    except (OSError, UnicodeError, pa.ArrowException) as error:
        # Arrow quotes values in its messages, and these may be texts.
        row = ROW.search(str(error))
        where = f" The trouble is in row {row.group(1) or row.group(2)}." if row else ""
        needed = (
            "a header, the same number of columns in each row, and comma, semicolon or tab between them"
            if is_csv
            else "one JSON object a line, with the same type for a key in each"
        )
        kind = "CSV" if is_csv else "JSONL"
        raise LabelsError(
            f"{path} must be a readable {kind} file in UTF-8: {needed}. It is not "
            f"({type(error).__name__}).{where}"
        ) from None


def _delimiter(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        header = file.readline()
    return max(DELIMITERS, key=header.count)
