"""Cells that a spreadsheet does not take for formulas: the texts of a dump are of strangers.

A cell that begins with one of ``= + - @``, a tab or a carriage return gets an apostrophe before it, and loses
it when it is read. What begins with apostrophes before one of these gets one more, so that nothing is lost.
"""

import pyarrow as pa
import pyarrow.compute as pc

FORMULA = r"^('*[=+\-@\t\r])"
GUARDED = r"^'('*[=+\-@\t\r])"


def guarded(table: pa.Table) -> pa.Table:
    """Return a table whose texts begin with nothing that a spreadsheet would run.

    Examples
    --------
    >>> guarded(pa.table({"text": ["=1+1", "a", "'=b"], "row": [1, 2, 3]}))["text"].to_pylist()
    ["'=1+1", 'a', "''=b"]
    """
    return _replaced(table, FORMULA, r"'\1")


def unguarded(table: pa.Table) -> pa.Table:
    """Return a table with its texts as they were before `guarded`.

    Examples
    --------
    >>> unguarded(pa.table({"text": ["'=1+1", "a", "''=b", "'c"]}))["text"].to_pylist()
    ['=1+1', 'a', "'=b", "'c"]
    """
    return _replaced(table, GUARDED, r"\1")


def _replaced(table: pa.Table, pattern: str, by: str) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = pc.replace_substring_regex(table.column(index), pattern=pattern, replacement=by)
            table = table.set_column(index, field, column)
    return table
